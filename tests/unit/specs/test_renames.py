"""Arguments by their names before transformers 5: read as the new ones, and said."""

import dataclasses
import inspect

import pytest

from specs.digest import digest_of
from specs.loader import load_specs
from specs.renames import RENAMED
from specs.training import Arguments
from tests.unit.specs.conftest import PATH, TEXT

BEFORE = "arguments: {learning_rate: 1e-3}"


def loaded(arguments: str, **more: str):
    text = TEXT.replace(BEFORE, f"arguments: {{{arguments}}}")
    for old, new in more.values():
        text = text.replace(old, new)
    result = load_specs({PATH: text.encode()})
    errors = [str(error).removeprefix(f"{PATH}:") for error in result.errors.get(PATH, ())]
    return result.models.get("support"), errors


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("warmup_ratio: 0.1", "warmup_steps", 0.1),
        ("gradient_checkpointing: true", "activation_checkpointing", True),
        ("group_by_length: true", "train_sampling_strategy", "group_by_length"),
        ("group_by_length: false", "train_sampling_strategy", "random"),
        ("evaluation_strategy: epoch", "eval_strategy", "epoch"),
        ("per_gpu_train_batch_size: 4", "per_device_train_batch_size", 4),
        ("no_cuda: true", "use_cpu", True),
        ("max_seq_length: 32", "max_length", 32),
        ("optim: adamw_hf", "optim", "adamw_torch"),
    ],
)
def test_an_old_name_is_read_as_the_new_one_and_said(old, new, value):
    model, errors = loaded(old)

    assert errors == []
    assert getattr(model.spec.spec.training.arguments, new) == value
    (notice,) = model.notices
    said = str(value).lower() if isinstance(value, bool) else value
    name = old.partition(":")[0]
    assert str(notice).startswith(f"{PATH}:20:17: ")
    assert str(notice).endswith(f"(write {new}: {said})")
    assert notice.place.field == f"spec.training.arguments.{name}"


def test_the_digest_is_that_of_the_new_name():
    old, _ = loaded("warmup_ratio: 0.1")
    new, _ = loaded("warmup_steps: 0.1")

    assert new.notices == ()
    assert digest_of(old.spec.model_dump()) == digest_of(new.spec.model_dump())


def test_two_names_for_one_thing_are_an_error():
    _, errors = loaded("warmup_steps: 5, warmup_ratio: 0.1")

    assert errors == [
        (
            "20:34: spec.training.arguments.warmup_ratio: warmup_ratio is the old name of"
            " warmup_steps, and both are given (keep warmup_steps)"
        )
    ]


def test_a_share_of_all_steps_is_no_number_of_steps():
    (error,) = loaded("warmup_ratio: 3")[1]

    assert error.startswith("20:31: spec.training.arguments.warmup_ratio: warmup_ratio is a share")


def test_a_wrong_value_is_told_where_the_old_name_stands():
    (error,) = loaded("per_gpu_train_batch_size: 0")[1]

    assert (
        error
        == "20:43: spec.training.arguments.per_device_train_batch_size: must be at least 1, not 0"
    )


def test_an_unknown_name_keeps_its_suggestion():
    (error,) = loaded("warmup_step: 3")[1]

    assert "unknown field 'warmup_step' (did you mean 'warmup_steps'?)" in error


def test_searched_arguments_may_have_old_names_too():
    model, errors = loaded(
        "learning_rate: 1e-3",
        search=(
            "seed: 17",
            "seed: 17\n    search: {trials: 2, parameters: {warmup_ratio: {low: 0.0, high: 0.2}}}",
        ),
    )

    if model is None:  # searching is not built yet
        assert all("not supported yet" in error for error in errors)
    else:
        assert [notice.place.field for notice in model.notices] == [
            "spec.training.search.parameters.warmup_ratio"
        ]


@pytest.mark.torch
def test_the_new_names_are_those_of_the_installed_transformers():
    transformers = pytest.importorskip("transformers", reason="the train extra is not installed")

    theirs = {field.name for field in dataclasses.fields(transformers.TrainingArguments)}
    deprecated = inspect.getsource(transformers.TrainingArguments).count("will be removed in v6")

    assert set(RENAMED.values()) - {"max_length"} <= theirs
    assert set(RENAMED) & theirs <= {"gradient_checkpointing"}
    assert deprecated
    assert set(RENAMED.values()) <= set(Arguments.model_fields)
