"""Several treatments at once."""
