"""Which encoding of an answer a client is given (RFC 9110, section 12.5.3)."""

from collections.abc import Collection, Sequence
from typing import Final

__all__ = ("preferred_encoding",)

_SMALLEST_FIRST: Final = ("br", "gzip", "identity")


def preferred_encoding(fields: Sequence[str], offered: Collection[str]) -> str:
    """The encoding that a client likes best, and of equals the one with the fewest bytes.

    A client that takes none of them is given the answer as it is: it may know what to do with it after all.

    Args:
        fields: the Accept-Encoding fields of the request.
        offered: encodings that there are, `identity` among them.

    >>> preferred_encoding(["gzip, deflate, br"], ["identity", "br", "gzip"])
    'br'
    >>> preferred_encoding(["br;q=0.5, gzip"], ["identity", "br", "gzip"])
    'gzip'
    """
    liking = dict(map(_liking, ",".join(fields).split(",")))
    others = liking.get("*", 0.0)
    # What is not named is fine as it is, but less so than what is.
    liking = {"identity": min(others, 0.001) if "*" in liking else 0.001, **liking}
    best = max((name for name in _SMALLEST_FIRST if name in offered), key=lambda name: liking.get(name, others))
    return best if liking.get(best, others) > 0 else "identity"


def _liking(part: str) -> tuple[str, float]:
    """Name and weight of a part of the field; what cannot be read is as good as not wanted."""
    name, _, rest = part.partition(";")
    key, _, weight = rest.strip().partition("=")
    try:
        value = float(weight) if key.strip().lower() == "q" else float(not rest.strip())
    except ValueError:
        value = 0.0
    return name.strip().lower(), value if 0 <= value <= 1 else 0.0
