"""What every process that serves needs before its event loop runs: a log, a state directory of its own, and a socket."""

import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

import platformdirs

from backend_registry.config import FleetConfig
from backend_registry.discovery import StateFile
from backend_registry.serve.errors import CannotServeError
from backend_registry.serve.listen import listening
from backend_registry.serve.place import Place
from backend_registry.serve.tokens import refusal_to_start
from backend_registry.telemetry import log_to

__all__ = ("Prepared", "Role", "prepared")

Role = Literal["all", "router", "hub"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is there before the event loop.

    Attributes:
        directory: what survives a restart; no other process uses it.
        kept: whether it does survive.
        state: the file of what operators have done.
        place: where to serve.
    """

    directory: Path
    kept: bool
    state: StateFile
    place: Place

    @property
    def shown_directory(self) -> str | None:
        """The directory for people; None if it does not outlive the process."""
        return str(self.directory) if self.kept else None


@contextlib.contextmanager
def prepared(config: FleetConfig, *, role: Role, temporary: bool = False) -> Iterator[Prepared]:
    """Prepare for serving while the block runs.

    Args:
        config: what the file, the environment and the flags come to.
        role: what this process is to be.
        temporary: whether nothing is to be kept.

    Raises:
        CannotServeError: something is not as it has to be.
        RegistryError: so does this.
    """
    refusal = refusal_to_start(config, hub_alone=role == "hub", has_hub=role != "router", has_node=role != "hub")
    if refusal is not None:
        raise CannotServeError(refusal)
    log_to(sys.stderr, config.server.log_format)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    with contextlib.ExitStack() as held:
        directory = held.enter_context(_state_directory(config, role, temporary=temporary))
        state = StateFile(directory)
        held.enter_context(state.lock())
        listener = held.enter_context(listening(config.server, config.gateway.total_timeout_s))
        yield Prepared(directory, not temporary, state, Place(config.server, listener))


def _end(*_: object) -> NoReturn:
    """Told to stop before there was anything to finish."""
    raise SystemExit(0)


@contextlib.contextmanager
def _state_directory(config: FleetConfig, role: Role, *, temporary: bool) -> Iterator[Path]:
    if temporary:
        with tempfile.TemporaryDirectory(prefix="backend-registry-demo-") as directory:
            yield Path(directory)
        return
    given = config.server.state_dir
    if given is not None:
        yield Path(given)
        return
    usual = platformdirs.user_state_path("backend-registry", appauthor=False)
    # A hub beside a router on one machine: two processes, which do not share a directory.
    yield usual / "hub" if role == "hub" else usual
