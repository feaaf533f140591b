"""Two servers, one request: register, choose and count in one step, look at what happened."""

from backend_registry import Backend, BackendType, Model, NoBackendError, Registry


def main() -> None:
    """Run the example."""
    registry = Registry()
    registry.add_backend(Backend("gpu-1", "http://10.0.0.1:8000", backend_type=BackendType.VLLM, models=["llama3:8b"]))
    registry.add_backend(
        Backend(
            "laptop",
            "http://10.0.0.2:11434/v1",
            backend_type=BackendType.OLLAMA,
            models=["llama3:8b", Model("qwen3", context_length=32_768, supports_tools=True)],
        )
    )

    # Choosing and counting is one step: nobody can be chosen twice for one place.
    with registry.acquire("qwen3") as lease:
        print(f"{lease.model} goes to {lease.backend.id} at {lease.url}, in flight: {lease.backend.pending_requests}")
        # Here the router would send the request. The block's end says how it went: an exception is a failure.
    print(f"in flight: {lease.backend.pending_requests}, total: {lease.backend.total_requests}")

    # Why is nobody chosen? The error says it per backend, in codes that a program can read.
    registry.disable("laptop")
    try:
        registry.pick("qwen3")
    except NoBackendError as error:
        print(error.reasons)

    for decision in registry.explain("llama3:8b"):
        print(f"{decision.backend_id}: {'may be picked' if decision.eligible else decision.detail}")


if __name__ == "__main__":
    main()
