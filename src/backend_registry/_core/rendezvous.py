"""Affinity: the same key meets the same backend, without a table, until that backend has more than its share.

Highest random weight (rendezvous) hashing, weighted as -weight / ln(u), which moves only the keys of a backend that comes or
goes (Thaler and Ravishankar 1998; Schindelhauer and Schomaker 2005). A backend whose load is above `bound` times the mean is
passed over for the key's next choice (consistent hashing with bounded loads, Mirrokni, Thorup and Zadimoghaddam 2018), so that
one popular key cannot drown one server.
"""

import functools
import hashlib
import math

from backend_registry._core.backend import Backend
from backend_registry._core.demand import PickRequest
from backend_registry._core.limits import check_positive

__all__ = ("Rendezvous",)

_MASK = 2**64 - 1


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest())


# Of backend ids only: keys come from clients, who could fill any cache.
_hash_of_id = functools.lru_cache(maxsize=65536)(_hash)


def _mix(value: int) -> int:
    """SplitMix64's finaliser: every input bit reaches every output bit."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & _MASK
    return value ^ (value >> 31)


class Rendezvous:
    """Policy: rendezvous hashing by the affinity key, with bounded load. Requests without a key go by a random one.

    Args:
        bound: how far above the mean, as a factor of at least 1, a backend's load may go before a key moves on.

    Cost: about one microsecond per candidate. Stateless, so all routers of a fleet agree.
    """

    def __init__(self, bound: float = 1.25) -> None:
        self._bound = check_positive("bound", bound, least=1.0)

    def choose(self, candidates: tuple[Backend, ...], request: PickRequest) -> Backend:
        """The key's first choice that has not more than its share."""
        key = request.rng.getrandbits(64) if request.affinity is None else _hash(request.affinity)
        # Read once: a weight that changed in between could leave nobody with room.
        weights = {backend: backend.effective_weight(request.now_ns) for backend in candidates}
        loads = {backend: backend.pending_requests for backend in candidates}
        # Rounded up, the shares add up to more than the load, so somebody has room.
        fair = self._bound * (sum(loads.values()) + 1) / sum(weights.values())
        ranked = sorted(candidates, key=lambda backend: _score(key, backend.id, weights[backend]), reverse=True)
        return next(backend for backend in ranked if loads[backend] < math.ceil(fair * weights[backend]))


def _score(key: int, backend_id: str, weight: float) -> float:
    # Half a step away from 0 and 1, where the logarithm would not be finite or would be zero.
    share = (_mix(key ^ _hash_of_id(backend_id)) + 0.5) / 2.0**64
    return -weight / math.log(min(share, 1.0 - 2.0**-53))
