"""Take validation rows out of the training rows: seeded, stratified, and stable. Pure."""

import hashlib
from collections import Counter
from collections.abc import Sequence

from controller.data.rows import CLASSIFICATION, Row


def split_rows(
    rows: Sequence[Row], share: float, *, seed: int, task: str
) -> tuple[list[Row], list[Row]]:
    """Return the rows to train on and the rows to validate on, both in file order.

    A row's place is drawn from a hash of its text and the seed, label by label. So the same rows
    give the same split in any order, and a few new rows move few of the others.

    Args:
        rows: All training rows.
        share: Share of them to validate on, 0 to 1. Every label keeps a row to train on.
        seed: Another seed, another split.
        task: Classification is stratified by label, generation is not.
    """
    if any(row.labels is not None for row in rows):
        held = _held_by_label(rows, share, seed)
    else:
        held = _held_by_stratum(rows, share, seed=seed, task=task)
    return (
        [row for row in rows if row.number not in held],
        [row for row in rows if row.number in held],
    )


def _held_by_stratum(rows: Sequence[Row], share: float, *, seed: int, task: str) -> set[int]:
    strata: dict[str, list[Row]] = {}
    for row in rows:
        strata.setdefault(row.target if task == CLASSIFICATION else "", []).append(row)
    sizes = _sizes([len(stratum) for stratum in strata.values()], share)
    held: set[int] = set()
    for stratum, size in zip(strata.values(), sizes, strict=True):
        drawn = sorted(stratum, key=lambda row: _draw(row, seed))[:size]
        held.update(row.number for row in drawn)
    return held


def _held_by_label(rows: Sequence[Row], share: float, seed: int) -> set[int]:
    """Multi-label: give each label its share in turn, the rarest first (after Sechidis, 2011).

    A rare label has few rows to choose from; a frequent one can still be brought to its share by
    rows without the rare ones. Rows without any label come last, and fill up the total.
    """
    counts = Counter(label for row in rows for label in row.classes)
    left, undecided, held = counts.copy(), {row.number for row in rows}, set[int]()
    order = sorted(rows, key=lambda row: _draw(row, seed))
    for label in sorted(counts, key=lambda name: (counts[name], name)):
        missing = round(counts[label] * share) - (counts[label] - left[label])
        for row in order:
            if label not in row.classes or row.number not in undecided:
                continue
            undecided.discard(row.number)
            # Every label keeps a row to train on.
            if missing > 0 and all(left[one] > 1 for one in row.classes):
                held.add(row.number)
                left.subtract(row.classes)
                missing -= 1
    missing = round(len(rows) * share) - len(held)
    rest = [row.number for row in order if row.number in undecided]
    return held | set(rest[: max(0, missing)])


def _sizes(totals: Sequence[int], share: float) -> list[int]:
    """Share out the validation rows by largest remainder, so that the total is right as well."""
    exact = [total * share for total in totals]
    sizes = [min(int(size), total - 1) for size, total in zip(exact, totals, strict=True)]
    missing = round(sum(exact)) - sum(sizes)
    by_remainder = sorted(range(len(totals)), key=lambda i: (sizes[i] - exact[i], i))
    for index in by_remainder:
        if missing <= 0:
            break
        if sizes[index] < totals[index] - 1:
            sizes[index] += 1
            missing -= 1
    return sizes


def _draw(row: Row, seed: int) -> tuple[bytes, int]:
    digest = hashlib.blake2b(row.text.encode(), digest_size=8, salt=seed.to_bytes(8)).digest()
    # Rows with one text have one draw; the number only makes their order certain.
    return digest, row.number
