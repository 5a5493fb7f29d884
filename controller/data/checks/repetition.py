"""Rows that repeat another row of the same split. Pure."""

from collections.abc import Mapping, Sequence

from controller.data.duplicates import repeats
from controller.data.folding import normalised
from controller.data.inspection import Inspection
from controller.data.rows import CLASSIFICATION, Row


def check_exact_duplicates(inspection: Inspection) -> None:
    """Rows that repeat text and label of an earlier row of the same split."""
    for split, rows in inspection.rows.items():
        found = _exact(rows)
        flagged = {index: {"same_as": rows[first].number} for index, first in found.items()}
        action = inspection.checks.exact_duplicates
        inspection.found("exact_duplicates", split, action, flagged, what="exact duplicates")


def check_normalised_duplicates(inspection: Inspection) -> None:
    """Rows that repeat an earlier one but for case, punctuation and width of the text.

    A label is a word, and compared like one; of an answer every sign may count.
    """
    for split, rows in inspection.rows.items():
        texts, exact = inspection.folded(split), _exact(rows)
        answers = [_answer(inspection.task, row) for row in rows]
        flagged = {
            index: {"same_as": rows[first].number, "first_text": rows[first].text}
            for index, first in repeats(list(zip(texts, answers, strict=True))).items()
            if index not in exact
        }
        action = inspection.checks.normalised_duplicates
        what = "duplicates but for case and punctuation"
        inspection.found("normalised_duplicates", split, action, flagged, what=what)


def _exact(rows: Sequence[Row]) -> Mapping[int, int]:
    return repeats(
        [(normalised(row.text), *(normalised(label) for label in row.classes)) for row in rows]
    )


def _answer(task: str, row: Row) -> object:
    return row.classes if task == CLASSIFICATION else normalised(row.target)
