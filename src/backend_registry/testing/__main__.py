"""`python -m backend_registry.testing`: a fake backend as a process of its own.

Prints its url as one line when it can be reached, and ends with status 0 on SIGTERM or SIGINT. Faults are ordered over HTTP:

    curl -d '{"kind": "status", "status": 503, "times": 2}' http://127.0.0.1:PORT/_fake/fail
    curl -X POST http://127.0.0.1:PORT/_fake/recover
    curl http://127.0.0.1:PORT/_fake
"""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from typing import get_args

from backend_registry.testing.api import Kind
from backend_registry.testing.factories import DEFAULT_MODEL
from backend_registry.testing.fake import FakeBackend


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m backend_registry.testing", description="A fake model server for tests.")
    parser.add_argument("--kind", choices=get_args(Kind), default="openai", help="whose interface it speaks")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 means any free one")
    parser.add_argument("--id", default="b1", help="what it calls itself")
    parser.add_argument("--models", default=DEFAULT_MODEL, help="model ids, separated by commas")
    parser.add_argument("--chunks", type=int, default=3, help="pieces in which a streamed answer comes")
    parser.add_argument("--chunk-delay-ms", type=float, default=0.0, help="milliseconds between them")
    parser.add_argument("--first-byte-delay-ms", type=float, default=0.0, help="milliseconds before any answer")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to end."""
    arguments = _arguments(argv)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    fake = FakeBackend(
        arguments.id,
        kind=arguments.kind,
        models=arguments.models.split(","),
        chunks=arguments.chunks,
        chunk_delay_s=arguments.chunk_delay_ms / 1000,
        first_byte_delay_s=arguments.first_byte_delay_ms / 1000,
        host=arguments.host,
        port=arguments.port,
    )
    with fake:
        sys.stdout.write(f"{fake.url}\n")
        sys.stdout.flush()
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
