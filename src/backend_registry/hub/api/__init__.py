"""The HTTP API of the hub: endpoints as tables, and their handlers."""
