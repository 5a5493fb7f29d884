"""The words that name things everywhere: in specs, tables, metrics and pages.

Every name that crosses a process is one of these; each has one pattern, checked once, here.
"""

import re
from collections.abc import Iterable
from typing import Annotated, NewType

from pydantic import StringConstraints

Revision = NewType("Revision", str)
"""``branch@sha1:<40 hex>``: one commit on one branch."""

Digest = NewType("Digest", str)
"""``sha256:<64 hex>`` (or ``md5:<32 hex>`` for what DVC hashed): always with its algorithm."""

MODEL_NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
ModelName = Annotated[str, StringConstraints(pattern=MODEL_NAME_PATTERN)]
"""Lower-case letters, digits and inner hyphens, at most 63: safe in URLs, labels and paths."""

FAMILY_PATTERN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}")
"""A slice family: it stands in ``family=value``, in pages and in labels of metrics."""

LIVE = "live"
PREVIOUS = "previous"
CANDIDATE = "candidate"


NO_LABEL = "(none)"


def label_set(labels: Iterable[str]) -> str:
    """Name a set of labels in words, where one label would stand: reports, windows, counts."""
    return ", ".join(sorted(labels)) or NO_LABEL


def revision(branch: str, commit: str) -> Revision:
    """Name ``commit`` on ``branch`` in the form every record uses."""
    return Revision(f"{branch}@sha1:{commit}")


def commit_of(name: Revision) -> str:
    """Return the 40 hex digits of a revision."""
    return name.rpartition("sha1:")[2]
