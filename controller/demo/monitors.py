"""Asking the monitors, through their metrics, when they last looked at a model's traffic."""

import re

import httpx

TIMEOUT_SECONDS = 5.0
LAST_LOOK = "trueup_monitor_last_evaluation_timestamp_seconds"


def last_look(monitors_url: str, model: str) -> float:
    """Unix time of the monitors' last look at ``model``; 0 while there was none."""
    try:
        # No proxies: the monitors are on this machine.
        answer = httpx.get(f"{monitors_url}/metrics", timeout=TIMEOUT_SECONDS, trust_env=False)
    except httpx.HTTPError:
        return 0.0
    return read_last_look(answer.text, model)


def read_last_look(metrics: str, model: str) -> float:
    """Find the time in the metrics' text."""
    sample = re.search(rf'^{LAST_LOOK}{{model="{re.escape(model)}"}} (\S+)$', metrics, re.MULTILINE)
    return float(sample[1]) if sample else 0.0
