"""A new configuration in one atomic step: who stays keeps its counters, who goes finishes its requests."""

from backend_registry import Backend, BackendType, Registry

BEFORE = """
gpu-1 http://10.0.0.1:8000 llama3
gpu-2 http://10.0.0.2:8000 llama3
gpu-3 http://10.0.0.3:8000 llama3
"""
AFTER = """
gpu-1 http://10.0.0.1:8000 llama3 qwen3
gpu-2 http://10.9.9.9:8000 llama3
gpu-4 http://10.0.0.4:8000 qwen3
"""


def read(text: str) -> list[Backend]:
    """Stands for your configuration file."""
    rows = (line.split() for line in text.split("\n") if line)
    return [Backend(name, url, backend_type=BackendType.VLLM, models=models) for name, url, *models in rows]


def main() -> None:
    """Run the example."""
    registry = Registry()
    print(registry.apply(read(BEFORE)).added)

    leases = {lease.backend.id: lease for lease in (registry.acquire("llama3") for _ in range(3))}  # one each: least loaded
    done = registry.apply(read(AFTER))
    print(f"added {done.added}, updated {done.updated}, removed {done.removed}, unchanged {done.unchanged}")

    # gpu-1 got a model and is the same object; gpu-2 moved, so it is another server that starts at zero.
    print({backend.id: backend.pending_requests for backend in registry})
    for lease in leases.values():
        lease.finish()
    print({name: leases[name].backend.total_requests for name in sorted(leases)})
    print({backend.id: backend.total_requests for backend in registry})
    before = registry.revision
    again = registry.apply(read(AFTER))
    print(f"the same again: {len(again.unchanged)} unchanged, {registry.revision - before} new revisions")


if __name__ == "__main__":
    main()
