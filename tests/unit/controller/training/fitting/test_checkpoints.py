import shutil

import pytest

from controller.training.fitting.checkpoints import (
    MANIFEST,
    drop_unneeded,
    facts_of,
    newest_whole,
    seal,
)


def checkpoint(folder, step, *, sealed=True):
    made = folder / f"checkpoint-{step}"
    made.mkdir(parents=True)
    for name in ("trained.safetensors", "optimizer.pt", "trainer_state.json"):
        (made / name).write_bytes(f"{name} at {step}".encode())
    if sealed:
        seal(made, {"cpu_seconds": float(step)})
    return made


def test_the_newest_sealed_checkpoint_is_resumed(tmp_path):
    for step in (5, 10, 100):
        checkpoint(tmp_path, step)

    found = newest_whole(tmp_path)

    assert found.folder.name == "checkpoint-100"
    assert found.facts == {"cpu_seconds": 100.0}


def test_a_checkpoint_without_its_manifest_does_not_count_and_is_removed(tmp_path):
    checkpoint(tmp_path, 5)
    unsealed = checkpoint(tmp_path, 10, sealed=False)

    assert newest_whole(tmp_path).folder.name == "checkpoint-5"
    assert not unsealed.exists()


def lose_the_optimizer(folder):
    (folder / "optimizer.pt").unlink()


def cut_the_weights(folder):
    (folder / "trained.safetensors").write_bytes(b"trained")


def change_one_byte(folder):
    (folder / "optimizer.pt").write_bytes(b"Optimizer.pt at 10")


def cut_the_manifest(folder):
    manifest = folder / MANIFEST
    manifest.write_text(manifest.read_text()[:40])


@pytest.mark.parametrize(
    "damage", [lose_the_optimizer, cut_the_weights, change_one_byte, cut_the_manifest]
)
def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path, damage):
    checkpoint(tmp_path, 5)
    damage(checkpoint(tmp_path, 10))

    assert newest_whole(tmp_path).folder.name == "checkpoint-5"


def test_without_a_whole_checkpoint_training_starts_anew(tmp_path):
    checkpoint(tmp_path, 5, sealed=False)

    assert newest_whole(tmp_path) is None


def test_a_checkpoint_may_be_moved(tmp_path):
    made = checkpoint(tmp_path / "one", 5)

    moved = shutil.copytree(made, tmp_path / "elsewhere")

    assert facts_of(moved) == {"cpu_seconds": 5.0}


def test_a_checkpoint_without_the_best_weights_it_speaks_of_does_not_count(tmp_path):
    best = tmp_path / "best-5"
    best.mkdir()
    (best / "trained.safetensors").write_bytes(b"the best so far")
    seal(best, {})
    checkpoint(tmp_path, 4)
    seal(checkpoint(tmp_path, 6, sealed=False), {}, needs=["best-5"])
    assert newest_whole(tmp_path).folder.name == "checkpoint-6"

    (best / "trained.safetensors").write_bytes(b"the best so fat")

    assert newest_whole(tmp_path).folder.name == "checkpoint-4"


def test_best_weights_stay_as_long_as_a_checkpoint_speaks_of_them(tmp_path):
    for step in (5, 10, 15):
        (tmp_path / f"best-{step}").mkdir()
    seal(checkpoint(tmp_path, 12, sealed=False), {}, needs=["best-10"])

    drop_unneeded(tmp_path, "best-", keep=["best-15"])

    assert {path.name for path in tmp_path.glob("best-*")} == {"best-10", "best-15"}
