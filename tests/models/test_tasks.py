"""Tasks on an executor: in order, few at a time, errors as they are, none left waiting."""

import signal
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import pytest

from pdt_evidence.models.tasks import WAITING, in_order


class Recorder(Executor):
    """Runs at once, and remembers its calls and how many results were waiting at the most."""

    def __init__(self):
        self.waiting = self.most = 0
        self.calls = []

    def submit(self, fn, /, *args, **kwargs):
        recorder = self
        recorder.calls.append(args)
        recorder.waiting += 1
        recorder.most = max(recorder.most, recorder.waiting)

        class Taken(Future):
            def result(self, timeout=None):
                recorder.waiting -= 1
                return super().result(timeout)

        future = Taken()
        future.set_result(fn(*args, **kwargs))
        return future


def test_results_come_in_order_and_few_wait_at_any_time():
    recorder, taken = Recorder(), []
    pieces = (taken.append(number) or -number for number in range(500))
    with in_order(abs, pieces, recorder) as found:
        for number, one in enumerate(found):
            assert one == number
            assert len(taken) <= number + 1 + WAITING  # pieces are made only as they are needed
    assert len(taken) == 500
    assert WAITING >= recorder.most > 1


@pytest.mark.parametrize("size", [0, 1, WAITING, WAITING + 1])
def test_no_piece_is_lost_however_many_there_are(size):
    for executor in (None, Recorder()):
        with in_order(abs, range(size), executor) as found:
            assert list(found) == list(range(size))


def test_no_two_tasks_are_equal():
    """Some executors compute equal calls once: draws without a seed would then repeat themselves."""
    recorder = Recorder()
    for _ in range(2):
        with in_order(abs, [1, 1, 1], recorder) as found:
            assert list(found) == [1, 1, 1]
    assert len(set(recorder.calls)) == 6


class Line:
    """A job whose second piece does not end before `released`; knows which pieces were begun."""

    def __init__(self, second=lambda: None):
        self.begun, self.released, self.second = [], threading.Event(), second

    def __call__(self, piece):
        self.begun.append(piece)
        if piece == 1:
            self.second()
            assert self.released.wait(30)
        return piece


def test_an_error_cancels_the_tasks_that_wait():
    line = Line()
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(ZeroDivisionError), in_order(line, range(20), executor) as found:
            for piece in found:
                raise ZeroDivisionError(piece)
        line.released.set()
    assert line.begun in ([0], [0, 1])


def test_an_interrupt_from_the_keyboard_cancels_the_tasks_that_wait():
    """The signal comes while the caller waits for the second result."""
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # afresh: a wait that an interrupt does not end hides it

    def interrupt():
        time.sleep(0.3)  # a signal that comes just before the caller's wait would not end it
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    line, got = Line(interrupt), []
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(KeyboardInterrupt), in_order(line, range(20), executor) as found:
            for piece in found:
                got.append(piece)
        line.released.set()
    assert got == [0]
    assert line.begun == [0, 1]


def test_the_task_whose_result_is_due_is_cancelled_too():
    future = Future()
    future.result = lambda timeout=None: signal.raise_signal(signal.SIGINT)

    class Idle(Executor):
        def submit(self, fn, /, *args, **kwargs):
            return future

    with pytest.raises(KeyboardInterrupt), in_order(abs, [1], Idle()) as found:
        list(found)
    assert future.cancelled()
