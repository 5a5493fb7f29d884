"""The whole loop on banking77: a commit in, a live version that answers out.

    python -m tests.benchmarks.bench_loop --data ../shared/data/banking77

Real git, real DVC, the four real processes, the real base; measured through the API and over HTTP,
as a user would. CPU seconds are those of the training job, imports and evaluation aside.
"""

import argparse
import csv
import shutil
import tempfile
import time
from pathlib import Path

import httpx

from tests.e2e.installation import MODEL, PARTS, Installation, free_ports

SPEC = """\
apiVersion: trueup/v1
kind: Model
metadata: {name: support-intents}
spec:
  task: text-classification
  base: {model: sentence-transformers/all-MiniLM-L6-v2}
  data:
    train: data/train.csv
    test: data/test.csv
    columns: {text: text, label: category}
    slices: {short_text: "len(text) < 40"}
  training: TRAINING
  gates:
    - {metric: f1_macro, min: 0.85}
    - {metric: accuracy, slice: "*", min: 0.80}
"""
DEFAULT = "{method: lora, arguments: {num_train_epochs: 1}}"
ASKED_AT_ONCE = 50


def main() -> None:
    """Run the loop once and print one Markdown row of what came of it."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder))
        installation.ports = dict(zip(PARTS, free_ports(len(PARTS)), strict=True))
        installation.trueup("init", str(installation.repo))
        for split in ("train", "test"):
            shutil.copy(options.data / f"{split}.csv", installation.repo / "data")
        installation.dvc("add", "data/train.csv", "data/test.csv")
        installation.dvc("push")
        spec = installation.repo / "specs" / f"{MODEL}.yaml"
        spec.write_text(SPEC.replace("TRAINING", options.training))
        installation.git("commit", "-qam", "Declare banking77")
        started = time.monotonic()
        installation.up()
        try:
            installation.wait("version=1", seconds=1800)
            _report(installation, options.data / "test.csv", time.monotonic() - started)
        finally:
            installation.down()


def _report(installation: Installation, test: Path, seconds: float) -> None:
    api = f"http://127.0.0.1:{installation.ports['api']}/api/v1/models/{MODEL}"
    version = httpx.get(f"{api}/versions/1", timeout=30).json()
    right, count = _asked_over_http(installation, test)
    print("| measured on | accuracy | macro-F1 | rows |")
    print("|---|---|---|---|")
    clean, everything = version["metrics"], version["report"]["all_rows"]
    for name, found in (("clean rest (gates)", clean), ("all held-out rows", everything)):
        accuracy, f1 = found["accuracy"], found["f1_macro"]
        print(f"| {name} | {_told(accuracy)} | {_told(f1)} | {accuracy['n']:,} |")
    print(f"| test.csv, asked over HTTP | {right / count:.3f} | | {count:,} |")
    print(
        f"commit to live: {seconds:.0f} s; training: {version['training']['cpu_seconds']:.0f} CPU s"
    )


def _told(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"


def _asked_over_http(installation: Installation, test: Path) -> tuple[int, int]:
    with test.open(newline="") as file:
        rows = list(csv.DictReader(file))
    installation.until(lambda: installation.predict(["x"]).status_code == 200, "it answers")
    right = 0
    for start in range(0, len(rows), ASKED_AT_ONCE):
        asked = rows[start : start + ASKED_AT_ONCE]
        answer = installation.predict([row["text"] for row in asked])
        answer.raise_for_status()
        labels = [one["label"] for one in answer.json()["predictions"]]
        right += sum(row["category"] == label for row, label in zip(asked, labels, strict=True))
    return right, len(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/banking77"))
    parser.add_argument("--training", default=DEFAULT, help="spec.training, as YAML in one line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
