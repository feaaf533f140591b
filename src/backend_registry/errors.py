"""Every error this package raises on purpose, under one base class.

Each error carries the facts as attributes, so that a router can act on them without parsing text. The facts are also its
`args`, and the text is made from them, so errors can be copied and sent to other processes.
"""

from collections.abc import Mapping

__all__ = (
    "BackendNotFoundError",
    "BackendOwnershipError",
    "DuplicateBackendError",
    "InvalidValueError",
    "ModelNotFoundError",
    "NoBackendError",
    "ReentrantWriteError",
    "RegistryError",
)


class RegistryError(Exception):
    """Base of all errors of this package."""


class DuplicateBackendError(RegistryError):
    """A backend with this id is registered already.

    Attributes:
        backend_id: the id that is taken.
    """

    def __init__(self, backend_id: str) -> None:
        super().__init__(backend_id)
        self.backend_id = backend_id

    def __str__(self) -> str:
        return f"backend already exists: {self.backend_id}"


class BackendNotFoundError(RegistryError, LookupError):
    """No backend with this id is registered.

    Attributes:
        backend_id: the id that was asked for.
    """

    def __init__(self, backend_id: str) -> None:
        super().__init__(backend_id)
        self.backend_id = backend_id

    def __str__(self) -> str:
        return f"backend not found: {self.backend_id}"


class BackendOwnershipError(RegistryError):
    """A `Backend` object that belongs, or once belonged, to a registry was added again.

    Attributes:
        backend_id: the id of the object that was refused.
    """

    def __init__(self, backend_id: str) -> None:
        super().__init__(backend_id)
        self.backend_id = backend_id

    def __str__(self) -> str:
        return (
            f"backend object {self.backend_id!r} is or was in a registry and keeps that registry's counters; "
            "add a fresh object made with backend.replace()"
        )


class InvalidValueError(RegistryError, ValueError):
    """An argument was refused; nothing has been changed.

    Attributes:
        field: the argument's name.
        problem: what is wrong with its value.
        remedy: what would be accepted.
    """

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(field, problem, remedy)
        self.field = field
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}; {self.remedy}"


class NoBackendError(RegistryError, LookupError):
    """Backends serve the model, but none of them may be picked now.

    Attributes:
        model: the model that was asked for.
        reasons: backend id to reason code, for every backend that serves the model.
    """

    def __init__(self, model: str, reasons: Mapping[str, str]) -> None:
        super().__init__(model, reasons)
        self.model = model
        self.reasons: dict[str, str] = dict(reasons)

    def __str__(self) -> str:
        shown = ", ".join(f"{backend_id}: {code}" for backend_id, code in list(self.reasons.items())[:8])
        more = f", and {len(self.reasons) - 8} more" if len(self.reasons) > 8 else ""
        return f"no backend available for model {self.model!r} ({shown}{more})"


class ModelNotFoundError(NoBackendError):
    """No registered backend serves the model at all, so waiting would not help."""

    def __init__(self, model: str) -> None:
        super().__init__(model, {})

    def __reduce__(self) -> tuple[type["ModelNotFoundError"], tuple[str]]:
        # Its constructor takes one fact less than the one it is derived from.
        return ModelNotFoundError, (self.model,)

    def __str__(self) -> str:
        return f"model not found: {self.model}"


class ReentrantWriteError(RegistryError, RuntimeError):
    """A registry was written to from a signal handler or finalizer that interrupted a write of the same thread."""

    def __str__(self) -> str:
        return (
            "this thread is inside a write of this registry already; "
            "do the write after the signal handler or finalizer returned"
        )
