"""Records' inner values as JSON documents and back. Pure.

Numbers that are not finite have no JSON; they are stored as null and read as NaN, so that a
diverged training is a fact one can look at and not an error while writing it down.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from registry.records import (
    Blob,
    Estimate,
    Failure,
    Files,
    GateReport,
    GateVerdict,
    Progress,
    SignificanceTest,
    Verdict,
)
from specs.names import Digest

Document = dict[str, Any]


def dumps(value: Any) -> str:
    """Serialise a document; numbers that are not finite become null."""
    try:
        return storable(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except ValueError:
        return storable(json.dumps(finite(value), ensure_ascii=False, allow_nan=False))


def storable(text: str) -> str:
    """Copy ``text`` without NUL, and with ``?`` for half of a surrogate pair: it has no UTF-8."""
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def finite(value: Any) -> Any:
    """Copy ``value`` with null in place of every number that is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def stored_number(value: float) -> float | None:
    """Null stands for what is not finite: SQLite has no NaN."""
    return value if math.isfinite(value) else None


def read_number(value: float | None) -> float:
    """NaN stands for null."""
    return math.nan if value is None else value


def files_document(files: Files) -> Document:
    """Path → digest and size."""
    return {
        path: {"digest": blob.digest, "size_bytes": blob.size_bytes} for path, blob in files.items()
    }


def read_files(document: Mapping[str, Any]) -> dict[str, Blob]:
    """Turn a stored document into files."""
    return {
        path: Blob(digest=Digest(blob["digest"]), size_bytes=blob["size_bytes"])
        for path, blob in document.items()
    }


def estimates_document(estimates: Mapping[str, Estimate]) -> Document:
    """Metric → estimate."""
    return {name: asdict(estimate) for name, estimate in estimates.items()}


def read_estimate(document: Mapping[str, Any]) -> Estimate:
    """Turn a stored document into an estimate."""
    return Estimate(
        value=read_number(document["value"]),
        low=read_number(document["low"]),
        high=read_number(document["high"]),
        n=document["n"],
        method=document["method"],
    )


def read_estimates(document: Mapping[str, Any]) -> dict[str, Estimate]:
    """Turn a stored document into metric → estimate."""
    return {name: read_estimate(estimate) for name, estimate in document.items()}


def verdict_document(verdict: GateVerdict) -> Document:
    """One verdict with its evidence."""
    return asdict(verdict) | {"gate": dict(verdict.gate), "verdict": verdict.verdict.value}


def read_verdict(document: Mapping[str, Any]) -> GateVerdict:
    """Turn a stored document into a verdict."""
    evidence, test = document["evidence"], document.get("test")
    bounds, discordant = document.get("bounds"), document.get("discordant")
    return GateVerdict(
        gate=document["gate"],
        slice=document["slice"],
        verdict=Verdict(document["verdict"]),
        blocks=document["blocks"],
        evidence=None if evidence is None else read_estimate(evidence),
        needed=read_number(document["needed"]),
        message=document["message"],
        # What earlier releases did not say is absent.
        bounds=None if bounds is None else (read_number(bounds[0]), read_number(bounds[1])),
        test=None if test is None else SignificanceTest(**test),
        discordant=None if discordant is None else (discordant[0], discordant[1]),
        more_rows=document.get("more_rows"),
        override=document.get("override"),
    )


def circumstances_document(report: GateReport) -> Document:
    """Under which circumstances a report's verdicts were given."""
    return {
        "compared": dict(report.compared),
        "gates_at_training": report.gates_at_training,
        "gates_changed_after_training": report.gates_changed_after_training,
        "is_ungated": report.is_ungated,
        "overrides": [dict(one) for one in report.overrides],
    }


def read_circumstances(document: Mapping[str, Any] | None) -> Document:
    """Turn a stored document into a report's fields; one of an earlier release says nothing."""
    if document is None:
        return {}
    return {**document, "overrides": tuple(document["overrides"])}


def read_progress(document: Mapping[str, Any] | None) -> Progress | None:
    """Turn a stored document into progress."""
    return None if document is None else Progress(**document)


def read_failure(document: Mapping[str, Any] | None) -> Failure | None:
    """Turn a stored document into a failure."""
    return None if document is None else Failure(**document)
