"""Words that the tests of the core share: a backend in a few letters, what a registry holds, and whether it is sound."""

import contextlib

from backend_registry import Backend, BackendStatus


def backend(name="a", models=("m",), **fields):
    """A backend of this id at a url of its own."""
    return Backend(**{"id": name, "url": f"http://{name}:8000", "models": models, **fields})


def add(registry, *ids, models=("m",), **fields):
    """Register one backend per id; returns the objects."""
    added = [backend(name, models, **fields) for name in ids]
    for each in added:
        registry.add_backend(each)
    return added


def ids(backends):
    """The ids of backends, in their order."""
    return [each.id for each in backends]


def everything(registry):
    """All that can be seen of a registry: objects, records, index, revision and counters."""
    return (
        registry.snapshot(),
        tuple(map(id, registry.get_all_backends())),
        tuple(map(id, registry.get_healthy_backends())),
        [(b.pending_requests, b.tally, b.pending_underflows, b.last_health_check) for b in registry],
        {model: ids(registry.candidates(model)) for model in registry.snapshot().models},
        registry.leaked_leases,
    )


@contextlib.contextmanager
def unchanged(registry):
    """Whatever happens inside leaves the registry exactly as it was."""
    before = everything(registry)
    yield
    assert everything(registry) == before
    assert_sound(registry)


def assert_sound(registry):
    """The invariants: index, records, health list, urls and counts say the same."""
    snapshot = registry.snapshot()
    backends = registry.get_all_backends()
    assert snapshot.revision == registry.revision
    assert snapshot.epoch == registry.epoch
    assert snapshot.backends == tuple(each.record for each in backends)
    assert len(registry) == registry.backend_count() == len(backends) == len({each.id for each in backends})
    served = {}
    for each in backends:
        assert registry.get_backend(each.id) is each
        assert each.pending_requests >= 0
        assert registry.has_backend_url(each.url)
        for model in each.models:
            served.setdefault(model.id, set()).add(each.id)
    assert {model: set(serving) for model, serving in snapshot.models.items()} == served
    assert registry.model_count() == len(served)
    for model, serving in snapshot.models.items():
        assert len(serving) == len(set(serving))
        found = registry.get_backends_for_model(model)
        assert ids(found) == list(serving)
        ready = registry.candidates(model)
        assert len(ready) == len(set(ready))
        assert {each for each in found if each.available} == set(ready)
    assert set(registry.get_healthy_backends()) == {each for each in backends if each.status is BackendStatus.HEALTHY}


def changes(watch):
    """All changes that a watch has now."""
    return list(iter(watch.poll, None))
