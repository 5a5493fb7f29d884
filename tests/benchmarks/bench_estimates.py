"""How right the cost estimates are: plan, train, compare; then plan again from what was learnt.

    python tests/benchmarks/bench_estimates.py --data ../shared/data/banking77

Each configuration is planned (calibrated on this machine), trained by the real training job, and
planned again with that one run as its history. Printed is planned/actual: 1 is right.
"""

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.training.tiny_base import make_tiny_base
from registry.bases import resolve_base
from registry.settings import Settings
from specs.training import Training

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
SEED = 17
COLUMNS = ("cpu_seconds", "seconds", "peak_memory_bytes", "artifact_bytes")
TINY_ROWS = 1500


@dataclass(frozen=True)
class Case:
    """One configuration."""

    name: str
    rows: int
    training: dict[str, Any]
    task: str = "text-classification"
    arguments: dict[str, Any] = field(default_factory=dict)


CASES = (
    Case("linear probe", 3000, {"method": "linear-probe"}),
    Case("LoRA query/value, batch 32", 1500, {"method": "lora"}),
    Case(
        "LoRA query/value, batch 8, max_length 24",
        1500,
        {"method": "lora"},
        arguments={"per_device_train_batch_size": 8, "max_length": 24},
    ),
    Case(
        "LoRA all-linear, batch 32",
        1200,
        {"method": "lora", "lora": {"target_modules": "all-linear"}},
    ),
    Case("full, batch 16", 1000, {"method": "full"}, arguments={"per_device_train_batch_size": 16}),
    Case(
        "tiny causal LM, LoRA",
        TINY_ROWS,
        {"method": "lora", "lora": {"target_modules": "all-linear"}},
        task="causal-lm",
        arguments={"max_length": 64, "num_train_epochs": 3},
    ),
    Case(
        "tiny causal LM, full",
        TINY_ROWS,
        {"method": "full"},
        task="causal-lm",
        arguments={"max_length": 64, "num_train_epochs": 3},
    ),
    Case(
        "tiny causal LM, LoRA, packed",
        TINY_ROWS,
        {
            "method": "lora",
            "lora": {"target_modules": "all-linear"},
            "generation": {"packing": True},
        },
        task="causal-lm",
        arguments={"max_length": 64, "num_train_epochs": 3},
    ),
    Case(
        "QLoRA (NF4), batch 16",
        600,
        {"method": "qlora", "quantization": {"load_in_4bit": True}},
        arguments={"per_device_train_batch_size": 16},
    ),
)


def main() -> None:
    """Run the chosen cases one after the other and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/banking77"))
    parser.add_argument("--only", nargs="*", default=[case.name for case in CASES])
    given = parser.parse_args()
    print("| configuration | basis | plan CPU s | " + " | ".join(COLUMNS) + " |")
    print("|---|---|---|" + "---|" * len(COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            if case.name in given.only:
                run(case, given.data, Path(tempfile.mkdtemp(dir=folder)))


def run(case: Case, data: Path, folder: Path) -> None:
    """Plan, train, plan again."""
    job = make_job(case, data, folder)
    first = start("controller.costs", folder / "plan", job)
    trained = start("controller.training", folder / "train", job)
    planned = first["costs"]
    actual = trained["training"] | {"run_seconds": trained["wall"], "planned": planned}
    size = sum(one.stat().st_size for one in (folder / "train" / "output").rglob("*"))
    earlier = [{"training": actual, "artifact_bytes": size}]
    second = start("controller.costs", folder / "again", job | {"earlier": earlier})
    told = {
        "cpu_seconds": actual["cpu_seconds"],
        "seconds": trained["wall"],
        "peak_memory_bytes": actual["peak_memory_bytes"],
        "artifact_bytes": size,
    }
    for made in (first, second):
        figures = made["costs"]["figures"]
        cells = [cell(figures[name], told[name]) for name in COLUMNS]
        basis = figures["cpu_seconds"]["basis"]
        print(
            f"| {case.name} | {basis} | {made['cpu']:.1f} | " + " | ".join(cells) + " |", flush=True
        )


def cell(figure: dict[str, Any], told: float) -> str:
    """Planned over actual, the actual, and a mark where the interval does not hold it."""
    mark = "" if figure["low"] <= told <= figure["high"] else "!"
    return f"{figure['value'] / told:.2f}{mark} of {told:.3g}"


def start(module: str, folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Run one job in a process of its own; its result, and what it took."""
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps(job))
    began = time.monotonic()
    before = _children_cpu()
    subprocess.run(
        [sys.executable, "-m", module, str(folder)], check=True, stdout=subprocess.DEVNULL
    )
    result = json.loads((folder / "result.json").read_text())
    if not result["ok"]:
        raise SystemExit(result["message"])
    return result | {"wall": time.monotonic() - began, "cpu": _children_cpu() - before}


def make_job(case: Case, data: Path, folder: Path) -> dict[str, Any]:
    """The job of ``case``, with its rows prepared."""
    training = Training.model_validate(case.training | {"arguments": case.arguments, "seed": SEED})
    if case.task == "causal-lm":
        base = {"model": "tiny", "revision": "sha256:tiny", "folder": str(folder / "base")}
        rows = [
            {"prompt": row["text"], "completion": row["label"]} for row in read(data, case.rows)
        ]
        make_tiny_base(folder / "base", [row["prompt"] for row in rows], SEED, steps=100)
    else:
        found = resolve_base(MINILM, None, repo_folder=None, settings=Settings(offline=True))
        base = {"model": found.model, "revision": found.revision, "folder": str(found.folder)}
        rows = read(data, case.rows)
    prepared = folder / "prepared"
    prepared.mkdir()
    held = len(rows) // 10
    for split, chosen in (("validation", rows[:held]), ("train", rows[held:])):
        lines = [
            json.dumps(row | {"row": at, "slices": {}}) + "\n" for at, row in enumerate(chosen)
        ]
        (prepared / f"{split}.jsonl").write_text("".join(lines))
    labels = sorted({row["label"] for row in rows}) if "label" in rows[0] else []
    (prepared / "labels.json").write_text(json.dumps(labels))
    return {
        "task": case.task,
        "model": "bench",
        "training": training.model_dump(mode="json"),
        "base": base,
        "prepared": str(prepared),
        "threads": 1,
    }


def read(data: Path, count: int) -> list[dict[str, str]]:
    """A seeded sample of the official training rows."""
    with (data / "train.csv").open() as file:
        rows = [{"text": row["text"], "label": row["category"]} for row in csv.DictReader(file)]
    return random.Random(SEED).sample(rows, count)


def _children_cpu() -> float:
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
