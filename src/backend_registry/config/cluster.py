"""The tables of a cluster: `[report]`, what a node tells a hub, and `[hub]`, what a hub keeps of its nodes and shows."""

import re
from typing import Annotated, Final, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from backend_registry.config.node_urls import UrlPatterns
from backend_registry.config.tables import Seconds, Table, VariableName

__all__ = ("HubConfig", "NodeUrlConfig", "ReportConfig")

_SECRET: Final = re.compile("pass|pwd|user|token|secret", re.IGNORECASE)
_YEAR_S: Final = 31_536_000
_NODE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


def _node_id(value: str) -> str:
    if _NODE_ID.fullmatch(value) is None:
        raise PydanticCustomError(
            "node_id", "is not the id of a node; take 1 to 128 letters, digits and . _ : - of ASCII, a letter or digit first"
        )
    return value


def _http_url(value: str) -> str:
    """The root of an HTTP server. Errors do not repeat it, since somebody may have written a password into it."""
    _check_url(value, ("http", "https"), "http://host:port")
    return value.rstrip("/")


def _store(value: str) -> str:
    if value in ("memory", "sqlite"):
        return value
    if "://" not in value:
        raise PydanticCustomError("store", 'is no store; write "memory", "sqlite", or a url such as redis://host:6379/0')
    head, _, query = value.partition("?")
    user, at, place = head.partition("://")[2].rpartition("@")
    if at and ":" in user:
        raise PydanticCustomError("store", "holds a password; put it into the variable that store_password_env names")
    if any(map(_SECRET.search, dict(parse_qsl(query, keep_blank_values=True)))):
        raise PydanticCustomError("store", "holds a password; put it into the variable that store_password_env names")
    _check_url(f"{value.partition('://')[0]}://{place}", ("redis", "rediss", "valkey", "valkeys"), "redis://host:6379/0")
    return value


def _check_url(value: str, schemes: tuple[str, ...], example: str) -> None:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise PydanticCustomError("url", "is not a url; write it as {example}", {"example": example}) from None
    if parts.scheme not in schemes or not parts.hostname or port == 0 or re.search(r"\s", value):
        raise PydanticCustomError(
            "url",
            "is not a url with {schemes}; write it as {example}",
            {"schemes": " or ".join(schemes), "example": example},
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise PydanticCustomError(
            "url",
            "holds a user name, password, query or fragment; leave them out, and put a secret into an environment variable",
        )


NodeId = Annotated[str, AfterValidator(_node_id)]
HttpUrl = Annotated[str, Field(max_length=2048), AfterValidator(_http_url)]


class ReportConfig(Table):
    """`[report]`: what this node tells a hub, so that it is seen with all others."""

    url: HttpUrl | None = Field(
        default=None, description="root of the hub; without it a process that is a hub reports to itself, any other to nobody"
    )
    token_env: VariableName | None = Field(default=None, description="variable that holds this node's token for the hub")
    node_id: NodeId | None = Field(
        default=None, description="what this node is called, one name for one process; host name and port when left out"
    )
    node_url: HttpUrl | None = Field(
        default=None, description="where the hub can reach this node's own API; it asks there only if its operator allows it"
    )
    beat_s: Annotated[float, Field(ge=0.1, le=3600, allow_inf_nan=False)] = Field(
        default=10.0, description="seconds between two signs of life, as long as the hub does not name another time"
    )
    debounce_ms: int = Field(
        default=100, ge=0, le=10_000, description="milliseconds that a change waits for others, to be sent with them"
    )


class NodeUrlConfig(Table):
    """`[hub.node_urls.NODE]`: where one node is asked, and what with."""

    url: HttpUrl | None = Field(
        default=None,
        description="root of the node's own API; when left out, where the node says that it is, if that is allowed",
    )
    token_env: VariableName | None = Field(default=None, description="variable that holds the viewer token of this node")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.url is None and self.token_env is None:
            raise PydanticCustomError("node_url", "says nothing; give url, token_env, or both")
        return self


class HubConfig(Table):
    """`[hub]`: what a hub keeps of its nodes, when it gives one up, and whether it shows them on a page."""

    store: Annotated[str, Field(max_length=2048), AfterValidator(_store)] = Field(
        default="memory",
        description="where what nodes have reported is kept: `memory`; `sqlite`, a file in the state directory that survives a "
        "restart; or the url of a Redis or Valkey that several hubs share: `redis://host:6379/0`, with TLS `rediss://`",
    )
    store_password_env: VariableName | None = Field(
        default=None, description="variable that holds the password of that Redis or Valkey"
    )
    suspect_s: Seconds = Field(
        default=30.0, ge=0.5, description="seconds of silence after which a node is suspected to be gone"
    )
    unreachable_s: Seconds = Field(
        default=90.0, description="seconds of silence after which the backends of a node count as unavailable"
    )
    forget_s: Annotated[float, Field(gt=0, le=_YEAR_S, allow_inf_nan=False)] = Field(
        default=86_400.0, description="seconds of silence after which a node is forgotten"
    )
    ring: int = Field(default=8192, ge=16, le=1_000_000, description="changes kept for readers of the stream who come back")
    node_secret_env: VariableName | None = Field(
        default=None, description="variable that holds the secret from which the tokens of nodes are derived"
    )
    node_tokens_file: str | None = Field(
        default=None, min_length=1, description="file with a line `node_id sha256` for each node that may report"
    )
    node_url_allow: UrlPatterns = Field(
        default=[],
        description="where nodes that say themselves where their API is may be asked, such as `http://10.0.0.0/8:8484`",
    )
    node_urls: dict[NodeId, NodeUrlConfig] = Field(
        default={}, description="node id to where it is asked, whatever the node says; a table for each, see below"
    )
    audit_s: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = Field(
        default=60.0, description="seconds between two audits, in which one node's own list is compared; 0 turns them off"
    )
    node_token_env: VariableName | None = Field(
        default=None, description="variable that holds the viewer token of nodes that have no token_env of their own"
    )
    page: bool = Field(default=True, description="whether the admin page is served, at `/admin/`")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.unreachable_s <= self.suspect_s:
            raise _wrong("unreachable_s", "has to be longer than suspect_s; a node is suspected first")
        if self.forget_s <= self.unreachable_s:
            raise _wrong("forget_s", "has to be longer than unreachable_s; a node is unreachable first")
        if self.store_password_env is not None and self.store in ("memory", "sqlite"):
            raise _wrong("store_password_env", f"goes not with the store {self.store}; leave it out")
        return self

    @property
    def store_kind(self) -> Literal["memory", "sqlite", "redis"]:
        """Which kind of store it is."""
        return "redis" if "://" in self.store else "sqlite" if self.store == "sqlite" else "memory"


def _wrong(field: str, problem: str) -> PydanticCustomError:
    return PydanticCustomError("hub", "{problem}", {"field": field, "problem": problem})
