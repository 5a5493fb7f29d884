"""A job that is killed at any moment ends with the bytes of one that nobody disturbed."""

import hashlib
import json
import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

KILLS = 6
SEED = 1
# Two evaluations an epoch, the best of them in the middle of the run; accumulation, an uneven last
# batch, and checkpoints at other steps than evaluations.
WANTED = {
    "arguments": {
        "num_train_epochs": 4,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 2,
        "learning_rate": 3e-2,
        "eval_steps": 3,
        "save_steps": 2,
    },
    "early_stopping": {"metric": "loss", "patience": 2},
}
ROWS = 45


@pytest.fixture(scope="module")
def forked(forks):
    return forks[False]


def bytes_of(folder: Path) -> dict[str, str]:
    """Digest of every file of a version."""
    files = sorted((folder / "output").iterdir())
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def training_of(folder: Path) -> dict:
    result = json.loads((folder / "result.json").read_text())
    assert result["ok"], result
    return result["training"]


@pytest.fixture(scope="module")
def undisturbed(jobs, forked):
    """A job that nobody touched: folder, and seconds."""
    folder = jobs.make(rows=ROWS, **WANTED)
    started = time.monotonic()
    assert forked.run(folder) == 0, (folder / "log.txt").read_text()
    return folder, time.monotonic() - started


def test_early_stopping_ends_the_run_and_keeps_the_best_step(undisturbed):
    folder, _ = undisturbed

    training = training_of(folder)

    lines = map(json.loads, (folder / "progress.jsonl").read_text().splitlines())
    points = [x for x in lines if x["kind"] == "point" and x["name"] == "validation_loss"]
    best = min(points, key=lambda point: point["value"])
    assert training["best_step"] == best["step"]
    assert training["validation"]["loss"] == best["value"]
    assert training["steps"] == training["stopped_at_step"] == best["step"] + 2 * 3 < 24


def damage(draw: random.Random, checkpoints: Path) -> str:
    """What a bad disk, or a kill between saving and sealing, may leave behind."""
    folders = sorted(checkpoints.iterdir(), key=lambda path: path.stat().st_mtime)
    if not folders:
        return "nothing"
    chosen = draw.choice(sorted(folders[-1].iterdir())) if any(folders[-1].iterdir()) else None
    kind = draw.choice(["nothing", "missing", "truncated", "flipped", "unsealed"])
    if kind == "unsealed":
        (folders[-1] / "manifest.json").unlink(missing_ok=True)
    elif chosen is None or kind == "nothing":
        return "nothing"
    elif kind == "missing":
        chosen.unlink()
    elif kind == "truncated":
        os.truncate(chosen, chosen.stat().st_size // 2)
    else:
        content = bytearray(chosen.read_bytes())
        if content:
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        chosen.write_bytes(bytes(content))
    return f"{kind} {chosen}"


def test_a_job_killed_again_and_again_ends_with_the_same_bytes(undisturbed, jobs, forked):
    expected, seconds = undisturbed
    draw = random.Random(SEED)
    folder = jobs.make(rows=ROWS, **WANTED)
    told = []

    for _ in range(KILLS):
        number = draw.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
        after = draw.uniform(0, 0.7 * seconds)

        def kill(pid: int, _: Path, number=number, after=after) -> None:
            time.sleep(after)
            with suppress(ProcessLookupError):
                os.kill(pid, number)

        code = forked.run(folder, meanwhile=kill)
        told.append(f"{number.name} after {after:.2f} s: {code}")
        if (folder / "result.json").exists():
            break
        told.append(damage(draw, folder / "checkpoints"))
    else:
        assert forked.run(folder) == 0

    assert training_of(folder)["best_step"] == training_of(expected)["best_step"], told
    assert bytes_of(folder) == bytes_of(expected), told


def stop_when_two_are_sealed(pid: int, folder: Path) -> None:
    while len(list((folder / "checkpoints").glob("checkpoint-*/manifest.json"))) < 2:
        time.sleep(0.005)
    os.kill(pid, signal.SIGTERM)


def poison(checkpoint: Path) -> None:
    """A fault of memory that reached the disk: whole by its hashes, and no number any more."""
    from controller.training.fitting.checkpoints import seal
    from controller.training.weights import load_weights, save_weights

    manifest = json.loads((checkpoint / "manifest.json").read_text())
    weights = load_weights(checkpoint / "trained.safetensors")
    next(iter(weights.values())).fill_(float("nan"))
    save_weights(weights, checkpoint / "trained.safetensors")
    seal(checkpoint, manifest["facts"], needs=manifest["needs"])


def test_a_loss_that_is_not_finite_goes_back_once_to_finite_weights(undisturbed, jobs, forked):
    expected, _ = undisturbed
    folder = jobs.make(rows=ROWS, **WANTED)
    assert forked.run(folder, meanwhile=stop_when_two_are_sealed) == 75
    steps = sorted(
        int(path.name.removeprefix("checkpoint-"))
        for path in (folder / "checkpoints").glob("checkpoint-*")
    )
    poison(folder / "checkpoints" / f"checkpoint-{steps[-1]}")

    assert forked.run(folder) == 0

    (repair,) = training_of(folder)["repairs"]
    assert (repair["reason"], repair["at_step"]) == ("LossNotFinite", steps[-1] + 1)
    assert repair["from_step"] == steps[-2]
    assert bytes_of(folder) == bytes_of(expected)
