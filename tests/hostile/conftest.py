# SPDX-License-Identifier: ISC
"""Tests of connect against proxies that mean harm.  The scripted servers and the runner are those of tests/e2e."""
import os
import pathlib
import signal
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
import runner  # noqa: E402

signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def preconditions():
    assert os.access(runner.CONNECT, os.X_OK), "%s is not built (CONNECT names another)" % runner.CONNECT
    assert os.geteuid() == 0, "these tests need root: they read the memory of other users' processes"
