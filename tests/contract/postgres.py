"""A private PostgreSQL cluster in a temporary folder, for tests: no network, no trace."""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

DEBIAN = Path("/usr/lib/postgresql")
UNPRIVILEGED = ("postgres", "nobody")
SUPERUSER = "trueup"


@dataclass(frozen=True)
class Cluster:
    """A running cluster that only its own socket reaches."""

    folder: Path
    programs: Path
    user: str | None
    """Who runs it; None: whoever runs the tests."""

    @property
    def url(self) -> str:
        return f"postgresql://{SUPERUSER}@/postgres?host={self.folder}"

    def empty(self) -> None:
        """Take every table away. Making a database for each test would cost 7 MB a piece."""
        with psycopg.connect(self.url) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")

    def start(self) -> None:
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8",
                  "--locale=C", "--no-sync")  # fmt: skip
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder)

    def watch(self) -> "subprocess.Popen[bytes]":
        """Start a process that clears away when the tests are killed and cannot do it."""
        script = (
            f"while [ -d /proc/{os.getpid()} ]; do sleep 1; done; cd /; "
            f'kill -QUIT "$(head -n 1 {self.folder}/data/postmaster.pid)"; '
            f"sleep 1; rm -rf {self.folder}"
        )
        return subprocess.Popen(["sh", "-c", script], start_new_session=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if self.user is not None:
            command = ["runuser", "-u", self.user, "--", *command]
        done = subprocess.run(
            command,
            check=False,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"


def find_programs() -> Path | None:
    """The folder of PostgreSQL's server programs, or None."""
    on_path = shutil.which("initdb")
    candidates = [
        *sorted(DEBIAN.glob("*/bin"), reverse=True),
        *([Path(on_path).parent] if on_path else []),
    ]
    return next(
        (one for one in candidates if (one / "pg_ctl").exists() and (one / "initdb").exists()), None
    )


def make_cluster(programs: Path) -> Cluster:
    """Make and start a cluster. PostgreSQL refuses to be root, so root hands it to another user."""
    folder = Path(tempfile.mkdtemp(prefix="trueup-pg-", dir="/tmp"))
    user = _unprivileged() if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    cluster = Cluster(folder, programs, user)
    cluster.start()
    return cluster


def _unprivileged() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)
