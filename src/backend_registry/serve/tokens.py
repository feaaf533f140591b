"""The tokens and secrets that a process takes from its environment, and why it does not start without one of them."""

import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from backend_registry import InvalidValueError
from backend_registry._web import is_loopback, refusal_to_listen
from backend_registry.config import FleetConfig, HubConfig
from backend_registry.hub import DerivedTokens, NodeGate
from backend_registry.serve.errors import CannotServeError

__all__ = ("minted", "node_gate", "refusal_to_start", "report_token", "store_url")

_REMEDY_MINT: Final = (
    "name there a variable that holds a long random secret, the same on every hub; for example: "
    "export NODE_SECRET=$(openssl rand -hex 32) BACKEND_REGISTRY__HUB__NODE_SECRET_ENV=NODE_SECRET"
)


def refusal_to_start(
    config: FleetConfig, *, hub_alone: bool, has_hub: bool, has_node: bool, environ: Mapping[str, str] | None = None
) -> str | None:
    """Why a process with this configuration must not start with these variables; None if it may.

    Args:
        config: what the file, the environment and the flags come to.
        hub_alone: whether it is a hub and nothing else.
        has_hub: whether there is a hub in it.
        has_node: whether there is a router in it.
        environ: the variables; the process's own if None.
    """
    environ = os.environ if environ is None else environ
    refusal = refusal_to_listen(config.server.host, config.auth, environ)
    if refusal is not None:
        return refusal
    try:
        if has_hub:
            node_gate(config, alone=hub_alone, environ=environ)
            store_url(config.hub, environ)
        if has_node:
            report_token(config, environ)
    except (CannotServeError, InvalidValueError) as error:
        return str(error)
    return None


def node_gate(config: FleetConfig, *, alone: bool, environ: Mapping[str, str] | None = None) -> NodeGate:
    """Who may report to this process.

    A router that other machines reach is a hub for itself alone until it is told which tokens nodes have.

    Args:
        config: what the file, the environment and the flags come to.
        alone: whether this is a hub and nothing else, which would be of no use without nodes.
        environ: the variables; the process's own if None.

    Raises:
        InvalidValueError: as `NodeGate.open`.
    """
    settings, loopback = config.hub, is_loopback(config.server.host)
    told = settings.node_secret_env is not None or settings.node_tokens_file is not None
    if not (told or loopback or alone):
        return NodeGate(listed={})
    return NodeGate.open(settings, loopback=loopback, environ=environ)


def report_token(config: FleetConfig, environ: Mapping[str, str] | None = None) -> str:
    """This node's token for its hub; empty if it has none.

    Raises:
        CannotServeError: it is to have one, and it is not there or cannot be sent.
    """
    name = config.report.token_env
    if name is None:
        return ""
    token = (os.environ if environ is None else environ).get(name, "").strip()
    if not token:
        raise CannotServeError(
            f"report.token_env: the variable {name} is not set; put this node's token into it, or leave the key out"
        )
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise CannotServeError(f"report.token_env: the token in {name} cannot be sent in a header; mint one with the hub")
    return token


def store_url(settings: HubConfig, environ: Mapping[str, str] | None = None) -> str:
    """The store as `open_store` takes it, with its password.

    Raises:
        CannotServeError: the password is not there.
    """
    name = settings.store_password_env
    if name is None:
        return settings.store
    password = (os.environ if environ is None else environ).get(name, "").strip()
    if not password:
        raise CannotServeError(
            f"hub.store_password_env: the variable {name} is not set; put the password into it, or leave the key out"
        )
    scheme, _, rest = settings.store.partition("://")
    user, at, place = rest.rpartition("@")
    return f"{scheme}://{user}:{quote(password, safe='')}@{place}" if at else f"{scheme}://:{quote(password, safe='')}@{rest}"


def minted(config: FleetConfig, node_id: str, environ: Mapping[str, str] | None = None) -> str:
    """The token of a node, derived from the secret that the configuration names.

    Raises:
        CannotServeError: it names none.
        InvalidValueError: the secret is not there or too short, or this is not the id of a node.
    """
    environ = os.environ if environ is None else environ
    name = config.hub.node_secret_env
    if name is None:
        raise CannotServeError(f"--mint-node-token: hub.node_secret_env is not set; {_REMEDY_MINT}")
    NodeGate.open(config.hub, loopback=True, environ=environ)
    return DerivedTokens(environ[name]).mint(node_id)
