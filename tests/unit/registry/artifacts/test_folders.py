import json
import pickle
from dataclasses import replace

import pytest

from registry.artifacts.folders import materialise, put_folder, refuse_pickles
from registry.artifacts.local import LocalArtifacts
from registry.artifacts.opening import open_artifacts
from registry.errors import ArtifactCorruptError, RefusedError
from registry.settings import Settings

HEADER = json.dumps({"weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
SAFETENSORS = len(HEADER).to_bytes(8, "little") + HEADER + b"\0\0\x80?"


class Payload:
    def __reduce__(self):
        return (print, ("this must never run",))


@pytest.fixture
def store(tmp_path):
    return LocalArtifacts(tmp_path / "artifacts")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "version"
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "trueup.json").write_text('{"format": 1}')
    (folder / "tokenizer" / "vocab.txt").write_text("один\ntwo\n")
    (folder / "head.safetensors").write_bytes(SAFETENSORS)
    return folder


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_comes_out_as_it_went_in(store, folder, tmp_path):
    files = put_folder(store, folder)

    materialise(store, files, tmp_path / "out" / "one")

    assert contents(tmp_path / "out" / "one") == contents(folder)
    assert set(files) == {"trueup.json", "tokenizer/vocab.txt", "head.safetensors"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one"]


def test_a_complete_folder_is_left_alone(store, folder, tmp_path):
    files = put_folder(store, folder)
    out = tmp_path / "out"
    materialise(store, files, out)
    before = (out / "trueup.json").stat()

    materialise(store, files, out)

    after = (out / "trueup.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("damage", ["changed", "missing", "added"])
def test_a_damaged_folder_is_made_whole(store, folder, tmp_path, damage):
    files = put_folder(store, folder)
    out = tmp_path / "out"
    materialise(store, files, out)
    match damage:
        case "changed":
            (out / "trueup.json").write_text('{"format": 2}')
        case "missing":
            (out / "trueup.json").unlink()
        case "added":
            (out / "sitecustomize.py").write_text("boom")

    materialise(store, files, out)

    assert contents(out) == contents(folder)


def test_a_folder_with_a_rotten_file_does_not_appear(store, folder, tmp_path):
    files = put_folder(store, folder)
    blob = files["trueup.json"]
    path = store._path(blob.digest)
    path.chmod(0o644)
    path.write_text("rotten")

    with pytest.raises(ArtifactCorruptError):
        materialise(store, files, tmp_path / "out" / "one")

    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "path", ["../evil", "/etc/evil", "a/../../evil", "", "a\\..\\evil", "a\0b"]
)
def test_a_path_that_leaves_the_folder_is_refused(store, folder, tmp_path, path):
    blob = put_folder(store, folder)["trueup.json"]

    with pytest.raises(RefusedError):
        materialise(store, {path: blob}, tmp_path / "out")

    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "evil").exists()


def test_a_link_is_not_followed_into_the_store(store, folder):
    (folder / "secrets.txt").symlink_to("/etc/passwd")

    with pytest.raises(RefusedError, match=r"secrets\.txt"):
        put_folder(store, folder)


def test_safetensors_json_and_text_are_accepted(folder):
    refuse_pickles(folder)


@pytest.mark.parametrize("name", ["model.bin", "model.pt", "model.pkl", "code.py", "weights"])
def test_other_names_are_refused(folder, name):
    (folder / name).write_bytes(SAFETENSORS)

    with pytest.raises(RefusedError, match=name) as caught:
        refuse_pickles(folder)

    assert caught.value.fix


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "rows.jsonl"])
def test_a_pickle_under_another_name_is_refused(folder, name, protocol):
    (folder / name).write_bytes(pickle.dumps(Payload(), protocol=protocol))

    with pytest.raises(RefusedError):
        refuse_pickles(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", (2**62).to_bytes(8, "little") + b"{}", (2).to_bytes(8, "little") + b"[]"],
    ids=["empty", "no length", "a length beyond the file", "a header that is no object"],
)
def test_what_only_ends_in_safetensors_is_refused(folder, content):
    (folder / "model.safetensors").write_bytes(content)

    with pytest.raises(RefusedError):
        refuse_pickles(folder)


def test_a_kind_of_store_without_code_is_refused_with_a_fix(tmp_path):
    settings = Settings(home=tmp_path, artifacts="s3://bucket/prefix")

    with pytest.raises(RefusedError, match="s3") as caught:
        open_artifacts(settings)

    assert caught.value.fix


def test_the_manifest_decides_the_size_too(store, folder, tmp_path):
    files = put_folder(store, folder)
    out = tmp_path / "out"
    materialise(store, files, out)
    wrong = {**files, "trueup.json": replace(files["trueup.json"], size_bytes=1)}

    materialise(store, wrong, out)

    assert contents(out) == contents(folder)
