"""DVC's configuration: only remotes come through, and only as plain data."""

from configparser import RawConfigParser
from pathlib import Path

import pytest

from controller.data.remotes import (
    SAFE_OPTIONS,
    SECRET_OPTIONS,
    Remotes,
    choose_remote,
    locate,
    overlay,
    parse_remotes,
    render_config,
)
from controller.errors import DataError

CONFIG = """[core]
    remote = store
['remote "store"']
    url = ../store
['remote "cloud"']
    url = s3://bucket/path
    region = eu-central-1
    configpath = /repo/evil-aws-config
    credentialpath = /repo/key.json
    secret_access_key = s3cr3t
"""


def test_remotes_and_the_default_are_read():
    remotes = parse_remotes(CONFIG, path=".dvc/config")

    assert remotes.default == "store"
    assert remotes.options["store"] == {"url": "../store"}


def test_a_committed_configuration_names_no_files_and_no_secrets_of_this_machine():
    remotes = parse_remotes(CONFIG, path=".dvc/config")

    assert remotes.options["cloud"] == {"url": "s3://bucket/path", "region": "eu-central-1"}


def test_the_machines_own_configuration_may_hold_secrets_but_no_programs():
    local = parse_remotes(CONFIG, path="config.local", allowed=SAFE_OPTIONS | SECRET_OPTIONS)

    assert local.options["cloud"]["secret_access_key"] == "s3cr3t"
    assert "configpath" not in local.options["cloud"]


def test_the_machines_own_options_win():
    committed = Remotes("a", {"a": {"url": "s3://x"}})
    local = Remotes("b", {"a": {"password": "p"}, "b": {"url": "/b"}})

    assert overlay(committed, local) == Remotes(
        "b", {"a": {"url": "s3://x", "password": "p"}, "b": {"url": "/b"}}
    )


def test_a_file_may_have_a_remote_of_its_own():
    remotes = parse_remotes(CONFIG, path=".dvc/config")

    assert choose_remote(remotes, "cloud", tracked_by="x") == "cloud"
    assert choose_remote(remotes, None, tracked_by="x") == "store"


@pytest.mark.parametrize(
    ("remotes", "wanted"),
    [
        pytest.param(Remotes(None), None, id="none at all"),
        pytest.param(Remotes(None, {"a": {"url": "/a"}}), None, id="no default"),
        pytest.param(Remotes("a", {"a": {}}), None, id="no url"),
        pytest.param(Remotes("a", {"a": {"url": "/a"}}), "b", id="an unknown one"),
    ],
)
def test_without_a_remote_the_fix_says_how_to_add_one(remotes, wanted):
    with pytest.raises(DataError) as refused:
        choose_remote(remotes, wanted, tracked_by="data/train.csv")

    assert refused.value.reason == "NoDvcRemote"
    assert "dvc remote add" in refused.value.fix


def test_a_relative_url_is_relative_to_the_dvc_folder():
    remotes = Remotes("a", {"a": {"url": "../../store"}})

    located = locate(remotes, "a", dvc_folder=Path("/repos/one/.dvc"))

    assert located.options["a"]["url"] == "/repos/store"


@pytest.mark.parametrize("url", ["/abs/store", "s3://bucket", "ssh://host/path"])
def test_other_urls_stay_as_they_are(url):
    remotes = Remotes("a", {"a": {"url": url}})

    assert locate(remotes, "a", dvc_folder=None) == remotes


def test_a_relative_url_means_nothing_without_a_local_repository():
    with pytest.raises(DataError, match="relative folder") as refused:
        locate(Remotes("a", {"a": {"url": "../store"}}), "a", dvc_folder=None)

    assert "s3://" in refused.value.fix


def test_a_remote_that_builds_on_another_brings_it_along():
    remotes = Remotes(None, {"a": {"url": "remote://b/data"}, "b": {"url": "../b"}})
    located = locate(remotes, "a", dvc_folder=Path("/r/.dvc"))

    config = render_config(located, "a", cache=Path("/cache"), site=Path("/site"))

    assert "url = remote://b/data" in config
    assert "url = /r/b" in config


def test_a_value_cannot_smuggle_in_a_section():
    smuggling = "['remote \"a\"']\n  url = /a\n   [cache]\n   dir = /etc\n"
    remotes = parse_remotes(smuggling, path=".dvc/config")

    config = RawConfigParser()
    config.read_string(render_config(remotes, "a", cache=Path("/cache"), site=Path("/site")))

    assert config.get("cache", "dir") == "/cache"
    assert config.sections() == ["core", "cache", "'remote \"a\"'"]


def test_what_is_no_configuration_is_refused_with_its_line():
    with pytest.raises(DataError) as refused:
        parse_remotes("url = /a\n", path=".dvc/config")

    assert refused.value.reason == "DvcConfigInvalid"
