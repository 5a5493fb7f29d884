"""Patterns that specs declare: regular expressions that are matched in linear time. Pure."""

import re2

QUIET = re2.Options()
QUIET.log_errors = False


def why_no_pattern(pattern: str) -> str | None:
    """Say why ``pattern`` cannot be matched by RE2; None when it can."""
    try:
        re2.compile(pattern, QUIET)
    except re2.error as error:
        said = error.args[0] if error.args else error
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return f"RE2 cannot match in linear time ({text})"
    return None
