"""What a calibration makes of the steps that it takes."""

import json

import pytest

from controller.costs.calibration import SLOW_SECONDS, Seen, measured, sample
from controller.costs.workload import Batch
from controller.training.job import read_job
from controller.training.tasks.rows import check_labels, read_rows

pytestmark = pytest.mark.torch

NARROW, WIDE = Batch(32, 12), Batch(64, 40)


def steps(batch, *seconds):
    """Steps that take these CPU seconds, one after the other; the last for ever."""
    taken = iter(seconds)

    def step():
        cpu = next(taken, seconds[-1])
        return Seen(batch, cpu_seconds=cpu, wall_seconds=cpu, peak_bytes=1000 * batch.rows)

    return step


def test_a_slow_first_step_says_nothing_about_the_others():
    narrow, wide = measured(steps(NARROW, 3 * SLOW_SECONDS, 0.4), steps(WIDE, 2.0))

    assert (narrow.batch, narrow.cpu_seconds) == (NARROW, 0.4)
    assert (wide.batch, wide.cpu_seconds) == (WIDE, 2.0)


def test_one_disturbed_step_of_a_kind_is_not_what_it_takes():
    narrow, wide = measured(steps(NARROW, 0.5, 1.5, 0.05), steps(WIDE, 2.5, 0.1))

    assert (narrow.cpu_seconds, wide.cpu_seconds) == (0.05, 0.1)


def test_steps_that_stay_slow_are_not_repeated():
    taken = []

    def wide():
        taken.append(1)
        return steps(WIDE, 90.0)()

    narrow, other = measured(steps(NARROW, 30.0, 20.0, 1.0), wide)

    assert narrow.cpu_seconds == other.cpu_seconds == 20.0
    assert not taken


@pytest.mark.parametrize("key", ["label", "labels"])
def test_the_sample_has_a_row_of_every_label_however_many_there_are(tmp_path, key):
    prepared = tmp_path / "prepared"
    prepared.mkdir()
    labels = [f"intent {number}" for number in range(77)]
    rows = [
        {"row": number, "text": "word " * (number % 40), "slices": {}}
        | {key: label if key == "label" else [label]}
        for number, label in enumerate(labels * 6)
    ]
    for split in ("train", "validation"):
        (prepared / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (prepared / "labels.json").write_text(json.dumps(labels))
    base = {"model": "m", "revision": "r", "folder": "/base"}
    asked = {"task": "text-classification", "model": "m", "training": {}, "base": base}
    (tmp_path / "sample").mkdir()

    found = sample(read_job(asked | {"prepared": str(prepared)}, threads=1), tmp_path / "sample")

    chosen = read_rows(found.prepared, "train")
    check_labels(labels, chosen)
    assert len(chosen) < 2 * 32 + len(labels)
    assert len(read_rows(found.prepared, "validation")) == 2 * 32
