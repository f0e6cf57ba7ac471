# SPDX-License-Identifier: ISC
"""Passwords typed at a terminal (D10): both prompts, echo, signals, and what -w does not count."""
import fcntl
import os
import pty
import signal
import subprocess
import termios

import pexpect
import pytest
from pexpect import fdpexpect

import fakes
import runner
from fakes import FakeServer

SOCKS_PROMPT = "Enter SOCKS5 password for bob@127.0.0.1: "
HTTP_PROMPT = "Enter proxy authentication password for bob@127.0.0.1: "
ASK = b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
DATA = b"data from the target"


@pytest.fixture
def pipes():
    """stdin and stdout of connect are pipes, as ssh gives them; the terminal is only for the prompt."""
    class P:
        def __init__(self):
            self.inr, self.inw = os.pipe()
            self.outr, self.outw = os.pipe()
            self.fds = [self.inr, self.inw, self.outr, self.outw]

        def done(self):
            for fd in (self.inr, self.outw):
                os.close(fd)
                self.fds.remove(fd)

        def end(self):
            os.close(self.inw)
            self.fds.remove(self.inw)

        def read(self):
            out = b""
            while True:
                b = os.read(self.outr, 4096)
                if not b:
                    return out
                out += b
    p = P()
    yield p
    for fd in p.fds:
        os.close(fd)


class Terminal(fdpexpect.fdspawn):
    """connect with a controlling terminal of its own, stderr on it, stdin and stdout on the pipes."""

    def __init__(self, pipes, args, env):
        master, slave = pty.openpty()
        self.proc = subprocess.Popen([runner.CONNECT, *args], stdin=pipes.inr, stdout=pipes.outw, stderr=slave,
                                     env=runner.environment(env), start_new_session=True,
                                     preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0))
        os.close(slave)
        pipes.done()
        super().__init__(master, timeout=20)
        self.delaybeforesend = None

    def getecho(self):
        return bool(termios.tcgetattr(self.child_fd)[3] & termios.ECHO)

    def close(self):
        if self.child_fd >= 0:
            os.close(self.child_fd)
        self.child_fd = -1
        self.closed = True


@pytest.fixture
def spawn():
    running = []

    def start(pipes, *args, env=None):
        running.append(Terminal(pipes, args, env))
        return running[-1]
    yield start
    for t in running:
        if t.proc.poll() is None:
            t.proc.kill()
        t.proc.wait()
        t.close()


def echo_off(child):
    runner.wait_until(lambda: not child.getecho(), what="echo off")


def finished(child, rc):
    child.expect(pexpect.EOF)
    assert child.proc.wait(20) == rc, child.before


def flags(child):
    return termios.tcgetattr(child.fileno())


@pytest.mark.parametrize("kind", ["socks", "http"])
def test_prompt_word_for_word_and_echo(pipes, kind, spawn):
    script = fakes.socks5(method=2, data=DATA) if kind == "socks" else fakes.http(ASK, fakes.OK_HEAD, data=DATA)
    with FakeServer(script) as px:
        child = spawn(pipes, "-S" if kind == "socks" else "-H", "bob@" + px.spec, "target.test", "22")
        child.expect_exact(SOCKS_PROMPT if kind == "socks" else HTTP_PROMPT)
        assert child.before == b"", "nothing is printed before the prompt"
        echo_off(child)
        child.send("s3cret\n")
        runner.wait_until(child.getecho, what="echo on again")
        assert flags(child)[3] & termios.ICANON and flags(child)[3] & termios.ISIG
        pipes.end()
        assert pipes.read() == DATA
        child.expect(pexpect.EOF)
        assert b"s3cret" not in child.before and child.before.strip() == b"", child.before
        assert child.proc.wait(20) == 0
    if kind == "socks":
        assert px.conns[0].msgs[1] == b"\1\3bob\6s3cret"
    else:
        assert b"Basic Ym9iOnMzY3JldA==\r\n" in px.got[0]


@pytest.mark.parametrize("user", ["DOM\\user", "j\u00fcrgen", "user@realm", "%s%n", "x" * 255])
def test_the_prompt_has_the_user_as_given(pipes, spawn, user):
    with FakeServer(fakes.socks5(method=2, data=DATA)) as px:
        child = spawn(pipes, "-S", "%s@%s" % (user, px.spec), "target.test", "22")
        child.expect_exact(("Enter SOCKS5 password for %s@127.0.0.1: " % user).encode())
        echo_off(child)
        child.send("pw\n")
        pipes.end()
        assert pipes.read() == DATA
        finished(child, 0)
    u = user.encode()
    assert px.conns[0].msgs[1] == b"\1" + bytes([len(u)]) + u + b"\2pw"


def test_the_terminals_settings_come_back_exactly():
    with FakeServer(fakes.socks5(method=2, data=DATA)) as px:
        child = pexpect.spawn("/bin/sh", env=runner.environment({"PS1": "$ "}), timeout=20)
        child.expect_exact("$ ")
        before = flags(child)
        child.sendline("%s -S bob@%s target.test 22 </dev/null" % (runner.CONNECT, px.spec))
        child.expect_exact(SOCKS_PROMPT)
        echo_off(child)
        child.send("s3cret\n")
        child.expect_exact(DATA)
        child.expect_exact("$ ")
        assert flags(child) == before
        child.close(force=True)


def test_editing_keys_and_any_octets(pipes, spawn):
    for typed, password in (("sx\x7f3cret", "s3cret"), ("junk\x15s3cret", "s3cret"), ("p\u00e4ss w\u00f6rd", "p\u00e4ss w\u00f6rd"), ("", "")):
        p = type(pipes)()
        with FakeServer(fakes.socks5(method=2, data=DATA)) as px:
            child = spawn(p, "-S", "bob@" + px.spec, "target.test", "22")
            child.expect_exact(SOCKS_PROMPT)
            echo_off(child)
            child.send(typed + "\n")
            p.end()
            assert p.read() == DATA
            finished(child, 0)
        for fd in p.fds:
            os.close(fd)
        pw = password.encode()
        assert px.conns[0].msgs[1] == b"\1\3bob" + bytes([len(pw)]) + pw


def test_long_password(pipes, spawn):
    with FakeServer(fakes.socks5(method=2, data=DATA)) as px:
        child = spawn(pipes, "-S", "bob@" + px.spec, "target.test", "22")
        child.expect_exact(SOCKS_PROMPT)
        echo_off(child)
        child.send("x" * 255 + "\n")
        pipes.end()
        assert pipes.read() == DATA
        finished(child, 0)
    assert px.conns[0].msgs[1] == b"\1\3bob\xff" + b"x" * 255


@pytest.mark.parametrize("n", [1023, 1024, 3000])
def test_a_password_that_is_too_long(pipes, spawn, n):
    """Its line is read to the end: nothing of it is left for the shell."""
    with FakeServer(fakes.socks5(method=2), strict=False) as px:
        child = spawn(pipes, "-S", "bob@" + px.spec, "target.test", "22")
        child.expect_exact(SOCKS_PROMPT)
        echo_off(child)
        child.send("x" * n + "\n")
        child.expect_exact("the password is longer than 1022 characters")
        child.expect_exact("FATAL: failed to begin relaying via SOCKS.")
        assert child.getecho()
        finished(child, 6)
    assert px.got == [b"\5\2\0\2"]


@pytest.mark.parametrize("kind", ["socks", "http"])
def test_wrong_password_is_asked_once(pipes, kind, spawn):
    script = fakes.socks5(method=2, status=b"\1\1") if kind == "socks" else fakes.http(ASK)
    with FakeServer(script) as px:
        child = spawn(pipes, "-S" if kind == "socks" else "-H", "bob@" + px.spec, "target.test", "22")
        child.expect_exact(SOCKS_PROMPT if kind == "socks" else HTTP_PROMPT)
        echo_off(child)
        child.send("wrong\n")
        child.expect("ERROR: .*authentication failed.*\r\nFATAL: failed to begin relaying via (SOCKS|HTTP).\r\n")
        assert child.getecho()
        finished(child, 6)
        assert b"Enter" not in child.before


@pytest.mark.parametrize("key", ["\x03", "\x1c"])
def test_ctrl_c_ends_it_and_echo_is_back(key):
    """Typed at the terminal of a shell, which gets the terminal back with echo."""
    with FakeServer(fakes.socks5(method=2), strict=False) as px:
        child = pexpect.spawn("/bin/sh", env=runner.environment({"PS1": "$ "}), timeout=20)
        child.expect_exact("$ ")
        child.sendline("(ulimit -c 0; exec %s -S bob@%s target.test 22 </dev/null)" % (runner.CONNECT, px.spec))
        child.expect_exact(SOCKS_PROMPT)
        echo_off(child)
        child.send("half a pass")
        child.send(key)
        child.expect(r"\$ ")
        assert child.getecho()
        child.close(force=True)
    assert px.got == [b"\5\2\0\2"]


def test_ctrl_c_dies_by_the_signal(pipes, spawn):
    with FakeServer(fakes.socks5(method=2), strict=False) as px:
        child = spawn(pipes, "-S", "bob@" + px.spec, "target.test", "22")
        child.expect_exact(SOCKS_PROMPT)
        echo_off(child)
        child.send("\x03")
        child.expect(pexpect.EOF)
        assert child.proc.wait(20) in (-signal.SIGINT, 130)
    assert px.got == [b"\5\2\0\2"]


def test_ctrl_z_and_fg():
    """A job control shell: Ctrl-Z gives the terminal back with echo; after fg the prompt is there again."""
    with FakeServer(fakes.socks5(method=2, data=DATA)) as px:
        child = pexpect.spawn("/bin/bash", ["--norc", "--noprofile", "--noediting"], env=runner.environment({"PS1": "$ "}), timeout=20)
        child.expect_exact("$ ")
        child.sendline("%s -S bob@%s target.test 22 </dev/null" % (runner.CONNECT, px.spec))
        child.expect_exact(SOCKS_PROMPT)
        echo_off(child)
        child.send("forgotten\x1a")
        which = child.expect(["[Ss]topped", pexpect.TIMEOUT], timeout=5)
        if which == 1:          # Ctrl-Z held back while the password is typed is connect.c's way
            child.send("\x15s3cret\n")
        else:
            child.expect_exact("$ ")
            runner.wait_until(child.getecho, what="echo while stopped")
            child.sendline("fg")
            child.expect_exact(SOCKS_PROMPT)
            echo_off(child)
            child.send("s3cret\n")
        child.expect_exact(DATA)
        child.expect_exact("$ ")
        assert child.getecho()
        child.close(force=True)
    assert px.conns[0].msgs[1] == b"\1\3bob\6s3cret"


def test_w_does_not_count_the_typing(pipes, spawn):
    with FakeServer(fakes.socks5(method=2, data=DATA)) as px:
        child = spawn(pipes, "-w", "1", "--handshake-timeout", "1", "-S", "bob@" + px.spec, "target.test", "22")
        child.expect_exact(SOCKS_PROMPT)
        echo_off(child)
        with pytest.raises(pexpect.TIMEOUT):
            child.expect_exact("never printed", timeout=1.6)       # longer than the deadline
        child.send("s3cret\n")
        pipes.end()
        assert pipes.read() == DATA
        finished(child, 0)


def test_w_goes_on_counting_after_the_typing(pipes, spawn):
    def script(c):
        fakes.s5_greeting(c)
        c.send(b"\5\2")
        c.m = fakes.s5_userpass(c)
        c.rest()                        # and no answer
    with FakeServer(script) as px:
        child = spawn(pipes, "-w", "1", "-S", "bob@" + px.spec, "target.test", "22")
        child.expect_exact(SOCKS_PROMPT)
        echo_off(child)
        child.send("s3cret\n")
        child.expect("ERROR: timed out", timeout=5)
        finished(child, 8)


def test_a_proxy_that_gives_up_while_the_password_is_typed(pipes, spawn):
    def script(c):
        fakes.s5_greeting(c)
        c.send(b"\5\2")
        c.close()
    with FakeServer(script) as px:
        child = spawn(pipes, "-S", "bob@" + px.spec, "target.test", "22")
        child.expect_exact(SOCKS_PROMPT)
        echo_off(child)
        child.send("s3cret\n")
        child.expect_exact("FATAL: failed to begin relaying via SOCKS.")
        assert child.getecho()
        finished(child, 5)


def test_a_terminal_that_goes_away(pipes, spawn):
    """The other side of the terminal is closed while the prompt is up: SIGHUP or end of file, no spinning."""
    with FakeServer(fakes.socks5(method=2), strict=False) as px:
        child = spawn(pipes, "-S", "bob@" + px.spec, "target.test", "22")
        child.expect_exact(SOCKS_PROMPT)
        echo_off(child)
        child.close()
        assert child.proc.wait(20) in (-signal.SIGHUP, 129, 6)
    assert px.got in ([b"\5\2\0\2"], [b"\5\2\0\2\1\3bob\0"]), px.got


def test_end_of_file_at_the_prompt(pipes, spawn):
    with FakeServer(fakes.socks5(method=2), strict=False) as px:
        child = spawn(pipes, "-S", "bob@" + px.spec, "target.test", "22")
        child.expect_exact(SOCKS_PROMPT)
        echo_off(child)
        child.send("\x04")
        child.expect_exact("FATAL: failed to begin relaying via SOCKS.")
        assert child.getecho()
        finished(child, 6)
    assert px.got == [b"\5\2\0\2"]


def test_the_terminal_comes_before_askpass(pipes, tmp_path, spawn):
    ask = tmp_path / "askpass"
    ask.write_text("#!/bin/sh\necho from-askpass\n")
    ask.chmod(0o755)
    with FakeServer(fakes.socks5(method=2, data=DATA)) as px:
        child = spawn(pipes, "-S", "bob@" + px.spec, "target.test", "22", env={"SSH_ASKPASS": str(ask), "DISPLAY": ":0"})
        child.expect_exact(SOCKS_PROMPT)
        echo_off(child)
        child.send("typed\n")
        pipes.end()
        assert pipes.read() == DATA
        finished(child, 0)
    assert px.conns[0].msgs[1] == b"\1\3bob\5typed"


@pytest.mark.parametrize("require,display", [("force", None), ("force", ":0"), ("prefer", ":0")])
def test_askpass_before_the_terminal_when_required(pipes, tmp_path, require, display, spawn):
    ask = tmp_path / "askpass"
    ask.write_text("#!/bin/sh\necho from-askpass\n")
    ask.chmod(0o755)
    with FakeServer(fakes.socks5(method=2, data=DATA)) as px:
        child = spawn(pipes, "-S", "bob@" + px.spec, "target.test", "22",
                      env={"SSH_ASKPASS": str(ask), "DISPLAY": display, "SSH_ASKPASS_REQUIRE": require})
        pipes.end()
        assert pipes.read() == DATA
        finished(child, 0)
        assert b"Enter" not in child.before
    assert px.conns[0].msgs[1] == b"\1\3bob\x0cfrom-askpass"


def test_a_background_job_does_not_spin():
    """The prompt from a background process group: the terminal stops it (SIGTTOU or SIGTTIN), it uses no time."""
    with FakeServer(fakes.socks5(method=2, data=DATA), strict=False) as px:
        child = pexpect.spawn("/bin/bash", ["--norc", "--noprofile", "--noediting"], env=runner.environment({"PS1": "$ "}), timeout=20)
        child.expect_exact("$ ")
        child.sendline("%s -S bob@%s target.test 22 </dev/null & echo pid=$!" % (runner.CONNECT, px.spec))
        child.expect(r"pid=(\d+)\r\n")
        pid = int(child.match.group(1))
        runner.wait_until(lambda: open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[0] == "T", 10, "the job stopped")
        child.sendline("fg")
        child.expect_exact(SOCKS_PROMPT)
        echo_off(child)
        child.send("s3cret\n")
        child.expect_exact(DATA)
        child.close(force=True)
