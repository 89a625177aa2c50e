"""Network meta-analysis on arrays."""
