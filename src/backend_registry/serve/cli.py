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

from pydantic import ValidationError

from backend_registry import RegistryError
from backend_registry.config import BackendConfig, FleetConfig, HubConfig, load_fleet, parse_fleet
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
    parser.add_argument("--demo", action="store_true", help="be a small cluster that has servers and traffic of its own")
    parser.add_argument("--host", help="address to listen on; overrides the file")
    parser.add_argument("--port", type=int, help="port to listen on, 0 for any free one; overrides the file")
    parser.add_argument(
        "--role",
        choices=("all", "router", "hub"),
        default="all",
        help="what this process is: a router, a hub that shows all nodes, or both (the default)",
    )
    parser.add_argument(
        "--hub-store",
        metavar="STORE",
        help="where the hub keeps what it knows: memory, sqlite or redis://...; overrides the file",
    )
    parser.add_argument(
        "--mint-node-token", metavar="NODE", help="print the token with which this node may report to the hub, and end"
    )
    parser.add_argument("--state-dir", metavar="DIR", help="where to keep what survives a restart; overrides the file")
    parser.add_argument("--log-format", choices=("console", "json"), help="how log lines are written; overrides the file")
    parser.add_argument("--check", action="store_true", help="say whether all is right, print what it comes to, and end")
    return parser.parse_args(argv)


def _run(arguments: argparse.Namespace) -> None:
    missing = [name for name in _EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotServeError(f'{", ".join(missing)} not installed; run: python -m pip install "backend-registry[server]"')
    config = _configuration(arguments)
    if arguments.check:
        sys.stdout.write(_effective(config))
        sys.stderr.write(f"{arguments.file or 'without a file'}: ok\n")
        _warn_of_refusal(config, _role(arguments, config))
    elif arguments.mint_node_token is not None:
        from backend_registry.serve.tokens import minted

        sys.stdout.write(f"{minted(config, arguments.mint_node_token)}\n")
    elif _role(arguments, config) == "hub":
        from backend_registry.serve.hub_process import run_hub

        run_hub(config, file=arguments.file)
    else:
        from backend_registry.serve.router import run

        run(config, file=arguments.file, demo=arguments.demo, has_hub=_role(arguments, config) == "all")


def _role(arguments: argparse.Namespace, config: FleetConfig) -> str:
    """What this process is to be. One that reports to another hub is none itself, unless it is to be nothing else."""
    return "router" if arguments.role == "all" and config.report.url is not None else str(arguments.role)


def _warn_of_refusal(config: FleetConfig, role: str) -> None:
    """Say what would keep it from starting here. The configuration is right: a token may be there where it is to run."""
    from backend_registry.serve.tokens import refusal_to_start

    refusal = refusal_to_start(config, hub_alone=role == "hub", has_hub=role != "router", has_node=role != "hub")
    if refusal is not None:
        sys.stderr.write(f"but with these variables it would not start: {refusal}\n")


def _configuration(arguments: argparse.Namespace) -> FleetConfig:
    """What the file, the environment and the flags come to; later ones win."""
    _check_demo(arguments)
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
    tables = {"server": config.server.model_copy(update=overrides)}
    return config.model_copy(update={**tables, "hub": _with_store(config.hub, arguments.hub_store)})


def _check_demo(arguments: argparse.Namespace) -> None:
    if not arguments.demo:
        return
    if arguments.file is not None:
        raise CannotServeError("--demo brings its own backends: leave out the file, or leave out --demo")
    if arguments.state_dir is not None:
        raise CannotServeError("--demo keeps nothing: leave out --state-dir, or leave out --demo")
    if arguments.role == "hub":
        raise CannotServeError("--demo routes to servers of its own, and a hub routes nothing: leave out --role hub, or --demo")


def _with_store(hub: HubConfig, store: str | None) -> HubConfig:
    """The table with another store."""
    if store is None:
        return hub
    try:
        return HubConfig.model_validate({**hub.model_dump(), "store": store})
    except ValidationError as error:
        raise CannotServeError(f"--hub-store: {error.errors(include_input=False, include_url=False)[0]['msg']}") from None


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
