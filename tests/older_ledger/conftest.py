"""Run the command line here as its own tests do."""

from tests.cli.conftest import greenlight

__all__ = ["greenlight"]
