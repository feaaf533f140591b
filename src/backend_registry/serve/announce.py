"""What is said on the terminal when the process starts: where it is, what it has found, and what to do next."""

import json
import shlex
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from backend_registry import Backend
from backend_registry.config import DiscoveryConfig
from backend_registry.discovery import WELL_KNOWN_PORTS
from backend_registry.views import BackendInfo, public_url

__all__ = (
    "addresses",
    "demo_to_watch",
    "demonstration",
    "how_nodes_report",
    "listed",
    "next_steps",
    "request_to_try",
    "where_it_looks",
)

_COMMAND: Final = "python -m backend_registry.serve"
_RUN: Final = f"and run: {_COMMAND} fleet.toml\n"
_EXAMPLE: Final = Backend("gpu-1", "http://10.0.0.11:8000", backend_type="vllm")
_BACKENDS_SHOWN: Final = 10
_MODELS_SHOWN: Final = 4
_CHAT: Final = "chat_completions"


def addresses(
    url: str, sections: Collection[str], *, state_dir: str | None, file: str | None, port_for_others: int | None
) -> str:
    """Where everything is.

    Args:
        url: where this machine reaches it.
        sections: what the process offers: some of `gateway`, `node`, `hub` and `page`.
        state_dir: what survives a restart; None if nothing does.
        file: the configuration, if there is one.
        port_for_others: where other machines reach it; None if they do not.
    """
    lines = {
        "admin": "page" in sections and f"{url}/admin/",
        "gateway": "gateway" in sections and f"{url}/v1",
        "models": "gateway" in sections and f"{url}/v1/models",
        "node API": "node" in sections and f"{url}/backends",
        "hub": "hub" in sections and f"{url}/admin/api/backends",
        "metrics": f"{url}/metrics",
        "state": state_dir,
        "file": file,
        "others": port_for_others and f"reach it under the name or address of this machine, port {port_for_others}",
    }
    return "".join(f"{name:9} {place}\n" for name, place in lines.items() if place)


def how_nodes_report(url: str, *, port_for_others: int | None, tokens: bool) -> str:
    """What to write into the file of a router, so that it reports to this hub.

    Args:
        url: where this machine reaches the hub.
        port_for_others: where other machines reach it; None if they do not.
        tokens: whether nodes have to show one.
    """
    where = url if port_for_others is None else f"http://NAME-OF-THIS-MACHINE:{port_for_others}"
    lines = ["[report]", f'url = "{where}"', *(['token_env = "NODE_TOKEN"'] if tokens else [])]
    mint = f"where NODE_TOKEN holds what this prints here: {_COMMAND} --mint-node-token NODE-ID\n" if tokens else ""
    return "A router reports to this hub when its fleet.toml says:\n\n" + "".join(f"  {line}\n" for line in lines) + f"\n{mint}"


def where_it_looks(discovery: DiscoveryConfig) -> str:
    """Where a start without a file looks for servers."""
    places = {
        f"on this machine (ports {', '.join(map(str, WELL_KNOWN_PORTS))})": discovery.localhost,
        "in the local network (mDNS)": discovery.mdns,
        f"under {', '.join(discovery.dns)}": bool(discovery.dns),
    }
    looked_at = [place for place, wanted in places.items() if wanted]
    if not looked_at:
        return "No file was given, and nothing is looked for.\n"
    return f"No file was given, so servers are looked for {' and '.join(looked_at)}.\n"


def listed(backends: Sequence[Backend], url: str) -> str:
    """The backends, one a line, with their models or why they cannot be used."""
    if not backends:
        return "No backends yet.\n"
    shown = backends[:_BACKENDS_SHOWN]
    widths = [max(len(text) for text in column) for column in zip(*((b.id, public_url(b.url)) for b in shown), strict=True)]
    lines = [f"  {b.id:{widths[0]}}  {public_url(b.url):{widths[1]}}  {_standing(b)}\n" for b in shown]
    more = len(backends) - len(shown)
    useless = "" if any(b.available for b in backends) else "\nNone of them can be used now; requests are answered with 503.\n"
    return "Backends:\n\n" + "".join(lines) + (f"  and {more} more, see {url}/backends\n" if more else "") + useless


def _standing(backend: Backend) -> str:
    if not backend.available:
        return f"cannot be used: {BackendInfo.from_backend(backend).status_reason}"
    names = [model.id for model in backend.models]
    more = f" and {len(names) - _MODELS_SHOWN} more" if len(names) > _MODELS_SHOWN else ""
    return ", ".join(names[:_MODELS_SHOWN]) + more or "no models"


def request_to_try(url: str, backends: Iterable[Backend], *, keys: bool) -> str:
    """A request that would be answered; empty if none would."""
    answering = (backend for backend in backends if backend.available and _CHAT in (backend.record.operations or (_CHAT,)))
    model = next((model.id for backend in answering for model in backend.models), None)
    if model is None:
        return ""
    question = {"model": model, "stream": True, "messages": [{"role": "user", "content": "Why is the sky blue?"}]}
    header = " -H 'authorization: Bearer YOUR-KEY'" if keys else ""
    return (
        f"Try it:\n\n  curl -N {url}/v1/chat/completions -H 'content-type: application/json'{header} \\\n"
        f"    -d {shlex.quote(json.dumps(question))}\n"
    )


def demonstration(url: str, sections: Collection[str]) -> str:
    """What the demonstration is, and where to see it.

    Args:
        url: where this machine reaches it.
        sections: what the process offers, as `addresses` has it.
    """
    if "hub" not in sections:
        return (
            "A demonstration: a few small servers on this machine that repeat what they are asked, one of them failing now\n"
            "and then, and a little traffic. Nothing is kept.\n"
        )
    page = f"Open {url}/admin/\n\n" if "page" in sections else ""
    return (
        f"{page}A demonstration: a cluster of five nodes on this machine. Its servers repeat what they are asked; one is down\n"
        "now and then, one slow, one draining, and a node falls silent. Clients come in waves. Nothing is kept.\n"
    )


def demo_to_watch(url: str) -> str:
    """What else to look at while the demonstration runs."""
    return f"Watch the backends of this node, as their load goes up and down:\n\n  curl -N {url}/backends/stream\n"


def next_steps(backends: Sequence[Backend], file: str | None) -> str:
    """How to go on where servers have been found without a file, or where there are none.

    Args:
        backends: that there are.
        file: the configuration, if there is one; it is followed while the process runs.
    """
    if file is not None:
        return "" if backends else f"Write one into {file}, and it is taken over at once:\n\n{_file((_EXAMPLE,))}"
    if backends:
        return f"To say yourself which servers are used, write them into fleet.toml:\n\n{_file(backends)}\n{_RUN}"
    return (
        "Start a model server, `ollama serve` for example: it will be taken in within half a minute.\n"
        f"Or look around first, with a small cluster of its own: {_COMMAND} --demo\n"
        f"Or say where your servers are, in fleet.toml:\n\n{_file((_EXAMPLE,))}\n{_RUN}"
    )


def _file(backends: Sequence[Backend]) -> str:
    """A file with these backends."""
    return "\n".join(
        "".join(
            f"  {line}\n"
            for line in (
                "[[backend]]",
                f"id = {json.dumps(b.id)}",
                f"url = {json.dumps(public_url(b.url))}",
                f"backend_type = {json.dumps(b.backend_type.value)}",
            )
        )
        for b in backends[:_BACKENDS_SHOWN]
    )
