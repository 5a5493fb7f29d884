import json

import pytest

from registry.artifacts import open_artifacts
from registry.artifacts.folders import put_folder
from registry.errors import NotFoundError
from registry.records import Blob, VersionRecord
from registry.serving.engine import Generated
from registry.serving.loading import Loader
from registry.settings import Settings
from specs.digest import digest_of
from specs.names import Digest


class Model:
    labels = ()

    def __init__(self, said: dict) -> None:
        self.said = said
        self.asked: list[str] = []

    def predict(self, texts):
        if self.said.get("fails"):
            raise ValueError("cannot answer")
        self.asked.extend(texts)
        return [Generated(text) for text in texts]


class Engine:
    def load(self, folder):
        return Model(json.loads((folder / "trueup.json").read_text()))


@pytest.fixture
def artifacts(tmp_path):
    return open_artifacts(Settings(home=tmp_path))


@pytest.fixture
def loader(tmp_path, artifacts):
    return Loader(Engine(), artifacts, tmp_path / "serving")


def version_of(files) -> VersionRecord:
    return VersionRecord(
        model="intents",
        number=4,
        training_digest=digest_of("training"),
        revision=None,
        run_id="r-1",
        files=files,
        lineage={},
        training={},
        created_at=None,
    )


def stored(artifacts, tmp_path, **said: object) -> VersionRecord:
    made = tmp_path / "made"
    made.mkdir()
    (made / "trueup.json").write_text(json.dumps(said))
    return version_of(put_folder(artifacts, made))


def test_a_version_has_answered_once_before_it_is_handed_out(loader, artifacts, tmp_path):
    served = loader.load(stored(artifacts, tmp_path, label="a"))

    assert (served.model, served.number) == ("intents", 4)
    assert len(served.loaded.asked) == 1
    assert (tmp_path / "serving" / "intents-4" / "trueup.json").is_file()


def test_a_version_that_cannot_answer_is_not_handed_out_and_leaves_no_files(
    loader, artifacts, tmp_path
):
    with pytest.raises(ValueError, match="cannot answer"):
        loader.load(stored(artifacts, tmp_path, fails=True))

    assert not (tmp_path / "serving" / "intents-4").exists()


def test_a_version_whose_file_is_gone_is_not_loaded(loader):
    gone = Blob(Digest(f"sha256:{'0' * 64}"), 3)

    with pytest.raises(NotFoundError):
        loader.load(version_of({"trueup.json": gone}))


def test_sweeping_removes_what_is_not_kept(loader, tmp_path):
    for name in ("intents-1", "intents-2", "mail-1"):
        (tmp_path / "serving" / name).mkdir(parents=True)

    loader.sweep({("intents", 2)})

    assert [path.name for path in (tmp_path / "serving").iterdir()] == ["intents-2"]
