"""Who may report for which node: one token per node, so that no node can speak for another.

Tokens are derived from one secret, which needs no list, or are those of a file, which can be changed one by one. Of either only
what cannot be turned back into a token is kept, so nothing that looks at these objects can print one. The tokens of
administrators are none of these.
"""

import hmac
import os
import re
from collections.abc import Mapping
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from backend_registry import InvalidValueError

__all__ = ("Admission", "DerivedTokens", "NodeGate", "TokenSettings")

SECRET_LEAST: Final = 16
"""Characters of the secret from which tokens are derived."""
_FILE_MOST: Final = 16_000_000
_TOKEN_MOST: Final = 1024
_PREFIX: Final = b"brn1."
_NODE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class TokenSettings(Protocol):
    """Where the tokens of nodes come from."""

    @property
    def node_secret_env(self) -> str | None:
        """Variable with the secret from which they are derived."""
        ...

    @property
    def node_tokens_file(self) -> str | None:
        """File with a line for each."""
        ...


class Admission(Enum):
    """Whether a report may come in."""

    ADMITTED = 200
    UNKNOWN = 401
    """There is no token, or none that is known here."""
    OF_ANOTHER_NODE = 403


class DerivedTokens:
    """Tokens `brn1.<node id>.<mac>`: the mac is the HMAC-SHA256, in hex, of all before it under a secret.

    Args:
        secret: at least 16 characters. Whoever has it can make the token of any node.

    Thread-safety: any thread may use it. Cost: about 2 microseconds per token.

    >>> DerivedTokens("correct horse battery").mint("gpu-1")[:20]
    'brn1.gpu-1.70f8d4c60'
    """

    def __init__(self, secret: str) -> None:
        self._keyed: Final = hmac.new(secret.encode(errors="surrogateescape"), digestmod="sha256")

    def mint(self, node_id: str) -> str:
        """The token of a node.

        Raises:
            InvalidValueError: it is not the id of a node.
        """
        if _NODE_ID.fullmatch(node_id) is None:
            raise InvalidValueError(
                "node_id",
                "is not the id of a node",
                "take 1 to 128 letters, digits and . _ : -, a letter or digit first",
            )
        signed = _PREFIX + node_id.encode()
        return f"{signed.decode()}.{self._mac(signed).decode()}"

    def node_of(self, token: bytes) -> str | None:
        """Whose token this is; None if it is none of these."""
        signed, _, mac = token.rpartition(b".")
        if not signed.startswith(_PREFIX) or not hmac.compare_digest(self._mac(signed), mac):
            return None
        return signed[len(_PREFIX) :].decode(errors="replace")

    def _mac(self, signed: bytes) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(signed)
        return keyed.hexdigest().encode()


class NodeGate:
    """Decides whether a report may come in; `open` makes one.

    Args:
        derived: tokens that are derived from a secret, if there are such.
        listed: SHA-256 of a token to the node that it belongs to.

    Attributes:
        needed: whether a report needs a token at all.

    Thread-safety: any thread may use it.
    """

    def __init__(self, derived: DerivedTokens | None = None, listed: Mapping[bytes, str] | None = None) -> None:
        self._derived: Final = derived
        self._listed: Final = dict(listed or {})
        self._digests: Final = {node_id: digest for digest, node_id in self._listed.items()}
        self.needed: Final[bool] = derived is not None or listed is not None

    @classmethod
    def open(cls, settings: TokenSettings, *, loopback: bool, environ: Mapping[str, str] | None = None) -> "NodeGate":
        """The gate of a hub with these settings.

        Args:
            settings: the `[hub]` table.
            loopback: whether only this machine can reach the address that is listened on; then nodes may go without tokens.
            environ: where the secret is looked for; the process's environment if None.

        Raises:
            InvalidValueError: there have to be tokens and there are none, the secret is not set or too short, or the file is
                not as it has to be. The text is for the operator, and repeats no secret.
        """
        environ = os.environ if environ is None else environ
        derived = None
        if settings.node_secret_env is not None:
            derived = DerivedTokens(_secret(settings.node_secret_env, environ))
        listed = None if settings.node_tokens_file is None else _read_file(Path(settings.node_tokens_file))
        if derived is None and listed is None and not loopback:
            raise InvalidValueError(
                "hub.node_secret_env",
                "is not set, and anybody who reaches this address could report for any node",
                "write there the name of a variable that holds a long random secret, for example from: openssl rand -hex 32; "
                "or set hub.node_tokens_file, or listen on 127.0.0.1",
            )
        return cls(derived, listed)

    def admits(self, node_id: str, authorization: bytes | None) -> Admission:
        """Whether a report for this node may come in with this Authorization header. Cost: 2 to 4 microseconds."""
        if not self.needed:
            return Admission.ADMITTED
        scheme, _, token = (authorization or b"").partition(b" ")
        token = token.strip()
        if scheme.lower() != b"bearer" or not 0 < len(token) <= _TOKEN_MOST:
            return Admission.UNKNOWN
        owner = self._derived.node_of(token) if self._derived is not None else None
        if owner is None and self._listed:
            owner = self._listed_owner(node_id, token)
        if owner is None:
            return Admission.UNKNOWN
        return Admission.ADMITTED if owner == node_id else Admission.OF_ANOTHER_NODE

    def _listed_owner(self, node_id: str, token: bytes) -> str | None:
        presented = sha256(token).digest()
        digest = self._digests.get(node_id)
        if digest is not None and hmac.compare_digest(digest, presented):
            return node_id
        # That a look into a dict takes a little longer for some hashes tells nothing of the tokens behind them.
        return self._listed.get(presented)


def _secret(name: str, environ: Mapping[str, str]) -> str:
    secret = environ.get(name, "")
    if not secret:
        problem = f"names the variable {name}, which is not set"
    elif len(secret) < SECRET_LEAST:
        problem = f"names the variable {name}, which holds fewer than {SECRET_LEAST} characters"
    else:
        return secret
    raise InvalidValueError("hub.node_secret_env", problem, "put a long random secret into it, such as: openssl rand -hex 32")


def _read_file(path: Path) -> dict[bytes, str]:
    """SHA-256 of each token to its node."""
    try:
        if path.stat().st_size > _FILE_MOST:
            raise _wrong_file(f"is larger than {_FILE_MOST} bytes", "derive the tokens from a secret: hub.node_secret_env")
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _wrong_file(f"cannot be read: {reason}", "make it, readable for this process") from None
    except UnicodeDecodeError:
        raise _wrong_file("is not text in UTF-8", "write a line `node_id sha256` for each node") from None
    listed: dict[bytes, str] = {}
    places: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if words and not words[0].startswith("#"):
            _take_line(words, number, listed, places)
    if not listed:
        raise _wrong_file("has no token in it", "write a line `node_id sha256` for each node")
    return listed


def _take_line(words: list[str], number: int, listed: dict[bytes, str], places: dict[str, int]) -> None:
    # What stands in a line is never repeated: it may be a token that somebody has pasted.
    if len(words) != 2:
        raise _wrong_file(f"line {number} has not two words", "write the node's id, a space, the SHA-256 of its token in hex")
    node_id, digest = words
    if _NODE_ID.fullmatch(node_id) is None:
        raise _wrong_file(
            f"line {number} begins with what is not the id of a node", "take letters, digits and . _ : - of ASCII"
        )
    if _SHA256.fullmatch(digest) is None:
        raise _wrong_file(
            f"line {number} has no SHA-256 in 64 lower-case hex digits", "make one with: printf %s TOKEN | sha256sum"
        )
    if node_id in places:
        raise _wrong_file(f"line {number} is about the same node as line {places[node_id]}", "keep one of them")
    other = listed.get(bytes.fromhex(digest))
    if other is not None:
        raise _wrong_file(f"line {number} has the same token as line {places[other]}", "give each node a token of its own")
    places[node_id] = number
    listed[bytes.fromhex(digest)] = node_id


def _wrong_file(problem: str, remedy: str) -> InvalidValueError:
    return InvalidValueError("hub.node_tokens_file", problem, remedy)
