"""How many random cases a test draws: some in `make test`, all of them in `make test-thorough`."""

import os

THOROUGH = "TEST_THOROUGH" in os.environ


def cases(usual: int, thorough: int) -> int:
    """The number for this run; a test that asks is marked `random`, which `make test-thorough` runs."""
    return thorough if THOROUGH else usual
