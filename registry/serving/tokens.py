"""Texts to token ids, the same way in training, evaluation and serving.

The ``tokenizers`` library is used directly: a version always carries ``tokenizer.json``, and
loading that alone costs a hundredth of what loading it through transformers costs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from tokenizers import Tokenizer

Ids = list[int]
Side = Literal["right", "left"]
"""Which end of a text is cut."""


@dataclass(frozen=True)
class Placed:
    """A text as a version sees it, token by token."""

    ids: Ids
    spans: Sequence[tuple[int, int]]
    """The characters of the text that each token stands for; (0, 0) for special tokens."""
    is_special: Sequence[bool]
    """Which tokens the tokenizer has added."""


class TextTokenizer:
    """One tokenizer with one length limit. Calls do not change it, so threads may share it."""

    def __init__(self, folder: Path, *, max_length: int | None, cut: Side = "right") -> None:
        """``folder`` holds ``tokenizer.json``; longer texts are cut to ``max_length`` tokens.

        ``cut`` is the end that goes; special tokens always stay.
        """
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        # The file may carry the padding and length it was once saved with; ours are declared.
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        if max_length is not None:
            self._tokenizer.enable_truncation(max_length, direction=cut)

    def ids(self, texts: Sequence[str]) -> list[Ids]:
        """Token ids of each text, special tokens included."""
        return [ids for ids, _ in self.cut_ids(texts)]

    def cut_ids(self, texts: Sequence[str]) -> list[tuple[Ids, bool]]:
        """Token ids of each text, special tokens included, and whether something was cut off."""
        encodings = self._tokenizer.encode_batch_fast(list(texts))
        return [(encoding.ids, bool(encoding.overflowing)) for encoding in encodings]

    def plain_ids(self, texts: Sequence[str]) -> list[Ids]:
        """Token ids of each text, without special tokens."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def placed_ids(self, text: str) -> tuple[Ids, list[tuple[int, int]]]:
        """Token ids of a text without adding special tokens, and each token's characters in it."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return encoding.ids, encoding.offsets

    def placed(self, texts: Sequence[str]) -> list[Placed]:
        """Token ids of each text as ``ids`` gives them, and where each stands in the text."""
        return [
            Placed(found.ids, found.offsets, [bool(one) for one in found.special_tokens_mask])
            for found in self._tokenizer.encode_batch(list(texts))
        ]

    @property
    def special_ids(self) -> frozenset[int]:
        """The ids of the special tokens: those that ``text`` leaves out."""
        added = self._tokenizer.get_added_tokens_decoder()
        return frozenset(number for number, token in added.items() if token.special)

    def raw_text(self, ids: Sequence[int]) -> str:
        """The text of ``ids`` with its special tokens."""
        decoded: str = self._tokenizer.decode(list(ids), skip_special_tokens=False)
        return decoded

    def id_of(self, token: str) -> int | None:
        """The id of a (special) token; None when the vocabulary has none of this name."""
        found: int | None = self._tokenizer.token_to_id(token)
        return found

    def text(self, ids: Sequence[int]) -> str:
        """The text of ``ids``, special tokens left out."""
        decoded: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return decoded


def padded(rows: Sequence[Ids], *, pad_id: int) -> tuple[np.ndarray, np.ndarray]:
    """Right-pad ``rows`` to the longest (at least 1): ids and mask, int64 [rows, width]."""
    width = max(1, max((len(row) for row in rows), default=1))
    ids = np.full((len(rows), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return ids, mask
