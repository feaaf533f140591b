"""Runs the command."""

import sys

from backend_registry.serve.cli import main

if __name__ == "__main__":
    sys.exit(main())
