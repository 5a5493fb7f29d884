"""The JSON Schema of a spec, for editors: completion and a first check while typing.

``python -m specs.json_schema`` writes it to ``specs/schema/model.v1.json``; a test fails while the
file there is not what the sections say. An editor finds it through the first line of a spec::

    # yaml-language-server: $schema=<path or URL of model.v1.json>

Rules between fields are not in it: ``trueup validate`` knows them.
"""

import json
from pathlib import Path
from typing import Any

from specs.fields import all_fields
from specs.model import ModelSpec

SCHEMA_PATH = Path(__file__).parent / "schema" / "model.v1.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def render() -> str:
    """Return the schema as text, the same for the same sections."""
    schema: dict[str, Any] = {"$schema": _DIALECT, **ModelSpec.model_json_schema()}
    schema["title"] = "Trueup model spec, version 1"
    _drop_titles(schema)
    _describe(schema)
    # A rule between two fields that editors can check as well.
    schema["$defs"]["Spec"]["anyOf"] = [{"required": ["gates"]}, {"required": ["ungated"]}]
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _drop_titles(schema: dict[str, Any]) -> None:
    """Take out the titles that pydantic makes from names: they only repeat them."""
    for part in schema["$defs"].values():
        del part["title"]
    for part in (schema, *schema["$defs"].values()):
        for described in part["properties"].values():
            described.pop("title", None)


def _describe(schema: dict[str, Any]) -> None:
    """Give every field the docstring that stands below it in its section."""
    parts = {"ModelSpec": schema, **schema["$defs"]}
    for field in all_fields():
        name = field.name.rpartition(".")[2]
        parts[field.owner.__name__]["properties"][name]["description"] = field.meaning


def main() -> None:
    """Write the schema to its place in the package."""
    SCHEMA_PATH.parent.mkdir(exist_ok=True)
    SCHEMA_PATH.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
