# SPDX-License-Identifier: ISC
"""The defects that were demonstrated in connect.c 1.105/1.106, B01 to B45 and B07b, each with the stimulus
that showed it and what connect does instead."""
import base64
import os
import re
import signal
import socket
import threading
import time

import pexpect
import pytest

import dnsfake
import fakes
import runner
from fakes import FakeServer, HELLO, BYE
from runner import run, Running

FATAL_SOCKS = "FATAL: failed to begin relaying via SOCKS."
FATAL_HTTP = "FATAL: failed to begin relaying via HTTP."
FATAL_TELNET = "FATAL: failed to begin relaying via telnet."


def answers(data, close=True):
    """A server that reads an HTTP request, answers with these octets and closes its side."""
    def script(c):
        c.msgs = [c.head()]
        c.send(data)
        if close:
            c.half_close()
        c.after = c.rest()
    return script


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "401 X", "407 X"])
@pytest.mark.parametrize("header", ["", "Proxy-Authenticate: Basic realm=x\r\nWWW-Authenticate: Basic realm=x\r\n"])
def test_B01_eof_inside_the_header_is_an_error_not_a_loop(status, header):
    with FakeServer(answers(("HTTP/1.1 %s\r\n%s" % (status, header)).encode())) as px:
        with Running("-H", px.spec, "target.test", "22", env={"HTTP_PROXY_PASSWORD": "x"}) as r:
            res = r.finish(b"", 5)
    assert res.rc == 5, res
    assert "proxy " + px.spec in res.text and res.lines[-1] == FATAL_HTTP
    assert len(px.conns) == 1


@pytest.mark.parametrize("kind", ["socks", "http"])
def test_B02_no_way_to_ask_sends_nothing(kind):
    if kind == "socks":
        script, args = fakes.socks5(method=2), ("-S",)
        with FakeServer(script, strict=False) as px:
            res = run(*args, "bob@" + px.spec, "target.test", "22")
        assert px.got == [b"\5\2\0\2"]
        assert res.lines[-1] == FATAL_SOCKS
    else:
        with FakeServer(fakes.http(b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\n"
                                   b"Content-Length: 0\r\n\r\n", fakes.OK_HEAD)) as px:
            res = run("-H", "bob@" + px.spec, "target.test", "22")
        assert b"Proxy-Authorization" not in b"".join(px.got)
        assert res.lines[-1] == FATAL_HTTP
    assert res.rc == 6, res
    assert res.out == b""


def test_B03_a_none_never_sends_a_password():
    with FakeServer(fakes.socks5(method=2), strict=False) as px:
        res = run("-a", "none", "-S", "bob@" + px.spec, "target.test", "22", env={"SOCKS5_PASSWORD": "secret"})
    assert res.rc == 5, res
    assert px.got == [b"\5\1\0"]
    assert "not offered" in res.text and res.lines[-1] == FATAL_SOCKS


def test_B04_the_prompt_is_no_shell_command(tmp_path):
    mark = tmp_path / "injected"
    ask = tmp_path / "askpass"
    ask.write_text("#!/bin/sh\nprintf '%%s' \"$1\" > '%s/prompt'\necho secret\n" % tmp_path)
    ask.chmod(0o755)
    user = "x$(>injected)`>injected`\";>injected;\""
    with FakeServer(fakes.socks5(method=2)) as px:
        res = run("-S", px.spec, "target.test", "22", cwd=tmp_path,
                  env={"SOCKS5_USER": user, "SSH_ASKPASS": str(ask), "DISPLAY": ":0"})
    assert res.rc == 0, res
    assert not mark.exists()
    assert (tmp_path / "prompt").read_text() == "Enter SOCKS5 password for %s@127.0.0.1: " % user
    assert px.conns[0].msgs[1] == b"\1" + bytes([len(user)]) + user.encode() + b"\6secret"


@pytest.mark.parametrize("n", [0, 1, 249, 250, 251, 254, 255])
def test_B05_bound_names_of_any_length(n):
    reply = b"\5\0\0\3" + bytes([n]) + b"n" * n + b"\x12\x34"
    with FakeServer(fakes.socks5(reply=reply)) as px:
        res = run("-S", px.spec, "target.test", "22", stdin=BYE)
    assert (res.rc, res.out) == (0, HELLO), res
    assert px.conns[0].app == BYE


@pytest.mark.parametrize("n", [249, 250, 251, 252, 253, 254, 255])
def test_B06_target_names_up_to_255_octets(n):
    name = ("x" * 49 + ".") * 5 + "y" * (n - 250) if n > 250 else (("x" * 49 + ".") * 5)[:n]
    with FakeServer(fakes.socks5()) as px:
        res = run("-S", px.spec, name, "22", stdin=BYE)
    assert (res.rc, res.out) == (0, HELLO), res
    assert px.conns[0].msgs[1] == b"\5\1\0\3" + bytes([n]) + name.encode() + b"\0\x16"


@pytest.mark.parametrize("n", [256, 300, 1000])
def test_B06_longer_target_names_are_refused(n):
    with FakeServer(fakes.socks5(), strict=False) as px:
        res = run("-S", px.spec, "x" * n, "22")
    assert res.rc == 2, res
    assert b"".join(px.got) in (b"", b"\5\2\0\2"), "part of a request was sent"


def test_B07_socks4_long_user_and_host():
    user, host = "u" * 300, ("h" * 49 + ".") * 5
    with FakeServer(fakes.socks4()) as px:
        res = run("-4", "-R", "remote", "-S", "%s@%s" % (user, px.spec), host, "22", stdin=BYE)
    assert (res.rc, res.out) == (0, HELLO), res
    assert px.conns[0].msgs == [b"\4\1\0\x16\0\0\0\1" + user.encode() + b"\0" + host.encode() + b"\0"]


@pytest.mark.parametrize("n", [256, 1100, 5000])
def test_B07_a_password_that_does_not_fit_is_refused(n):
    with FakeServer(fakes.socks5(method=2), strict=False) as px:
        res = run("-S", "bob@" + px.spec, "target.test", "22", env={"SOCKS5_PASSWORD": "p" * n})
    assert res.rc == 2, res
    assert res.out == b"" and b"p" not in b"".join(px.got)
    assert "password" in res.text and "ppp" not in res.text


@pytest.mark.parametrize("n", [256, 257, 511, 512])
def test_B07b_a_user_that_does_not_fit_leaks_no_password(n):
    with FakeServer(fakes.socks5(method=2), strict=False) as px:
        res = run("-S", "u" * n + "@" + px.spec, "target.test", "22", env={"SOCKS5_PASSWORD": "secret"})
    assert res.rc == 2, res
    assert b"secret" not in b"".join(px.got) and b"uu" not in b"".join(px.got)


@pytest.mark.parametrize("host", ["target.test", "h" * 200, "::1"])
def test_B08_host_may_come_many_times_in_c(host):
    with FakeServer(fakes.telnet()) as px:
        res = run("-c", "%h %h %p %h %h", "-T", px.spec, host, "22", stdin=BYE)
    assert (res.rc, res.out) == (0, HELLO), res
    assert px.conns[0].msgs == [("%s %s 22 %s %s\r\n" % (host, host, host, host)).encode()]


@pytest.mark.parametrize("c", ["", "%", "%x", "telnet %", "\\"])
def test_B09_no_uninitialised_octets_from_c(c):
    with FakeServer(fakes.telnet(), strict=False) as px:
        res = run("-c", c, "-T", px.spec, "target.test", "22")
    assert res.rc == 2, res
    assert px.got == [] and "ERROR: " in res.text and "-c" in res.text


def test_B10_redirections_are_never_followed():
    with FakeServer(fakes.http()) as other:
        moved = "HTTP/1.1 302 Found\r\nLocation: http://%s/x\r\nContent-Length: 0\r\n\r\n" % other.spec
        with FakeServer(fakes.http(moved.encode())) as px:
            res = run("-H", px.spec, "target.test", "22")
    assert res.rc == 7, res
    assert other.conns == [] and len(px.conns) == 1
    assert "http://%s/x" % other.spec in res.text


@pytest.mark.parametrize("code", [300, 301, 302, 303, 307, 308])
def test_B11_redirection_without_location_ends(code):
    with FakeServer(answers(b"HTTP/1.0 %d X\r\n\r\n" % code)) as px:
        res = run("-H", px.spec, "target.test", "22", limit=5)
    assert res.rc == 7, res
    assert len(px.conns) == 1 and str(code) in res.text


def test_B12_header_with_bare_lf():
    with FakeServer(fakes.http(b"HTTP/1.0 200 OK\nVia: x\n\n" + HELLO, data=b"")) as px:
        res = run("-H", px.spec, "target.test", "22", stdin=BYE)
    assert (res.rc, res.out) == (0, HELLO), res
    assert px.conns[0].app == BYE


@pytest.mark.parametrize("n", [1021, 1022, 1023, 1024, 2046, 2047, 8000, 40000])
def test_B13_header_lines_of_any_length(n):
    head = b"HTTP/1.0 200 OK\r\n" + b"X: ".ljust(n, b"a") + b"\r\nX-Next: no data\r\n\r\n"
    with FakeServer(fakes.http(head)) as px:
        res = run("-H", px.spec, "target.test", "22", stdin=BYE)
    assert (res.rc, res.out) == (0, HELLO), res


@pytest.mark.parametrize("line", ["220 200 hello", "ICY 200 OK", "SMTP 200 ready", "HTTP/1.0 200xyz", "HTTP/1.1 2000",
                                  "HTTP/2 200", "HTTP/1.1 20", "hello 200", "HTTP/1.1 -200 x", " HTTP/1.1 200 OK",
                                  "http/1.1 200 OK"])
def test_B14_only_an_http_status_line_is_success(line):
    with FakeServer(fakes.http(line.encode() + b"\r\n\r\n", then=lambda c, d: c.rest()), strict=False) as px:
        res = run("-H", px.spec, "target.test", "22", stdin=BYE)
    assert res.rc == 5, res
    assert BYE not in b"".join(px.got) and res.lines[-1] == FATAL_HTTP


@pytest.mark.parametrize("password", ["päss", "\u20acuro", "\u65e5\u672c"])
def test_B15_basic_credentials_beyond_ascii(password):
    with FakeServer(fakes.http(b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
                               fakes.OK_HEAD)) as px:
        res = run("-H", "bob@" + px.spec, "target.test", "22", env={"HTTP_PROXY_PASSWORD": password})
    assert res.rc == 0, res
    want = base64.b64encode(("bob:" + password).encode())
    assert b"\r\nProxy-Authorization: Basic " + want + b"\r\n" in b"".join(px.got)


def test_B16_refusals_show_the_status_and_errors_words():
    with FakeServer(fakes.http(b"HTTP/1.1 403 Not today\r\nContent-Length: 0\r\n\r\n")) as px:
        res = run("-H", px.spec, "target.test", "22")
    assert res.rc == 7 and "403 Not today" in res.text and "proxy " + px.spec in res.text, res
    with socket.socket() as s:                    # bound, not listening
        s.bind(("127.0.0.1", 0))
        spec = "127.0.0.1:%d" % s.getsockname()[1]
        res = run("-S", spec, "target.test", "22")
    assert res.rc == 4 and spec in res.text and "refused" in res.text.lower(), res
    errors = [x for x in res.lines if x.startswith("ERROR: ")]      # connect.c's FATAL line keeps its errno
    assert errors and not re.search(r"errno=?\s*\d", "".join(errors)), res


@pytest.mark.parametrize("value", ["", ",", "10.0.0.0/8,", ",10.0.0.0/8", "10.0.0.0/8,,host.test", " , "])
def test_B17_an_empty_entry_matches_nothing(value):
    with FakeServer(fakes.socks5()) as px:
        res = run("-S", px.spec, "192.0.2.1", "22", stdin=BYE, env={"SOCKS5_DIRECT": value})
    assert (res.rc, res.out) == (0, HELLO), res
    assert px.conns[0].msgs[1] == bytes.fromhex("05010001c00002010016")


def test_B17_a_lone_exclamation_mark_never_means_direct():
    with FakeServer(fakes.socks5(), strict=False) as px:
        res = run("-d", "-S", px.spec, "192.0.2.1", "22", env={"SOCKS5_DIRECT": "!"})
    assert res.rc == (0 if px.conns else 2), res


def test_B18_both_resolves_locally_first(jail, dns):
    with FakeServer(fakes.socks5()) as px:
        res = jail.run("-R", "both", "-S", px.spec, "target.test", "22")
    assert res.rc == 0, res
    assert px.conns[0].msgs[1] == bytes.fromhex("05010001c000020a0016")
    assert dns.names == ["target.test"]
    with FakeServer(fakes.socks5()) as px:
        res = jail.run("-R", "both", "-S", px.spec, "nosuch.test", "22")
    assert res.rc == 0, res
    assert px.conns[0].msgs[1] == b"\5\1\0\3\x0bnosuch.test\0\x16"


def test_B19_the_given_name_server_is_asked(jail, dns):
    with dnsfake.FakeDNS({"target.test": ["192.0.2.99"]}) as ns, FakeServer(fakes.socks5()) as px:
        res = jail.run("-R", ns.addr, "-S", px.spec, "target.test", "22")
        assert res.rc == 0, res
        assert ns.names == ["target.test"] and dns.queries == []
    assert px.conns[0].msgs[1] == bytes.fromhex("05010001c00002630016")


def test_B19_and_does_not_break_the_proxys_own_lookup(jail, dns):
    ask = b"HTTP/1.0 407 X\r\nProxy-Authenticate: Basic realm=x\r\nConnection: close\r\n\r\n"
    with dnsfake.FakeDNS({}) as ns, FakeServer(fakes.http(ask, fakes.OK_HEAD)) as px:
        res = jail.run("-R", ns.addr, "-H", "bob@local4.test:%d" % px.port, "192.0.2.1", "22", stdin=BYE,
                       env={"HTTP_PROXY_PASSWORD": "x"})
    assert (res.rc, res.out) == (0, HELLO), res
    assert len(px.conns) == 2


@pytest.mark.parametrize("args,bad", [
    (("-n", "127.0.0.1", "65558"), "65558"), (("-n", "127.0.0.1", "4294967296022"), "4294967296022"),
    (("-n", "127.0.0.1", "65536"), "65536"), (("-n", "127.0.0.1", "0"), "0"), (("-n", "127.0.0.1", "-1"), "-1"),
    (("-n", "127.0.0.1", "22x"), "22x"), (("-n", "127.0.0.1", "nosuchservice"), "nosuchservice"),
    (("-S", "127.0.0.1:66616", "target.test", "22"), "66616"),
    (("-H", "127.0.0.1:1080junk", "target.test", "22"), "1080junk"),
    (("-T", "127.0.0.1:0", "target.test", "22"), "0"),
    (("-p", "65536", "-n", "127.0.0.1", "22"), "65536"), (("-p", "nosuchservice", "-n", "127.0.0.1", "22"), "nosuchservice"),
])
def test_B20_ports_do_not_wrap(args, bad):
    res = run(*args, limit=5)
    assert res.rc == 2, res
    errors = [x for x in res.lines if x.startswith("ERROR: ")]
    assert errors and bad in errors[0], res


def test_B21_the_wrong_relay_port_is_named():
    res = run("-S", "127.0.0.1:99999", "target.test", "2222")
    errors = [x for x in res.lines if x.startswith("ERROR: ")]
    assert res.rc == 2 and "99999" in errors[0] and "2222" not in errors[0], res


@pytest.mark.parametrize("tail", ["", "\n", "\n# " + "c" * 5000 + "\n", "\n#" + "c" * 1024, "\n" + "x" * 3000 + "\n"])
def test_B22_rc_file_without_final_newline_or_with_long_lines(home, tail):
    with FakeServer(fakes.socks5()) as px:
        home.rc("SOCKS5_SERVER = %s%s" % (px.spec, tail))
        res = run("-s", "target.test", "22", stdin=BYE, env=home.env)
    assert (res.rc, res.out) == (0, HELLO), res
    assert "overflow" not in res.text


def test_B23_debug_shows_no_password(home):
    with FakeServer(fakes.socks5(method=2)) as px:
        home.rc("SOCKS5_SERVER = %s\nSOCKS5_PASSWORD = hush-rc\nCONNECT_PASSWORD = hush-too\n"
                "HTTP_PROXY_PASSWORD = hush-http\n" % px.spec)
        res = run("-dd", "-s", "target.test", "22", env=home.env)
    assert res.rc == 0, res
    assert b"\x07hush-rc" in px.got[0]
    assert "hush" not in res.text


def test_B24_a_uid_without_passwd_entry(jail):
    with FakeServer(fakes.socks5()) as px:
        res = jail.run("-S", "bob@" + px.spec, "target.test", "22", stdin=BYE, uid=54321, env={"HOME": "/tmp"})
        assert (res.rc, res.out) == (0, HELLO), res
        res = jail.run("-S", px.spec, "target.test", "22", stdin=BYE, uid=54321, env={"HOME": None})
        assert (res.rc, res.out) == (0, HELLO), res


def listening(r):
    """The address that a connect -p reports on stderr."""
    m = re.search(rb"listening on (\S+):(\d+)", r.err_until(b"\n"))
    assert m, r.errbuf
    return m.group(1).decode(), int(m.group(2))


def test_B25_p_listens_on_the_loopback_address_only():
    with FakeServer(fakes.session) as target:
        with Running("-p", "0", "-n", "127.0.0.1", str(target.port)) as r:
            host, port = listening(r)
            assert host == "127.0.0.1"
            with pytest.raises(ConnectionRefusedError):     # 0.0.0.0 would accept on every address
                socket.create_connection(("127.0.0.2", port), 2)
            with socket.create_connection(("127.0.0.1", port), 5) as s:
                s.shutdown(socket.SHUT_WR)
                assert read_all(s) == HELLO
            assert r.finish().rc == 0


def read_all(s):
    s.settimeout(20)
    out = b""
    while True:
        b = s.recv(65536)
        if not b:
            return out
        out += b


def test_B26_P_serves_a_second_client_with_the_same_session():
    def script(c):
        c.send(b"one\n")
        assert c.until(b"\n") == b"from first\n"
        assert c.until(b"\n") == b"from second\n"
        c.send(b"two\n")
        c.close()
    with FakeServer(script) as target:
        with Running("-P", "0", "-n", "127.0.0.1", str(target.port)) as r:
            _, port = listening(r)
            with socket.create_connection(("127.0.0.1", port), 5) as s:
                s.sendall(b"from first\n")
                s.settimeout(20)
                assert s.recv(100) == b"one\n"
            with socket.create_connection(("127.0.0.1", port), 5) as s:
                s.sendall(b"from second\n")
                assert read_all(s) == b"two\n"
            r.p.wait(20)
    assert len(target.conns) == 1


def test_B27_the_servers_half_close_does_not_end_the_session():
    data = os.urandom(2000)

    def then(c, _):
        c.send(HELLO)
        c.half_close()
        c.app = c.rest()
    with FakeServer(fakes.socks5(then=then)) as px:
        with Running("-S", px.spec, "target.test", "22") as r:
            r.p.stdin.write(data[:1000])
            r.p.stdin.flush()
            assert r.out_read(100) == HELLO              # to the end of stdout
            res = r.finish(data[1000:])
    assert res.rc == 0, res
    assert px.conns[0].app == data


@pytest.mark.parametrize("i", range(5))
def test_B28_non_blocking_stdout_gets_every_octet(i):
    data = os.urandom(3 * 1024 * 1024)
    with FakeServer(fakes.socks5(data=data)) as px:
        rd, wr = os.pipe()
        os.set_blocking(wr, False)
        with Running("-S", px.spec, "target.test", "22", stdout=wr) as r:
            os.close(wr)
            r.p.stdin.close()
            r.p.stdin = None
            out = bytearray()
            while True:
                b = os.read(rd, 4096 + 511 * i)
                if not b:
                    break
                out += b
            res = r.finish()
        os.close(rd)
    assert res.rc == 0, res
    assert bytes(out) == data


@pytest.mark.parametrize("i", range(20))
def test_B29_a_send_error_loses_no_received_data(i):
    data = os.urandom(20000)

    def then(c, _):
        c.send(data)
        c.close()                       # with unread octets: a reset follows
    with FakeServer(fakes.socks5(then=then), strict=False) as px:
        rd, wr = os.pipe()
        with Running("-S", px.spec, "target.test", "22", stdin=rd) as r:
            os.close(rd)

            def busy():
                try:
                    while True:
                        os.write(wr, b"x" * 4096)
                except BrokenPipeError:
                    pass
                os.close(wr)
            t = threading.Thread(target=busy, daemon=True)
            t.start()
            res = r.finish()
            t.join(10)
    assert res.out == data, (len(res.out), res.rc, res.text)
    assert res.rc in (0, 9), res


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGHUP, signal.SIGALRM, signal.SIGQUIT, signal.SIGINT])
def test_B30_echo_is_back_when_a_signal_ends_the_prompt(sig):
    with FakeServer(fakes.socks5(method=2), strict=False) as px:
        child = pexpect.spawn(runner.CONNECT, ["-S", "bob@" + px.spec, "target.test", "22"],
                              env=runner.environment(), timeout=20)
        child.expect_exact("Enter SOCKS5 password for bob@127.0.0.1: ")
        runner.wait_until(lambda: not child.getecho(), what="echo off")
        child.kill(sig)
        runner.wait_until(child.getecho, 10, "echo on after signal %d" % sig)
        child.close(force=True)
        assert child.signalstatus == sig or child.exitstatus == 128 + sig


@pytest.mark.parametrize("atyp", [0, 2, 5, 6, 255])
def test_B31_unknown_address_type_in_the_reply(atyp):
    with FakeServer(fakes.socks5(reply=b"\5\0\0" + bytes([atyp]) + b"\x7f\0\0\1\x12\x34"), strict=False) as px:
        res = run("-S", px.spec, "target.test", "22", stdin=BYE)
    assert (res.rc, res.out) == (5, b""), res
    assert BYE not in px.got[0] and str(atyp) in res.text


def test_B32_ipv6_literals():
    want = bytes.fromhex("0501000420010db80000000000000000000000010016")
    for host in ("2001:db8::1", "[2001:db8::1]"):
        with FakeServer(fakes.socks5()) as px:
            assert run("-S", px.spec, host, "22").rc == 0
        assert px.conns[0].msgs[1] == want
        with FakeServer(fakes.http()) as px:
            assert run("-H", px.spec, host, "22").rc == 0
        assert px.conns[0].msgs[0].startswith(b"CONNECT [2001:db8::1]:22 HTTP/1.1\r\nHost: [2001:db8::1]:22\r\n")


def test_B32_ipv6_proxies_and_targets(jail):
    for opt, script in (("-S", fakes.socks5()), ("-H", fakes.http()), ("-T", fakes.telnet())):
        with FakeServer(script, host="::1") as px:
            res = run(opt, "bob@" + px.spec, "target.test", "22", stdin=BYE)
            assert (res.rc, res.out) == (0, HELLO), res
    with FakeServer(fakes.session, host="::1") as target:
        for host in ("::1", "[::1]"):
            res = run(host, str(target.port), stdin=BYE)
            assert (res.rc, res.out) == (0, HELLO), res
        res = jail.run("local6.test", str(target.port), stdin=BYE)
        assert (res.rc, res.out) == (0, HELLO), res
    with FakeServer(fakes.socks5()) as px:
        assert jail.run("-R", "local", "-S", px.spec, "v6only.test", "22").rc == 0
    assert px.conns[0].msgs[1] == bytes.fromhex("0501000420010db80000000000000000000000100016")


def test_B33_codes_are_unsigned():
    for code in (0x80, 0xc8, 0xff):
        with FakeServer(fakes.socks5(reply=b"\5" + bytes([code]) + b"\0\1" + b"\0" * 6)) as px:
            res = run("-S", px.spec, "target.test", "22")
        assert res.rc == 7 and "(SOCKS5 reply %d)" % code in res.text and "-" + str(256 - code) not in res.text, res
        with FakeServer(fakes.socks4(reply=b"\0" + bytes([code]) + b"\0" * 6)) as px:
            res = run("-4", "-S", px.spec, "192.0.2.1", "22")
        assert res.rc == 7 and "(SOCKS4 reply %d)" % code in res.text, res


def test_B34_end_of_file_at_the_prompt_sends_no_part_of_the_prompt():
    with FakeServer(fakes.socks5(method=2), strict=False) as px:
        child = pexpect.spawn(runner.CONNECT, ["-S", "bob@" + px.spec, "target.test", "22"],
                              env=runner.environment(), timeout=20)
        child.expect_exact("Enter SOCKS5 password for bob@127.0.0.1: ")
        runner.wait_until(lambda: not child.getecho(), what="echo off")
        child.send("abc")
        child.sendeof()
        child.sendeof()
        runner.wait_until(lambda: b"\3abc" in px.got[0] or not child.isalive(), what="an answer to abc ^D ^D")
        child.close(force=True)
    assert px.got[0][4:].startswith(b"\1\3bob\3abc\5\1\0\3") or px.got[0][4:] in (b"", b"\1\3bob\3abc"), px.got


def test_B35_name_entries_match_with_local_resolution(jail):
    with FakeServer(fakes.session) as target, FakeServer(fakes.socks4(), strict=False) as px:
        for entry in ("local4.test", "*.test", ".test", "127.0.0.1"):
            res = jail.run("-4", "-S", px.spec, "local4.test", str(target.port), stdin=BYE,
                           env={"SOCKS4_DIRECT": entry})
            assert (res.rc, res.out) == (0, HELLO), (entry, res)
        assert px.conns == []
        assert len(target.conns) == 4


def test_B36_both_ends_write_before_they_read():
    down, up = os.urandom(20 * 1024 * 1024), os.urandom(20 * 1024 * 1024)

    def then(c, _):
        c.send(down)                    # all of it, before the first read
        c.app = c.rest()
    with FakeServer(fakes.socks5(then=then)) as px:
        res = run("-S", px.spec, "target.test", "22", stdin=up)
    assert res.rc == 0, res.text
    assert res.out == down and px.conns[0].app == up


def test_B37_p_is_not_tied_to_stdin():
    with FakeServer(fakes.session) as target, open(os.devnull) as null:
        with Running("-p", "0", "-n", "127.0.0.1", str(target.port), stdin=null) as r:
            _, port = listening(r)
            with socket.create_connection(("127.0.0.1", port), 5) as s:
                s.sendall(BYE)
                s.shutdown(socket.SHUT_WR)
                assert read_all(s) == HELLO
            assert r.finish().rc == 0
    assert target.conns[0].app == BYE


def test_B38_a_reset_session_is_not_success():
    def then(c, _):
        c.send(HELLO)
        c.read(len(BYE))
        c.reset()
    with FakeServer(fakes.socks5(then=then)) as px:
        with Running("-S", px.spec, "target.test", "22") as r:
            assert r.out_read(len(HELLO)) == HELLO
            r.p.stdin.write(BYE)
            r.p.stdin.flush()
            r.p.wait(20)
            res = r.finish()
    assert res.rc == 9, res
    assert "reset" in res.text.lower()


def test_B39_the_last_method_option_decides_the_server_too():
    with FakeServer(fakes.socks5(), strict=False) as socks, FakeServer(fakes.http()) as http:
        res = run("-S", socks.spec, "-h", "target.test", "22", stdin=BYE, env={"HTTP_PROXY": http.spec})
        assert (res.rc, res.out) == (0, HELLO), res
        assert socks.conns == [] and len(http.conns) == 1
        res = run("-S", socks.spec, "-h", "target.test", "22")
        assert res.rc == 2 and socks.conns == [], res


def test_B40_every_address_is_tried(jail):
    with FakeServer(fakes.session) as target:
        res = jail.run("two.test", str(target.port), stdin=BYE)
        assert (res.rc, res.out) == (0, HELLO), res
    with FakeServer(fakes.socks5()) as px:
        res = jail.run("-S", "two.test:%d" % px.port, "target.test", "22", stdin=BYE)
        assert (res.rc, res.out) == (0, HELLO), res


CHALLENGES = {
    "second of a line": 'Proxy-Authenticate: Digest realm="r, x", nonce="n", Basic realm="r"',
    "second after token68": 'Proxy-Authenticate: Negotiate abc==, Basic realm="r"',
    "no blank": 'Proxy-Authenticate:Basic realm="r"',
    "tab": 'Proxy-Authenticate:\tBasic realm="r"',
    "folded": 'Proxy-Authenticate:\r\n Basic realm="r"',
    "folded later": 'Proxy-Authenticate: Digest realm="r",\r\n\tnonce="n",\r\n Basic realm="r"',
    "lower case": 'proxy-authenticate: basic realm="r"',
    "no realm": 'Proxy-Authenticate: Basic',
    "repeated": 'Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic realm="r"',
    "empty elements": 'Proxy-Authenticate: , ,Basic realm="r"',
}


@pytest.mark.parametrize("name", sorted(CHALLENGES))
def test_B41_challenges_in_any_legal_form(name):
    ask = "HTTP/1.1 407 X\r\n%s\r\nContent-Length: 4\r\n\r\nbody" % CHALLENGES[name]
    with FakeServer(fakes.http(ask.encode(), fakes.OK_HEAD)) as px:
        res = run("-H", "bob@" + px.spec, "target.test", "22", stdin=BYE, env={"HTTP_PROXY_PASSWORD": "pw"})
    assert (res.rc, res.out) == (0, HELLO), res
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"bob:pw") in b"".join(px.got)


@pytest.mark.parametrize("field", ["BasicFoo realm=r", "Digest realm=\"Basic realm\"", "Digest realm=\"a, Basic x\"",
                                   "Digest Basic=x", "Negotiate"])
def test_B41_what_only_looks_like_basic(field):
    ask = "HTTP/1.1 407 X\r\nProxy-Authenticate: %s\r\nContent-Length: 0\r\n\r\n" % field
    with FakeServer(fakes.http(ask.encode(), fakes.OK_HEAD)) as px:
        res = run("-H", "bob@" + px.spec, "target.test", "22", env={"HTTP_PROXY_PASSWORD": "pw"})
    assert res.rc == 6, res
    assert b"Proxy-Authorization" not in b"".join(px.got)


@pytest.mark.parametrize("line", [b"not connected to target: refused\r\n", b"Failed!\r\n", b"Refused\r\n",
                                  b"rejected by rule\r\n", b"Closed\r\n", b"not connected to target\r\nrefused\r\n"])
def test_B42_telnet_refusals(line):
    with FakeServer(fakes.telnet(line, then=lambda c, d: c.rest()), strict=False) as px:
        res = run("-T", px.spec, "target.test", "22", stdin=BYE, limit=10)
    assert res.rc == 7, res
    assert BYE not in px.got[0] and res.lines[-1] == FATAL_TELNET


def test_B42_telnet_options_nul_and_prompts():
    greeting = b"\xff\xfb\x01\xff\xfd\x18welcome\r\0\r\nlogin\0> "
    with FakeServer(fakes.telnet(b"\xff\xf9Connected to target.test.\r\n", greeting=greeting)) as px:
        res = run("-T", px.spec, "target.test", "22", stdin=BYE, limit=10)
    assert (res.rc, res.out) == (0, HELLO), res
    sent = px.got[0]
    assert sent.count(b"\xff\xfe\x01") == 1 and sent.count(b"\xff\xfc\x18") == 1
    assert sent.replace(b"\xff\xfe\x01", b"").replace(b"\xff\xfc\x18", b"") == b"telnet target.test 22\r\n" + BYE


@pytest.mark.parametrize("host", ["x:1 HTTP/1.0\r\nX-Injected: yes\r\nX: ", "a\nb", "a b", "a\tb", "a\rb", "a\x01b", "a\x7fb"])
@pytest.mark.parametrize("opt", ["-H", "-S", "-T"])
def test_B43_control_octets_in_host_are_refused(opt, host):
    with FakeServer(fakes.http(), strict=False) as px:
        res = run(opt, px.spec, host, "22")
    assert res.rc == 2, res
    assert px.got == []
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", res.text)


@pytest.mark.parametrize("name,script,args", [
    ("method VER", lambda c: (fakes.s5_greeting(c), c.send(b"\4\0"), c.rest()), ()),
    ("reply VER", fakes.socks5(reply=b"\4\0\0\1" + b"\0" * 6, then=lambda c, d: c.rest()), ()),
    ("reply VER 0", fakes.socks5(reply=b"\0\0\0\1" + b"\0" * 6, then=lambda c, d: c.rest()), ()),
    ("reply VN", fakes.socks4(reply=b"\5\x5a" + b"\0" * 6, then=lambda c, d: c.rest()), ("-4",)),
])
def test_B44_versions_in_replies_are_checked(name, script, args):
    with FakeServer(script, strict=False) as px:
        res = run(*args, "-S", "bob@" + px.spec, "192.0.2.1", "22", stdin=BYE, env={"SOCKS5_PASSWORD": "x"}, limit=5)
    assert (res.rc, res.out) == (5, b""), res
    assert BYE not in px.got[0] and res.lines[-1] == FATAL_SOCKS


@pytest.mark.parametrize("ver", [0, 5])
def test_B44_version_of_the_authentication_status_is_remarked_on(ver):
    """RFC 1929 says 1; servers that send 5 or 0 are common, and STATUS alone decides (vectors UP-M04, UP-M05)."""
    status = bytes([ver, 0])
    script = lambda c: (fakes.s5_greeting(c), c.send(b"\5\2"), fakes.s5_userpass(c), c.send(status),  # noqa: E731
                        fakes.s5_request(c), c.send(b"\5\0\0\1" + b"\0" * 6 + HELLO), c.rest())
    with FakeServer(script) as px:
        res = run("-d", "-S", "bob@" + px.spec, "192.0.2.1", "22", stdin=BYE, env={"SOCKS5_PASSWORD": "x"}, limit=5)
    assert (res.rc, res.out) == (0, HELLO), res
    assert "DEBUG: VER of the status is not 1, as RFC 1929 says" in res.lines


def test_B45_eof_and_reset_name_the_proxy_and_the_phase():
    def ends(read, how):
        def script(c):
            read(c)
            getattr(c, how)()
        return script
    for how, word in (("close", "closed"), ("reset", "reset")):
        for args, read, phase in (
                (("-S",), fakes.s5_greeting, "method"),
                (("-S",), lambda c: (fakes.s5_greeting(c), c.send(b"\5\0"), fakes.s5_request(c)), "reply"),
                (("-4", "-S"), fakes.s4_request, "SOCKS4 reply"),
                (("-H",), fakes.Conn.head, "status line"),
                (("-T",), lambda c: c.until(b"\n"), "answer")):
            with FakeServer(ends(read, how)) as px:
                res = run(*args, "bob@" + px.spec, "192.0.2.1", "22")
            assert res.rc == 5, res
            error = [x for x in res.lines if x.startswith("ERROR: ")]
            assert len(error) == 1 and "proxy " + px.spec in error[0], res
            assert word in error[0].lower() and phase in error[0], res
            assert res.lines[-1].startswith("FATAL: failed to begin relaying via "), res
