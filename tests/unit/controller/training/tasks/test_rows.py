import json

import pytest

from controller.errors import TrainingError
from controller.training.tasks.rows import (
    check_labels,
    read_labels,
    read_rows,
    read_training_rows,
)


def prepared(tmp_path, labels, *, declared):
    lines = "".join(json.dumps({"text": "t", "label": label}) + "\n" for label in labels)
    (tmp_path / "train.jsonl").write_text(lines)
    (tmp_path / "labels.json").write_text(json.dumps(declared))
    return tmp_path


def test_labels_keep_the_declared_order(tmp_path):
    folder = prepared(tmp_path, ["b", "a"], declared=["b", "a"])

    assert read_labels(folder) == ["b", "a"]


def test_no_training_rows_is_an_error_with_a_fix(tmp_path):
    with pytest.raises(TrainingError, match="no training rows") as raised:
        read_training_rows(prepared(tmp_path, [], declared=["a", "b"]))

    assert (raised.value.reason, bool(raised.value.fix)) == ("NoRows", True)


def test_one_label_alone_cannot_be_trained_on(tmp_path):
    folder = prepared(tmp_path, ["a", "a"], declared=["a", "b"])

    with pytest.raises(TrainingError, match="all 2 training rows carry the label 'a'") as raised:
        check_labels(read_labels(folder), read_training_rows(folder))

    assert raised.value.reason == "OneLabel"


def test_a_label_that_is_not_declared_is_named(tmp_path):
    folder = prepared(tmp_path, ["a", "z"], declared=["a", "b"])

    with pytest.raises(TrainingError, match=r"does not name: \['z'\]"):
        check_labels(read_labels(folder), read_training_rows(folder))


def test_a_split_without_a_file_has_no_rows(tmp_path):
    assert read_rows(tmp_path, "validation") == []


def test_a_label_without_a_training_row_has_its_own_reason(tmp_path):
    folder = prepared(tmp_path, ["a", "b"], declared=["a", "b", "c"])

    with pytest.raises(
        TrainingError, match=r"no training row carries the labels \['c'\]"
    ) as raised:
        check_labels(read_labels(folder), read_training_rows(folder))

    assert (raised.value.reason, bool(raised.value.fix)) == ("LabelEmpty", True)
