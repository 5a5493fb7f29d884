import pytest

from monitors.detectors.base import Allowance, Evidence
from monitors.watch import Watch
from tests.unit.monitors.desk import observation

ALLOWED = Allowance(1, 1000)


class Scripted:
    """A detector that says what it is told to."""

    def __init__(self, ratios):
        self.ratios = list(ratios)
        self.values = []
        self.allowed = None

    def allow(self, allowance):
        self.allowed = allowance

    def update(self, value):
        self.values.append(value)

    def evidence(self):
        ratio = self.ratios.pop(0)
        return None if ratio is None else Evidence(ratio * 10, 10, "trailing", 1)

    def state(self):
        return {}

    def restore(self, state):
        """There is nothing to take over."""


def watch_of(detector):
    return Watch("prediction", detector, read=lambda o: o.label, explain=lambda *_: {})


def looks(ratios):
    watch = watch_of(Scripted(ratios))
    return [watch.look(ALLOWED) for _ in ratios]


def test_an_alarm_begins_at_one_and_ends_below_seven_tenths():
    found = looks([0.99, 1.0, 0.8, 0.71, 0.69, 0.9])

    assert [look.is_alarm for look in found] == [False, True, True, True, False, False]


def test_beginning_and_end_are_worth_a_row():
    found = looks([0.2, 1.2, 1.3, 0.1])

    assert [look.is_due for look in found] == [False, True, False, True]


def test_otherwise_a_row_is_due_once_per_window():
    found = looks([0.2] * 9)

    assert [i for i, look in enumerate(found, start=1) if look.is_due] == [4, 8]


def test_a_detector_that_knows_nothing_yet_has_no_look():
    watch = watch_of(Scripted([None]))

    assert watch.look(ALLOWED) is None
    assert watch.last is None


@pytest.mark.parametrize(("label", "fed"), [("card", ["card"]), (None, [])], ids=str)
def test_only_values_that_are_there_are_fed(label, fed):
    detector = Scripted([])

    watch_of(detector).feed(observation("text", label, number=1))

    assert detector.values == fed


def test_the_allowance_holds_from_the_next_block_on():
    detector = Scripted([0.1])

    watch_of(detector).look(ALLOWED)

    assert detector.allowed == ALLOWED
