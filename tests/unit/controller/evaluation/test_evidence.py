"""Stored rows: read back as they were judged, paired by content."""

import json

import numpy as np
import pytest

from controller.errors import EvaluationError
from controller.evaluation.evidence import read_rows
from controller.evaluation.scored_rows import paired


def line(row, *, label="a", predicted="a", key="k", **more):
    """One line of rows.jsonl, as an evaluation writes it."""
    content = {"row": row, "key": f"{key}{row}", "slices": {"channel": "web"}, "label": label}
    content |= {"predicted": predicted, "score": 0.9, "correct": label == predicted, "loss": 0.1}
    return json.dumps(content | more)


def test_rows_come_back_as_arrays():
    rows = read_rows([line(1), line(2, predicted="b", loss=1.5), ""])

    assert len(rows) == 2
    assert rows.names == ("a", "b")
    assert rows.scores["correct"].tolist() == [1.0, 0.0]
    assert rows.scores["loss"].tolist() == [0.1, 1.5]
    assert rows.slices == {"channel": ("web", "web")}


def test_generated_rows_have_scores_and_no_labels():
    content = {"row": 1, "key": "k", "slices": {}, "loss": 0.5, "exact_match": True}

    rows = read_rows([json.dumps(content | {"token_f1": 0.8, "generated": "yes"})])

    assert rows.labels is None
    assert {name: values.tolist() for name, values in rows.scores.items()} == {
        "loss": [0.5],
        "exact_match": [1.0],
        "token_f1": [0.8],
    }


def test_excluded_rows_are_not_counted():
    rows = read_rows([line(1), line(2, excluded="near_leak"), line(3)])

    assert rows.counted.keys == ("1:k1", "3:k3")


@pytest.mark.parametrize("content", ["not json", "{}", "[1]"])
def test_what_no_evaluation_writes_is_refused(content):
    with pytest.raises(EvaluationError, match=r"rows\.jsonl"):
        read_rows([content])


def test_rows_pair_where_number_and_content_are_the_same():
    mine = read_rows([line(1), line(2), line(3), line(4, excluded="near_leak")])
    theirs = read_rows([line(4), line(3), line(2, key="changed"), line(1)])

    first, second = paired(mine, theirs)

    assert first.keys == second.keys == ("1:k1", "3:k3")


def test_pairs_share_one_coding_of_the_labels():
    mine = read_rows([line(1, label="b", predicted="c"), line(2, label="c", predicted="c")])
    theirs = read_rows([line(1, label="b", predicted="a"), line(2, label="c", predicted="c")])

    first, second = paired(mine, theirs)

    assert second.names[: len(first.names)] == first.names
    assert np.array_equal(first.labels, second.labels)
    assert [second.names[code] for code in second.predicted] == ["a", "c"]
