import io

import pytest
from rich.console import Console

from controller.demo.stage import Stage, StepFailedError
from controller.demo.steps import STEPS, Step
from controller.demo.story import run_story


@pytest.fixture
def screen():
    return Console(file=io.StringIO(), width=80, markup=False, highlight=False)


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path, {"api_port": 1})


def test_steps_run_in_order_and_say_what_came_of_them(stage, screen):
    happened = []

    def step(name):
        return Step(name, lambda _stage: happened.append(name) or f"{name} is done")

    run_story([step("first"), step("second")], stage, screen)

    said = screen.file.getvalue()
    assert happened == ["first", "second"]
    assert said.index("first is done") < said.index("second is done")
    assert "0.0 s" in said


def test_a_step_that_fails_ends_the_story_and_names_itself_and_the_logs(stage, screen):
    def fail(_stage):
        raise StepFailedError("nothing came", fix="look harder")

    steps = [Step("Train it", fail), Step("Never", lambda _stage: pytest.fail("went on"))]

    with pytest.raises(StepFailedError, match="the step 'Train it' did not happen") as raised:
        run_story(steps, stage, screen)

    assert "look harder" in raised.value.fix
    assert str(stage.home / "logs") in raised.value.fix


def test_a_step_can_tell_how_far_it_is(stage, screen):
    run_story([Step("Slow", lambda stage: stage.tell(0.5, "half") or "done")], stage, screen)

    assert "done" in screen.file.getvalue()


def test_the_story_goes_from_a_repository_to_git():
    titles = [step.title for step in STEPS]

    assert titles[0] == "Make a repository"
    assert titles[-1] == "See it in git"
    assert len(titles) == len(set(titles))
