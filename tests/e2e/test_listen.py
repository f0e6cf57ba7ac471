# SPDX-License-Identifier: ISC
"""-p, -P and --forever: connect listens instead of relaying stdin and stdout (D26)."""
import contextlib
import errno
import os
import re
import resource
import signal
import socket
import threading

import pytest

import fakes
import runner
from fakes import FakeServer, HELLO, BYE
from runner import run, Running


def listening(r):
    m = re.search(rb"listening on (\S+):(\d+)\r?\n", r.err_until(b"\n"))
    assert m, r.errbuf
    return m.group(1).decode(), int(m.group(2))


def read_all(s):
    s.settimeout(20)
    out = b""
    while True:
        b = s.recv(65536)
        if not b:
            return out
        out += b


def client(port, data=BYE, host="127.0.0.1"):
    with socket.create_connection((host, port), 20) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        return read_all(s)


@pytest.mark.parametrize("args,script", [(("-S",), fakes.socks5), (("-4", "-R", "remote", "-S"), fakes.socks4), (("-H",), fakes.http),
                                         (("-T",), fakes.telnet)], ids=["socks5", "socks4a", "http", "telnet"])
def test_p_serves_one_connection(args, script):
    with FakeServer(script()) as px:
        with Running("-p", "0", *args, px.spec, "target.test", "22", stdin=None) as r:
            host, port = listening(r)
            assert host == "127.0.0.1" and port > 0
            assert px.conns == [], "the proxy is dialled when a client is there"
            assert client(port) == HELLO
            assert r.finish().rc == 0
    assert px.conns[0].app == BYE and len(px.conns) == 1


def test_p_with_a_given_port_and_address():
    with FakeServer(fakes.session) as t:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        for word, host in (("%d" % port, "127.0.0.1"), ("127.0.0.3:%d" % port, "127.0.0.3"), ("[::1]:%d" % port, "::1")):
            with Running("-p", word, "-n", "127.0.0.1", str(t.port)) as r:
                assert listening(r) == ("[::1]" if host == "::1" else host, port)
                assert client(port, host=host) == HELLO
                assert r.finish().rc == 0


def test_p_accepts_no_second_client():
    with FakeServer(fakes.session) as t:
        with Running("-p", "0", "-n", "127.0.0.1", str(t.port)) as r:
            _, port = listening(r)
            with socket.create_connection(("127.0.0.1", port), 5) as first:
                first.settimeout(20)
                assert first.recv(100) == HELLO
                with pytest.raises(OSError):        # refused or reset, never a silent hang
                    with socket.create_connection(("127.0.0.1", port), 5) as second:
                        second.settimeout(5)
                        if second.recv(1) == b"":
                            raise ConnectionResetError("closed")
                first.shutdown(socket.SHUT_WR)
                assert read_all(first) == b""
            assert r.finish().rc == 0


@pytest.mark.parametrize("stdin", ["null", "closed", "data"])
def test_p_is_not_tied_to_stdin(stdin):
    with FakeServer(fakes.session) as t:
        kw = {"stdin": open(os.devnull)} if stdin == "null" else {}
        if stdin == "closed":
            kw = {"stdin": None, "preexec_fn": lambda: os.close(0)}
        with Running("-p", "0", "-n", "127.0.0.1", str(t.port), **kw) as r:
            _, port = listening(r)
            if stdin == "data":
                r.p.stdin.write(b"not for anybody")
                r.p.stdin.flush()
            assert client(port) == HELLO
            if kw.get("stdin"):
                kw["stdin"].close()
            r.p.wait(20)
            assert r.p.returncode == 0
    assert t.conns[0].app == BYE


def test_p_a_port_in_use_is_an_error():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        res = run("-p", str(s.getsockname()[1]), "-n", "127.0.0.1", "22")
        assert res.rc != 0 and str(s.getsockname()[1]) in res.text and "in use" in res.text, res


def test_p_can_be_reused_at_once():
    with FakeServer(fakes.session) as t:
        port = "0"
        for _ in range(3):
            with Running("-p", port, "-n", "127.0.0.1", str(t.port)) as r:
                port = str(listening(r)[1])
                assert client(int(port)) == HELLO
                assert r.finish().rc == 0


def test_p_wrong_words():
    for word in ("", ":", "127.0.0.1:", "nosuchhost.invalid:0", "127.0.0.1:x", "-1", "[::1]"):
        res = run("-p", word, "-n", "127.0.0.1", "22")
        assert res.rc in (2, 3) and "ERROR: " in res.text, (word, res)


def test_p_proxy_that_refuses_closes_the_client():
    with FakeServer(fakes.socks5(reply=b"\5\2\0\1" + b"\0" * 6)) as px:
        with Running("-p", "0", "-S", px.spec, "target.test", "22") as r:
            _, port = listening(r)
            try:
                assert client(port) == b""
            except OSError as e:        # closed before, or while, the client sent
                assert e.errno in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN), e
            res = r.finish()
    assert res.rc == 7 and "(SOCKS5 reply 2)" in res.text, res


def test_p_big_transfer_and_half_close():
    data = os.urandom(5_000_000)

    def then(c, _):
        c.app = c.rest()            # answers after the client's end of stream
        c.send(c.app[::-1])
    with FakeServer(fakes.socks5(then=then)) as px:
        with Running("-p", "0", "-S", px.spec, "target.test", "22") as r:
            _, port = listening(r)
            assert client(port, data) == data[::-1]
            assert r.finish().rc == 0


def test_P_keeps_the_remote_session_over_local_connections():
    def script(c):
        for i in range(4):
            line = c.until(b"\n")
            c.send(b"%d:" % i + line)
        c.close()
    with FakeServer(script) as t:
        with Running("-P", "0", "-n", "127.0.0.1", str(t.port)) as r:
            _, port = listening(r)
            for i in range(4):
                with socket.create_connection(("127.0.0.1", port), 20) as s:
                    s.settimeout(20)
                    s.sendall(b"client %d\n" % i)
                    want = b"%d:client %d\n" % (i, i)
                    got = b""
                    while len(got) < len(want):
                        b = s.recv(100)
                        assert b, got
                        got += b
                    assert got == want
            r.p.wait(20)
            assert r.p.returncode == 0
    assert len(t.conns) == 1


def test_P_what_the_target_sends_between_clients_is_kept():
    def script(c):
        assert c.until(b"\n") == b"first\n"
        c.go.wait(20)
        c.send(b"while nobody was there\n")
        assert c.until(b"\n") == b"second\n"
        c.close()
    go = threading.Event()

    def with_event(c):
        c.go = go
        script(c)
    with FakeServer(with_event) as t:
        with Running("-P", "0", "-n", "127.0.0.1", str(t.port)) as r:
            _, port = listening(r)
            with socket.create_connection(("127.0.0.1", port), 20) as s:
                s.sendall(b"first\n")
                s.shutdown(socket.SHUT_WR)
                s.settimeout(20)
                runner.wait_until(lambda: t.conns and b"first" in t.conns[0].got)
            go.set()
            with socket.create_connection(("127.0.0.1", port), 20) as s:
                s.sendall(b"second\n")
                assert read_all(s) == b"while nobody was there\n"
            r.p.wait(20)


def test_P_ends_with_the_remote_session():
    def script(c):
        c.send(HELLO)
        c.until(b"\n")
        c.close()
    with FakeServer(script) as t:
        with Running("-P", "0", "-n", "127.0.0.1", str(t.port)) as r:
            _, port = listening(r)
            with socket.create_connection(("127.0.0.1", port), 20) as s:
                s.sendall(b"bye\n")
                assert read_all(s) == HELLO
            assert r.p.wait(20) == 0


def ok(c):
    c.until(b"\n")
    c.send(b"ok\n")
    c.rest()


@contextlib.contextmanager
def local(r):
    """A local connection over which the remote side has answered; the port."""
    _, port = listening(r)
    with socket.create_connection(("127.0.0.1", port), 20) as s:
        s.settimeout(20)
        s.sendall(b"x\n")
        assert s.recv(10) == b"ok\n"
        yield s, port


def test_P_that_cannot_accept_is_no_success():
    """No descriptor is left for the next local connection: that ends the session, and the status says so."""
    with FakeServer(ok) as t:
        with Running("-P", "0", "-n", "127.0.0.1", str(t.port)) as r:
            with local(r) as (_, port):
                resource.prlimit(r.pid, resource.RLIMIT_NOFILE, (4, 4))      # poll() asks for as many
            with socket.create_connection(("127.0.0.1", port), 20):
                assert r.p.wait(20) == 9
            said = r.finish().text
            assert re.search("cannot accept a connection: (Too many open files|No file descriptors available)$", said, re.M), said


def test_P_end_of_file_on_stdin_disconnects():
    """The manual: to disconnect the remote session, send EOF to stdin."""
    with FakeServer(ok) as t:
        with Running("-P", "0", "-n", "127.0.0.1", str(t.port)) as r:
            with local(r):
                pass
            r.p.stdin.close()
            r.p.stdin = None
            r.p.wait(20)
            assert t.conns[0].ended == "EOF" or runner.wait_until(lambda: t.conns[0].ended)


def test_forever_serves_many_clients_at_once():
    n = 12
    with FakeServer(fakes.socks5(then=fakes.echo, data=b"")) as px:
        with Running("--forever", "-p", "0", "-S", px.spec, "target.test", "22") as r:
            _, port = listening(r)
            socks = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(n)]
            for i, s in enumerate(socks):           # all are open before the first is used
                s.sendall(b"client %d\n" % i)
            for i, s in reversed(list(enumerate(socks))):
                s.settimeout(20)
                assert s.recv(100) == b"client %d\n" % i
            for s in socks:
                s.shutdown(socket.SHUT_WR)
                assert read_all(s) == b""
                s.close()
            assert client(port) == BYE, "and one more after they ended"
            assert r.p.poll() is None
            r.p.send_signal(signal.SIGTERM)
            assert r.p.wait(20) in (143, -signal.SIGTERM)
    assert len(px.conns) == n + 1


def test_forever_goes_on_after_a_failure():
    state = {"n": 0}

    def script(c):
        state["n"] += 1
        if state["n"] == 1:
            fakes.s5_greeting(c)
            c.close()
        else:
            fakes.socks5()(c)
    with FakeServer(script) as px:
        with Running("--forever", "-p", "0", "-S", px.spec, "target.test", "22") as r:
            _, port = listening(r)
            try:
                assert client(port) == b""
            except OSError as e:    # the first session fails, perhaps before the client has said everything
                assert e.errno in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN)
            assert client(port) == HELLO
            assert r.p.poll() is None
            assert b"proxy " + px.spec.encode() in r.err_until(b"FATAL")


def test_forever_leaves_no_zombie_and_no_child():
    with FakeServer(fakes.session) as t:
        with Running("--forever", "-p", "0", "-n", "127.0.0.1", str(t.port)) as r:
            _, port = listening(r)
            for _ in range(5):
                assert client(port) == HELLO

            def children():
                with open("/proc/%d/task/%d/children" % (r.pid, r.pid)) as f:
                    return f.read().split()
            runner.wait_until(lambda: not children(), 10, "the children of ended sessions are gone")


def test_forever_without_p():
    res = run("--forever", "-n", "127.0.0.1", "22")
    assert res.rc == 2 and "--forever" in res.text, res


def test_p_does_not_wait_under_w():
    """-w covers resolve, connect and handshake, not the wait for a client."""
    with FakeServer(fakes.session) as t:
        with Running("-w", "1", "-p", "0", "-n", "127.0.0.1", str(t.port)) as r:
            _, port = listening(r)
            with pytest.raises(Exception):
                r.p.wait(1.5)
            assert client(port) == HELLO
            assert r.finish().rc == 0
