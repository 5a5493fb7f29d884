"""The model page in a real Chromium: it renders, and it changes by itself while one looks."""

import shutil
import subprocess
import threading

import pytest

from registry.app import build_app
from registry.artifacts import open_artifacts
from registry.server import listen, make_server
from registry.settings import Settings
from registry.store import models
from registry.store.database import Database
from tests.contract import rows
from tests.contract.rows import MODEL

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
)


@pytest.fixture
def database(tmp_path):
    settings = Settings(home=tmp_path / "home")
    settings.home.mkdir()
    opened = Database.open(settings.resolved_database_url)
    yield opened
    opened.close()


@pytest.fixture
def after_first_look():
    """What the world does once the page has been sent for the first time; a test fills it."""
    return []


@pytest.fixture
def address(database, tmp_path, after_first_look):
    """Where the real application answers, over HTTP."""
    settings = Settings(home=tmp_path / "home")
    app = build_app(settings, database, open_artifacts(settings))

    async def observed(scope, receive, send):
        await app(scope, receive, send)
        if scope.get("path") == f"/models/{MODEL}" and after_first_look:
            after_first_look.pop()()

    listener = listen("127.0.0.1", 0)
    server = make_server(observed)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def look_at(url, profile):
    """Let Chromium stay on a page for five of its own seconds: its elements, and its complaints."""
    stay = (f"--user-data-dir={profile}", "--virtual-time-budget=5000", "--dump-dom")
    done = subprocess.run(
        [CHROMIUM, *OPTIONS, *stay, url], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout, done.stderr


def test_the_model_page_renders_without_a_complaint_of_the_browser(database, address, tmp_path):
    with database.transaction() as session:
        rows.declare(session)
        rows.two_versions(session)

    page, said = look_at(f"{address}/models/{MODEL}", tmp_path / "profile")

    assert f"<h1>{MODEL}</h1>" in page
    assert "<svg" in page
    assert "CONSOLE" not in said, said


def test_a_page_that_is_open_changes_by_itself(database, address, after_first_look, tmp_path):
    def wait_for(what):
        with database.transaction() as session:
            models.set_waiting_for(session, MODEL, what)

    with database.transaction() as session:
        rows.declare(session)
    wait_for("a first thing")
    after_first_look.append(lambda: wait_for("quite another thing"))

    page, _ = look_at(f"{address}/models/{MODEL}", tmp_path / "profile")

    assert "quite another thing" in page
    assert "a first thing" not in page
