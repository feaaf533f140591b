"""One request and its answer, from the first byte that comes to the last that goes."""

import logging
from typing import Final

from starlette.types import Receive, Scope, Send

from backend_registry import Outcome
from backend_registry.gateway.deadline import Deadline
from backend_registry.gateway.disconnect import CancelOnDisconnect
from backend_registry.gateway.endpoints import Endpoint
from backend_registry.gateway.forward import Forwarding
from backend_registry.gateway.gateway import Gateway
from backend_registry.gateway.observer import EndedRequest
from backend_registry.gateway.refusals import RefusedError, internal_error
from backend_registry.gateway.relay import relay
from backend_registry.gateway.request import ClientGoneError, GatewayRequest, read_head, read_request

__all__ = ("Exchange",)

logger: Final = logging.getLogger("backend_registry.gateway")

_CLIENT_GONE: Final = 499


class Exchange:
    """Serves one request, and knows afterwards how it went.

    Args:
        gateway: what all requests share.
        endpoint: where it came in.
    """

    def __init__(self, gateway: Gateway, endpoint: Endpoint) -> None:
        self._gateway: Final = gateway
        self._endpoint: Final = endpoint
        self._deadline: Final = Deadline(gateway.rounds, gateway.settings.total_timeout_s)
        self._request: GatewayRequest | None = None
        self._forwarding: Forwarding | None = None
        self._status = _CLIENT_GONE
        self._outcome: str = Outcome.CANCELLED

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The whole of it; ends without an answer if the client leaves."""
        try:
            await self._serve(scope, receive, send)
        except Exception:
            if self._status != _CLIENT_GONE:
                # The answer has begun; without its end the server cuts the connection.
                raise
            logger.exception("unexpected error, answered with 500", extra={"endpoint": self._endpoint.operation})
            await self._refuse(internal_error(), scope, receive, send)
        finally:
            self._deadline.close()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            head = read_head(scope["headers"])
            self._gateway.check_client(head.looked_at)
            request = self._request = await read_request(
                self._endpoint, head, receive, self._gateway.body_limit, self._deadline
            )
        except ClientGoneError:
            return
        except RefusedError as refusal:
            await self._refuse(refusal, scope, receive, send)
            return
        hung_up = CancelOnDisconnect(self._gateway.rounds, self._deadline.task, receive)
        with hung_up, Forwarding(self._gateway, request, self._deadline) as forwarding:
            self._forwarding = forwarding
            try:
                answer = await forwarding.first_answer()
            except RefusedError as refusal:
                refusal.headers |= forwarding.headers()
                await self._refuse(refusal, scope, receive, send)
                return
            self._status = answer.response.status
            self._outcome = await relay(answer, send, self._deadline, forwarding.headers(), forwarding.end)

    async def _refuse(self, refusal: RefusedError, scope: Scope, receive: Receive, send: Send) -> None:
        self._status = refusal.status
        asked = self._forwarding is not None and self._forwarding.attempts
        self._outcome = Outcome.from_status(refusal.status) if asked else "refused"
        await refusal.answer()(scope, receive, send)

    def ended(self) -> EndedRequest:
        """The account of it, when it is over."""
        forwarding = self._forwarding
        lease = forwarding.lease if forwarding is not None else None
        answer = forwarding.answer if forwarding is not None else None
        return EndedRequest(
            endpoint=self._endpoint.operation,
            model=self._request.wanted.model if self._request is not None else "",
            served_model=lease.model if lease is not None else "",
            backend_id=lease.backend.id if lease is not None else None,
            status=self._status,
            outcome=str(self._outcome),
            seconds=self._deadline.now() - self._deadline.began,
            first_byte_s=answer.began - self._deadline.began if answer is not None else None,
            attempts=forwarding.attempts if forwarding is not None else 0,
            stream=self._request is not None and self._request.wanted.stream,
            policy=self._gateway.settings.policy,
            last_resort=lease.last_resort if lease is not None else "",
            fallback=forwarding is not None and forwarding.fell_back,
        )
