# SPDX-License-Identifier: ISC
"""Deadlines (D24): a party that stalls at any message ends the run with status 8, soon, and is named."""
import os
import socket

import pytest

import dnsfake
import fakes
from fakes import FakeServer, HELLO, BYE
from runner import run, Running

LIMIT = 25              # less than the 30 s that hold without any option: what ends sooner ended by the one given
ASK = b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\n"
KEEP = ASK + b"Content-Length: 5\r\n\r\n"


def stall(*steps):
    """Plays the steps (functions of the connection, or octets to send), then waits without a word."""
    def script(c):
        for s in steps:
            s(c) if callable(s) else c.send(s)
        c.rest()
    return script


def line(c):
    c.until(b"\n")


STALLS = {
    "socks5 method": (("-S",), stall(fakes.s5_greeting)),
    "socks5 half a method": (("-S",), stall(fakes.s5_greeting, b"\5")),
    "socks5 userpass": (("-S",), stall(fakes.s5_greeting, b"\5\2", fakes.s5_userpass)),
    "socks5 half a userpass": (("-S",), stall(fakes.s5_greeting, b"\5\2", fakes.s5_userpass, b"\1")),
    "socks5 reply": (("-S",), stall(fakes.s5_greeting, b"\5\0", fakes.s5_request)),
    "socks5 reply head": (("-S",), stall(fakes.s5_greeting, b"\5\0", fakes.s5_request, b"\5\0\0\1")),
    "socks5 reply all but one": (("-S",), stall(fakes.s5_greeting, b"\5\0", fakes.s5_request, fakes.S5_REPLY[:-1])),
    "socks4 reply": (("-4", "-S"), stall(fakes.s4_request)),
    "socks4 half a reply": (("-4", "-S"), stall(fakes.s4_request, fakes.S4_GRANT[:7])),
    "http status line": (("-H",), stall(fakes.Conn.head)),
    "http half a status line": (("-H",), stall(fakes.Conn.head, b"HTTP/1.1 2")),
    "http header": (("-H",), stall(fakes.Conn.head, b"HTTP/1.1 200 OK\r\nX: y\r\n")),
    "http 100": (("-H",), stall(fakes.Conn.head, b"HTTP/1.1 100 Continue\r\n\r\n")),
    "http body": (("-H",), stall(fakes.Conn.head, KEEP + b"abc")),
    "http second status line": (("-H",), stall(fakes.Conn.head, KEEP + b"12345", fakes.Conn.head)),
    "telnet answer": (("-T",), stall(line)),
    "telnet half a line": (("-T",), stall(line, b"Trying...\r\nConnected")),
    "telnet prompt": (("-T",), stall(b"login: ", line)),
}


@pytest.mark.parametrize("name", sorted(STALLS))
def test_w_1(name):
    args, script = STALLS[name]
    with FakeServer(script) as px:
        res = run("-w", "1", *args, "bob@" + px.spec, "192.0.2.1", "22", stdin=BYE, limit=LIMIT,
                  env={"SOCKS5_PASSWORD": "pw", "HTTP_PROXY_PASSWORD": "pw"})
    assert res.rc == 8 and res.out == b"", res
    assert res.wall >= 0.9, res.wall
    error = [x for x in res.lines if x.startswith("ERROR: ")]
    assert len(error) == 1 and "timed out" in error[0] and "proxy " + px.spec in error[0], res
    assert res.lines[-1].startswith("FATAL: failed to begin relaying via "), res


def test_w_is_a_total_and_trickling_does_not_extend_it():
    def script(c):
        c.head()
        c.sock.settimeout(0.2)
        c.send(b"HTTP/1.1 200 OK\r\n")
        while not c.ended:
            c.send(b"X: y\r\n")
            try:
                if c.sock.recv(1) == b"":
                    return
            except socket.timeout:
                pass
            except ConnectionResetError:
                return
    with FakeServer(script, strict=False) as px:
        res = run("-w", "1", "-H", px.spec, "target.test", "22", limit=LIMIT)
        assert res.rc == 8, res


def wait_unless_closed(c, seconds):
    c.sock.settimeout(seconds)
    try:
        c.sock.recv(1)
    except (socket.timeout, ConnectionResetError):
        pass


def test_w_is_a_total_over_the_second_connection():
    def script(c):
        c.head()
        if c.number == 1:
            wait_unless_closed(c, 1.2)
            c.send(ASK + b"Connection: close\r\n\r\n")
            c.close()
        else:
            wait_unless_closed(c, 1.2)
            c.send(b"HTTP/1.1 200 OK\r\n\r\n")
    with FakeServer(script, strict=False) as px:
        res = run("-w", "2", "-H", "bob@" + px.spec, "target.test", "22", limit=LIMIT, env={"HTTP_PROXY_PASSWORD": "x"})
        assert res.rc == 8 and res.wall >= 1.9, res


def test_handshake_timeout_is_silence_and_trickling_extends_it():
    def script(c):
        fakes.s5_greeting(c)
        c.send(b"\5\0")
        fakes.s5_request(c)
        for i in range(len(fakes.S5_REPLY)):
            c.sock.settimeout(0.2)
            try:
                c._fill()
            except fakes.ScriptError:
                pass
            c.sock.settimeout(20)
            c.send(fakes.S5_REPLY[i:i + 1])
        fakes.session(c)
    with FakeServer(script) as px:
        with Running("--handshake-timeout", "1", "-S", px.spec, "target.test", "22") as r:
            assert r.out_read(len(HELLO)) == HELLO
            res = r.finish(BYE)
    assert res.rc == 0 and res.wall > 1.5, res


@pytest.mark.parametrize("name", ["socks5 reply head", "http status line", "telnet prompt"])
def test_handshake_timeout(name):
    args, script = STALLS[name]
    with FakeServer(script) as px:
        res = run("--handshake-timeout=1", *args, px.spec, "192.0.2.1", "22", limit=LIMIT)
    assert res.rc == 8 and res.wall >= 0.9 and "timed out" in res.text, res


@pytest.fixture
def unanswering():
    """An address whose connections are never answered: the listener's backlog is full."""
    with socket.socket() as ls:
        ls.bind(("127.0.0.1", 0))
        ls.listen(0)
        fill = []
        for _ in range(4):
            s = socket.socket()
            s.setblocking(False)
            try:
                s.connect(ls.getsockname())
            except BlockingIOError:
                pass
            fill.append(s)
        yield "127.0.0.1", ls.getsockname()[1]
        for s in fill:
            s.close()


@pytest.mark.parametrize("option", [("-w", "1"), ("--connect-timeout", "1")], ids=lambda o: o[0])
def test_connecting(unanswering, option):
    host, port = unanswering
    for args, party in ((("-S", "%s:%d" % (host, port), "target.test", "22"), "proxy %s:%d" % (host, port)),
                        (("-n", host, str(port)), "%s:%d" % (host, port))):
        res = run(*option, *args, limit=LIMIT)
        assert res.rc == 8 and res.wall >= 0.9, res
        assert "timed out" in res.text and party in res.text, res


@pytest.mark.parametrize("args", [("silent.test", "22"), ("-S", "silent.test", "target.test", "22"),
                                  ("-R", "local", "-S", "127.0.0.1:1", "silent.test", "22")], ids=" ".join)
def test_resolving(jail, args):
    jail_resolv = jail.path("etc/resolv.conf")
    keep = open(jail_resolv).read()
    try:
        jail.write("etc/resolv.conf", keep.replace("attempts:1 timeout:2", "attempts:5 timeout:30"))
        res = jail.run("-w", "1", *args, limit=LIMIT)
    finally:
        jail.write("etc/resolv.conf", keep)
    assert res.rc == 8 and res.wall >= 0.9, res
    assert "timed out" in res.text and "silent.test" in res.text, res


def test_asking_a_silent_name_server():
    with dnsfake.FakeDNS({"target.test": None}) as ns, FakeServer(fakes.socks5(), strict=False) as px:
        res = run("-w", "1", "-R", ns.addr, "-S", px.spec, "target.test", "22", limit=LIMIT)
        assert res.rc == 8 and res.wall >= 0.9, res


def test_no_deadline_ends_an_established_session():
    with FakeServer(fakes.socks5(then=fakes.echo)) as px:
        with Running("-w", "1", "--handshake-timeout", "1", "--connect-timeout", "1", "-S", px.spec, "target.test", "22") as r:
            assert r.out_read(len(HELLO)) == HELLO
            with pytest.raises(Exception):
                r.p.wait(1.5)
            r.p.stdin.write(BYE)
            r.p.stdin.flush()
            assert r.out_read(len(BYE)) == BYE
            assert r.finish(b"").rc == 0


def test_w_0_is_no_deadline():
    def script(c):
        c.head()
        c.sock.settimeout(0.5)
        try:
            c.sock.recv(1)
        except socket.timeout:
            pass
        c.sock.settimeout(20)
        c.send(fakes.OK_HEAD)
        fakes.session(c)
    with FakeServer(script) as px:
        for zero in (("-w", "0"), ("--handshake-timeout", "0")):
            with Running(*zero, "-H", px.spec, "target.test", "22") as r:
                assert r.out_read(len(HELLO)) == HELLO
                assert r.finish(BYE).rc == 0


def test_a_silent_proxy_does_not_keep_an_orphan(tmp_path):
    """ssh is gone, its pipes are closed, the proxy is silent: connect must not stay for ever."""
    with FakeServer(stall(fakes.Conn.head)) as px:
        rd, wr = os.pipe()
        with Running("--handshake-timeout", "1", "-H", px.spec, "target.test", "22", stdin=rd) as r:
            os.close(rd)
            os.close(wr)
            r.p.stdout.close()
            r.p.stdout = None
            assert r.p.wait(10) in (8, 9, 141, -13)
