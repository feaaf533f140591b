"""The store that a configuration names, or a refusal that says what to do and repeats no password."""

import asyncio
import builtins
import logging

import pytest

from backend_registry import InvalidValueError
from backend_registry.hub.store import MemoryStore, SqliteStore, StoreUnavailableError, open_store
from tests.hub.store.tools import Told

redis = pytest.importorskip("redis")
SECRET = "hunter2hunter2"


@pytest.mark.parametrize(("name", "kind"), [("memory", MemoryStore), ("sqlite", SqliteStore)])
def test_a_store_is_named(name, kind, tmp_path):
    assert type(open_store(name, state_dir=tmp_path)) is kind
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scheme", ["redis", "rediss", "valkey", "valkeys"])
def test_a_redis_or_valkey_is_named_by_its_url(scheme, tmp_path):
    store = open_store(f"{scheme}://user:{SECRET}@10.0.0.5:6379/3?prefix=p", state_dir=tmp_path)
    assert store.kind == "redis"
    facts = store._link._pool.connection_kwargs
    assert (facts["host"], facts["port"], facts["db"], facts["password"]) == ("10.0.0.5", 6379, 3, SECRET)
    assert issubclass(store._link._pool.connection_class, redis.asyncio.SSLConnection) is (scheme in {"rediss", "valkeys"})


def test_files_of_certificates_are_named_in_the_url(tmp_path):
    store = open_store("rediss://10.0.0.5/0?ssl_ca_certs=/etc/my%20ca.pem&prefix=p", state_dir=tmp_path)
    assert store._link._pool.connection_kwargs["ssl_ca_certs"] == "/etc/my ca.pem"


@pytest.mark.parametrize(
    "name",
    [
        "postgres://{}@10.0.0.5/0",
        "{}",
        "redis://",
        "redis://:{}@",
        "redis://10.0.0.5:{}",
        "redis://:{}#@10.0.0.5",
        "redis://10.0.0.5:0/0",
        "redis://10.0.0.5/{}",
        "redis://10.0.0.5/0?password={}",
        "redis://10.0.0.5/0?ssl_cert_reqs=none",
        "redis://10.0.0.5/0?{}",
        "redis://[{}",
    ],
)
def test_what_is_no_store_is_refused_without_repeating_it(name, tmp_path):
    with pytest.raises(InvalidValueError) as refusal:
        open_store(name.format(SECRET), state_dir=tmp_path)
    assert refusal.value.field == "store"
    assert SECRET not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


def test_a_missing_library_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch):
    found = builtins.__import__

    def without_redis(name, *rest):
        if name == "redis":
            raise ImportError(name)
        return found(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_redis)
    with pytest.raises(InvalidValueError, match=r'python -m pip install "backend-registry\[redis\]"'):
        open_store("redis://10.0.0.5", state_dir=tmp_path)


def test_a_password_is_in_no_text_of_a_store_or_its_failures(server, tmp_path, caplog):

    caplog.set_level(logging.DEBUG)
    wrong = server(password="right").url.replace("right", SECRET)
    store = open_store(wrong, state_dir=tmp_path)

    async def work():
        with pytest.raises(StoreUnavailableError) as refusal:
            await store.open(Told())
        await store.close()
        return str(refusal.value), store.degraded

    texts = [*asyncio.run(work()), repr(store), repr(store._address), caplog.text]
    assert not [text for text in texts if SECRET in text]
    assert "AuthenticationError" in caplog.text
