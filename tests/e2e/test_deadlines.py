# SPDX-License-Identifier: ISC
"""Deadlines of the handshake (D24), relayed and with descriptor passing: a proxy that stops at any octet of any of its
messages, or sends one octet now and then for ever, ends the run with status 8 and a sentence that names the message.
"""
import concurrent.futures
import contextlib
import itertools
import os
import socket

import pytest

import fakes
import runner
from fakes import FakeServer, HELLO, BYE
from runner import Running, run

ASK = b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\n"
PW = {"SOCKS5_PASSWORD": "pw", "HTTP_PROXY_PASSWORD": "pw"}


# What is awaited when n octets of a message have come.
def words(text):
    return lambda reply, n: text


def http_part(reply, n):
    if n < reply.index(b"\n") + 1:
        return "HTTP status line"
    if n < reply.index(b"\r\n\r\n") + 4:
        return "rest of the HTTP response's header"
    return "rest of the HTTP response's body"


METHOD, STATUS = words("SOCKS5 method selection"), words("SOCKS5 authentication status")
REPLY5, REPLY4, TELNET = words("SOCKS5 reply"), words("SOCKS4 reply"), words("telnet proxy's answer")
BND6 = bytes.fromhex("05000004 20010db8000000000000000000000001 0016")
BNDNAME = b"\5\0\0\3\x09localhost\0\x16"
greeting, userpass, request5, request4 = fakes.s5_greeting, fakes.s5_userpass, fakes.s5_request, fakes.s4_request
head, CLOSE = fakes.Conn.head, "close"


def line(c):
    c.until(b"\n")


def everything(c):
    """What --pipeline sends in one."""
    fakes.s5_greeting(c)
    if c.buf[:1] == b"\1":
        fakes.s5_userpass(c)
    fakes.s5_request(c)


def nothing(c):
    pass


# name: (options, [(what is read first, the reply, what is awaited, CLOSE)]); the conversation may go over connections
CASES = {
    "socks5 none": (["-a", "none", "-S"], [(greeting, b"\5\0", METHOD), (request5, fakes.S5_REPLY, REPLY5)]),
    "socks5 none, BND is IPv6": (["-S"], [(greeting, b"\5\0", METHOD), (request5, BND6, REPLY5)]),
    "socks5 none, BND is a name": (["-S"], [(greeting, b"\5\0", METHOD), (request5, BNDNAME, REPLY5)]),
    "socks5 userpass": (["-S"], [(greeting, b"\5\2", METHOD), (userpass, b"\1\0", STATUS),
                                 (request5, fakes.S5_REPLY, REPLY5)]),
    "socks5 pipelined none": (["--pipeline", "-a", "none", "-S"],
                              [(everything, b"\5\0", METHOD), (nothing, fakes.S5_REPLY, REPLY5)]),
    "socks5 pipelined userpass": (["--pipeline", "-a", "userpass", "-S"],
                                  [(everything, b"\5\2", METHOD), (nothing, b"\1\0", STATUS),
                                   (nothing, fakes.S5_REPLY, REPLY5)]),
    "socks4": (["-4", "-S"], [(request4, fakes.S4_GRANT, REPLY4)]),
    "socks4a": (["-4", "-R", "remote", "-S"], [(request4, fakes.S4_GRANT, REPLY4)]),
    "http": (["-H"], [(head, fakes.OK_HEAD, http_part)]),
    "http/1.0": (["--http1.0", "-H"], [(head, b"HTTP/1.0 200 OK\r\n\r\n", http_part)]),
    "http interim": (["-H"], [(head, b"HTTP/1.1 100 Continue\r\n\r\n", http_part),
                              (nothing, b"HTTP/1.1 200 OK\r\n\r\n", http_part)]),
    "http 407 kept": (["-H"], [(head, ASK + b"Content-Length: 5\r\n\r\n12345", http_part),
                               (head, b"HTTP/1.1 200 OK\r\n\r\n", http_part)]),
    "http 407 kept, chunked": (["-H"], [(head, ASK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", http_part),
                                        (head, b"HTTP/1.1 200 OK\r\n\r\n", http_part)]),
    "http 407 closed": (["-H"], [(head, ASK + b"Connection: close\r\n\r\n", http_part, CLOSE),
                                 (head, b"HTTP/1.1 200 OK\r\n\r\n", http_part)]),
    "http 401 closed": (["-H"], [(head, b"HTTP/1.0 401 X\r\nWWW-Authenticate: Basic realm=x\r\n\r\n", http_part, CLOSE),
                                 (head, b"HTTP/1.0 200 OK\r\n\r\n", http_part)]),
    "telnet": (["-T"], [(line, b"Trying...\r\nConnected to x.\r\n", TELNET)]),
    "telnet with a greeting": (["-T"], [(nothing, b"\xff\xfb\x01hi\r\nlogin: ", TELNET),
                                        (line, b"Connected to x.\r\n", TELNET)]),
}


def stop_after(exchanges, octets):
    """The script of a proxy that says so many octets and then nothing."""
    state = {"left": octets, "i": 0}

    def script(c):
        while True:
            read, reply, _, *how = exchanges[state["i"]]
            read(c)
            part = reply[:state["left"]]
            state["left"] -= len(part)
            state["i"] += len(part) == len(reply)       # before it is said: the next connection may come at once
            if part:
                c.send(part)
            if len(part) < len(reply):
                c.rest()
                return
            if how:
                c.half_close()
                c.rest()
                return
    return script


def awaited(exchanges, octets):
    for _, reply, what, *_ in exchanges:
        if octets < len(reply):
            return what(reply, octets)
        octets -= len(reply)


class Outlet:
    """Standard output of the run: a pipe, or with descriptor passing one end of a socket pair."""

    def __init__(self, passing):
        self.mine = None
        self.options = ["-F"] if passing else []
        if passing:
            self.mine, self.its = socket.socketpair()

    def __enter__(self):
        return self

    def run(self, *args, **kw):
        if not self.mine:
            return run(*args, **kw)
        with Running(*self.options, *args, stdout=self.its, **kw) as r:
            self.its.close()
            res = r.finish(b"")
        self.mine.settimeout(20)
        data, passed, _, _ = socket.recv_fds(self.mine, 100, 4)
        for fd in passed:
            os.close(fd)
        res.out = data + b"".join(b"descriptor %d " % fd for fd in passed)
        return res

    def __exit__(self, *a):
        if self.mine:
            self.mine.close()


def stalled(name, octets, passing):
    """None, or what is wrong.  On a busy machine the proxy may not have come as far as it should in the short time:
    then the long one decides."""
    for deadline in ("0.4", "10"):
        try:
            bad = stalled_for(deadline, name, octets, passing)
        except (OSError, fakes.ScriptError) as e:  # the proxy found nobody, or connect left in the middle of it
            bad = "%s, %d octets: %s" % (name, octets, e)
        if bad is None:
            break
    return bad


def stalled_for(deadline, name, octets, passing):
    options, exchanges = CASES[name]
    with FakeServer(stop_after(exchanges, octets)) as px, Outlet(passing) as o:
        res = o.run("--handshake-timeout", deadline, *options, "bob@" + px.spec, "192.0.2.1", "22", env=PW)
    errors = [x for x in res.lines if x.startswith("ERROR: ")]
    want = "ERROR: timed out: proxy %s did not send the %s in time" % (px.spec, awaited(exchanges, octets))
    last = "FATAL: failed to begin relaying via %s." % (
        "SOCKS" if "socks" in name else "HTTP" if "http" in name else "telnet")
    good = res.rc == 8 and res.out == b"" and len(errors) == 1 and errors[0].startswith(want) and res.lines[-1] == last
    return None if good else "%s, %d octets: wanted %r, got %r" % (name, octets, want, res)


@pytest.mark.parametrize("passing", [False, True], ids=["relay", "pass"])
@pytest.mark.parametrize("name", sorted(CASES))
def test_a_proxy_that_stops_at_any_octet(name, passing):
    total = sum(len(reply) for _, reply, *_ in CASES[name][1])
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        bad = list(filter(None, pool.map(lambda k: stalled(name, k, passing), range(total))))
    assert not bad, "\n".join(bad)
    assert total >= 8


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_whole_conversation_opens_the_tunnel(name):
    """The cases above are conversations that succeed but for the stop."""
    options, exchanges = CASES[name]
    total = sum(len(reply) for _, reply, *_ in exchanges)

    def script(c, play=stop_after(exchanges + [(fakes.session, b"x", None)], total)):
        play(c)
    with FakeServer(script) as px:
        res = run(*options, "bob@" + px.spec, "192.0.2.1", "22", env=PW, stdin=BYE)
    assert (res.rc, res.out) == (0, HELLO), res


# -- an octet now and then

def trickle(before, text, forever):
    """Sends text, then forever over and over, octet by octet, each long before the silence would end it."""
    def script(c):
        c.trickled = 0
        before(c)
        if text:
            c.send(text)
        c.sock.settimeout(0.05)
        for octet in itertools.cycle(forever):
            c.send(bytes([octet]))
            c.trickled += 1
            with contextlib.suppress(socket.timeout):
                if c.ended or not c.sock.recv(4096):
                    return
    return script


def request_5(c):
    greeting(c)
    c.send(b"\5\0")
    request5(c)


TRICKLES = {
    "socks5 reply": (["-S"], trickle(request_5, b"\5\0\0\3\xff", b"n"), "SOCKS5 reply"),
    "http status line": (["-H"], trickle(head, b"HTTP/1.1 200 ", b"x"), "HTTP status line"),
    "http header": (["-H"], trickle(head, b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), "rest of the HTTP response's header"),
    "http interim responses": (["-H"], trickle(head, b"", b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"), ""),
    "http body": (["-H"], trickle(head, ASK + b"Content-Length: 999999\r\n\r\n", b"x"),
                  "rest of the HTTP response's body"),
    "telnet greeting": (["-T"], trickle(nothing, b"", b"motd\r\n"), "telnet proxy's answer"),
    "telnet greeting with options": (["-T"], trickle(nothing, b"", b"\xff\xfb\x01"), "telnet proxy's answer"),
    "telnet answer": (["-T"], trickle(line, b"Trying ", b".\r\n"), "telnet proxy's answer"),
}


def trickled(name, passing):
    options, script, what = TRICKLES[name]
    for limit in "0.3", "1.2", "5":
        with FakeServer(script, strict=False) as px, Outlet(passing) as o:
            res = o.run("--handshake-timeout", limit, *options, "bob@" + px.spec, "192.0.2.1", "22", env=PW)
        octets = px.conns[0].trickled
        if octets > 10:         # else a busy machine made it silent
            break
    good = res.rc == 8 and res.out == b"" and "timed out: proxy %s did not send the %s" % (px.spec, what) in res.text
    return None if good and octets > 10 else "%s: %d octets, %r" % (name, octets, res)


@pytest.mark.parametrize("passing", [False, True], ids=["relay", "pass"])
def test_a_proxy_that_trickles_does_not_hold_it_for_ever(passing):
    with concurrent.futures.ThreadPoolExecutor(len(TRICKLES)) as pool:
        bad = list(filter(None, pool.map(lambda name: trickled(name, passing), TRICKLES)))
    assert not bad, "\n".join(bad)


def test_the_password_that_is_typed_slowly_counts_for_no_deadline(tmp_path):
    """Asked for after the challenge; it comes when every deadline of the handshake would have passed."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\nread p < %s\necho \"$p\"\n" % fifo)
    ask.chmod(0o755)
    with FakeServer(fakes.http(ASK + b"Content-Length: 0\r\n\r\n", fakes.OK_HEAD)) as px:
        with Running("-w", "3", "--handshake-timeout", "1", "-H", "bob@" + px.spec, "192.0.2.1", "22",
                     env={"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}) as r:
            with open(fifo, "w") as f:      # the asker reads
                with pytest.raises(Exception):
                    r.p.wait(3.5)
                f.write("secret\n")
            assert r.out_read(len(HELLO)) == HELLO
            assert r.finish(BYE).rc == 0


def test_no_handshake_deadline_at_all():
    """0 is none, for the silence and for the whole: it waits without a limit in poll()."""
    with FakeServer(lambda c: (c.head(), c.rest())) as px:
        with Running("--handshake-timeout", "0", "-H", px.spec, "192.0.2.1", "22") as r:
            px.wait(1)
            runner.wait_until(lambda: poll_limit(r.pid) == -1, what="a wait without a limit")
            px.conns[0].sock.shutdown(socket.SHUT_RDWR)
            assert r.finish(b"").rc == 5


def poll_limit(pid):
    """The limit, in ms, of the poll() in which the process waits, -1 for none; None if it does something else."""
    with open("/proc/%d/syscall" % pid) as f:
        w = f.read().split()
    if len(w) < 7:
        return None
    if w[0] == "7":
        v = int(w[3], 16) & 0xffffffff
        return v - (1 << 32) if v >> 31 else v
    if w[0] == "271":
        return -1 if int(w[3], 16) == 0 else 0
    return None


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="knows the numbers of the system calls of x86-64 only")
def test_an_established_session_waits_without_a_limit_unless_asked():
    """No deadline of the handshake is left, and no idle limit is on by default."""
    options = ["-w", "30", "--connect-timeout", "30", "--handshake-timeout", "30"]
    for more, limited in (([], False), (options, False), (["--idle-timeout", "1000"], True)):
        with FakeServer(fakes.socks5(then=fakes.echo)) as px:
            with Running(*more, "-S", px.spec, "192.0.2.1", "22") as r:
                assert r.out_read(len(HELLO)) == HELLO
                seen = runner.wait_until(lambda: [x for x in [poll_limit(r.pid)] if x is not None], what="a wait")
                assert (seen[0] > 0) if limited else seen[0] == -1, (more, seen)
                assert r.finish(b"").rc == 0
