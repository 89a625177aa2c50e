"""Write bytes to a file of a given name, as a user would have it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # `made_files` stands beside the tests


@pytest.fixture
def saved(tmp_path):
    def save(content, name):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return save
