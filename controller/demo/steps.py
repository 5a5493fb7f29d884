"""The story: each step does one thing to the stage, and says in a sentence what came of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from controller.demo.gateway import under_load
from controller.demo.monitors import last_look
from controller.demo.stage import Json, Stage, StepFailedError
from controller.scaffold.commands import dvc, git
from controller.scaffold.datasets import write_dataset
from controller.scaffold.grammar import load_grammar
from controller.scaffold.repository import make_repository
from controller.scaffold.tickets import first_dataset, later_rows, traffic
from controller.supervisor.parts import parts_of
from controller.supervisor.watch import why_not_ready

START_SECONDS = 90.0
TRAIN_SECONDS = 420.0
ALARM_SECONDS = 60.0
REACT_SECONDS = 30.0
CAPTURE_SECONDS = 1.0
"""By then the gateway has written down what it answered."""
USUAL_TICKETS = 400
MOVED_TICKETS = 1500
MOVED_MIX = {"refund_request": 6.0, "damaged_item": 3.0, "delivery_status": 1.0}
BEFORE_SECONDS, AFTER_SECONDS = 1.0, 2.0
"""How long requests flow before the rollback, and after it."""
PROMISED_SECONDS = 1.0
"""A rollback must have reached the traffic by then."""
FIRST, SECOND = 1, 2


@dataclass(frozen=True)
class Step:
    """One step: what it is called, and what it does."""

    title: str
    run: Callable[[Stage], str]


def make_the_repository(stage: Stage) -> str:
    """``trueup init``."""
    made = make_repository(
        stage.repo, task="text-classification", show=lambda title: stage.tell(None, title)
    )
    stage.model = made.model
    return f"git, DVC, 1,500 tickets, one spec: {made.spec.relative_to(stage.folder)}"


def start_the_parts(stage: Stage) -> str:
    """``trueup up``."""
    stage.start()
    deadline = time.monotonic() + START_SECONDS
    waiting = list(parts_of(stage.settings))
    while waiting:
        stage.check_alive()
        reason = why_not_ready(waiting[0])
        if reason is None:
            waiting.pop(0)
        elif time.monotonic() > deadline:
            raise StepFailedError(f"the {waiting[0].name} is not ready: {reason}")
        else:
            stage.tell(None, f"{waiting[0].name}: {reason}")
            time.sleep(0.2)
    return f"four processes run; web page: {stage.api_url}"


def train_the_first_version(stage: Stage) -> str:
    """The commit that ``init`` made is noticed: data, training, evaluation, gates, promotion."""
    _wait_until_live(stage, FIRST)
    return f"version 1 is live, {_quality(stage, FIRST)}"


def ask_it(stage: Stage) -> str:
    """One request to the gateway."""
    text = "My parcel still has not arrived, where is it?"
    answer = stage.gateway.ask([text])["predictions"][0]
    return f"{text!r} is a {answer['label']} ({answer['score']:.0%})"


def send_usual_traffic(stage: Stage) -> str:
    """Tickets like those the version was judged on: the monitors should stay calm."""
    texts = [one.text for one in traffic(load_grammar(), USUAL_TICKETS, seed=101)]
    _send(stage, texts)
    _wait_for_monitors(stage)
    signals = stage.api.list_signals(stage.model)
    if any(signal["is_alarm"] for signal in signals):
        raise StepFailedError("usual traffic raised a data-drift alarm: a false one")
    strongest = max((signal["evidence_ratio"] for signal in signals), default=0.0)
    return (
        f"{len(texts)} tickets answered; the monitors saw all of them and stayed calm "
        f"({strongest:.0%} of the evidence that an alarm needs)"
    )


def commit_a_second_data_set(stage: Stage) -> str:
    """Rows of an intent that was not there before: ``dvc add``, ``dvc push``, ``git commit``."""
    grammar = load_grammar()
    added = later_rows(grammar)
    write_dataset(
        first_dataset(grammar) + added, stage.repo / "data", suffix="csv", grammar=grammar
    )
    stage.tell(None, "dvc add")
    dvc(stage.repo, "add", "--quiet", "data/train.csv", "data/test.csv")
    stage.tell(None, "dvc push")
    dvc(stage.repo, "push", "--quiet")
    git(stage.repo, "commit", "--quiet", "--all", "--message", "Add tickets about gift cards")
    return f"{len(added.train)} training rows and a ninth intent, gift_card"


def train_the_second_version(stage: Stage) -> str:
    """The new data hash gives a new digest, and that a new version."""
    _wait_until_live(stage, SECOND)
    return f"version 2 is live, {_quality(stage, SECOND)}"


def move_the_traffic(stage: Stage) -> str:
    """Other products, other worries: the live version was never judged on these."""
    grammar = load_grammar().about("newproduct")
    texts = [one.text for one in traffic(grammar, MOVED_TICKETS, seed=102, mix=MOVED_MIX)]
    sent = 0
    for answer in stage.gateway.batches(texts):
        sent += len(answer["predictions"])
        stage.tell(sent / len(texts), "tickets about solar panels and heat pumps")
        if _has_condition(_status(stage), "DataDriftDetected"):
            break
    stage.facts["moved"] = sent
    return f"{sent} tickets about heat pumps and solar panels, most of them refunds"


def see_the_alarm(stage: Stage) -> str:
    """The monitors write a signal; the controller looks again and sets the condition."""
    status = stage.wait_for(
        "DataDriftDetected",
        lambda status: _has_condition(status, "DataDriftDetected"),
        timeout_seconds=ALARM_SECONDS,
    )
    condition = next(one for one in status["conditions"] if one["type"] == "DataDriftDetected")
    return f"DataDriftDetected: {condition['message']}"


def roll_back_under_load(stage: Stage) -> str:
    """The undo: no training, no waiting, and no request fails."""
    texts = [one.text for one in traffic(load_grammar(), 300, seed=103)]
    with under_load(stage.gateway, texts) as load:
        time.sleep(BEFORE_SECONDS)
        asked = time.monotonic()
        stage.api.roll_back(stage.model, to=None, reason="the demo shows an undo", by="demo")
        time.sleep(AFTER_SECONDS)
    failed = sum(answer.version is None for answer in load.answers)
    back = [one.received for one in load.answers if one.sent >= asked and one.version == FIRST]
    stage.facts |= {"requests": len(load.answers), "failed": failed}
    if failed:
        raise StepFailedError(f"{failed} of {len(load.answers)} requests failed")
    if not back:
        raise StepFailedError(f"version 1 did not answer within {AFTER_SECONDS:.0f} s")
    seconds = min(back) - asked
    late = [one for one in load.answers if one.sent > asked + PROMISED_SECONDS]
    if any(one.version != FIRST for one in late):
        raise StepFailedError(f"version 2 still answered {PROMISED_SECONDS:.0f} s later")
    stage.facts["rollback_seconds"] = seconds
    return (
        f"version 1 answered after {seconds:.2f} s; "
        f"{len(load.answers)} requests flowed, {failed} failed"
    )


def see_it_in_git(stage: Stage) -> str:
    """The rollback is written back: git and the world say the same."""
    deadline = time.monotonic() + REACT_SECONDS
    spec = f"specs/{stage.model}.yaml"
    while time.monotonic() < deadline:
        if f"pin: {FIRST}" in git(stage.repo, "show", f"HEAD:{spec}").replace("# pin", ""):
            subject = git(stage.repo, "log", "-1", "--format=%h %s").strip()
            return f"commit {subject}"
        stage.tell(None, "the controller commits promotion.pin")
        time.sleep(0.2)
    raise StepFailedError(f"no commit pinned version 1 within {REACT_SECONDS:.0f} s")


STEPS = (
    Step("Make a repository", make_the_repository),
    Step("Start the parts", start_the_parts),
    Step("Train the first version", train_the_first_version),
    Step("Ask it something", ask_it),
    Step("Send it usual traffic", send_usual_traffic),
    Step("Commit a second data set", commit_a_second_data_set),
    Step("Train the second version", train_the_second_version),
    Step("Let the traffic move away", move_the_traffic),
    Step("See the alarm", see_the_alarm),
    Step("Roll back under load", roll_back_under_load),
    Step("See it in git", see_it_in_git),
)


def _wait_until_live(stage: Stage, version: int) -> None:
    stage.wait_for(
        f"version={version}",
        lambda status: status["live_version"] == version,
        timeout_seconds=TRAIN_SECONDS,
    )
    deadline = time.monotonic() + REACT_SECONDS
    # Live in the registry is a moment before the gateway has loaded it.
    while time.monotonic() < deadline:
        if stage.gateway.live_version() == version:
            return
        stage.tell(None, "the gateway loads it")
        time.sleep(0.1)
    raise StepFailedError(f"the gateway did not answer with version {version}")


def _quality(stage: Stage, version: int) -> str:
    versions = {one["number"]: one for one in stage.api.list_versions(stage.model)}
    f1 = versions[version]["metrics"]["f1_macro"]
    return f"macro-F1 {f1['value']:.3f} [{f1['low']:.3f}, {f1['high']:.3f}] on {f1['n']} rows"


def _send(stage: Stage, texts: list[str]) -> None:
    sent = 0
    for answer in stage.gateway.batches(texts):
        sent += len(answer["predictions"])
        stage.tell(sent / len(texts), "tickets answered")


def _wait_for_monitors(stage: Stage) -> None:
    """Wait until the monitors have looked at everything that was answered so far."""
    all_captured = time.time() + CAPTURE_SECONDS
    deadline = time.monotonic() + REACT_SECONDS
    while time.monotonic() < deadline:
        if last_look(stage.monitors_url, stage.model) > all_captured:
            return
        stage.tell(None, "the monitors look at them")
        time.sleep(0.2)
    raise StepFailedError(f"the monitors did not look at it within {REACT_SECONDS:.0f} s")


def _status(stage: Stage) -> Json:
    return stage.status() or {"conditions": []}


def _has_condition(status: Json, name: str) -> bool:
    return any(one["type"] == name and one["status"] == "True" for one in status["conditions"])
