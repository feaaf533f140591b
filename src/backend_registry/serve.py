"""`python -m backend_registry.serve`: registry, health checks, gateway and node API in one process.

The composition root: the only module that knows all others. Exit status 0 after SIGTERM or SIGINT, 1 when the port is taken,
2 when what was asked for cannot be done as it stands.
"""

import argparse
import asyncio
import contextlib
import importlib.util
import ipaddress
import json
import logging
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NoReturn

import structlog

from backend_registry import Backend, Registry
from backend_registry.config import ConfigError, FleetConfig, ServerConfig, load_fleet

if TYPE_CHECKING:
    import aiohttp
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ("main",)

_EXTRA: Final = ("aiohttp", "msgspec", "starlette", "uvicorn")
_BACKLOG: Final = 2048
_DEMO_MODEL: Final = "llama3:8b"


class CannotServeError(Exception):
    """Why nothing was started, for the person at the terminal."""

    def __init__(self, message: str, exit_status: int = 2) -> None:
        super().__init__(message)
        self.exit_status = exit_status


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to stop; the exit status."""
    try:
        _run(_arguments(argv))
    except (CannotServeError, ConfigError) as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status if isinstance(error, CannotServeError) else 2
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m backend_registry.serve", description="Route OpenAI-compatible requests to your model servers."
    )
    parser.add_argument("file", nargs="?", type=Path, help="the fleet, as TOML")
    parser.add_argument("--demo", action="store_true", help="start three small backends and route to them")
    parser.add_argument("--host", help="address to listen on; overrides the file")
    parser.add_argument("--port", type=int, help="port to listen on, 0 for any free one; overrides the file")
    parser.add_argument("--check", action="store_true", help="say whether the file is right, and what follows from it, and end")
    parser.add_argument("--log-format", choices=("console", "json"), help="how log lines are written; overrides the file")
    return parser.parse_args(argv)


def _run(arguments: argparse.Namespace) -> None:
    missing = [name for name in _EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotServeError(f'{", ".join(missing)} not installed; run: python -m pip install "backend-registry[server]"')
    config = _configuration(arguments)
    if arguments.check:
        sys.stdout.write(_effective(config))
        return
    _refuse_strangers(config.server.host)
    _log_to_stderr(config.server.log_format)
    registry = Registry(health_policy=config.health.policy())
    with contextlib.ExitStack() as running:
        backends = running.enter_context(_demo_backends()) if arguments.demo else config.backends()
        registry.apply(backends)
        listener = running.enter_context(contextlib.closing(_listen(config.server, config.gateway.total_timeout_s)))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _end)
        _announce(listener, registry)
        asyncio.run(_serve(config, registry, listener))


def _end(*_: object) -> NoReturn:
    # The server sends itself the signal once more when it has finished what was running; then it ends here.
    raise SystemExit(0)


# --- what is to be done ------------------------------------------------------------------------------------------------


def _configuration(arguments: argparse.Namespace) -> FleetConfig:
    if arguments.demo and arguments.file is not None:
        raise CannotServeError("--demo brings its own backends: leave out the file, or leave out --demo")
    if not arguments.demo and arguments.file is None:
        raise CannotServeError(
            "no fleet given. Write one, fleet.toml for example:\n\n"
            '    [[backend]]\n    id = "gpu-1"\n    url = "http://127.0.0.1:11434"\n    backend_type = "ollama"\n\n'
            "and run: python -m backend_registry.serve fleet.toml\n"
            "or look around first: python -m backend_registry.serve --demo"
        )
    config = FleetConfig() if arguments.file is None else load_fleet(arguments.file)
    given = {name: getattr(arguments, name) for name in ("host", "port", "log_format")}
    overrides = {name: value for name, value in given.items() if value is not None}
    if not 0 <= overrides.get("port", 0) <= 65535:
        raise CannotServeError("--port: must be from 0 to 65535")
    return config.model_copy(update={"server": config.server.model_copy(update=overrides)})


def _refuse_strangers(host: str) -> None:
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise CannotServeError(
            f"host {host!r} can be reached from other machines, and clients need no key yet, so anybody there could use your "
            "backends and their credentials; use 127.0.0.1, and a reverse proxy that checks clients"
        )


def _effective(config: FleetConfig) -> str:
    """The configuration with all defaults, as JSON; of a backend only what the node API would show."""
    from backend_registry.node import encode_backends

    settings = config.model_dump(mode="json", exclude={"backend"})
    return json.dumps({**settings, "backend": json.loads(encode_backends(config.backends()))}, indent=2) + "\n"


@contextlib.contextmanager
def _demo_backends() -> "Iterator[list[Backend]]":
    """Three real servers on loopback: a quick one, a slow one, and one that speaks Ollama."""
    from backend_registry.testing import FakeBackend

    with (
        FakeBackend("demo-quick", models=[_DEMO_MODEL, "qwen3:14b"], chunks=8, chunk_delay_s=0.02) as quick,
        FakeBackend("demo-slow", kind="vllm", models=[_DEMO_MODEL], chunks=8, chunk_delay_s=0.1) as slow,
        FakeBackend("demo-ollama", kind="ollama", models=[_DEMO_MODEL, "mistral:7b"], chunks=8, chunk_delay_s=0.04) as ollama,
    ):
        yield [quick.backend(), slow.backend(), ollama.backend()]


# --- doing it ----------------------------------------------------------------------------------------------------------


def _listen(server: ServerConfig, patience_s: float) -> socket.socket:
    """The socket to serve on. A client that takes in nothing for `patience_s` is cut off, where the system can do that."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is stated; with it on, every small answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "linux":
            # Closing a connection waits until the client has taken in what was written; without this, for ever. Connections
            # inherit it.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, min(round(patience_s * 1000), 2**31 - 1))
        listener.bind((server.host, server.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = error.strerror or type(error).__name__
        raise CannotServeError(
            f"cannot listen on {server.host} port {server.port}: {reason}; choose another with --port, 0 takes a free one", 1
        ) from None
    return listener


def _announce(listener: socket.socket, registry: Registry) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    model = next((model.id for backend in registry for model in backend.models), "MODEL")
    question = {"model": model, "stream": True, "messages": [{"role": "user", "content": "Why is the sky blue?"}]}
    body = json.dumps(question).replace("'", "'\\''")
    sys.stdout.write(
        f"gateway   {url}/v1\nmodels    {url}/v1/models\nbackends  {url}/backends\n\n"
        f"curl -N {url}/v1/chat/completions -H 'content-type: application/json' -d '{body}'\n\n"
    )
    sys.stdout.flush()


async def _serve(config: FleetConfig, registry: Registry, listener: socket.socket) -> None:
    """Serve and check backends until a signal arrives."""
    import uvicorn

    from backend_registry.health import HealthChecker, open_session

    async with open_session(connect_timeout_s=config.gateway.connect_timeout_s) as session, asyncio.TaskGroup() as tasks:
        server = uvicorn.Server(
            uvicorn.Config(
                _application(config, registry, session),
                lifespan="off",
                log_config=None,
                access_log=False,
                ws="none",
                server_header=False,
                timeout_graceful_shutdown=round(config.server.shutdown_s),
            )
        )
        checks = None
        if config.health.enabled:
            checks = tasks.create_task(HealthChecker(registry, session, config.health).run())
        try:
            await server.serve([listener])
        finally:
            if checks is not None:
                checks.cancel()


def _application(config: FleetConfig, registry: Registry, session: "aiohttp.ClientSession") -> "Starlette":
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException

    from backend_registry.gateway import gateway_routes
    from backend_registry.node import node_routes

    gateway = gateway_routes(registry, session, config.gateway, body_limit=config.server.body_limit)
    return Starlette(
        routes=[*gateway, *node_routes(registry)],
        exception_handlers={HTTPException: _error_answer, Exception: _error_answer},
    )


def _error_answer(request: "Request", error: Exception) -> "Response":
    """What answers a path or method that does not exist, or an error that nobody expected, in the form its client expects."""
    from starlette.exceptions import HTTPException

    from backend_registry._web import problem
    from backend_registry.gateway import RefusedError, openai_error

    if isinstance(error, HTTPException):
        status, code, detail = error.status_code, "unknown_url", f"{request.method} {request.url.path}: {error.detail}"
    else:
        status, code, detail = 500, "internal_error", "internal error, see the server's log"
    if request.url.path.startswith("/v1/"):
        kind = "invalid_request_error" if status < 500 else "server_error"
        return RefusedError(status, openai_error(detail, kind=kind, code=code)).answer()
    return problem(status, detail)


def _log_to_stderr(form: Literal["console", "json"]) -> None:
    """Render the standard library's records by structlog; the package itself only speaks through `logging`."""
    colours = sys.stderr.isatty()
    renderer = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=colours)
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "json":
        last.append(structlog.processors.format_exc_info)
    handler = logging.StreamHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*last, renderer]))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
