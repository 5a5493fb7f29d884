"""Laws of loading: it is total, and only values count."""

import functools
import json
import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from specs.digest import data_inputs, digest_of, gates_digest, training_inputs
from specs.errors import SpecError
from specs.loader import load_specs

HASHES = {"data/train.csv": "md5:1", "data/test.csv": "md5:2"}
FAST = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PIECES = [
    b":", b" ", b"\n", b"\t", b"- ", b"{", b"}", b"[", b"]", b"'", b'"', b"&a ", b"*a", b"!!int ",
    b"<<: ", b"? ", b"|", b">", b"#", b"%", b"---\n", b"...", b"null", b"1e999", b".nan", b"\xff",
    b"\x00", b"\xed\xa0\x80", b"spec", b"gates", b"metric", b"0x", b"\\", b"@", b"`", b"true",
]  # fmt: skip


@st.composite
def edits(draw):
    """Where to cut, how much to take out, and what to put there."""
    return [
        (draw(st.floats(0, 1)), draw(st.integers(0, 12)), draw(st.sampled_from(PIECES)))
        for _ in range(draw(st.integers(1, 5)))
    ]


def well_formed(errors):
    return all(isinstance(error, SpecError) and error.problem and str(error) for error in errors)


@FAST
@given(cuts=edits())
def test_loading_an_edited_spec_never_raises(text, cuts):
    data = text.encode()
    for where, length, piece in cuts:
        at = int(where * len(data))
        data = data[:at] + piece + data[at + length :]

    result = load_specs({"specs/a.yaml": data})

    assert bool(result.models) != bool(result.errors)
    assert all(well_formed(errors) for errors in result.errors.values())


@FAST
@given(data=st.binary(max_size=200))
def test_loading_any_bytes_never_raises(data):
    result = load_specs({"specs/a.yaml": data})

    assert well_formed(result.errors["specs/a.yaml"])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@functools.cache
def as_json(text):
    return json.dumps(YAML(typ="safe", pure=True).load(text))


def places(value, at=()):
    """Every place of a plain value."""
    yield at
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, list) else ())
    )
    for key, inner in items:
        yield from places(inner, (*at, key))


@FAST
@given(data=st.data(), stranger=json_values)
def test_any_value_at_any_place_never_raises(text, data, stranger):
    value = json.loads(as_json(text))
    *way, last = data.draw(st.sampled_from([place for place in places(value) if place]))
    parent = value
    for part in way:
        parent = parent[part]
    parent[last] = stranger

    result = load_specs({"specs/a.yaml": json.dumps(value).encode()})

    assert all(well_formed(errors) for errors in result.errors.values())


def shuffled(value, draw):
    """Return the same value with the keys of every mapping in another order."""
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: shuffled(value[key], draw) for key in keys}
    return [shuffled(one, draw) for one in value] if isinstance(value, list) else value


@FAST
@given(data=st.data(), indent=st.integers(0, 6), comment=st.text("abc: -#'[{", max_size=9))
def test_key_order_comments_and_formatting_change_no_digest(text, data, indent, comment):
    value = shuffled(json.loads(as_json(text)), data.draw)
    lines = json.dumps(value, indent=indent).splitlines()
    written = "\n".join(f"{line}  # {comment}" for line in lines)

    before = load_specs({"a.yaml": text.encode()}).models["support"].spec.spec
    after = load_specs({"a.yaml": written.encode()}).models["support"].spec.spec

    assert digests(before) == digests(after)


def digests(spec):
    return [
        digest_of(data_inputs(spec, HASHES)),
        digest_of(training_inputs(spec, HASHES, "base")),
        gates_digest(spec),
    ]
