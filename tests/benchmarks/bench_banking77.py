"""Quality and cost of the training methods on banking77, through the real training job.

    python tests/benchmarks/bench_banking77.py --data ../shared/data/banking77 --out table.md

Each row is one ``python -m controller.training`` with one thread on the official training rows
(a tenth of them, seeded, is kept for validation, as the spec's default does), and the shared
classifier's predictions on the official test rows. CPU seconds are those of the whole job:
imports, features, fit, validation, saving. On a machine that does other work they grow by up to
1.7 times, because two busy hyper-threads share one core; ``rows/CPU s`` is of the fit alone.
"""

import argparse
import csv
import json
import platform
import random
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from registry.bases import resolve_base
from registry.settings import Settings
from specs.training import Training

BASE = "sentence-transformers/all-MiniLM-L6-v2"
SEED = 17
RESAMPLES = 1000

RECIPES: dict[str, dict[str, Any]] = {
    "linear probe": {"method": "linear-probe"},
    "LoRA, 1 epoch (default)": {"method": "lora"},
    "LoRA on all-linear, batch 16, 1 epoch": {
        "method": "lora",
        "lora": {"target_modules": "all-linear"},
        "arguments": {"per_device_train_batch_size": 16},
    },
    "LoRA, 3 epochs": {"method": "lora", "arguments": {"num_train_epochs": 3}},
    "full, 3 epochs, lr 1e-4": {
        "method": "full",
        "arguments": {"num_train_epochs": 3, "learning_rate": 1e-4},
    },
    "full, 3 epochs, lr 1e-4, random head": {
        "method": "full",
        "head": {"init": "random"},
        "arguments": {"num_train_epochs": 3, "learning_rate": 1e-4},
    },
}
CHOSEN = list(RECIPES)[:5]


@dataclass(frozen=True)
class Interval:
    """A share with its two-sided 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.3f}, {self.high:.3f}]"


def main() -> None:
    """Run the chosen recipes one after the other and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Plain)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/banking77"))
    parser.add_argument("--only", nargs="*", default=CHOSEN, choices=list(RECIPES))
    parser.add_argument("--out", type=Path, help="file for the table, beside the terminal")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(given.data, Path(folder) / "prepared")
        lines = [*header()]
        for name in given.only:
            lines.append(measure(name, prepared, given.data, Path(folder)))
            print(lines[-1], flush=True)
    table = "\n".join(lines) + "\n"
    print(table)
    if given.out:
        given.out.write_text(table)


class _Plain(argparse.RawDescriptionHelpFormatter):
    """Keeps the description's lines."""


def header() -> list[str]:
    """The table's head, with the machine it was made on."""
    columns = "method|accuracy|macro-F1|CPU seconds|rows/CPU s (fit)|steps|validation accuracy"
    names = columns.split("|")
    return [
        f"Machine: {platform.machine()}, {processor()}, Python {platform.python_version()}.",
        "",
        "| " + " | ".join(names) + " |",
        "|" + "---|" * len(names),
    ]


def measure(name: str, prepared: Path, data: Path, root: Path) -> str:
    """Train ``name``, predict the test rows, and return the table's row."""
    job = new_job(root / name.replace(" ", "-").replace(",", ""), RECIPES[name], prepared)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (job / "log.txt").open("w") as log:
        command = [sys.executable, "-m", "controller.training", str(job)]
        subprocess.run(command, stdout=log, stderr=log, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result = json.loads((job / "result.json").read_text())
    if not result["ok"]:
        raise SystemExit(f"{name}: {result['message']}")
    labels, predicted = predict(job, data)
    training = result["training"]
    speed = training["rows_per_cpu_second"]
    cells = [
        name,
        wilson(predicted == labels),
        f1_interval(labels, predicted),
        f"{spent:.0f}",
        "-" if speed is None else f"{speed:.0f}",
        training["steps"],
        f"{training['validation']['accuracy']:.4f}",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def prepare(data: Path, prepared: Path) -> Path:
    """Rows as the data job writes them, a seeded tenth of them for validation."""
    prepared.mkdir()
    rows = [
        {"row": number, "text": row["text"], "label": row["category"], "slices": {}}
        for number, row in enumerate(read_csv(data / "train.csv"), start=1)
    ]
    random.Random(SEED).shuffle(rows)
    held = len(rows) // 10
    for split, part in (("validation", rows[:held]), ("train", rows[held:])):
        text = "".join(json.dumps(row) + "\n" for row in part)
        (prepared / f"{split}.jsonl").write_text(text)
    (prepared / "labels.json").write_text(json.dumps(sorted({row["label"] for row in rows})))
    return prepared


def new_job(folder: Path, recipe: dict[str, Any], prepared: Path) -> Path:
    """A job folder, as the controller writes it."""
    settings = Settings(offline=True)
    base = resolve_base(BASE, None, repo_folder=None, settings=settings)
    folder.mkdir()
    job = {
        "task": "text-classification",
        "model": "banking77",
        "training": Training.model_validate(recipe | {"seed": SEED}).model_dump(),
        "base": {"model": base.model, "revision": base.revision, "folder": str(base.folder)},
        "prepared": str(prepared),
        "threads": 1,
    }
    (folder / "job.json").write_text(json.dumps(job))
    return folder


def predict(job: Path, data: Path) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted labels of the test rows, by the classifier that also serves."""
    import torch

    from registry.serving.classifier import load_classifier

    torch.set_num_threads(1)
    rows = list(read_csv(data / "test.csv"))
    base = Path(json.loads((job / "job.json").read_text())["base"]["folder"])
    found = load_classifier(job / "output", base).predict([row["text"] for row in rows])
    return np.array([row["category"] for row in rows]), np.array(found.best)


def wilson(hits: np.ndarray) -> Interval:
    """Wilson's score interval of a share."""
    n, share, z = len(hits), float(hits.mean()), 1.959964
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, float(middle - half), float(middle + half))


def f1_interval(labels: np.ndarray, predicted: np.ndarray) -> Interval:
    """Macro-F1 with a percentile bootstrap over the rows."""
    _, numbers = np.unique(np.concatenate([labels, predicted]), return_inverse=True)
    true, found = numbers[: len(labels)], numbers[len(labels) :]
    draw = np.random.default_rng(SEED)
    samples = (draw.integers(0, len(true), len(true)) for _ in range(RESAMPLES))
    scores = [_f1_macro(true[sample], found[sample]) for sample in samples]
    low, high = np.percentile(scores, [2.5, 97.5])
    return Interval(_f1_macro(true, found), float(low), float(high))


def _f1_macro(true: np.ndarray, found: np.ndarray) -> float:
    size = int(max(true.max(), found.max())) + 1
    hits = np.bincount(true[true == found], minlength=size)
    both = np.bincount(true, minlength=size) + np.bincount(found, minlength=size)
    return float((2 * hits[both > 0] / both[both > 0]).mean())


def read_csv(path: Path) -> Any:
    """Rows of a CSV file as dicts."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def processor() -> str:
    """The processor's name, where Linux says it."""
    found = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{len(found)} x {found[0]}" if found else platform.processor()


if __name__ == "__main__":
    main()
