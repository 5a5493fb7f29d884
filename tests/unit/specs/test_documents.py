"""What is written about specs is what the sections say."""

import json
from pathlib import Path

import pytest

from specs import json_schema, reference
from specs.fields import all_fields, section_at
from specs.loader import load_specs
from specs.model import ModelSpec
from specs.yaml_text import read_yaml

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/spec/v1/model.md"
EVERYTHING = PAGE.with_name("everything.yaml")
EXAMPLES = sorted((ROOT / "specs/examples").glob("*.yaml"))


def everything():
    document, errors = read_yaml("everything.yaml", EVERYTHING.read_bytes())
    assert document is not None
    assert errors == []
    return document.value


def test_every_field_says_what_it_means():
    assert [field.name for field in all_fields() if not field.meaning] == []


def test_the_checked_in_schema_is_up_to_date():
    """Renew it with ``python -m specs.json_schema``."""
    assert json_schema.SCHEMA_PATH.read_text(encoding="utf-8") == json_schema.render()


def test_the_schema_describes_fields_in_their_own_words():
    schema = json.loads(json_schema.render())

    gate = schema["$defs"]["Gate"]

    assert gate["properties"]["min"]["description"] == "The metric must be at least this."
    assert gate["additionalProperties"] is False
    assert {"required": ["gates"]} in schema["$defs"]["Spec"]["anyOf"]


def test_writing_the_schema_writes_what_is_rendered(tmp_path, monkeypatch):
    monkeypatch.setattr(json_schema, "SCHEMA_PATH", tmp_path / "schema" / "model.v1.json")

    json_schema.main()

    assert json_schema.SCHEMA_PATH.read_text(encoding="utf-8") == json_schema.render()


@pytest.mark.parametrize("field", [field.name for field in all_fields()])
def test_every_field_stands_on_the_reference_page(field):
    assert f"| `{field}` |" in PAGE.read_text(encoding="utf-8")


def test_the_reference_page_is_up_to_date():
    """Renew it with ``python -m specs.reference docs/spec/v1/model.md``."""
    page = PAGE.read_text(encoding="utf-8")

    assert reference.fill(page, everything()) == page


def test_renewing_the_page_keeps_what_people_wrote(tmp_path, monkeypatch):
    page = tmp_path / "model.md"
    page.write_text(
        f"before\n{reference.BEGIN}\noutdated\n{reference.END}\nafter\n", encoding="utf-8"
    )
    (tmp_path / reference.EXAMPLE).write_bytes(EVERYTHING.read_bytes())
    monkeypatch.setattr("sys.argv", ["reference", str(page)])

    reference.main()

    written = page.read_text(encoding="utf-8")
    assert written.startswith("before\n")
    assert written.endswith("\nafter\n")
    assert "outdated" not in written
    assert "`spec.gates[].min`" in written


def test_every_field_but_those_of_the_other_task_has_an_example():
    value = everything()
    rows = reference.render(value).splitlines()

    without = [
        row.split("`")[1] for row in rows if row.startswith("| `") and "| `null` | `null` |" in row
    ]

    assert without == []


def test_everything_fits_the_schema_and_names_all_that_is_not_built_yet():
    ModelSpec.model_validate(everything())

    errors = load_specs({"everything.yaml": EVERYTHING.read_bytes()}).errors["everything.yaml"]

    assert [str(error) for error in errors if "not supported yet" not in error.problem] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_examples_are_valid(path):
    result = load_specs({path.name: path.read_bytes()})

    assert result.errors == {}


def test_yaml_on_the_reference_page_that_is_a_whole_spec_is_valid():
    blocks = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1:]
    specs = [block.split("```")[0] for block in blocks if block.startswith("apiVersion")]

    assert specs
    assert [load_specs({"page.yaml": text.encode()}).errors for text in specs] == [{}] * len(specs)


def test_a_place_that_holds_no_section_has_no_fields():
    assert section_at(("spec", "gates", 0)) is not None
    assert section_at(("spec", "training", "seed")) is None
    assert section_at(("spec", "nothing", "here")) is None
