"""Digests: nothing is done twice, and only what matters makes something be done again.

Each function takes what a stage depends on and nothing else, so that a commit which touches none
of it leaves the digest, and with it the stage, alone. ``*_inputs`` return the plain value that is
digested: it is kept in lineage, so that two digests can be compared field by field.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from specs.data import Data
from specs.gates import Override, compares_with_base
from specs.model import Spec
from specs.names import Digest

TRAINER_FORMAT = 3
"""Raised when the trainer changes in a way that makes the same inputs give other weights."""
DATA_FORMAT = 3
"""Raised when data preparation changes in a way that makes the same files give other rows."""
JUDGE_FORMAT = 2
"""Raised when judging changes in a way that makes the same evidence give other verdicts."""
CHECKS_THAT_CHANGE_TRAINING_ROWS = ("empty_rows", "exact_duplicates", "min_rows_per_label")
CHECKS_THAT_MAY_TAKE_OUT_TRAINING_ROWS = (
    "garbled_rows",
    "label_conflicts",
    "normalised_duplicates",
    "label_issues",
    "rare_labels",
    "personal_data",
    "secrets",
    "length_outliers",
    "truncation",
    "role_order",
    "empty_answers",
    "unfinished_answers",
)
"""Those that reach the weights only where they drop or quarantine."""
CHECKS_THAT_MAY_TAKE_OUT_VALIDATION_ROWS = ("exact_leakage", "unseen_labels")
"""Of a validation file: its rows decide when training stops and what is chosen."""
CHECKS_THAT_ONLY_REPORT = (
    "imbalance",
    "max_imbalance",
    "max_label_noise",
    "near_duplicates",
    "split_shift",
    "repeated_answers",
    "learning_curve",
)
"""Those that never take out a row: evidence does not depend on them."""
ARGUMENTS_THAT_ONLY_RECORD = (
    "logging_steps",
    "save_steps",
    "activation_checkpointing",
    "eval_strategy",
)
JUDGE_FIELDS_THAT_CHANGE_NO_SCORE = ("api_key_env", "timeout_seconds", "retries", "parallel")
METHODS_WITH_ADAPTERS = ("lora", "qlora")

Inputs = dict[str, Any]


def digest_of(value: Any) -> Digest:
    """Digest ``value`` by its canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Digest("sha256:" + hashlib.sha256(text.encode()).hexdigest())


def data_inputs(spec: Spec, hashes: Mapping[str, str]) -> Inputs:
    """What the prepared rows depend on. ``hashes`` maps each data path to its DVC hash."""
    data = spec.data
    validation = data.validation
    return {
        "format": DATA_FORMAT,
        "task": spec.task,
        "train": hashes[data.train],
        "validation": (
            hashes[validation]
            if isinstance(validation, str)
            else validation.model_dump() | {"seed": spec.training.seed}
        ),
        "test": hashes[data.test],
        "columns": data.columns.model_dump(exclude_none=True),
        "slices": dict(data.slices),
        "checks": data.checks.model_dump(exclude=set(CHECKS_THAT_ONLY_REPORT)),
    }


def prepared_inputs(spec: Spec, hashes: Mapping[str, str], base_revision: str) -> Inputs:
    """What the data run depends on: the rows, all checks, and how the base counts tokens."""
    tokens = {"base": base_revision, "max_length": spec.training.arguments.max_length}
    inputs = data_inputs(spec, hashes)
    return inputs | {"checks": spec.data.checks.model_dump(), "tokens": tokens}


def training_inputs(
    spec: Spec,
    hashes: Mapping[str, str],
    base_revision: str,
    candidate_revisions: Sequence[str] = (),
) -> Inputs:
    """What the weights depend on: data, base, method; never test rows, gates or serving.

    ``candidate_revisions`` are those of ``base.candidates``, in their order. Leaked rows are
    dropped from the held-out side, so test rows never reach this digest.
    """
    data = data_inputs(spec, hashes)
    for other in ("test", "slices"):
        del data[other]
    data["checks"] = {
        name: getattr(spec.data.checks, name) for name in CHECKS_THAT_CHANGE_TRAINING_ROWS
    }
    data["checks"] |= _taken_out(spec.data)
    mitigation = spec.training.mitigation
    if mitigation is not None and mitigation.reweight in spec.data.slices:
        # The only way in which a slice reaches the weights.
        data["slices"] = {mitigation.reweight: spec.data.slices[mitigation.reweight]}
    return {
        "format": TRAINER_FORMAT,
        "data": data,
        "base": {
            "model": spec.base.model,
            "revision": base_revision,
            "candidates": [
                {"model": model, "revision": revision}
                for model, revision in zip(spec.base.candidates, candidate_revisions, strict=True)
            ],
        },
        "training": _training_that_counts(spec),
    }


def _taken_out(data: Data) -> Inputs:
    """The checks that take out rows to learn from; to drop and to quarantine leave the same."""
    checks = data.checks
    names: tuple[str, ...] = CHECKS_THAT_MAY_TAKE_OUT_TRAINING_ROWS
    if isinstance(data.validation, str):
        names += CHECKS_THAT_MAY_TAKE_OUT_VALIDATION_ROWS
    actions = ((name, getattr(checks, name)) for name in names)
    taken = {name: "taken out" for name, action in actions if action in ("drop", "quarantine")}
    return taken | {"by": checks.personal_data_by} if "personal_data" in taken else taken


def _training_that_counts(spec: Spec) -> Inputs:
    """The training section without what cannot reach the weights."""
    training = spec.training.model_dump(exclude_none=True)
    if spec.training.method not in METHODS_WITH_ADAPTERS:
        del training["lora"]
    del training["generation" if spec.task == "text-classification" else "head"]
    for name in ARGUMENTS_THAT_ONLY_RECORD:
        training["arguments"].pop(name, None)
    if spec.training.early_stopping is None:
        training["arguments"].pop("eval_steps", None)  # then evaluations only record, too
    return training


def estimate_inputs(spec: Spec, training_digest: Digest) -> Inputs:
    """What a training's cost depends on: what is done, and where."""
    return {"training": training_digest, "compute": spec.compute.model_dump(mode="json")}


def evaluation_inputs(spec: Spec, hashes: Mapping[str, str], training_digest: Digest) -> Inputs:
    """What the evidence depends on: the weights, the held-out rows, and what is measured."""
    return {
        "training": training_digest,
        "data": data_inputs(spec, hashes),
        "evaluation": _evaluation_that_counts(spec),
        "metrics": list(spec.metrics),
        **_own_files(spec, hashes),
        **_base_as_it_is(spec),
    }


def _evaluation_that_counts(spec: Spec) -> Inputs:
    """The evaluation section without how long, and how often, a judge is asked."""
    evaluation = spec.evaluation.model_dump(exclude_none=True)
    for name in JUDGE_FIELDS_THAT_CHANGE_NO_SCORE:
        evaluation.get("judge", {}).pop(name, None)
    if not spec.evaluation.lm_eval:
        del evaluation["lm_eval"]
    return evaluation


def measurement_inputs(spec: Spec, hashes: Mapping[str, str]) -> Inputs:
    """What a version is measured on and by, whichever version it is, and whatever it learned from.

    This is what says that a live version has to be measured again: new training rows alone do not.
    """
    data = data_inputs(spec, hashes)
    for other in ("train", "validation"):
        del data[other]
    return {
        "data": data,
        "evaluation": _evaluation_that_counts(spec),
        "metrics": list(spec.metrics),
        **_own_files(spec, hashes),
        **_base_as_it_is(spec),
    }


def _base_as_it_is(spec: Spec) -> Inputs:
    """The base is measured beside a version where a gate asks for it; else nothing is said."""
    return {"base": "as it is"} if compares_with_base(spec.gates) else {}


def _own_files(spec: Spec, hashes: Mapping[str, str]) -> Inputs:
    """Hashes of the files that evaluation reads beside the data; nothing where there is none."""
    own = {path: hashes[path] for path in sorted(spec.evaluation.own_files)}
    return {"own_files": own} if own else {}


def criteria_digest(spec: Spec) -> Digest:
    """Digest of what success means, as declared; the one that is fixed when a training starts.

    Over what was written, not over defaults: a new field of a gate changes nothing here.
    """
    if spec.ungated:
        return digest_of("ungated")
    return digest_of([gate.model_dump(exclude_defaults=True) for gate in spec.gates])


def gates_digest(spec: Spec, overrides: Sequence[Override] = ()) -> Digest:
    """Digest of a judgement: the criteria, and the overrides that are in force when it is made.

    One that is new, or has expired, so asks for a new judgement by itself.
    """
    return digest_of(
        {
            "format": JUDGE_FORMAT,
            "criteria": criteria_digest(spec),
            "overrides": [override.model_dump() for override in overrides],
        }
    )
