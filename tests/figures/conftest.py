"""Lets the tests of the figures import what they share: made_results and geometry."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
