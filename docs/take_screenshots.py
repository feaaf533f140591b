"""Takes the pictures in docs/images: each page of the admin page in both themes, on a desk and in a hand.

    python docs/take_screenshots.py [--minutes 16] [--only NAME]

A hub is started, and a fleet is played to it by the protocol's own client: some hundred backends on two dozen nodes, with load
that comes in waves, servers that fail and come back, and a node that has fallen silent. It runs for some minutes first, so that
charts and events have something to show. Needs the extra `dev`, Pillow, and a Chromium.
"""

import argparse
import io
import math
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from PIL import Image
from playwright.sync_api import Page

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from backend_registry.protocol import Entry, ModelEntry  # noqa: E402 -- the tests' own tools are found beside it
from tests.e2e.hubs import HubProcess, Nodes, PlayedNode  # noqa: E402 -- as above
from tests.ui.browser import chromium  # noqa: E402 -- as above

IMAGES: Final = ROOT / "docs" / "images"
DESK: Final = (1440, 900)
HAND: Final = (390, 844)
COLOURS: Final = 256
"""Of a picture; the pages have few, and so it takes a third of the room."""
SITES: Final = {"fra": 8, "iad": 8, "sin": 5, "gru": 3}
SILENT: Final = "iad-gpu-07"
SECOND_S: Final = 1.0


class Served(NamedTuple):
    """Software and model that servers of the fleet have in common."""

    name: str
    kind: str
    models: tuple[str, ...]
    operations: tuple[str, ...]
    latency_ms: int
    gpu: str


FAMILIES: Final = (
    Served("llama-70b", "vllm", ("llama3.3:70b",), ("chat_completions", "completions"), 640, "h100"),
    Served("llama-8b", "vllm", ("llama3.1:8b",), ("chat_completions", "completions"), 140, "l40s"),
    Served("qwen3-32b", "vllm", ("qwen3:32b",), ("chat_completions",), 410, "a100"),
    Served("qwen3-coder", "vllm", ("qwen3-coder:30b",), ("chat_completions", "completions"), 380, "a100"),
    Served("gpt-oss-120b", "vllm", ("gpt-oss:120b",), ("chat_completions", "responses"), 720, "h100"),
    Served("mixtral", "vllm", ("mixtral:8x22b",), ("chat_completions",), 860, "h100"),
    Served("gemma3", "ollama", ("gemma3:12b", "gemma3:27b"), ("chat_completions", "embeddings"), 300, "l40s"),
    Served("phi4", "ollama", ("phi4:14b", "phi4-mini:3.8b"), ("chat_completions",), 190, "l4"),
    Served("mistral-small", "ollama", ("mistral-small:24b",), ("chat_completions",), 270, "l40s"),
    Served("deepseek-r1", "llamacpp", ("deepseek-r1:32b",), ("chat_completions", "completions"), 980, "m2-ultra"),
    Served("codestral", "llamacpp", ("codestral:22b",), ("completions",), 330, "rtx4090"),
    Served("bge-m3", "openai", ("bge-m3", "bge-reranker-v2"), ("embeddings", "rerank"), 24, "l4"),
    Served("whisper", "openai", ("whisper-large-v3",), ("audio_transcriptions",), 520, "l4"),
    Served("vision", "lmstudio", ("qwen2.5-vl:7b",), ("chat_completions",), 450, "rtx4090"),
)
FAILURES: Final = (
    "connection refused",
    "no answer within 2 s",
    "HTTP 503: out of memory",
    "missing env INFERENCE_API_KEY",
    "model is being loaded",
)


class Fleet:
    """The nodes, and what befalls them."""

    def __init__(self, hub: HubProcess) -> None:
        self._rng: Final = random.Random(7)
        names = [f"{site}-gpu-{number:02}" for site, count in SITES.items() for number in range(1, count + 1)]
        self._entries: Final[dict[str, dict[str, Entry]]] = {name: {} for name in names}
        for family in FAMILIES:
            for site in SITES:
                self._place(family, site, [name for name in names if name.startswith(site)])
        self._latency: Final = {family.name: family.latency_ms for family in FAMILIES}
        played = [PlayedNode(name, hub.url, entries=self._entries[name].values(), beat_s=0.8) for name in names]
        self.nodes: Final = Nodes(played)

    def _place(self, family: Served, site: str, names: list[str]) -> None:
        for number in range(1, self._rng.randint(1, 3) + 1):
            entry = Entry(
                id=f"{family.name}-{site}-{number}",
                name=f"{family.name}-{site}-{number}",
                kind=family.kind,
                base_url=f"http://{family.name}-{number}.{site}.example:8000",
                operations=family.operations,
                features=("streaming", "tools") if family.kind == "vllm" else ("streaming",),
                transports=("http", "sse"),
                models=tuple(ModelEntry(id=model, context_length=32_768, supports_tools=True) for model in family.models),
                weight=100,
                priority=10 * number,
                metadata={"gpu": family.gpu, "site": site},
                status="available",
                health="healthy",
            )
            for name in self._rng.sample(names, self._rng.randint(1, min(6, len(names)))):
                self._entries[name][entry.id] = entry

    def run(self, ending: threading.Event) -> None:
        """Let things happen, until told to end."""
        began = time.monotonic()
        for turn in range(1_000_000):
            if ending.wait(SECOND_S):
                return
            if turn == 5:
                for _ in range(9):
                    self._fails()
            elif turn % 20 == 10:
                self._fails()
                self._recovers()
            if turn == 30:
                self.nodes.cut(SILENT)
            self._loads(time.monotonic() - began)

    def _fails(self) -> None:
        node = self._rng.choice([name for name in self._entries if name != SILENT])
        entry = self._rng.choice(list(self._entries[node].values()))
        if entry.intent == "enabled":
            reason = self._rng.choice(FAILURES)
            self._becomes(node, entry, status="unavailable", health="unhealthy", status_reason=reason)

    def _recovers(self) -> None:
        down = [
            (node, entry)
            for node, entries in self._entries.items()
            for entry in entries.values()
            if entry.health == "unhealthy" and node != SILENT
        ]
        if len(down) > 8:
            self._becomes(*self._rng.choice(down), status="available", health="healthy", status_reason="")

    def _becomes(self, node: str, entry: Entry, **fields: str) -> None:
        played = self.nodes.nodes[node]
        # What an operator wanted meanwhile is in the node's own entries.
        now = played.entries.get(entry.id, entry)
        if now.intent != "enabled":
            return
        self._entries[node][entry.id] = msgspec.structs.replace(now, **fields)
        self.nodes.observe(
            node, [self._entries[node][entry_id] if entry_id == entry.id else kept for entry_id, kept in played.entries.items()]
        )

    def _loads(self, elapsed_s: float) -> None:
        for node, played in self.nodes.nodes.items():
            wave = 1 + 0.7 * math.sin(elapsed_s / 70 + len(node) + ord(node[0]))
            load = {}
            for entry in played.entries.values():
                if entry.status == "available":
                    usual = self._latency[entry.name.rsplit("-", 2)[0]]
                    pending = self._rng.randint(0, int(8 * wave) + 1)
                    load[entry.id] = (pending, int(usual * (0.8 + 0.25 * wave + 0.1 * self._rng.random())), int(elapsed_s * 10))
            played.load = load


# --- pictures ----------------------------------------------------------------------------------------------------------


def _shots(hub: HubProcess) -> dict[str, str]:
    """Name of a picture to the address that it shows."""
    rows = hub.rows()
    broken = next(
        row for row in rows.values() if 0 < row["available_nodes"] < row["total_nodes"] and row["health"]["unhealthy"]
    )
    key = f"{broken['kind']}/{broken['name']}"
    return {
        "overview": "overview",
        "backends": "backends",
        "drawer": f"backends?open={key.replace('/', '%2F')}",
        "backend": f"backends/{key}",
        "models": "models",
        "nodes": "nodes",
        "node": "nodes/fra-gpu-02",
        "events": "events",
        "preferences": "preferences",
    }


def _save(page: Page, name: str) -> None:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = IMAGES / f"{name}.png"
    picture.quantize(palette=_palette(picture), dither=Image.Dither.NONE).save(path, optimize=True)
    sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB\n")


def _palette(picture: Image.Image) -> Image.Image:
    """The colours that it has most of, so that areas stay what they are and only edges of letters are approximated."""
    counted = sorted(picture.getcolors(picture.width * picture.height), reverse=True)[:COLOURS]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _, colour in counted for part in colour])
    return palette


def _take(hub: HubProcess, signed_out: HubProcess, only: str | None) -> None:
    shots = {name: f"{hub.url}/admin/{path}" for name, path in _shots(hub).items()}
    shots["sign-in"] = f"{signed_out.url}/admin/"
    with chromium() as browser:
        for theme in ("light", "dark"):
            for width, height in (DESK, HAND):
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=theme, locale="en-GB", timezone_id="Europe/Berlin"
                )
                for name, url in shots.items():
                    if only in {None, name}:
                        page = context.new_page()
                        page.goto(url)
                        page.get_by_role("heading", level=1).first.wait_for()
                        # Charts and details come after the page.
                        page.wait_for_timeout(4_000)
                        _save(page, f"{name}-{theme}-{width}")
                        page.close()
                context.close()


def _withdraw(hub: HubProcess) -> None:
    """What operators have done here."""
    chosen = {
        "qwen3-32b-fra-1": ("drain", "new driver on the A100 hosts"),
        "qwen3-coder-fra-1": ("drain", "new driver on the A100 hosts"),
        "phi4-gru-1": ("disable", "answers were cut off"),
    }
    for name, (verb, reason) in chosen.items():
        asked = {"verb": verb, "ids": [{"kind": hub.rows()[name]["kind"], "name": name}], "reason": reason}
        path = "/admin/api/backends:batch"
        hub.ask("POST", path, {**asked, "if_rev": hub.ask("POST", path, {**asked, "dry_run": True}).json["rev"]})


def main() -> None:
    """Play the fleet, wait, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=16, help="how long the fleet runs before pictures are taken")
    parser.add_argument("--only", help="take only the pictures of this name")
    arguments = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    ending = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        hub = HubProcess(Path(folder), suspect_s=5.0, unreachable_s=15.0)
        token = {"BACKEND_REGISTRY_ADMIN_TOKEN": "for-a-picture-of-signing-in"}
        signed_out = HubProcess(Path(folder), environment=token)
        fleet = Fleet(hub)
        weather = threading.Thread(target=fleet.run, args=(ending,))
        try:
            with fleet.nodes:
                weather.start()
                ending.wait(20)
                _withdraw(hub)
                ending.wait(60 * arguments.minutes)
                _take(hub, signed_out, arguments.only)
                ending.set()
                weather.join()
        finally:
            ending.set()
            hub.kill()
            signed_out.kill()


if __name__ == "__main__":
    main()
