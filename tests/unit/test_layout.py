"""The shape of the source: what keeps a room small enough to read, and its name our own."""

import ast
import importlib.util
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("specs", "registry", "monitors", "controller")
MOST_LINES_A_MODULE = 400
MOST_LINES_A_FUNCTION = 60
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "common", "misc", "manager", "managers"}

MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def functions_of(module):
    tree = ast.parse(module.read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def test_there_are_modules_to_look_at():
    assert len(MODULES) > 100


def test_no_module_is_too_long_to_read():
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES}

    too_long = {path: n for path, n in lines.items() if n > MOST_LINES_A_MODULE}

    assert too_long == {}


def test_every_function_fits_a_screen():
    lengths = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in MODULES
        if "migrations" not in path.parts
        for node in functions_of(path)
    }

    too_long = {where: n for where, n in lengths.items() if n > MOST_LINES_A_FUNCTION}

    assert too_long == {}


def test_every_module_has_a_name_that_says_what_it_holds():
    vague = [path for path in MODULES if path.stem in NAMES_THAT_SAY_NOTHING]

    assert vague == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_owns_a_package_of_ours(package):
    owners = set(packages_distributions().get(package, ()))
    found = importlib.util.find_spec(package)

    assert owners <= {"trueup"}
    assert found is not None
    assert Path(found.origin).is_relative_to(ROOT) or owners == {"trueup"}
