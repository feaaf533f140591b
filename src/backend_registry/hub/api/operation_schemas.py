"""What the routes that steer the cluster take and give, as pydantic models."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from backend_registry._web import Name, PageQuery, Query
from backend_registry.hub.api.cluster_queries import FilterQuery
from backend_registry.hub.batches import TARGETS_MOST, Intent
from backend_registry.views import public_text

__all__ = (
    "VERBS",
    "BatchAnswer",
    "BatchBody",
    "BatchFilter",
    "DesiredEntry",
    "DesiredQuery",
    "ReasonQuery",
    "SessionAnswer",
    "SignIn",
    "TargetChoice",
    "TargetEntry",
    "UndoBody",
    "UndoChoice",
)

REASON_MOST: Final = 256
VERBS: Final[dict[str, Intent]] = {"drain": "draining", "disable": "disabled", "enable": "enabled"}
"""What each verb makes operators want; `restore` has an intent for each target."""


def _reason(text: str) -> str:
    """A reason that may be shown to everybody: one line, without what looks like a credential."""
    text = text.strip()
    if not text or not text.isprintable():
        raise PydanticCustomError("reason", "say why, in one line of printable text")
    if public_text(text) != text:
        raise PydanticCustomError("reason", "it looks as if it held a credential, and all who look can read it; say it without")
    return text


NodeId = Annotated[str, Field(min_length=1, max_length=128)]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_MOST), AfterValidator(_reason)]
Revision = Annotated[str, Field(min_length=1, max_length=64)]


class _Taken(BaseModel):
    """Strict about types, closed to unknown fields, and silent about what it refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class SignIn(_Taken):
    """What opens a session."""

    token: Annotated[str, Field(min_length=1, max_length=4096, description="the admin token, or the viewer token")]


class SessionAnswer(BaseModel):
    """Who asks."""

    role: Literal["viewer", "operator"] = Field(description="whether this one may only look, or act as well")
    sign_in: Literal["needed", "not_needed"] = Field(
        description="not needed where there are no tokens: then everybody on this machine is an operator"
    )
    expires_at: AwareDatetime | None = Field(description="when the session ends; null for who has none")
    csrf: str | None = Field(
        description="the header `X-CSRF-Token` of changes that come with the cookie; null without a session"
    )


class TargetChoice(_Taken):
    """A backend: of the cluster, by kind and name, on every node that has it; or of one node, by node_id and id."""

    kind: Name | None = None
    name: Name | None = None
    node_id: NodeId | None = None
    id: Name | None = None
    intent: Intent | None = Field(default=None, description="for the verb restore: what is wanted of this one")

    @model_validator(mode="after")
    def _one_way(self) -> "TargetChoice":
        by_name, by_place = (self.kind, self.name), (self.node_id, self.id)
        whole, empty = (by_name, by_place) if self.kind is not None else (by_place, by_name)
        if None in whole or any(part is not None for part in empty):
            raise PydanticCustomError("choice", "give kind and name, or node_id and id")
        return self


class BatchFilter(FilterQuery):
    """The parameters of the list of backends, each an array: what it lists is chosen.

    With `node`, only what those nodes have of them is.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _texts(cls, given: object) -> object:
        """A query holds nothing but text, a body may hold anything."""
        if not isinstance(given, str) and not (isinstance(given, list) and all(isinstance(value, str) for value in given)):
            raise PydanticCustomError("texts", "give text, or an array of texts")
        return given


class BatchBody(_Taken):
    """One verb for many backends. Make a dry run, look at its answer, and send the same with its `rev` as `if_rev`."""

    ids: Annotated[tuple[TargetChoice, ...], Field(min_length=1, max_length=TARGETS_MOST)] | None = Field(
        default=None, description="which backends; either this or filter"
    )
    filter: BatchFilter | None = Field(default=None, description="which backends: those that the list shows for it")
    verb: Literal["drain", "disable", "enable", "restore"] = Field(
        description="restore gives each target the intent that it names, as in the undo of an earlier answer"
    )
    reason: Reason = Field(description="why, in one line; all who look can read it, and nodes log it")
    dry_run: bool = Field(default=False, description="only say what would be done")
    if_rev: Revision | None = Field(default=None, description="the `rev` of a dry run; needed unless this is one")

    @model_validator(mode="after")
    def _whole(self) -> "BatchBody":
        if (self.ids is None) == (self.filter is None):
            raise PydanticCustomError("chosen", "give either ids or filter")
        if self.if_rev is None and not self.dry_run:
            raise PydanticCustomError("if_rev", "make a dry run first, and give its rev as if_rev")
        restores = self.verb == "restore"
        named = [choice.intent is not None and choice.id is not None for choice in self.ids or ()]
        if restores and not (named and all(named)):
            raise PydanticCustomError("restore", "to restore, give ids with node_id, id and intent")
        if not restores and any(choice.intent is not None for choice in self.ids or ()):
            raise PydanticCustomError("restore", "give an intent only with the verb restore")
        return self


class TargetEntry(BaseModel):
    """One backend of one node, and what a batch does about it."""

    node_id: str
    id: str
    kind: str
    name: str
    before: Intent = Field(description="what operators wanted so far")
    after: Intent
    result: Literal["would_change", "unchanged", "wished", "gone", "not_done"] = Field(
        description="`gone`: the node has it no longer; `not_done`: the store became unavailable before"
    )
    generation: int | None = Field(description="of the wish; the node has dealt with it once it reports this one or a later")


class UndoChoice(BaseModel):
    """One target of an undo."""

    node_id: str
    id: str
    intent: Intent


class UndoBody(BaseModel):
    """A body for the same route, which undoes what was done. It holds as long as nobody has changed the same backends."""

    verb: Literal["restore"] = "restore"
    ids: list[UndoChoice]
    reason: str
    if_rev: str


class BatchAnswer(BaseModel):
    """What a batch does, or would do."""

    dry_run: bool
    verb: Literal["drain", "disable", "enable", "restore"]
    rev: str = Field(description="stands for the targets, what is wanted of them, and models_lost")
    backends: int = Field(description="how many backends of the cluster are among the targets")
    nodes: int = Field(description="how many nodes are")
    targets: int
    changes: int = Field(description="how many targets are not yet as wanted")
    unknown: list[int] = Field(description="positions in ids of those that nothing fits")
    silent_nodes: list[str] = Field(description="nodes that are not heard now, and learn of it when they come back")
    pending_requests: int = Field(description="in flight on what changes, as last reported; they go on")
    models_lost: list[str] = Field(description="models that no available backend is left for")
    results: list[TargetEntry]
    undo: UndoBody | None = Field(description="what undoes it; null if nothing was done")


class DesiredEntry(BaseModel):
    """What an operator wants of one backend of one node."""

    node_id: str
    id: str
    kind: str | None = Field(description="null if the node has no such backend any more")
    name: str | None
    intent: Intent = Field(description="what is wanted")
    reported: Intent | None = Field(description="what the node says it is")
    generation: int
    reason: str
    since: AwareDatetime = Field(description="when it was wished")
    state: Literal["open", "acknowledged"] = Field(description="`acknowledged`: the node has dealt with it")
    acknowledged_at: AwareDatetime | None


class DesiredQuery(PageQuery):
    """Parameters of the list of what is wanted."""

    state: Literal["open", "acknowledged"] | None = Field(default=None, description="only these")
    node: NodeId | None = Field(default=None, description="only those about this node")


class ReasonQuery(Query):
    """Parameters of what is done to a node."""

    reason: Reason = Field(description="why, in one line; it is shown in the events")
