"""Servers that announce themselves, by a real multicast DNS responder on loopback."""

import contextlib
import ipaddress
import logging
import uuid

import pytest

from backend_registry import BackendStatus
from backend_registry.discovery import Fleet, MdnsSource, MissingExtraError
from backend_registry.discovery import mdns as mdns_module
from tests.discovery.tools import changed, following, run, speaking

zeroconf = pytest.importorskip("zeroconf")
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf  # noqa: E402

LOOPBACK = ["127.0.0.1"]


@pytest.fixture(autouse=True)
def own_services(monkeypatch):
    """Service types that no other test run on this machine hears of."""
    tag = uuid.uuid4().hex[:8]
    types = (f"_ollama{tag}._tcp.local.", f"_llm{tag}._tcp.local.")
    monkeypatch.setattr(mdns_module, "SERVICE_TYPES", types)
    return types


@contextlib.asynccontextmanager
async def network():
    async with AsyncZeroconf(interfaces=LOOPBACK) as responder:
        yield responder


def service(service_type, name="Studio Mac", port=11434, addresses=("127.0.0.1",), **properties):
    return AsyncServiceInfo(
        service_type,
        f"{name}.{service_type}",
        port=port,
        addresses=[ipaddress.ip_address(address).packed for address in addresses],
        properties=properties,
        server=f"{uuid.uuid4().hex}.local.",
    )


async def announce(responder, info):
    """Announce a service; what is returned is to be awaited by who wants its last repetition to be out as well."""
    return await responder.async_register_service(info, cooperating_responders=True)


@contextlib.asynccontextmanager
async def listening(registry, session, **options):
    fleet = Fleet(registry)
    source = MdnsSource(session, interfaces=LOOPBACK)
    for name, value in options.items():
        setattr(source, name, value)
    async with network() as responder, following(fleet, source):
        yield responder, fleet


def test_an_announced_server_is_taken_over_with_what_it_tells(registry, own_services):
    async def work(session):
        async with listening(registry, session) as (responder, _):
            await announce(responder, service(own_services[0], version="0.12.1"))
            await announce(responder, service(own_services[1], "vLLM #2", 8000, type="vllm", api_path="/v1"))
            await changed(registry, lambda: len(registry) == 2)
        ollama, vllm = sorted(registry, key=lambda backend: backend.id)
        assert (ollama.id, ollama.name, ollama.url) == ("mdns-studio-mac-11434", "Studio Mac", "http://127.0.0.1:11434")
        assert (ollama.backend_type, dict(ollama.metadata)) == ("ollama", {"version": "0.12.1"})
        assert (vllm.id, vllm.url, vllm.backend_type) == ("mdns-vllm-2-8000", "http://127.0.0.1:8000", "vllm")
        assert {backend.record.discovery_source for backend in registry} == {"mdns"}

    run(work)


def test_the_type_is_found_out_where_it_is_not_told(registry, own_services):
    async def work(session):
        async with speaking({"/v1/models": {"data": [{"owned_by": "llamacpp"}]}}) as server:
            async with listening(registry, session) as (responder, _):
                await announce(responder, service(own_services[1], port=server.port, type="spaceship"))
                await announce(responder, service(own_services[1], "Nobody", port=1))
                await changed(registry, lambda: len(registry) == 2)
            assert {backend.name: backend.backend_type for backend in registry} == {
                "Studio Mac": "llamacpp",
                "Nobody": "generic",
            }

    run(work)


def test_a_server_that_takes_its_announcement_back_is_unknown_and_then_gone(registry, own_services):
    async def work(session):
        async with listening(registry, session, grace_s=0.1) as (responder, _):
            info = service(own_services[0])
            await (await announce(responder, info))
            await changed(registry, lambda: len(registry) == 1)
            (backend,) = registry
            registry.update_status(backend.id, BackendStatus.HEALTHY)
            await responder.async_unregister_service(info)
            await changed(registry, lambda: backend.status is BackendStatus.UNKNOWN)
            await changed(registry, lambda: len(registry) == 0)

    run(work)


def test_a_server_that_comes_back_in_time_stays(registry, own_services):
    async def work(session):
        async with listening(registry, session, grace_s=60) as (responder, _):
            info = service(own_services[0])
            await (await announce(responder, info))
            await changed(registry, lambda: len(registry) == 1)
            (backend,) = registry
            registry.update_status(backend.id, BackendStatus.HEALTHY)
            await responder.async_unregister_service(info)
            await changed(registry, lambda: backend.status is BackendStatus.UNKNOWN)
            await announce(responder, service(own_services[0], version="2"))
            await changed(registry, lambda: dict(backend.metadata) == {"version": "2"})
            assert list(registry) == [backend]

    run(work)


def test_a_server_that_is_in_the_file_too_is_the_files(registry, own_services):
    from backend_registry import Backend

    async def work(session):
        async with listening(registry, session) as (responder, fleet):
            fleet.offer("file", [Backend("mine", "http://127.0.0.1:11434")])
            await announce(responder, service(own_services[0]))
            await announce(responder, service(own_services[0], "Other", 11435))
            await changed(registry, lambda: len(registry) == 2)
            assert {fleet.source_of(backend.id): backend.id for backend in registry} == {
                "file": "mine",
                "mdns": "mdns-other-11435",
            }

    run(work)


def test_a_server_that_is_announced_as_two_services_is_one_backend(registry, own_services):
    async def work(session):
        async with listening(registry, session) as (responder, _):
            await announce(responder, service(own_services[1], "A", type="generic"))
            await announce(responder, service(own_services[0], "B"))
            await changed(registry, lambda: {backend.backend_type for backend in registry} == {"ollama"})
            assert len(registry) == 1

    run(work)


def test_what_makes_no_sense_is_left_out(registry, own_services, caplog, monkeypatch):
    monkeypatch.setattr(mdns_module, "_RESOLVE_MS", 300)

    async def work(session):
        async with listening(registry, session) as (responder, _):
            await announce(responder, service(own_services[0], "Nowhere", addresses=["224.0.0.1"]))
            await announce(responder, service(own_services[0], "No port", port=0))
            await announce(responder, service(own_services[0], "Bad path", api_path="a\x07b"))
            await announce(responder, service(own_services[0], "Good", 8000))
            await changed(registry, lambda: len(registry) > 0)
            assert [backend.name for backend in registry] == ["Good"]

    with caplog.at_level(logging.WARNING):
        run(work)
    assert "was refused: url: holds a control character" in caplog.text


def test_ipv4_is_preferred(own_services):
    both = service(own_services[0], addresses=["fd00::1", "fe80::1", "10.0.0.1"])
    assert mdns_module._address(both) == "10.0.0.1"
    assert mdns_module._address(service(own_services[0], addresses=["fe80::1", "fd00::1"])) == "fd00::1"
    assert mdns_module._address(service(own_services[0], addresses=["fe80::1"])) is None


def test_servers_are_bounded(registry, own_services, monkeypatch):
    monkeypatch.setattr(mdns_module, "_SERVICES_MOST", 1)

    async def work(session):
        async with listening(registry, session) as (responder, _):
            await announce(responder, service(own_services[0], "First", 8001))
            await changed(registry, lambda: len(registry) == 1)
            await announce(responder, service(own_services[0], "Second", 8002))
            await (await responder.async_update_service(service(own_services[0], "First", 8001, version="2")))
            await changed(registry, lambda: dict(next(iter(registry)).metadata) == {"version": "2"})
            assert [backend.name for backend in registry] == ["First"]

    run(work)


def test_without_zeroconf_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setattr(mdns_module.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r'pip install "backend-registry\[mdns\]"') as refused:
        MdnsSource(None)
    assert isinstance(refused.value, ImportError)


def test_a_name_without_a_server_behind_it_is_given_up(own_services, monkeypatch):
    monkeypatch.setattr(mdns_module, "_RESOLVE_MS", 50)

    async def work(session):
        async with network() as asking:
            assert await MdnsSource(session)._resolved(asking, f"Ghost.{own_services[0]}", own_services[0]) is None

    run(work)


def test_a_flood_of_names_is_bounded_and_the_last_word_about_each_counts(own_services, monkeypatch):
    monkeypatch.setattr(mdns_module, "_UNREAD_MOST", 2)
    added, removed = zeroconf.ServiceStateChange.Added, zeroconf.ServiceStateChange.Removed

    async def work():
        news = mdns_module._News()
        for name, change in (("a", added), ("b", added), ("c", added), ("a", removed)):
            news.heard(None, own_services[0], name, change)
        assert await news.take() == {"a": None, "b": own_services[0]}

    run(work)
