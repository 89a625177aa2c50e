"""A run that is ended leaves nothing behind; what a killed run leaves, the next one removes."""

import os
import signal
import subprocess
import sys
import time

import pytest

from pdt_evidence.cli import main
from pdt_evidence.errors import EvidenceError
from pdt_evidence.reporting.unfinished import folder_to_make_in

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and locks are those of POSIX")
RUN = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # else ignored where the tests run in the background
    "from pdt_evidence.cli import main; sys.exit(main(['reproduce', '--out', sys.argv[1]]))"
)


@pytest.fixture
def running(tmp_path):
    """A run of the command that has begun, and its folder."""
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 120
    try:
        while not list(tmp_path.glob(".making-*")):
            assert run.poll() is None, run.stderr.read()
            assert time.monotonic() < until, "it did not begin"
            time.sleep(0.02)
        yield run, tmp_path
    finally:
        run.kill()
        run.communicate()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_run_that_is_ended_leaves_nothing(running, name):
    run, out = running
    run.send_signal(getattr(signal, name))
    _, err = run.communicate(timeout=60)
    assert run.returncode == 128 + getattr(signal, name)
    assert not list(out.iterdir())
    assert "Traceback" not in err


def test_the_next_run_removes_what_a_killed_one_left_and_nothing_of_one_alive(running):
    run, out = running
    (alive,) = out.glob(".making-*")
    with folder_to_make_in(out) as making:
        assert making.is_dir()
        assert alive.is_dir()
    run.kill()
    run.communicate()
    assert alive.is_dir()  # nobody can tidy up after kill -9
    with folder_to_make_in(out) as making:
        assert list(out.iterdir()) == [making]
    assert not list(out.iterdir())


def test_a_folder_that_is_no_leftover_stays(tmp_path):
    (tmp_path / ".making-of").mkdir()
    (tmp_path / ".making-of" / "scene.txt").write_text("mine")
    (tmp_path / ".making-link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere" / "tables").mkdir(parents=True)
    with folder_to_make_in(tmp_path):
        pass
    assert (tmp_path / ".making-of" / "scene.txt").read_text() == "mine"
    assert (tmp_path / "elsewhere" / "tables").is_dir()


def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    """As under nohup."""
    code = (
        "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from pdt_evidence.cli.termination import tidied_when_ended\n"
        "with tidied_when_ended(): os.kill(os.getpid(), signal.SIGHUP)\n"
        "with tidied_when_ended(): os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 128 + signal.SIGTERM


def test_afterwards_signals_do_what_they_did():
    from pdt_evidence.cli import main

    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert main(["coverage"]) == 0
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


@pytest.mark.parametrize("error", [ImportError("broken off"), EvidenceError("no such thing")])
def test_a_signal_that_a_library_makes_another_error_of_is_a_signal_still(error, monkeypatch):
    def end_in_the_middle(*_, **__):
        try:
            signal.raise_signal(signal.SIGTERM)
        except SystemExit:
            raise error from None

    monkeypatch.setattr("pdt_evidence.reporting.reproduce", end_in_the_middle)
    with pytest.raises(SystemExit) as ended:
        main(["reproduce", "--out", "nowhere"])
    assert ended.value.code == 128 + signal.SIGTERM
