"""A spec to change, and what the loader says about the change."""

from collections.abc import Callable

import pytest

from specs.loader import load_specs
from specs.model import Spec

PATH = "specs/support.yaml"

TEXT = """\
apiVersion: trueup/v1
kind: Model
metadata:
  name: support
  owner: support-team
spec:
  task: text-classification
  base:
    model: org/base
    revision: null
  data:
    train: data/train.csv
    validation: {split: 0.1}
    test: data/test.csv
    columns: {text: text, label: category}
    slices: {channel: channel, short: "len(text) < 40"}
  training:
    method: lora
    lora: {r: 16, target_modules: auto}
    arguments: {learning_rate: 1e-3}
    seed: 17
  evaluation:
    metrics: [accuracy, f1_macro, loss]
  gates:
    - {metric: f1_macro, min: 0.85}
    - {metric: accuracy, slice: "*", min: 0.70}
    - {metric: f1_macro, against: live, max_drop: 0.01}
  promotion: {pin: null}
  serving: {capture: 1.0}
  monitoring:
    window: {size: 500}
    detectors: [text, prediction]
"""

Change = tuple[str, str]


def changed(*changes: Change) -> str:
    text = TEXT
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} must stand in the text once"
        text = text.replace(old, new)
    return text


@pytest.fixture
def text() -> str:
    return TEXT


@pytest.fixture
def said() -> Callable[..., list[str]]:
    """Load the spec with some parts replaced; return its errors without the path."""

    def load(*changes: Change, whole: str | None = None) -> list[str]:
        written = changed(*changes) if whole is None else whole
        result = load_specs({PATH: written.encode()})
        assert bool(result.models) != bool(result.errors)
        return [str(error).removeprefix(f"{PATH}:") for error in result.errors.get(PATH, ())]

    return load


@pytest.fixture
def spec_of() -> Callable[..., Spec]:
    """Load the spec with some parts replaced, or a whole other text; it must be valid."""

    def load(*changes: Change, whole: str | None = None) -> Spec:
        written = changed(*changes) if whole is None else whole
        result = load_specs({PATH: written.encode()})
        assert not result.errors
        return next(iter(result.models.values())).spec.spec

    return load
