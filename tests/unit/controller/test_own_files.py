"""Files of one's own that evaluation reads: found, checked and hashed before any training."""

from pathlib import Path

import pytest

from controller.data.pull import Repository
from controller.desired import own_hashes
from controller.errors import DataError
from controller.evaluation.own_files import OwnFiles, git_hash
from specs.digest import evaluation_inputs, training_inputs
from specs.names import Digest, revision
from tests.unit.controller.builders import model_spec

AT = revision("main", "a" * 40)
PAIRS = b"text,paraphrase\nlost card,my card is gone\n"
DVC = b"outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n  hash: md5\n  path: own.csv\n  size: 3\n"


class Files(dict):
    """A repository with these files, at every revision."""

    def read_files(self, _at, paths):
        return {path: self[path] for path in paths if path in self}


def hashes_in(files: dict[str, bytes], evaluation: dict) -> dict[str, str]:
    spec = model_spec(evaluation=evaluation).spec
    return own_hashes(spec, path="specs/a.yaml", revision=AT, repository=Files(files))


PARAPHRASES = {"robustness": {"paraphrases": "data/own.csv"}}


def test_a_file_is_tracked_by_git_or_by_dvc():
    assert hashes_in({"data/own.csv": PAIRS}, PARAPHRASES) == {"data/own.csv": git_hash(PAIRS)}
    tracked = hashes_in({"data/own.csv.dvc": DVC}, PARAPHRASES)
    assert tracked == {"data/own.csv": "md5:d41d8cd98f00b204e9800998ecf8427e"}


def test_an_absent_file_is_named_with_the_field_that_names_it():
    with pytest.raises(DataError, match=r"data/terms\.csv is not in the repository") as refused:
        hashes_in({}, {"bias": {"terms": {"region": "data/terms.csv"}}})

    assert refused.value.place.field == "spec.evaluation.bias.terms.region"
    assert "git add data/terms.csv" in refused.value.fix


def test_a_column_that_lacks_is_said_before_training():
    with pytest.raises(DataError, match="paraphrase") as refused:
        hashes_in({"data/own.csv": b"text,other\na,b\n"}, PARAPHRASES)

    assert str(refused.value.place) == "data/own.csv:1"
    assert refused.value.fix == "its columns are text and paraphrase"


def test_its_content_is_part_of_the_evaluation_digest_alone():
    spec = model_spec(evaluation=PARAPHRASES).spec
    data = dict.fromkeys((spec.data.train, spec.data.test), "md5:1")
    one, other = ({**data, "data/own.csv": git_hash(text)} for text in (PAIRS, PAIRS * 2))

    training = [training_inputs(spec, hashes, "rev") for hashes in (one, other)]
    measured = [evaluation_inputs(spec, hashes, Digest("sha256:0")) for hashes in (one, other)]

    assert training[0] == training[1]
    assert measured[0] != measured[1]


def test_what_is_read_is_what_was_committed(tmp_path, commit_files):
    folder, commit = commit_files({"data/own.csv": PAIRS})
    repository = Repository(str(folder), None, commit)
    files = OwnFiles({"data/own.csv": git_hash(PAIRS)}, repository)

    found = files.fetch(tmp_path / "own")

    assert found["data/own.csv"].read_bytes() == PAIRS
    with pytest.raises(DataError, match="is not what it was"):
        OwnFiles({"data/own.csv": git_hash(b"else")}, repository).fetch(tmp_path / "own")


@pytest.fixture
def commit_files(tmp_path):
    """Commit files to a new repository; its folder, and the commit."""
    import subprocess

    def commit(files: dict[str, bytes]) -> tuple[Path, str]:
        folder = tmp_path / "repository"
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        named = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        for arguments in (["init", "-q"], ["add", "."], [*named, "commit", "-qm", "files"]):
            subprocess.run(["git", *arguments], cwd=folder, check=True)
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
        )
        return folder, found.stdout.strip()

    return commit
