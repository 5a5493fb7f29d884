import json

import pytest


@pytest.mark.dvc
def test_init_says_what_to_do_next(invoke):
    result = invoke("init", "shop")

    assert result.exit_code == 0
    assert "dvc push" in result.stdout
    assert "cd shop" in result.stdout
    assert "trueup up" in result.stdout


@pytest.mark.dvc
def test_init_as_json_names_the_spec(invoke, tmp_path):
    made = json.loads(invoke("init", "shop", "--json").stdout)

    assert made["model"] == "support-intents"
    assert (tmp_path / made["spec"]).is_file()


def test_a_folder_that_is_not_empty_is_bad_input(invoke, tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "mine.txt").write_text("mine")

    result = invoke("init", "shop")

    assert result.exit_code == 2
    assert result.stderr == (
        "error: shop is not empty\n  fix: name an empty folder, or one that does not exist yet\n"
    )


def test_an_unknown_task_is_bad_input_and_names_those_that_are(invoke):
    result = invoke("init", "shop", "--task", "translation")

    assert result.exit_code == 2
    assert "text-classification" in result.stderr


def test_the_demo_refuses_a_folder_that_is_not_empty(invoke, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    result = invoke("demo", "--dir", str(tmp_path))

    assert result.exit_code == 2
    assert "is not empty" in result.stderr
