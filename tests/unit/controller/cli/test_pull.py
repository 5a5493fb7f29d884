"""``trueup pull`` before anything is fetched; what it fetches is tried in ``export/``."""

from pathlib import Path

import pytest


def test_a_folder_with_something_in_it_is_not_touched(trueup, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.txt").write_text("keep me")

    found = trueup("pull", "support-intents@1", str(tmp_path / "model"))

    assert found.exit_code == 2
    assert "is there already" in found.output
    assert (tmp_path / "model" / "mine.txt").read_text() == "keep me"


@pytest.mark.parametrize(
    ("which", "answer"),
    [
        ("9", (1, "has no version 9")),
        ("live", (1, "no live version")),
        ("best", (2, "neither a version")),
    ],
    ids=["a number that is not there", "live when nothing is", "an unknown alias"],
)
def test_a_version_that_is_not_there_is_said(trueup, world, which, answer):
    world.declare()
    world.version()

    found = trueup("pull", f"support-intents@{which}", "model")

    code, says = answer
    assert (found.exit_code, says in found.output) == (code, True)
    assert not Path("model").exists()
