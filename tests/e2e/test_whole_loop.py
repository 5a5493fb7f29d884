"""The whole loop with real processes, a real base model, real git and real DVC.

One story, told in order: each test stands on what the one before left.
"""

import json
import time

import httpx
import psutil
import pytest

from tests.e2e.installation import MODEL, PARTS, Installation, Traffic, free_ports

pytestmark = [pytest.mark.e2e, pytest.mark.torch, pytest.mark.dvc]


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    made = Installation(tmp_path_factory.mktemp("trueup"))
    made.ports = dict(zip(PARTS, free_ports(len(PARTS)), strict=True))
    done = made.trueup("init", str(made.repo))
    assert done.returncode == 0, done.stderr
    made.cut_rows("train", 600)
    made.dvc("add", "data/train.csv")
    made.dvc("push")
    made.git("commit", "-qam", "A smaller data set")
    made.up()
    yield made
    if made.supervisor is not None and made.supervisor.poll() is None:
        made.down()


def run_of(installation, kind):
    """The newest run of a kind, as the API tells it."""
    url = f"http://127.0.0.1:{installation.ports['api']}/api/v1/models/{MODEL}/runs"
    found = [run for run in httpx.get(url, timeout=10).json() if run["kind"] == kind]
    return found[0] if found else None


def training_is_under_way(installation):
    run = run_of(installation, "train")
    is_running = run is not None and run["state"] == "running"
    progress = run["progress"] if is_running else None
    return run if progress and progress["phase"] == "training" else None


def test_a_commit_becomes_a_live_version(installation):
    installation.wait("version=1")

    (version,) = installation.ask("versions", MODEL)

    assert version["state"] == "live"
    assert version["metrics"]["accuracy"]["low"] > 0.7
    assert version["revision"].endswith(installation.git("rev-parse", "HEAD"))


def test_the_gateway_answers_and_names_the_version(installation):
    installation.until(lambda: installation.predict(["x"]).status_code == 200, "it answers")

    answer = installation.predict(installation.texts("test", "refund_request")[:5])

    body = answer.json()
    assert (body["model"], body["version"]) == (MODEL, 1)
    assert answer.headers["X-Trueup-Version"] == "1"
    labels = [one["label"] for one in body["predictions"]]
    assert labels.count("refund_request") >= 4
    assert sum(body["predictions"][0]["scores"].values()) == pytest.approx(1, abs=1e-3)


def test_the_open_inference_protocol_gives_the_same_answer(installation):
    text = installation.texts("test")[0]
    base = f"http://127.0.0.1:{installation.ports['gateway']}/v2/models/{MODEL}"
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}

    answer = httpx.post(f"{base}/infer", json={"inputs": [tensor]}, timeout=30).json()

    outputs = {output["name"]: output["data"] for output in answer["outputs"]}
    expected = installation.predict([text]).json()["predictions"][0]["label"]
    assert outputs["label"] == [expected]
    assert answer["model_version"] == "1"


def test_the_status_is_ready_and_waits_for_nothing(installation):
    installation.wait("Ready", seconds=60)

    status = installation.ask("status", MODEL)

    assert (status["name"], status["live_version"], status["waiting_for"]) == (MODEL, 1, "")
    ready = next(one for one in status["conditions"] if one["type"] == "Ready")
    assert ready["observed_revision"] == status["revision"]


def test_killed_processes_lose_nothing_of_a_training(installation):
    installation.change_spec("seed: 17", "seed: 18", "Another seed")
    before = installation.until(lambda: training_is_under_way(installation), "it trains")

    installation.process("controller").kill()
    installation.until(lambda: installation.process("controller"), "the controller is back")
    adopted = installation.until(lambda: training_is_under_way(installation), "adopted")
    installation.process("controller.training").kill()
    installation.wait("version=2")

    finished = run_of(installation, "train")
    assert (before["id"], before["attempt"]) == (adopted["id"], adopted["attempt"])
    assert (finished["id"], finished["attempt"]) == (before["id"], 2)
    assert [one["number"] for one in installation.ask("versions", MODEL)] == [1, 2]


def test_a_version_whose_training_was_killed_is_reproduced_bit_for_bit(installation):
    done = installation.trueup("reproduce", f"{MODEL}@2", "--json", timeout=300)

    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["same"]
    assert found["differs"] == {}
    assert found["files"]["adapter_model.safetensors"]["same"]
    assert [one["number"] for one in installation.ask("versions", MODEL)] == [1, 2]


def test_a_rollback_answers_within_a_second_and_no_request_fails(installation):
    installation.until(
        lambda: installation.predict(["x"]).headers.get("X-Trueup-Version") == "2", "2 answers"
    )

    with Traffic(installation, installation.texts("test")) as traffic:
        time.sleep(1)
        done = installation.trueup("rollback", MODEL, "--reason", "wrong refunds")
        returned = time.monotonic()
        time.sleep(2)

    assert done.returncode == 0, done.stderr
    assert traffic.failed == []
    late = [answer for answer in traffic.answers if answer[0] > returned + 1]
    assert {version for _, _, version in late} == {"1"}
    assert {version for _, _, version in traffic.answers} == {"1", "2"}


def test_a_rollback_is_written_to_git_and_held(installation):
    spec = installation.repo / "specs" / f"{MODEL}.yaml"

    installation.until(lambda: "pin: 1" in spec.read_text(), "the pin is in git")
    installation.wait("Ready", seconds=60)

    assert installation.git("log", "-1", "--format=%an") == "Trueup"
    assert installation.ask("status", MODEL)["live_version"] == 1
    states = {one["number"]: one["state"] for one in installation.ask("versions", MODEL)}
    assert states == {1: "live", 2: "quarantined"}


def test_traffic_that_moved_away_raises_the_alarm(installation):
    texts = installation.texts("train", "refund_request")
    for start in range(0, 900, 30):
        chosen = [texts[(start + offset) % len(texts)] for offset in range(30)]
        assert installation.predict(chosen).status_code == 200

    installation.wait("DataDriftDetected", seconds=60)

    status = installation.ask("status", MODEL)
    condition = next(c for c in status["conditions"] if c["type"] == "DataDriftDetected")
    assert "evidence" in condition["message"]
    assert "trueup_data_drift_evidence_ratio" in installation.metrics("monitor")


def test_every_part_exports_metrics(installation):
    assert f'trueup_requests_total{{model="{MODEL}"' in installation.metrics("gateway")
    assert "trueup_reconcile_total" in installation.metrics("controller")
    assert "trueup_data_drift_alarm" in installation.metrics("monitor")
    assert installation.metrics("api") != ""


def test_a_bad_spec_is_named_and_touches_nothing_else(installation):
    installation.change_spec("num_train_epochs", "num_train_epoch", "A slip")
    status = installation.until(
        lambda: (
            found
            if "num_train_epoch" in (found := installation.ask("status", MODEL))["waiting_for"]
            else None
        ),
        "the slip is named",
    )

    assert f"specs/{MODEL}.yaml:" in status["waiting_for"]
    assert "num_train_epochs" in status["waiting_for"]
    assert installation.predict(["where is my money"]).status_code == 200


def test_a_stop_is_clean_and_leaves_no_process(installation):
    code = installation.down()

    assert code == 0
    left = [
        process.info["cmdline"]
        for process in psutil.process_iter(["cmdline", "environ"])
        if (process.info["environ"] or {}).get("TRUEUP_HOME") == str(installation.root / "home")
    ]
    assert left == []
