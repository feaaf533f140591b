"""Your own policy is a class with one method; here: the cheapest server that is not busy."""

from backend_registry import Backend, PickRequest, Registry


class Cheapest:
    """The lowest price among those with the fewest requests per place; the candidates are known to be fit already."""

    def choose(self, candidates: tuple[Backend, ...], request: PickRequest) -> Backend:
        """Compare busyness in steps of four requests first, then the price, then toss a coin."""
        return min(candidates, key=lambda b: (b.pending_requests // 4, float(b.metadata["price"]), request.rng.random()))


def main() -> None:
    """Run the example."""
    registry = Registry()
    for name, price in ("cloud", "9.5"), ("rented", "2.0"), ("own", "0.4"):
        registry.add_backend(Backend(name, f"http://{name}:8000", models=["llama3"], metadata={"price": price}))

    policy = Cheapest()
    leases = [registry.acquire("llama3", policy=policy) for _ in range(10)]
    print([lease.backend.id for lease in leases])

    # Health, intent and exclusion come first, so a policy cannot route to a server that is out.
    registry.drain("rented")
    print(registry.pick("llama3", policy=policy, exclude=["own"]).id)
    for lease in leases:
        lease.finish()


if __name__ == "__main__":
    main()
