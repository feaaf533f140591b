"""What a node and the hub compare to know that they hold the same state.

It is a sum of hashes, so the order of entries is nothing to it, and a change costs what has changed.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from backend_registry.protocol.entry import Entry, canonical

__all__ = ("EMPTY", "digest_of", "entry_digest", "from_hex", "in_hex", "moved")

EMPTY: Final = 0
"""The digest of a node without backends."""
_MODULUS: Final = 1 << 128


def entry_digest(entry: Entry) -> int:
    """BLAKE2b with 16 bytes of the entry's canonical form, as a big-endian number. Cost: about 3 microseconds."""
    return int.from_bytes(blake2b(canonical(entry), digest_size=16).digest(), "big")


def digest_of(entries: Iterable[Entry]) -> int:
    """The digest of a state: the sum of its entries' digests modulo 2^128."""
    return sum(map(entry_digest, entries)) % _MODULUS


def moved(digest: int, gone: Iterable[Entry], come: Iterable[Entry]) -> int:
    """The digest of the state that `digest` stands for when these entries have gone from it and those have come."""
    return (digest - sum(map(entry_digest, gone)) + sum(map(entry_digest, come))) % _MODULUS


def in_hex(digest: int) -> str:
    """A digest as messages have it: 32 lower-case hex digits.

    >>> in_hex(EMPTY)
    '00000000000000000000000000000000'
    """
    return f"{digest:032x}"


def from_hex(text: str) -> int:
    """The reverse of `in_hex`."""
    return int(text, 16)
