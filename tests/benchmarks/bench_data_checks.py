"""The yardsticks of the data checks on banking77: wrong labels, near duplicates, time and memory.

::

    python -m tests.benchmarks.bench_data_checks labels --data FOLDER     # planted wrong labels
    python -m tests.benchmarks.bench_data_checks twins --data FOLDER      # planted near duplicates
    python -m tests.benchmarks.bench_data_checks report --data FOLDER     # the whole data job
    python -m tests.benchmarks.bench_data_checks rows --data FOLDER --rows 1000000

``FOLDER`` holds banking77's ``train.csv`` and ``test.csv``. ``labels`` compares with cleanlab where
it is installed (group ``bench``): its filters, on the same out-of-fold probabilities.
"""

import argparse
import csv
import importlib.util
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from controller.data.duplicates import method_for, near_twins
from controller.data.folding import folded
from controller.data.label_features import Features
from controller.data.label_issues import doubts_of
from controller.data.label_model import calibrated, unseen_scores
from controller.data.pull import md5_of
from tests.benchmarks.banking77 import BASE, base_model

FLIPPED = 500
PLANTED_OF_A_KIND = 200
GREETINGS = (
    "Hello, ",
    "Hi there, ",
    "Good morning, ",
    "Hey, ",
    "Dear support team, ",
    "Quick question: ",
    "Hi, please help: ",
)

Pairs = Sequence[tuple[str, str]]


def read(path: Path) -> list[tuple[str, str]]:
    """Read (text, category) rows."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def labels(arguments: argparse.Namespace) -> None:
    """Flip 5 % of the labels, and count how many of them are suspected."""
    pairs = read(arguments.data / "train.csv")
    names = sorted({label for _, label in pairs})
    given = np.array([names.index(label) for _, label in pairs])
    texts = [folded(text) for text, _ in pairs]
    started = time.process_time()
    matrix = Features.of(texts, at_most=100_000).matrix(texts)
    clean, _ = doubts_of(matrix, given, len(names), seed=17)
    print(f"nothing flipped: {len(clean.worst)} suspected, {_since(started)}")
    confusable = _confusable(clean, given, len(names))
    for kind in ("random", "confusable"):
        for seed in range(arguments.seeds):
            draw = np.random.default_rng(seed)
            rows = draw.choice(len(given), FLIPPED, replace=False)
            damaged = given.copy()
            steps = draw.integers(1, len(names), FLIPPED)
            random_labels = (given[rows] + steps) % len(names)
            damaged[rows] = random_labels if kind == "random" else confusable[given[rows]]
            wrong = np.isin(np.arange(len(given)), rows)
            started = time.process_time()
            found, _ = doubts_of(matrix, damaged, len(names), seed=17)
            print(f"{kind} {seed} ours: {_quality(found.worst, wrong)}, {_since(started)}")
            if seed == 0 and importlib.util.find_spec("cleanlab"):
                _cleanlab(matrix, damaged, len(names), wrong)


def _confusable(doubts: Any, given: Any, classes: int) -> Any:
    taken = np.zeros((classes, classes))
    np.add.at(taken, (given, doubts.others), np.where(doubts.odds < 0, 1.0, 1e-6))
    return taken.argmax(axis=1)


def _cleanlab(matrix: Any, damaged: Any, classes: int, wrong: Any) -> None:
    """cleanlab's filters on probabilities of the same model: one pass, as it is given them."""
    from cleanlab.filter import find_label_issues

    everything = np.ones(len(damaged), bool)
    scores = unseen_scores(matrix, damaged, classes, seed=17, trusted=everything)
    likely = np.exp(calibrated(scores, damaged)[0].astype(np.float64))
    likely /= likely.sum(axis=1, keepdims=True)
    for rule in ("prune_by_noise_rate", "confident_learning", "low_self_confidence"):
        mask = find_label_issues(damaged, likely, filter_by=rule, n_jobs=1)
        print(f"    cleanlab {rule}: {_quality(np.nonzero(mask)[0], wrong)}")


def _quality(rows: Any, wrong: Any) -> str:
    right = wrong[rows].sum()
    return f"{len(rows)} rows, precision {right / len(rows):.2f}, recall {right / wrong.sum():.2f}"


def twins(arguments: argparse.Namespace) -> None:
    """Plant 200 variants of six kinds, and count them and the real rows that are flagged."""
    texts = [text for text, _ in read(arguments.data / "train.csv")]
    for seed in range(arguments.seeds):
        planted = _planted(texts, seed)
        everything = [folded(text) for text in (*texts, *(text for _, text in planted))]
        started = time.process_time()
        found = near_twins(everything)
        real = sum(index < len(texts) for index in found)
        kinds: dict[str, int] = {}
        for index, (kind, _) in enumerate(planted, start=len(texts)):
            kinds[kind] = kinds.get(kind, 0) + (index in found)
        share = sum(kinds.values()) / len(planted)
        how = method_for(everything)
        print(f"{how}: {share:.1%} found {kinds}, {real} real rows, {_since(started)}")


def _planted(texts: Sequence[str], seed: int) -> list[tuple[str, str]]:
    draw = random.Random(seed)
    long = [text for text in texts if len(text.split()) >= 5]
    kinds: dict[str, Callable[[str], str]] = {
        "case and punctuation": lambda text: text.upper().rstrip("?.!") + " !!",
        "one typo": lambda text: _typo(text, draw),
        "three typos": lambda text: _typo(_typo(_typo(text, draw), draw), draw),
        "greeting": lambda text: draw.choice(GREETINGS) + text,
        "word dropped": lambda text: _dropped(text, draw),
        "words swapped": lambda text: _swapped(text, draw),
    }
    return [
        (kind, change(text))
        for kind, change in kinds.items()
        for text in draw.sample(long, PLANTED_OF_A_KIND)
    ]


def _typo(text: str, draw: random.Random) -> str:
    at, letter = draw.randrange(len(text)), draw.choice("abcdefghijklmnopqrstuvwxyz")
    return draw.choice(
        [
            text[:at] + letter + text[at:],
            text[:at] + text[at + 1 :],
            text[:at] + letter + text[at + 1 :],
            text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :],
        ]
    )


def _dropped(text: str, draw: random.Random) -> str:
    words = text.split()
    del words[draw.randrange(len(words))]
    return " ".join(words)


def _swapped(text: str, draw: random.Random) -> str:
    words = text.split()
    at = draw.randrange(len(words) - 1)
    words[at : at + 2] = words[at + 1], words[at]
    return " ".join(words)


def report(arguments: argparse.Namespace) -> None:
    """Run the whole data job over the official files."""
    with tempfile.TemporaryDirectory() as folder:
        job(Path(folder), arguments.data / "train.csv", arguments.data / "test.csv", arguments)


def rows(arguments: argparse.Namespace) -> None:
    """Run the whole data job over many rows that are made of banking77's."""
    with tempfile.TemporaryDirectory() as folder:
        train = Path(folder) / "train.csv"
        with train.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("text", "category"))
            writer.writerows(_recombined(read(arguments.data / "train.csv"), arguments.rows))
        job(Path(folder), train, arguments.data / "test.csv", arguments)


def _recombined(pairs: Pairs, count: int) -> Iterator[tuple[str, str]]:
    """The start of one question and the end of another of its label, up to two words replaced."""
    draw = random.Random(0)
    by_label: dict[str, list[list[str]]] = {}
    for text, label in pairs:
        by_label.setdefault(label, []).append(text.split())
    names = sorted(by_label)
    words = sorted({word for text, _ in pairs for word in text.split()})
    for _ in range(count):
        label = draw.choice(names)
        first, second = draw.choice(by_label[label]), draw.choice(by_label[label])
        made = first[: draw.randint(2, max(2, len(first)))]
        made = made + second[draw.randrange(max(1, len(second) - 2)) :]
        for _ in range(draw.randrange(3)):
            made[draw.randrange(len(made))] = draw.choice(words)
        yield " ".join(made), label


def job(folder: Path, train: Path, test: Path, arguments: argparse.Namespace) -> None:
    """Run a data job as the controller would; print its time, its memory and what it found."""
    files = {"data/train.csv": train.resolve(), "data/test.csv": test.resolve()}
    base = base_model()
    wanted = {
        "task": "text-classification",
        "repo": {"url": "none", "mirror": None, "commit": "none"},
        "data": {
            "train": "data/train.csv",
            "test": "data/test.csv",
            "columns": {"text": "text", "label": "category"},
            "checks": json.loads(arguments.checks),
        },
        "hashes": {path: md5_of(file) for path, file in files.items()},
        "seed": 17,
        "cache": str(folder / "cache"),
        "prepared": str(folder / "prepared"),
        "files": {path: str(file) for path, file in files.items()},
        "base": {"model": BASE, "folder": str(base.folder)},
        "max_length": 128,
    }
    (folder / "job.json").write_text(json.dumps(wanted))
    started = time.monotonic()
    command = [sys.executable, "-m", "controller.data", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = json.loads((folder / "result.json").read_text())
    print(
        f"{used.ru_utime + used.ru_stime:.1f} CPU s, {time.monotonic() - started:.0f} s, "
        f"peak memory {used.ru_maxrss / 2**20:.2f} GiB"
    )
    print(json.dumps({key: result.get(key) for key in ("ok", "rows", "summary", "message")}))
    for line in result.get("messages", []):
        print(f"    {line[:160]}")


def _since(started: float) -> str:
    return f"{time.process_time() - started:.1f} CPU s"


def main() -> None:
    """Run one of the measurements."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("labels", "twins", "report", "rows"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--checks", default="{}", help="JSON of spec.data.checks")
    arguments = parser.parse_args()
    {"labels": labels, "twins": twins, "report": report, "rows": rows}[arguments.what](arguments)


if __name__ == "__main__":
    main()
