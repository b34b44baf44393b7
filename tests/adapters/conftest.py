"""Where the originals are installed on purpose, a live comparison that skips is a failure in disguise."""

import os

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped and item.get_closest_marker("original") and os.environ.get("GATEVIZ_NO_ORIGINAL_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} skipped although its original is to be installed: {call.excinfo.value}"
    return report
