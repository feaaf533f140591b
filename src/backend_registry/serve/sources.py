"""Where backends come from beside the file, by what the configuration says."""

import importlib.util
from collections.abc import Iterator

import aiohttp

from backend_registry.config import DiscoveryConfig, FleetConfig
from backend_registry.discovery import DnsSource, MdnsSource, MissingExtraError, ScanSource, Source
from backend_registry.serve.errors import CannotServeError

__all__ = ("other_sources", "with_discovery")


def with_discovery(config: FleetConfig) -> FleetConfig:
    """The configuration of a start without a file: it looks around, as far as nobody has said otherwise."""
    told = config.discovery.model_fields_set
    defaults = {"localhost": True, "mdns": importlib.util.find_spec("zeroconf") is not None}
    update = {name: value for name, value in defaults.items() if name not in told}
    return config.model_copy(update={"discovery": config.discovery.model_copy(update=update)})


def other_sources(discovery: DiscoveryConfig, session: aiohttp.ClientSession, own_port: int) -> Iterator[Source]:
    """The sources beside the file.

    Raises:
        CannotServeError: one of them needs what is not installed.
        InvalidValueError: a name in `dns` is none.
    """
    for spec in discovery.dns:
        yield DnsSource(spec, session=session)
    if discovery.mdns:
        try:
            yield MdnsSource(session)
        except MissingExtraError as error:
            raise CannotServeError(f"discovery.mdns: zeroconf {error}") from None
    if discovery.localhost:
        yield ScanSource(session, exclude_ports=(own_port,))
