"""`python -m backend_registry.serve`: registry, health checks, discovery, gateway and node API in one process.

The composition root: the only package that knows all others. `cli` reads what is wanted, `router` puts the parts together and
runs them; what needs the extra `server` is imported only after it was looked for.
"""

from backend_registry.serve.cli import main

__all__ = ("main",)
