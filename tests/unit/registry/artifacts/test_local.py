import hashlib
import threading

import pytest

from registry.artifacts.local import LocalArtifacts
from registry.errors import ArtifactCorruptError, NotFoundError
from specs.names import Digest

TEXT = b"weights" * 1000
DIGEST = Digest("sha256:" + hashlib.sha256(TEXT).hexdigest())


@pytest.fixture
def store(tmp_path):
    return LocalArtifacts(tmp_path / "artifacts")


def path_of(store):
    return next(path for path in store._root.rglob("*") if path.is_file())


def rot(store):
    path = path_of(store)
    path.chmod(0o644)
    path.write_bytes(b"rotten" + TEXT[6:])


def test_bytes_come_back_under_their_digest(store):
    blob = store.put_bytes(TEXT)

    assert (blob.digest, blob.size_bytes) == (DIGEST, len(TEXT))
    assert store.read_bytes(DIGEST) == TEXT
    assert store.contains(DIGEST)


def test_a_file_and_its_bytes_are_one_artifact(store, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(TEXT)

    assert store.put_file(file) == store.put_bytes(TEXT)
    assert len([path for path in store._root.rglob("*") if path.is_file()]) == 1


def test_a_fetched_file_is_what_was_put(store, tmp_path):
    store.put_bytes(TEXT)

    store.fetch(DIGEST, tmp_path / "deep" / "fetched")

    assert (tmp_path / "deep" / "fetched").read_bytes() == TEXT


def test_rotten_bytes_are_never_handed_out(store, tmp_path):
    store.put_bytes(TEXT)
    rot(store)

    with pytest.raises(ArtifactCorruptError) as caught:
        store.read_bytes(DIGEST)
    with pytest.raises(ArtifactCorruptError):
        store.fetch(DIGEST, tmp_path / "out" / "fetched")

    assert caught.value.digest == DIGEST
    assert list((tmp_path / "out").iterdir()) == []


def test_putting_the_same_bytes_again_heals_rotten_ones(store):
    store.put_bytes(TEXT)
    rot(store)

    store.put_bytes(TEXT)

    assert store.read_bytes(DIGEST) == TEXT


def test_nothing_half_written_is_left_when_reading_the_source_fails(store, tmp_path):
    with pytest.raises(FileNotFoundError):
        store.put_file(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        store.put_file(tmp_path)

    assert not store._root.exists() or list(store._root.iterdir()) == []


@pytest.mark.parametrize(
    "digest",
    ["sha256:" + "0" * 64, "sha256:../../etc/passwd", "md5:" + "0" * 32, "", DIGEST.upper()],
    ids=["not stored", "a path", "another algorithm", "empty", "capitals"],
)
def test_what_is_not_stored_is_not_found(store, digest):
    with pytest.raises(NotFoundError):
        store.read_bytes(Digest(digest))


def test_writers_of_the_same_bytes_do_not_disturb_each_other(store):
    threads = [threading.Thread(target=store.put_bytes, args=(TEXT,)) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [path.name for path in store._root.iterdir()] == [DIGEST[7:9]]
    assert store.read_bytes(DIGEST) == TEXT
