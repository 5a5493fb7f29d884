"""An edit of one field leaves every other byte alone."""

import pytest
from ruamel.yaml import YAML

from controller.source.edit import set_field

PIN = ("spec", "promotion", "pin")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "# ours\nspec:\n  promotion: {mode: automatic, pin: null}  # hands off\n  a: 'x'\n",
            "# ours\nspec:\n  promotion: {mode: automatic, pin: 3}  # hands off\n  a: 'x'\n",
        ),
        (
            "spec:\n   promotion:\n      pin: 1   # was bad\n   gates:\n   - {min: 0.80}\n",
            "spec:\n   promotion:\n      pin: 3   # was bad\n   gates:\n   - {min: 0.80}\n",
        ),
        (
            "spec:\n  promotion: {mode: automatic}\n",
            "spec:\n  promotion: {pin: 3, mode: automatic}\n",
        ),
        (
            "spec:\n  promotion:\n    mode: automatic\n",
            "spec:\n  promotion:\n    pin: 3\n    mode: automatic\n",
        ),
        (
            "kind: Model\nspec:\n  # the task\n  task: x\n",
            "kind: Model\nspec:\n  # the task\n  promotion: {pin: 3}\n  task: x\n",
        ),
        ("spec: {task: x}\n", "spec: {promotion: {pin: 3}, task: x}\n"),
        ("spec:\n  promotion: null\n  task: x\n", "spec:\n  promotion: {pin: 3}\n  task: x\n"),
        ("spec:\n  promotion: {}\n", "spec:\n  promotion: {pin: 3}\n"),
    ],
    ids=[
        "a value in a flow mapping",
        "a value in a block mapping",
        "a field that a flow mapping lacks",
        "a field that a block mapping lacks",
        "a section that is absent",
        "a section that a flow mapping lacks",
        "a section that is null",
        "a section that is empty",
    ],
)
def test_only_the_field_changes(before, after):
    edited = set_field(before.encode(), PIN, 3)

    assert edited.decode() == after


@pytest.mark.parametrize("before", ["spec:\n  promotion:\n  task: x\n", "spec:\n  promotion:\n"])
def test_a_section_without_a_value_gets_one(before):
    edited = set_field(before.encode(), PIN, 3)

    assert YAML().load(edited)["spec"]["promotion"] == {"pin": 3}


def test_letters_beyond_ascii_stay_where_they_are():
    before = "owner: Zoë — 日本\nspec:\n  promotion: {pin: 2}\n"

    assert set_field(before.encode(), PIN, 3).decode() == before.replace("2", "3")


def test_a_value_is_emptied_in_place():
    before = "spec:\n  promotion: {mode: automatic, pin: 3}  # hands off\n"

    edited = set_field(before.encode(), PIN, None)

    assert edited.decode() == before.replace("3", "null")
