"""The documents name everything that there is, nothing that there is not, and lead somewhere."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from typer.main import get_command

from controller.cli.main import build_app as build_commands
from controller.metrics import ControllerMetrics
from controller.settings import ControllerSettings
from monitors.exporter import Exporter
from monitors.settings import MonitorSettings
from registry.api.guards import ApiMetrics
from registry.app import build_app
from registry.artifacts import open_artifacts
from registry.serving.assembly import build_service
from registry.serving.gateway import build_gateway
from registry.serving.metrics import Metrics
from registry.settings import Settings
from registry.store.database import Database
from specs.conditions import ConditionType
from specs.evaluation import KNOWN_METRICS
from specs.fields import all_fields
from specs.loader import load_specs

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
CLI = (ROOT / "docs/reference/cli.md").read_text()
METRICS = (ROOT / "docs/reference/metrics.md").read_text()
SETTINGS = (ROOT / "docs/reference/settings.md").read_text()
API = (ROOT / "docs/reference/api.md").read_text()

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMANDS = get_command(build_commands()).commands
SETTING_FIELDS = ControllerSettings.model_fields | MonitorSettings.model_fields

LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
TEST_NAME = re.compile(r"(tests/[\w/]+\.py)::(\w+)")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def section_of(command):
    match = re.search(rf"^### `trueup {command}[ `].*?(?=^##|\Z)", CLI, re.MULTILINE | re.DOTALL)
    return match[0] if match else ""


def anchors_of(page):
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def as_text(default):
    match default:
        case bool():
            return str(default).lower()
        case float() if default.is_integer():
            return str(int(default))
        case _:
            return str(default)


@pytest.fixture(scope="module")
def applications(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    database = Database.open(settings.resolved_database_url)
    gateway = build_gateway(build_service(settings, database, engine=None))
    yield build_app(settings, database, open_artifacts(settings)), gateway
    database.close()


def routes_of(application: FastAPI):
    paths = application.openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_and_its_options_are_documented(command):
    section = section_of(command)

    options = {
        option
        for parameter in COMMANDS[command].params
        for option in parameter.opts
        if option.startswith("--") and option != "--help"
    }
    assert section, f"docs/reference/cli.md has no section on trueup {command}"
    assert {option for option in options if f"`{option}`" not in section} == set()


def test_no_command_or_option_is_documented_that_does_not_exist():
    named = set(re.findall(r"^### `trueup (\w+)", CLI, re.MULTILINE))
    foreign = {
        (command, option)
        for command in named & set(COMMANDS)
        for option in re.findall(r"`(--[\w-]+)", section_of(command))
        if not any(option in one.opts for one in COMMANDS[command].params)
    }

    assert named == set(COMMANDS)
    assert foreign == set()


@pytest.mark.parametrize("name", sorted(SETTING_FIELDS))
def test_every_setting_is_documented_with_its_default(name):
    start = f"| `TRUEUP_{name.upper()}` |"
    rows = [line for line in SETTINGS.splitlines() if line.startswith(start)]

    assert len(rows) == 1
    default = SETTING_FIELDS[name].default
    if SETTING_FIELDS[name].default_factory is None and default is not None:
        assert f"| `{as_text(default)}` |" in rows[0]


def test_no_setting_is_documented_that_does_not_exist():
    named = set(re.findall(r"^\| `TRUEUP_(\w+)`", SETTINGS, re.MULTILINE))

    assert named == {name.upper() for name in SETTING_FIELDS}


@pytest.mark.parametrize("kind", list(ConditionType))
def test_every_condition_is_documented(kind):
    assert f"| `{kind}` |" in ARCHITECTURE
    assert str(kind) in (ROOT / "docs/glossary.md").read_text()


def test_every_metric_is_documented_and_no_other():
    api = CollectorRegistry()
    ApiMetrics(api)
    collectors = [ControllerMetrics().registry, Metrics().collectors, api, Exporter()]
    families = [family for one in collectors for family in one.collect()]
    real = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in families
        if family.name.startswith("trueup_")
    }

    documented = set(re.findall(r"^\| `(trueup_\w+)`", METRICS, re.MULTILINE))

    assert documented == real


def test_every_metric_of_an_evaluation_is_documented_and_no_other():
    page = (ROOT / "docs/reference/evaluation-metrics.md").read_text()
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]

    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == KNOWN_METRICS


def test_every_route_is_documented_and_no_other(applications):
    real = set().union(*map(routes_of, applications))

    documented = set(re.findall(r"^\| `((?:GET|POST) [^`]+)`", API, re.MULTILINE))

    assert documented == real


def test_every_field_of_a_spec_is_documented():
    pages = "".join(page.read_text() for page in (ROOT / "docs/spec").rglob("*.md"))

    missing = [field.name for field in all_fields() if f"`{field.name}`" not in pages]

    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page):
    links = LINK.findall(FENCE.sub("", page.read_text()))
    broken = []
    for link in links:
        path, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)

    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_test_that_a_document_names_exists(page):
    named = TEST_NAME.findall(page.read_text())

    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file() or f"def {name}(" not in (ROOT / path).read_text()
    ]

    assert missing == []


def test_the_spec_in_the_readme_is_valid():
    (spec,) = blocks(README, "yaml")

    found = load_specs({"specs/support-intents.yaml": spec.encode()})

    assert found.errors == {}
    assert list(found.models) == ["support-intents"]


def test_the_readme_runs_only_commands_and_targets_that_exist():
    lines = "".join(blocks(README, "sh")).splitlines()
    makefile = (ROOT / "Makefile").read_text()

    commands = {line.split()[1] for line in lines if line.startswith("trueup ")}
    targets = {line.split()[1] for line in lines if line.startswith("make ")}

    assert commands
    assert commands <= set(COMMANDS)
    assert targets == {"demo", "test"}
    assert all(f"\n{target}:" in makefile for target in targets)


def test_the_decisions_are_listed_and_dated():
    folder = ROOT / "docs/adr"
    index = (folder / "README.md").read_text()
    pages = sorted(folder.glob("0*.md"))

    assert [page.name[:4] for page in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text()
        assert f"({page.name})" in index
        assert re.search(r"^Status: \w+, \d{4}-\d{2}-\d{2}$", text, re.MULTILINE), page.name
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences", "What would change our mind"]


@pytest.mark.parametrize(
    ("page", "most"), [("README.md", 200), ("docs/architecture.md", 250), ("CONTRIBUTING.md", 120)]
)
def test_a_page_stays_short_enough_to_be_read(page, most):
    assert len((ROOT / page).read_text().splitlines()) <= most
