"""Test rows as noise writes them, and what the version makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from controller.evaluation.predictors import JudgedRow
from controller.evaluation.studies.base import Bench
from controller.perturbations import NOISES


@dataclass(frozen=True)
class Copy:
    """One test row, written differently."""

    place: int
    """Of the row in ``Bench.rows``."""
    question: str
    """As it is written now."""
    after: JudgedRow
    """What the version made of it."""


@dataclass(frozen=True)
class Copies:
    """What one kind of noise made of the test rows."""

    rows: Sequence[Copy]
    """One for each row that the noise really changed."""
    more: Sequence[Copy] = ()
    """Further copies of the same rows: they count in the worst case only."""


def noisy_copies(bench: Bench, kind: str) -> Copies:
    """Write the counted test rows with one kind of noise, and judge those that it changed."""
    changed: dict[int, str] = {}
    for place in bench.counted:
        row = bench.rows[place]
        question = bench.predictor.question_of(row)
        # By row number, so that one row more leaves the noise of the others as it was.
        rng = Random(f"{bench.seed}:{kind}:{row['row']}")  # noqa: S311  (noise, not a secret)
        written = NOISES[kind](question, rng)
        if written != question:
            changed[place] = written
    return Copies(judge_copies(bench, list(changed.items()), f"predicting under {kind}"))


def judge_copies(bench: Bench, written: Sequence[tuple[int, str]], phase: str) -> list[Copy]:
    """Judge rows at places with other questions, in the order given."""
    rows = [bench.predictor.rewritten(bench.rows[place], question) for place, question in written]
    judged = bench.predictor.judge(rows, bench.tell(phase)) if rows else []
    return [
        Copy(place, question, after)
        for (place, question), after in zip(written, judged, strict=True)
    ]
