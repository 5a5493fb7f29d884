"""YAML that cannot be read, or should not be: one clear error, and never much time."""

import time
from itertools import pairwise

import pytest

from specs.loader import load_specs
from specs.yaml_text import MAX_BYTES, read_yaml

SYNTAX = {
    "a tab": ("spec:\n\ttask: x", "2:1: a tab stands where YAML allows only spaces"),
    "two colons": ("a: b: c", "1:5: a ':' stands where no field can be"),
    "an open quote": ("a: 1\nb: 'x\nc: 2", "2:4: a quote is opened here and never closed"),
    "an open list": ("a: [1, 2\nb: 3", "1:4: a '[' is not closed, or a ',' is missing"),
    "an open mapping": ("a: {b: 2\nc: 3}\nd", "1:4: a '{' is not closed, or a ',' is missing"),
    "bad indentation": ("a:\n  b: 1\n c: 2", "3:2: the indentation does not fit the lines above"),
    "no colon": ("a: 1\nb\n", "2:1: a field without ':'"),
    "an unknown alias": ("a: *b", "1:4: an alias names no anchor"),
    "a percent sign": ("a: %x", "1:4: a value begins with a character that has a meaning in YAML"),
    "a second document": ("a: 1\n---\nb: 2", "2:1: a second document begins here"),
    "a bad directive": ("%YAML 9\n---\na: 1", "1:8: not YAML: "),
    "a control character": ("a: \x07", "1:4: the character U+0007 is not allowed in YAML"),
    "a tag": ("a: !!python/object:os.system x", "1:4: a: the YAML tag python/object:os.system"),
    "a merge key": ("a: &x {b: 1}\nc:\n  <<: *x", "3:3: c.<<: a key must be text (merge keys"),
    "a list as key": ("? [a]\n: 1", "1:3: a list or mapping: a key must be text"),
    "a number that is none": ("a: !!int x", "1:4: a: 'x' cannot be read as int"),
    "a huge number": ("a: " + "9" * 5000, "1:4: a: '999999"),
    "an empty number": ("a: !!int", "1:4: a: '' cannot be read as int"),
    "an escape beyond Unicode": ('a: "\\U00110000"', " not YAML: "),
    "half a character": ('a: "\\ud800"', "1:4: a: half of a surrogate pair is not text"),
    "a key twice": ("a: 1\nb: 2\na: 3", "3:1: a: 'a' stands twice in one mapping, first on line 1"),
    "nothing": ("", "1:1: the file is empty"),
    "only comments": ("# nothing\n", "1:1: the file is empty"),
    "null": ("~\n", "1:1: the file is empty"),
}


@pytest.mark.parametrize(("text", "expected"), SYNTAX.values(), ids=SYNTAX)
def test_what_is_not_plain_yaml_is_told_at_its_place(text, expected):
    _, errors = read_yaml("x.yaml", text.encode())

    assert [str(error)[len("x.yaml:") :][: len(expected)] for error in errors] == [expected]


def test_bytes_that_are_not_utf8_are_told_at_their_place():
    _, (error,) = read_yaml("x.yaml", b"a: 1\nb: caf\xe9\n")

    expected = "x.yaml:2:7: byte 0xe9 is not valid UTF-8 (save the file as UTF-8)"
    assert str(error) == expected


def test_a_byte_order_mark_is_no_mistake(text):
    result = load_specs({"a.yaml": b"\xef\xbb\xbf" + text.encode()})

    assert list(result.models) == ["support"]


def test_aliases_are_read():
    document, errors = read_yaml("x.yaml", b"a: &x [1, 2]\nb: *x\nc: &x 3\nd: *x\n")

    assert errors == []
    assert document is not None
    assert document.value == {"a": [1, 2], "b": [1, 2], "c": 3, "d": 3}


def test_scalars_are_those_of_yaml_1_2():
    text = b"a: yes\nb: 0o10\nc: 1e-3\nd: .inf\ne: 2024-01-01\nf: ~\ng: -.INF\nh: True\ni: 010"

    document, errors = read_yaml("x.yaml", text)

    assert errors == []
    assert document is not None
    assert document.value == {
        "a": "yes",
        "b": 8,
        "c": 0.001,
        "d": float("inf"),
        "e": "2024-01-01",
        "f": None,
        "g": float("-inf"),
        "h": True,
        "i": 10,
    }


BOMBS = {
    "deep lists": "[" * (MAX_BYTES - 1),
    "deep lists with items": "[a," * (MAX_BYTES // 3),
    "deep mappings": "{a: " * (MAX_BYTES // 4),
    "deep blocks": "- " * (MAX_BYTES // 2),
    "deep keys": "? " * (MAX_BYTES // 2),
    "an alias of itself": "a: &x [*x]",
    "aliases of aliases": "a: &a [1,1,1,1,1,1,1,1,1]\n"
    + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefg")),
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_file_that_would_take_for_ever_is_an_error_at_once(text):
    started = time.process_time()

    _, (error,) = read_yaml("x.yaml", text.encode())

    assert time.process_time() - started < 2
    assert "nests deeper, or holds more values" in str(error)


def test_a_file_that_is_too_long_is_not_read_at_all():
    started = time.process_time()

    _, (error,) = read_yaml("x.yaml", b"a: 1\n" * 1_000_000)

    assert time.process_time() - started < 0.1
    assert str(error) == (
        "x.yaml: the file has 5,000,000 bytes; a spec has at most 65,536"
        " (a spec names data, it does not hold it)"
    )
