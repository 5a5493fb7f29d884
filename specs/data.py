"""``spec.data``: where the rows are, what their columns mean, and what is checked first."""

from typing import Literal

from pydantic import Field

from specs.paths import DataFile
from specs.section import Section

CheckAction = Literal["fail", "drop", "quarantine", "report"]
NearLeakageAction = Literal["fail", "exclude_from_gates", "report"]
DEFAULT_WARN_AFTER = 10


class Columns(Section):
    """Which column plays which part. Classification: text and label. Generation: the others."""

    text: str = "text"
    """text-classification: the column with the text."""
    label: str = "label"
    """text-classification: the column with the label; every distinct value is a class."""
    labels: str | None = Field(default=None, examples=["tags"])
    """text-classification, instead of ``label``: the column with all labels of a row, none to many;
    a list (jsonl, parquet), or text that ``label_separator`` splits (csv)."""
    label_separator: str | None = Field(default=None, min_length=1, examples=["|"])
    """What stands between the labels of a row where they are text; null: ``|``."""
    prompt: str | None = Field(default=None, examples=["prompt"])
    """causal-lm: the column with what is asked."""
    completion: str | None = Field(default=None, examples=["completion"])
    """causal-lm: the column with what should be answered."""
    messages: str | None = Field(default=None, examples=["messages"])
    """causal-lm, instead of the two: a column of ``{role, content}`` lists; the roles are system,
    user and assistant, and the last turn is the assistant's."""


class ValidationSplit(Section):
    """Take a seeded, stratified share of the training rows for validation."""

    split: float = Field(default=0.1, gt=0, lt=1)
    """Share of the training rows, 0 to 1."""
    at_most: int = Field(default=500, ge=1)
    """Never more rows than this: what is held back is not learned from."""

    def share_of(self, rows: int) -> float:
        """Share of so many training rows that is held back."""
        return min(self.split, self.at_most / max(rows, 1))


class Checks(Section):
    """What is looked for before any training, and what is done about it."""

    empty_rows: CheckAction = "drop"
    """Rows without a text, or without a label; with ``columns.labels`` no label is an answer."""
    garbled_rows: CheckAction = "report"
    """Broken encodings, and texts without words (causal-lm: broken encodings only)."""
    label_conflicts: CheckAction = "report"
    """The same text with different labels: at most one of them can be right; ``drop`` takes all of
    its rows. text-classification only."""
    exact_duplicates: CheckAction = "drop"
    """Rows that repeat text and label of an earlier row of the same split, white space aside."""
    normalised_duplicates: CheckAction = "drop"
    """The same without differences in case, punctuation and width."""
    near_duplicates: Literal["fail", "report"] = "report"
    """Training rows that nearly repeat an earlier one; never dropped, some differ in meaning."""
    exact_leakage: CheckAction = "drop"
    """Test rows that are training or validation rows too, and rows of a validation file that are
    training rows: ``drop`` takes them out of the test rows, and of the validation rows."""
    near_leakage: NearLeakageAction = "exclude_from_gates"
    """Test rows that nearly repeat a training or validation row, or share half of their runs of 13
    words with them: they measure memory, not understanding."""
    label_issues: Literal["fail", "quarantine", "report"] = "report"
    """Training rows whose label is probably wrong, to a model that did not see them; never changed.
    Of held-out rows they are only reported. text-classification only."""
    max_label_noise: float = Field(default=0.08, ge=0, le=1)
    """``label_issues: fail`` fails when surely more than this share of the labels is wrong."""
    rare_labels: Literal["fail", "drop", "report"] = "fail"
    """Labels with fewer training rows than ``min_rows_per_label``: ``drop`` takes out those rows.
    text-classification only."""
    min_rows_per_label: int = Field(default=5, ge=1)
    """A label with fewer training rows is rare."""
    imbalance: Literal["fail", "report"] = "report"
    """A largest label with more than ``max_imbalance`` times the rows of the smallest one.
    text-classification only."""
    max_imbalance: float = Field(default=50, ge=1)
    """Rows of the largest label for each row of the smallest one."""
    unseen_labels: Literal["fail", "drop", "report"] = "report"
    """Validation and test rows with a label that no training row has: they cannot be answered
    right. text-classification only."""
    personal_data: CheckAction = "report"
    """Rows with e-mail addresses, telephone, card, account or social security numbers, or IP
    addresses; the report shows them masked."""
    personal_data_by: Literal["patterns", "presidio"] = "patterns"
    """What finds personal data: own patterns with checksums, or Presidio's pattern recognizers
    beside them (``pip install 'trueup[pii]'``)."""
    secrets: CheckAction = "report"
    """Rows with keys, tokens or passwords; the report shows them masked."""
    length_outliers: CheckAction = "report"
    """Rows whose length in tokens of the base is far from that of the others."""
    truncation: CheckAction = "report"
    """Rows with more tokens than ``training.arguments.max_length``: what is beyond is cut off."""
    split_shift: Literal["fail", "report"] = "report"
    """Labels and declared slices of a held-out file in other shares than in the training rows."""
    role_order: CheckAction = "report"
    """Conversations whose user and assistant do not take turns. causal-lm only."""
    empty_answers: CheckAction = "report"
    """Answers without a letter or digit, and placeholders such as ``TODO``. causal-lm only."""
    unfinished_answers: CheckAction = "report"
    """Answers that are cut off, or say one sentence over and over. causal-lm only."""
    repeated_answers: Literal["fail", "report"] = "report"
    """One answer to many different questions. causal-lm only."""
    learning_curve: Literal["report", "skip"] = "report"
    """Whether more data or better data would pay, by a cheap model. text-classification only."""


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
    """Slice family → a column (one slice a value; ``label`` gives one a label), or a rule such as
    ``len(text) < 40`` or ``text contains "refund" and channel in ["chat", "email"]``."""
    checks: Checks = Checks()
    warn_after_candidates: int = Field(default=DEFAULT_WARN_AFTER, ge=1)
    """Warn when the test file has judged so many candidates: the best of many is partly luck."""
