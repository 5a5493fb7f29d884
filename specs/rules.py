"""Rules that hold between fields of a spec, and the places where they are broken."""

from specs.model import ModelSpec
from specs.problems import Problem


def broken_rules(spec: ModelSpec) -> list[Problem]:
    """Check every rule."""
    return []
