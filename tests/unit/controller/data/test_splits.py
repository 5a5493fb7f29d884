"""The validation split: seeded, stratified, stable."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.data.rows import Row
from controller.data.splits import split_rows
from specs.data import ValidationSplit

TASK = "text-classification"


def labelled(**counts: int) -> list[Row]:
    pairs = [(label, index) for label, count in counts.items() for index in range(count)]
    return [
        Row(number, f"{label} {index}", label, {})
        for number, (label, index) in enumerate(pairs, start=1)
    ]


def test_every_label_gives_its_share():
    train, validation = split_rows(labelled(a=100, b=50), 0.1, seed=17, task=TASK)

    assert sum(row.target == "a" for row in validation) == 10
    assert sum(row.target == "b" for row in validation) == 5
    assert len(train) == 135


@given(
    counts=st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 20), min_size=1),
    share=st.floats(0.01, 0.99),
)
def test_no_row_is_lost_and_every_label_keeps_a_row(counts, share):
    rows = labelled(**counts)

    train, validation = split_rows(rows, share, seed=1, task=TASK)

    assert sorted(row.number for row in (*train, *validation)) == [row.number for row in rows]
    assert {row.target for row in train} == set(counts)


def test_many_small_labels_give_the_share_together():
    rows = labelled(**{f"l{index}": 5 for index in range(40)})

    _, validation = split_rows(rows, 0.1, seed=1, task=TASK)

    assert len(validation) == 20


def test_the_seed_decides_and_the_order_does_not():
    rows = labelled(a=50, b=50)
    shuffled = random.Random(1).sample(rows, len(rows))

    one, same, other = (
        {row.number for row in split_rows(found, 0.2, seed=seed, task=TASK)[1]}
        for found, seed in ((rows, 1), (shuffled, 1), (rows, 2))
    )

    assert one == same != other


def test_a_few_new_rows_leave_the_others_where_they_were():
    rows = labelled(a=200)
    more = [*rows, *(Row(500 + index, f"new {index}", "a", {}) for index in range(4))]

    before = {row.number for row in split_rows(rows, 0.1, seed=1, task=TASK)[1]}
    after = {row.number for row in split_rows(more, 0.1, seed=1, task=TASK)[1]}

    assert len(before - after) <= 4


@pytest.mark.parametrize("task", [TASK, "causal-lm"])
def test_both_parts_keep_the_order_of_the_file(task):
    for part in split_rows(labelled(a=30, b=30), 0.3, seed=3, task=task):
        numbers = [row.number for row in part]
        assert numbers == sorted(numbers)


@given(
    sets=st.lists(st.frozensets(st.sampled_from("abcde"), max_size=3), min_size=2, max_size=40),
    share=st.floats(0.05, 0.6),
)
def test_in_multi_label_no_row_is_lost_and_every_label_keeps_a_row(sets, share):
    rows = [
        Row(number, f"text {number}", "", {}, labels=tuple(sorted(labels)))
        for number, labels in enumerate(sets, start=1)
    ]

    train, validation = split_rows(rows, share, seed=1, task=TASK)

    assert sorted(row.number for row in (*train, *validation)) == [row.number for row in rows]
    assert {one for row in train for one in row.classes} == set().union(*sets)


def test_in_multi_label_every_label_gives_its_share():
    draw = random.Random(5)
    chances = {"common": 0.7, "usual": 0.3, "rare": 0.03}
    rows = [
        Row(
            n, f"text {n}", "", {}, labels=tuple(k for k, p in chances.items() if draw.random() < p)
        )
        for n in range(1, 1001)
    ]

    train, validation = split_rows(rows, 0.2, seed=3, task=TASK)

    assert 190 <= len(validation) <= 210
    for label in chances:
        counts = [sum(label in row.classes for row in part) for part in (train, validation)]
        assert counts[1] / sum(counts) == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(("rows", "share"), [(1_500, 0.1), (10_000, 0.05)], ids=["few", "many"])
def test_no_more_rows_are_held_back_than_the_spec_allows(rows, share):
    assert ValidationSplit(split=0.1, at_most=500).share_of(rows) == share
