# SPDX-License-Identifier: ISC
"""What fakeproxy writes down (--trace, --log), how it ends, and what it refuses to do."""
import json
import os
import re
import signal
import subprocess
import time

import auto
import pxt
import pytest
import server
import tunnel
import wire

BANNER = auto.BANNER
R4, R5, HTTP, TELNET = (auto.tunnel_request(r) for r in ("socks4", "socks5", "http", "telnet"))
SECRET = "hunter2-and-more"
USER = {"FAKEPROXY_USER": f"alice:{SECRET}"}
SECRET64 = "YWxpY2U6aHVudGVyMi1hbmQtbW9yZQ=="      # base64 of alice:hunter2-and-more
LOGIN5 = b"\x05\x01\x02\x01\x05alice" + bytes([len(SECRET)]) + SECRET.encode()
CREDENTIALS = b"Proxy-Authorization: Basic " + SECRET64.encode() + b"\r\n"


@pytest.fixture(scope="module")
def target():
    t = auto.Target()
    yield t
    t.close()


@pytest.fixture
def traced(fake, target, tmp_path):
    """traced(role, octets, ...) -> (conversation, trace): one connection, then SIGTERM."""
    def go(role, *pieces, args=(), env=None, status=0, **kw):
        directory = tmp_path / f"trace{len(os.listdir(tmp_path))}"
        directory.mkdir()
        f = fake("--trace", directory, *args, role, env=env)
        r = auto.ask(target, f.port, *pieces, **kw)
        assert f.stop() == status, f.stderr()
        names = sorted(os.listdir(directory))
        assert names == [f"00001-{role}.pxt"], names
        return r, pxt.read(directory / names[0])
    return go


def comments(trace, pattern):
    return [m for m in (re.match(pattern, c) for c in trace.comments) if m]


# ---- the trace

def test_trace_of_socks4(traced):
    r, t = traced("socks4", R4[:8] + b"fred\0")
    assert t.octets("C") == R4[:8] + b"fred\0" and t.octets("P") == r.got[:8]
    names = [n for m in t.messages for n in m.fields]
    assert names[:5] == ["VN", "CD", "DSTPORT", "DSTIP", "USERID"] and names[5:7] == ["VN", "CD"]
    assert t.said("C")[0].fields["USERID"] == b"fred\0"


def test_trace_of_socks4a(traced):
    data = R4[:4] + b"\0\0\0\1\0target.example\0"
    r, t = traced("socks4", data)
    assert t.octets("C") == data and "target.example" in t.text


def test_trace_of_socks5(traced):
    r, t = traced("socks5", R5)
    assert [(m.who, m.octets) for m in t.messages] == [("C", b"\x05\x01\0"), ("P", b"\x05\0"), ("C", R5[3:]), ("P", r.got[2:12])]
    assert list(t.messages[0].fields) == ["VER", "NMETHODS", "METHODS"] and list(t.messages[1].fields) == ["VER", "METHOD"]
    assert list(t.messages[2].fields)[:3] == ["VER", "CMD", "RSV"] and list(t.messages[3].fields)[:3] == ["VER", "REP", "RSV"]
    assert [m.section.split("  ")[0] for m in t.messages] == ["method selection", "method selection", "request", "reply"]
    assert all("RFC1928" in m.section for m in t.messages)
    assert not any(m.wrong for m in t.messages)
    order = t.text.index("T: accept")
    assert t.text.index("CMD:u8=1") < order < t.text.index("REP:u8=0"), "the target's answer stands before the reply"
    peer = r.reached[0].peer[1]
    assert f"T: accept ; 127.0.0.1:22 from 127.0.0.1:{peer}" in t.text
    assert comments(t, rf"C>> 0 octets, T>> {len(BANNER)} octets$") and comments(t, r"closed: done after \d+ ms$")


def test_trace_has_a_head(traced):
    _, t = traced("socks5", R5)
    for name in ("case", "title", "tests", "needs", "given"):
        assert name in t.header, t.header
    assert "host=127.0.0.1" in t.header["given"][0] and "port=22" in t.header["given"][0]


@pytest.mark.parametrize("role", ["socks4", "socks5", "socks", "http", "telnet"])
def test_trace_does_not_depend_on_the_segments(traced, role):
    """The same messages, whole and octet by octet."""
    request = auto.tunnel_request(role)
    seen = []
    for mode in ("whole", "bytes"):
        r, t = traced(role, request, mode=mode, args=["-o", "bnd=192.0.2.1:1"] if role.startswith("socks") else [])
        seen.append([(m.who, m.octets) for m in t.messages])
        if role != "telnet":
            assert t.octets("C") == request
    assert seen[0] == seen[1]


def test_trace_of_a_refusal(traced):
    r, t = traced("socks5", b"\x05\x01\0\x05\x01\0\x01\x7f\0\0\1\0\1")
    assert "T: refuse ; ECONNREFUSED" in t.text
    assert t.said("P")[-1].octets == r.got[2:] and comments(t, r"closed: refused after \d+ ms$")


def test_trace_of_http(traced):
    data = HTTP[:-2] + b"User-Agent: x/1 (y; z)\r\nX-Quoted: \"a\\b\"\r\n\r\n"
    r, t = traced("http", data)
    c, p = t.messages
    assert c.start == "CONNECT 127.0.0.1:22 HTTP/1.1"
    assert c.head == [("Host", "127.0.0.1:22"), ("User-Agent", "x/1 (y; z)"), ("X-Quoted", '"a\\b"')]
    assert p.octets == r.got[:-len(BANNER)]
    assert "RFC9110" in c.section or "RFC9112" in c.section


def test_trace_of_http_with_a_body(traced):
    r, t = traced("http", b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert t.octets("P") == r.got and t.said("P")[0].start.split()[1] == "502"


def test_trace_of_telnet(traced):
    r, t = traced("telnet", b"\xff\xfd\x18" + TELNET, args=["-o", "dialect=fwtk", "-o", "echo=never"])
    assert TELNET in t.octets("C") and b"".join(m.octets for m in t.said("P")).endswith(b"Connected to 127.0.0.1.\r\n")
    assert r.got[:-len(BANNER)] == t.octets("P")


def test_trace_of_pass(traced, target):
    r, t = traced("pass", b"to the proxy", args=["--to", "127.0.0.1:22"])
    assert "to the proxy" not in t.text and "BANNER" not in t.text and "12" in t.text
    r, t = traced("pass", b"to the proxy", args=["--to", "127.0.0.1:22", "--show-secrets"])
    assert t.octets("C") == b"to the proxy" and t.octets("P") == BANNER


def test_trace_of_what_is_not_understood(traced):
    _, t = traced("socks5", b"GET / HTTP/1.0\r\n\r\n")
    wrong = [m for m in t.said("C") if m.wrong]
    assert len(wrong) == 1 and ("47 45 54" in wrong[0].text or "GET" in wrong[0].text)
    assert comments(t, r"closed: protocol after \d+ ms$")
    _, t = traced("http", b"CONNECT 127.0.0.1 HTTP/1.1\r\nHost : a\r\n\r\n")
    assert [m for m in t.said("C") if m.wrong]


def test_trace_of_half_a_request(traced):
    _, t = traced("socks5", b"\x05\x01\0\x05\x01", patience=0.3)
    assert comments(t, r"closed: eof after \d+ ms$")


def test_trace_of_a_bug(traced):
    r, t = traced("socks5", R5, args=["--bug", "s5-reply-rsv"])
    p = t.said("P")
    assert [m.wrong for m in p] == [False, True] and b"".join(m.octets for m in p) == r.got[:12]


def test_trace_of_a_fault(traced):
    """P> shows what was to be sent; the comment behind it what really was."""
    r, t = traced("socks4", R4, args=["--flip", "1:1"])
    p = t.said("P")[0]
    assert p.octets[:2] == b"\0\x5a" and r.got[:2] == b"\0\x5b"
    notes = [n for n in p.notes if n.startswith("on the wire:")]
    assert len(notes) == 1 and "00 5b" in notes[0]
    r, t = traced("socks4", R4, args=["--split", "3"])
    note = next(n for n in t.said("P")[0].notes if n.startswith("on the wire:"))
    pieces = [bytes.fromhex(p) for p in note.removeprefix("on the wire:").split("|")]
    assert b"".join(pieces) == r.got[:8] and len(pieces[0]) == 3
    r, t = traced("socks4", R4, args=["--cut-after", "2"])
    note = next(n for n in t.said("P")[0].notes if n.startswith("on the wire:"))
    assert bytes.fromhex(re.match(r"on the wire: *((?:[0-9a-f]{2} ?)*)", note)[1]) == r.got == b"\0\x5a"
    assert comments(t, r"closed: fault after \d+ ms$")


def test_payload_is_counted_and_kept_only_when_asked(traced):
    _, t = traced("socks5", R5 + b"PAYLOAD-UP")
    assert "PAYLOAD-UP" not in t.text and "BANNER" not in t.text
    assert comments(t, rf"C>> 10 octets, T>> {len(BANNER)} octets$")
    _, t = traced("socks5", R5 + b"PAYLOAD-UP", args=["--trace-payload", "7"])
    assert "PAYLOAD" in t.text and "PAYLOAD-" not in t.text and "BANNER\\n" in t.text.replace("\\x0a", "\\n")


def all_text(path):
    return "".join((path / d / f).read_text() for d in os.listdir(path) for f in os.listdir(path / d))


def test_secrets_are_masked(traced, tmp_path):
    talks = [("socks5", LOGIN5 + R5[3:]), ("socks5", LOGIN5[:-1] + b"x"), ("http", HTTP[:-2] + CREDENTIALS + b"\r\n"),
             ("http", HTTP[:-2] + CREDENTIALS.replace(b"Proxy-Auth", b"proxy-auth") + b"Authorization: Basic " + SECRET64.encode() + b"\r\n\r\n"),
             ("http", b"GET / HTTP/1.1\r\nHost: a\r\n" + CREDENTIALS + b"\r\n"), ("http", b"BAD\r\n" + CREDENTIALS + b"\r\n"),
             ("http", HTTP[:-2] + CREDENTIALS.replace(b": ", b" : ") + b"\r\n"),
             ("telnet", b"alice\r\n" + SECRET.encode() + b"\r\n" + TELNET)]
    for role, data in talks:
        traced(role, data, env=USER, args=["--log", "text"])
    text = all_text(tmp_path)
    for secret in (SECRET, SECRET[:-1], SECRET64, SECRET64[8:-4], SECRET.encode().hex(" "), SECRET.encode().hex(), SECRET64.encode().hex(" ")):
        assert secret not in text, secret
    assert "***" in text and "alice" in text


def test_secrets_are_shown_when_asked(traced, tmp_path):
    for role, data in (("socks5", LOGIN5 + R5[3:]), ("http", HTTP[:-2] + CREDENTIALS + b"\r\n"), ("telnet", b"alice\r\n" + SECRET.encode() + b"\r\n" + TELNET)):
        _, t = traced(role, data, env=USER, args=["--show-secrets"])
        assert (SECRET64 if role == "http" else SECRET) in t.text and "***" not in t.text


def test_secrets_are_not_in_the_log(fake, target):
    for form in ("text", "json"):
        f = fake("--log", form, "--show-secrets", "socks5", "http", "telnet", env=USER)
        for port, data in zip(f.ports, (LOGIN5 + R5[3:], HTTP[:-2] + CREDENTIALS + b"\r\n", b"alice\r\n" + SECRET.encode() + b"\r\n" + TELNET)):
            assert auto.ask(target, port, data).got.endswith(BANNER)
        assert f.stop() == 0
        assert SECRET not in f.stderr() and SECRET64 not in f.stderr() and "alice" in f.stderr()


def test_a_password_of_one_more_user_is_not_in_the_arguments_or_environment(fake):
    f = fake("socks5", env=USER)
    for name in ("cmdline", "environ"):
        with open(f"/proc/{f.pid}/{name}", "rb") as p:
            assert SECRET.encode() not in p.read()


def test_one_file_for_each_connection(fake, target, tmp_path):
    f = fake("--trace", tmp_path, "socks4", "http")
    for port, data in ((f.ports[0], R4), (f.ports[1], HTTP), (f.ports[0], R4)):
        auto.ask(target, port, data)
    assert f.stop() == 0
    assert sorted(os.listdir(tmp_path)) == ["00001-socks4.pxt", "00002-http.pxt", "00003-socks4.pxt"]
    for name in os.listdir(tmp_path):
        pxt.read(tmp_path / name)


def test_hostile_octets_stay_text(traced):
    """Escapes, quotes and line ends of a client cannot break the file, nor reach a terminal raw."""
    for name in (b'a"b\\c', b"\x1b[31m", b"x\n--- fake\nP> 05 00", b"\xff\xfe", b"; C>> 1"):
        _, t = traced("socks5", b"\x05\x01\0\x05\x01\0\x03" + bytes([len(name)]) + name + b"\0\x16")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", t.text)
        assert not [m for m in t.said("P") if m.octets == b"\x05\0"][1:]
    for role, data in (("http", b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: a\r\nX: \x1b[31m\xff\t\"\r\n\r\n"), ("telnet", b"connect \x1b[31m\"\\ 22\r\n"),
                       ("socks4", R4[:2] + b"\0\1" + R4[4:8] + b"\x1b\"\n\0")):
        _, t = traced(role, data)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", t.text)


# ---- the log

KEYS = {"listening": ["role", "address", "port"], "accept": ["conn", "role", "client"], "request": ["conn", "host", "port", "user"],
        "reply": ["conn", "code", "text", "target", "local", "errno"], "closed": ["conn", "up", "down", "ms", "how"]}


def events(f):
    out = []
    for line in f.stderr().splitlines():
        e = json.loads(line)
        assert list(e)[:2] == ["time", "event"], line
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", e["time"])
        keys = list(e)[2:]
        assert keys == [k for k in KEYS[e["event"]] if k in keys], f"order of keys: {line}"
        out.append(e)
    return out


def test_json_log(fake, target):
    f = fake("--log", "json", "socks5")
    r = auto.ask(target, f.port, R5 + b"12345")
    assert f.stop() == 0
    e = events(f)
    assert [x["event"] for x in e] == ["listening", "accept", "request", "reply", "closed"]
    assert (e[0]["role"], e[0]["address"], e[0]["port"]) == ("socks5", "127.0.0.1", f.port)
    assert e[1]["conn"] == 1 and e[1]["client"].startswith("127.0.0.1:")
    assert (e[2]["host"], e[2]["port"]) == ("127.0.0.1", 22)
    assert e[3]["code"] == 0 and e[3]["target"] == "127.0.0.1:22" and e[3]["local"] == f"127.0.0.1:{r.reached[0].peer[1]}"
    assert (e[4]["up"], e[4]["down"], e[4]["how"]) == (5, len(BANNER), "done") and e[4]["ms"] >= 0


REFUSALS = [
    ("socks5", b"\x05\x01\0\x05\x01\0\x01\x7f\0\0\1\0\1", [], 5, "ECONNREFUSED"),
    ("socks5", b"\x05\x01\0\x05\x01\0\x01\xcb\0\x71\x09\0\x16", [], 4, "EHOSTUNREACH"),
    ("socks5", b"\x05\x01\0\x05\x01\0\x01\xc0\0\x02\x01\0\x16", [], 3, "ENETUNREACH"),
    ("socks5", b"\x05\x01\0\x05\x01\0\x03\x13nonexistent.invalid\0\x16", [], 4, "ENOTFOUND"),
    ("socks5", R5, ["--deny", "*:22"], 2, "ERULE"),
    ("socks4", R4, ["--deny", "*:22"], 91, "ERULE"),
    ("http", HTTP, ["--deny", "*:22"], 403, "ERULE"),
    ("http", b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: a\r\n\r\n", [], 502, "ECONNREFUSED"),
    ("telnet", b"connect 127.0.0.1 1\r\n", [], 1, "ECONNREFUSED"),
]


@pytest.mark.parametrize("role,data,args,code,errno", REFUSALS, ids=[f"{r[0]}-{r[4]}" for r in REFUSALS])
def test_log_of_refusals(fake, target, role, data, args, code, errno):
    f = fake("--log", "json", *args, role)
    auto.ask(target, f.port, data)
    assert f.stop() == 0
    reply, closed = events(f)[-2:]
    assert reply["event"] == "reply" and (reply["code"], reply["errno"]) == (code, errno)
    assert closed["how"] == "refused" and reply["text"]


@pytest.mark.parametrize("role,data,how,code", [
    ("socks5", b"\x05\x01\x80", "refused", 255), ("socks5", b"\x06\x01\0", "protocol", None), ("socks5", b"", "eof", None),
    ("http", b"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", None, 400), ("socks4", b"\x09\x01", "protocol", None)])
def test_log_of_other_ends(fake, target, role, data, how, code):
    f = fake("--log", "json", role)
    auto.ask(target, f.port, data, patience=0.3)
    assert f.stop() == 0
    e = events(f)
    assert e[-1]["event"] == "closed" and (how is None or e[-1]["how"] == how), e
    if code is not None:
        assert [x["code"] for x in e if x["event"] == "reply"] == [code]


def test_log_of_a_reset_and_a_timeout(fake):
    f = fake("--log", "json", "--handshake-timeout", "1", "socks5")
    with wire.listen() as listener:
        client, target = tunnel.open_tunnel("socks5", f, listener)
        wire.reset(client)
        wire.read_end(target)
        target.close()
        with wire.dial(f.port) as client:
            assert wire.read_eof(client) == b""
    assert f.stop() == 0
    assert [e["how"] for e in events(f) if e["event"] == "closed"] == ["reset", "timeout"]


def test_log_of_a_login(fake, target):
    f = fake("--log", "json", "socks5", "http", env=USER)
    auto.ask(target, f.ports[0], LOGIN5 + R5[3:])
    auto.ask(target, f.ports[0], LOGIN5[:-1] + b"x")
    auto.ask(target, f.ports[1], HTTP[:-2] + CREDENTIALS + b"\r\n")
    assert f.stop() == 0
    e = events(f)
    assert {x.get("user") for x in e if x["event"] == "request"} == {"alice"}
    assert [x["code"] for x in e if x["event"] == "reply"][0] == 0
    assert any(x["code"] not in (0, 200) for x in e if x["event"] == "reply")


def test_text_log(fake, target):
    f = fake("--log", "text", "socks5")
    auto.ask(target, f.port, b"\x05\x01\0\x05\x01\0\x03\x04a\nb\"\0\x16")
    auto.ask(target, f.port, R5)
    assert f.stop() == 0
    lines = f.stderr().splitlines()
    for line in lines:
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (listening|accept|request|reply|closed) \w+=", line), line
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\xff]", f.stderr()) and "\\x0a" in f.stderr()


def test_json_log_of_hostile_octets(fake, target):
    f = fake("--log", "json", "socks5")
    for name in (b"a\"\\\n\x1b[31m\xff", b"\xc3\xa9", b"</script>"):
        auto.ask(target, f.port, b"\x05\x01\0\x05\x01\0\x03" + bytes([len(name)]) + name + b"\0\x16")
    assert f.stop() == 0
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\xff]", f.stderr())
    events(f)


def test_log_file(fake, target, tmp_path):
    path = tmp_path / "log"
    path.write_text("before\n")
    f = fake("--log-file", path, "socks4")
    auto.ask(target, f.port, R4)
    assert f.stop() == 0 and f.stderr() == ""
    lines = path.read_text().splitlines()
    assert lines[0] == "before" and " closed " in lines[-1] and len(lines) == 6


def test_nothing_else_on_stdout_or_stderr(fake, target):
    f = fake("socks4", "http")
    auto.ask(target, f.ports[0], R4)
    auto.ask(target, f.ports[1], b"nonsense\r\n\r\n")
    assert f.stop() == 0
    assert f.rest() == b"" and f.stderr() == ""


# ---- how it ends

def test_once(fake, target):
    f = fake("--once", "socks4")
    assert auto.ask(target, f.port, R4).got.endswith(BANNER)
    assert f.wait() == 0


def test_once_stops_listening_at_once(fake):
    """While the one connection lives nobody else is let in; it ends with it."""
    f = fake("--once", "socks4", "socks5")
    with wire.listen() as listener:
        client, target = tunnel.open_tunnel("socks4", f, listener)
        with client, target:
            for port in f.ports:
                wire.until(lambda p=port: not listens(p), what="it stops listening")
            client.sendall(b"x")
            assert wire.read_n(target, 1) == b"x"
    assert f.wait() == 0


def listens(port):
    try:
        wire.dial(port).close()
        return True
    except ConnectionRefusedError:
        return False


def test_max_connections(fake, target):
    f = fake("--max-connections", "3", "socks4", "http")
    auto.ask(target, f.ports[0], R4)
    auto.ask(target, f.ports[1], HTTP)
    assert f.proc.poll() is None
    auto.ask(target, f.ports[0], R4)
    assert f.wait() == 0


def test_lifetime(fake):
    start = time.monotonic()
    f = fake("--lifetime", "1", "socks5")
    with wire.listen() as listener:
        client, target = tunnel.open_tunnel("socks5", f, listener)
        with client, target:
            assert f.wait(10) == 0
            assert 0.9 < time.monotonic() - start < 4
            wire.read_end(client)
            wire.read_end(target)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals(fake, tmp_path, number):
    """It ends at once, with status 0; every connection ends, and its trace is complete."""
    f = fake("--trace", tmp_path, "--log", "json", "socks5", "http", "telnet")
    with wire.listen() as listener:
        client, target = tunnel.open_tunnel("socks5", f, listener)
        half = wire.dial(f.ports[1])
        half.sendall(b"CONNECT ")
        wire.drained(half)
        start = time.monotonic()
        f.proc.send_signal(number)
        assert f.wait() == 0 and time.monotonic() - start < 2
        for sock in (client, target, half):
            wire.read_end(sock)
            sock.close()
    assert [e["how"] for e in events(f) if e["event"] == "closed"] == ["shutdown"] * 2
    for name in ("00001-socks5.pxt", "00002-http.pxt"):
        assert comments(pxt.read(tmp_path / name), r"closed: shutdown after \d+ ms")


def test_a_signal_during_a_look_up(fake, lab):
    """A name server that does not answer does not hold the end up."""
    f = fake("socks5")
    lab.dns.forget()
    with wire.dial(f.port) as client:
        client.sendall(b"\x05\x01\0\x05\x01\0\x03\x0cslow.example\0\x16")
        lab.dns.wait_asked("slow.example")
        start = time.monotonic()
        assert f.stop() == 0 and time.monotonic() - start < 1.5


def test_sigpipe_is_harmless(fake, target):
    f = fake("socks4")
    f.proc.send_signal(signal.SIGPIPE)
    assert auto.ask(target, f.port, R4).got.endswith(BANNER)


# ---- what it refuses

@pytest.mark.parametrize("address", ["0.0.0.0:0", "198.51.100.7:0", "[::]:0", "[2001:db8::1]:0", "[::ffff:198.51.100.7]:0"])
def test_public_addresses(fake, address):
    code, out, err = server.run("-l", address, "socks5")
    assert code == 2 and out == "" and "--i-know-this-is-public" in err
    f = fake("-l", address, "--i-know-this-is-public", "socks5")
    assert f.port


@pytest.mark.parametrize("address", ["127.0.0.1:0", "127.8.9.10:0", "[::1]:0"])
def test_loopback_addresses(fake, address):
    assert fake("-l", address, "socks5").port


@pytest.mark.parametrize("args", [
    [], ["--no-such-option", "socks5"], ["-Z", "socks5"], ["socks6"], ["--once"], ["-l", "127.0.0.1", "socks5"], ["-l", "127.0.0.1:70000", "socks5"],
    ["-l", "127.0.0.1:x", "socks5"], ["-l", "", "socks5"], ["--to", "nonsense", "pass"], ["pass"], ["--max-connections", "0", "socks5"],
    ["--max-connections", "x", "socks5"], ["--lifetime", "-1", "socks5"], ["--lifetime", "x", "socks5"], ["--log", "xml", "socks5"],
    ["--resolve", "a", "socks5"], ["--resolve", "a=b", "socks5"], ["--redirect", "a:1", "socks5"], ["--deny", "a", "socks5"], ["--deny", "a:x", "socks5"],
    ["--dial-timeout", "x", "socks5"], ["--handshake-timeout", "-1", "socks5"], ["--trace-payload", "x", "socks5"], ["socks5", "--trace"]])
def test_usage(args):
    """Status 2, nothing on stdout, one line or more on stderr that begins with the program's name."""
    code, out, err = server.run(*args)
    assert code == 2 and out == "" and err.startswith("fakeproxy: ") or (code == 2 and args == [] and err), (code, out, err)


def test_terminal_escapes_in_arguments():
    code, _, err = server.run("\x1b[31mrole")
    assert code == 2 and "\x1b" not in err


def test_help_and_version():
    code, out, err = server.run("--help")
    lines = out.splitlines()
    assert code == 0 and err == "" and len(lines) <= 24 and max(map(len, lines)) <= 80, (len(lines), max(map(len, lines)))
    for word in ("socks4", "socks5", "http", "telnet", "pass", "--trace", "--bug", "--list-bugs"):
        assert word in out, word
    code, out, err = server.run("--version")
    assert code == 0 and re.match(r"fakeproxy \d", out) and len(out.splitlines()) == 1


def test_end_of_options(fake):
    assert fake("--", "socks5").port
    code, _, _ = server.run("--", "--once", "socks5")
    assert code == 2


def test_forms_of_options(fake, target):
    f = fake("--option=rep=5", "socks5", "--max-connections=2")
    assert auto.ask(target, f.port, R5).got[3] == 5
    auto.ask(target, f.port, R5)
    assert f.wait() == 0


# ---- the system fails

def test_port_in_use():
    with wire.listen() as listener:
        code, out, err = server.run("-l", f"127.0.0.1:{wire.port_of(listener)}", "socks5")
        assert code == 1 and out == "" and str(wire.port_of(listener)) in err


@pytest.mark.parametrize("where", ["missing", "file"])
def test_no_trace_directory(tmp_path, where):
    path = tmp_path / where
    if where == "file":
        path.write_text("")
    code, out, err = server.run("--trace", path, "--lifetime", "5", "socks5")
    assert code in (1, 2) and out == "" and str(path) in err


def test_no_user_file(tmp_path):
    code, out, err = server.run("--user-file", tmp_path / "missing", "socks5")
    assert code in (1, 2) and out == "" and "missing" in err
    (tmp_path / "bad").write_text("no colon here but a secret\n")
    code, out, err = server.run("--user-file", tmp_path / "bad", "socks5")
    assert code in (1, 2) and "bad" in err and "secret" not in err


def test_trace_directory_goes_away(fake, target, tmp_path):
    """Serving goes on; the lost record is told and makes the status 1."""
    d = tmp_path / "t"
    d.mkdir()
    f = fake("--trace", d, "socks4")
    d.rmdir()
    assert auto.ask(target, f.port, R4).got.endswith(BANNER)
    assert f.stop() == 1 and "00001-socks4.pxt" in f.stderr()


def test_disk_full(fake, target, tmp_path):
    """A file system of one page: the traces do not fit, the clients do not notice, the status is 1."""
    d = tmp_path / "small"
    d.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4096", "tmpfs", d], check=True)
    try:
        f = fake("--trace", d, "--trace-payload", "4096", "socks4")
        (d / "fill").write_bytes(b"x" * 4096)
        for _ in range(3):
            assert auto.ask(target, f.port, R4 + b"y" * 3000).got.endswith(BANNER)
        assert f.stop() == 1 and str(d) in f.stderr() and "No space" in f.stderr()
    finally:
        subprocess.run(["umount", d], check=True)


def test_log_file_full(fake, target):
    f = fake("--log-file", "/dev/full", "socks4")
    auto.ask(target, f.port, R4)
    status = f.stop()
    assert status == 1 and "/dev/full" in f.stderr()


def test_stdout_full():
    """Nobody can know the port: that is an error."""
    with open("/dev/full", "w") as full:
        f = server.Fake("--lifetime", "5", "socks5", stdout=full)
        try:
            assert f.wait() == 1 and f.stderr()
        finally:
            f.kill()


def test_stdout_closed():
    """Without descriptor 1 the line must not get into a socket or a file that takes its number."""
    port = wire.free_port()
    proc = subprocess.Popen([server.BINARY, "-l", f"127.0.0.1:{port}", "--lifetime", "20", "socks5"], stdin=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, preexec_fn=lambda: (server.die_with_parent(), os.close(1)))
    try:
        def ready():
            return proc.poll() is not None or listens(port)
        wire.until(ready, what="it listens or ends")
        if proc.poll() is None:
            with wire.dial(port) as client:
                client.sendall(b"\x05\x01\0")
                assert wire.read_n(client, 2) == b"\x05\0"
        else:
            assert proc.returncode == 1
    finally:
        proc.terminate()
        _, err = proc.communicate(timeout=10)
    assert proc.returncode in (0, 1), (proc.returncode, err)


def test_stdout_is_a_broken_pipe():
    read_end, write_end = os.pipe()
    os.close(read_end)
    f = server.Fake("--lifetime", "3", "socks5", stdout=write_end)
    os.close(write_end)
    try:
        assert f.wait() == 1, "it must not die by SIGPIPE, nor serve on a port nobody knows"
    finally:
        f.kill()


def test_reader_of_stdout_goes_away_later(fake, target):
    f = fake("socks4")
    f.proc.stdout.close()
    assert auto.ask(target, f.port, R4).got.endswith(BANNER)
    assert f.stop() == 0


def test_standard_error_closed(target):
    """The log's lines must not get into a socket that has taken the number 2."""
    proc = subprocess.Popen([server.BINARY, "--log", "text", "socks4"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            preexec_fn=lambda: (server.die_with_parent(), os.close(2)))
    try:
        line = server.lines_of(proc.stdout.fileno(), 1, 10, lambda: "") if proc.poll() is None else [""]
        r = auto.ask(target, int(line[0].split()[2]), R4)
        assert r.got[:2] == b"\0\x5a" and r.got[8:] == BANNER
        assert [c.payload for c in r.reached] == [b""]
    finally:
        proc.terminate()
        proc.communicate(timeout=10)
    assert proc.returncode in (0, 1)


def test_no_descriptor_is_inherited(fake, tmp_path):
    """What the caller left open (a pipe here) is not kept from the caller's readers by us... it is not ours to close,
    but ours must not leak: there is nothing but the fixed ones, the listeners and the event queue."""
    f = fake("--trace", tmp_path, "--log", "text", "socks4", "http")
    held = wire.fds(f.pid)
    sockets = [t for t in held.values() if t.startswith("socket:")]
    assert len(sockets) <= 2 + 2 and len(held) <= 16, held


