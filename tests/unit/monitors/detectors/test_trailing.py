import pytest

from monitors.detectors.trailing import TrailingCounts


def test_a_look_is_due_after_every_quarter_of_a_window():
    trailing = TrailingCounts(20)

    due = [i for i in range(1, 21) if trailing.add(0)]

    assert due == [5, 10, 15, 20]


def test_each_horizon_counts_the_newest_values_only():
    trailing = TrailingCounts(4)
    for value in range(16):
        trailing.add(value)

    found = {windows: sorted(counts.elements()) for windows, counts in trailing.horizons()}

    assert found[1] == [12, 13, 14, 15]
    assert found[2] == list(range(8, 16))
    assert found[4] == list(range(16))
    assert 8 not in found


@pytest.mark.parametrize("extra", [0, 3], ids=["at a block's end", "inside a block"])
def test_state_survives(extra):
    trailing, copy = TrailingCounts(20), TrailingCounts(20)
    for value in range(20 + extra):
        trailing.add(value % 7)

    copy.restore(trailing.state())

    assert copy.state() == trailing.state()
    assert [trailing.add(1) for _ in range(5)] == [copy.add(1) for _ in range(5)]
