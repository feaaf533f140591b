"""Servers behind a name, asked of a real name server on loopback."""

import asyncio
import contextlib
import logging

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from backend_registry import InvalidValueError
from backend_registry.discovery import DnsSource, Fleet
from backend_registry.discovery import dns as dns_module
from tests.discovery.tools import PATIENCE_S, changed, following, ids, run, speaking


class NameServer(asyncio.DatagramProtocol):
    """Answers from `zone`: (name, type) to records; `rcode` other than NOERROR fails everything; `asked` counts questions;
    questions of the types in `silent` get no answer."""

    def __init__(self, zone):
        self.zone = zone
        self.ttl = 60
        self.rcode = dns.rcode.NOERROR
        self.asked = 0
        self.silent = frozenset()
        self.more = asyncio.Event()

    async def questions(self, more):
        """Wait until so many more questions have come."""
        wanted = self.asked + more
        async with asyncio.timeout(PATIENCE_S):
            while self.asked < wanted:
                self.more.clear()
                await self.more.wait()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, sender):
        self.asked += 1
        self.more.set()
        question = dns.message.from_wire(data)
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        (asked,) = question.question
        name, kind = asked.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(asked.rdtype)
        if not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif records := self.zone.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(asked.name, self.ttl, "IN", kind, *records))
        if self.rcode != dns.rcode.NOERROR:
            answer.answer.clear()
            answer.set_rcode(self.rcode)
        if kind not in self.silent:
            self.transport.sendto(answer.to_wire(), sender)


@contextlib.asynccontextmanager
async def naming(zone):
    """A name server, and a resolver that asks it."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: NameServer(zone), local_addr=("127.0.0.1", 0)
    )
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    try:
        yield server, resolver
    finally:
        transport.close()


@pytest.fixture
def quick(monkeypatch):
    """Answers are looked up again at once."""
    monkeypatch.setattr(dns_module, "_TTL_LEAST_S", 0.01)
    monkeypatch.setattr(dns_module, "_TTL_MOST_S", 0.01)


async def first(source):
    async with contextlib.aclosing(source.desired()) as sets:
        return await anext(sets)


def test_addresses_of_both_kinds_become_backends():
    async def work():
        zone = {("gpus.test", "A"): ["10.0.0.2", "10.0.0.1"], ("gpus.test", "AAAA"): ["fd00::1"]}
        async with naming(zone) as (_, resolver):
            found = await first(DnsSource("gpus.test:8000", resolver=resolver))
        assert {b.id: b.url for b in found} == {
            "dns-10.0.0.1-8000": "http://10.0.0.1:8000",
            "dns-10.0.0.2-8000": "http://10.0.0.2:8000",
            "dns-fd00--1-8000": "http://[fd00::1]:8000",
        }
        assert {(b.backend_type, b.record.discovery_source) for b in found} == {("generic", "dns")}

    run(work)


@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_addresses_of_one_kind_are_enough(kind):
    async def work():
        async with naming({("gpus.test", kind): ["10.0.0.1" if kind == "A" else "fd00::1"]}) as (_, resolver):
            assert len(await first(DnsSource("gpus.test:8000", resolver=resolver))) == 1

    run(work)


def test_services_bring_port_priority_and_weight():
    async def work():
        records = ["10 60 8000 big.test.", "10 0 8001 Small.test.", "20 5 8000 spare.test.", "0 0 0 ."]
        async with naming({("_llm._tcp.test", "SRV"): records}) as (_, resolver):
            found = await first(DnsSource("_llm._tcp.test", resolver=resolver))
        assert [(b.id, b.url, b.priority, b.weight) for b in found] == [
            ("dns-big.test-8000", "http://big.test:8000", 10, 60),
            ("dns-small.test-8001", "http://small.test:8001", 10, 1),
            ("dns-spare.test-8000", "http://spare.test:8000", 20, 5),
        ]

    run(work)


def test_services_without_weights_have_the_usual_one():
    async def work():
        async with naming({("_llm._tcp.test", "SRV"): ["0 0 8000 a.test.", "0 0 8000 b.test."]}) as (_, resolver):
            assert {b.weight for b in await first(DnsSource("_llm._tcp.test", resolver=resolver))} == {100}

    run(work)


@pytest.mark.usefixtures("quick")
def test_the_fleet_follows_the_name(registry):
    async def work():
        async with naming({("gpus.test", "A"): ["10.0.0.1"]}) as (server, resolver):
            source = DnsSource("gpus.test:8000", resolver=resolver)
            async with following(Fleet(registry), source):
                await changed(registry, lambda: ids(registry) == {"dns-10.0.0.1-8000"})
                server.zone["gpus.test", "A"] = ["10.0.0.2", "10.0.0.3"]
                await changed(registry, lambda: ids(registry) == {"dns-10.0.0.2-8000", "dns-10.0.0.3-8000"})

    run(work)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("trouble", ["servfail", "nxdomain", "empty", "silent"])
def test_a_lookup_that_fails_keeps_the_last_set_and_is_logged_once(registry, caplog, monkeypatch, trouble):
    monkeypatch.setattr(dns_module, "_LOOKUP_S", 0.1)

    async def work():
        zone = {("gpus.test", "A"): ["10.0.0.1"], ("gpus.test", "TXT"): ["x"]}
        async with naming(zone) as (server, resolver):
            source = DnsSource("gpus.test:8000", resolver=resolver)
            async with following(Fleet(registry), source):
                await changed(registry, lambda: ids(registry) == {"dns-10.0.0.1-8000"})
                break_it(server, trouble)
                await server.questions(6)
                assert ids(registry) == {"dns-10.0.0.1-8000"}
                server.silent, server.rcode = frozenset(), dns.rcode.NOERROR
                server.zone = {("gpus.test", "A"): ["10.0.0.2"]}
                await changed(registry, lambda: ids(registry) == {"dns-10.0.0.2-8000"})

    with caplog.at_level(logging.WARNING):
        run(work)
    assert len([m for m in caplog.messages if "lookup failed" in m]) == 1


def break_it(server, trouble):
    if trouble == "servfail":
        server.rcode = dns.rcode.SERVFAIL
    elif trouble == "nxdomain":
        server.zone = {}
    elif trouble == "empty":
        del server.zone["gpus.test", "A"]
    else:
        server.silent = {"A", "AAAA"}


@pytest.mark.usefixtures("quick")
def test_where_one_kind_of_address_fails_the_known_ones_of_that_kind_stay(registry, monkeypatch):
    monkeypatch.setattr(dns_module, "_LOOKUP_S", 0.1)

    async def work():
        async with naming({("gpus.test", "A"): ["10.0.0.1"], ("gpus.test", "AAAA"): ["fd00::1"]}) as (server, resolver):
            source = DnsSource("gpus.test:80", resolver=resolver)
            async with following(Fleet(registry), source):
                await changed(registry, lambda: len(registry) == 2)
                server.silent = {"A"}
                server.zone = {("gpus.test", "A"): ["10.0.0.9"], ("gpus.test", "AAAA"): ["fd00::2"]}
                await changed(registry, lambda: ids(registry) == {"dns-10.0.0.1-80", "dns-fd00--2-80"})
                server.silent = frozenset()
                server.zone = {("gpus.test", "A"): ["10.0.0.9"]}
                await changed(registry, lambda: ids(registry) == {"dns-10.0.0.9-80"})

    run(work)


@pytest.mark.usefixtures("quick")
def test_a_service_that_is_decidedly_not_there_keeps_the_last_set_too(registry):
    async def work():
        zone = {("_llm._tcp.test", "SRV"): ["0 0 8000 a.test."]}
        async with (
            naming(zone) as (server, resolver),
            following(Fleet(registry), DnsSource("_llm._tcp.test", resolver=resolver)),
        ):
            await changed(registry, lambda: len(registry) == 1)
            server.zone = {("_llm._tcp.test", "SRV"): ["0 0 0 ."]}
            await server.questions(3)
            assert ids(registry) == {"dns-a.test-8000"}

    run(work)


@pytest.mark.parametrize(("ttl", "pause_s"), [(0, 5), (60, 60), (86_400, 300)])
def test_an_answer_is_kept_as_long_as_it_says_within_bounds(monkeypatch, ttl, pause_s):
    pauses = []

    class EnoughError(Exception):
        pass

    async def pause(seconds):
        pauses.append(seconds)
        raise EnoughError

    async def work():
        async with naming({("gpus.test", "A"): ["10.0.0.1"]}) as (server, resolver):
            server.ttl = ttl
            sets = DnsSource("gpus.test:8000", resolver=resolver).desired()
            await anext(sets)
            monkeypatch.setattr(dns_module.asyncio, "sleep", pause)
            with pytest.raises(EnoughError):
                await anext(sets)

    run(work)
    monkeypatch.undo()
    assert pauses == [pause_s]


@pytest.mark.usefixtures("quick")
def test_the_type_is_found_out_where_there_is_a_client_once_it_answers(registry):
    async def work(session):
        async with speaking({}) as server, naming({("gpus.test", "A"): ["127.0.0.1"]}) as (names, resolver):
            source = DnsSource(f"gpus.test:{server.port}", session=session, resolver=resolver)
            async with following(Fleet(registry), source):
                await changed(registry, lambda: len(registry) == 1)
                (backend,) = registry
                assert backend.backend_type == "generic"
                server.answers = {"/api/tags": {"models": []}}
                await changed(registry, lambda: next(iter(registry)).backend_type == "ollama")
                seen = len(server.seen)
                server.answers = {}
                await names.questions(6)
                assert len(server.seen) == seen

    run(work)


def test_the_number_of_servers_is_bounded(monkeypatch):
    monkeypatch.setattr(dns_module, "_ENDPOINTS_MOST", 2)

    async def work():
        async with naming({("gpus.test", "A"): ["10.0.0.1", "10.0.0.2", "10.0.0.3"]}) as (_, resolver):
            assert len(await first(DnsSource("gpus.test:8000", resolver=resolver))) == 2

    run(work)


@pytest.mark.parametrize(
    "spec",
    ["gpus.test", "gpus.test:", "gpus.test:0", "gpus.test:99999", "10.0.0.1:8000", "http://gpus.test:80", "_llm._udp.test", ""],
)
def test_a_spec_that_is_neither_is_refused_with_what_would_do(spec):
    with pytest.raises(InvalidValueError, match="write host:port with a name") as refused:
        DnsSource(spec)
    assert not spec or spec not in str(refused.value)


def test_a_target_that_makes_no_url_does_not_hide_the_others():
    targets = "gpu\\032one.test.", "gpu-2.test.", f"{'a.' * 115}test."
    zone = {("_llm._tcp.gpus.test", "SRV"): [f"0 0 8000 {target}" for target in targets]}

    async def work():
        async with naming(zone) as (_, resolver):
            found = await first(DnsSource("_llm._tcp.gpus.test", resolver=resolver))
        assert [backend.url for backend in found] == ["http://gpu-2.test:8000"]

    run(work)


def test_the_systems_name_servers_are_asked_if_nobody_else_is(monkeypatch):
    asked = []
    real = dns.asyncresolver.Resolver

    def resolver():
        asked.append("system")
        made = real(configure=False)
        made.nameservers = ["127.0.0.1"]
        made.port = 1
        return made

    monkeypatch.setattr(dns_module.dns.asyncresolver, "Resolver", resolver)

    async def work():
        source = DnsSource("gpus.test:8000")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(first(source), 0.05)

    run(work)
    assert asked == ["system"]
    assert DnsSource("gpus.test:8000").name == "dns:gpus.test:8000"
