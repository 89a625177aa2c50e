"""Effects after treatment and later, of the same trials."""
