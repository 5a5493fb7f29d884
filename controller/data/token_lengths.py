"""How long texts are in the base's own tokens, which of them are cut, and which stand out. Pure.

The ``tokenizers`` library reads the base's ``tokenizer.json`` directly: no model is loaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

FENCE = 3.0
"""Interquartile ranges of the logarithm beyond which a length stands out (Tukey's far out)."""
MIN_ROWS = 20
"""With fewer rows, quartiles say little."""
_CHUNK = 4096
_QUANTILES = (0, 25, 50, 75, 95, 99, 100)


@dataclass(frozen=True)
class Fences:
    """The shortest and the longest usual length."""

    low: float
    high: float


def fences(lengths: Sequence[int] | np.ndarray) -> Fences | None:
    """Where usual lengths end, on a logarithmic scale: lengths are skewed, their logs hardly are.

    None where there are too few rows, or half of them have one length.
    """
    if len(lengths) < MIN_ROWS:
        return None
    logs = np.log1p(np.asarray(lengths, dtype=np.float64))
    lower, upper = np.quantile(logs, (0.25, 0.75))
    reach = FENCE * (upper - lower)
    if reach == 0:
        return None
    return Fences(float(np.expm1(lower - reach)), float(np.expm1(upper + reach)))


def outliers(lengths: Sequence[int] | np.ndarray) -> tuple[list[int], Fences | None]:
    """Indices of the lengths beyond the fences, and the fences."""
    found = fences(lengths)
    if found is None:
        return [], None
    values = np.asarray(lengths)
    beyond = (values < found.low) | (values > found.high)
    return [int(index) for index in np.flatnonzero(beyond)], found


def spread(lengths: Sequence[int] | np.ndarray) -> dict[str, int]:
    """Quantiles: ``p0`` is the shortest, ``p50`` the median, ``p100`` the longest."""
    values = np.quantile(np.asarray(lengths), [one / 100 for one in _QUANTILES])
    return {f"p{at}": round(float(value)) for at, value in zip(_QUANTILES, values, strict=True)}


class Counts(Protocol):
    """What counts the tokens of texts."""

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text."""


@dataclass(frozen=True)
class Reader:
    """How the base will read the rows."""

    base: str
    """As the spec names it."""
    tokenizer: Counts
    max_length: int
    """Tokens of a row that the model sees."""

    def lengths(self, texts: Sequence[str]) -> np.ndarray:
        """Tokens of each text, special tokens included: int32 [texts]."""
        found = np.empty(len(texts), dtype=np.int32)
        for start in range(0, len(texts), _CHUNK):
            ids = self.tokenizer.ids(texts[start : start + _CHUNK])
            found[start : start + len(ids)] = [len(one) for one in ids]
        return found
