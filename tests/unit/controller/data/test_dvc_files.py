"""What a .dvc file says, and what is wrong with it."""

import pytest

from controller.data.dvc_files import dvc_path, parse_dvc, read_dvc
from controller.errors import DataError

MD5 = "8dcd9dc31b686c75ec1f24bf23c140cb"
WRITTEN = f"""outs:
- md5: {MD5}
  size: 239961
  hash: md5
  path: test.csv
"""


def test_the_hash_carries_its_algorithm():
    assert parse_dvc(WRITTEN.encode()) == f"md5:{MD5}"


def test_size_and_own_remote_are_read():
    found = read_dvc((WRITTEN + "  remote: cold\n").encode(), path="x.dvc")

    assert found.size_bytes == 239961
    assert found.remote == "cold"


def test_the_dvc_file_stands_beside_the_data():
    assert dvc_path("data/train.csv") == "data/train.csv.dvc"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param("outs: [", "not valid YAML", id="YAML"),
        pytest.param("", "has no outs", id="empty"),
        pytest.param("outs: []", "exactly one entry", id="no output"),
        pytest.param("outs: [{md5: a}, {md5: b}]", "exactly one entry", id="two outputs"),
        pytest.param("outs: [{hash: md5, path: x}]", "no md5", id="no hash"),
        pytest.param("outs: [{md5: ../../etc, hash: md5}]", "no md5", id="a path for a hash"),
        pytest.param(f"outs: [{{md5: {MD5}.dir, hash: md5}}]", "tracks a folder", id="folder"),
        pytest.param(f"outs: [{{md5: {MD5}}}]", "DVC 2", id="hash of DVC 2"),
        pytest.param(
            f"outs: [{{md5: {MD5}, hash: md5, cache: false}}]", "cache: false", id="not kept"
        ),
    ],
)
def test_a_broken_file_is_named_with_a_fix(content, problem):
    with pytest.raises(DataError) as refused:
        parse_dvc(content.encode(), path="data/train.csv.dvc")

    assert problem in str(refused.value)
    assert refused.value.place.path == "data/train.csv.dvc"
    assert refused.value.reason == "DvcFileInvalid"
    assert "dvc" in refused.value.fix


def test_a_yaml_error_names_its_line():
    with pytest.raises(DataError, match=r"^x\.dvc:2: "):
        parse_dvc(b"outs:\n\t- md5: a\n", path="x.dvc")


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(DataError, match="not text"):
        parse_dvc(b"\xff\xfe")
