"""Our trainer beside a plain Hugging Face script: the same base, rows, LoRA and arguments.

    python -m tests.benchmarks.bench_training --data ../shared/data/banking77

Both train in turn, ``--rounds`` times, one thread each, so that a busy machine slows both. Rows per
CPU second are those of the fit. Ours validates and writes checkpoints within it, the plain script
does not. The final metric is the accuracy on the official test rows; the plain script has the stock
head, which starts at random.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.banking77 import base_model, measure, prepare, processor

EPOCHS, BATCH_SIZE, LEARNING_RATE, MAX_LENGTH = 1, 32, 1e-3, 64
SAME: dict[str, Any] = {
    "method": "lora",
    "lora": {
        "target_modules": ["query", "value"],
        "lora_dropout": 0.05,
        "layers_to_transform": "all",
    },
    "head": {"token_dropout": 0.0},
    "arguments": {
        "num_train_epochs": EPOCHS,
        "per_device_train_batch_size": BATCH_SIZE,
        "learning_rate": LEARNING_RATE,
        "max_length": MAX_LENGTH,
    },
}
OURS = {
    "ours": SAME,
    "ours, upper half": SAME | {"lora": SAME["lora"] | {"layers_to_transform": "auto"}},
}
"""The same adapters as the plain script's, and those that Trueup would make by itself."""
FACTS = ("rows_per_cpu_second", "cpu_seconds", "peak_memory_bytes", "accuracy")


def main() -> None:
    """Train in turn, and print a Markdown table with the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/banking77"))
    parser.add_argument("--rows", type=int, help="only a sample of so many training rows")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--padded", action="store_true", help="also the script padded to the limit")
    given = parser.parse_args()
    kinds = [*OURS, "plain, dynamic padding"]
    kinds += ["plain, padded to 64"] if given.padded else []
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as root:
        prepared = prepare(given.data, Path(root) / "prepared", rows=given.rows)
        for number in range(given.rounds):
            for kind in kinds:
                folder = Path(root) / f"{kind}-{number}"
                found[kind].append(_run(kind, folder, prepared, given))
                print(kind, json.dumps(found[kind][-1]), flush=True)
    _print_table(found)


def _run(kind: str, folder: Path, prepared: Path, given: argparse.Namespace) -> dict[str, Any]:
    if kind in OURS:
        measured = measure(folder, OURS[kind], prepared, given.data).as_json()
        return {name: measured[name] for name in FACTS} | {
            "accuracy": measured["accuracy"]["value"]
        }
    folder.mkdir()
    out = folder / "result.json"
    command = [sys.executable, "-m", "tests.benchmarks.plain_trainer"]
    command += ["--base", str(base_model().folder), "--out", str(out)]
    command += ["--train", str(prepared / "train.jsonl"), "--test", str(given.data / "test.csv")]
    command += ["--epochs", str(EPOCHS), "--batch-size", str(BATCH_SIZE)]
    command += ["--learning-rate", str(LEARNING_RATE), "--max-length", str(MAX_LENGTH)]
    command += ["--padding", "max_length" if "padded" in kind else "dynamic"]
    environment = dict(os.environ) | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    with (folder / "log.txt").open("w") as log:
        subprocess.run(command, stdout=log, stderr=log, check=True, env=environment)
    return dict(json.loads(out.read_text()))


def _print_table(found: dict[str, list[dict[str, Any]]]) -> None:
    middle = {
        kind: {name: statistics.median(run[name] for run in runs) for name in FACTS}
        for kind, runs in found.items()
    }
    ours = middle["ours"]["rows_per_cpu_second"]
    print(f"\n{processor()}; medians of {len(found['ours'])} runs each, one thread\n")
    print(
        "| trainer | rows per CPU s of the fit | ours is | CPU s in all | peak memory | accuracy |"
    )
    print("|---|---|---|---|---|---|")
    for kind, run in middle.items():
        ratio = ours / run["rows_per_cpu_second"]
        memory = f"{run['peak_memory_bytes'] / 1e9:.2f} GB"
        speed, spent = f"{run['rows_per_cpu_second']:.0f}", f"{run['cpu_seconds']:.0f}"
        print(f"| {kind} | {speed} | {ratio:.1f}x | {spent} | {memory} | {run['accuracy']:.3f} |")


if __name__ == "__main__":
    main()
