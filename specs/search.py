"""``spec.training.search``: what is tried, how the next try is chosen, and what is best."""

from typing import Literal

from pydantic import Field

from specs.section import Section

Value = bool | int | float | str | list[str]
"""What a searched field may be set to."""


class Parameter(Section):
    """The values of one searched field: a range (``low``, ``high``) or ``choices``."""

    low: int | float | None = None
    """The smallest value."""
    high: int | float | None = None
    """The largest value."""
    log: bool = False
    """Try values evenly by their order of size: for rates, which span powers of ten."""
    step: int | float | None = Field(default=None, gt=0)
    """Distance between the values; null: any value in the range."""
    choices: list[Value] | None = None
    """The values, instead of a range."""


class Search(Section):
    """Hyperparameters that are searched: trials on the validation rows, of which the best wins."""

    trials: int | None = Field(default=None, ge=1, le=1000)
    """How many trials there are; null: 12, or every point of a grid."""
    parameters: dict[str, Parameter] = {}
    """Field → its values. Fields are Hugging Face's argument names (``learning_rate``), or dotted
    from ``training`` (``lora.r``, ``head.pooling``, ``method``)."""
    sampler: Literal["tpe", "random", "grid"] = "tpe"
    """How values are chosen: ``tpe`` learns from the trials so far; ``random``; ``grid`` tries
    every combination of ``choices`` and steps."""
    pruner: Literal["none", "median", "halving"] = "none"
    """Which trials are ended early: ``median``, those worse than half of the earlier ones after as
    many validations; ``halving``, all but the best third after 1, 3 and 9 validations."""
    metric: str | None = None
    """What the best trial is best at, on the validation rows; null: ``f1_macro``, or ``loss`` for
    causal-lm."""
