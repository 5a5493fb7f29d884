import json
import subprocess
import sys

from tests.contract import rows
from tests.contract.rows import MODEL

HEAVY = ("torch", "numpy", "scipy", "transformers", "pandas", "pyarrow", "dvc")


def test_the_app_loads_no_heavy_library():
    code = "import sys, json, registry.__main__; print(json.dumps(sorted(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded & set(HEAVY) == set()


def test_every_answer_forbids_foreign_code(web):
    for path in ("/", "/api/v1/models", "/static/live.js", "/nothing"):
        policy = web.get(path).headers["content-security-policy"]

        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy


def test_requests_are_counted_by_route_and_not_by_path(web, registry_database):
    with registry_database.transaction() as session:
        rows.declare(session)
        rows.declare(session, "models")
    web.get(f"/api/v1/models/{MODEL}")
    web.get("/api/v1/models/nobody")
    web.get("/api/v1/models/models/aliases/live/history")
    web.get("/something/made/up")
    web.get("/static/made/up")

    text = web.get("/metrics").text

    counted = 'trueup_api_requests_total{method="GET",route="%s",status="%s"} 1.0'
    assert counted % ("/api/v1/models/{name}", 200) in text
    assert counted % ("/api/v1/models/{name}", 404) in text
    assert counted % ("/api/v1/models/{name}/aliases/{alias}/history", 200) in text
    assert "made/up" not in text
    assert "trueup_api_request_duration_seconds_bucket" in text


def test_the_app_says_that_it_lives_and_is_ready(web):
    assert web.get("/healthz").json() == {"status": "ok"}
    assert web.get("/readyz").json()["status"] == "ok"


def test_the_api_describes_every_route(web):
    document = web.get("/api/v1/openapi.json").json()

    assert {
        "/api/v1/models/{name}",
        "/api/v1/models/{name}/versions/{number}/card",
        "/api/v1/models/{name}/rollback",
        "/api/v1/runs/{run_id}/log",
        "/api/v1/artifacts/{digest}",
    } <= set(document["paths"])
    assert "ProblemOut" in document["components"]["schemas"]
