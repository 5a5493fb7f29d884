"""Which change touches which digest: what is done again, and what is not."""

from datetime import date

import pytest

from specs.digest import (
    criteria_digest,
    digest_of,
    evaluation_inputs,
    gates_digest,
    measurement_inputs,
    prepared_inputs,
    training_inputs,
)
from specs.gates import in_force
from specs.loader import load_specs

HASHES = {
    "data/train.csv": "md5:1",
    "data/test.csv": "md5:2",
    "data/other.csv": "md5:3",
    "data/valid.csv": "md5:4",
}
BASE = "sha256:base"


def digests(spec, hashes=HASHES, base=BASE):
    training = digest_of(training_inputs(spec, hashes, base))
    return {
        "data": digest_of(prepared_inputs(spec, hashes, base)),
        "training": training,
        "evaluation": digest_of(evaluation_inputs(spec, hashes, training)),
        "gates": gates_digest(spec),
    }


def touched(before, after):
    return {name for name, digest in digests(*after).items() if digest != digests(*before)[name]}


ROWS = {"data", "training", "evaluation"}
WEIGHTS = {"training", "evaluation"}
CHANGES = {
    "another base": ("model: org/base", "model: org/other", WEIGHTS),
    "another length": ("learning_rate: 1e-3", "max_length: 99, learning_rate: 1e-3", ROWS),
    "a check that takes training rows out": (
        "columns:",
        "checks: {personal_data: quarantine}\n    columns:",
        ROWS,
    ),
    "a check that only reports": (
        "columns:",
        "checks: {learning_curve: skip}\n    columns:",
        {"data"},
    ),
    "other training rows": ("train: data/train.csv", "train: data/other.csv", ROWS),
    "a validation file": ("validation: {split: 0.1}", "validation: data/valid.csv", ROWS),
    "another split": ("split: 0.1", "split: 0.2", ROWS),
    "other columns": ("label: category", "label: intent", ROWS),
    "another seed": ("seed: 17", "seed: 18", ROWS),
    "a check that changes the training rows": (
        "columns:",
        "checks: {min_rows_per_label: 2}\n    columns:",
        ROWS,
    ),
    "a check that drops training rows": (
        "columns:",
        "checks: {exact_duplicates: report}\n    columns:",
        ROWS,
    ),
    "taking out suspected labels": (
        "columns:",
        "checks: {label_issues: quarantine}\n    columns:",
        ROWS,
    ),
    "asking more of suspected labels": (
        "columns:",
        "checks: {label_issues: fail, max_label_noise: 0.2}\n    columns:",
        {"data", "evaluation"},
    ),
    "another limit of imbalance": (
        "columns:",
        "checks: {max_imbalance: 9}\n    columns:",
        {"data"},
    ),
    "another method": ("method: lora", "method: full", WEIGHTS),
    "another rank": ("r: 16", "r: 8", WEIGHTS),
    "another learning rate": ("learning_rate: 1e-3", "learning_rate: 2e-3", WEIGHTS),
    "another head": ("seed: 17", "seed: 17\n    head: {init: random}", WEIGHTS),
    "other test rows": ("test: data/test.csv", "test: data/other.csv", {"data", "evaluation"}),
    "other slices": ("channel: channel", "channel: source", {"data", "evaluation"}),
    "a check of the test rows": (
        "columns:",
        "checks: {near_leakage: report}\n    columns:",
        {"data", "evaluation"},
    ),
    "fewer metrics": ("f1_macro, loss]", "f1_macro]", {"evaluation"}),
    "another limit": ("min: 0.85", "min: 0.8", {"gates"}),
    "the base as it is beside it": ("against: live", "against: base", {"evaluation", "gates"}),
    "another mode of promotion": ("pin: null", "mode: manual", set()),
    "a pin": ("pin: null", "pin: 3", set()),
    "what follows when live fails": ("pin: null", "on_failed_reverification: rollback", set()),
    "when a test file counts as worn": (
        "columns:",
        "warn_after_candidates: 3\n    columns:",
        set(),
    ),
    "another share of capture": ("capture: 1.0", "capture: 0.5", set()),
    "another window": ("size: 500", "size: 100", set()),
    "another owner": ("owner: support-team", "owner: nobody", set()),
    "another timeout": ("  evaluation:", "  compute: {timeout_minutes: 5}\n  evaluation:", set()),
    "more points of the curve": (
        "learning_rate: 1e-3",
        "logging_steps: 1, learning_rate: 1e-3",
        set(),
    ),
    "more checkpoints": ("learning_rate: 1e-3", "save_steps: 1, learning_rate: 1e-3", set()),
    "more evaluations of a run that they cannot end": (
        "learning_rate: 1e-3",
        "eval_steps: 5, learning_rate: 1e-3",
        set(),
    ),
    "evaluations that may end the run": (
        "learning_rate: 1e-3}",
        "eval_steps: 5, learning_rate: 1e-3}\n    early_stopping: {}",
        WEIGHTS,
    ),
    "a default that is written down": ("seed: 17", "seed: 17\n    head: {pooling: auto}", set()),
    "a whole number for a number": ("capture: 1.0", "capture: 1", set()),
    "a number spelled another way": ("learning_rate: 1e-3", "learning_rate: 0.001", set()),
}


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES.values(), ids=CHANGES)
def test_a_change_touches_what_depends_on_it_and_nothing_else(spec_of, old, new, expected):
    before, after = spec_of(), spec_of((old, new))

    assert touched((before,), (after,)) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data/train.csv", ROWS),
        ("data/test.csv", {"data", "evaluation"}),
        ("data/other.csv", set()),
    ],
)
def test_new_rows_behind_the_same_path_count_as_a_change(spec_of, path, expected):
    spec = spec_of()

    assert touched((spec,), (spec, {**HASHES, path: "md5:new"})) == expected


def test_the_resolved_revision_of_the_base_counts_even_if_none_is_declared(spec_of):
    spec = spec_of()

    assert touched((spec,), (spec, HASHES, "sha256:newer")) == ROWS


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        (("train: data/train.csv", "train: data/other.csv"), False),
        (("seed: 17", "seed: 18"), False),
        (("min: 0.85", "min: 0.8"), False),
        (("test: data/test.csv", "test: data/other.csv"), True),
        (("f1_macro, loss]", "f1_macro]"), True),
        (("channel: channel", "channel: source"), True),
    ],
    ids=["training rows", "seed", "gates", "test rows", "metrics", "slices"],
)
def test_a_live_version_is_measured_again_only_for_other_rows_or_metrics(
    spec_of, change, is_another
):
    before, after = (measurement_inputs(spec, HASHES) for spec in (spec_of(), spec_of(change)))

    assert (before != after) == is_another


def test_the_same_rows_under_another_path_are_the_same_rows(spec_of):
    before, after = spec_of(), spec_of(("train: data/train.csv", "train: data/moved.csv"))

    moved = {**HASHES, "data/moved.csv": HASHES["data/train.csv"]}

    assert touched((before,), (after, moved)) == set()


def test_lora_counts_only_for_methods_that_use_it(spec_of):
    before = spec_of(("method: lora", "method: full"))
    after = spec_of(("method: lora", "method: full"), ("r: 16", "r: 8"))

    assert touched((before,), (after,)) == set()


def test_the_head_does_not_count_for_a_model_without_one(spec_of):
    text = """
apiVersion: trueup/v1
kind: Model
metadata: {name: replies}
spec:
  task: causal-lm
  base: {model: org/base}
  data: {train: data/train.csv, test: data/test.csv, columns: {messages: turns}}
  gates: [{metric: token_f1, min: 0.5}]
"""
    inputs = training_inputs(spec_of(whole=text), HASHES, BASE)

    assert "head" not in inputs["training"]
    assert "lora" in inputs["training"]


def test_canonical_json_has_one_form():
    assert digest_of({"b": [1, None], "a": "ü"}) == digest_of({"a": "ü", "b": [1, None]})
    assert digest_of({"a": 1}) != digest_of({"a": "1"})


def test_digests_are_those_that_existing_installations_recorded(spec_of):
    """A change here retrains every model of every installation: raise the format on purpose."""
    assert digests(spec_of()) == {
        "data": "sha256:3d8f3cf1d87cb5cefdf5c94e3ebdee6455b7384df6607c3ac49ded3bcdb199b1",
        "training": "sha256:2de21ad3786fcfa73ff97ad62d1e52e52b29f427dbfbde030b099fe1e2964bbb",
        "evaluation": "sha256:b75dd7663e39583a6ea6bbacab6dd7f6f4a16a338cda6186f8cdeca9bbff221c",
        "gates": "sha256:0da3015a2eb30cdf9cede3eed0e0ee071ee24217c23cd7a2916a58044e5c60d4",
    }


def test_to_quarantine_rows_leaves_the_same_rows_as_to_drop_them(spec_of):
    one, other = (
        spec_of(("columns:", f"checks: {{secrets: {action}}}\n    columns:"))
        for action in ("drop", "quarantine")
    )

    assert digests(one)["training"] == digests(other)["training"]
    assert digests(one)["training"] != digests(spec_of())["training"]


def test_two_models_of_one_content_share_their_digests(text):
    files = {f"specs/{n}.yaml": text.replace("name: support", f"name: {n}").encode() for n in "ab"}

    models = load_specs(files).models

    assert digests(models["a"].spec.spec) == digests(models["b"].spec.spec)


def test_a_slice_reaches_the_weights_only_where_rows_are_weighed_by_it(spec_of):
    weighed = ("seed: 17", "mitigation: {reweight: channel}")
    moved = ("channel: channel", "channel: via")

    assert digests(spec_of())["training"] == digests(spec_of(moved))["training"]
    assert digests(spec_of(weighed))["training"] != digests(spec_of(weighed, moved))["training"]
    assert digests(spec_of())["training"] != digests(spec_of(weighed))["training"]


OVERRIDDEN = (
    "  promotion:",
    """  overrides:
    - {metric: f1_macro, approver: ann, reason: a fair, expires: 2026-12-31}
  promotion:""",
)


def test_a_judgement_is_another_while_an_override_is_in_force(spec_of):
    plain, overridden = spec_of(), spec_of(OVERRIDDEN)
    last_day, after = (
        in_force(overridden.overrides, day) for day in (date(2026, 12, 31), date(2027, 1, 1))
    )

    assert gates_digest(overridden, last_day) != gates_digest(plain)
    assert gates_digest(overridden, after) == gates_digest(plain)


def test_an_override_is_no_change_of_what_success_means(spec_of):
    assert criteria_digest(spec_of(OVERRIDDEN)) == criteria_digest(spec_of())
    assert criteria_digest(spec_of(("min: 0.85", "min: 0.8"))) != criteria_digest(spec_of())


def test_what_is_taken_out_of_a_validation_file_counts_and_of_a_share_of_the_rows_does_not(spec_of):
    kept = ("columns:", "checks: {exact_leakage: report}\n    columns:")
    file = ("validation: {split: 0.1}", "validation: data/valid.csv")

    assert digests(spec_of())["training"] == digests(spec_of(kept))["training"]
    assert digests(spec_of(file))["training"] != digests(spec_of(file, kept))["training"]
