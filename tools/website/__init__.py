"""The pages of the site that are written from the library itself, and the hooks that hand them to mkdocs."""
