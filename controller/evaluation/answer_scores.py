"""Scores of generated answers, beside those that the predictor gives: one number for each row."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from controller.evaluation.answer_forms import Check, pattern_check, schema_check
from controller.evaluation.answers import chrf, rouge_l
from controller.evaluation.predictors import JudgedRow, PreparedRow
from specs.evaluation import Evaluation

Score = Callable[[PreparedRow, str], float | bool]
"""(row, generated answer) → its score."""


def answer_scores(
    metrics: Sequence[str], evaluation: Evaluation, own: Mapping[str, Path]
) -> dict[str, Score]:
    """Those of ``metrics`` that an answer gets beside what the predictor says of it.

    ``own`` are the files that ``evaluation`` names, on this machine.

    Raises:
        EvaluationError: One of them cannot be used.
    """
    scores: dict[str, Score] = {
        "rouge_l": lambda row, answer: round(rouge_l(answer, row["completion"]), 6),
        "chrf": lambda row, answer: round(chrf(answer, row["completion"]), 6),
    }
    if evaluation.pattern is not None:
        scores["pattern_match"] = _of_form(pattern_check(evaluation.pattern))
    schema = evaluation.json_schema
    if schema is not None:
        scores["json_valid"] = _of_form(schema_check(own[schema].read_bytes(), path=schema))
    return {name: score for name, score in scores.items() if name in metrics}


def _of_form(check: Check) -> Score:
    return lambda _row, answer: check(answer)


def add_scores(
    scores: Mapping[str, Score], rows: Sequence[PreparedRow], judged: Sequence[JudgedRow]
) -> None:
    """Give every judged row each of ``scores``, by name."""
    for row, line in zip(rows, judged, strict=True):
        for name, score in scores.items():
            line[name] = score(row, line["generated"])
