"""What reproducing says of files and machines; the whole of it is tried in tests/e2e."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from controller.errors import TrainingError
from controller.reproduce import (
    _compared,
    _differences,
    _refuse_what_differs_anyhow,
)
from specs.digest import TRAINER_FORMAT


@pytest.fixture
def folders(tmp_path):
    stored, made = tmp_path / "stored", tmp_path / "made"
    for folder, value in ((stored, 1.0), (made, 1.25)):
        folder.mkdir()
        (folder / "trueup.json").write_text("{}")
        save_file({"a": np.ones(3, "f4"), "b": np.full(2, value)}, folder / "model.safetensors")
    (stored / "training.json").write_text("1")
    return stored, made


def test_files_are_the_same_bit_for_bit_or_say_how_far_apart_they_are(folders):
    found = _compared(*folders)

    assert {name: file.is_same for name, file in found.items()} == {
        "model.safetensors": False,
        "training.json": False,
        "trueup.json": True,
    }
    assert found["model.safetensors"].largest_difference == 0.25
    assert found["training.json"].made is None


def test_libraries_and_machine_facts_that_differ_are_named():
    lineage = {"libraries": {"torch": "2.12", "peft": "1"}, "machine": {"threads": 2}}
    result = {"libraries": {"torch": "2.13", "peft": "1"}, "machine": {"threads": 2, "new": 1}}

    assert _differences(lineage, result) == {"torch": ("2.12", "2.13"), "new": (None, 1)}


class Version:
    model, number, revision = "support", 3, "main@sha1:0"

    def __init__(self, *, trained_by=TRAINER_FORMAT, repairs=()):
        self.lineage = {"inputs": {"format": trained_by}}
        self.training = {"repairs": list(repairs)}


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        (Version(trained_by=1), "was made by trainer format 1"),
        (Version(repairs=[{"from_step": 50}]), "repaired in the middle of its training"),
    ],
)
def test_what_cannot_give_the_same_bytes_is_refused_with_the_reason(version, problem):
    with pytest.raises(TrainingError, match=problem) as raised:
        _refuse_what_differs_anyhow(version)

    assert raised.value.reason == "NotReproducible"


def test_a_repair_at_the_start_is_part_of_what_is_trained_again():
    _refuse_what_differs_anyhow(Version(repairs=[{"from_step": 0}]))
