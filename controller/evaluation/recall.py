"""Answers that are kept: no text is predicted twice while a version is measured."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from controller.evaluation.predictors import Tell

Key = TypeVar("Key", bound=Hashable)
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

MAX_ANSWERS = 500_000
"""Answers that are kept at most: of 77 labels each about 200 MB. What comes later is asked anew."""


class Recall(Generic[Key, Asked, Answer]):
    """Answers by what was asked: judging, perturbations, bias and explanations share them."""

    def __init__(
        self,
        answer: Callable[[Sequence[Asked], Tell], Iterable[Answer]],
        *,
        at_most: int = MAX_ANSWERS,
    ) -> None:
        """``answer`` gives one answer for each thing that is asked, in their order."""
        self._answer = answer
        self._at_most = at_most
        self._known: dict[Key, Answer] = {}
        self.asked = 0
        """What was answered anew so far."""

    def answers(self, asked: Mapping[Key, Asked], tell: Tell) -> dict[Key, Answer]:
        """Answer everything that is asked; only what was never asked before costs anything."""
        new = [key for key in asked if key not in self._known]
        found = self._answer([asked[key] for key in new], tell) if new else ()
        self.asked += len(new)
        fresh = dict(zip(new, found, strict=True))
        room = max(0, self._at_most - len(self._known))
        self._known.update(dict(list(fresh.items())[:room]) if room < len(fresh) else fresh)
        return {key: fresh[key] if key in fresh else self._known[key] for key in asked}
