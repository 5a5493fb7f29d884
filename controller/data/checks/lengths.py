"""Lengths in tokens of the base: rows that are cut, and rows that stand out. Pure."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from controller.data.inspection import Inspection
from controller.data.rows import CLASSIFICATION, Row
from controller.data.token_lengths import outliers, spread

WITHOUT_TEMPLATE = "question and answer; what a template adds is not counted"


def check_lengths(inspection: Inspection) -> None:
    """Rows far longer or shorter than the training rows, then rows that ``max_length`` cuts."""
    reader = inspection.reader
    if reader is None:
        for check in ("length_outliers", "truncation"):
            inspection.skipped(check, "train", f"tokens were not counted: {inspection.why_unread}")
        return
    lengths = {
        split: reader.lengths([_text(row, inspection) for row in rows])
        for split, rows in inspection.rows.items()
    }
    kept = _outliers(inspection, lengths)
    _truncated(inspection, {split: lengths[split][at] for split, at in kept.items()})


def _outliers(inspection: Inspection, lengths: Mapping[str, Any]) -> dict[str, Any]:
    """Record the outliers; return the indices of the rows that are still there, by split."""
    _, fences = outliers(lengths["train"])
    fact: dict[str, Any] = {"unit": "tokens", "splits": {}}
    kept = {}
    for split, found in lengths.items():
        fact["splits"][split] = spread(found) if len(found) else {}
        beyond = np.zeros(len(found), dtype=bool)
        if fences is not None:
            beyond = (found < fences.low) | (found > fences.high)
        flagged = {int(at): {"tokens": int(found[at])} for at in np.flatnonzero(beyond)}
        action = inspection.checks.length_outliers
        what = "rows far longer or shorter than the others"
        inspection.found("length_outliers", split, action, flagged, what=what)
        is_out = action in ("drop", "quarantine")
        kept[split] = np.flatnonzero(~beyond) if is_out else np.arange(len(found))
    if fences is not None:
        fact |= {"low": round(fences.low, 1), "high": round(fences.high, 1)}
    inspection.measured("length_outliers", fact)
    return kept


def _truncated(inspection: Inspection, lengths: Mapping[str, Any]) -> None:
    reader = inspection.reader
    assert reader is not None
    shares = {}
    for split, found in lengths.items():
        cut = np.flatnonzero(found > reader.max_length)
        flagged = {int(at): {"tokens": int(found[at])} for at in cut}
        what = f"rows longer than max_length {reader.max_length} (tokens of {reader.base})"
        action = inspection.checks.truncation
        inspection.found("truncation", split, action, flagged, what=what)
        lost = int((found[cut] - reader.max_length).sum())
        shares[split] = {"rows": len(found), "cut": len(cut), "lost_tokens": lost}
    fact = {"base": reader.base, "max_length": reader.max_length, "splits": shares}
    if inspection.task != CLASSIFICATION:
        fact["counted"] = WITHOUT_TEMPLATE
    inspection.measured("truncation", fact)


def _text(row: Row, inspection: Inspection) -> str:
    return row.text if inspection.task == CLASSIFICATION else f"{row.text}\n{row.target}"
