"""The search for garbage is put off for a while, and is then as the caller had it."""

import gc

import pytest

from pdt_evidence.garbage import NEW_OBJECTS, collected_seldom


@pytest.fixture
def threshold():
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)


def test_it_is_put_off_and_comes_back_even_after_an_error(threshold):
    gc.set_threshold(700, 10, 10)
    with pytest.raises(ZeroDivisionError), collected_seldom():
        assert gc.get_threshold()[0] == NEW_OBJECTS
        with collected_seldom():
            pass
        assert gc.get_threshold()[0] == NEW_OBJECTS
        raise ZeroDivisionError
    assert gc.get_threshold()[0] == 700


@pytest.mark.parametrize("own", [0, 10 * NEW_OBJECTS])
def test_a_caller_who_wants_it_off_or_later_still_has_that(threshold, own):
    gc.set_threshold(own)
    with collected_seldom():
        assert gc.get_threshold()[0] == own
    assert gc.get_threshold()[0] == own
