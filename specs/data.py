"""``spec.data``: where the rows are, what their columns mean, and what is checked first."""

from typing import Literal

from pydantic import Field

from specs.paths import DataFile
from specs.section import Section

CheckAction = Literal["fail", "drop", "quarantine", "report"]
NearLeakageAction = Literal["fail", "exclude_from_gates", "report"]


class Columns(Section):
    """Which column plays which part. Classification: text and label. Generation: the others."""

    text: str = "text"
    label: str = "label"
    prompt: str | None = None
    completion: str | None = None
    messages: str | None = None


class ValidationSplit(Section):
    """Take a seeded, stratified share of the training rows for validation."""

    split: float = Field(default=0.1, gt=0, lt=1)
    """Share of the training rows, 0 to 1."""


class Checks(Section):
    """What is looked for before any training, and what is done about it."""

    exact_duplicates: CheckAction = "drop"
    near_duplicates: Literal["fail", "report"] = "report"
    exact_leakage: CheckAction = "drop"
    """Test rows that are training rows too: ``drop`` takes them out of the test rows."""
    near_leakage: NearLeakageAction = "exclude_from_gates"
    label_issues: Literal["fail", "report"] = "report"
    empty_rows: CheckAction = "drop"
    min_rows_per_label: int = Field(default=5, ge=1)
    personal_data: Literal["fail", "report"] = "report"


class Data(Section):
    """The datasets of a model: DVC-tracked files and the meaning of their columns."""

    train: DataFile
    """Path in the repository; tracked by ``<path>.dvc``. csv, jsonl or parquet."""
    validation: DataFile | ValidationSplit = ValidationSplit()
    """A file, or a share of the training rows."""
    test: DataFile
    """Held-out rows, used for evaluation only."""
    columns: Columns = Columns()
    slices: dict[str, str] = {}
    """Slice family → a column, or ``len(text) < N``."""
    checks: Checks = Checks()
