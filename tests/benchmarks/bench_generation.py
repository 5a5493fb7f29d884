"""Generation that can be seen to learn, offline: a toy base, LoRA to a changed task, exact match.

    python -m tests.benchmarks.bench_generation [--rows messages] [--steps 400] [--epochs 5]

A base is trained from scratch on who answers for what. LoRA then teaches it that the teams have
changed places. Held-out prompts, which neither has seen, go through the real evaluation job before
and after. Rows of messages name the thing in one turn and ask for the team in a later one.
"""

import argparse
import itertools
import json
import random
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from controller.data.prepared import Prepared, write_prepared
from controller.data.rows import Reading
from controller.data.tables import NumberedRecord
from controller.job_protocol import JobFolder
from registry.records import Estimate
from specs.data import Data

TEAMS = {
    "parcel": "delivery team",
    "password": "login team",
    "refund": "payment team",
    "invoice": "office team",
}
OPENINGS = ["hello", "please", "once more", "so", "well", "excuse me", "good day", "hm"]
ENDINGS = ["now", "today", "soon", "at last", "this week", "tomorrow", "again", "thanks"]
HELD_OUT = 100
COLUMNS = {
    "prompts": {"prompt": "prompt", "completion": "completion"},
    "messages": {"messages": "messages"},
    "recall": {"messages": "messages"},
}


def changed(teams: dict[str, str]) -> dict[str, str]:
    """Every team answers for the next thing."""
    names = list(teams.values())
    return dict(zip(teams, [*names[1:], names[0]], strict=True))


def record(kind: str, parts: tuple[str, str, str], team: str) -> dict[str, Any]:
    """One row of a dataset file, from an opening, a thing and an ending."""
    opening, thing, ending = parts
    if kind == "prompts":
        return {"prompt": f"{opening} about my {thing} {ending}", "completion": team}
    said = [opening, "ok", f"my {thing} {ending} ?", team]
    if kind == "recall":
        said = [f"{opening} my {thing} {ending}", "ok", "who ?", team]
    turns = zip(itertools.cycle(("user", "assistant")), said, strict=False)
    return {"messages": [{"role": role, "content": text} for role, text in turns]}


def records(kind: str, teams: dict[str, str], seed: int) -> list[dict[str, Any]]:
    """Every combination once, in a seeded order that does not depend on the teams."""
    parts = list(itertools.product(OPENINGS, teams, ENDINGS))
    random.Random(seed).shuffle(parts)
    return [record(kind, one, teams[one[1]]) for one in parts]


def make_base(folder: Path, kind: str, rows: Sequence[dict[str, Any]], steps: int) -> None:
    """Train a base on ``rows``, written as its form writes them."""
    from controller.training.tiny_base import END, make_tiny_base
    from registry.serving.chat import ChatTemplate
    from registry.serving.generator import PROMPT_TEMPLATE
    from specs.chat_templates import SIMPLE

    if kind == "prompts":
        texts = [PROMPT_TEMPLATE.format(**row) + row["completion"] for row in rows]
    else:
        template = ChatTemplate(SIMPLE, {"eos_token": END})
        texts = [template.whole(row["messages"]).text for row in rows]
    make_tiny_base(folder, texts, seed=3, steps=steps)


def as_version(base: Path, folder: Path, kind: str) -> None:
    """The base as it is, as a version that evaluation can measure."""
    from controller.training.tasks.tokenizer_files import write_chat_template
    from registry.serving.generator import PROMPT_TEMPLATE
    from specs.chat_templates import SIMPLE

    shutil.copytree(base, folder)
    manifest = {"task": "causal-lm", "method": "full", "max_length": 64, "base": {}}
    manifest["prompt_template"] = PROMPT_TEMPLATE if kind == "prompts" else None
    (folder / "trueup.json").write_text(json.dumps(manifest))
    if kind != "prompts":
        write_chat_template(SIMPLE, folder)


def prepare(folder: Path, kind: str, rows: dict[str, Sequence[dict[str, Any]]]) -> None:
    """Rows as the data job leaves them."""
    content = {"train": "train.jsonl", "test": "test.jsonl", "columns": COLUMNS[kind]}
    reading = Reading.of(Data.model_validate(content), "causal-lm")
    read = {
        split: reading.rows_of(
            (NumberedRecord(n, n, row) for n, row in enumerate(found, start=1)), f"{split}.jsonl"
        )
        for split, found in rows.items()
    }
    counts = {split: len(found) for split, found in read.items()}
    prepared = Prepared("causal-lm", read, frozenset(), (), (), counts, {})
    write_prepared(prepared, folder, writer="benchmark")


def train(folder: Path, base: Path, prepared: Path, training: dict[str, Any]) -> dict[str, Any]:
    """Run the training job in this process; return its result."""
    from controller.training.runner import train as run

    folder.mkdir()
    named = {"model": "bases/tiny", "revision": "sha256:0", "folder": str(base)}
    job = {"task": "causal-lm", "model": "teams", "training": training, "threads": 1}
    (folder / "job.json").write_text(json.dumps(job | {"base": named, "prepared": str(prepared)}))
    return run(JobFolder(folder))["training"]


def measure(folder: Path, version: Path, base: Path, prepared: Path) -> dict[str, Estimate]:
    """Run the evaluation job in this process; return its metrics on the test rows."""
    from controller.evaluation.job import evaluate

    folder.mkdir()
    job = {"task": "causal-lm", "version": str(version), "base": {"folder": str(base)}}
    job |= {"prepared": str(prepared), "metrics": ["exact_match", "token_f1", "loss"]}
    (folder / "job.json").write_text(json.dumps(job))
    evaluate(JobFolder(folder))
    written = json.loads((folder / "output" / "metrics.json").read_text())["metrics"]
    return {name: Estimate(**value) for name, value in written.items()}


def learn(
    place: Path, kind: str, *, steps: int, epochs: float
) -> tuple[dict[str, Estimate], dict[str, Estimate], dict[str, Any]]:
    """Make the base, adapt it, and measure before and after; also the training's own result."""
    old, new = (records(kind, teams, seed=1) for teams in (TEAMS, changed(TEAMS)))
    base, prepared = place / "base", place / "prepared"
    make_base(base, kind, old[HELD_OUT:], steps)
    splits = {"test": new[:HELD_OUT], "validation": new[-20:], "train": new[HELD_OUT:-20]}
    prepare(prepared, kind, splits)
    as_version(base, place / "before", kind)
    before = measure(place / "evaluation-before", place / "before", base, prepared)
    arguments = {"num_train_epochs": epochs, "learning_rate": 1e-2, "max_length": 64}
    training = {
        "method": "lora",
        "lora": {"target_modules": "all-linear"},
        "arguments": arguments | {"per_device_train_batch_size": 16},
        "generation": {"chat_template": None if kind == "prompts" else "simple"},
    }
    result = train(place / "training", base, prepared, training)
    version = place / "training" / "output"
    return before, measure(place / "evaluation-after", version, base, prepared), result


def main() -> None:
    """Print one line per kind of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", choices=list(COLUMNS), action="append")
    parser.add_argument("--steps", type=int, default=400, help="of the base's own training")
    parser.add_argument("--epochs", type=float, default=5, help="of LoRA")
    given = parser.parse_args()
    print("rows | exact match before | after | n | CPU s: all, LoRA", file=sys.stdout)
    for kind in given.rows or COLUMNS:
        with TemporaryDirectory() as place:
            started = time.process_time()
            before, after, result = learn(Path(place), kind, steps=given.steps, epochs=given.epochs)
            spent = time.process_time() - started
        words = [
            f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
            for one in (before["exact_match"], after["exact_match"])
        ]
        n = after["exact_match"].n
        print(f"{kind} | {' | '.join(words)} | {n} | {spent:.0f}, {result['fit_cpu_seconds']:.0f}")


if __name__ == "__main__":
    main()
