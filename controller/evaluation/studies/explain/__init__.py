"""Explanations: which words answers come from, how true that is, and labels that go by nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from controller.errors import EvaluationError
from controller.evaluation.predictors import Explains
from controller.evaluation.studies.base import Bench, Studied
from controller.evaluation.studies.estimates import mean_amount
from controller.evaluation.studies.explain.attributing import Explanation, explain
from controller.evaluation.studies.explain.faithfulness import DRAWS, REMOVED, faithfulness
from controller.evaluation.studies.explain.labels import suspicions, top_words
from controller.evaluation.studies.explain.sampling import drawn
from controller.evaluation.studies.showing import answer_of, right_answer_of
from specs.evaluation import Evaluation

FILE = "explanations.json"
SHOWN = 12
"""Explanations that the report holds; all are in the file."""
SHOWN_CHARACTERS = 600


class ExplainStudy:
    """Integrated gradients and occlusion for a sample of the held-out rows."""

    def is_wanted(self, evaluation: Evaluation) -> bool:
        """Whether the spec asks for it."""
        return evaluation.explain is not None

    def run(self, bench: Bench) -> Studied:
        """Explain a sample, and hold the explanations against the version.

        Raises:
            EvaluationError: The version cannot be asked.
        """
        predictor, wanted = bench.predictor, bench.evaluation.explain
        assert wanted is not None
        if not isinstance(predictor, Explains):
            raise EvaluationError(
                "explanations say which words a label comes from, and this version gives no labels",
                reason="NotExplainable",
                fix="remove evaluation.explain",
            )
        asked_before = predictor.asked
        places = drawn(bench.rows, bench.judged, bench.counted, wanted.samples, seed=bench.seed)
        texts = [predictor.text_of(bench.rows[place]) for place in places]
        tells = {name: bench.tell(f"explaining: {name}") for name in ("gradients", "occlusion")}
        found = explain(predictor, texts, tells)
        faithful = faithfulness(
            predictor, found, bench.tell("testing explanations"), seed=bench.seed
        )
        deltas = np.array([one.told.delta for one in found])
        rows = [
            _row(bench, place, one, predictor.labels)
            for place, one in zip(places, found, strict=True)
        ]
        by_label = _by_label(bench, predictor.labels, found)
        report = {
            "rows": len(found),
            "wrong": sum(not bench.judged[place]["correct"] for place in places),
            "baseline": predictor.blank[1],
            "convergence": _convergence(found),
            "faithfulness": {name: told for name, (_gain, told) in faithful.items()},
            "words_removed": REMOVED,
            "random_draws": DRAWS,
            "labels": by_label["labels"],
            "spurious": by_label["spurious"],
            "examples": _shown(rows),
            "asked": predictor.asked - asked_before,
        }
        return Studied(
            metrics={
                "explain.faithfulness_gain": faithful["integrated_gradients"][0],
                "explain.convergence_delta": mean_amount(deltas),
            },
            report=report,
            files={FILE: {"baseline": predictor.blank[1], "rows": rows}},
        )


def _shown(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Half of them wrong answers, where there are so many; long texts are only in the file."""
    short = [row for row in rows if len(row["text"]) <= SHOWN_CHARACTERS]
    wrong = [row for row in short if not row["correct"]]
    right = [row for row in short if row["correct"]]
    first = wrong[: max(SHOWN // 2, SHOWN - len(right))]
    return [*first, *right[: SHOWN - len(first)]]


def _by_label(
    bench: Bench, labels: Sequence[str], found: Sequence[Explanation]
) -> dict[str, list[dict[str, Any]]]:
    """What each label that was answered goes by; and what speaks against labels."""
    of_label: dict[str, list[Explanation]] = {}
    for one in found:
        of_label.setdefault(labels[one.column], []).append(one)
    known: dict[str, list[str]] = {}
    for row in bench.training_rows():
        for label in row["labels"] if "labels" in row else [row["label"]]:
            known.setdefault(label, []).append(bench.predictor.text_of(row))
    return {
        "labels": [
            {"label": label, "rows": len(of), "words": top_words(of)}
            for label, of in sorted(of_label.items())
        ],
        "spurious": [
            told
            for label, of in sorted(of_label.items())
            for told in suspicions(label, of, known.get(label, []))
        ],
    }


def _convergence(found: Sequence[Explanation]) -> dict[str, Any]:
    """How the deltas are distributed, in log odds, and beside the gaps that they are parts of."""
    if not found:
        return {}
    deltas = np.array([one.told.delta for one in found])
    gaps = np.array([abs(one.told.gap) for one in found])
    told = {"mean": deltas.mean(), "median": np.median(deltas), "max": deltas.max()}
    told |= {"p90": np.quantile(deltas, 0.9), "median_gap": np.median(gaps)}
    return {name: round(float(value), 6) for name, value in told.items()}


def _row(bench: Bench, place: int, one: Explanation, labels: Sequence[str]) -> dict[str, Any]:
    judged = bench.judged[place]
    return {
        "row": judged["row"],
        "text": one.text,
        "label": right_answer_of(bench.rows[place]),
        "predicted": answer_of(judged),
        "explained": labels[one.column],
        "correct": bool(judged["correct"]),
        "chance": round(one.chance, 4),
        "delta": round(one.told.delta, 6),
        "words": [
            {
                "start": word.span[0],
                "end": word.span[1],
                "gradients": round(word.gradients, 4),
                "occlusion": round(word.occlusion, 4),
            }
            for word in one.words
        ],
    }
