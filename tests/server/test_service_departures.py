"""A freeze is answered only when no share that it should stop is still leaving."""

import threading

import pytest

from scelle.server.service.departures import Departures


def test_settling_waits_for_steps_that_had_begun_and_for_no_others() -> None:
    departures = Departures()
    begun, go, settled = threading.Event(), threading.Event(), threading.Event()

    def release() -> None:
        with departures.leaving():
            begun.set()
            go.wait(10)

    def freeze() -> None:
        assert departures.settle()
        settled.set()

    releasing = threading.Thread(target=release)
    releasing.start()
    assert begun.wait(10)
    freezing = threading.Thread(target=freeze)
    freezing.start()
    assert not settled.wait(0.1)
    go.set()
    assert settled.wait(10)
    releasing.join()
    freezing.join()


def test_a_failed_release_does_not_hold_a_freeze_up() -> None:
    departures = Departures()
    with pytest.raises(OSError, match="gone"), departures.leaving():
        raise OSError("gone")
    assert departures.settle()
