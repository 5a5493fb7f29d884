"""The prepared folder: whole or not there."""

import json

import pytest

from controller.data.findings import Finding
from controller.data.prepared import (
    Prepared,
    is_complete,
    read_prepared,
    read_report,
    write_prepared,
)
from controller.data.rows import Row
from tests.unit.controller.data.builders import rows


def prepared(task="text-classification", **changes) -> Prepared:
    content = {
        "task": task,
        "rows": {
            "train": [Row(1, "a", "y", {"channel": "web"}), Row(2, "b", "x", {"channel": "fax"})],
            "validation": rows(("c", "x")),
            "test": rows(("d", "x"), ("e", "y")),
        },
        "near_leaks": frozenset({2}),
        "findings": [Finding("near_leakage", "test", "exclude_from_gates", 1, (2,), "near twins")],
        "quarantined": [],
        "read": {"train": 3, "test": 2},
        "facts": {"learning_curve": [1]},
    }
    return Prepared(**(content | changes))


def test_training_reads_back_what_was_written(tmp_path):
    write_prepared(prepared(), tmp_path / "ab12", writer="r-1")

    assert read_prepared(tmp_path / "ab12", "train")[0] == {
        "row": 1,
        "text": "a",
        "label": "y",
        "slices": {"channel": "web"},
    }
    assert json.loads((tmp_path / "ab12" / "labels.json").read_text()) == ["x", "y"]


def test_near_leaks_are_marked_in_the_test_rows(tmp_path):
    write_prepared(prepared(), tmp_path / "ab12", writer="r-1")

    marks = [row.get("near_leak") for row in read_prepared(tmp_path / "ab12", "test")]

    assert marks == [None, True]


def test_generation_rows_have_prompt_and_completion(tmp_path):
    write_prepared(prepared("causal-lm"), tmp_path / "ab12", writer="r-1")

    row = read_prepared(tmp_path / "ab12", "validation")[0]

    assert row == {"row": 1, "prompt": "c", "completion": "x", "slices": {}}


def test_conversations_are_written_turn_by_turn(tmp_path):
    turns = ({"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"})
    talk = {split: [Row(1, "hi", "hello", {}, turns)] for split in ("train", "validation", "test")}

    write_prepared(prepared("causal-lm", rows=talk), tmp_path / "ab12", writer="r-1")

    [row] = read_prepared(tmp_path / "ab12", "train")
    assert row["messages"] == list(turns)
    assert (row["prompt"], row["completion"]) == ("hi", "hello")


def test_the_report_counts_rows_by_label_and_split(tmp_path):
    write_prepared(prepared(), tmp_path / "ab12", writer="r-1")

    report = read_report(tmp_path / "ab12")

    assert report["rows"] == {"train": 2, "validation": 1, "test": 2}
    assert report["rows_per_label"]["x"] == {"train": 1, "validation": 1, "test": 1}
    assert report["findings"][0]["check"] == "near_leakage"
    assert report["facts"] == {"learning_curve": [1]}


def test_who_comes_second_leaves_the_first_ones_folder(tmp_path):
    write_prepared(prepared(), tmp_path / "ab12", writer="r-1")
    first = (tmp_path / "ab12").stat().st_ino

    write_prepared(prepared(), tmp_path / "ab12", writer="r-2")

    assert (tmp_path / "ab12").stat().st_ino == first
    assert [path.name for path in tmp_path.iterdir()] == ["ab12"]


class Breaking(dict):
    """Rows that break in the middle of being written."""

    def items(self):
        yield "train", rows(("a", "x"))
        raise OSError(28, "no space left on device")


def test_a_failure_leaves_nothing_behind(tmp_path):
    broken = prepared(rows=Breaking(train=[], validation=[], test=[]))

    with pytest.raises(OSError, match="no space"):
        write_prepared(broken, tmp_path / "ab12", writer="r-1")

    assert not is_complete(tmp_path / "ab12")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_writer_left_is_removed_when_it_comes_back(tmp_path):
    left = tmp_path / ".ab12.r-1"
    left.mkdir()
    (left / "train.jsonl").write_text("half a li")

    write_prepared(prepared(), tmp_path / "ab12", writer="r-1")

    assert [path.name for path in tmp_path.iterdir()] == ["ab12"]
