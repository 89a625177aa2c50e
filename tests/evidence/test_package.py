"""The bundled package: found wherever it lies, refused when it was changed."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import pdt_evidence
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence import package

SOURCE = Path(pdt_evidence.__file__).parent
DATA = Path(str(package._data_folder()))


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the data folder that a test may spoil; every cache is emptied before and after."""
    folder = shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.setattr(package, "_data_folder", lambda: folder)
    caches = [package.descriptor, package._resources, package.fields, package._checked, package.data_version]
    for cached in caches:
        cached.cache_clear()
    yield folder
    for cached in caches:
        cached.cache_clear()


def test_every_table_loads_and_fits_its_schema():
    for name in package.table_names():
        assert len(package.load(name))
        assert list(package.load(name).columns) == [field.name for field in package.fields(name)]


def test_a_changed_file_is_refused(copied):
    path = copied / "trials.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("8.9", "9.9", 1), encoding="utf-8")
    with pytest.raises(
        EvidenceError, match=r"trials.csv is not the file its package describes: expected sha256:"
    ):
        package.load("trials")


def test_a_meant_change_still_has_to_fit_the_schema(copied):
    path = copied / "priority.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("clinician,most", "doctor,most"), encoding="utf-8"
    )
    described = json.loads((copied / "datapackage.json").read_text(encoding="utf-8"))
    resource = next(one for one in described["resources"] if one["name"] == "priority")
    resource["hash"] = "sha256:" + __import__("hashlib").sha256(path.read_bytes()).hexdigest()
    (copied / "datapackage.json").write_text(json.dumps(described), encoding="utf-8")
    with pytest.raises(EvidenceError, match=r"line 2, column 'rating': expected one of .*, found 'doctor'"):
        package.load("priority")


def test_what_a_user_does_to_a_table_stays_with_the_user():
    table = package.load("claims")
    table["statement"] = ""
    assert package.load("claims")["statement"].str.len().min() > 0


def test_an_unknown_table_lists_the_known_ones():
    with pytest.raises(EvidenceError, match=r"table = 'trial' is not known. Did you mean 'trials'"):
        package.load("trial")


def test_the_version_of_the_data_changes_with_any_table(copied):
    before = package.data_version()
    described = json.loads((copied / "datapackage.json").read_text(encoding="utf-8"))
    described["resources"][0]["hash"] = "sha256:" + "0" * 64
    (copied / "datapackage.json").write_text(json.dumps(described), encoding="utf-8")
    package.descriptor.cache_clear()
    package._resources.cache_clear()
    package.data_version.cache_clear()
    assert package.data_version() != before


def test_the_data_are_found_inside_a_zip(tmp_path):
    archive = tmp_path / "library.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        for path in sorted(SOURCE.rglob("*")):
            if path.is_file() and path.suffix in {".py", ".csv", ".j2"}:
                bundle.write(path, Path("pdt_evidence") / path.relative_to(SOURCE))
        for path in sorted(DATA.iterdir()):
            bundle.write(path, Path("pdt_evidence", "data", path.name))
    code = "import pdt_evidence as pdt; print(pdt.__file__); print(len(pdt.trials()), len(pdt.reviews()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(archive)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert str(archive) in done.stdout
    assert done.stdout.split()[-2:] == [str(len(pdt_evidence.trials())), str(len(pdt_evidence.reviews()))]
