"""Arrays to arrays: the estimators, on numpy and scipy.special alone, many meta-analyses at once."""
