# SPDX-License-Identifier: ISC
"""The start of a run with numbers for proxy and target: which system calls, and nothing that the run does not need - no
thread, no name, no service, no user database, no locale, no program.
"""
import os
import re
import socket

import pytest

import fakes
import realservers
import runner
from fakes import FakeServer, HELLO, BYE

# What may be opened between main() and the first octet to the proxy.
FILES = {"/dev/null", "/etc/connectrc", os.path.join(runner.HOME, ".connectrc")}
NEVER = {"clone", "clone3", "fork", "vfork", "execve", "mmap", "brk", "getdents64", "pipe", "pipe2", "futex", "uname", "ioctl"}


def calls_of(tmp_path, *args, **kw):
    """[(name, the line)] from main() on, which begins with the signals."""
    log = tmp_path / "calls"
    res = runner.run(*args, command=[realservers.program("strace"), "-f", "-qq", "-s", "200", "-o", str(log), runner.CONNECT],
                     **kw)
    lines = [re.sub(r"^\d+ +", "", x) for x in log.read_text().splitlines()]
    if not lines or "ptrace" in res.text:
        pytest.skip("strace may not trace here: %s" % res.text.strip())
    first = [i for i, x in enumerate(lines) if "SIGPIPE" in x][0]
    return res, [(x.split("(")[0], x) for x in lines[first:]]


def until_it_speaks(calls):
    return calls[:[i for i, (name, _) in enumerate(calls) if name in ("sendto", "send")][0]]


WAYS = {"socks5": (["-S"], fakes.socks5), "socks4": (["-4", "-S"], fakes.socks4), "http": (["-H"], fakes.http)}


@pytest.mark.skipif(runner.sanitized(), reason="the sanitizer's own calls would be seen")
@pytest.mark.parametrize("name", sorted(WAYS))
def test_nothing_that_is_not_needed(tmp_path, name):
    words, script = WAYS[name]
    with FakeServer(script()) as px:
        res, calls = calls_of(tmp_path, *words, "bob@" + px.spec, "192.0.2.1", "22", stdin=BYE)
    assert (res.rc, res.out) == (0, HELLO), res
    start = until_it_speaks(calls)
    opened = [re.search(r'"([^"]*)"', x).group(1) for n, x in start if n in ("open", "openat")]
    assert set(opened) <= FILES and len(opened) == len(set(opened)), opened
    assert [x for n, x in start if n == "read"] == []
    assert [x for n, x in calls if n in NEVER - {"ioctl", "uname"}] == []
    assert len([x for n, x in calls if n == "uname"]) <= 1      # can a pipe be written without waiting?
    assert [x for n, x in start if n in NEVER] == []
    assert len([x for n, x in calls if n == "socket"]) == 1
    assert len(start) <= 25, "\n".join(x for _, x in start)


@pytest.mark.skipif(runner.sanitized(), reason="the sanitizer's own calls would be seen")
def test_descriptor_passing_ends_with_the_descriptor(tmp_path):
    mine, its = socket.socketpair()
    with mine, its, FakeServer(fakes.socks5()) as px:
        res, calls = calls_of(tmp_path, "-F", "-S", px.spec, "192.0.2.1", "22", stdout=its)
        data, fds, _, _ = socket.recv_fds(mine, 10, 4)
        for fd in fds:
            os.close(fd)
    assert res.rc == 0 and (data, len(fds)) == (b"\0", 1), res
    names = [n for n, _ in calls]
    after = names[names.index("sendmsg"):]
    assert set(after) <= {"sendmsg", "close", "exit_group", "exit", "+++ exited with 0 +++"}, after
    assert names.count("socket") == 1
