"""The data job from files to prepared folder."""

import json
import subprocess
import sys

import pytest

from controller.data.prepared import read_prepared
from controller.errors import DataError
from tests.unit.controller.data.conftest import TEST_CSV, training_csv

GOOD = {"data/train.csv": training_csv(), "data/test.csv": TEST_CSV}


def test_files_become_a_prepared_folder(run_data_job, tmp_path):
    _, result = run_data_job(GOOD)

    prepared = tmp_path / "prepared" / "ab12"
    assert result["rows"] == {"train": 32, "validation": 4, "test": 2}
    assert result["labels"] == 2
    assert sorted(path.name for path in prepared.iterdir()) == [
        "labels.json",
        "report.json",
        "test.jsonl",
        "train.jsonl",
        "validation.jsonl",
    ]
    assert read_prepared(prepared, "test")[0]["text"] == "my plastic never came"


def test_progress_names_every_phase(run_data_job):
    folder, _ = run_data_job(GOOD)

    lines = [json.loads(line) for line in (folder / "progress.jsonl").read_text().splitlines()]

    assert list(dict.fromkeys(line["phase"] for line in lines)) == [
        "pulling",
        "reading",
        "checking",
        "writing",
    ]


def test_the_same_job_again_finds_its_work_done(run_data_job):
    _, first = run_data_job(GOOD)

    _, second = run_data_job({}, hashes={})

    assert second == first


def test_findings_are_summed_and_put_in_words(run_data_job):
    double = '"where is my new card",card'
    train, test = training_csv(double), TEST_CSV + f"{double}\n"

    _, result = run_data_job({"data/train.csv": train, "data/test.csv": test})

    assert result["summary"]["exact_duplicates"] == 1
    assert result["summary"]["exact_leakage"] == 1
    assert "train: exact duplicates: 1, dropped (row 37)" in result["messages"]
    assert result["rows"]["test"] == 2


def test_a_failed_check_leaves_no_folder(run_data_job, tmp_path):
    data = {"checks": {"unseen_labels": "fail"}}

    with pytest.raises(DataError, match="loan") as refused:
        run_data_job(GOOD | {"data/test.csv": TEST_CSV + "a loan please,loan\n"}, data=data)

    assert refused.value.reason == "LabelUnseen"
    assert not (tmp_path / "prepared" / "ab12").exists()


def test_rows_that_were_refused_leave_their_report(run_data_job, tmp_path):
    data = {"checks": {"unseen_labels": "fail", "personal_data": "report"}}
    test = TEST_CSV + "a loan please,loan\nwrite to ann@mail.example.org,refund\n"

    with pytest.raises(DataError, match=r"data/test\.csv:4: labels that no training row has"):
        run_data_job(GOOD | {"data/test.csv": test}, data=data)

    text = (tmp_path / "job" / "output" / "report.json").read_text()
    report = json.loads(text)
    found = {finding["check"]: finding for finding in report["findings"]}
    assert (found["unseen_labels"]["action"], found["unseen_labels"]["rows"]) == ("fail", [3])
    assert report["files"]["test"] == "data/test.csv"
    assert report["checks"]["unseen_labels"] == "fail"
    assert found["personal_data"]["examples"][0]["text"] == "write to [email]"
    assert "ann@" not in text


def test_the_base_counts_the_tokens(run_data_job, tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"?": 0}, unk_token="?"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    words.save(str(tmp_path / "tokenizer.json"))
    base = {"model": "words", "revision": "r", "folder": str(tmp_path)}

    run_data_job(GOOD, base=base, max_length=8)

    report = json.loads((tmp_path / "job" / "output" / "report.json").read_text())
    assert report["facts"]["truncation"]["max_length"] == 8
    assert report["facts"]["truncation"]["splits"]["train"]["cut"] > 0


def test_a_test_set_that_is_all_leaked_leaves_nothing_to_judge_by(run_data_job):
    leaked = 'text,label\n"where is my new card",card\n'

    with pytest.raises(DataError, match="no test rows are left") as refused:
        run_data_job(GOOD | {"data/test.csv": leaked})

    assert refused.value.reason == "DataEmpty"


def test_a_validation_file_is_used_as_it_is(run_data_job):
    validation = "text,label\nno card in the post,card\nsend my cash home,refund\n"

    _, result = run_data_job(
        GOOD | {"data/validation.csv": validation}, data={"validation": "data/validation.csv"}
    )

    assert result["rows"] == {"train": 36, "test": 2, "validation": 2}


@pytest.mark.dvc
def test_a_commit_becomes_a_result_of_the_process(repository, tmp_path):
    paths = ("data/train.csv", "data/test.csv")
    job = {
        "task": "text-classification",
        "repo": {"url": str(repository.folder), "mirror": None, "commit": repository.first},
        "data": dict(zip(("train", "test"), paths, strict=True)),
        "hashes": {path: repository.hash_of(path) for path in paths},
        "seed": 17,
        "cache": str(tmp_path / "cache"),
        "prepared": str(tmp_path / "prepared"),
        "files": {},
    }
    (tmp_path / "job.json").write_text(json.dumps(job))

    done = subprocess.run([sys.executable, "-m", "controller.data", str(tmp_path)], check=False)

    result = json.loads((tmp_path / "result.json").read_text())
    assert (done.returncode, result["ok"]) == (0, True)
    assert result["rows"] == {"train": 32, "validation": 4, "test": 2}


def test_multi_label_rows_carry_their_labels(run_data_job, tmp_path):
    lines = training_csv(*[f"a card refund {n},card|refund" for n in range(9)], "good morning,")
    files = {"data/train.csv": lines.replace("text,label", "text,tags")}
    files["data/test.jsonl"] = '{"text": "pay me back", "tags": ["refund"]}\n'
    columns = {"text": "text", "labels": "tags"}

    _, result = run_data_job(files, data={"test": "data/test.jsonl", "columns": columns})

    prepared = tmp_path / "prepared" / "ab12"
    rows = read_prepared(prepared, "train") + read_prepared(prepared, "validation")
    assert result["labels"] == 2
    assert ["card", "refund"] in [row["labels"] for row in rows]
    assert [] in [row["labels"] for row in rows]
    assert read_prepared(prepared, "test")[0]["labels"] == ["refund"]
