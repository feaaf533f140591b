"""`Source`: somebody who knows of backends; `reconcile`: what all of them together mean. Pure, and the place of the rules.

- **One url, two sources**: the first in the order of precedence has it. What a file says about a server stands, whoever else
  finds the same server. `localhost`, `127.0.0.1` and `::1` are one host here. One source may list a url twice, on purpose.
- **One id, two servers**: the first has it and the other is left out, which is logged. It gets no made-up id: one that comes
  and goes with the clash would move an operator's drain, the metrics and the leases from one server to another.
- **What an operator has set** (weight, priority, intent) lies over what the source says, by id, as long as it is not cleared.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from backend_registry import Backend, Intent

__all__ = ("API", "Claim", "Hidden", "Override", "Reconciled", "Source", "address", "precedence", "reconcile")

API: Final = "api"
"""The name under which backends are kept that were added through the API."""

_ORDER: Final = ("file", API, "", "dns", "mdns", "scan")
_PORTS: Final = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Source(Protocol):
    """Somebody who knows of backends. Write your own: see the guide."""

    @property
    def name(self) -> str:
        """Unique in a fleet, such as `file:fleet.toml`; what comes before the colon decides about its precedence."""
        ...

    @property
    def grace_s(self) -> float:
        """Seconds that a backend stays, with health unknown, after this source has stopped to tell about it."""
        ...

    def desired(self) -> AsyncIterator[tuple[Backend, ...]]:
        """Each item is the full set that this source wants from now on, as `Backend` objects that are in no registry.

        It should log its own failures and not raise; an error ends this iterator, is logged, and another is begun later. The
        last set stays in force meanwhile, and also when the iterator ends.
        """
        ...


@dataclass(frozen=True, slots=True)
class Override:
    """What an operator has set for one backend, over what its source says; None leaves that as it is.

    Args:
        weight: share of traffic, 1 to 1,000,000.
        priority: lower is preferred.
        intent: enabled, draining or disabled.

    Raises:
        InvalidValueError: a value is out of its range.
    """

    weight: int | None = None
    priority: int | None = None
    intent: Intent | None = None

    def __post_init__(self) -> None:
        # A backend's own checks, so that what is allowed is said in one place.
        checked = self.over(Backend("override", "http://localhost"))
        if self.intent is not None:
            object.__setattr__(self, "intent", checked.intent)

    def over(self, declared: Backend) -> Backend:
        """A backend as declared, with this over it; fresh and in no registry."""
        return declared.replace(
            weight=declared.weight if self.weight is None else self.weight,
            priority=declared.priority if self.priority is None else self.priority,
            intent=declared.intent if self.intent is None else self.intent,
        )


class Claim(NamedTuple):
    """Whose a backend is: the name of its source, and the backend as that source declares it."""

    source: str
    declared: Backend


class Hidden(NamedTuple):
    """A backend that was left out: its source, its id, the id of the one that stands in its place, and whether ids clash."""

    source: str
    backend_id: str
    by: str
    same_id: bool


class Reconciled(NamedTuple):
    """What the registry should hold: backends with overrides, whose each is, and what was left out."""

    backends: tuple[Backend, ...]
    claims: Mapping[str, Claim]
    hidden: tuple[Hidden, ...]


def reconcile(sets: Mapping[str, Sequence[Backend]], overrides: Mapping[str, Override]) -> Reconciled:
    """What the sets of all sources mean together. Pure; cost: a few microseconds for each backend.

    Args:
        sets: source to its full set; the first source has precedence.
        overrides: backend id to what an operator has set; those of other ids mean nothing.

    >>> file = [Backend("gpu-1", "http://10.0.0.1:8000")]
    >>> found = [Backend("dns-10.0.0.1-8000", "http://10.0.0.1:8000"), Backend("dns-10.0.0.2-8000", "http://10.0.0.2:8000")]
    >>> both = reconcile({"file": file, "dns": found}, {"gpu-1": Override(weight=5)})
    >>> [(backend.id, backend.weight, both.claims[backend.id].source) for backend in both.backends]
    [('gpu-1', 5, 'file'), ('dns-10.0.0.2-8000', 100, 'dns')]
    """
    claims: dict[str, Claim] = {}
    hidden: list[Hidden] = []
    taken: dict[tuple[str, int, str], str] = {}
    for source, backends in sets.items():
        kept: list[Backend] = []
        for backend in backends:
            if backend.id in claims:
                hidden.append(Hidden(source, backend.id, backend.id, same_id=True))
            elif (by := taken.get(address(backend.url))) is not None:
                hidden.append(Hidden(source, backend.id, by, same_id=False))
            else:
                claims[backend.id] = Claim(source, backend)
                kept.append(backend)
        for backend in kept:
            taken.setdefault(address(backend.url), backend.id)
    wanted = (
        overrides[claim.declared.id].over(claim.declared) if claim.declared.id in overrides else claim.declared
        for claim in claims.values()
    )
    return Reconciled(tuple(wanted), claims, tuple(hidden))


def address(url: str) -> tuple[str, int, str]:
    """What makes two urls the same server: host, port and path; `url` as a `Backend` keeps it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return "localhost" if host in _LOOPBACK else host, parts.port or _PORTS[parts.scheme], parts.path


def precedence(source: str) -> int:
    """Sort key of sources by name: the file, the API, sources of your own, dns, mdns, scan."""
    kind = source.partition(":")[0]
    return _ORDER.index(kind) if kind in _ORDER else _ORDER.index("")
