"""N processes share the rows of a step: the same rows in the same step, each exactly once."""

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

LENGTHS = [1 + (7 * row) % 23 for row in range(41)]


def order():
    from controller.training.fitting.trainer import LengthGroupedOrder

    return LengthGroupedOrder(LENGTHS, 8, seed=5)


def steps(*, processes, size, batches, epoch=1):
    """Rows of each step, over all processes."""
    from controller.training.fitting.shares import SharedBatches

    dealt = []
    for rank in range(processes):
        mine = SharedBatches(order(), size, rank=rank, processes=processes)
        mine.set_epoch(epoch)
        dealt.append(list(mine))
        assert len(dealt[rank]) == len(mine) == len(dealt[0])
    found = []
    for start in range(0, len(dealt[0]), batches):
        parts = [batch for mine in dealt for batch in mine[start : start + batches]]
        found.append(sorted(row for part in parts for row in part if row >= 0))
    return found


@pytest.mark.parametrize(
    ("rows", "batches", "processes"), [(8, 1, 2), (4, 2, 2), (2, 4, 4), (8, 1, 8)]
)
def test_each_step_takes_the_rows_that_one_process_would_take(rows, batches, processes):
    from controller.training.ranks import batches_of

    size, mine = batches_of(rows, batches, processes)
    alone = steps(processes=1, size=rows, batches=batches)

    together = steps(processes=processes, size=size, batches=mine)

    assert together == alone
    assert sorted(row for step in together for row in step) == list(range(len(LENGTHS)))


def test_a_process_without_rows_in_the_last_step_gets_a_batch_that_counts_for_nothing():
    from controller.training.fitting.shares import SharedBatches

    last = [list(SharedBatches(order(), 4, rank=rank, processes=2))[-1] for rank in (0, 1)]

    assert len(last[0]) == 1
    assert last[0][0] >= 0
    assert [row < 0 for row in last[1]] == [True]


@pytest.mark.parametrize(
    ("rows", "batches", "processes", "share"),
    [
        (32, 1, 2, (16, 1)),
        (32, 2, 4, (8, 2)),
        (1, 4, 2, (1, 2)),
        (3, 4, 2, (1, 6)),
        (6, 1, 3, (2, 1)),
    ],
)
def test_a_share_is_equal_and_no_batch_is_larger_than_it_was(rows, batches, processes, share):
    from controller.training.ranks import batches_of

    assert batches_of(rows, batches, processes) == share
    assert share[0] * share[1] * processes == rows * batches
