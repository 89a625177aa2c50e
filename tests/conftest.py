"""What every test sees is what a user gets: no fonts but those shipped."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import only_shipped_fonts


def pytest_configure():
    only_shipped_fonts.hide_others()
