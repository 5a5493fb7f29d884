"""DVC's configuration of a repository, reduced to what fetching needs. Pure.

A committed ``.dvc/config`` is written by whoever can commit. Handed to DVC whole, it could point at
credential helpers and key files of this machine; so only the remotes come through, with options
that are plain data. Credentials come from the environment, the user's own DVC configuration, or
the uncommitted ``.dvc/config.local`` of a local repository.
"""

import re
from collections.abc import Mapping
from configparser import Error as ConfigError
from configparser import RawConfigParser
from dataclasses import dataclass, field
from pathlib import Path

from controller.errors import DataError
from specs.errors import Place

CONFIG_PATH = ".dvc/config"
SAFE_OPTIONS = frozenset(
    {
        *("url", "version_aware", "worktree", "jobs", "checksum_jobs", "verify", "type"),
        *("region", "endpointurl", "profile", "use_ssl", "ssl_verify", "sse", "sse_kms_key_id"),
        *("acl", "listobjects", "anon", "allow_anonymous_login", "account_name", "projectname"),
        *("port", "user", "auth", "method", "timeout", "connect_timeout", "read_timeout"),
    }
)
SECRET_OPTIONS = frozenset(
    {
        *("access_key_id", "secret_access_key", "session_token", "connection_string"),
        *("sas_token", "account_key", "tenant_id", "client_id", "client_secret", "password"),
        *("token", "credentialpath", "keyfile", "custom_auth_header"),
        *("oss_key_id", "oss_key_secret", "oss_endpoint"),
    }
)
"""Taken only from ``config.local``, which its owner wrote on this machine."""
_SECTION = re.compile(r"""^'?remote\s+["'](?P<name>[^"']+)["']'?$""")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True)
class Remotes:
    """The remotes of a repository and which of them is the default."""

    default: str | None
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Remote name → option → value."""


def parse_remotes(content: str, *, path: str, allowed: frozenset[str] = SAFE_OPTIONS) -> Remotes:
    """Read the remotes of a DVC configuration; options not in ``allowed`` are left out.

    Raises:
        DataError: It is not a DVC configuration.
    """
    parser = RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(content)
    except ConfigError as error:
        line = getattr(error, "lineno", None)
        raise DataError(
            f"not a DVC configuration: {error.message.splitlines()[0]}",
            place=Place(path, line),
            reason="DvcConfigInvalid",
            fix="repair it with `dvc remote add -d NAME URL`",
        ) from error
    options: dict[str, dict[str, str]] = {}
    for section in parser.sections():
        if match := _SECTION.match(section):
            values = {key: _unquoted(value or "") for key, value in parser.items(section)}
            options[match["name"]] = {key: v for key, v in values.items() if key in allowed}
    default = parser.get("core", "remote", fallback=None)
    return Remotes(_unquoted(default) if default else None, options)


def overlay(committed: Remotes, local: Remotes) -> Remotes:
    """Lay the machine's own configuration over the committed one, option by option."""
    names = committed.options.keys() | local.options.keys()
    options = {
        name: {**committed.options.get(name, {}), **local.options.get(name, {})}
        for name in sorted(names)
    }
    return Remotes(local.default or committed.default, options)


def choose_remote(remotes: Remotes, wanted: str | None, *, tracked_by: str) -> str:
    """Name the remote that a file is fetched from: its own, else the repository's default.

    Raises:
        DataError: There is none, or it has no URL.
    """
    name = wanted or remotes.default
    if name is None:
        raise DataError(
            "the repository has no default DVC remote, so the data cannot be fetched",
            place=Place(CONFIG_PATH),
            reason="NoDvcRemote",
            fix="run `dvc remote add -d NAME URL`, commit .dvc/config, and `dvc push`",
        )
    if not remotes.options.get(name, {}).get("url"):
        known = ", ".join(sorted(remotes.options)) or "none"
        raise DataError(
            f"{tracked_by} needs the DVC remote {name!r}, which has no url (remotes: {known})",
            place=Place(CONFIG_PATH),
            reason="NoDvcRemote",
            fix=f"run `dvc remote add {name} URL` and commit .dvc/config",
        )
    return name


def locate(remotes: Remotes, name: str, *, dvc_folder: Path | None) -> Remotes:
    """Make the URL of remote ``name`` absolute; a relative one is relative to ``dvc_folder``.

    Raises:
        DataError: The URL is relative, and the repository is not on this machine.
    """
    url = remotes.options[name]["url"]
    if other := _referred(remotes, name):
        return locate(remotes, other, dvc_folder=dvc_folder)
    if _SCHEME.match(url) or Path(url).is_absolute():
        return remotes
    if dvc_folder is None:
        raise DataError(
            f"the DVC remote {name!r} is the relative folder {url!r}, "
            "which means nothing for a repository that is read from a URL",
            place=Place(CONFIG_PATH),
            reason="NoDvcRemote",
            fix="use a remote with a URL (s3://, gs://, ssh://, https://) or an absolute folder",
        )
    located = {**remotes.options[name], "url": str((dvc_folder / url).resolve())}
    return Remotes(remotes.default, {**remotes.options, name: located})


def render_config(remotes: Remotes, name: str, *, cache: Path, site: Path) -> str:
    """Write the configuration of the temporary folder that DVC runs in; ``site`` is its scratch."""
    lines = ["[core]", "no_scm = true", "analytics = false", "check_update = false"]
    lines += [f"site_cache_dir = {site}", f"remote = {name}"]
    lines += ["[cache]", f"dir = {cache}"]
    for remote in filter(None, (name, _referred(remotes, name))):
        lines.append(f"['remote \"{remote}\"']")
        lines += [f"{key} = {value}" for key, value in sorted(remotes.options[remote].items())]
    return "\n".join(lines) + "\n"


def _referred(remotes: Remotes, name: str) -> str | None:
    """Name the remote that a ``remote://OTHER/path`` URL builds on."""
    url = remotes.options[name]["url"]
    other = url.removeprefix("remote://").partition("/")[0] if url.startswith("remote://") else ""
    return other if other != name and remotes.options.get(other, {}).get("url") else None


def _unquoted(value: str) -> str:
    # Only the first line: a continuation line could smuggle a section into what we write.
    return value.strip().partition("\n")[0].strip("\"'")
