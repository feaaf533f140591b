"""What can be refused when the fleet is changed or its state is kept.

As in `backend_registry.errors`, the facts are attributes and `args`, and the text is made from them.
"""

from backend_registry import DuplicateBackendError, RegistryError

__all__ = (
    "DuplicateUrlError",
    "MissingExtraError",
    "OwnedByFileError",
    "OwnedBySourceError",
    "StateError",
    "StateLockedError",
    "StateReadError",
    "StateWriteError",
)


class OwnedBySourceError(RegistryError):
    """A backend that a source keeps telling about cannot be removed here: it would be back with the source's next word.

    Attributes:
        backend_id: the backend.
        source: the name of the source that owns it.
    """

    remedy = "disable it instead, which holds until you enable it"

    def __init__(self, backend_id: str, source: str) -> None:
        super().__init__(backend_id, source)
        self.backend_id = backend_id
        self.source = source

    def __str__(self) -> str:
        return f"backend {self.backend_id!r} belongs to {self.source}; {self.remedy}"


class OwnedByFileError(OwnedBySourceError):
    """The backend is in the configuration file."""

    remedy = "take it out of that file, or disable it, which holds until you enable it"


class DuplicateUrlError(DuplicateBackendError):
    """Another backend has this url already.

    Attributes:
        backend_id: the backend that has it.
    """

    def __str__(self) -> str:
        return f"backend {self.backend_id!r} has this url already; one server is one backend"


class MissingExtraError(RegistryError, ImportError):
    """An optional dependency is not installed.

    Attributes:
        extra: the extra of `backend-registry` that brings it.
    """

    def __init__(self, extra: str) -> None:
        super().__init__(extra)
        self.extra = extra

    def __str__(self) -> str:
        return f'not installed; run: python -m pip install "backend-registry[{self.extra}]"'


class StateError(RegistryError):
    """Something about the state directory.

    Attributes:
        path: the file in question.
        problem: what is wrong with it, and what to do where that is known.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class StateWriteError(StateError):
    """The state could not be written. The file is as it was, and what should have been kept has not been done."""


class StateReadError(StateError):
    """The state can neither be used nor be set aside, so going on would lose it."""


class StateLockedError(StateError):
    """Another process uses this state directory."""
