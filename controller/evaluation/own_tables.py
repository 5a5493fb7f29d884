"""Small tables of the user's own: paraphrases, terms and templates, read from the repository."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from controller.data.tables import NumberedRecord, empty_file, read_table
from controller.errors import DataError
from specs.errors import Place

PARAPHRASES = ("text", "paraphrase")
TERMS = ("term", "counterpart")
TEMPLATES = ("template",)


def columns_of(field: Sequence[str]) -> tuple[str, ...]:
    """The columns that a file must have, by the field below ``evaluation`` that names it."""
    return {"paraphrases": PARAPHRASES, "templates": TEMPLATES}.get(field[1], TERMS)


def check_table(content: bytes, path: str, field: Sequence[str]) -> None:
    """Read a file only to say what is wrong with it.

    Raises:
        DataError: The file cannot be read; names line and column.
    """
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        read_own(Path(file.name), path, columns_of(field))


def read_own(content: Path, path: str, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """Read the rows of one's own file, blanks at the ends of a cell dropped.

    Args:
        content: The file on this machine.
        path: Its name in the repository.
        columns: The columns it must have, none of them empty in any row.

    Raises:
        DataError: The file cannot be read; names line and column.
    """
    rows = []
    for record in _records(content, path, columns):
        cells = tuple(str(record.values[column] or "").strip() for column in columns)
        for column, cell in zip(columns, cells, strict=True):
            if not cell:
                raise DataError(
                    f"row {record.row}: {column!r} is empty",
                    place=Place(path, record.line),
                    reason="RowUnreadable",
                    fix="fill it, or remove the row",
                )
        rows.append(cells)
    if not rows:
        raise empty_file(path)
    return rows


def _records(content: Path, path: str, columns: Sequence[str]) -> list[NumberedRecord]:
    try:
        return list(read_table(content, path, columns))
    except DataError as error:
        if error.reason == "ColumnAbsent":
            # The columns of data can be named in the spec; those of one's own files are fixed.
            error.fix = f"its columns are {' and '.join(columns)}"
        raise
