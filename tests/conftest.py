from __future__ import annotations

import os
import shutil
import signal

import pytest
from hypothesis import HealthCheck, settings

# TONNE_EXAMPLES=100000 runs the long form of the property tests.
settings.register_profile(
    "tonne",
    max_examples=int(os.environ.get("TONNE_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize="CI" in os.environ,
)
settings.load_profile("tonne")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the ```output fences of the test pages")


def pytest_configure(config: pytest.Config) -> None:
    """The tests keep parsed files in pytest's own cache, and leave that of the user alone.

    A shell starts what runs in its background deaf to Ctrl-C, which the programs under test would inherit.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert config.cache is not None
    os.environ.setdefault("TONNE_CACHE_DIR", str(config.cache.mkdir("tonne")))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`@pytest.mark.needs("zsh")`: without the program the test is left out, and named at the end."""
    for item in items:
        for mark in item.iter_markers("needs"):
            for program in mark.args:
                if shutil.which(program) is None:
                    item.add_marker(pytest.mark.skip(reason=f"{item.name}: {program} is not installed"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With TONNE_LEAVE_NONE_OUT, as in CI, a test that is left out fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("TONNE_LEAVE_NONE_OUT") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
