# SPDX-License-Identifier: ISC
"""Round trips: what connect sends before it has to wait, counted, and --pipeline.

The proxy here answers late: it takes what has come only when connect has read everything and sleeps in poll(), and so
cannot send more without an answer.  What has come by then is one flight.
"""
import os

import pytest

import fakes
import realservers
import runner
from fakes import FakeServer, HELLO, BYE
from runner import Running, run

PASSWORD = realservers.PASSWORD
ASK = b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=x\r\n"
SECRETS = {"SOCKS5_PASSWORD": "pw", "HTTP_PROXY_PASSWORD": "pw"}
POLLS = {"x86_64": ("7", "271"), "aarch64": ("73",)}.get(os.uname().machine)
GREETING0, GREETING2, GREETING02 = b"\5\1\0", b"\5\1\2", b"\5\2\0\2"
USERPASS = b"\1\3bob\2pw"
REQUEST = bytes.fromhex("05010001 c0000201 0016")
HEAD = b"CONNECT 192.0.2.1:22 HTTP/1.1\r\nHost: 192.0.2.1:22\r\nUser-Agent: connect\r\n"
HEAD_BASIC = HEAD + b"Proxy-Authorization: Basic Ym9iOnB3\r\n\r\n"

# name: (words, the flights, the answer to each)
ROUNDS = {
    "socks4": (["-4", "-S"], [bytes.fromhex("04010016 c0000201") + b"bob\0"], [fakes.S4_GRANT]),
    "socks5, the default offer": (["-S"], [GREETING02, REQUEST], [b"\5\0", fakes.S5_REPLY]),
    "socks5, none": (["-a", "none", "-S"], [GREETING0, REQUEST], [b"\5\0", fakes.S5_REPLY]),
    "socks5, password": (["-S"], [GREETING02, USERPASS, REQUEST], [b"\5\2", b"\1\0", fakes.S5_REPLY]),
    "connect": (["-H"], [HEAD + b"\r\n"], [fakes.OK_HEAD]),
    "connect, 407 and kept": (["-H"], [HEAD + b"\r\n", HEAD_BASIC], [ASK + b"Content-Length: 2\r\n\r\nno", fakes.OK_HEAD]),
    "pipelined, none": (["--pipeline", "-a", "none", "-S"], [GREETING0 + REQUEST], [b"\5\0" + fakes.S5_REPLY]),
    "pipelined, password": (["--pipeline", "-a", "userpass", "-S"], [GREETING2 + USERPASS + REQUEST],
                            [b"\5\2\1\0" + fakes.S5_REPLY]),
}


def waits(pid):
    """Does the process sleep in poll()?"""
    with open("/proc/%d/syscall" % pid) as f:
        return f.read().split()[0] in POLLS


@pytest.mark.skipif(not POLLS, reason="the numbers of the system calls of %s are not known here" % os.uname().machine)
@pytest.mark.parametrize("name", sorted(ROUNDS))
def test_flights(name):
    words, want, answers = ROUNDS[name]
    flights, segments = [], []
    running = []

    def script(c):
        c.sock.settimeout(20)
        for answer in answers:
            flight = c.message()
            runner.wait_until(lambda: running and c.drained() and waits(running[0].pid), what="connect waits")
            c.sock.setblocking(False)
            try:
                flight += c.sock.recv(65536)
            except BlockingIOError:
                pass
            c.sock.settimeout(20)
            flights.append(flight)
            segments.append(c.segments())
            c.send(answer)
        fakes.session(c)
    with FakeServer(script) as px:
        with Running(*words, "bob@" + px.spec, "192.0.2.1", "22", env=SECRETS) as r:
            running.append(r)
            assert r.out_read(len(HELLO)) == HELLO
            assert r.finish(BYE).rc == 0
    assert flights == want
    assert segments == list(range(1, len(want) + 1)), "one write, one segment for each flight"


def test_without_a_single_method_it_is_a_usage_error():
    for words in (["-S", "127.0.0.1:1"], ["-a", "none,userpass", "-S", "127.0.0.1:1"], ["-4", "-S", "127.0.0.1:1"],
                  ["-a", "none", "-H", "127.0.0.1:1"], []):
        res = run("--pipeline", *words, "192.0.2.1", "22")
        assert res.rc == 2 and "ERROR: option --pipeline goes with SOCKS5 and -a with one method" in res.lines, res


def test_it_is_off_by_default():
    with FakeServer(fakes.socks5()) as px:
        assert run("-a", "none", "-S", px.spec, "192.0.2.1", "22", stdin=BYE).rc == 0
    assert [d for w, d in px.conns[0].log if w == "C"][0] == GREETING0


def forgetful(c):
    """A server that drops what comes with the greeting, and then waits for the request."""
    c.message()
    c.send(b"\5\0")
    c.rest()


def closing(c):
    c.message()


def other_method(c):
    c.message()
    c.send(b"\5\xff")
    c.rest()


@pytest.mark.parametrize("script,rc,words", [
    (forgetful, 8, "did not send the SOCKS5 reply in time (--pipeline sent everything at once)"),
    (closing, 5, "the connection while the SOCKS5 method selection was awaited (--pipeline sent everything at once)"),
    (other_method, 6, "no offered authentication method is acceptable to it (--pipeline sent everything at once)"),
], ids=["forgets", "closes", "refuses the method"])
def test_a_server_that_does_not_bear_it_is_a_clear_error(script, rc, words):
    with FakeServer(script) as px:
        res = run("--pipeline", "--handshake-timeout", "2", "-a", "none", "-S", px.spec, "192.0.2.1", "22")
    assert res.rc == rc and words in res.text and res.out == b"", res


def test_the_password_is_asked_for_before_anything_is_sent(tmp_path):
    with FakeServer(lambda c: c.rest()) as px:
        res = run("--pipeline", "-a", "userpass", "-S", "bob@" + px.spec, "192.0.2.1", "22")
    assert res.rc == 6 and "wants a password for user bob, and there is none" in res.text, res
    assert b"".join(px.got) == b""


def test_dante(request):
    """A real server, none and with a password: what comes early is not lost."""
    for name, words in (("dante", ["-a", "none", "-S", "{}"]), ("dante_userpass", ["-a", "userpass", "-S", "alice@{}"])):
        px = request.getfixturevalue(name)
        with FakeServer(fakes.session) as target:
            res = run("--pipeline", *[w.format(px.spec) for w in words], "127.0.0.1", str(target.port), stdin=BYE,
                      env={"SOCKS5_PASSWORD": PASSWORD})
        assert (res.rc, res.out) == (0, HELLO), res
        assert target.got == [BYE]
