"""Commands of studies are run as those of the command line."""

from tests.cli.conftest import chinese_letters, run_fixture  # noqa: F401
