# SPDX-License-Identifier: ISC
"""Fixtures for the end-to-end tests of fakeproxy: a network of their own, and servers that are ended by their pid."""
import os
import pathlib
import resource
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import lab as lab_module   # noqa: E402
import server              # noqa: E402

HERE = pathlib.Path(__file__).parent


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes minutes; run by a make target of its own (-m slow)")


def pytest_collection_modifyitems(config, items):
    """Slow tests run only when a -m expression asks for them."""
    if config.option.markexpr:
        return
    slow = [i for i in items if i.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [i for i in items if not i.get_closest_marker("slow")]


@pytest.fixture(scope="package", autouse=True)
def lab():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    assert os.access(server.BINARY, os.X_OK), f"{server.BINARY} is not built (FAKEPROXY names another one)"
    here = lab_module.Lab()
    yield here
    here.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def fake():
    """fake("socks5", ...) starts a server; at the end each must still live and end with status 0."""
    running = []

    def start(*args, **kw):
        f = server.Fake(*args, **kw)
        running.append(f)
        return f

    yield start
    errors = []
    for f in running:
        try:
            f.finish()
        except AssertionError as e:
            errors.append(e)
    if errors:
        raise errors[0]


@pytest.fixture(scope="module")
def shared():
    """The same, for servers that a whole file uses: started once per argument list."""
    running = {}

    def start(*args):
        if args not in running:
            running[args] = server.Fake(*args)
        f = running[args]
        assert f.proc.poll() is None, f"fakeproxy died: {f._state()}"
        return f

    yield start
    errors = []
    for f in running.values():
        try:
            f.finish()
        except AssertionError as e:
            errors.append(e)
    if errors:
        raise errors[0]


@pytest.fixture(scope="package", autouse=True)
def no_child_left(lab):
    yield
    path = f"/proc/{os.getpid()}/task/{os.getpid()}/children"
    with open(path) as f:
        left = f.read().split()
    names = []
    for pid in left:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            names.append(f.read().replace(b"\0", b" ").decode())
    assert not left, f"processes left over: {names}"
