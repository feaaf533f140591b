"""What there is in the demonstration: its nodes, its backends, and the servers that play them."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from backend_registry import Backend, Model
from backend_registry.testing import FakeBackend
from backend_registry.testing.api import Kind

__all__ = ("NODES", "OFFERS", "OWN_NODE", "Offer", "Seat", "backend_of", "seats", "server_of")

NODES: Final[Mapping[str, str]] = {
    "fra-1": "eu-central",
    "fra-2": "eu-central",
    "iad-1": "us-east",
    "iad-2": "us-east",
    "sin-1": "ap-southeast",
}
"""Node id to the zone that the node is in."""
OWN_NODE: Final = "fra-1"
"""The node whose gateway is the one of this process."""


class Offer(NamedTuple):
    """A backend as the cluster knows it: one kind and name, on some of the nodes.

    Attributes:
        name: its name, and its id on each node.
        kind: what kind of server it is.
        models: what it serves.
        nodes: where it is.
        tags: its metadata; the zone of the node comes on top.
        operation: what it is asked for.
        features: what it says of itself.
        weight: its share of traffic.
        priority: lower is preferred.
        shared: whether all its nodes use one server; else each has its own.
        piece_s: seconds between two pieces of an answer, on an ordinary day.
        asked: how often it is asked for, relative to others.
        credential_env: the variable that must hold its key; None if it needs none.
    """

    name: str
    kind: Kind
    models: tuple[Model, ...]
    nodes: tuple[str, ...]
    tags: Mapping[str, str]
    operation: str = "chat_completions"
    features: tuple[str, ...] = ("streaming",)
    weight: int = 100
    priority: int = 0
    shared: bool = False
    piece_s: float = 0.3
    asked: int = 1
    credential_env: str | None = None


class Seat(NamedTuple):
    """A server of the demonstration: of one node, or of the first of those that share it."""

    name: str
    node_id: str


_LLAMA3_8B: Final = Model("llama3:8b", context_length=8192, supports_json_mode=True)
_TOOLS: Final = ("streaming", "tools")

OFFERS: Final[Sequence[Offer]] = (
    Offer(
        "chat-small",
        "ollama",
        (_LLAMA3_8B, Model("mistral:7b", context_length=32_768, supports_tools=True)),
        ("fra-1", "fra-2"),
        {"gpu": "rtx-4090", "team": "assist"},
        piece_s=0.1,
        asked=2,
    ),
    Offer(
        "chat-spare",
        "ollama",
        (_LLAMA3_8B,),
        ("fra-1",),
        {"gpu": "rtx-3090", "team": "assist"},
        weight=50,
        piece_s=0.15,
        asked=4,
    ),
    Offer("chat-east", "ollama", (_LLAMA3_8B,), ("iad-1", "iad-2"), {"gpu": "l40s", "team": "assist"}, piece_s=0.12, asked=3),
    Offer(
        "qwen3-32b",
        "vllm",
        (Model("qwen3:32b", context_length=131_072, supports_tools=True, supports_json_mode=True),),
        ("fra-1", "fra-2", "iad-1", "iad-2"),
        {"gpu": "h100", "team": "platform"},
        features=_TOOLS,
        weight=200,
        piece_s=0.3,
    ),
    Offer(
        "llama-70b",
        "vllm",
        (Model("llama3.3:70b", context_length=131_072, supports_tools=True, supports_json_mode=True),),
        ("fra-1", "iad-1", "sin-1"),
        {"gpu": "h200", "team": "platform"},
        features=_TOOLS,
        weight=300,
        piece_s=0.5,
    ),
    Offer(
        "gpt-oss-120b",
        "vllm",
        (Model("gpt-oss:120b", context_length=131_072, supports_tools=True),),
        ("iad-1", "iad-2"),
        {"gpu": "b200", "team": "research"},
        features=_TOOLS,
        weight=400,
        piece_s=0.4,
    ),
    Offer(
        "mixtral-8x22b",
        "vllm",
        (Model("mixtral:8x22b", context_length=65_536),),
        ("sin-1",),
        {"gpu": "a100", "team": "research"},
        weight=50,
        piece_s=0.6,
        asked=2,
    ),
    Offer(
        "edge-llama",
        "llamacpp",
        (Model("llama3.2:3b", context_length=8192),),
        ("iad-2", "sin-1"),
        {"gpu": "none", "team": "edge"},
        weight=20,
        piece_s=0.2,
    ),
    Offer(
        "codestral",
        "llamacpp",
        (Model("codestral:22b", context_length=32_768),),
        ("fra-2", "sin-1"),
        {"gpu": "rtx-6000", "team": "devtools"},
        features=("streaming", "fill_in_the_middle"),
        piece_s=0.25,
    ),
    Offer("phi-mini", "llamacpp", (Model("phi4-mini:3.8b"),), ("iad-2",), {"gpu": "none", "team": "edge"}, weight=10),
    Offer(
        "lab-vision",
        "lmstudio",
        (
            Model("gemma3:27b", context_length=131_072, supports_vision=True),
            Model("qwen2.5-vl:7b", context_length=32_768, supports_vision=True),
        ),
        ("fra-2",),
        {"gpu": "m3-ultra", "team": "research"},
        features=("streaming", "vision"),
        piece_s=0.35,
    ),
    Offer("desk-gemma", "lmstudio", (Model("gemma3:12b"),), ("sin-1",), {"gpu": "m4-max", "team": "edge"}),
    Offer(
        "embed-eu",
        "openai",
        (Model("bge-m3", context_length=8192), Model("nomic-embed-text", context_length=2048)),
        ("fra-1", "fra-2"),
        {"gpu": "l4", "team": "search"},
        operation="embeddings",
        features=(),
        shared=True,
        piece_s=0.05,
    ),
    Offer(
        "rerank",
        "openai",
        (Model("bge-reranker-v2-m3", context_length=8192),),
        ("iad-1", "sin-1"),
        {"gpu": "l4", "team": "search"},
        operation="rerank",
        features=(),
        piece_s=0.05,
    ),
    Offer(
        "voice",
        "generic",
        (Model("kokoro-82m"),),
        ("fra-2", "iad-1"),
        {"gpu": "t4", "team": "assist"},
        operation="audio_speech",
        shared=True,
        piece_s=0.2,
    ),
    Offer(
        "hosted-gpt",
        "openai",
        (
            Model("gpt-4o", context_length=128_000, supports_vision=True, supports_tools=True, supports_json_mode=True),
            Model("gpt-4o-mini", context_length=128_000, supports_vision=True, supports_tools=True, supports_json_mode=True),
        ),
        tuple(NODES),
        {"billing": "metered", "team": "platform"},
        features=("streaming", "tools", "vision"),
        priority=10,
        shared=True,
        piece_s=0.25,
    ),
    Offer(
        "hosted-reserve",
        "openai",
        (Model("gpt-4o-mini", context_length=128_000, supports_tools=True),),
        ("fra-2",),
        {"billing": "metered", "team": "platform"},
        priority=20,
        credential_env="DEMO_RESERVE_API_KEY",
    ),
)
"""All backends of the cluster."""

_PIECES: Final = 4
"""Few and slow ones cost less than many, and a request is in flight as long."""
_REQUESTS_KEPT: Final = 100


def seats(offer: Offer) -> tuple[Seat, ...]:
    """The servers that play an offer."""
    return tuple(Seat(offer.name, node_id) for node_id in (offer.nodes[:1] if offer.shared else offer.nodes))


def server_of(offer: Offer, seat: Seat) -> FakeBackend:
    """The server for a seat, not started yet. It answers as that kind of server does."""
    return FakeBackend(
        f"{seat.name}@{seat.node_id}",
        kind=offer.kind,
        models=offer.models,
        chunks=_PIECES,
        chunk_delay_s=offer.piece_s,
        requests_kept=_REQUESTS_KEPT,
    )


def backend_of(offer: Offer, node_id: str, url: str) -> Backend:
    """The backend that a node has of an offer, fresh.

    Args:
        offer: what it is.
        node_id: which node.
        url: where its server is.
    """
    return Backend(
        offer.name,
        url,
        backend_type=offer.kind,
        models=offer.models,
        metadata={**offer.tags, "zone": NODES[node_id]},
        operations=(offer.operation,),
        features=offer.features,
        weight=offer.weight,
        priority=offer.priority,
        credential_env=offer.credential_env,
    )
