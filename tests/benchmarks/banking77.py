"""Banking77 through the real training job: what the benchmarks of fine-tuning share.

A measurement is one ``python -m controller.training`` with one thread on the official training rows
(500 of them, seeded, are kept for validation, as the spec's default does), and the shared
classifier's predictions on the official test rows. CPU seconds are those of the whole job:
imports, features, fit, validation, saving. On a machine that does other work they grow by up to
1.7 times, because two busy hyper-threads share one core.
"""

import csv
import json
import platform
import random
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from registry.bases import ResolvedBase, resolve_base
from registry.settings import Settings
from specs.training import Training

BASE = "sentence-transformers/all-MiniLM-L6-v2"
SEED = 17
RESAMPLES = 1000


@dataclass(frozen=True)
class Interval:
    """A share with its two-sided 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Measured:
    """One training, and how good it was on the official test rows."""

    accuracy: Interval
    f1_macro: Interval
    cpu_seconds: float
    """Of the whole job."""
    rows_per_cpu_second: float | None
    """Of the fit; None where nothing was stepped."""
    peak_memory_bytes: int
    steps: int
    validation_accuracy: float

    def as_json(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return asdict(self)


def measure(folder: Path, recipe: dict[str, Any], prepared: Path, data: Path) -> Measured:
    """Train ``recipe`` in ``folder``, which is made, and predict the test rows."""
    job = new_job(folder, recipe, prepared)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (job / "log.txt").open("w") as log:
        command = [sys.executable, "-m", "controller.training", str(job)]
        subprocess.run(command, stdout=log, stderr=log, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = json.loads((job / "result.json").read_text())
    if not result["ok"]:
        raise SystemExit(f"{recipe}: {result['message']}")
    labels, predicted = predict(job, data)
    training = result["training"]
    return Measured(
        accuracy=wilson(predicted == labels),
        f1_macro=f1_interval(labels, predicted),
        cpu_seconds=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        rows_per_cpu_second=training["rows_per_cpu_second"],
        peak_memory_bytes=training["peak_memory_bytes"],
        steps=training["steps"],
        validation_accuracy=training["validation"]["accuracy"],
    )


def prepare(data: Path, prepared: Path, *, rows: int | None = None) -> Path:
    """Rows as the data job writes them, as many seeded ones for validation as the spec's default.

    ``rows`` takes a sample of so many.
    """
    prepared.mkdir()
    found = [
        {"row": number, "text": row["text"], "label": row["category"], "slices": {}}
        for number, row in enumerate(read_csv(data / "train.csv"), start=1)
    ]
    random.Random(SEED).shuffle(found)
    found = found[:rows]
    held = min(len(found) // 10, 500)
    for split, part in (("validation", found[:held]), ("train", found[held:])):
        text = "".join(json.dumps(row) + "\n" for row in part)
        (prepared / f"{split}.jsonl").write_text(text)
    (prepared / "labels.json").write_text(json.dumps(sorted({row["label"] for row in found})))
    return prepared


def base_model() -> ResolvedBase:
    """The real MiniLM, from its package."""
    settings = Settings(offline=True)
    return resolve_base(BASE, None, repo_folder=None, settings=settings)


def new_job(folder: Path, recipe: dict[str, Any], prepared: Path) -> Path:
    """A job folder, as the controller writes it."""
    base = base_model()
    folder.mkdir(parents=True)
    job = {
        "task": "text-classification",
        "model": "banking77",
        "training": Training.model_validate({"seed": SEED} | recipe).model_dump(),
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
