"""How fast the library is, next to its peers, in one run: `python -m benchmarks`."""
