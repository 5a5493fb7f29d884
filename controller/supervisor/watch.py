"""What the supervisor sees of its parts: are they ready, and which of their words matter."""

import json
import re
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from controller.supervisor.parts import Part

PROBE_TIMEOUT_SECONDS = 2.0
OK = 200
IMPORTANT = re.compile(r"\b(WARNING|ERROR|CRITICAL|Traceback)\b")


def why_not_ready(part: Part) -> str | None:
    """Ask the part's ``/readyz``: None when it is ready, else its reason."""
    # Not urllib: a proxy that the environment names has no part in this.
    address = urlsplit(part.url)
    connection = HTTPConnection(
        address.hostname or part.host, address.port, timeout=PROBE_TIMEOUT_SECONDS
    )
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, HTTPException):
        return "it does not answer yet"
    finally:
        connection.close()
    if answer.status == OK:
        return None
    return _reason(body) or f"it answers {answer.status}"


def is_important(line: str) -> bool:
    """Whether a log line is shown on the supervisor's terminal."""
    return IMPORTANT.search(line) is not None


def _reason(body: bytes) -> str | None:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return str(answer["reason"]) if isinstance(answer, dict) and answer.get("reason") else None
