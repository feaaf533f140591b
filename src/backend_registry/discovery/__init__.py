"""Where backends come from, and what operators have set for them.

| name | what |
|---|---|
| `Fleet` | the one writer of which backends there are: follows sources, takes what operators do, keeps it through restarts |
| `Source`, `reconcile`, `Override` | what a source is, and the rules by which several become one fleet |
| `FileSource`, `DnsSource`, `MdnsSource`, `ScanSource` | the configuration file, DNS, the local network, this machine |
| `detect_type` | which software answers at a url |
| `StateFile`, `State` | what outlives the process |
"""

from backend_registry.discovery.detect import detect_type
from backend_registry.discovery.dns import DnsSource
from backend_registry.discovery.errors import (
    DuplicateUrlError,
    MissingExtraError,
    OwnedByFileError,
    OwnedBySourceError,
    StateError,
    StateLockedError,
    StateReadError,
    StateWriteError,
)
from backend_registry.discovery.file import FileSource
from backend_registry.discovery.fleet import Fleet
from backend_registry.discovery.mdns import MdnsSource
from backend_registry.discovery.scan import WELL_KNOWN_PORTS, ScanSource
from backend_registry.discovery.source import API, Claim, Hidden, Override, Reconciled, Source, reconcile
from backend_registry.discovery.state import State, StateFile

__all__ = (
    "API",
    "WELL_KNOWN_PORTS",
    "Claim",
    "DnsSource",
    "DuplicateUrlError",
    "FileSource",
    "Fleet",
    "Hidden",
    "MdnsSource",
    "MissingExtraError",
    "Override",
    "OwnedByFileError",
    "OwnedBySourceError",
    "Reconciled",
    "ScanSource",
    "Source",
    "State",
    "StateError",
    "StateFile",
    "StateLockedError",
    "StateReadError",
    "StateWriteError",
    "detect_type",
    "reconcile",
)
