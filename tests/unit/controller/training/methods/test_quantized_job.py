"""A qlora job as a process: it survives being killed, and is evaluated on its quantized base."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch", reason="the train extra is not installed")
pytest.importorskip("bitsandbytes", reason="the quantized extra is not installed")

TRAINING = {
    "method": "qlora",
    "quantization": {"load_in_4bit": True},
    "arguments": {"optim": "adamw_bnb_8bit", "save_steps": 2, "activation_checkpointing": True},
}


def weights_of(folder):
    names = ("adapter_model.safetensors", "head.safetensors", "trueup.json")
    return [(folder / "output" / name).read_bytes() for name in names]


def test_a_killed_job_resumes_to_the_same_bytes_and_evaluation_measures_the_same(jobs, tmp_path):
    undisturbed, killed = (jobs.make(rows=40, **TRAINING) for _ in "ab")
    result = jobs.run(undisturbed)
    process = jobs.start_until(killed, exists="checkpoints/checkpoint-4/manifest.json")
    process.kill()
    process.wait()

    jobs.run(killed)

    assert "resuming from checkpoint-" in (killed / "log.txt").read_text()
    assert weights_of(killed) == weights_of(undisturbed)
    assert "MatMul" not in (killed / "log.txt").read_text()
    manifest = json.loads((killed / "output/trueup.json").read_text())
    assert manifest["quantization"]["load_in_4bit"] is True
    assert result["machine"]["precision"] == "float32"
    assert "bitsandbytes" in result["libraries"]
    measured = evaluated(killed, tmp_path)
    wanted = result["training"]["validation"]["accuracy"]
    assert measured["metrics"]["accuracy"]["value"] == pytest.approx(wanted)


def evaluated(trained, folder):
    """Evaluate on the validation rows, in the process that the controller would start."""
    prepared = trained / "prepared"
    (prepared / "test.jsonl").write_text((prepared / "validation.jsonl").read_text())
    asked = json.loads((trained / "job.json").read_text())
    job = {name: asked[name] for name in ("task", "base", "threads")}
    job |= {"version": str(trained / "output"), "prepared": str(prepared)}
    (folder / "job.json").write_text(json.dumps(job | {"metrics": ["accuracy"]}))
    command = [sys.executable, "-m", "controller.evaluation", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "result.json").read_text())["ok"], done.stdout
    return json.loads((folder / "output/metrics.json").read_text())
