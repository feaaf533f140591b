"""What leaves the process: pydantic views of backends, models and the registry.

A view is secret-free by construction. However it is made (from a live backend, by hand, from JSON), its validators

- take user name, password, query and fragment out of urls,
- drop metadata whose key looks like a secret's (the word list is generous: `tokenizer` goes as well),
- and blank out, in free text, the credentials of urls, authorization headers, values of secret-looking names, and keys that
  are known by their shape.

The view of a backend also blanks out the credentials and the query of that backend's own url wherever its texts repeat them.
Identifiers (ids, model ids, operations) stay exact, so do not put secrets into them. The values of credential variables
never get here; a view tells only whether they are set.

Views are immutable, refuse unknown fields, survive JSON unchanged and describe themselves as JSON schema. Counters are unsigned
64-bit numbers: a JavaScript reader must not take them for exact beyond 2^53 - 1.
"""

import os
import re
import time
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from backend_registry import (
    Backend,
    BackendRecord,
    BackendStatus,
    BackendType,
    Clock,
    DiscoverySource,
    EjectionCause,
    Intent,
    Model,
    Registry,
    ReportedLoad,
    Residency,
    Tally,
)

__all__ = (
    "BackendInfo",
    "BackendView",
    "LoadView",
    "ModelView",
    "RegistryView",
    "is_secret_name",
    "public_text",
    "public_url",
    "redacted",
)

# --- keeping secrets in ------------------------------------------------------------------------------------------------

_BLANK: Final = "***"
_WORTH_HIDING: Final = 4
"""Characters; to blank out anything shorter would only make texts unreadable."""
_SECRET_WORDS: Final = "key|token|secret|passw|passphrase|pwd|credential|auth|bearer|cookie|session|signature|private"  # noqa: S105 -- names, no values
_SECRET_NAME: Final = re.compile(_SECRET_WORDS)
_SECRETS_IN_TEXT: Final = (
    # scheme://user:password@host, also where the text was cut before the @
    (re.compile(r"(\w://)[^\s/?#\"'<>]*(?:@|…$)"), r"\1"),
    # Authorization: Basic ..., with or without the name of the header
    (re.compile(r"\b(bearer|basic)\s+[^\s\"',;]+", re.IGNORECASE), rf"\1 {_BLANK}"),
    # api_key=..., "token": "...", but neither a header dealt with above nor the port of a host called monkey:8080
    (
        re.compile(
            rf"((?:{_SECRET_WORDS})[\w-]{{0,40}}[\"']?\s*(?:=|:(?!\d{{1,5}}\b))\s*[\"']?)(?!bearer|basic)[^\s\"'&,;]+",
            re.IGNORECASE,
        ),
        rf"\1{_BLANK}",
    ),
    # OpenAI and its like, Hugging Face, GitHub; Google; AWS; signed web tokens
    (
        re.compile(r"\b(?:(?:sk|pk|rk|hf|gsk|ghp|xai)[-_][\w-]{8,}|AIza[\w-]{16,}|AKIA\w{12,}|eyJ[\w-]+\.[\w-]+\.[\w-]*)"),
        _BLANK,
    ),
)
_ONE_WORD: Final = re.compile(r"[\w.-]*")


def is_secret_name(name: str) -> bool:
    """Whether something of this name is likely to be a secret, however it is spelled.

    >>> [is_secret_name(name) for name in ("X-Api-Key", "pass word", "region")]
    [True, True, False]
    """
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))
    return _SECRET_NAME.search(letters) is not None


def public_text(text: str) -> str:
    """Free text without what looks like a credential.

    >>> public_text("GET http://me:pw@gpu-1/v1 said 401 to Bearer abc")
    'GET http://gpu-1/v1 said 401 to Bearer ***'
    """
    # Names and ids, which are most of what comes here: all but the last pattern need a space, a colon or an equals sign.
    if _ONE_WORD.fullmatch(text) and not _SECRETS_IN_TEXT[-1][0].search(text):
        return text
    before = None
    # What one pattern has cut may have hidden something from another. Each round leaves less to hide, so this ends, and a
    # clean text stays as it is.
    while text != before:
        before = text
        for pattern, replacement in _SECRETS_IN_TEXT:
            text = pattern.sub(replacement, text)
    return text


def public_url(url: str) -> str:
    """A url without user name, password, query and fragment.

    Raises:
        ValueError: it is no url; says nothing of what it is.

    >>> public_url("https://me:pw@gpu-1:8000/proxy?key=abc")
    'https://gpu-1:8000/proxy'
    """
    try:
        parts = urlsplit(url)
        # Looked at for its error: a password with a slash in it leaves half of itself where the port should be.
        _ = parts.port
    except ValueError:
        raise ValueError("is no url") from None
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def redacted(text: str, url: str) -> str:
    """Free text about a backend without what looks like a credential, and without the credentials of its own url.

    >>> redacted("GET /proxy?sig=abcd said abcd is wrong", "http://gpu-1/proxy?sig=abcd")
    'GET /proxy?*** said *** is wrong'
    """
    return public_text(_without(_own_secrets(url), text))


def _own_secrets(url: str) -> tuple[str, ...]:
    """Everything in a url that its public form lacks, whole and in parts, as written and as meant; longest first."""
    parts = urlsplit(url)
    userinfo, query = parts.netloc.rpartition("@")[0], parts.query
    if not userinfo and not query:
        return ()
    pieces = [*userinfo.split(":", 1), *re.split("[&=]", query), *(value for _, value in parse_qsl(query))]
    spellings = {spelling for piece in pieces for spelling in (piece, unquote(piece)) if len(piece) >= _WORTH_HIDING}
    return tuple(sorted(spellings | {userinfo, query} - {""}, key=len, reverse=True))


def _without(secrets: Iterable[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, _BLANK)
        if text.endswith("…"):
            text = _without_beginning(secret, text)
    return text


def _without_beginning(secret: str, text: str) -> str:
    """A text that was cut, without the beginning of a secret at its end."""
    for length in range(len(secret) - 1, _WORTH_HIDING - 1, -1):
        if text.endswith(f"{secret[:length]}…"):
            return text[: -length - 1] + _BLANK
    return text


def _public_metadata(metadata: dict[str, str]) -> dict[str, str]:
    return {key: public_text(value) for key, value in metadata.items() if not is_secret_name(key)}


def _encodable(value: object) -> object:
    """A text whose lone surrogates, which no JSON can hold, are question marks; other types are left to the field's check."""
    return value.encode(errors="replace").decode() if isinstance(value, str) and not value.isascii() else value


Encodable = Annotated[str, BeforeValidator(_encodable)]
Text = Annotated[Encodable, AfterValidator(public_text)]
Url = Annotated[Encodable, AfterValidator(public_url)]
Metadata = Annotated[dict[Encodable, Encodable], AfterValidator(_public_metadata)]
Count = Annotated[int, Field(ge=0, le=2**64 - 1, json_schema_extra={"format": "uint64"})]
Health = Literal[BackendStatus.HEALTHY, BackendStatus.UNHEALTHY, BackendStatus.UNKNOWN]


# --- the views ---------------------------------------------------------------------------------------------------------


class _View(BaseModel):
    """Immutable and strict about its fields; its errors do not repeat what was refused, which might be a secret."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ModelView(_View):
    """One model as one backend serves it."""

    id: str
    name: Text
    context_length: Count
    supports_vision: bool
    supports_tools: bool
    supports_json_mode: bool
    max_output_tokens: Count | None
    residency: Residency | None
    """Where the backend has it; None if that is not known."""

    @classmethod
    def from_model(cls, model: Model, residency: Residency | None = None) -> Self:
        """The view of a model, and of where a backend has it."""
        facts = {field: getattr(model, field) for field in cls.model_fields if field != "residency"}
        return cls(**facts, residency=residency)


class LoadView(_View):
    """Requests that a server says it has, from all its clients, when it was last checked."""

    running: Count
    waiting: Count

    @classmethod
    def from_load(cls, load: ReportedLoad) -> Self:
        """The view of a reported load."""
        return cls(running=load.running, waiting=load.waiting)


class _LiveView(_View):
    """What both views of a backend have in common. Times are UTC; latencies are milliseconds."""

    id: str
    name: Text
    health: Health
    intent: Intent
    ejected_until: AwareDatetime | None
    """When a backend that is left alone may be picked again, to the second; None if it is not."""
    ejection: EjectionCause | None
    """Why it is left alone."""
    on_trial: bool
    """Whether it gets one request at a time until one has ended well, after an ejection for failures."""
    warmup_s: float
    warming: bool
    """Whether its share of traffic is growing back after it has recovered."""
    models: tuple[ModelView, ...]
    operations: tuple[str, ...]
    features: tuple[Text, ...]
    transports: tuple[str, ...]
    weight: int
    priority: int
    instance_id: Text | None
    discovery_source: DiscoverySource
    pending_requests: Count
    total_requests: Count
    avg_latency_ms: Count
    reported_load: LoadView | None
    """What the server itself says; None if it does not."""
    last_health_check: AwareDatetime | None
    last_error: Text | None


class BackendView(_LiveView):
    """One backend, under the names that the registry itself uses."""

    url: Url
    backend_type: BackendType
    status: BackendStatus
    metadata: Metadata
    max_pending: Count | None
    latency_samples: Count
    credentials_present: bool
    """Whether every environment variable that the backend needs is set; True if it needs none."""

    @classmethod
    def from_backend(cls, backend: Backend, *, clock: Clock = time) -> Self:
        """The view of a backend as it is now.

        Args:
            backend: a live backend, whether or not it is in a registry.
            clock: the clock of its registry, if that is not the default one; `ejected_until` is reckoned by it.
        """
        return cls._of(backend.record, backend, clock)

    @classmethod
    def _of(cls, record: BackendRecord, backend: Backend | None, clock: Clock) -> Self:
        tally = backend.tally if backend is not None else Tally()
        secrets = _own_secrets(record.url)
        return cls(
            **_facts(record, backend, tally, clock, secrets),
            url=record.url,
            backend_type=record.backend_type,
            status=record.status,
            metadata={key: _without(secrets, value) for key, value in record.metadata.items()},
            max_pending=record.max_pending,
            latency_samples=tally.latency_samples,
            credentials_present=record.missing_env is None,
        )


class BackendInfo(_LiveView):
    """One backend, as the node API lists it: may it be used, and if not, why."""

    kind: BackendType
    base_url: Url
    status: Literal["available", "unavailable"]
    status_reason: Text
    """Why it is unavailable, or a remark on one that is available; empty if there is nothing to say."""
    credentials: dict[str, bool]
    """Names of the environment variables that the backend needs, and whether each was set when it was last looked at."""

    @classmethod
    def from_backend(cls, backend: Backend, *, clock: Clock = time) -> Self:
        """The view of a backend as it is now; arguments as `BackendView.from_backend`."""
        record, code, reason = _standing(backend)
        secrets = _own_secrets(record.url)
        return cls(
            **_facts(record, backend, backend.tally, clock, secrets),
            kind=record.backend_type,
            base_url=record.url,
            status="unavailable" if code else "available",
            status_reason=_without(secrets, reason or code),
            credentials={name: bool(os.environ.get(name)) for name in record.credential_env},
        )


class RegistryView(_View):
    """A registry at one revision; counters are as of now, since they change without a revision."""

    epoch: str
    revision: Count
    backends: tuple[BackendView, ...]
    models: dict[str, tuple[str, ...]]
    """Model id to the ids of the backends that serve it."""

    @classmethod
    def from_registry(cls, registry: Registry) -> Self:
        """The view of a registry. A backend that is removed while this runs is shown with counters at zero.

        Cost: some 40 microseconds per backend.
        """
        snapshot = registry.snapshot()
        backends = tuple(
            BackendView._of(record, registry.get_backend(record.id), registry.clock) for record in snapshot.backends
        )
        return cls(epoch=snapshot.epoch, revision=snapshot.revision, backends=backends, models=dict(snapshot.models))


# --- from live objects -------------------------------------------------------------------------------------------------


def _standing(backend: Backend) -> tuple[BackendRecord, str, str]:
    """Record, reason code and reason that belong together."""
    while True:
        record, code, reason = backend.record, backend.reason_code, backend.status_reason
        if backend.record is record:
            return record, code, reason


def _facts(
    record: BackendRecord, backend: Backend | None, tally: Tally, clock: Clock, secrets: tuple[str, ...]
) -> dict[str, Any]:
    """The arguments of `_LiveView`."""
    load = backend.reported_load if backend is not None else None
    ejected_until = _ejected_until(record, clock)
    return {
        "id": record.id,
        "name": _without(secrets, record.name),
        "health": record.health,
        "intent": record.intent,
        "ejected_until": ejected_until,
        "ejection": record.ejection if ejected_until is not None else None,
        "on_trial": record.on_trial,
        "warmup_s": record.warmup_s,
        "warming": record.warming_since_ns is not None,
        "models": tuple(ModelView.from_model(model, record.residency.get(model.id)) for model in record.models),
        "operations": record.operations,
        "features": tuple(_without(secrets, feature) for feature in record.features),
        "transports": record.transports,
        "weight": record.weight,
        "priority": record.priority,
        "instance_id": _without(secrets, record.instance_id) if record.instance_id is not None else None,
        "discovery_source": record.discovery_source,
        "pending_requests": backend.pending_requests if backend is not None else 0,
        "total_requests": tally.total_requests,
        "avg_latency_ms": (tally.ema_us or 0) // 1000,
        "reported_load": LoadView.from_load(load) if load is not None else None,
        "last_health_check": backend.last_health_check if backend is not None else None,
        "last_error": _without(secrets, record.last_error) if record.last_error is not None else None,
    }


def _ejected_until(record: BackendRecord, clock: Clock) -> datetime | None:
    if record.ejected_until_ns is None:
        return None
    left_ns = record.ejected_until_ns - clock.monotonic_ns()
    # To the second, because two clocks read one after the other would give another microsecond each time.
    return datetime.fromtimestamp(round((clock.time_ns() + left_ns) / 1e9), UTC) if left_ns > 0 else None
