"""Which rows are explained: half of them wrong answers, the rest spread over the labels. Pure."""

from collections.abc import Iterable, Sequence
from random import Random

from controller.evaluation.predictors import JudgedRow, PreparedRow
from controller.evaluation.studies.showing import right_answer_of


def drawn(
    rows: Sequence[PreparedRow],
    judged: Sequence[JudgedRow],
    places: Iterable[int],
    samples: int,
    *,
    seed: int,
) -> list[int]:
    """Draw ``samples`` of ``places``, wrong answers first; in the order in which they are drawn.

    Where there are fewer wrong answers than half, right ones take their part, and the other way.
    """
    rng = Random(f"{seed}:explain")  # noqa: S311  (a draw)
    shuffled = list(places)
    rng.shuffle(shuffled)
    wrong = [place for place in shuffled if not judged[place]["correct"]]
    right = [place for place in shuffled if judged[place]["correct"]]
    first = wrong[: samples // 2]
    spread = _spread(rows, right)
    return [*first, *spread, *wrong[len(first) :]][:samples]


def _spread(rows: Sequence[PreparedRow], places: Sequence[int]) -> list[int]:
    """One row of every label, then a second of every label, and so on."""
    of_label: dict[str, list[int]] = {}
    for place in places:
        of_label.setdefault(right_answer_of(rows[place]), []).append(place)
    turns = max((len(found) for found in of_label.values()), default=0)
    return [
        found[turn] for turn in range(turns) for found in of_label.values() if turn < len(found)
    ]
