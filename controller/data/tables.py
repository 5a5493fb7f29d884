"""Read a dataset file: chosen columns, row by row, with a place for everything that is wrong.

One file is read whole; the kind follows from the suffix. Row numbers count data rows from 1, line
numbers count lines of the file from 1 (a quoted CSV field may hold several lines).
"""

import csv
import difflib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from controller.errors import DataError
from specs.errors import Place

SUFFIXES = (".csv", ".jsonl", ".parquet")
MAX_FIELD_CHARACTERS = 10_000_000
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}

Record = dict[str, Any]
"""Column → value, of one row: text from CSV, JSON values from the others."""


@dataclass(frozen=True, slots=True)
class NumberedRecord:
    """One row with its place."""

    row: int
    line: int | None
    """Last line of the row; None where the format has no lines."""
    values: Record


def read_table(content: Path, path: str, columns: Sequence[str]) -> Iterator[NumberedRecord]:
    """Yield the rows of a dataset file.

    Args:
        content: The file on this machine (a cache path, so without a telling name).
        path: Its name in the repository: decides the format and stands in errors.
        columns: The columns that are needed; they must all be there.

    Raises:
        DataError: Unknown suffix, missing column, or a row that cannot be read.
    """
    match Path(path).suffix.lower():
        case ".csv":
            yield from _read_csv(_text_of(content, path), path, columns)
        case ".jsonl":
            yield from _read_jsonl(_text_of(content, path), path, columns)
        case ".parquet":
            yield from _read_parquet(content, path, columns)
        case suffix:
            raise DataError(
                f"files of kind {suffix or 'without a suffix'!r} cannot be read",
                place=Place(path),
                reason="FormatUnknown",
                fix=f"use one of {', '.join(SUFFIXES)}",
            )


def _text_of(content: Path, path: str) -> str:
    data = content.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The decoder counts from after a byte-order mark.
        start = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        line_start = data.rfind(b"\n", 0, start) + 1
        raise DataError(
            f"byte 0x{data[start]:02x} is not UTF-8",
            place=Place(path, data.count(b"\n", 0, start) + 1, start - line_start + 1),
            reason="EncodingInvalid",
            fix="save the file as UTF-8",
        ) from error


def _read_csv(text: str, path: str, columns: Sequence[str]) -> Iterator[NumberedRecord]:
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    row = 0
    try:
        for fields in reader:
            if not fields:
                continue  # a blank line is no row, as every CSV reader has it
            if header is None:
                header = fields
                _check_header(header, path, reader.line_num, columns)
                continue
            row += 1
            if len(fields) != len(header):
                raise _ragged(fields, header, row, Place(path, reader.line_num))
            yield NumberedRecord(row, reader.line_num, dict(zip(header, fields, strict=True)))
    except csv.Error as error:
        problem = f"row {row + 1} is not CSV: {error}"
        fix = 'close its quotes, and write a quote inside a field twice ("")'
        raise _unreadable(path, reader.line_num, problem, fix=fix) from error
    if header is None:
        raise empty_file(path)


def _check_header(header: list[str], path: str, line: int, columns: Sequence[str]) -> None:
    twice = sorted({name for name in header if header.count(name) > 1} & set(columns))
    if twice:
        problem = f"the column {twice[0]!r} is there twice"
        raise DataError(problem, place=Place(path, line), reason="ColumnInvalid")
    for column in columns:
        if column not in header:
            raise _no_column(column, header, Place(path, line), wanted=columns)


def _ragged(fields: list[str], header: list[str], row: int, place: Place) -> DataError:
    problem = f"row {row} has {len(fields)} fields, the header has {len(header)}"
    fix = "put a field that holds commas, quotes or line breaks in double quotes"
    return DataError(problem, place=place, reason="RowUnreadable", fix=fix)


def _read_jsonl(text: str, path: str, columns: Sequence[str]) -> Iterator[NumberedRecord]:
    row = 0
    # Split at \n alone: str.splitlines would also split at U+2028, which JSON allows in strings.
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        row += 1
        values = _json_object(content, path, line)
        for column in columns:
            if column not in values:
                raise _no_column(column, list(values), Place(path, line), wanted=columns)
        yield NumberedRecord(row, line, values)
    if row == 0:
        raise empty_file(path)


def _json_object(content: str, path: str, line: int) -> Record:
    try:
        values = json.loads(content)
    except json.JSONDecodeError as error:
        problem = f"not JSON: {error.msg}"
        fix = "write one JSON object a line"
        raise _unreadable(path, line, problem, column=error.colno, fix=fix) from error
    if not isinstance(values, dict):
        problem = f"a line has to be a JSON object, this one is {type(values).__name__}"
        raise _unreadable(path, line, problem, fix='write it as {"text": ..., "label": ...}')
    return values


def _read_parquet(content: Path, path: str, columns: Sequence[str]) -> Iterator[NumberedRecord]:
    try:
        with pyarrow.parquet.ParquetFile(content) as file:
            names = file.schema_arrow.names
            for column in columns:
                if column not in names:
                    raise _no_column(column, names, Place(path), wanted=columns)
            row = 0
            for batch in file.iter_batches(columns=list(dict.fromkeys(columns))):
                for values in batch.to_pylist():
                    row += 1
                    yield NumberedRecord(row, None, values)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
        problem = f"not a Parquet file that can be read: {str(error).splitlines()[0]}"
        raise _unreadable(path, None, problem, fix="write it again") from error
    if row == 0:
        raise empty_file(path)


def empty_file(path: str) -> DataError:
    """Say that a dataset has no rows."""
    fix = "check that the right file was added to DVC"
    return DataError("there are no rows", place=Place(path), reason="DataEmpty", fix=fix)


def _no_column(
    column: str, there: Sequence[str], place: Place, *, wanted: Sequence[str]
) -> DataError:
    problem = f"no column {column!r}; the file has: {', '.join(there) or 'none'}"
    near = difflib.get_close_matches(column, there, n=1, cutoff=0.5)
    spare = [name for name in there if name not in wanted]
    if near or len(spare) == 1:
        problem += f"; did you mean {(near or spare)[0]!r}?"
    fix = "name the column in spec.data.columns (or data.slices) as the file has it"
    if len(there) == 1:
        for delimiter, name in _OTHER_DELIMITERS.items():
            if delimiter in there[0]:
                fix = f"the header looks separated by {name}; separate it by commas"
    return DataError(problem, place=place, reason="ColumnAbsent", fix=fix)


def _unreadable(
    path: str, line: int | None, problem: str, *, fix: str, column: int | None = None
) -> DataError:
    return DataError(problem, place=Place(path, line, column), reason="RowUnreadable", fix=fix)
