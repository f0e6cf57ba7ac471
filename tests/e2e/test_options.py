# SPDX-License-Identifier: ISC
"""The command line, option by option, and what each option makes of the wire."""
import base64
import ctypes
import os
import re
import socket
import subprocess

import pytest

import dnsfake
import fakes
import runner
from fakes import FakeServer, HELLO, BYE
from runner import run, Running


def ok(res):
    assert (res.rc, res.out) == (0, HELLO), res
    return res


def errors(res):
    return [x for x in res.lines if x.startswith("ERROR: ")]


@pytest.fixture
def target():
    with FakeServer(fakes.session) as t:
        yield t


# -- parsing (D1, D2)

def test_no_host_prints_usage_on_stderr():
    for args in ((), ("-n",), ("-d",)):
        res = run(*args)
        assert res.rc == 0 and res.out == b"" and "usage: " in res.text, res


def test_usage_names_every_option():
    text = run().text
    for letter in "dnhst45pPRwHSTacVD":
        assert re.search(r"\[-[a-zA-Z0-9]*%s" % letter, text), letter
    for name in ("--http1.0", "--no-half-close", "--forever", "--connect-timeout", "--handshake-timeout",
                 "--idle-timeout", "--good-phrase", "--bad-phrase", "--no-sandbox", "--help", "--version"):
        assert name in text, name


def test_usage_line_has_the_name_it_was_called_by():
    assert "usage: my-relay " in run(argv0="my-relay").text


def test_V_prints_the_version_on_stderr():
    res = run("-V", "--nosuch")
    assert res.rc == 0 and res.out == b""
    assert res.lines[0] == "connect --- simple relaying command via proxy."
    assert re.match(r"Version \d+\.\d+", res.lines[1]) and len(res.lines) == 2, res


def test_help_and_version():
    for word in ("--help", "--version"):
        res = run(word)
        assert res.rc == 0 and (res.out + res.err).strip(), res
    assert b"usage: " in b"".join([run("--help").out, run("--help").err])


@pytest.mark.parametrize("words", [
    ["-Sd", "PX"], ["-dS", "PX"], ["-d5S", "PX"], ["-d", "-S", "PX", "-5"], ["-dSRw", "PX", "remote", "5"],
    ["-S5Rwd", "PX", "remote", "5"], ["-", "-dS", "PX"], ["-dS", "PX", "--"], ["-d", "--connect-timeout", "7", "-S", "PX"],
    ["--connect-timeout=7", "-dS", "PX"], ["-dh", "-S", "PX"], ["-dH", "192.0.2.1:1", "-S", "PX"], ["-dnS", "PX"],
], ids=" ".join)
def test_clusters_and_their_arguments(words):
    with FakeServer(fakes.socks5()) as px:
        res = ok(run(*[px.spec if w == "PX" else w for w in words], "target.test", "22", stdin=BYE))
    assert "DEBUG: relay_method = SOCKS (2)" in res.lines
    assert px.conns[0].msgs[1] == b"\5\1\0\3\x0btarget.test\0\x16"


def test_attached_arguments_do_not_exist():
    res = run("-S127.0.0.1", "target.test", "x", "22")
    assert res.rc == 2
    for c in "1270.":
        assert "ERROR: unknown option '-%s'" % c in res.lines, res


def test_all_errors_are_reported_then_usage_once():
    res = run("-x", "-y", "--nosuch", "-R", "wrong", "-w", "junk", "-n", "h", "99999")
    assert res.rc == 2 and res.out == b""
    for word in ("-x", "-y", "--nosuch", "wrong", "junk", "99999"):
        assert any(word in e for e in errors(res)), (word, res)
    assert sum(x.startswith("usage: ") for x in res.lines) == 1
    first = [i for i, x in enumerate(res.lines) if x.startswith("usage: ")][0]
    assert not any(x.startswith("ERROR: ") for x in res.lines[first:])


@pytest.mark.parametrize("option", ["-S", "-H", "-T", "-R", "-a", "-w", "-p", "-P", "-c", "--connect-timeout",
                                    "--handshake-timeout", "--idle-timeout", "--good-phrase", "--bad-phrase"])
def test_a_missing_argument_is_an_error(option):
    res = run(option)
    assert res.rc == 2 and any(option in e for e in errors(res)) and "usage: " in res.text, res


def test_options_end_at_host(target):
    res = run("-n", "127.0.0.1", str(target.port), "-S", "192.0.2.1", "more", stdin=BYE)
    ok(res)
    assert res.text.strip(), "the ignored words are not mentioned"


def test_double_dash_ends_options(target):
    ok(run("-n", "--", "127.0.0.1", str(target.port), stdin=BYE))
    res = run("-n", "--", "-S", "22")
    assert res.rc != 0 and "unknown option" not in res.text


@pytest.mark.parametrize("word", ["--nosuch", "--connect", "--http", "--forever=yes", "--connect-timeout=x", "--connect-timeout=-1",
                                  "--idle-timeout="])
def test_long_options_are_exact(word):
    res = run(word, "-n", "127.0.0.1", "22")
    assert res.rc == 2 and any(word.split("=")[0] in e for e in errors(res)), res


@pytest.mark.parametrize("value", ["abc", "-5", "1.", ".5", "1.5.", "0.0001", "1,5", "", "5x", "99999999999999999999"])
def test_w_is_checked(value):
    res = run("-w", value, "-n", "127.0.0.1", "22")
    assert res.rc == 2 and any("-w" in e for e in errors(res)), res


# -- method and server (D3, D6)

def test_no_method_option_is_direct_whatever_the_environment_says(target):
    env = dict.fromkeys(("SOCKS5_SERVER", "SOCKS4_SERVER", "SOCKS_SERVER", "HTTP_PROXY", "http_proxy", "TELNET_PROXY",
                         "ALL_PROXY"), "127.0.0.1:1")
    ok(run("127.0.0.1", str(target.port), stdin=BYE, env=env))
    ok(run("-n", "127.0.0.1", str(target.port), stdin=BYE, env=env))
    ok(run("-4", "127.0.0.1", str(target.port), stdin=BYE, env=env))
    ok(run("-5", "127.0.0.1", str(target.port), stdin=BYE, env=env))


def test_the_last_method_wins(target):
    with FakeServer(fakes.socks5()) as s5, FakeServer(fakes.http()) as http:
        ok(run("-S", s5.spec, "-n", "127.0.0.1", str(target.port), stdin=BYE))
        assert s5.conns == []
        ok(run("-n", "-S", s5.spec, "target.test", "22", stdin=BYE))
        ok(run("-S", "127.0.0.1:1", "-H", http.spec, "target.test", "22", stdin=BYE))
        ok(run("-H", http.spec, "-S", s5.spec, "target.test", "22", stdin=BYE))
        ok(run("-H", "127.0.0.1:1", "-s", "target.test", "22", stdin=BYE, env={"SOCKS5_SERVER": s5.spec}))
        assert (len(s5.conns), len(http.conns)) == (3, 1)


@pytest.mark.parametrize("words", [["-4", "-S", "PX"], ["-S", "PX", "-4"], ["-S4", "PX"], ["-4S", "PX"], ["-5", "-4", "-S", "PX"]],
                         ids=" ".join)
def test_version_4_in_any_order(words):
    with FakeServer(fakes.socks4()) as px:
        ok(run(*[px.spec if w == "PX" else w for w in words], "192.0.2.1", "22", stdin=BYE))


def debug(*args, **kw):
    return run("-d", *args, "target.test", "22", **kw).lines


@pytest.mark.parametrize("opt,method,port", [("-S", "SOCKS (2)", 1080), ("-H", "HTTP (3)", 80), ("-T", "TELNET (4)", 23)])
def test_default_ports_and_the_settings_block(opt, method, port):
    lines = debug(opt, "bob@127.73.0.9")
    at = lines.index("DEBUG: relay_method = " + method)
    assert lines[at + 1:at + 4] == ["DEBUG: relay_host=127.73.0.9", "DEBUG: relay_port=%d" % port, "DEBUG: relay_user=bob"]
    for line in ("DEBUG: local_type=stdio", "DEBUG: dest_host=target.test", "DEBUG: dest_port=22",
                 "DEBUG: connecting to 127.73.0.9:%d" % port):
        assert line in lines, lines


@pytest.mark.parametrize("opt", ["-S", "-H", "-T"])
@pytest.mark.parametrize("spec,user,host,port", [
    ("127.73.0.9:7", None, "127.73.0.9", 7),
    ("http://127.73.0.9:7", None, "127.73.0.9", 7),
    ("HTTP://bob@127.73.0.9:7/some/path", "bob", "127.73.0.9", 7),
    ("127.73.0.9:7/", None, "127.73.0.9", 7),
    ("user@realm@127.73.0.9:7", "user@realm", "127.73.0.9", 7),
    ("user:pass@127.73.0.9:7", "user:pass", "127.73.0.9", 7),
    ("@127.73.0.9:7", "", "127.73.0.9", 7),
    ("[::1]:7", None, "::1", 7),
    ("bob@[::1]:7", "bob", "::1", 7),
    ("127.73.0.9:socks", None, "127.73.0.9", 1080),
])
def test_server_specs(opt, spec, user, host, port):
    lines = debug(opt, spec)
    assert "DEBUG: relay_host=" + host in lines, lines
    assert "DEBUG: relay_port=%d" % port in lines
    if user is not None:
        assert "DEBUG: relay_user=" + user in lines


def test_server_spec_ipv6_without_port():
    for opt, port in (("-S", 1080), ("-H", 80), ("-T", 23)):
        lines = debug(opt, "[::1]")
        assert "DEBUG: relay_host=::1" in lines and "DEBUG: relay_port=%d" % port in lines, lines


@pytest.mark.parametrize("spec", ["", ":1080", "bob@", "bob@:1080", "[::1", "[]:1080", "[::1]x", "127.0.0.1:", "https:", "a b:1080",
                                  "host:1:2", "http://", "host\n:1"])
def test_broken_server_specs(spec):
    res = run("-S", spec, "target.test", "22")
    assert res.rc == 2 and res.lines[0].startswith(("ERROR: ", "FATAL: ")), res


# -- PORT and the program's name (D4, D5)

def test_service_names():
    assert "DEBUG: dest_port=25" in run("-d", "-n", "127.73.0.9", "smtp").lines
    assert "DEBUG: dest_port=22" in run("-d", "-n", "127.73.0.9", "ssh").lines


@pytest.mark.parametrize("name,port", [("connect-25", 25), ("connect-ssh", 22), ("connect-25.exe", 25), ("connect-smtp.x.y", 25)])
def test_the_programs_name_is_a_port(tmp_path, name, port):
    link = tmp_path / name
    link.symlink_to(runner.CONNECT)
    lines = run("-d", "-n", "127.73.0.9", command=[str(link)]).lines
    assert "DEBUG: dest_port=%d" % port in lines, lines
    lines = run("-d", "-n", "127.73.0.9", "7", command=[str(link)]).lines
    assert "DEBUG: dest_port=7" in lines, "an explicit port wins"


@pytest.mark.parametrize("name", ["connect", "connect-proxy", "connect-99999", "connect-", "connect-nosuchservice"])
def test_other_names_are_just_names(tmp_path, name):
    link = tmp_path / name
    link.symlink_to(runner.CONNECT)
    res = run("-n", "127.73.0.9", command=[str(link)])
    assert res.rc == 2 and "port" in res.text, res
    assert "DEBUG: dest_port=7" in run("-d", "-n", "127.73.0.9", "7", command=[str(link)]).lines


# -- -a (D11)

@pytest.mark.parametrize("value,offer", [(None, "05020002"), ("none", "050100"), ("userpass", "050102"), ("u", "050102"), ("n", "050100"),
                                         ("none,userpass", "05020002"), ("userpass,none", "05020200"), ("user,no", "05020200"),
                                         (" userpass , none\t", "05020200")])
def test_a_offers(value, offer):
    want = bytes.fromhex(offer)
    method = want[-1]
    for args, env in (((("-a", value) if value else ()), {}), ((), {"SOCKS5_AUTH": value})):
        with FakeServer(fakes.socks5(method=method)) as px:
            ok(run(*args, "-S", "bob@" + px.spec, "target.test", "22", stdin=BYE,
                   env=dict(env, SOCKS5_PASSWORD="pw")))
        assert px.conns[0].msgs[0] == want
        if method == 2:
            assert px.conns[0].msgs[1] == b"\1\3bob\2pw"


def test_a_on_the_command_line_wins_over_the_environment():
    with FakeServer(fakes.socks5()) as px:
        ok(run("-a", "none", "-S", px.spec, "target.test", "22", stdin=BYE, env={"SOCKS5_AUTH": "userpass"}))
    assert px.conns[0].msgs[0] == b"\5\1\0"


@pytest.mark.parametrize("value", ["gssapi", "chap", "none,gssapi", "g", "c"])
def test_a_methods_that_are_not_supported(value):
    with FakeServer(fakes.socks5(), strict=False) as px:
        res = run("-a", value, "-S", px.spec, "target.test", "22")
    assert res.rc == 2 and any("not supported" in e for e in errors(res)) and px.conns == [], res


@pytest.mark.parametrize("value", ["bogus", "", "none,", ",none", "NONE", "none,,userpass", "nonex"])
def test_a_wrong_words(value):
    res = run("-a", value, "-S", "127.0.0.1:1", "target.test", "22")
    assert res.rc == 2 and any("-a" in e for e in errors(res)), res


# -- -R (D13, D14)

@pytest.mark.parametrize("word", ["maybe", "", "localx", "both,remote", "127.0.0.1:0", "127.0.0.1:99999", "[::1", "1.2.3.4.5"])
def test_R_wrong_words(word):
    res = run("-R", word, "-S", "127.0.0.1:1", "target.test", "22")
    assert res.rc == 2 and any("-R" in e for e in errors(res)), res


@pytest.mark.parametrize("args,script", [(("-S",), fakes.socks5), (("-H",), fakes.http), (("-T",), fakes.telnet),
                                         (("-R", "remote", "-S"), fakes.socks5), (("-R", "REMOTE", "-4", "-S"), fakes.socks4),
                                         (("-R", "remote", "-H"), fakes.http)],
                         ids=lambda x: " ".join(x) if isinstance(x, tuple) else "")
def test_remote_resolution_never_asks_the_local_resolver(jail, dns, args, script):
    with FakeServer(script()) as px:
        ok(jail.run(*args, px.spec, "target.test", "22", stdin=BYE, env={"CONNECT_DIRECT": "10.0.0.0/8,other.test,!x.test"}))
    assert dns.queries == []
    assert b"target.test" in px.got[0]


S5_ADDR = bytes.fromhex("05010001c000020a0016")
S4_ADDR = bytes.fromhex("04010016c000020a") + b"bob\0"
S5_NAME = b"\5\1\0\3\x0btarget.test\0\x16"
S4_NAME = b"\4\1\0\x16\0\0\0\1bob\0target.test\0"


@pytest.mark.parametrize("args,want,asks", [
    (["-5"], S5_NAME, False), (["-5", "-R", "local"], S5_ADDR, True), (["-5", "-R", "both"], S5_ADDR, True),
    (["-5", "-R", "Local"], S5_ADDR, True), (["-5", "-R", "remote"], S5_NAME, False),
    (["-4"], S4_ADDR, True), (["-4", "-R", "local"], S4_ADDR, True), (["-4", "-R", "BOTH"], S4_ADDR, True),
    (["-4", "-R", "remote"], S4_NAME, False)], ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_R_table(jail, dns, args, want, asks):
    with FakeServer(fakes.socks4() if "-4" in args else fakes.socks5()) as px:
        ok(jail.run(*args, "-S", "bob@" + px.spec, "target.test", "22", stdin=BYE))
    assert px.conns[0].msgs[-1] == want
    assert dns.names == (["target.test"] if asks else [])


def test_R_local_with_http_and_telnet_sends_the_address(jail, dns):
    with FakeServer(fakes.http()) as px:
        ok(jail.run("-R", "local", "-H", px.spec, "target.test", "22", stdin=BYE))
    assert px.got[0].startswith(b"CONNECT 192.0.2.10:22 HTTP/1.1\r\nHost: 192.0.2.10:22\r\n")
    with FakeServer(fakes.http()) as px:
        ok(jail.run("-R", "both", "-H", px.spec, "v6only.test", "22", stdin=BYE))
    assert px.got[0].startswith(b"CONNECT [2001:db8::10]:22 HTTP/1.1\r\n")
    with FakeServer(fakes.telnet()) as px:
        ok(jail.run("-R", "local", "-T", px.spec, "target.test", "22", stdin=BYE))
    assert px.conns[0].msgs == [b"telnet 192.0.2.10 22\r\n"]
    assert dns.names == ["target.test", "v6only.test"]


def test_R_local_prefers_what_the_protocol_can_carry(jail):
    with FakeServer(fakes.socks4()) as px:
        ok(jail.run("-4", "-S", "bob@" + px.spec, "both.test", "22", stdin=BYE))
    assert px.conns[0].msgs[-1] == S4_ADDR
    with FakeServer(fakes.socks4()) as px:             # AAAA only: nothing SOCKS4 can carry, so 4a
        ok(jail.run("-4", "-S", "bob@" + px.spec, "v6only.test", "22", stdin=BYE))
    assert px.conns[0].msgs[-1] == b"\4\1\0\x16\0\0\0\1bob\0v6only.test\0"


def test_default_local_of_socks4_falls_back_to_4a_but_R_local_is_an_error(jail):
    with FakeServer(fakes.socks4()) as px:
        ok(jail.run("-4", "-S", "bob@" + px.spec, "nosuch.test", "22", stdin=BYE))
    assert px.conns[0].msgs[-1] == b"\4\1\0\x16\0\0\0\1bob\0nosuch.test\0"
    for version in ("-4", "-5"):
        with FakeServer(fakes.socks5(), strict=False) as px:
            res = jail.run(version, "-R", "local", "-S", px.spec, "nosuch.test", "22")
        assert res.rc == 3 and px.got in ([], [b""]) and "nosuch.test" in res.text, res


@pytest.mark.parametrize("args", [("-S",), ("-R", "both", "-S"), ("-4", "-R", "both", "-S")], ids=" ".join)
def test_both_falls_back_to_remote(jail, args):
    with FakeServer(fakes.socks4() if "-4" in args else fakes.socks5()) as px:
        ok(jail.run(*args, px.spec, "nosuch.test", "22", stdin=BYE))
    assert b"nosuch.test" in px.got[0]


@pytest.mark.parametrize("version", ["-4", "-5"])
@pytest.mark.parametrize("host,port", [("127.0.0.1", True), ("::1", True), ("default", False)])
def test_R_nameserver(jail, dns, version, host, port):
    """An address asks that name server: ADDR, ADDR:PORT, [V6]:PORT."""
    if port:
        with dnsfake.FakeDNS({"ns.test": ["192.0.2.77"]}, host=host) as ns:
            one_name_server(jail, version, ns.addr, ns)
            assert dns.queries == []
    else:
        dns.zone["ns.test"] = ["192.0.2.77"]
        one_name_server(jail, version, dns.host, dns)


def one_name_server(jail, version, word, ns):
    with FakeServer(fakes.socks4() if version == "-4" else fakes.socks5()) as px:
        ok(jail.run(version, "-R", word, "-S", "bob@" + px.spec, "ns.test", "22", stdin=BYE))
    assert bytes([192, 0, 2, 77]) in px.conns[0].msgs[-1]
    assert ns.names == ["ns.test"]


def test_R_nameserver_that_does_not_know_the_name(jail):
    with dnsfake.FakeDNS({}) as ns:
        with FakeServer(fakes.socks5(), strict=False) as px:
            res = jail.run("-R", ns.addr, "-S", px.spec, "target.test", "22")
        assert res.rc == 3 and px.got in ([], [b""]), res
        assert ns.names == ["target.test"]


def test_R_nameserver_for_a_direct_connection(jail, dns):
    with dnsfake.FakeDNS({"only-here.test": ["127.0.0.1"]}) as ns, FakeServer(fakes.session) as t:
        ok(jail.run("-R", ns.addr, "-n", "only-here.test", str(t.port), stdin=BYE))
        assert ns.names == ["only-here.test"] and dns.queries == []


@pytest.mark.parametrize("words,want", [
    (["-S", "PX", "192.0.2.1"], bytes.fromhex("05010001c00002010016")),
    (["-R", "local", "-S", "PX", "192.0.2.1"], bytes.fromhex("05010001c00002010016")),
    (["-S", "PX", "2001:db8::1"], bytes.fromhex("0501000420010db80000000000000000000000010016")),
    (["-R", "local", "-S", "PX", "[2001:db8::1]"], bytes.fromhex("0501000420010db80000000000000000000000010016")),
    (["-4", "-S", "bob@PX", "192.0.2.1"], bytes.fromhex("04010016c0000201") + b"bob\0"),
    (["-4", "-R", "remote", "-S", "bob@PX", "192.0.2.1"], bytes.fromhex("04010016c0000201") + b"bob\0")],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_literals(jail, dns, words, want):
    with FakeServer(fakes.socks4() if "-4" in words else fakes.socks5()) as px:
        ok(jail.run(*[w.replace("PX", px.spec) for w in words], "22", stdin=BYE))
    assert px.conns[0].msgs[-1] == want
    assert dns.queries == []


def test_socks4_ipv6_literal_is_an_error_before_anything_is_sent():
    with FakeServer(fakes.socks4(), strict=False) as px:
        res = run("-4", "-S", px.spec, "2001:db8::1", "22")
    assert res.rc == 2 and px.got in ([], [b""]) and "IPv6" in res.text, res


# -- HTTP (D16, D17, D18)

def test_http_request_to_the_octet():
    with FakeServer(fakes.http()) as px:
        ok(run("-H", px.spec, "target.test", "2222", stdin=BYE))
    assert re.fullmatch(rb"CONNECT target\.test:2222 HTTP/1\.1\r\nHost: target\.test:2222\r\nUser-Agent: [!-~]+\r\n\r\n",
                        px.conns[0].msgs[0]), px.got


def test_http10_form():
    with FakeServer(fakes.http(b"HTTP/1.0 407 X\r\nProxy-Authenticate: Basic realm=x\r\n\r\nclose", fakes.OK_HEAD)) as px:
        ok(run("--http1.0", "-H", "bob@" + px.spec, "target.test", "22", stdin=BYE, env={"HTTP_PROXY_PASSWORD": "pw"}))
    assert px.conns[0].msgs == [b"CONNECT target.test:22 HTTP/1.0\r\n\r\n"]
    assert px.conns[1].msgs == [b"CONNECT target.test:22 HTTP/1.0\r\nProxy-Authorization: Basic " +
                                base64.b64encode(b"bob:pw") + b"\r\n\r\n"]


@pytest.mark.parametrize("head", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 299 \r\n\r\n", b"HTTP/1.1 200\r\n\r\n", b"HTTP/1.0 204 No Content\nX: y\n\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 P\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\tc\r\n\r\n"], ids=lambda h: h.decode("latin-1").replace("\r\n", "|")[:40])
def test_http_success(head):
    with FakeServer(fakes.http(head, then=fakes.session)) as px:
        if b"100 Continue" in head:
            px.script = lambda c: (c.head(), c.send(head), fakes.session(c))
        ok(run("-H", px.spec, "target.test", "22", stdin=BYE))
    assert px.got[0].endswith(BYE)


def test_http_interim_responses_are_bounded():
    def script(c):
        c.head()
        for _ in range(100000):
            if c.ended:
                return
            c.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 10)
    with FakeServer(script, strict=False) as px:
        res = run("-H", px.spec, "target.test", "22", limit=20)
    assert res.rc == 5, res


def test_http_header_block_is_bounded_at_64k():
    for size, rc in ((60000, 0), (66000, 5)):
        head = b"HTTP/1.1 200 OK\r\n"
        while len(head) < size - 100:
            head += b"X: " + b"y" * 90 + b"\r\n"
        with FakeServer(fakes.http(head + b"\r\n", then=fakes.session), strict=False) as px:
            assert run("-H", px.spec, "target.test", "22", stdin=BYE).rc == rc, size


ASK = b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\n"
CHUNKED = ASK + b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n3\r\nabc\r\n0\r\nT: r\r\n\r\n"
KEPT = {
    "no body": ASK + b"Content-Length: 0\r\n\r\n",
    "body": ASK + b"Content-Length: 5000\r\n\r\n" + b"<" * 5000,
    "big body": ASK + b"Content-Length: 200000\r\n\r\n" + b"<" * 200000,
    "chunked": CHUNKED,
    "1.0 keep-alive": ASK.replace(b"1.1", b"1.0") + b"Proxy-Connection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
    "1.0 Connection": ASK.replace(b"1.1", b"1.0") + b"Connection: Keep-Alive\r\nContent-Length: 3\r\n\r\nabc",
}
CLOSED = {
    "1.1 close": ASK + b"Connection: close\r\nContent-Length: 3\r\n\r\nabc",
    "1.1 proxy close": ASK + b"Proxy-Connection: close\r\nContent-Length: 3\r\n\r\nabc",
    "1.0": ASK.replace(b"1.1", b"1.0") + b"Content-Length: 3\r\n\r\nabc",
    "1.1 body to the end": ASK + b"Connection: close\r\n\r\nabc",
}


def auth_run(px, **kw):
    return run("-H", "bob@" + px.spec, "target.test", "22", stdin=BYE, env=dict({"HTTP_PROXY_PASSWORD": "pw"}, **kw))


CRED = b"\r\nProxy-Authorization: Basic " + base64.b64encode(b"bob:pw") + b"\r\n"


@pytest.mark.parametrize("name", sorted(KEPT))
def test_http_second_try_over_a_kept_connection(name):
    with FakeServer(fakes.http(KEPT[name], fakes.OK_HEAD)) as px:
        ok(auth_run(px))
    assert len(px.conns) == 1
    first, second = px.conns[0].msgs
    assert b"Authorization" not in first and CRED in second


@pytest.mark.parametrize("name", sorted(CLOSED))
def test_http_second_try_over_a_new_connection(name):
    with FakeServer(fakes.http(CLOSED[name], fakes.OK_HEAD)) as px:
        ok(auth_run(px))
    assert len(px.conns) == 2
    assert b"Authorization" not in px.conns[0].msgs[0] and CRED in px.conns[1].msgs[0]


def test_http_a_proxy_that_closes_although_it_said_it_would_not():
    def script(c):
        c.head()
        if c.number == 1:
            c.send(KEPT["no body"])
            c.close()
        else:
            c.send(fakes.OK_HEAD)
            fakes.session(c)
    with FakeServer(script) as px:
        ok(auth_run(px))
    assert len(px.conns) == 2


def test_http_401_of_old_proxies():
    ask = b"HTTP/1.0 401 X\r\nWWW-Authenticate: Basic realm=x\r\nConnection: close\r\n\r\n"
    with FakeServer(fakes.http(ask, fakes.OK_HEAD)) as px:
        ok(auth_run(px))
    assert CRED in px.conns[1].msgs[0]


@pytest.mark.parametrize("second", [KEPT["no body"], b"HTTP/1.0 401 X\r\nWWW-Authenticate: Basic realm=x\r\nConnection: close\r\n\r\n"],
                         ids=["407", "401"])
def test_http_second_refusal(second):
    with FakeServer(fakes.http(KEPT["no body"], second)) as px:
        res = auth_run(px)
    assert res.rc == 6 and "authentication failed" in res.text, res
    assert sum(len(c.msgs) for c in px.conns) == 2


def test_http_credentials_never_before_a_challenge():
    with FakeServer(fakes.http()) as px:
        ok(auth_run(px))
    assert b"uthorization" not in px.got[0]


@pytest.mark.parametrize("user", ["a b", "a\tb", "a\r\nX: y"])
def test_http_user_with_blanks_or_controls_is_refused(user):
    with FakeServer(fakes.http(KEPT["no body"], fakes.OK_HEAD), strict=False) as px:
        res = run("-H", px.spec, "target.test", "22", env={"HTTP_PROXY_USER": user, "HTTP_PROXY_PASSWORD": "pw"})
    assert res.rc == 2 and b"uthorization" not in b"".join(px.got), res


def test_every_message_is_one_write():
    def script(c):
        c.message()
        c.n = c.segments()
        c.send(KEPT["no body"])
        c.message()
        c.n2 = c.segments()
        c.send(fakes.OK_HEAD)
        fakes.session(c)
    with FakeServer(script) as px:
        ok(auth_run(px))
    assert (px.conns[0].n, px.conns[0].n2) == (1, 2)

    def s5(c):
        c.segs = []
        for read, answer in ((fakes.s5_greeting, b"\5\2"), (fakes.s5_userpass, b"\1\0"), (fakes.s5_request, fakes.S5_REPLY)):
            read(c)
            c.segs.append(c.segments())
            c.send(answer)
        fakes.session(c)
    with FakeServer(s5) as px:
        ok(run("-S", "bob@" + px.spec, "target.test", "22", stdin=BYE, env={"SOCKS5_PASSWORD": "pw"}))
    assert px.conns[0].segs == [1, 2, 3]
    for args, read, answer in ((("-4", "-R", "remote", "-S"), fakes.s4_request, fakes.S4_GRANT),
                               (("-T",), lambda c: c.until(b"\n"), b"Connected to it\r\n")):
        def one(c):
            read(c)
            c.segs = [c.segments()]
            c.send(answer)
            fakes.session(c)
        with FakeServer(one) as px:
            ok(run(*args, px.spec, "target.test", "22", stdin=BYE))
        assert px.conns[0].segs == [1]


# -- telnet (D20)

@pytest.mark.parametrize("c,line", [
    (None, b"telnet target.test 22\r\n"), ("connect %h %p", b"connect target.test 22\r\n"), ("%h:%p", b"target.test:22\r\n"),
    ("open %h\\t%p", b"open target.test\t22\r\n"), ("100%% %h", b"100% target.test\r\n"), ("a\\\\b %h", b"a\\b target.test\r\n")])
def test_c(c, line):
    with FakeServer(fakes.telnet()) as px:
        ok(run(*(("-c", c) if c else ()), "-T", px.spec, "target.test", "22", stdin=BYE))
    assert px.conns[0].msgs == [line]


def test_c_with_line_ends():
    with FakeServer(lambda c: (setattr(c, "m", c.read(8)), c.send(b"connected to\r\n"), fakes.session(c))) as px:
        ok(run("-c", "a\\nb\\r\\nc", "-T", px.spec, "target.test", "22", stdin=BYE))
    assert px.conns[0].m == b"a\nb\r\nc\r\n"


@pytest.mark.parametrize("c", ["%q", "\\x", "%h %", "%", "\\", "%H", "\\0"])
def test_c_other_escapes_are_errors(c):
    res = run("-c", c, "-T", "127.0.0.1:1", "target.test", "22")
    assert res.rc == 2 and any("-c" in e for e in errors(res)), res


@pytest.mark.parametrize("answer,data", [
    (b"Trying 192.0.2.1...\r\nConnected to target.test.\r\nEscape character is '^]'.\r\n", HELLO),
    (b"CONNECTED TO x\n", HELLO), (b"-- Connected to target.test.\r\n", HELLO),
    (b"banner\r\n>> Host name: telnet target.test 22\r\nConnected to x\r\n", HELLO),
    (b"not a failure, connected to x\r\n", HELLO)], ids=range(5))
def test_telnet_success(answer, data):
    with FakeServer(fakes.telnet(answer + data, data=b"")) as px:
        ok(run("-T", px.spec, "target.test", "22", stdin=BYE))
    assert px.got[0].endswith(BYE)


@pytest.mark.parametrize("host", ["e", "c", "to", "ed", "connected", "connect", "a", "telnet", "refused", "failed.test"])
def test_telnet_hosts_whose_names_are_in_the_phrases(host):
    for echo in (b"", b"telnet %s 22\r\n" % host.encode()):
        with FakeServer(fakes.telnet(echo + b"Trying %s...\r\nConnected to %s.\r\n" % (host.encode(), host.encode()))) as px:
            ok(run("-T", px.spec, host, "22", stdin=BYE, limit=5))


def test_telnet_an_escape_line_that_is_the_targets_own():
    """Only the line directly after success is the proxy's."""
    answer = b"Connected to x\r\nhello\nEscape character is '^]'.\r\n"
    with FakeServer(fakes.telnet(answer, data=b"")) as px:
        res = run("-T", px.spec, "target.test", "22", stdin=BYE)
    assert res.out == b"hello\nEscape character is '^]'.\r\n", res


def test_telnet_what_looks_like_the_escape_line_is_delivered():
    for data in (b"Esc", b"Escape", b"Escape from here\n", b"SSH-2.0-x\r\n", b"E"):
        with FakeServer(fakes.telnet(b"Connected to x\r\n" + data, data=b"")) as px:
            res = run("-T", px.spec, "target.test", "22", stdin=BYE)
        assert res.out == data, res


def test_telnet_tunnel_is_transparent():
    data = bytes(range(256)) * 4 + b"\xff\xfb\x01\xff\xff\r\0"
    with FakeServer(fakes.telnet(b"Connected to x\r\n", data=data)) as px:
        res = run("-T", px.spec, "target.test", "22", stdin=data)
    assert res.out == data and px.got[0].endswith(b"\r\n" + data), res


def test_phrases_can_be_set():
    with FakeServer(fakes.telnet(b"connected to nothing\r\nYou are THROUGH now\r\n")) as px:
        ok(run("--good-phrase", "you are through", "--good-phrase=online", "-T", px.spec, "target.test", "22", stdin=BYE))
    with FakeServer(fakes.telnet(b"go away\r\n", then=lambda c, d: c.rest())) as px:
        res = run("--bad-phrase=nope", "--bad-phrase", "Go Away", "-T", px.spec, "target.test", "22", stdin=BYE)
    assert res.rc == 7 and "go away" in res.text, res


def test_phrases_can_be_added_only_for_telnet_but_disturb_nobody():
    with FakeServer(fakes.socks5()) as px:
        ok(run("--bad-phrase", "x", "-S", px.spec, "target.test", "22", stdin=BYE))


# -- -d (D21)

def test_d_hides_credentials_and_dd_shows_payload():
    with FakeServer(fakes.socks5(method=2)) as px:
        res = ok(run("-d", "-S", "bob@" + px.spec, "target.test", "22", stdin=BYE, env={"SOCKS5_PASSWORD": "hush"}))
    assert "DEBUG: >>> xx xx xx xx ..." in res.lines and "DEBUG: atomic_out()  [some bytes]" in res.lines
    assert "hush" not in res.text and b"hush".hex(" ") not in res.text
    assert "hello" not in res.text and HELLO.hex(" ")[:20] not in res.text
    with FakeServer(fakes.http(KEPT["no body"], fakes.OK_HEAD)) as px:
        res = ok(run("-d", "-H", "bob@" + px.spec, "target.test", "22", stdin=BYE, env={"HTTP_PROXY_PASSWORD": "hush"}))
    assert 'DEBUG: >>> "Proxy-Authorization: Basic xxxxx\\r\\n"' in res.lines
    assert base64.b64encode(b"bob:hush").decode() not in res.text
    for dd in (["-dd"], ["-d", "-d"]):
        with FakeServer(fakes.socks5(method=2)) as px:
            res = ok(run(*dd, "-S", "bob@" + px.spec, "target.test", "22", stdin=BYE, env={"SOCKS5_PASSWORD": "hush"}))
        assert "hush" not in res.text and b"hush".hex(" ") not in res.text
        assert "hello from server" in res.text or HELLO.hex(" ")[:20] in res.text, res


def test_control_octets_of_the_proxy_do_not_reach_the_terminal():
    evil = b"\x1b]0;owned\x07\x9b31m"
    for args, script in ((("-H",), fakes.http(b"HTTP/1.1 403 " + evil + b"\r\nContent-Length: 0\r\n\r\n")),
                         (("-T",), fakes.telnet(b"refused " + evil + b"\r\n", then=lambda c, d: c.rest())),
                         (("-H",), fakes.http(b"HTTP/1.1 302 x\r\nLocation: " + evil + b"\r\n\r\nclose")),
                         (("-H",), fakes.http(b"garbage " + evil + b"\r\n\r\n", then=lambda c, d: c.rest())),
                         (("-d", "-H"), fakes.http(b"HTTP/1.1 200 " + evil + b"\r\nX: " + evil + b"\r\n\r\n"))):
        with FakeServer(script, strict=False) as px:
            res = run(*args, px.spec, "target.test", "22")
        assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f-\x9f]", res.err), res


# -- socket options (D28)

def socket_of(pid, port):
    """A duplicate of the process's socket that is connected to port."""
    pidfd = os.pidfd_open(pid)
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    try:
        for fd in os.listdir("/proc/%d/fd" % pid):
            if not os.readlink("/proc/%d/fd/%s" % (pid, fd)).startswith("socket:"):
                continue
            n = syscall(438, pidfd, int(fd), 0)         # pidfd_getfd
            assert n >= 0, os.strerror(ctypes.get_errno())
            s = socket.socket(fileno=n)
            try:
                if s.getpeername()[1] == port:
                    return s
            except OSError:
                pass
            s.close()
    finally:
        os.close(pidfd)
    raise AssertionError("no socket to port %d" % port)


@pytest.mark.parametrize("args,script", [(("-S",), fakes.socks5()), (("-H",), fakes.http()), (("-T",), fakes.telnet()), ((), None)],
                         ids=["socks", "http", "telnet", "direct"])
def test_nodelay_and_keepalive_are_on(args, script):
    with FakeServer(script or fakes.session) as px:
        words = (*args, px.spec, "target.test", "22") if args else ("127.0.0.1", str(px.port))
        with Running(*words) as r:
            assert r.out_read(len(HELLO)) == HELLO
            with socket_of(r.pid, px.port) as s:
                assert s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                assert s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert r.finish(b"").rc == 0


def test_stdout_carries_tunnel_octets_only():
    for words in (["-d"], ["-V"], ["-x"], ["-d", "-S", "127.0.0.1:1", "h", "1"], ["-R", "x", "h", "1"]):
        p = subprocess.run([runner.CONNECT] + words, env=runner.environment(), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        assert p.stdout == b"", words
