"""A few hundred damaged files in every run of the tests; `make fuzz` runs ten thousand of each format."""

import fuzz_readers
import pytest

from thorough import cases

CASES = cases(26, 100)


@pytest.mark.random
@pytest.mark.parametrize("kind", [*fuzz_readers.formats(), *fuzz_readers.meant()], ids=lambda kind: kind.name)
def test_damaged_files_are_read_or_refused(kind, tmp_path):
    """No other exception, no hang; some of each, or the damage is too small or too great."""
    results = [was_read for was_read, _ in fuzz_readers.run(kind, CASES, 0, tmp_path)]
    assert len(results) == CASES
    assert any(results) or kind.name in ("parquet", "xlsx")  # checksums and archives forgive little
    assert not all(results)
