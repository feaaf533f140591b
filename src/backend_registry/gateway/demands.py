"""Which backends of a model a request may go to: what it wants against what is known of them.

Many servers say nothing about what their models can do, and then a `Model` says "no" and a context of 4,096 tokens. So what a
request wants is demanded only as far as at least one backend of the model, whatever it is doing now, is known to meet it. Where
none is, the request goes to any of them, and the backend has the last word. What was demanded of the model that was asked for
is demanded of its fallbacks without that leniency: a fallback must not quietly drop an image. Operations are always demanded,
since a backend that says nothing about them offers all.
"""

from typing import Final, NamedTuple

from backend_registry import BackendRecord, Capability, DemandOptions, Registry
from backend_registry.gateway.wanted import Wanted

__all__ = ("NOT_FIRM", "Facts", "FactsOfModels", "Firm")

_NOTHING: Final = Capability(0)


class Firm(NamedTuple):
    """What a request has been found to demand, and every fallback must meet as well."""

    require: Capability = _NOTHING
    context: bool = False


NOT_FIRM: Final = Firm()


class _Profile(NamedTuple):
    """What one or more backends say of the model."""

    capabilities: Capability
    context: int


class Facts:
    """What is known of a model's backends that offer one operation.

    Attributes:
        offered: whether there are any.
        roomy: tokens up to which the context of every one of them is enough.
    """

    __slots__ = ("_operation", "_profiles", "offered", "roomy")

    def __init__(self, profiles: frozenset[_Profile], operation: str | None) -> None:
        self._profiles = profiles
        self._operation = operation
        self.offered: bool = bool(profiles)
        self.roomy: int = min((profile.context for profile in profiles), default=0)

    def demanded(self, wanted: Wanted, firm: Firm) -> tuple[DemandOptions, Firm]:
        """The demands as the registry wants them, and what every fallback has to meet after this.

        Args:
            wanted: by the request.
            firm: what the models before this one have made firm.
        """
        if not wanted.require and not firm.require and wanted.tokens <= self.roomy and self._operation is None:
            return {}, Firm(_NOTHING, context=True)
        settled = self._settled(wanted, firm)
        return self._options(wanted, settled), settled

    def _settled(self, wanted: Wanted, firm: Firm) -> Firm:
        asked = wanted.require | firm.require
        able = max((profile.capabilities & asked for profile in self._profiles), key=int.bit_count, default=_NOTHING)
        require = able | firm.require
        fits = any(self._fits(profile, require, wanted.tokens) for profile in self._profiles)
        return Firm(require, firm.context or fits)

    def _options(self, wanted: Wanted, firm: Firm) -> DemandOptions:
        """Without the demands that all backends meet."""
        options: DemandOptions = {}
        if self._operation is not None:
            options["operation"] = self._operation
        if any(firm.require & ~profile.capabilities for profile in self._profiles):
            options["require"] = firm.require
        if firm.context and wanted.tokens > self.roomy:
            # One of the few lengths that there are rather than the client's: the registry remembers an answer for each.
            fitting = [p.context for p in self._profiles if self._fits(p, firm.require, wanted.tokens)]
            options["min_context"] = min(fitting, default=wanted.tokens)
        return options

    @staticmethod
    def _fits(profile: _Profile, require: Capability, tokens: int) -> bool:
        return profile.context >= tokens and not require & ~profile.capabilities


class FactsOfModels:
    """The facts of every model that has been asked for, until the registry changes. For one event loop."""

    def __init__(self, registry: Registry) -> None:
        self._registry: Final = registry
        self._revision = -1
        self._facts: dict[tuple[str, str], Facts] = {}

    def of(self, model: str, operation: str) -> Facts | None:
        """What is known of the model's backends; None if there are none. Cost: two look-ups, after the first time."""
        revision = self._registry.revision
        if revision != self._revision:
            # Read before the facts are, so that they are never older than it says.
            self._facts.clear()
            self._revision = revision
        facts = self._facts.get((model, operation))
        if facts is None:
            records = [backend.record for backend in self._registry.get_backends_for_model(model)]
            if records:
                facts = self._facts[model, operation] = _gathered(records, model, operation)
        return facts


def _gathered(records: list[BackendRecord], model_id: str, operation: str) -> Facts:
    offering = [record for record in records if not record.operations or operation in record.operations]
    profiles = frozenset(
        _Profile(model.capabilities, model.context_length)
        for record in offering
        for model in record.models
        if model.id == model_id
    )
    return Facts(profiles, operation if len(offering) < len(records) else None)
