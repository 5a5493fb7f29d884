"""Values and types in the words of someone who writes YAML."""

from typing import Any

EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping of fields",
}
"""pydantic's error type → what should have stood there."""


def describe(value: Any) -> str:
    """Say what was found."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value[:40]!r}"
        case _:
            return "a list" if isinstance(value, list) else "a mapping"


def repair(expected: str, value: Any) -> str | None:
    """Say how to turn ``value`` into what was expected, where that is plain to see."""
    written = describe(value) if isinstance(value, bool) else str(value).strip()
    match expected, value:
        case _, None:
            return "give it a value, or remove the field"
        case "string_type", bool() | int() | float():
            return f'put it in quotes: "{written}"'
        case "list_type", str() | int() | float():
            return f"write it as a list: [{written}]"
        case "int_type" | "float_type", str() if written.replace(".", "", 1).isdigit():
            return f"write it without quotes: {written}"
        case "int_type", float() if value.is_integer():
            return f"write {int(value)}"
        case _:
            return None
