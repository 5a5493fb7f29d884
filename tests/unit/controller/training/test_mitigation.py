"""Mitigation of training rows: what is added, what counts more, and the record of both."""

import pytest

from controller.errors import TrainingError
from controller.training.mitigation import ADDED, WEIGHT, mitigate, values_of
from specs.training import Mitigation


def rows(**counts):
    labels = [label for label, count in counts.items() for _ in range(count)]
    return [
        {
            "row": number,
            "text": f"Please help him with his order {number}",
            "label": label,
            "slices": {"channel": "web" if number % 3 else "mail"},
        }
        for number, label in enumerate(labels, start=1)
    ]


def test_nothing_declared_changes_nothing():
    given = rows(a=2, b=1)

    assert mitigate(given, None, seed=1).rows is given
    assert mitigate(given, None, seed=1).record == {}


@pytest.mark.parametrize("by", ["label", "channel"])
def test_each_value_counts_the_same_and_the_mean_weight_is_one(by):
    done = mitigate(rows(a=30, b=6), Mitigation(reweight=by), seed=1)

    totals: dict[str, float] = {}
    for row in done.rows:
        [value] = values_of(row, by)
        totals[value] = totals.get(value, 0) + row[WEIGHT]
    assert list(totals.values()) == pytest.approx([18, 18])
    assert (
        done.record["weights"]
        == {
            "label": {"a": 0.6, "b": 3.0},
            "channel": {"mail": 1.5, "web": 0.75},
        }[by]
    )


def test_a_row_of_several_labels_weighs_as_its_rarest():
    given = [{"row": n, "text": str(n), "labels": ["a"], "slices": {}} for n in range(8)]
    given[0]["labels"] = ["a", "b"]
    given[1]["labels"] = []

    done = mitigate(given, Mitigation(reweight="label"), seed=1).rows

    assert done[0][WEIGHT] == done[1][WEIGHT] > done[2][WEIGHT]
    assert sum(row[WEIGHT] for row in done) == pytest.approx(8)


def test_rows_without_the_slice_are_refused_with_those_there_are():
    with pytest.raises(TrainingError, match="no slice family 'team'") as raised:
        mitigate(rows(a=2, b=2), Mitigation(reweight="team"), seed=1)

    assert "channel" in str(raised.value.fix)


@pytest.mark.parametrize(("copies", "added"), [(0.25, 10), (2.0, 80)])
def test_copies_are_added_behind_the_rows_and_counted(copies, added):
    given = rows(a=30, b=10)

    done = mitigate(given, Mitigation(augment=["typos"], augment_copies=copies), seed=1)

    assert list(done.rows[:40]) == given
    assert done.record["added"] == {"typos": added}
    assert [row[ADDED] for row in done.rows[40:]] == ["typos"] * added
    assert len({row["text"] for row in done.rows}) == 40 + added
    by_number = {row["row"]: row for row in given}
    assert all(row["label"] == by_number[row["row"]]["label"] for row in done.rows[40:])


def test_only_rows_that_a_swap_changes_are_copied_and_once():
    given = [*rows(a=3, b=2), {"row": 9, "text": "hello", "label": "a", "slices": {}}]
    wanted = Mitigation(augment=["counterfactual.gender"], augment_copies=3)

    done = mitigate(given, wanted, seed=1)

    assert done.record["added"] == {"counterfactual.gender": 5}
    assert "Please help her with her order 1" in [row["text"] for row in done.rows]


def test_the_seed_decides_and_one_row_more_leaves_the_copies_of_others():
    wanted = Mitigation(augment=["typos", "casing"], augment_copies=1)

    def texts(given, seed):
        return {row["text"] for row in mitigate(given, wanted, seed=seed).rows}

    assert texts(rows(a=9, b=9), 1) == texts(rows(a=9, b=9), 1) != texts(rows(a=9, b=9), 2)
    assert texts(rows(a=9, b=9), 1) < texts(rows(a=9, b=10), 1)
