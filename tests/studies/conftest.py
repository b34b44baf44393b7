"""Commands of studies are run as those of the command line; lines whose context is known."""

from tests.cli.conftest import chinese_letters, here, run_fixture  # noqa: F401
from tests.plot.conftest import font_list  # noqa: F401
from tests.studies.context_lines import sources  # noqa: F401
