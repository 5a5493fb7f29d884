"""What a person sees when a command does not succeed: one line, and an exit code that means it.

0 done, or it is so; 1 failed, refused, or it is not so; 2 bad input; 3 the API does not answer.
"""

import sys
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from specs.errors import TrueupError

FAILED = 1
BAD_INPUT = 2
UNREACHABLE = 3
INTERRUPTED = 130
"""What shells expect of a command that was ended by Ctrl-C."""
UNUSABLE_REQUESTS = (400, 422)
BAD_INPUT_REASONS = frozenset({"BadInput", "InvalidSettings", "PortInUse", "HomeInUse"})


class BadInputError(TrueupError):
    """What was typed cannot be meant."""

    reason = "BadInput"

    def __init__(self, problem: str, *, fix: str | None = None) -> None:
        """``fix`` is what to type instead."""
        super().__init__(problem)
        self.fix = fix


class FailedError(TrueupError):
    """It did not work, or it is not so; the message says what."""

    reason = "Failed"

    def __init__(self, problem: str, *, fix: str | None = None) -> None:
        """``fix`` is what to do next."""
        super().__init__(problem)
        self.fix = fix


class Commands(TyperGroup):
    """The group of all commands: the one place where errors become lines and exit codes."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; never let a person see a traceback of what is raised on purpose."""
        try:
            return super().invoke(ctx)
        except TrueupError as error:
            complain(error)
            raise typer.Exit(exit_code_of(error)) from error
        except KeyboardInterrupt as error:
            raise typer.Exit(INTERRUPTED) from error

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  (the library's signature)
        """Keep the order of registration: it is the order of the work."""
        return list(self.commands)


def complain(error: TrueupError) -> None:
    """Write the one line that says what is wrong, and the one that says what to do."""
    said = str(error)
    sys.stderr.write(f"error: {said}\n")
    if error.fix and error.fix not in said:
        sys.stderr.write(f"  fix: {error.fix}\n")


def exit_code_of(error: TrueupError) -> int:
    """Map an error to the exit code that scripts rely on."""
    from registry.client import ApiError, ApiUnreachableError

    match error:
        case ApiUnreachableError():
            return UNREACHABLE
        case ApiError(status=status):
            return BAD_INPUT if status in UNUSABLE_REQUESTS else FAILED
        case _:
            return BAD_INPUT if error.reason in BAD_INPUT_REASONS else FAILED


def not_so() -> NoReturn:
    """End the command with the exit code for "it is not so", having said why."""
    raise typer.Exit(FAILED)
