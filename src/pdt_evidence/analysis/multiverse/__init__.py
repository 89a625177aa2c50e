"""One question under every defensible way to answer it."""
