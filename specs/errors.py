"""The root of the error tree. Facts are fields; the message is made from them.

    TrueupError
    ├── SpecError                 one problem at one place of one spec file
    ├── registry.errors           NotFoundError, ConflictError, BaseModelError, ...
    └── controller.errors         SourceError, DataError, TrainingError, EvaluationError

Every error can say three things to a person: ``reason`` (a CamelCase word that also stands in a
condition), ``str(error)`` (what is wrong, with the facts) and ``fix`` (what to do about it).
"""

from dataclasses import dataclass


class TrueupError(Exception):
    """Anything Trueup raises on purpose."""

    reason: str = "Error"
    fix: str | None = None
    is_transient: bool = False
    """Worth trying again with the same inputs: the world may have changed meanwhile."""

    @property
    def told(self) -> str:
        """What is wrong and what to do about it, in one line."""
        said = str(self)
        return f"{said} ({self.fix})" if self.fix and self.fix not in said else said


@dataclass(frozen=True)
class Place:
    """Where in a file: 1-based line and column, and the dotted field, as far as they are known."""

    path: str
    line: int | None = None
    column: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        """Render as ``path:line:column``, the form editors and CI logs make clickable."""
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part)


class SpecError(TrueupError):
    """One problem at one place of a spec file, with what to do about it."""

    reason = "InvalidSpec"

    def __init__(self, place: Place, problem: str, *, fix: str | None = None) -> None:
        """Keep the facts; ``problem`` is lower case and does not repeat the place."""
        super().__init__(place, problem)
        self.place = place
        self.problem = problem
        self.fix = fix

    def __str__(self) -> str:
        """Place, field, problem, fix: one line a person can act on."""
        field = f" {self.place.field}:" if self.place.field else ""
        fix = f" ({self.fix})" if self.fix else ""
        return f"{self.place}:{field} {self.problem}{fix}"
