"""One pooled effect: of one value a trial, of several, or with a prior."""
