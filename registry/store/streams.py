"""Streams that others read on from where they stopped: their numbers must follow their commits."""

from sqlalchemy import text
from sqlalchemy.orm import Session

_KEYS = {"events": 0x7472756575700002, "predictions": 0x7472756575700003}


def write_in_order(session: Session, stream: str) -> None:
    """Let one transaction at a time append to a stream.

    PostgreSQL hands out numbers before commit: a reader could see 7, go on from there, and never
    see 6. SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _KEYS[stream]})
