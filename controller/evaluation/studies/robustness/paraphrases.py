"""One's own paraphrases: test texts in other words, whose answer must stay the same."""

from collections import defaultdict
from random import Random
from typing import Any

from controller.errors import EvaluationError
from controller.evaluation.own_tables import PARAPHRASES, read_own
from controller.evaluation.studies.base import Bench
from controller.evaluation.studies.robustness.copies import Copies, judge_copies


def paraphrased(bench: Bench, path: str) -> tuple[Copies, dict[str, Any]]:
    """Judge the paraphrases of test rows; of several for one row, a seeded one stands for it.

    Raises:
        EvaluationError: No text of the file is the text of a test row.
    """
    pairs = read_own(bench.own_files[path], path, PARAPHRASES)
    others: dict[str, list[str]] = defaultdict(list)
    for text, paraphrase in pairs:
        others[text].append(paraphrase)
    known = {bench.predictor.question_of(row).strip() for row in bench.rows}
    unmatched = [text for text in others if text not in known]
    if len(unmatched) == len(others):
        raise EvaluationError(
            f"{path}: none of its {len(others):,} texts is the text of a test row",
            reason="ParaphrasesUnmatched",
            fix="write into `text` what stands in the test file, character by character",
        )
    first, more = [], []
    for place in bench.counted:
        row = bench.rows[place]
        question = bench.predictor.question_of(row)
        found = [other for other in others[question.strip()] if other != question]
        if found:
            rng = Random(f"{bench.seed}:paraphrases:{row['row']}")  # noqa: S311  (a draw)
            chosen = rng.choice(found)
            first.append((place, chosen))
            more += [(place, other) for other in found if other != chosen]
    phase = "predicting paraphrases"
    copies = Copies(judge_copies(bench, first, phase), judge_copies(bench, more, phase))
    return copies, {"file": path, "pairs": len(pairs), "texts_not_in_test": len(unmatched)}
