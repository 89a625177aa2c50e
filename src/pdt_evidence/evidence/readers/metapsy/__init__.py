"""Databases in the Metapsy data standard."""
