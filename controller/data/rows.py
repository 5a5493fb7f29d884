"""Rows with meaning: what the declared columns make of a file's records."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.data.tables import NumberedRecord
from controller.errors import DataError
from specs.data import Columns, Data
from specs.errors import Place
from specs.expressions import SliceExpression, parse_expression
from specs.names import label_set

CLASSIFICATION = "text-classification"
ROLES = ("system", "user", "assistant")

Message = Mapping[str, str]
"""One turn: ``role`` and ``content``."""
LABEL_SEPARATOR = "|"
"""Stands between labels that are text, where the spec names nothing else."""


@dataclass(frozen=True, slots=True)
class Row:
    """One example of a dataset."""

    number: int
    """Row in its file, from 1, header excluded."""
    text: str
    """What the model reads: the text, or the prompt."""
    target: str
    """What it should answer: the label, the labels in words, or the completion."""
    slices: Mapping[str, str]
    """Slice family → value."""
    messages: tuple[Message, ...] = ()
    """The whole conversation, whose last turn is ``target``; empty where the rows are none."""
    labels: tuple[str, ...] | None = None
    """Multi-label: every label of the row, sorted, maybe none. None: ``target`` is the answer."""
    line: int | None = None
    """Last line of the row in its file, from 1; None where the format has no lines."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels of the row, be they one or many."""
        return (self.target,) if self.labels is None else self.labels


@dataclass(frozen=True)
class Reading:
    """How records become rows."""

    task: str
    columns: Columns
    slices: Mapping[str, SliceExpression]

    @classmethod
    def of(cls, data: Data, task: str) -> "Reading":
        """Take from a spec what reading needs.

        Raises:
            DataError: A slice is no column and no expression.
        """
        slices = {family: parse_expression(text) for family, text in data.slices.items()}
        return cls(task, data.columns, slices)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that a file must have."""
        of_slices = [name for slice_ in self.slices.values() for name in slice_.columns]
        # A slice over `text` means the text, whatever its column is called.
        own = [name for name in of_slices if name not in self._roles]
        return tuple(dict.fromkeys((*self._roles.values(), *sorted(own))))

    @property
    def _roles(self) -> dict[str, str]:
        """Role → column."""
        columns = self.columns
        if self.task == CLASSIFICATION and columns.labels is not None:
            return {"text": columns.text, "labels": columns.labels}
        if self.task == CLASSIFICATION:
            return {"text": columns.text, "label": columns.label}
        if columns.messages is not None:
            return {"messages": columns.messages}
        assert columns.prompt is not None  # the spec's own validation
        assert columns.completion is not None
        return {"prompt": columns.prompt, "completion": columns.completion}

    def rows_of(self, records: Iterable[NumberedRecord], path: str) -> list[Row]:
        """Turn records into rows.

        Raises:
            DataError: A field that is not text where text is needed; names row and column.
        """
        return [self._row(record, path) for record in records]

    def _row(self, record: NumberedRecord, path: str) -> Row:
        roles, labels = self._roles, None
        messages: tuple[Message, ...] = ()
        if "messages" in roles:
            messages = _conversation(record, path, roles["messages"])
            text, target = _prompt(messages[:-1]), messages[-1]["content"]
            known: dict[str, Any] = {"prompt": text, "completion": target, "text": text}
        elif "labels" in roles:
            separator = self.columns.label_separator or LABEL_SEPARATOR
            labels = _labels(record, path, roles["labels"], separator)
            text, target = _text(record, path, roles["text"]), label_set(labels)
            known = {"text": text, "labels": target}
        else:
            text, target = (_text(record, path, column) for column in roles.values())
            known = dict(zip(roles, (text, target), strict=True))
        if not self.slices:
            return Row(record.row, text, target, {}, messages, labels, record.line)
        values = known | {key: _plain(value) for key, value in record.values.items()}
        slices = {family: slice_.value_of(values) for family, slice_ in self.slices.items()}
        return Row(record.row, text, target, slices, messages, labels, record.line)


def _labels(record: NumberedRecord, path: str, column: str, separator: str) -> tuple[str, ...]:
    """Read the labels of a row: a list, or text with a separator; sorted, each once."""
    value = record.values[column]
    if isinstance(value, str):
        if value.strip().startswith("[") and value.strip().endswith("]"):
            problem = f"row {record.row}: {column!r} is a list written as text"
            fix = f"write the labels with {separator!r} between them, or use jsonl or parquet"
            place = Place(path, record.line)
            raise DataError(problem, place=place, reason="RowUnreadable", fix=fix)
        value = value.split(separator)
    found = [] if value is None else value if isinstance(value, list) else [value]
    if any(isinstance(one, dict | list | bytes) for one in found):
        problem = f"row {record.row}: {column!r} holds more than a list of labels"
        raise _unreadable(record, path, problem)
    return tuple(sorted({_plain(one).strip() for one in found} - {""}))


def _text(record: NumberedRecord, path: str, column: str) -> str:
    value = record.values[column]
    if isinstance(value, dict | list | bytes):
        problem = f"row {record.row}: {column!r} holds {type(value).__name__}, not text"
        raise _unreadable(record, path, problem)
    return _plain(value)


def _plain(value: Any) -> str:
    """Write any JSON or Arrow value as the text a person would read; a missing one is empty."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            # Labels 1 and 1.0 are one label; a column with a gap turns whole numbers into floats.
            return str(int(value))
        case _:
            return str(value)


def _conversation(record: NumberedRecord, path: str, column: str) -> tuple[Message, ...]:
    """Read a conversation, and refuse what nothing can be learned from."""
    found = record.values[column]
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except json.JSONDecodeError as error:
            problem = f"row {record.row}: {column!r} is not JSON: {error.msg}"
            raise _unreadable(record, path, problem) from error
    if not isinstance(found, list) or not all(_is_message(one) for one in found):
        problem = f"row {record.row}: {column!r} has to be a list of role and content"
        raise _unreadable(record, path, problem)
    messages = tuple({"role": one["role"], "content": one["content"]} for one in found)
    wrong = _wrong_turn(messages)
    if wrong:
        raise _unreadable(record, path, f"row {record.row}: {wrong}")
    if not messages[:-1] or messages[-1]["role"] != "assistant":
        problem = f"row {record.row}: {column!r} has to end with an answer of the assistant"
        raise _unreadable(record, path, problem)
    return messages


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(k), str) for k in ("role", "content")
    )


def _wrong_turn(messages: Sequence[Message]) -> str | None:
    for number, message in enumerate(messages, start=1):
        if message["role"] not in ROLES:
            known = f"the roles are {', '.join(ROLES)}"
            return f"turn {number} has the unknown role {message['role']!r}; {known}"
        if not message["content"].strip():
            return f"turn {number}, of the {message['role']}, is empty"
    return None


def _prompt(messages: Sequence[Message]) -> str:
    """One question stands for itself; longer talk is written out, one turn a line."""
    if len(messages) == 1:
        return messages[0]["content"]
    return "\n".join(f"{message['role']}: {message['content']}" for message in messages)


def _unreadable(record: NumberedRecord, path: str, problem: str) -> DataError:
    fix = "correct the row, or the columns in spec.data.columns"
    return DataError(problem, place=Place(path, record.line), reason="RowUnreadable", fix=fix)
