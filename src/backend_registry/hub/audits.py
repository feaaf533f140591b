"""`Audits`: now and then one node is asked what it says itself, and that is compared with what it has reported.

Reports guard themselves with digests; what could still be wrong is that a node reports something else than what it shows. Each
difference that is found is a bug, so it is an event and a count, and nothing is done about it.
"""

import asyncio
import logging
import random
from collections import Counter
from typing import Final, Literal

from backend_registry.hub.comparison import Look, look_at
from backend_registry.hub.expiry import Standing
from backend_registry.hub.node_api import NodeAnswerError, NodeApi, NodeNotAskedError
from backend_registry.hub.service import Hub

__all__ = ("AuditResult", "Audits")

logger: Final = logging.getLogger("backend_registry.hub")

SETTLE_S: Final = 2.0
"""Seconds that a node's report may be on its way."""
_SHOWN_MOST: Final = 20

AuditResult = Literal["ok", "mismatch", "unreachable", "skipped"]


class Audits:
    """Audits one live node every so often, drawn at random from those that can be asked. For one event loop.

    Args:
        hub: whose nodes; its events are told of what does not match.
        node_api: asks them.
        rng: draws.
        every_s: seconds between two audits.
        settle_s: seconds that a node's report may be on its way.

    Attributes:
        results: audits by result: `ok`, `mismatch`; `unreachable`, no usable answer; `skipped`, the node may not be asked, went
            away meanwhile, or changes too fast to be compared.
    """

    def __init__(
        self,
        hub: Hub,
        node_api: NodeApi,
        *,
        rng: random.Random,
        every_s: float,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._hub: Final = hub
        self._node_api: Final = node_api
        self._rng: Final = rng
        self._every_s: Final = every_s
        self._settle_s: Final = settle_s
        self.results: Final[Counter[AuditResult]] = Counter()

    async def run(self) -> None:
        """Audit until cancelled."""
        while True:
            # Not all hubs of a cluster at the same moment.
            await asyncio.sleep(self._every_s * self._rng.uniform(0.9, 1.1))
            try:
                await self.audit_one()
            except Exception:
                logger.exception("an audit failed")

    async def audit_one(self) -> AuditResult | None:
        """Audit a node; None if there is none to be asked. Cost: a look at every node, and what `look_at` costs."""
        nodes = [
            record.node_id
            for record in self._hub.store.records.values()
            if record.node_id in self._hub.liveness
            and self._hub.liveness.standing(record.node_id) is Standing.LIVE
            and self._node_api.may_ask(record.node_id, record.url)
        ]
        if not nodes:
            return None
        result = await self.audit(self._rng.choice(nodes))
        self.results[result] += 1
        return result

    async def audit(self, node_id: str) -> AuditResult:
        """Compare one node. What does not match becomes an event."""
        try:
            look = await look_at(self._hub.store.records, self._node_api, node_id, settle_s=self._settle_s)
        except (KeyError, NodeNotAskedError):
            return "skipped"
        except NodeAnswerError:
            return "unreachable"
        if not look.settled or look.record.presence != "present":
            return "skipped"
        if not look.odd:
            return "ok"
        self._tell(node_id, look)
        return "mismatch"

    def _tell(self, node_id: str, look: Look) -> None:
        fields = sorted({name for names in look.odd.values() for name in names})
        self._hub.events.add(
            "audit_mismatch",
            node=node_id,
            reason="what the node says of itself is not what it has reported",
            fields=fields,
            backends=sorted(look.odd)[:_SHOWN_MOST],
            backends_total=len(look.odd),
            revision=look.record.revision,
        )
        logger.warning(
            "an audit found a node that says something else than it has reported",
            extra={"node": node_id, "fields": fields, "backends": len(look.odd)},
        )
