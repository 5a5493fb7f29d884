"""What the whole trust stage costs on banking77, beside three epochs of its training.

One ``python -m controller.training`` of the default recipe with three epochs, and one
``python -m controller.evaluation`` of what it made, each with one thread: 3,080 test rows, every
noise, an attack, every built-in attribute, groups, and explanations where the release has them.
The evaluation is run again with metrics alone, so that the figures say what studies add.

    python -m tests.benchmarks.bench_trust --data ../shared/data/banking77 [--work FOLDER]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, get_args

from specs.evaluation import CLASSIFICATION_METRICS, Evaluation
from specs.perturbations import ATTRIBUTES, Noise
from tests.benchmarks.banking77 import (
    SEED,
    base_model,
    measure,
    prepare,
    processor,
    read_csv,
)

RECIPE = {"arguments": {"num_train_epochs": 3}}
SHORT = 40
"""Characters: what makes the two groups of the bench."""


def whole_stage() -> dict[str, Any]:
    """The evaluation section of a spec that asks for everything."""
    return {
        "robustness": {"perturbations": list(get_args(Noise)), "attack": {}},
        "bias": {"counterfactuals": list(ATTRIBUTES), "groups": ["short"]},
        "explain": {},
    }


def add_test_rows(prepared: Path, data: Path) -> None:
    """Write the official test rows as the data job does."""
    rows = [
        {
            "row": number,
            "text": row["text"],
            "label": row["category"],
            "slices": {"short": "true" if len(row["text"]) < SHORT else "false"},
        }
        for number, row in enumerate(read_csv(data / "test.csv"), start=1)
    ]
    for split in ("train", "validation"):
        lines = (prepared / f"{split}.jsonl").read_text().splitlines()
        marked = [json.loads(line) | {"slices": {"short": "false"}} for line in lines]
        _write(prepared / f"{split}.jsonl", marked)
    _write(prepared / "test.jsonl", rows)


def evaluate(folder: Path, version: Path, prepared: Path, evaluation: dict[str, Any]) -> float:
    """Run the evaluation job; CPU seconds of the whole process."""
    folder.mkdir()
    base = base_model()
    job = {
        "task": "text-classification",
        "version": str(version),
        "base": {"folder": str(base.folder)},
        "prepared": str(prepared),
        "metrics": [*CLASSIFICATION_METRICS, "overfit_gap"],
        "evaluation": Evaluation.model_validate(evaluation).model_dump(mode="json"),
        "seed": SEED,
        "threads": 1,
    }
    (folder / "job.json").write_text(json.dumps(job))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (folder / "log.txt").open("w") as log:
        command = [sys.executable, "-m", "controller.evaluation", str(folder)]
        subprocess.run(command, stdout=log, stderr=log, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = json.loads((folder / "result.json").read_text())
    if not result["ok"]:
        raise SystemExit(result["message"])
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="keep everything here; default: nothing is kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = given.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        prepared = work / "prepared"
        if not prepared.exists():
            prepare(given.data, prepared)
            add_test_rows(prepared, given.data)
        training = work / "training"
        if not training.exists():
            cost = measure(training, RECIPE, prepared, given.data).cpu_seconds
            (work / "training_cpu.json").write_text(json.dumps(cost))
        number = len(list(work.glob("stage*")))
        version = training / "output"
        stage = evaluate(work / f"stage{number}", version, prepared, whole_stage())
        alone = evaluate(work / f"metrics{number}", version, prepared, {})
        trained = json.loads((work / "training_cpu.json").read_text())
        measured = json.loads((work / f"stage{number}/output/metrics.json").read_text())
        report = measured["report"]
        print(
            json.dumps(
                {
                    "machine": processor(),
                    "training_cpu_seconds": round(trained, 1),
                    "trust_cpu_seconds": round(stage, 1),
                    "metrics_alone_cpu_seconds": round(alone, 1),
                    "ratio": round(stage / trained, 2),
                    "texts_asked": {
                        name: report[name]["asked"] for name in ("robustness", "bias", "explain")
                    },
                    "attack": {
                        name: value
                        for name, value in report["robustness"]["attack"].items()
                        if name != "examples"
                    },
                    "metrics": {
                        name: {key: round(one[key], 4) for key in ("value", "low", "high", "n")}
                        for name, one in measured["metrics"].items()
                    },
                },
                indent=1,
            )
        )


if __name__ == "__main__":
    main()
