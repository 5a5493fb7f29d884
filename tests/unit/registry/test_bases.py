import json
from pathlib import Path

import pytest

from registry.bases import BASE_FILES, content_revision, resolve_base
from registry.errors import BaseModelError
from registry.settings import Settings

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeHub:
    """A hub with one model: in the cache, on the network, or nowhere."""

    def __init__(self, *, cached: Path | None = None, online: Path | None = None) -> None:
        self._cached = cached
        self._online = online
        self.downloads = 0

    def cached(self, model: str, revision: str | None) -> Path | None:  # noqa: ARG002  (the Protocol's)
        return self._cached

    def download(self, model: str, revision: str | None) -> Path:  # noqa: ARG002  (the Protocol's)
        self.downloads += 1
        if self._online is None:
            raise BaseModelError(model, "no such repository")
        return self._online


def base_at(folder: Path, weights: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def settings(tmp_path: Path, **given: object) -> Settings:
    return Settings(home=tmp_path / "home", **given)


def test_a_mirror_answers_before_the_cache_and_is_pinned_by_its_content(tmp_path):
    mirror = base_at(tmp_path / "mirror")
    hub = FakeHub(cached=base_at(tmp_path / COMMIT))
    given = settings(tmp_path, mirrors={"org/model": str(mirror)})

    found = resolve_base("org/model", None, repo_folder=None, settings=given, hub=hub)

    assert (found.source, found.folder) == ("mirror", mirror)
    assert found.revision == content_revision(mirror)


def test_the_cache_answers_before_the_hub_with_the_commit_as_revision(tmp_path):
    hub = FakeHub(cached=base_at(tmp_path / COMMIT), online=base_at(tmp_path / "online"))

    found = resolve_base("org/model", None, repo_folder=None, settings=settings(tmp_path), hub=hub)

    assert (found.source, found.revision, hub.downloads) == ("cache", COMMIT, 0)


def test_the_hub_is_asked_last(tmp_path):
    hub = FakeHub(online=base_at(tmp_path / COMMIT))

    found = resolve_base("org/model", None, repo_folder=None, settings=settings(tmp_path), hub=hub)

    assert (found.source, found.revision) == ("hub", COMMIT)


def test_offline_never_asks_the_hub_and_says_so(tmp_path):
    hub = FakeHub(online=base_at(tmp_path / COMMIT))
    given = settings(tmp_path, offline=True)

    with pytest.raises(BaseModelError, match="not found in mirrors and the local cache") as raised:
        resolve_base("org/model", None, repo_folder=None, settings=given, hub=hub)

    assert hub.downloads == 0
    assert "TRUEUP_OFFLINE" in raised.value.fix


def test_a_misspelt_name_is_answered_with_the_nearest_mirror(tmp_path):
    with pytest.raises(BaseModelError) as raised:
        resolve_base(
            "sentence-transformer/all-MiniLM-L6",
            None,
            repo_folder=None,
            settings=settings(tmp_path),
            hub=FakeHub(),
        )

    assert "did you mean sentence-transformers/all-MiniLM-L6-v2?" in raised.value.fix


def test_a_mirror_package_that_is_not_installed_falls_through_and_names_the_extra(tmp_path):
    model = "org/packaged"
    given = settings(tmp_path, mirrors={model: "package:no_such_package_here/model"})

    with pytest.raises(BaseModelError) as raised:
        resolve_base(model, None, repo_folder=None, settings=given, hub=FakeHub())

    assert "pip install trueup[demo]" in raised.value.fix


def test_a_mirror_in_a_package_is_found_without_importing_it(tmp_path, monkeypatch):
    folder = base_at(tmp_path / "site" / "a_packaged_base" / "model")
    (folder.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    given = settings(tmp_path, mirrors={"org/packaged": "package:a_packaged_base/model"})

    found = resolve_base("org/packaged", None, repo_folder=None, settings=given, hub=FakeHub())

    assert found.folder == folder


def test_a_mirror_that_does_not_exist_is_an_error_not_a_download(tmp_path):
    given = settings(tmp_path, mirrors={"org/model": str(tmp_path / "gone")})
    hub = FakeHub(online=base_at(tmp_path / COMMIT))

    with pytest.raises(BaseModelError, match="is not a folder"):
        resolve_base("org/model", None, repo_folder=None, settings=given, hub=hub)

    assert hub.downloads == 0


def test_a_pinned_hub_commit_is_never_answered_by_a_mirror(tmp_path):
    mirror = base_at(tmp_path / "mirror")
    given = settings(tmp_path, mirrors={"org/model": str(mirror)})
    hub = FakeHub(online=base_at(tmp_path / COMMIT))

    found = resolve_base("org/model", COMMIT, repo_folder=None, settings=given, hub=hub)

    assert (found.source, found.revision) == ("hub", COMMIT)


def test_a_mirror_of_other_content_than_pinned_is_refused(tmp_path):
    mirror = base_at(tmp_path / "mirror")
    given = settings(tmp_path, mirrors={"org/model": str(mirror)})

    with pytest.raises(BaseModelError) as raised:
        resolve_base("org/model", "sha256:00", repo_folder=None, settings=given, hub=FakeHub())

    assert content_revision(mirror) in raised.value.fix


def test_a_folder_in_the_repository_is_a_base(tmp_path):
    folder = base_at(tmp_path / "repo" / "bases" / "tiny")

    found = resolve_base(
        "bases/tiny",
        None,
        repo_folder=tmp_path / "repo",
        settings=settings(tmp_path),
        hub=FakeHub(),
    )

    assert (found.source, found.folder) == ("path", folder)


@pytest.mark.parametrize("path", ["../outside", "/etc", "bases/../../outside"])
def test_a_path_out_of_the_repository_is_refused(tmp_path, path):
    base_at(tmp_path / "outside")
    (tmp_path / "repo").mkdir()

    with pytest.raises(BaseModelError, match="must stay inside the repository"):
        resolve_base(
            path, None, repo_folder=tmp_path / "repo", settings=settings(tmp_path), hub=FakeHub()
        )


def test_a_symbolic_link_out_of_the_repository_is_refused(tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    folder = base_at(tmp_path / "repo" / "bases" / "tiny")
    (folder / "extra.json").symlink_to(secret)

    with pytest.raises(BaseModelError, match="leads out of the repository"):
        resolve_base(
            "bases/tiny",
            None,
            repo_folder=tmp_path / "repo",
            settings=settings(tmp_path),
            hub=FakeHub(),
        )


def test_weights_that_are_only_a_pickle_are_no_base(tmp_path):
    folder = base_at(tmp_path / "mirror")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    given = settings(tmp_path, mirrors={"org/model": str(folder)})

    with pytest.raises(BaseModelError, match="has no safetensors weights"):
        resolve_base("org/model", None, repo_folder=None, settings=given, hub=FakeHub())


def test_a_missing_shard_is_named(tmp_path):
    folder = base_at(tmp_path / "mirror")
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    given = settings(tmp_path, mirrors={"org/model": str(folder)})

    with pytest.raises(BaseModelError, match=r"has no model-00002\.safetensors"):
        resolve_base("org/model", None, repo_folder=None, settings=given, hub=FakeHub())


def test_the_revision_follows_the_content_and_nothing_else(tmp_path):
    one = base_at(tmp_path / "one")
    two = base_at(tmp_path / "two")
    (two / "README.md").write_text("words")
    same = content_revision(one) == content_revision(two)

    (two / "model.safetensors").write_bytes(b"other weights")

    assert same
    assert content_revision(one) != content_revision(two)


def test_neither_pickles_nor_code_are_part_of_a_base():
    assert not {".bin", ".pt", ".pkl", ".py"} & {Path(pattern).suffix for pattern in BASE_FILES}


def test_another_models_version_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(BaseModelError, match="cannot be a base yet"):
        resolve_base(
            "registry:other@live",
            None,
            repo_folder=None,
            settings=settings(tmp_path),
            hub=FakeHub(),
        )
