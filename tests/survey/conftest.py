"""Lines whose context is known, for claims about it."""

from tests.studies.context_lines import sources  # noqa: F401
