"""Near twins: of training rows among the held-out ones, and among the training rows. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.data.duplicates import method_for, near_twins
from controller.data.findings import Action
from controller.data.folding import folded
from controller.data.inspection import Inspection
from controller.data.overlap import known_passages
from controller.data.rows import CLASSIFICATION, Row

_LONG_PREFIX = 20
"""Letters that all texts have at the start, from which they are an instruction, not the text."""


def check_near_twins(inspection: Inspection) -> None:
    """Find near twins among the rows of all splits at once, and record them split by split."""
    places = [
        (split, index) for split in _in_order(inspection) for index in _indices(inspection, split)
    ]
    texts = _compared(inspection)
    known = len(inspection.rows["train"]) + len(inspection.rows.get("validation", ()))
    found = near_twins(texts, known=known)
    inspection.measured("near_duplicates", {"texts": len(texts), "method": method_for(texts)})
    twins = {places[later]: places[earlier] for later, earlier in found.items()}
    _near_duplicates(inspection, twins)
    _near_leakage(inspection, twins)


def _near_duplicates(inspection: Inspection, twins: Mapping[Any, Any]) -> None:
    """Training rows that nearly repeat an earlier one. Never dropped: some differ in meaning."""
    rows = inspection.rows["train"]
    flagged = {
        index: {"near_row": rows[other].number, "near_text": rows[other].text}
        for (split, index), (_, other) in sorted(twins.items())
        if split == "train"
    }
    inspection.train_twins = {
        rows[index].number: more["near_row"] for index, more in flagged.items()
    }
    action = inspection.checks.near_duplicates
    inspection.found("near_duplicates", "train", action, flagged, what="near duplicates")


def _near_leakage(inspection: Inspection, twins: Mapping[Any, Any]) -> None:
    """Held-out rows that nearly repeat a known one: they measure memory, not understanding."""
    splits = _in_order(inspection)
    for position, split in enumerate(splits[1:], start=1):
        known = splits[:position]
        found = {
            index: (place, "near twin")
            for (of, index), place in twins.items()
            if of == split and place[0] in known
        }
        for index, place in _passages(inspection, split, known).items():
            found.setdefault(index, (place, "runs of words"))
        flagged = {index: _shown(inspection, *found[index]) for index in sorted(found)}
        action: Action = inspection.checks.near_leakage
        if split == "validation" and action != "fail":
            action = "report"
        what = f"near twins of {' or '.join(known).replace('train', 'training')} rows"
        numbers = frozenset(inspection.rows[split][index].number for index in flagged)
        inspection.found("near_leakage", split, action, flagged, what=what)
        if split == "test" and action != "fail":
            inspection.near_leaks = numbers


def _shown(inspection: Inspection, place: tuple[str, int], how: str) -> dict[str, Any]:
    split, index = place
    row = inspection.rows[split][index]
    more = {"near_row": row.number, "near_text": row.text}
    more |= {} if split == "train" else {"near_split": split}
    return more | ({} if how == "near twin" else {"by": how})


def _passages(
    inspection: Inspection, split: str, known: Sequence[str]
) -> dict[int, tuple[str, int]]:
    places = [(of, index) for of in known for index in _indices(inspection, of)]
    texts = [text for of in known for text in _whole(inspection, of)]
    found = known_passages(_whole(inspection, split), texts)
    return {index: places[other] for index, other in found.items()}


def _compared(inspection: Inspection) -> list[str]:
    """The texts of all splits, without what they all start with."""
    texts = [text for split in _in_order(inspection) for text in _asked(inspection, split)]
    first, last = min(texts), max(texts)
    # What the first and the last in order start with, all between them start with.
    pairs = enumerate(zip(first, last, strict=False))
    start = next((at for at, (one, other) in pairs if one != other), len(first))
    return [text[start:] for text in texts] if start >= _LONG_PREFIX else texts


def _asked(inspection: Inspection, split: str) -> list[str]:
    """What is asked in each row; of a conversation, without the instructions to the system."""
    rows = inspection.rows[split]
    if not any(row.messages for row in rows):
        return inspection.folded(split)
    return [folded(_talk(row)) for row in rows]


def _whole(inspection: Inspection, split: str) -> list[str]:
    """What is asked and answered in each row, where the answer is a text."""
    asked = _asked(inspection, split)
    if inspection.task == CLASSIFICATION:
        return asked
    rows = inspection.rows[split]
    return [f"{text} {folded(row.target)}" for text, row in zip(asked, rows, strict=True)]


def _talk(row: Row) -> str:
    if not row.messages:
        return row.text
    return "\n".join(turn["content"] for turn in row.messages[:-1] if turn["role"] != "system")


def _in_order(inspection: Inspection) -> list[str]:
    return [split for split in ("train", "validation", "test") if split in inspection.rows]


def _indices(inspection: Inspection, split: str) -> range:
    return range(len(inspection.rows[split]))
