"""Asking a part for help must not start it."""

import subprocess
import sys

import pytest

PARTS = ("registry", "registry.serving", "monitors", "controller")


@pytest.mark.parametrize("part", PARTS)
def test_a_part_says_what_it_does_and_starts_nothing(part, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", part, "--help"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={"TRUEUP_HOME": str(tmp_path / "home"), "PYTHONPATH": ":".join(sys.path)},
    )

    assert done.returncode == 0, done.stderr
    assert f"usage: python -m {part}" in done.stdout
    assert "TRUEUP_HOME" in done.stdout
    assert not (tmp_path / "home").exists()
