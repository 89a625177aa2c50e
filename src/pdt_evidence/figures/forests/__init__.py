"""Forest plots: results to rows, rows to places, places to paint."""
