"""Reading files: every row, and a place for everything that is wrong."""

import json

import pyarrow
import pyarrow.parquet
import pytest

from controller.data.tables import read_table
from controller.errors import DataError


@pytest.fixture
def read(tmp_path):
    """Read content as the file of this name."""

    def read_content(content: bytes | str, path: str = "data/train.csv", columns=("text", "label")):
        file = tmp_path / "0123abcd"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return list(read_table(file, path, columns))

    return read_content


def refused(read, content, path="data/train.csv", columns=("text", "label")) -> DataError:
    with pytest.raises(DataError) as error:
        read(content, path, columns)
    return error.value


def test_rows_of_csv_know_their_number_and_line(read):
    records = read('text,label\n"a\nb",x\n\nc,y\n')

    assert [(record.row, record.line) for record in records] == [(1, 3), (2, 5)]
    assert records[0].values == {"text": "a\nb", "label": "x"}


def test_a_byte_order_mark_and_windows_line_ends_are_no_content(read):
    records = read(b"\xef\xbb\xbftext,label\r\na,x\r\n")

    assert records[0].values == {"text": "a", "label": "x"}


@pytest.mark.parametrize(
    ("header", "column", "meant"),
    [
        pytest.param("text,category", "label", "category", id="the only column left"),
        pytest.param("text,labels,id", "label", "labels", id="a similar name"),
    ],
)
def test_a_missing_column_is_named_with_what_is_there(read, header, column, meant):
    error = refused(read, f"{header}\n")

    assert f"no column {column!r}; the file has: {header.replace(',', ', ')}" in str(error)
    assert f"did you mean {meant!r}?" in str(error)
    assert str(error).startswith("data/train.csv:1: ")
    assert error.reason == "ColumnAbsent"


def test_another_delimiter_is_recognised(read):
    error = refused(read, "text;label\na;x\n")

    assert "semicolons" in error.fix


def test_a_ragged_row_is_named(read):
    error = refused(read, "text,label\na,x\nb, and more,y\n")

    assert str(error) == "data/train.csv:3: row 2 has 3 fields, the header has 2"


def test_an_unclosed_quote_is_named(read):
    error = refused(read, 'text,label\n"a,x\nb,y\n')

    assert "row 1 is not CSV" in str(error)
    assert "quotes" in error.fix


def test_bytes_that_are_not_utf8_are_named_with_line_and_column(read):
    error = refused(read, b"text,label\nabc,x\nca\xe9,y\n")

    assert str(error) == "data/train.csv:3:3: byte 0xe9 is not UTF-8"


def test_bytes_that_are_not_utf8_are_found_behind_a_byte_order_mark(read):
    error = refused(read, b"\xef\xbb\xbftext,label\nca\xe9,y\n")

    assert str(error).startswith("data/train.csv:2:3: ")


@pytest.mark.parametrize(
    ("path", "content"),
    [("a.csv", ""), ("a.jsonl", "\n\n"), ("a.csv", "\n")],
)
def test_a_file_without_anything_is_refused(read, path, content):
    assert refused(read, content, path).reason == "DataEmpty"


def test_rows_of_jsonl_are_objects_one_a_line(read):
    content = '{"text": "a\\u2028b", "label": 1}\n\n{"text": "c", "label": null}\n'

    records = read(content, "train.jsonl")

    assert [(record.row, record.line) for record in records] == [(1, 1), (2, 3)]
    assert records[0].values == {"text": "a\u2028b", "label": 1}


@pytest.mark.parametrize(
    ("line", "place", "problem"),
    [
        pytest.param('{"text": "a",}', "train.jsonl:2:14", "not JSON", id="a comma too many"),
        pytest.param('["a", "x"]', "train.jsonl:2", "JSON object", id="a list"),
        pytest.param('{"text": "a"}', "train.jsonl:2", "no column 'label'", id="no label"),
    ],
)
def test_a_bad_line_of_jsonl_is_named(read, line, place, problem):
    error = refused(read, f'{{"text": "a", "label": "x"}}\n{line}\n', "train.jsonl")

    assert str(error).startswith(place)
    assert problem in str(error)


def test_parquet_gives_the_columns_that_are_needed(tmp_path):
    file = tmp_path / "cached"
    table = pyarrow.table({"text": ["a", "b"], "label": [1, 2], "other": [0.5, 0.5]})
    pyarrow.parquet.write_table(table, file)

    records = list(read_table(file, "train.parquet", ["text", "label"]))

    assert [record.values for record in records] == [
        {"text": "a", "label": 1},
        {"text": "b", "label": 2},
    ]
    assert records[1].row == 2


def test_parquet_without_the_column_is_refused(tmp_path):
    file = tmp_path / "cached"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a"], "category": ["x"]}), file)

    with pytest.raises(DataError, match="did you mean 'category'"):
        list(read_table(file, "train.parquet", ["text", "label"]))


def test_what_is_no_parquet_is_refused(read):
    assert refused(read, "text,label\n", "train.parquet").reason == "RowUnreadable"


def test_another_suffix_is_refused_with_those_that_are_known(read):
    error = refused(read, json.dumps([]), "train.json")

    assert error.reason == "FormatUnknown"
    assert ".jsonl" in error.fix
