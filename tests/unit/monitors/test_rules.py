"""The alert rules, asked by Prometheus' own tool and held against the exporters and the docs."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from ruamel.yaml import YAML

from controller.metrics import ControllerMetrics
from monitors.exporter import Exporter
from registry.serving.metrics import Metrics

ROOT = Path(__file__).parents[3]
RULES = ROOT / "monitors/rules/trueup.yml"
PROMTOOL = shutil.which("promtool")
GROUPS = YAML(typ="safe").load(RULES.read_text())["groups"]
ALL_RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in ALL_RULES if "alert" in rule]
SUFFIXES = r"(_total|_bucket|_count|_sum)$"

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed (Debian: apt-get install prometheus)"
)


def promtool(*arguments):
    return subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, check=False)


def exported():
    """Give every metric name that a part of Trueup exports, without its suffix."""
    monitors = CollectorRegistry()
    monitors.register(Exporter())
    registries = (monitors, Metrics().collectors, ControllerMetrics().registry)
    return {family.name for registry in registries for family in registry.collect()}


@needs_promtool
def test_promtool_accepts_the_rules():
    answer = promtool("check", "rules", str(RULES))

    assert answer.returncode == 0, answer.stdout + answer.stderr


@needs_promtool
def test_alerts_fire_when_they_should_and_only_then():
    answer = promtool("test", "rules", str(Path(__file__).parent / "rules_test.yml"))

    assert answer.returncode == 0, answer.stdout + answer.stderr


@needs_promtool
def test_promtool_refuses_a_broken_rule(tmp_path):
    broken = tmp_path / "broken.yml"
    broken.write_text(RULES.read_text().replace(">= 1\n", ">= \n"))

    answer = promtool("check", "rules", str(broken))

    assert answer.returncode != 0


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_ask_only_for_metrics_that_exist(rule):
    recorded = {rule["record"] for rule in ALL_RULES if "record" in rule}

    asked = set(re.findall(r"[a-z_:]*trueup_[a-z0-9_:]+", rule["expr"])) - recorded

    assert {re.sub(SUFFIXES, "", name) for name in asked} <= exported()
    assert asked or any(name in rule["expr"] for name in recorded)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_alerts_say_how_bad_it_is_and_what_to_do(rule):
    runbook = ROOT / rule["annotations"]["runbook_url"]

    assert rule["labels"]["severity"] in {"info", "warning", "critical"}
    assert rule["annotations"]["summary"]
    assert runbook.stem == rule["alert"]
    assert runbook.read_text().startswith(f"# {rule['alert']}\n")


def test_no_runbook_is_left_over():
    written = {path.stem for path in (ROOT / "docs/runbooks").glob("*.md")}

    assert written == {rule["alert"] for rule in ALERTS}
