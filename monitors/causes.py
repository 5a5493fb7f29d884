"""Why a detector speaks: what moved most, and requests to look at. Facts only, ready for a page."""

from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from monitors.text import unknown_ratio, unknown_words
from monitors.windows import Reference
from registry.traffic_records import Observation

Cause = dict[str, Any]
Explain = Callable[[Reference, Sequence[Observation]], Cause]

LABELS_NAMED = 5
TERMS_NAMED = 10
EXAMPLES = 5
_LONGEST_TERM = 40


def explain_prediction(reference: Reference, current: Sequence[Observation]) -> Cause:
    """Name the labels whose share moved most, and requests of the one that grew most."""
    before, now = Counter(reference.labels), Counter(o.label for o in current if o.label)
    moved: list[Cause] = [
        {
            "label": label,
            "reference_share": _share(before[label], before.total()),
            "current_share": _share(now[label], now.total()),
        }
        for label in sorted({*before, *now})
    ]
    moved.sort(key=lambda one: -abs(one["current_share"] - one["reference_share"]))
    grown = max(moved, key=lambda one: one["current_share"] - one["reference_share"], default=None)
    examples = [o.request_id for o in reversed(current) if grown and o.label == grown["label"]]
    return {"labels": moved[:LABELS_NAMED], "examples": examples[:EXAMPLES]}


def explain_vocabulary(reference: Reference, current: Sequence[Observation]) -> Cause:
    """Name the unknown words that are new and frequent, and the requests with most of them."""
    known = reference.vocabulary
    found = Counter(term for o in current for term in set(unknown_words(o.text, known)))
    terms: list[Cause] = [
        {
            "term": term[:_LONGEST_TERM],
            "requests": requests,
            "reference_share": _share(
                reference.unknown_term_rows.get(term, 0), len(reference.rows)
            ),
            "current_share": _share(requests, len(current)),
        }
        for term, requests in found.items()
    ]
    terms.sort(key=lambda one: (one["reference_share"] - one["current_share"], one["term"]))
    ratios = [unknown_ratio(o.text, known) for o in current]
    strangest = sorted(range(len(current)), key=lambda i: -ratios[i])[:EXAMPLES]
    return {
        "reference_mean": round(reference.unknown_mean, 4),
        "current_mean": _mean(ratios),
        "terms": terms[:TERMS_NAMED],
        "examples": [current[i].request_id for i in strangest if ratios[i] > 0],
    }


def explain_length(reference: Reference, current: Sequence[Observation]) -> Cause:
    """Compare mean lengths, and name the requests that lie furthest in the direction of change."""
    before = _mean([len(row.text) for row in reference.rows])
    now = _mean([len(o.text) for o in current])
    longer = now >= before
    extreme = sorted(current, key=lambda o: len(o.text), reverse=longer)[:EXAMPLES]
    return {
        "reference_mean_characters": before,
        "current_mean_characters": now,
        "examples": [o.request_id for o in extreme],
    }


def summarize(detector: str, cause: Cause) -> str:
    """Say the cause in one line for a trigger, a condition and a person."""
    match detector:
        case "prediction" if cause.get("labels"):
            moved = cause["labels"][0]
            what = f"label {moved['label']!r}"
            before, now = f"{moved['reference_share']:.0%}", f"{moved['current_share']:.0%}"
        case "text_vocabulary" if "current_mean" in cause:
            terms = ", ".join(term["term"] for term in cause["terms"][:3])
            what = f"share of unknown words ({terms})" if terms else "share of unknown words"
            before, now = f"{cause['reference_mean']:.0%}", f"{cause['current_mean']:.0%}"
        case "text_length" if "current_mean_characters" in cause:
            what = "mean length in characters"
            before = f"{cause['reference_mean_characters']:.0f}"
            now = f"{cause['current_mean_characters']:.0f}"
        case _:
            return f"{detector} moved"
    return f"{detector}: {what} went from {before} to {now}"


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _mean(values: Sequence[float]) -> float:
    return round(fmean(values), 4) if values else 0.0
