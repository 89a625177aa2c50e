"""Small-study effects on arrays."""
