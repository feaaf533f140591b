"""How answers are written to a client: the head together with what follows it."""

import asyncio

import pytest

from backend_registry.serve.protocol import OneWriteProtocol

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Wire(asyncio.Transport):
    """The end of the server's side; keeps what is written."""

    def __init__(self):
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written = []
        self.closed = False

    def write(self, data):
        self.written.append(bytes(data))

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True

    def pause_reading(self):
        """Nothing is read here."""

    def resume_reading(self):
        """Nothing is read here."""


@pytest.fixture
def in_loop():
    """Runs a function on the transport that the server is given, and the wire behind it, and then one turn of the loop."""

    def run(do, turns=1):
        async def main():
            import uvicorn

            config = uvicorn.Config(lambda: None, http=OneWriteProtocol, ws="none", lifespan="off", log_config=None)
            config.load()
            wire = Wire()
            protocol = OneWriteProtocol(config=config, server_state=uvicorn.Server(config).server_state, app_state={})
            protocol.connection_made(wire)
            do(protocol.transport, wire)
            for _ in range(turns):
                await asyncio.sleep(0)
            return wire

        return asyncio.run(main())

    return run


def test_head_and_body_go_out_as_one(in_loop):
    def answer(transport, wire):
        transport.write(HEAD)
        assert not wire.written
        transport.write(b"ok")
        assert wire.written == [HEAD + b"ok"]

    assert in_loop(answer).written == [HEAD + b"ok"]


def test_a_head_alone_does_not_wait_for_a_body_that_comes_later(in_loop):
    assert in_loop(lambda transport, _: transport.write(HEAD)).written == [HEAD]


def test_what_follows_later_goes_out_at_once(in_loop):
    def answer(transport, wire):
        transport.write(HEAD)
        transport.write(b"a")
        transport.write(b"b")
        assert wire.written == [HEAD + b"a", b"b"]

    in_loop(answer)


def test_nothing_is_kept_back_by_a_close(in_loop):
    def answer(transport, wire):
        transport.write(HEAD)
        transport.close()
        assert wire.written == [HEAD]

    assert in_loop(answer).closed


def test_two_answers_in_one_turn_stay_in_order(in_loop):
    def answer(transport, _):
        transport.write(HEAD)
        transport.write(HEAD)
        transport.write(b"ok")

    assert b"".join(in_loop(answer).written) == HEAD + HEAD + b"ok"


def test_nothing_is_written_to_a_client_that_has_gone(in_loop):
    def answer(transport, wire):
        transport.write(HEAD)
        wire.close()

    assert not in_loop(answer).written
