"""The command line: what is wanted, and a clear word when it cannot be had.

Exit status 0 after SIGTERM or SIGINT, 1 when the port is taken, 2 when what was asked for cannot be done as it stands.
"""

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from backend_registry import RegistryError
from backend_registry.config import BackendConfig, FleetConfig, load_fleet, parse_fleet
from backend_registry.serve.errors import CannotServeError

__all__ = ("main",)

_EXTRA: Final = (
    "aiohttp", "dns", "filelock", "msgspec", "platformdirs", "prometheus_client", "python_multipart", "starlette",
    "uvicorn", "watchfiles",
)  # fmt: skip
_DIGITS_SHOWN: Final = 8
_FREE_TEXT: Final = ("url", "name", "models", "metadata", "features", "instance_id")


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to stop; the exit status."""
    try:
        _run(_arguments(argv))
    except (CannotServeError, RegistryError) as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status if isinstance(error, CannotServeError) else 2
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m backend_registry.serve",
        description="Route OpenAI-compatible requests to your model servers.",
        epilog="Without a file this machine's well-known ports are looked at, and the local network if the extra mdns is "
        "there. Every key of the file can be overridden by a variable BACKEND_REGISTRY__SECTION__KEY.",
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="fleet.toml", help="the configuration")
    parser.add_argument("--demo", action="store_true", help="start three small backends, send them traffic, and route to them")
    parser.add_argument("--host", help="address to listen on; overrides the file")
    parser.add_argument("--port", type=int, help="port to listen on, 0 for any free one; overrides the file")
    parser.add_argument(
        "--role",
        choices=("all", "router", "hub"),
        default="all",
        help="what this process is; there is no hub in this version, so `all` is a router and `hub` is refused",
    )
    parser.add_argument("--state-dir", metavar="DIR", help="where to keep what survives a restart; overrides the file")
    parser.add_argument("--log-format", choices=("console", "json"), help="how log lines are written; overrides the file")
    parser.add_argument("--check", action="store_true", help="say whether all is right, print what it comes to, and end")
    return parser.parse_args(argv)


def _run(arguments: argparse.Namespace) -> None:
    if arguments.role == "hub":
        raise CannotServeError("--role hub: this version has no hub; leave the flag out, or say --role router")
    missing = [name for name in _EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotServeError(f'{", ".join(missing)} not installed; run: python -m pip install "backend-registry[server]"')
    config = _configuration(arguments)
    if arguments.check:
        sys.stdout.write(_effective(config))
        sys.stderr.write(f"{arguments.file or 'without a file'}: ok\n")
        _warn_of_refusal(config)
        return
    from backend_registry.serve.router import run

    run(config, file=arguments.file, demo=arguments.demo)


def _warn_of_refusal(config: FleetConfig) -> None:
    """Say what would keep it from starting here. The configuration is right: a token may be there where it is to run."""
    from backend_registry._web import refusal_to_listen

    refusal = refusal_to_listen(config.server.host, config.auth)
    if refusal is not None:
        sys.stderr.write(f"but with these variables it would not start: {refusal}\n")


def _configuration(arguments: argparse.Namespace) -> FleetConfig:
    """What the file, the environment and the flags come to; later ones win."""
    if arguments.demo and arguments.file is not None:
        raise CannotServeError("--demo brings its own backends: leave out the file, or leave out --demo")
    if arguments.demo and arguments.state_dir is not None:
        raise CannotServeError("--demo keeps nothing: leave out --state-dir, or leave out --demo")
    if arguments.file is None:
        config = parse_fleet("", source="environment", environ=os.environ)
    else:
        config = load_fleet(arguments.file, os.environ)
    given = {name: getattr(arguments, name) for name in ("host", "port", "state_dir", "log_format")}
    overrides = {name: value for name, value in given.items() if value is not None}
    if not 0 <= overrides.get("port", 0) <= 65535:
        raise CannotServeError("--port: must be from 0 to 65535")
    for name in ("host", "state_dir"):
        if not overrides.get(name, "something"):
            raise CannotServeError(f"--{name.replace('_', '-')}: is empty")
    return config.model_copy(update={"server": config.server.model_copy(update=overrides)})


def _effective(config: FleetConfig) -> str:
    """The configuration with all defaults, as JSON without secrets."""
    settings = config.model_dump(mode="json", exclude={"backend"})
    # A digest of a short key can be turned back by trying; its beginning still tells which key it is.
    settings["auth"]["client_keys"] = [f"{digest[:_DIGITS_SHOWN]}..." for digest in config.auth.client_keys]
    return json.dumps({**settings, "backend": list(map(_public, config.backend))}, indent=2) + "\n"


def _public(backend: BackendConfig) -> dict[str, object]:
    """A backend's keys; free text as its view has it, which holds no secret."""
    from backend_registry.views import BackendView

    view = BackendView.from_backend(backend.backend()).model_dump(mode="json", include=set(_FREE_TEXT))
    return {**backend.model_dump(mode="json"), **view}
