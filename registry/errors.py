"""What can go wrong in the registry. The root, and how errors speak, stands in ``specs.errors``."""

from specs.errors import TrueupError
from specs.names import Digest


class RegistryError(TrueupError):
    """The root of this folder's errors."""


class NotFoundError(RegistryError):
    """There is no such model, version, run or alias."""

    reason = "NotFound"

    def __init__(self, kind: str, name: str, *, fix: str | None = None) -> None:
        """``kind`` is the noun, ``name`` what was asked for."""
        super().__init__(f"there is no {kind} {name!r}")
        self.kind = kind
        self.name = name
        self.fix = fix


class ConflictError(RegistryError):
    """Somebody else was faster: what was expected is no longer so."""

    reason = "Conflict"

    def __init__(self, what: str, *, expected: object, found: object) -> None:
        """``what`` names the thing; the other two are its values."""
        super().__init__(f"{what} is {found!r}, not {expected!r}")
        self.what = what
        self.expected = expected
        self.found = found


class RefusedError(RegistryError):
    """The request is well-formed, and must not be carried out."""

    reason = "Refused"

    def __init__(self, problem: str, *, fix: str | None = None) -> None:
        """``problem`` says why not."""
        super().__init__(problem)
        self.fix = fix


class ArtifactCorruptError(RegistryError):
    """Stored bytes are not what their digest says."""

    reason = "ArtifactCorrupt"
    fix = "restore the artifact from a backup, or retrain the version"

    def __init__(self, digest: Digest, found: Digest) -> None:
        """``digest`` was asked for, ``found`` is what the bytes give."""
        super().__init__(f"artifact {digest} is corrupt: its bytes give {found}")
        self.digest = digest
        self.found = found


class BaseModelError(RegistryError):
    """A base model cannot be found or used."""

    reason = "BaseModelNotFound"

    def __init__(self, model: str, problem: str, *, fix: str | None = None) -> None:
        """``model`` as the spec names it."""
        super().__init__(f"base model {model!r}: {problem}")
        self.model = model
        self.fix = fix


class StoreError(RegistryError):
    """The database cannot be opened, read or written."""

    reason = "StoreUnavailable"

    def __init__(self, problem: str, *, fix: str | None = None) -> None:
        """``problem`` says what the database said."""
        super().__init__(f"the registry database: {problem}")
        self.problem = problem
        self.fix = fix


class PortInUseError(RegistryError):
    """Another process listens where this one wants to."""

    reason = "PortInUse"

    def __init__(self, port: int, *, setting: str | None = None) -> None:
        """``setting`` is the setting that chooses the port, where that is known."""
        super().__init__(f"port {port} is already in use")
        self.port = port
        self.fix = "stop the process that listens there, or choose another port" + (
            f" with TRUEUP_{setting.upper()}" if setting else ""
        )
