"""Tests of backend_registry; a package, so that no other package named `tests` can take its place."""
