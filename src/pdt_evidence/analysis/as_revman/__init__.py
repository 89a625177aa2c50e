"""Pooling as Review Manager does, and the audit of a review's printed totals."""
