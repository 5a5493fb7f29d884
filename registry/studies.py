"""Metrics of studies, by what they are about: ``robustness.typos.flip_rate`` → typos. Pure."""

from collections.abc import Mapping
from typing import TypeVar

Measured = TypeVar("Measured")

STUDIES = ("robustness", "bias")
"""Studies whose metrics are shown in tables of their own."""


def by_subject(metrics: Mapping[str, Measured], study: str) -> dict[str, dict[str, Measured]]:
    """Subject → quantity → what was measured, of one study, in the order of ``metrics``."""
    found: dict[str, dict[str, Measured]] = {}
    for name, measured in metrics.items():
        of, _, rest = name.partition(".")
        if of == study:
            subject, _, quantity = rest.rpartition(".")
            found.setdefault(subject, {})[quantity] = measured
    return found


def tables_of(
    metrics: Mapping[str, Measured], study: str
) -> list[tuple[tuple[str, ...], dict[str, tuple[Measured, ...]]]]:
    """Subjects that have the same quantities belong in one table: quantities, and their values."""
    found: dict[tuple[str, ...], dict[str, tuple[Measured, ...]]] = {}
    for subject, measured in by_subject(metrics, study).items():
        found.setdefault(tuple(measured), {})[subject] = tuple(measured.values())
    return list(found.items())


def of_rows(metrics: Mapping[str, Measured]) -> dict[str, Measured]:
    """The metrics that no study has made."""
    return {name: measured for name, measured in metrics.items() if "." not in name}
