"""What all tests share: hypothesis without clocks or a database, and nothing left running."""

import psutil
import pytest
from hypothesis import configuration, settings

configuration.set_hypothesis_home_dir("build/hypothesis")
settings.register_profile("tjugo", deadline=None, database=None, derandomize=True)
settings.load_profile("tjugo")


@pytest.fixture(autouse=True, scope="session")
def no_process_left_behind():
    """Every child process that a test starts is gone when the tests are."""
    here = psutil.Process()
    before = {child.pid for child in here.children(recursive=True)}
    yield
    left = [child for child in here.children(recursive=True) if child.pid not in before]
    _, alive = psutil.wait_procs(left, timeout=5)
    names = [f"{child.pid} {' '.join(child.cmdline())}" for child in alive if child.is_running()]
    assert not names, f"processes left behind: {names}"
