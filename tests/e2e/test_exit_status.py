# SPDX-License-Identifier: ISC
"""Each exit status (D23) and the sentence that goes with it (D22)."""
import signal
import socket

import pytest

import fakes
import runner
from fakes import FakeServer, HELLO, BYE
from runner import run, Running


def sentence(res, rc, *words):
    assert res.rc == rc and res.out == b"", res
    error = [x for x in res.lines if x.startswith("ERROR: ")]
    assert error, res
    for w in words:
        assert any(w in e for e in error), (w, res)
    return res


@pytest.fixture
def refusing():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))            # bound, not listening
        yield "127.0.0.1:%d" % s.getsockname()[1]


def test_0_session_over():
    with FakeServer(fakes.session) as t:
        res = run("127.0.0.1", str(t.port), stdin=BYE)
    assert (res.rc, res.out, res.err) == (0, HELLO, b"")


@pytest.mark.parametrize("args", [("-x",), ("-S", "x:0", "h", "1"), ("-R", "x", "h", "1"), ("-s", "h", "1"), ("-h", "h", "1"), ("h",),
                                  ("h", "0"), ("-a", "x", "-S", "h", "h", "1"), ("-c", "%x", "-T", "h", "h", "1"), ("--what",)],
                         ids=" ".join)
def test_2_usage_or_configuration(args):
    res = run(*args)
    assert res.rc == 2 and res.out == b"", res


def test_2_what_cannot_be_sent():
    with FakeServer(fakes.socks4(), strict=False) as px:
        sentence(run("-4", "-S", px.spec, "::1", "22"), 2, "IPv6")
    sentence(run("-H", "127.0.0.1:1", "a b", "22"), 2, "a b")


def test_3_cannot_resolve(jail):
    sentence(jail.run("nosuch.test", "22"), 3, "nosuch.test")
    for args in (("-S",), ("-H",), ("-T",)):
        sentence(jail.run(*args, "nosuch.test", "target.test", "22"), 3, "proxy", "nosuch.test")
    with FakeServer(fakes.socks5(), strict=False) as px:
        sentence(jail.run("-R", "local", "-S", px.spec, "nosuch.test", "22"), 3, "nosuch.test")


def test_4_cannot_reach(refusing):
    host, port = refusing.split(":")
    res = sentence(run(host, port), 4, refusing, "refused")
    assert res.lines[-1].startswith("FATAL: Unable to connect to destination host"), res
    for opt in ("-S", "-H", "-T"):
        res = sentence(run(opt, refusing, "target.test", "22"), 4, "proxy " + refusing, "refused")
        assert res.lines[-1].startswith("FATAL: Unable to connect to relay host"), res


PROTOCOL = {
    "socks5": (("-S",), lambda c: (fakes.s5_greeting(c), c.send(b"\4\0"), c.rest()), "SOCKS"),
    "socks5 early end": (("-S",), lambda c: (fakes.s5_greeting(c), c.send(b"\5"), c.close()), "SOCKS"),
    "socks4": (("-4", "-S"), lambda c: (fakes.s4_request(c), c.send(b"\5\x5a" + b"\0" * 6), c.rest()), "SOCKS"),
    "http": (("-H",), lambda c: (c.head(), c.send(b"SSH-2.0-x\r\n"), c.rest()), "HTTP"),
    "http early end": (("-H",), lambda c: (c.head(), c.close()), "HTTP"),
    "http reset": (("-H",), lambda c: (c.head(), c.reset()), "HTTP"),
    "telnet early end": (("-T",), lambda c: (c.until(b"\n"), c.close()), "telnet"),
}


@pytest.mark.parametrize("name", sorted(PROTOCOL))
def test_5_the_proxy_broke_the_protocol_or_closed_early(name):
    args, script, last = PROTOCOL[name]
    with FakeServer(script, strict=False) as px:
        res = sentence(run(*args, px.spec, "192.0.2.1", "22"), 5, "proxy " + px.spec)
    assert res.lines[-1] == "FATAL: failed to begin relaying via %s." % last


ASK = b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"


def test_6_authentication():
    env = {"SOCKS5_PASSWORD": "wrong", "HTTP_PROXY_PASSWORD": "wrong"}
    with FakeServer(fakes.socks5(method=2, status=b"\1\1")) as px:
        sentence(run("-S", "bob@" + px.spec, "target.test", "22", env=env), 6, "proxy " + px.spec, "authentication failed")
    with FakeServer(fakes.http(ASK)) as px:
        sentence(run("-H", "bob@" + px.spec, "target.test", "22", env=env), 6, "proxy " + px.spec, "authentication failed")
    with FakeServer(fakes.socks5(method=255), strict=False) as px:
        sentence(run("-S", px.spec, "target.test", "22"), 6, "proxy " + px.spec)
    with FakeServer(fakes.socks5(method=2), strict=False) as px:
        sentence(run("-S", "bob@" + px.spec, "target.test", "22"), 6, "password")


REFUSALS = {
    "socks5 ruleset": (("-S",), fakes.socks5(reply=b"\5\2\0\1" + b"\0" * 6), "connection not allowed by ruleset (SOCKS5 reply 2)"),
    "socks5 refused": (("-S",), fakes.socks5(reply=b"\5\5\0\1" + b"\0" * 6), "(SOCKS5 reply 5)"),
    "socks5 unknown": (("-S",), fakes.socks5(reply=b"\5\xfe\0\1" + b"\0" * 6), "(SOCKS5 reply 254)"),
    "socks4": (("-4", "-S"), fakes.socks4(reply=b"\0\x5b" + b"\0" * 6), "(SOCKS4 reply 91)"),
    "http 403": (("-H",), fakes.http(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), "403 Forbidden"),
    "http 503": (("-H",), fakes.http(b"HTTP/1.0 503 Bad\r\n\r\nclose"), "503 Bad"),
    "http 302": (("-H",), fakes.http(b"HTTP/1.0 302 Go\r\nLocation: http://else.test/\r\n\r\nclose"), "http://else.test/"),
    "telnet": (("-T",), fakes.telnet(b"Connection refused\r\n", then=lambda c, d: c.rest()), "Connection refused"),
}


@pytest.mark.parametrize("name", sorted(REFUSALS))
def test_7_the_proxy_refused(name):
    args, script, words = REFUSALS[name]
    with FakeServer(script) as px:
        sentence(run(*args, px.spec, "192.0.2.1", "22"), 7, "proxy " + px.spec + " refused", words)


def test_7_real_proxies(dante, squid, tinyproxy, refusing):
    host, port = refusing.split(":")
    sentence(run("-S", dante.spec, host, port), 7, "(SOCKS5 reply 5)")
    sentence(run("-4", "-S", dante.spec, host, port), 7, "(SOCKS4 reply 91)")
    sentence(run("-H", squid.spec, host, port), 7, "503")
    sentence(run("-H", tinyproxy.spec, host, port), 7, "500")


def test_6_real_proxies(dante_userpass, squid_basic, tinyproxy_basic):
    for opt, px in (("-S", dante_userpass), ("-H", squid_basic), ("-H", tinyproxy_basic)):
        sentence(run(opt, "alice@" + px.spec, "127.0.0.1", "22", env={"CONNECT_PASSWORD": "wrong"}), 6, "authentication failed")


def test_5_ssh_D_closes_without_a_reply(ssh_d, refusing):
    host, port = refusing.split(":")
    sentence(run("-S", ssh_d.spec, host, port), 5, "proxy " + ssh_d.spec + " closed the connection", "reply")


def test_8_a_deadline():
    with FakeServer(lambda c: c.rest()) as px:
        sentence(run("-w", "1", "-S", px.spec, "target.test", "22"), 8, "timed out", "proxy " + px.spec)


def test_9_an_error_in_the_session():
    def then(c, _):
        c.read(1)
        c.reset()
    with FakeServer(fakes.http(then=then)) as px:
        with Running("-H", px.spec, "target.test", "22") as r:
            r.p.stdin.write(b"x")
            r.p.stdin.flush()
            assert r.p.wait(20) == 9
            assert b"ERROR: " in r.finish().err


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_130_and_the_like(sig):
    """As a shell sees it: 128 + the signal's number, in the handshake and in the session."""
    for script in (lambda c: c.rest(), fakes.socks5()):
        with FakeServer(script, strict=False) as px:
            with Running("-S", px.spec, "target.test", "22") as r:
                c = px.wait(1)
                runner.wait_until(lambda: c.got)
                r.p.send_signal(sig)
                assert r.p.wait(20) in (-sig, 128 + sig)


def test_errors_come_before_connects_last_line():
    with FakeServer(fakes.socks5(reply=b"\5\2\0\1" + b"\0" * 6)) as px:
        res = run("-S", px.spec, "target.test", "22")
    assert res.lines == ["ERROR: proxy %s refused: connection not allowed by ruleset (SOCKS5 reply 2)" % px.spec,
                         "FATAL: failed to begin relaying via SOCKS."]
