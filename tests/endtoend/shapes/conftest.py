"""What the walks share with the tests of the command line."""

from tests.cli.conftest import greenlight  # noqa: F401 - a fixture
