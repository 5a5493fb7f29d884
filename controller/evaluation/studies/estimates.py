"""Estimates that studies share. Over no rows each is as wide as its quantity can be. Pure."""

import math

import numpy as np

from controller.evaluation.intervals import Bounds, mean_half_width, tango, wilson
from controller.evaluation.scored_rows import FloatArray
from registry.records import Estimate


def rate_of(hits: FloatArray) -> Estimate:
    """Share of the rows whose 0/1 value is 1, with Wilson's interval."""
    n = len(hits)
    if not n:
        return unknown("wilson")
    rate = float(hits.mean())
    return Estimate(rate, *wilson(rate, n), n, "wilson")


def change_of_rates(first: FloatArray, second: FloatArray) -> Estimate:
    """First rate less second, on the same rows, each 0 or 1; Tango's interval."""
    n = len(first)
    if not n:
        return unknown("tango", lowest=-1.0)
    gained, lost = int((first > second).sum()), int((first < second).sum())
    return Estimate((gained - lost) / n, *tango(gained, lost, n), n, "tango")


def mean_of(shares: FloatArray) -> Estimate:
    """Mean of shares, with Student's interval; Wilson's where they do not vary at all."""
    n = len(shares)
    if not n:
        return unknown("normal")
    value = float(shares.mean())
    if shares.std() == 0:
        return Estimate(value, *wilson(value, n), n, "wilson")
    low, high = _student(shares)
    return Estimate(value, max(0.0, low), min(1.0, high), n, "normal")


def mean_amount(amounts: FloatArray) -> Estimate:
    """Mean of amounts that are never below 0 and have no upper end, with Student's interval."""
    if not len(amounts):
        return unknown("normal", highest=math.inf)
    low, high = _student(amounts)
    return Estimate(float(amounts.mean()), max(0.0, low), high, len(amounts), "normal")


def change_of_means(
    first: FloatArray, second: FloatArray, *, lowest: float = -math.inf
) -> Estimate:
    """Mean of first less second over the same rows; Student's interval of the differences."""
    n = len(first)
    highest = -lowest
    if not n:
        return unknown("paired normal", lowest=lowest, highest=highest)
    differences = first - second
    low, high = _student(differences)
    value = float(differences.mean())
    return Estimate(value, max(lowest, low), min(highest, high), n, "paired normal")


def unknown(method: str, *, lowest: float = 0.0, highest: float = 1.0) -> Estimate:
    """What is known without any row: nothing, so that no gate can pass or fail by it."""
    return Estimate(0.0, lowest, highest, 0, method)


def _student(values: FloatArray) -> Bounds:
    value, n = float(values.mean()), len(values)
    deviation = float(np.std(values, ddof=1)) if n > 1 else math.inf
    half = mean_half_width(deviation, n)
    return value - half, value + half
