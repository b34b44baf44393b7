"""One thread for torch, in the test files that import the fixture.

Networks as small as those of tests gain nothing from several threads, and where other programs keep
the cores busy each step waits for the slowest of them: a file of seconds takes minutes then.
"""

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """Holds for every test of the file that imports it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
