"""Labels that are probably wrong, to a cheap model that did not see the row. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from controller.data.findings import Action
from controller.data.inspection import Inspection
from controller.data.label_search import LabelSearch, search
from controller.data.rows import CLASSIFICATION, Row

LEAST_ROWS = 100
"""With fewer rows the model knows too little to doubt a label."""
LEAST_ROWS_OF_A_LABEL = 5
"""Labels with fewer rows are not judged, nor learned from."""

LEAST_PRECISION = 0.25
"""Of 100 rows that are doubted, so many at least are among those damaged at random on purpose."""


def check_label_issues(inspection: Inspection) -> None:
    """Suspect labels of training rows, and of held-out rows where they are only reported.

    A held-out row that the model gets wrong must not leave the test because of that: what is left
    would be what models agree on.
    """
    if inspection.task != CLASSIFICATION:
        return
    labels = _judged_labels(inspection.rows["train"])
    reason = _why_not(inspection, labels)
    if reason:
        inspection.skipped("label_issues", "train", f"suspected labels: not looked for; {reason}")
        return
    known = {label: number for number, label in enumerate(labels)}
    rows = {split: _known_rows(found, known) for split, found in inspection.rows.items()}
    texts = {split: inspection.folded(split) for split in inspection.rows}
    found = search(
        {
            split: (
                [texts[split][index] for index in indices],
                np.array([known[inspection.rows[split][index].target] for index in indices]),
            )
            for split, indices in rows.items()
        },
        len(labels),
        seed=inspection.seed,
    )
    inspection.measured("label_issues", found.facts)
    told: float = found.facts["planted"]["random"]["precision_at_least"]
    if told < LEAST_PRECISION:
        reason = (
            "suspected labels: not listed; a cheap model cannot tell these labels apart "
            f"(of rows whose label it doubted, {told:.0%} were those damaged on purpose)"
        )
        inspection.skipped("label_issues", "train", reason)
        return
    for split, indices in rows.items():
        flagged = {
            indices[suspect.row]: {
                "suggested": labels[suspect.suggested],
                "odds": suspect.odds,
            }
            for suspect in found.suspects[split]
        }
        action = _action(inspection, found) if split == "train" else "report"
        what = "suspected labels, most doubtful first"
        inspection.found("label_issues", split, action, flagged, what=what)


def _judged_labels(rows: Sequence[Row]) -> list[str]:
    counts = Counter(row.target for row in rows)
    return sorted(label for label, count in counts.items() if count >= LEAST_ROWS_OF_A_LABEL)


def _why_not(inspection: Inspection, labels: Sequence[str]) -> str | None:
    rows = inspection.rows["train"]
    if any(row.labels is not None for row in rows):
        return "rows with many labels each are not judged yet"
    if len(rows) < LEAST_ROWS:
        return f"{len(rows)} training rows are too few, {LEAST_ROWS} are needed"
    if len(labels) < 2:  # noqa: PLR2004  (nothing to mix up)
        return f"fewer than two labels have {LEAST_ROWS_OF_A_LABEL} rows"
    return None


def _known_rows(rows: Sequence[Row], known: Mapping[str, int]) -> list[int]:
    return [index for index, row in enumerate(rows) if row.target in known]


def _action(inspection: Inspection, found: LabelSearch) -> Action:
    """``fail`` is meant of too many wrong labels, never of the first doubtful one."""
    action: Action = inspection.checks.label_issues
    rate: dict[str, Any] = found.facts["estimated_rate"]
    if action == "fail" and rate["low"] <= inspection.checks.max_label_noise:
        return "report"
    return action
