# SPDX-License-Identifier: ISC
"""Fixtures for the tests of proxyspec's command line: the program, servers that are ended by their pid, small traces."""
import collections
import os
import pathlib
import select
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
PROXYSPEC = str(BUILD / "proxyspec")
FAKEPROXY = str(BUILD / "fakeproxy")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes long; run by a make target of its own (-m slow)")


def pytest_collection_modifyitems(config, items):
    """Slow tests run only when a -m expression asks for them."""
    if not config.option.markexpr:
        slow = [i for i in items if i.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [i for i in items if i not in slow]


Done = collections.namedtuple("Done", "status out err")

TRACE = """case:  %(id)s
title: a trace of the tests
spec:  RFC1928 \u00a76 "the client may now start passing data" %(level)s
tests: both
needs: socks5 noauth
level: %(level)s
given: host=127.0.0.1 port=7007
req:   S5-REQ-57
why:   It is played by the tests.

--- method selection                               RFC1928 \u00a73
C> 050100
P> VER:u8=5 METHOD:u8=%(method)s
"""


def clean_env(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PROXYSPEC_")}
    env.update(LC_ALL="C.UTF-8", **more)
    return env


@pytest.fixture
def spec():
    """spec("list", ...) runs proxyspec and gives (status, out, err)."""
    assert os.access(PROXYSPEC, os.X_OK), f"{PROXYSPEC} is not built"

    def run(*args, env=None, stdout=subprocess.PIPE, **kw):
        p = subprocess.run([PROXYSPEC, *map(str, args)], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
                           timeout=120, env=clean_env(**(env or {})), **kw)
        return Done(p.returncode, (p.stdout or b"").decode(), p.stderr.decode())

    return run


@pytest.fixture
def fake():
    """fake("socks5", ...) starts a fakeproxy and gives its port."""
    running = []

    def start(*args, program=FAKEPROXY):
        p = subprocess.Popen([program, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        running.append(p)
        assert select.select([p.stdout], [], [], 20)[0], "fakeproxy does not listen"
        words = p.stdout.readline().split()
        assert words[:1] == ["listening"], words
        return int(words[2])

    yield start
    for p in running:
        p.terminate()
        p.wait()
        p.stdout.close()


@pytest.fixture
def socks5(fake):
    return f"socks5://127.0.0.1:{fake('socks5')}"


@pytest.fixture
def trace(tmp_path):
    """trace("a/b", method=0, level="MUST", more="T: accept") writes a trace; trace.dir is the folder."""
    folder = tmp_path / "traces"
    folder.mkdir()

    def write(id="a/b", method="0", level="MUST", more=""):
        path = folder / (id.replace("/", "-") + ".pxt")
        path.write_text(TRACE % {"id": id, "method": method, "level": level} + more)
        return path

    write.dir = folder
    return write


def counts(out):
    """The verdicts of the report for people, without those that are 0."""
    lines = out.splitlines()
    at = max(i for i, line in enumerate(lines) if line.endswith(" s") and " case" in line)
    words = lines[at + 1].split("(")[0].split()
    return {v: int(n) for v, n in zip(words[::2], words[1::2]) if n != "0"}
