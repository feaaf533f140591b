"""How a report gets to a hub over HTTP, and what becomes of every kind of answer."""

import asyncio
import gzip
import socket

import msgspec
import pytest
from aiohttp import web

from backend_registry.node.hub_link import HttpHubLink, HubUnavailableError, open_hub_session
from backend_registry.protocol import Entry, RefusedReportError, Report, digest_of, in_hex
from tests.node.small_hub import SmallHub, cutting, refusing, saying, small_hub

TOKEN = "brn1.n1.token-canary"


def full(*entries):
    return Report(
        node_id="n1", instance="i", epoch=5, revision=1, kind="full", digest=in_hex(digest_of(entries)), upserts=tuple(entries)
    )


def sent(report=None, *, fault=None, token="", timeout_s=5.0, hub=None, url=None):
    """What comes of sending a report, and the hub."""
    report = report or full()

    async def main():
        async with small_hub(hub) as there, open_hub_session(keep_alive_s=30) as session:
            if fault is not None:
                there.faults.append(fault)
            link = HttpHubLink(url or there.url, token, session, timeout_s=timeout_s)
            return await link.send(report), there

    return asyncio.run(main())


def test_a_report_arrives_as_it_was_and_the_answer_of_a_newer_hub_is_understood():
    report = full(Entry(id="a", name="a", kind="vllm"))
    ack, hub = sent(report)
    assert hub.reports == [report]
    assert (ack.result, ack.epoch, ack.revision, ack.hub.id) == ("applied", 5, 1, "hub")


@pytest.mark.parametrize(("count", "packed"), [(1, False), (30, True), (1500, True)])
def test_a_report_of_more_than_a_kilobyte_is_packed(count, packed):
    report = full(*(Entry(id=f"backend-{number}", name="a", kind="vllm") for number in range(count)))
    _, hub = sent(report)
    assert hub.reports == [report]
    (request,) = hub.requests
    assert request.headers.get("content-encoding") == ("gzip" if packed else None)
    size = int(request.headers["content-length"])
    plain = msgspec.json.encode(report)
    assert size <= len(gzip.compress(plain, 1)) + 20 if packed else size == len(plain)


def test_the_token_is_shown_to_the_hub():
    _, hub = sent(token=TOKEN)
    assert hub.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert "authorization" not in sent()[1].requests[0].headers


def test_a_refusal_comes_with_its_code_and_facts():
    with pytest.raises(RefusedReportError) as caught:
        sent(fault=refusing(409, "stale_epoch", epoch=7, want="full"))
    refusal = caught.value
    assert (refusal.status, refusal.code, refusal.detail) == (409, "stale_epoch", "stale_epoch was said")
    assert refusal.facts == {"epoch": 7, "want": "full"}


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"<html>", "http_404"), (b"[1]", "http_404"), (b'{"code": 3, "detail": {}}', "http_404"), (b"", "http_404")],
)
def test_a_refusal_by_something_else_than_a_hub_is_one_too(body, code):
    async def fault(_):
        return web.Response(status=404, body=body)

    with pytest.raises(RefusedReportError) as caught:
        sent(fault=fault)
    assert (caught.value.code, caught.value.detail) == (code, "HTTP 404")


def test_code_and_detail_of_a_refusal_are_not_as_long_as_whoever_sent_it_likes():
    with pytest.raises(RefusedReportError) as caught:
        sent(fault=saying(422, {"code": "y" * 100_000, "detail": "x" * 100_000}))
    assert (len(caught.value.code), len(caught.value.detail)) == (64, 500)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425, 429])
def test_a_hub_that_cannot_now_is_no_refusal(status):
    with pytest.raises(HubUnavailableError, match=f"HTTP {status}") as caught:
        sent(fault=saying(status, retry_after="3"))
    assert caught.value.retry_after_s == 3.0


@pytest.mark.parametrize("told", ["", "-1", "inf", "nan", "Fri, 31 Dec 1999 23:59:59 GMT", "soon"])
def test_a_time_to_wait_that_is_none_is_not_followed(told):
    with pytest.raises(HubUnavailableError) as caught:
        sent(fault=saying(503, retry_after=told))
    assert caught.value.retry_after_s is None


def test_a_redirect_is_not_followed_since_the_token_would_go_with_it():
    other = SmallHub()
    with pytest.raises(HubUnavailableError, match="redirect, which is not followed"):
        sent(fault=saying(307, location="/elsewhere"), token=TOKEN, hub=other)
    assert len(other.requests) == 1


@pytest.mark.parametrize("body", [b"", b"ok", b"[]", b'{"result": "applied"}', b"[" * 5000])
def test_an_answer_that_is_not_a_hubs_is_no_acknowledgement(body):
    async def fault(_):
        return web.Response(body=body)

    with pytest.raises(HubUnavailableError, match=r"does report\.url name a hub"):
        sent(fault=fault)


def test_no_more_of_an_answer_is_read_than_an_answer_may_have():
    async def fault(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(100):
            await answer.write(b" " * 100_000)
        return answer

    with pytest.raises(HubUnavailableError, match="more than 2000000 bytes"):
        sent(fault=fault)


def test_a_hub_that_says_nothing_is_given_up_in_time():
    async def fault(_):
        await asyncio.sleep(60)

    with pytest.raises(HubUnavailableError, match="no answer in time"):
        sent(fault=fault, timeout_s=0.2)


def test_a_cut_connection_and_a_closed_port_are_told_apart_and_neither_repeats_the_address():
    with pytest.raises(HubUnavailableError, match="connection"):
        sent(fault=cutting())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(HubUnavailableError) as caught:
        sent(url=f"http://127.0.0.1:{port}")
    assert str(caught.value) == "connection refused"


def test_one_connection_is_used_for_report_after_report():
    async def main():
        async with small_hub() as hub, open_hub_session(keep_alive_s=30) as session:
            link = HttpHubLink(f"{hub.url}/", "", session)
            for _ in range(3):
                await link.send(full())
            return {request.transport.get_extra_info("peername") if request.transport else None for request in hub.requests}

    assert len(asyncio.run(main())) == 1
