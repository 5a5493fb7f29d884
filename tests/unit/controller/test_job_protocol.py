"""The child's side of the protocol, where a real process would be in the way."""

import errno
import json

import pytest

from controller.errors import DataError
from controller.job_protocol import RESERVED_BYTES, JobFolder, failure_of, write_atomically
from registry.records import Failure
from specs.errors import Place


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "job.json").write_text('{"task": "x"}')
    return JobFolder(tmp_path)


def test_a_failure_is_written_into_space_that_was_taken_at_the_start(folder):
    reserved = (folder.path / "result.reserve").stat()

    folder.fail(Failure("DiskFull", "no space left", "free some", is_transient=True))

    written = (folder.path / "result.json").stat()
    assert (written.st_ino, written.st_size) == (reserved.st_ino, RESERVED_BYTES)
    assert json.loads((folder.path / "result.json").read_text())["reason"] == "DiskFull"


def test_a_result_larger_than_the_reserve_is_written_whole(folder):
    folder.succeed({"long": "x" * RESERVED_BYTES})

    found = json.loads((folder.path / "result.json").read_text())

    assert (found["ok"], len(found["long"])) == (True, RESERVED_BYTES)


def test_an_atomic_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    (tmp_path / "file.tmp").mkdir()

    with pytest.raises(IsADirectoryError):
        write_atomically(path, "new")

    assert path.read_text() == "old"


def test_an_error_of_ours_keeps_its_reason_place_and_fix():
    error = DataError("no column 'label'", place=Place("data/a.csv", line=1), fix="name the column")

    failure = failure_of(error)

    assert failure == Failure("DataInvalid", "data/a.csv:1: no column 'label'", "name the column")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "weights"), "DiskFull"),
        (MemoryError(), "OutOfMemory"),
        (OSError(errno.EACCES, "Permission denied", "weights"), "InternalError"),
        (ZeroDivisionError("x"), "InternalError"),
    ],
    ids=["a full disk", "no memory", "another system error", "a bug"],
)
def test_every_other_error_gets_a_reason_and_a_fix(error, reason):
    failure = failure_of(error)

    assert failure.reason == reason
    assert failure.fix
