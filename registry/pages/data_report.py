"""A data report as a page shows it. Pure.

A report is read with care: one that an earlier release stored lacks what was added since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.data_reports import DataReportView
from registry.pages.formats import words
from registry.pages.learning_curve import CurveChart, draw_learning_curve
from registry.records import Json, RunRecord

SHOWN_LABELS = 40
SHOWN_QUARANTINED = 100
SHOWN_ROWS = 200
SPLITS = ("train", "validation", "test")
_DONE = {
    "fail": "failed",
    "drop": "dropped",
    "quarantine": "quarantined",
    "report": "reported",
    "exclude_from_gates": "left out by gates",
}
_TONES = {"fail": "fail", "drop": "quarantined", "quarantine": "quarantined"}
_MEASURES = frozenset({"learning_curve", "personal_data_by"})
_OF_GENERATION = frozenset(
    {"role_order", "empty_answers", "unfinished_answers", "repeated_answers"}
)
_OF_LABELS = frozenset(
    {"label_issues", "label_conflicts", "rare_labels", "unseen_labels", "imbalance"}
)
_PLAIN = ("row", "text", "target", "split", "check")
_OWN_PANEL = ("learning_curve", "split_shift", "length_outliers", "truncation")


@dataclass(frozen=True)
class Found:
    """One finding."""

    check: str
    split: str
    action: str
    count: int
    message: str
    rows: str
    """The row numbers, as many as are shown."""
    examples: Sequence[Json]
    """``row``, ``text``, ``target``, and ``more``: what this check adds."""
    counts: Mapping[str, int]

    @property
    def tone(self) -> str:
        """How the action is coloured."""
        return _TONES.get(self.action, "reported")

    @property
    def done(self) -> str:
        """What was done about it, in a word."""
        return _DONE.get(self.action, self.action)


@dataclass(frozen=True)
class Bar:
    """One label with its rows by split; widths are shares of the longest bar, 0 to 100."""

    label: str
    counts: Mapping[str, int]
    widths: Mapping[str, float]
    starts: Mapping[str, float]

    @property
    def total(self) -> int:
        """Rows of the label."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class SplitRows:
    """One split: its file, and how many of the rows that were read are used."""

    split: str
    file: str
    read: int | None
    used: int
    lengths: Mapping[str, int]
    """Quantiles in tokens; empty where they were not counted."""
    cut: int | None


@dataclass(frozen=True)
class DataPage:
    """Everything that the page of a data report shows."""

    model: str
    version: int | None
    run: RunRecord | None
    is_refused: bool
    has_report: bool
    digest: str | None
    splits: Sequence[SplitRows]
    found: Sequence[Found]
    skipped: Sequence[Found]
    clean: Sequence[str]
    """Checks that found nothing."""
    bars: Sequence[Bar]
    bars_left_out: int
    curve: CurveChart | None
    advice: str
    shifts: Sequence[Json]
    facts: Mapping[str, Mapping[str, Any]]
    """What else was measured: check → name → value."""
    quarantined: Sequence[Json]
    quarantined_count: int
    token_note: str


def data_page(view: DataReportView) -> DataPage:
    """Lay a report out."""
    report: Json = view.report or {}
    facts: Json = report.get("facts") or {}
    findings = [_found(one) for one in report.get("findings") or ()]
    bars, left_out = _bars(report.get("rows_per_label") or {})
    quarantined = report.get("quarantined") or ()
    curve = facts.get("learning_curve") or {}
    return DataPage(
        model=view.model,
        version=view.version,
        run=view.run,
        is_refused=view.is_refused,
        has_report=view.report is not None,
        digest=view.digest,
        splits=_splits(report, facts),
        found=sorted(
            (one for one in findings if one.action != "skipped"),
            key=lambda one: one.action != "fail",
        ),
        skipped=[one for one in findings if one.action == "skipped"],
        clean=_clean(report, findings),
        bars=bars,
        bars_left_out=left_out,
        curve=draw_learning_curve(curve) if curve else None,
        advice=str(curve.get("said", "")),
        shifts=facts.get("split_shift") or (),
        facts=_others(facts),
        quarantined=[_example(one) for one in quarantined[:SHOWN_QUARANTINED]],
        quarantined_count=len(quarantined),
        token_note=_token_note(facts),
    )


def _found(finding: Json) -> Found:
    numbers = finding.get("rows") or ()
    shown = ", ".join(str(number) for number in numbers[:SHOWN_ROWS])
    more = finding.get("count", 0) - SHOWN_ROWS
    return Found(
        check=finding["check"],
        split=finding["split"],
        action=finding["action"],
        count=finding.get("count", 0),
        message=finding.get("message", ""),
        rows=f"{shown} and {more:,} more" if numbers and more > 0 else shown,
        examples=[_example(one) for one in finding.get("examples") or ()],
        counts=finding.get("counts") or {},
    )


def _example(example: Json) -> dict[str, Any]:
    more = {name: value for name, value in example.items() if name not in _PLAIN}
    plain = {name: example.get(name, "") for name in _PLAIN}
    return plain | {"more": {name: _said(value) for name, value in more.items()}}


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{words(name)} {_said(one)}" for name, one in value.items()) + ")"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _clean(report: Json, findings: Sequence[Found]) -> list[str]:
    """Declared checks of this task without a finding; numbers among them are limits."""
    is_labelled = report.get("task") == "text-classification"
    foreign = _OF_GENERATION if is_labelled else _OF_LABELS
    said = _MEASURES | foreign | {one.check for one in findings}
    declared = report.get("checks") or {}
    return [name for name, action in declared.items() if action in _DONE and name not in said]


def _splits(report: Json, facts: Json) -> list[SplitRows]:
    rows, read, files = (report.get(name) or {} for name in ("rows", "read", "files"))
    lengths = (facts.get("length_outliers") or {}).get("splits") or {}
    cut = (facts.get("truncation") or {}).get("splits") or {}
    return [
        SplitRows(
            split=split,
            file=files.get(split, f"a part of {files['train']}" if "train" in files else ""),
            read=read.get(split),
            used=rows[split],
            lengths=lengths.get(split) or {},
            cut=(cut.get(split) or {}).get("cut"),
        )
        for split in SPLITS
        if split in rows
    ]


def _bars(table: Mapping[str, Mapping[str, int]]) -> tuple[list[Bar], int]:
    """The labels with the most rows first; and how many more there are."""
    order = sorted(table, key=lambda label: (-sum(table[label].values()), label))
    longest = max((sum(table[label].values()) for label in order), default=1) or 1
    # Both ends matter: the largest labels, and the smallest.
    half = SHOWN_LABELS // 2
    shown = order if len(order) <= SHOWN_LABELS else [*order[:half], *order[-half:]]
    return [_bar(label, table[label], longest) for label in shown], len(order) - len(shown)


def _bar(label: str, counts: Mapping[str, int], longest: int) -> Bar:
    widths = {split: 100 * counts.get(split, 0) / longest for split in SPLITS}
    starts, at = {}, 0.0
    for split in SPLITS:
        starts[split], at = at, at + widths[split]
    return Bar(label, {split: counts.get(split, 0) for split in SPLITS}, widths, starts)


def _others(facts: Json) -> dict[str, dict[str, Any]]:
    """The numbers of checks without a panel of their own, one level deep."""
    found = {}
    for check, fact in facts.items():
        if check in _OWN_PANEL or not isinstance(fact, Mapping):
            continue
        found[check] = {name: _fact(value) for name, value in fact.items()}
    return found


def _fact(value: Any) -> str:
    if isinstance(value, Mapping) and {"value", "low", "high"} <= value.keys():
        return f"{value['value']:.3g} ({value['low']:.3g} to {value['high']:.3g})"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_said(one)}" for name, one in value.items())
    return _said(value)


def _token_note(facts: Json) -> str:
    fact = facts.get("truncation") or {}
    if "base" not in fact:
        return ""
    more = f"; {fact['counted']}" if "counted" in fact else ""
    return f"Tokens of {fact['base']}; rows are cut at {fact['max_length']}{more}."
