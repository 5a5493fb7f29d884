"""Weak slices: where a version is worse than elsewhere, though nobody thought to declare it.

Costs no prediction: it is arithmetic over the rows that were judged already. What is found is
told with the rule that declares it, so that the next commit can put a gate on it; a gate on what
was chosen for being the worst would be no fair test of the version it was chosen on.
"""

from dataclasses import asdict
from typing import Any

import numpy as np

from controller.evaluation.intervals import newcombe
from controller.evaluation.predictors import JudgedRow
from controller.evaluation.scored_rows import BoolArray
from controller.evaluation.studies.base import Bench, Studied
from controller.evaluation.studies.estimates import rate_of
from controller.evaluation.studies.showing import answer_of, right_answer_of, shortened
from controller.evaluation.studies.weak_slices.features import candidates
from controller.evaluation.studies.weak_slices.search import WeakSlice, weak_slices
from registry.records import Estimate
from specs.evaluation import Evaluation

MAX_EXAMPLES = 5


class WeakSlicesStudy:
    """The search for slices that are worse than the rest."""

    def is_wanted(self, evaluation: Evaluation) -> bool:
        """Whether the spec asks for it; it does by default."""
        return evaluation.weak_slices is not None

    def run(self, bench: Bench) -> Studied:
        """Search the counted test rows."""
        wanted = bench.evaluation.weak_slices
        assert wanted is not None
        places = bench.counted
        judged = [bench.judged[place] for place in places]
        texts = [bench.predictor.text_of(bench.rows[place]) for place in places]
        wrong = np.array([not _is_right(line) for line in judged], dtype=np.bool_)
        families = list(judged[0]["slices"]) if judged else []
        tested = candidates(
            texts,
            {family: [line["slices"][family] for line in judged] for family in families},
            column="text" if "predicted" in bench.judged[0] else "prompt",
            least=wanted.min_rows,
        )
        found = weak_slices(tested, wrong, rate=wanted.false_discovery_rate, at_most=wanted.at_most)
        return Studied(
            report={
                "tested": len(tested),
                "rows": len(places),
                "false_discovery_rate": wanted.false_discovery_rate,
                "found": [_told(bench, one, places, wrong) for one in found],
            }
        )


def _is_right(line: JudgedRow) -> bool:
    return bool(line["correct"] if "correct" in line else line["exact_match"])


def _told(bench: Bench, found: WeakSlice, places: list[int], wrong: BoolArray) -> dict[str, Any]:
    inside = np.zeros(len(wrong), dtype=np.bool_)
    inside[found.candidate.rows] = True
    right = (~wrong).astype(np.float64)
    here, elsewhere = rate_of(right[inside]), rate_of(right[~inside])
    low, high = newcombe((here.value, here.n), (elsewhere.value, elsewhere.n))
    difference = Estimate(here.value - elsewhere.value, low, high, here.n, "newcombe")
    shown = [places[index] for index in found.candidate.rows if wrong[index]][:MAX_EXAMPLES]
    return {
        "slice": found.candidate.name,
        "declare": found.candidate.rule,
        "accuracy": asdict(here),
        "elsewhere": asdict(elsewhere),
        "difference": asdict(difference),
        "p": found.p,
        "adjusted_p": found.adjusted,
        "examples": [
            {
                "row": bench.rows[place]["row"],
                "text": shortened(bench.predictor.text_of(bench.rows[place])),
                "answer": answer_of(bench.judged[place]),
                "right": right_answer_of(bench.rows[place]),
            }
            for place in shown
        ],
    }
