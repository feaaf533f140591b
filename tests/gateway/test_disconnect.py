"""What a client that hangs up cancels, and what it does not."""

import asyncio
import logging
import socket

import pytest

from backend_registry.gateway.disconnect import CancelOnDisconnect
from backend_registry.gateway.rounds import Rounds
from backend_registry.testing import FakeBackend


class Client:
    """The receiving end of ASGI: an empty rest of the body, then silent until it hangs up."""

    def __init__(self):
        self.gone = asyncio.Event()
        self.rest = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive(self):
        if self.rest:
            return self.rest.pop()
        await self.gone.wait()
        return {"type": "http.disconnect"}


def cancelled_by(receive):
    return CancelOnDisconnect(Rounds(), asyncio.current_task(), receive)


def test_block_is_cancelled_and_the_task_goes_on():
    async def main():
        client = Client()
        asyncio.get_running_loop().call_soon(client.gone.set)
        with cancelled_by(client.receive):
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return asyncio.current_task().cancelling()

    assert asyncio.run(main()) == 0


def test_cancellation_from_elsewhere_passes_through():
    async def main():
        with cancelled_by(Client().receive):
            asyncio.current_task().cancel()
            await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())


def test_both_at_once_count_as_cancellation_from_elsewhere():
    async def main():
        client = Client()
        with cancelled_by(client.receive):
            client.gone.set()
            # The listener is about to run for the first time; this comes right after it.
            asyncio.get_running_loop().call_soon(asyncio.current_task().cancel)
            await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())


@pytest.mark.parametrize("inside", [False, True])
def test_client_that_leaves_after_the_block_or_as_it_ends_cancels_nothing(inside):
    async def main():
        client = Client()
        with cancelled_by(client.receive):
            await asyncio.sleep(0)
            if inside:
                # The listener is woken by this, but has not looked yet when the block ends.
                client.gone.set()
        client.gone.set()
        for _ in range(5):
            await asyncio.sleep(0)
        return asyncio.current_task().cancelling()

    assert asyncio.run(main()) == 0


def test_errors_inside_the_block_pass_through():
    async def main():
        with cancelled_by(Client().receive):
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        asyncio.run(main())


def test_client_that_leaves_while_it_sends_its_request_harms_nobody(fleet, caplog):
    caplog.set_level(logging.WARNING)
    fake = FakeBackend("a", models=["m"])
    gateway = fleet(fake)
    with socket.create_connection(("127.0.0.1", gateway.port)) as client:
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
    assert gateway.chat().status == 200
    assert len(fake.requests) == 1
    assert not caplog.records
