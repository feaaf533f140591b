"""`RpcBackend`: one backend in remote procedure calls, the same in what a node answers and in what a hub is told."""

from enum import StrEnum
from typing import Annotated, Final, TypeVar

from pydantic import BeforeValidator, Field

from backend_registry._web.connect import Message

__all__ = ("Enumerated", "RpcBackend", "RpcStatus")


class RpcStatus(StrEnum):
    """Whether a backend may be picked: `BackendStatus` of the .proto file."""

    UNSPECIFIED = "BACKEND_STATUS_UNSPECIFIED"
    AVAILABLE = "BACKEND_STATUS_AVAILABLE"
    UNAVAILABLE = "BACKEND_STATUS_UNAVAILABLE"


_NUMBERS: Final = dict(enumerate(RpcStatus))


def _named(value: object) -> object:
    """An enumerated value may be given by its number."""
    return _NUMBERS.get(value, value) if isinstance(value, int) else value


Value = TypeVar("Value")
Enumerated = Annotated[Value, BeforeValidator(_named)]


class RpcBackend(Message):
    """One backend: `BackendInfo` of the .proto file."""

    name: str = ""
    kind: str = ""
    operations: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()
    weight: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    priority: Annotated[int, Field(ge=-(2**31), lt=2**31)] = 0
    base_url: str = ""
    status: Enumerated[RpcStatus] = RpcStatus.UNSPECIFIED
    status_reason: str = ""
    instance_id: str | None = None
    id: str = ""
    models: tuple[str, ...] = ()
