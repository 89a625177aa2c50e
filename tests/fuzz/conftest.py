"""Lets the test import the script that it runs a little of."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
