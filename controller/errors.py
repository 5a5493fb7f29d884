"""What can go wrong in the controller. The root, and how errors speak, stands in ``specs.errors``.

ControllerError
├── SourceError      the repository cannot be read, or not written
├── DataError        a dataset is absent, unreadable or does not pass its checks
├── TrainingError    the base, the method and the rows do not fit together
├── EvaluationError  a version cannot be measured
│   └── JudgeAbsentError   the judge of its answers does not answer; asked again later
└── ExportError      a version cannot be put into the form that was asked for
"""

from specs.errors import Place, TrueupError


class ControllerError(TrueupError):
    """The root of this folder's errors."""

    def __init__(self, problem: str, *, reason: str | None = None, fix: str | None = None) -> None:
        """``reason`` is the CamelCase word for conditions; the class's own when left out."""
        super().__init__(problem)
        self.problem = problem
        self.fix = fix
        if reason is not None:
            self.reason = reason


class SourceError(ControllerError):
    """The repository cannot be read, or not written."""

    reason = "SourceUnreachable"


class DataError(ControllerError):
    """A dataset is absent, unreadable or does not pass its checks."""

    reason = "DataInvalid"

    def __init__(
        self,
        problem: str,
        *,
        place: Place | None = None,
        reason: str | None = None,
        fix: str | None = None,
    ) -> None:
        """``place`` names the file, and line and column where they are known."""
        super().__init__(f"{place}: {problem}" if place else problem, reason=reason, fix=fix)
        self.place = place


class TrainingError(ControllerError):
    """The base, the method and the rows do not fit together."""

    reason = "TrainingFailed"


class EvaluationError(ControllerError):
    """A version cannot be measured."""

    reason = "EvaluationFailed"


class JudgeAbsentError(EvaluationError):
    """The judge of a version's answers does not answer. It may later."""

    reason = "JudgeAbsent"
    is_transient = True


class ExportError(ControllerError):
    """A version cannot be put into the form that was asked for."""

    reason = "ExportFailed"
