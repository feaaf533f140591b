"""What the node API takes and gives, as pydantic models: they check requests, and the OpenAPI document is made of them.

A field that is only too long or out of its range is refused here; what a backend may be besides is said by `Backend` alone.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from backend_registry import Backend, BackendInfo, BackendType, Intent, Model

__all__ = (
    "BackendChanges",
    "BackendEntry",
    "BackendGone",
    "BackendsDelta",
    "BackendsSnapshot",
    "DecisionEntry",
    "DrainAnswer",
    "ExplainAnswer",
    "HealthAnswer",
    "ModelEntry",
    "NewBackend",
    "NewModel",
    "OpenApiDocument",
    "OverrideEntry",
)

Name = Annotated[str, Field(min_length=1, max_length=256)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Weight = Annotated[int, Field(ge=1, le=1_000_000, description="share of traffic relative to others")]
Priority = Annotated[int, Field(ge=-(2**31), le=2**31 - 1, description="lower is preferred")]


class _Taken(BaseModel):
    """Strict about types, closed to unknown fields, and silent about what it refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class NewModel(_Taken):
    """A model of a new backend, where its id alone is not enough."""

    id: Name
    name: Annotated[str, Field(max_length=256)] = ""
    context_length: Count = 4096
    supports_vision: bool = False
    supports_tools: bool = False
    supports_json_mode: bool = False
    max_output_tokens: Count | None = None


class NewBackend(_Taken):
    """A model server to be added. It is kept across restarts, so neither url nor metadata may hold a secret."""

    id: Name
    url: Annotated[str, Field(min_length=1, max_length=2048, pattern=r"^\s*(?i:https?|wss?)://")]
    name: Name | None = None
    backend_type: BackendType = BackendType.GENERIC
    models: Annotated[tuple[Name | NewModel, ...], Field(max_length=1024)] = ()
    metadata: Annotated[dict[Name, Annotated[str, Field(max_length=2048)]], Field(max_length=64)] = {}
    priority: Priority = 0
    weight: Weight = 100
    operations: Annotated[tuple[Name, ...], Field(max_length=64)] = ()
    features: Annotated[tuple[Name, ...], Field(max_length=64)] = ()
    transports: Annotated[tuple[Name, ...], Field(max_length=64)] = ("http",)
    instance_id: Name | None = None
    credential_env: Annotated[
        tuple[Annotated[str, Field(max_length=256, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], ...],
        Field(max_length=64, description="names of variables of this process, never what they hold"),
    ] = ()
    max_pending: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    warmup_s: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 0.0
    intent: Intent = Intent.ENABLED

    def backend(self) -> Backend:
        """A fresh backend.

        Raises:
            InvalidValueError: a field is not what a backend may be.
        """
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        models = [model if isinstance(model, str) else Model(**model.model_dump()) for model in self.models]
        return Backend(**{**fields, "models": models})


class BackendChanges(_Taken):
    """What to set over what the source says. A field that is left out stays; null takes an earlier override back."""

    weight: Weight | None = None
    priority: Priority | None = None
    intent: Intent | None = None


class OverrideEntry(BaseModel):
    """What an operator has set over what the source says; null where the source's word stands."""

    weight: int | None
    priority: int | None
    intent: Intent | None
    by: Literal["api"]


class BackendEntry(BackendInfo):
    """One backend, as the node API lists it."""

    source: str | None = Field(description="who owns it: `file:...`, `api` or another source; null if it is the embedder's")
    override: OverrideEntry | None = Field(description="what an operator has set over what the source says")


class ModelEntry(BaseModel):
    """One model, as all backends together serve it."""

    id: str
    name: str
    backends: int = Field(description="how many serve it")
    available: int = Field(description="how many of them may be picked")
    resident: int = Field(description="how many of them have it in memory, as far as they say")
    context_length: int = Field(description="the largest among them")
    max_output_tokens: int | None = Field(description="the largest among them")
    supports_vision: bool = Field(description="whether any of them does")
    supports_tools: bool = Field(description="whether any of them does")
    supports_json_mode: bool = Field(description="whether any of them does")


class DecisionEntry(BaseModel):
    """What a pick would say about the backend for one model, now."""

    model: str
    eligible: bool
    code: str = Field(description="reason code; empty if eligible")
    detail: str
    cost: float | None = Field(description="what the default policy compares; lower is preferred; null if beyond any number")
    until_s: float | None = Field(description="seconds until the reason ends by itself")


class ExplainAnswer(BaseModel):
    """Why one backend would be picked, or not, for each of the models asked about."""

    id: str
    decisions: list[DecisionEntry]
    models_total: int = Field(description="how many models it serves; without `model` the first 32 are explained")


class DrainAnswer(BaseModel):
    """How far a drain has come."""

    drained: bool = Field(description="whether nothing is in flight any more")
    pending_requests: int
    backend: BackendEntry


class HealthAnswer(BaseModel):
    """That the process runs, or is ready."""

    status: Literal["ok", "ready"]


class BackendGone(BaseModel):
    """An entry that is no longer there, or no longer what the reader asked for."""

    id: str


class BackendsSnapshot(BaseModel):
    """Event `snapshot`: all entries that the reader asked for."""

    as_of: AwareDatetime
    backends: list[BackendEntry]


class BackendsDelta(BaseModel):
    """Event `delta`: what has changed since the event before."""

    upserts: list[BackendEntry]
    deletes: list[BackendGone]


class OpenApiDocument(BaseModel):
    """This document."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    openapi: str
