# SPDX-License-Identifier: ISC
"""Faults that were found by trying to break connect; each test failed before its repair."""
import os
import signal
import socket
import subprocess
import threading

import pexpect
import pytest

import fakes
import runner
from fakes import BYE, HELLO, FakeServer
from runner import Running, run
from test_listen import listening, read_all

KEPT_407 = (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"t\"\r\n"
            b"Content-Length: 0\r\n\r\n")


def test_P_the_local_side_finishes_what_it_sends_after_the_remote_end():
    data = os.urandom(1 << 20) * 9

    def script(c):
        c.half_close()
        c.rest()
    with FakeServer(script) as t:
        with Running("-P", "0", "-n", "127.0.0.1", str(t.port)) as r:
            _, port = listening(r)
            with socket.create_connection(("127.0.0.1", port), 20) as s:
                assert read_all(s) == b""       # the remote end has come through
                s.sendall(data)
            assert r.p.wait(30) == 0
        runner.wait_until(lambda: t.conns[0].ended)
    assert t.got[0] == data


def test_P_a_reset_between_two_local_connections_is_told():
    go = threading.Event()

    def script(c):
        c.until(b"\n")
        go.wait(20)
        c.reset()
    with FakeServer(script) as t:
        with Running("-P", "0", "-n", "127.0.0.1", str(t.port), stdin=subprocess.DEVNULL) as r:
            _, port = listening(r)
            with socket.create_connection(("127.0.0.1", port), 20) as s:
                s.sendall(b"x\n")
                runner.wait_until(lambda: t.conns and t.conns[0].got.endswith(b"\n"))
                s.shutdown(socket.SHUT_WR)
                assert read_all(s) == b""       # the local connection is over for connect too
            go.set()
            res = r.finish()
    assert res.rc == 9 and "broke: Connection reset by peer" in res.text, res


def test_a_proxy_that_was_tired_of_waiting_is_dialled_again():
    """408 on the kept connection, RFC 9110 section 15.5.9."""
    def script(c):
        c.head()
        if c.number == 1:
            c.send(KEPT_407)
            c.head()
            c.send(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")
            c.close()
        else:
            c.send(b"HTTP/1.1 200 OK\r\n\r\n" + HELLO)
            c.rest()
    with FakeServer(script) as px:
        res = run("-H", "bob@" + px.spec, "target.test", "22", stdin=BYE, env={"HTTP_PROXY_PASSWORD": "x"})
    assert (res.rc, res.out, len(px.conns)) == (0, HELLO, 2), res


def test_an_askpass_program_that_leaves_a_process_behind(tmp_path):
    left = tmp_path / "left"
    program = tmp_path / "askpass"
    program.write_text("#!/bin/sh\nsleep 1000 2>/dev/null &\necho $! >%s\necho s3cret\n" % left)
    program.chmod(0o755)
    try:
        with FakeServer(fakes.socks5(method=2)) as px:
            res = run("-S", "bob@" + px.spec, "target.test", "22", stdin=BYE,
                      env={"SSH_ASKPASS": str(program), "SSH_ASKPASS_REQUIRE": "force"})
        assert (res.rc, res.out) == (0, HELLO), res
    finally:
        os.kill(int(left.read_text()), signal.SIGKILL)


def test_credentials_that_the_proxy_sends_back_are_not_shown():
    answer = b"HTTP/1.1 200 OK\r\nProxy-Authorization: Basic Ym9iOnBhc3N3MHJk\r\n\r\n"
    with FakeServer(fakes.http(answer)) as px:
        res = run("-d", "-H", px.spec, "target.test", "22", stdin=BYE)
    assert res.rc == 0 and "Ym9i" not in res.text, res


def test_credentials_inside_another_field_are_not_shown():
    def script(c):
        head = c.head()
        if b"Proxy-Authorization" not in head:
            c.send(KEPT_407)
            head = c.head()
        sent = [x for x in head.split(b"\r\n") if x.startswith(b"Proxy-Authorization")][0]
        c.send(b"HTTP/1.1 200 OK\r\nX-Echo: " + sent + b"\r\n\r\n" + HELLO)
        c.rest()
    with FakeServer(script) as px:
        res = run("-d", "-H", "bob@" + px.spec, "target.test", "22", stdin=BYE, env={"HTTP_PROXY_PASSWORD": "passw0rd"})
    assert res.rc == 0 and "Ym9i" not in res.text and "DEBUG: <<< \"(credentials)\\r\\n\"" in res.lines, res


@pytest.mark.parametrize("after", [b"\r\n", b"junk behind the body\r\n"])
def test_octets_behind_the_body_of_a_kept_challenge(after):
    """They are no response: the connection is given up, not the session."""
    def script(c):
        head = c.head()
        if c.number == 1:
            c.send(KEPT_407.replace(b"Length: 0", b"Length: 3") + b"abc" + after)
            c.rest()
        else:
            assert b"Proxy-Authorization: Basic " in head
            c.send(b"HTTP/1.1 200 OK\r\n\r\n" + HELLO)
            c.rest()
    with FakeServer(script) as px:
        res = run("-H", "bob@" + px.spec, "target.test", "22", stdin=BYE, env={"HTTP_PROXY_PASSWORD": "x"})
    assert (res.rc, res.out, len(px.conns)) == (0, HELLO, 2), res


@pytest.mark.parametrize("size", [16 << 10, 70000])
def test_a_chunk_line_that_is_too_long(size):
    answer = KEPT_407.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")

    def script(c):
        c.head()
        if c.number == 1:
            c.send(answer + b"5;x=" + b"y" * size + b"\r\nhello\r\n0\r\n\r\n")
            c.rest()
        else:
            c.send(b"HTTP/1.1 200 OK\r\n\r\n" + HELLO)
            c.rest()
    with FakeServer(script, strict=False) as px:
        res = run("-H", "bob@" + px.spec, "target.test", "22", stdin=BYE, env={"HTTP_PROXY_PASSWORD": "x"})
    assert (res.rc, res.out, len(px.conns)) == (0, HELLO, 2), res


def test_P_is_idle_between_two_local_connections_too():
    with FakeServer(lambda c: c.rest()) as t:
        with Running("--idle-timeout", "1", "-P", "0", "-n", "127.0.0.1", str(t.port), stdin=subprocess.DEVNULL) as r:
            _, port = listening(r)
            socket.create_connection(("127.0.0.1", port), 20).close()
            res = r.finish()
    assert res.rc == 8 and "was idle for 1 s" in res.text, res


def test_the_prompt_with_a_terminal_above_descriptor_1024():
    code = ("import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (2048, 4096)); "
            "[os.dup2(0, n, True) for n in range(3, 1100)]; os.execv(sys.argv[1], sys.argv[1:])")

    def script(c):
        fakes.s5_greeting(c)
        c.send(b"\5\2")
        assert fakes.s5_userpass(c)
        c.send(b"\1\1")
        c.rest()
    with FakeServer(script) as px:
        p = pexpect.spawn("/usr/bin/python3", ["-c", code, runner.CONNECT, "-S", "bob@" + px.spec, "target.test", "22"],
                          env=runner.environment(), timeout=20)
        p.expect_exact("Enter SOCKS5 password for bob@127.0.0.1: ")
        p.sendline("x")
        p.expect("authentication failed")
        p.expect(pexpect.EOF)
        p.close()
        assert p.exitstatus == 6


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_at_the_very_prompt_is_not_lost(sig):
    def script(c):
        fakes.s5_greeting(c)
        c.send(b"\5\2")
        c.rest()
    for _ in range(25):
        with FakeServer(script) as px:
            p = pexpect.spawn(runner.CONNECT, ["-S", "bob@" + px.spec, "target.test", "22"],
                              env=runner.environment(), timeout=20)
            p.expect_exact("Enter SOCKS5 password for bob@127.0.0.1: ")
            p.kill(sig)
            p.expect(pexpect.EOF)
            p.close()
            assert p.signalstatus == sig


def test_ssh_that_leaves_is_not_told_of_octets_that_come_too_late():
    """ssh closes its pipes a moment before it sends SIGHUP to its proxy command; what arrives in between finds nobody."""
    left, noticed = threading.Event(), threading.Event()

    def script(c):
        c.send(HELLO)
        left.wait(20)
        c.send(b"too late")
        c.rest()                    # connect has met the broken pipe, and says so to this side
        noticed.set()
    for _ in range(5):              # the signal has half a second to come, on a machine that may be busy
        left.clear(), noticed.clear()
        with FakeServer(script) as t, Running("-n", "127.0.0.1", str(t.port)) as r:
            assert r.p.stdout.read(len(HELLO)) == HELLO
            r.p.stdout.close()
            left.set()
            assert noticed.wait(20)
            r.p.send_signal(signal.SIGHUP)
            status, said = r.p.wait(20), r.p.stderr.read()
        if status == -signal.SIGHUP:
            break
    assert (status, said) == (-signal.SIGHUP, b"")


def test_a_reader_that_leaves_alone_is_told():
    def script(c):
        c.send(HELLO)
        left.wait(20)
        c.send(b"too late")
        c.rest()
    left = threading.Event()
    with FakeServer(script) as t, Running("-n", "127.0.0.1", str(t.port)) as r:
        assert r.p.stdout.read(len(HELLO)) == HELLO
        r.p.stdout.close()
        left.set()
        assert r.p.wait(20) == 9
        assert r.p.stderr.read() == b"ERROR: the session with target 127.0.0.1:%d broke: writing to the local side: Broken pipe\n" % t.port
