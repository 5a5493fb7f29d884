"""The probabilities that a version gave each label, as ``rows.jsonl`` keeps them. Pure.

With them a ranking metric of any slice, and of any two versions, is arithmetic afterwards. A row's
line holds the logarithms of its probabilities as float16 in base64: 2.7 characters for each label.
Logarithms, since float16 is fine near 0 and ranks small probabilities as well as large ones.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CHANCES = "chances"
"""The field of a judged row."""
LEAST = 1e-30
_STORED = np.dtype("<f2")


def packed(chances: NDArray[np.float32]) -> str:
    """Write one row's probabilities."""
    logs = np.log(np.maximum(chances.astype(np.float64), LEAST)).astype(_STORED)
    return b64encode(logs.tobytes()).decode()


def unpacked(lines: Sequence[str], columns: int) -> NDArray[np.float32]:
    """Read the logarithms of what ``packed`` wrote: float32 [rows, columns].

    Raises:
        ValueError: A line holds another number of probabilities.
    """
    content = b"".join(b64decode(line, validate=True) for line in lines)
    logs = np.frombuffer(content, dtype=_STORED).astype(np.float32)
    return logs.reshape(len(lines), columns)
