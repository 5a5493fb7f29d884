"""How often the monitors are wrong, and how soon they are right, on banking77's texts.

    python -m tests.benchmarks.bench_false_alarms [--streams 200] [--jobs 2]

One stream is a month at the least assumed traffic: 1,000 requests a day for 30 days, with windows
of 500 and the default budget of one false alarm per 30 days. Reference and traffic are drawn from
one pool (test.csv without the unseen intents), with replacement, so that nothing differs but
chance; words come from train.csv without them. Labels are the true ones: a stand-in for a model
that predicts as well on traffic as on held-out rows, which is what an unchanged world means.

A change begins after 10 windows and is followed for 20. Figures: docs/benchmarks.md.
"""

import argparse
import csv
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from statistics import median

from monitors.plan import Target, build_evaluator
from monitors.text import words
from monitors.windows import Reference, ReferenceRow
from registry.traffic_records import Observation, StoredObservation
from specs.monitoring import Monitoring

DATA = Path(__file__).parents[3] / "shared/data/banking77"
WINDOW = 500
MONTH = 30_000
CHANGE_AT = 10 * WINDOW
FOLLOWED = 20 * WINDOW
UNSEEN_INTENTS = 12
SPANISH = ("¿cuándo llega mi tarjeta nueva?", "no puedo entrar en mi cuenta", "quiero mi dinero")
START = datetime(2026, 1, 1, tzinfo=UTC)

Row = tuple[str, str]


@dataclass(frozen=True)
class Pools:
    """Texts with labels, the same in every stream."""

    known: tuple[Row, ...]
    unseen: tuple[Row, ...]
    vocabulary: frozenset[str]


@cache
def pools() -> Pools:
    """Read banking77; the last twelve intents by name are the unseen ones."""
    test, train = read("test.csv"), read("train.csv")
    unseen = set(sorted({label for _, label in test})[-UNSEEN_INTENTS:])
    return Pools(
        known=tuple(row for row in test if row[1] not in unseen),
        unseen=tuple(row for row in test if row[1] in unseen),
        vocabulary=frozenset(
            w for text, label in train if label not in unseen for w in words(text)
        ),
    )


def read(name: str) -> list[Row]:
    """Read one file of the data set."""
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def typo(rng: random.Random, text: str) -> str:
    """Swap two neighbouring letters of one word."""
    i = rng.randrange(max(1, len(text) - 1))
    return text[:i] + text[i : i + 2][::-1] + text[i + 2 :]


def changed(kind: str, rng: random.Random, row: Row) -> Row:
    """Give the request that arrives once the world has changed in this way."""
    text, label = row
    known = pools().known
    match kind:
        case "20 % unseen intents" if rng.random() < 0.2:
            # A classifier has to answer with one of its own labels: those of a random known row.
            return rng.choice(pools().unseen)[0], rng.choice(known)[1]
        case "20 % Spanish" if rng.random() < 0.2:
            return rng.choice(SPANISH), rng.choice(known)[1]
        case "5 % Spanish" if rng.random() < 0.05:
            return rng.choice(SPANISH), rng.choice(known)[1]
        case "mix moved by 10 points" if rng.random() < 0.1:
            return text, known[0][1]
        case "mix moved by 5 points" if rng.random() < 0.05:
            return text, known[0][1]
        case "typos in 10 % more texts" if rng.random() < 0.1:
            return typo(rng, text), label
        case "half of the texts cut at 30" if rng.random() < 0.5:
            return text[:30], label
        case _:
            return row


CHANGES = (
    "20 % unseen intents",
    "20 % Spanish",
    "5 % Spanish",
    "mix moved by 10 points",
    "mix moved by 5 points",
    "typos in 10 % more texts",
    "half of the texts cut at 30",
)


def alarms_of(seed: int, *, kind: str | None, reference: int) -> list[tuple[int, str]]:
    """Run one stream; (request, detector) of each alarm that began."""
    rng = random.Random(f"{seed} {kind} {reference}")
    known = pools().known
    evaluator = build_evaluator(
        Target("bench", seed),
        Reference(
            pools().vocabulary, tuple(ReferenceRow(*row) for row in rng.choices(known, k=reference))
        ),
        Monitoring.model_validate({"window": {"size": WINDOW}}),
        least_requests_per_day=1000,
    )
    began: list[tuple[int, str]] = []
    on: set[str] = set()
    for n in range(1, (CHANGE_AT + FOLLOWED if kind else MONTH) + 1):
        row = rng.choice(known)
        if kind and n > CHANGE_AT:
            row = changed(kind, rng, row)
        for finding in evaluator.observe([observed(n, row)]):
            draft = finding.draft
            if draft.is_alarm and draft.detector not in on:
                began.append((n, draft.detector))
            (on.add if draft.is_alarm else on.discard)(draft.detector)
    return began


def observed(n: int, row: Row) -> StoredObservation:
    """Make a stored observation at 1,000 requests a day."""
    return StoredObservation(
        n,
        Observation(
            request_id=f"q{n}",
            model="bench",
            version=1,
            at=START + timedelta(seconds=86.4 * n),
            text=row[0],
            label=row[1],
            score=0.9,
            slices={},
            latency_seconds=0.01,
        ),
    )


def main() -> int:
    """Run all streams and print the two tables; 0 also when the data is not there."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--streams", type=int, default=200)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--reference", type=int, nargs="*", default=[300, 3000])
    chosen = options.parse_args()
    if not DATA.exists():
        print(f"skipped: {DATA} is not there")
        return 0
    with ProcessPoolExecutor(chosen.jobs) as workers:
        for reference in chosen.reference:
            report_unchanged(workers, chosen.streams, reference)
            report_changes(workers, chosen.streams // 4, reference)
    return 0


def report_unchanged(workers: ProcessPoolExecutor, streams: int, reference: int) -> None:
    """Print how many false alarms a month has."""
    began = time.perf_counter()
    found = list(
        workers.map(partial(alarms_of, kind=None, reference=reference), range(streams), chunksize=5)
    )
    per = {"any": sum(map(len, found)) / streams}
    for detector in ("prediction", "text_vocabulary", "text_length"):
        per[detector] = sum(name == detector for run in found for _, name in run) / streams
    hit = sum(map(bool, found)) / streams
    seconds = time.perf_counter() - began
    print(
        f"unchanged, reference {reference}, {streams} months of {MONTH} requests: "
        f"false alarms per month {per['any']:.3f} ({per}), months with any {hit:.3f}, "
        f"{seconds:.0f} s",
        flush=True,
    )


def report_changes(workers: ProcessPoolExecutor, streams: int, reference: int) -> None:
    """Print the delay of each change, in windows."""
    for kind in CHANGES:
        runs = list(workers.map(partial(alarms_of, kind=kind, reference=reference), range(streams)))
        delays = sorted(first_after(run) for run in runs)
        p95 = delays[min(len(delays) - 1, int(0.95 * len(delays)))]
        within = sum(delay <= 5 for delay in delays) / len(delays)
        print(
            f"{kind}, reference {reference}, {streams} streams: delay in windows "
            f"median {median(delays):g}, p95 {p95:g}, within 5 windows {within:.2f}",
            flush=True,
        )


def first_after(run: list[tuple[int, str]]) -> float:
    """Return the windows from the change to the first alarm that began after it."""
    after = [n for n, _ in run if n > CHANGE_AT]
    return (after[0] - CHANGE_AT) / WINDOW if after else float("inf")


if __name__ == "__main__":
    sys.exit(main())
