"""Code that is loaded for a moment, and let go after it."""

import sys

from runtime import overlay

_RESET = "meter.store.reset"


def test_a_module_is_loaded_for_a_call_and_forgotten():
    given = {"at": 5, "by": "me", "tid_floor": 7}
    for _ in range(2):
        order = overlay.call(_RESET, "Order", given)
        assert (order.at, order.by, order.tid_floor, order.wrong) == (5, "me", 7, "")
        assert _RESET not in sys.modules
        assert not hasattr(sys.modules["meter.store"], "reset")


def test_a_module_that_was_there_before_stays():
    from meter.store import reset

    overlay.call(_RESET, "Order", None)
    assert sys.modules[_RESET] is reset
    del sys.modules[_RESET]
    delattr(sys.modules["meter.store"], "reset")


def test_a_failure_is_passed_on_and_the_module_forgotten():
    try:
        overlay.call(_RESET, "Order")
    except TypeError:
        assert _RESET not in sys.modules
    else:
        raise AssertionError("no TypeError")


class _Once:
    ONCE = ("begin", "missing")

    def __init__(self):
        self.begun = False

    def begin(self):
        self.begun = True

    def work(self):
        return self.begun


def test_what_only_the_start_needs_is_let_go():
    one = _Once()
    one.begin()
    overlay.finish([one, one])
    assert one.work() and not one.begin and _Once.__init__ is None
