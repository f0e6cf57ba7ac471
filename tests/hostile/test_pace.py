# SPDX-License-Identifier: ISC
"""Proxies that waste time: one octet now and then, nothing read, nothing said.  The deadlines of connect(1) hold."""
import contextlib
import itertools
import socket
import threading

import pytest

import fakes
from trial import BOUND_KB, SANITIZED, Trial

ASK = b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\n"


def nothing(c):
    pass


def s5(c):
    fakes.s5_greeting(c)
    c.send(b"\5\0")
    fakes.s5_request(c)


def opening(c):
    s5(c)
    c.send(fakes.S5_REPLY)


class Held:
    """A script that reads nothing more, and says nothing more, until it is let go."""

    def __init__(self, before=nothing):
        self.before, self.end = before, threading.Event()

    def __call__(self, c):
        self.before(c)
        self.end.wait(30)

    def let_go(self):
        self.end.set()


SLOW = {
    "socks5 name": (["-S"], s5, b"\5\0\0\3\xff", b"\x1b"),
    "http status": (["-H"], fakes.Conn.head, b"HTTP/1.1 200 ", b"\x1b"),
    "http fields": (["-H"], fakes.Conn.head, b"HTTP/1.1 200 OK\r\n", b"A:\x1b\r\n"),
    "http body": (["-H"], fakes.Conn.head, ASK + b"Content-Length: 60000\r\n\r\n", b"\0"),
    "http chunks": (["-H"], fakes.Conn.head, ASK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "telnet": (["-T"], nothing, b"", b"\x1b"),
    "telnet options": (["-T"], nothing, b"", b"\xff\xfb\x01"),
}


@pytest.mark.parametrize("options", [["--handshake-timeout", "0.2"], ["-w", "0.6"]], ids=["handshake", "w"])
@pytest.mark.parametrize("name", SLOW)
def test_an_octet_now_and_then_for_ever(name, options):
    method, before, text, ever = SLOW[name]

    def script(c):
        before(c)
        c.send(text)
        c.sock.settimeout(0.02)
        for octet in itertools.cycle(ever):
            c.send(bytes([octet]))
            with contextlib.suppress(socket.timeout):
                if c.ended or not c.sock.recv(4096):
                    return
    Trial(script, *options, *method, "PROXY").holds(8, "timed out: ")


@pytest.mark.parametrize("method", [["-S"], ["-a", "userpass", "--pipeline", "-S"], ["-4", "-S"], ["-H"], ["-T"]], ids=" ".join)
@pytest.mark.parametrize("options", [["--handshake-timeout", "0.2"], ["-w", "0.4"]], ids=["handshake", "w"])
def test_a_proxy_that_reads_nothing_and_says_nothing(method, options):
    """It accepts and that is all; the end comes by the deadline."""
    t = Trial(held := Held(), *options, *method, "PROXY", after=held.let_go)
    t.holds(8, "did not send the .* in time")


def test_a_session_that_is_never_read_ends_by_its_idle_limit_and_holds_little():
    """The send buffer is full: what is read of standard input is bounded.  No limit is on unless asked for (D24)."""
    t = Trial(held := Held(opening), "--idle-timeout", "0.3", "-S", "PROXY", stdin=b"u" * (64 << 20), after=held.let_go)
    assert t.res.rc == 8 and "the session with %s was idle" % t.party in t.res.text, t.res
    assert SANITIZED or t.peak_kb < BOUND_KB, t.peak_kb


@pytest.mark.parametrize("method,script", [
    (["-S"], fakes.socks5), (["-4", "-S"], fakes.socks4), (["-H"], fakes.http)])
def test_a_proxy_that_reads_one_octet_at_a_time(method, script):
    data = bytes(range(256)) * 64

    def then(c, _):
        got = c.buf
        c.buf = b""
        while len(got) < len(data):
            got += c.sock.recv(1)
        c.send(b"all" if got == data else b"not all")
        c.half_close()
        c.rest()
    Trial(script(then=then), *method, "PROXY", stdin=data).holds(0, None, out=b"all")
