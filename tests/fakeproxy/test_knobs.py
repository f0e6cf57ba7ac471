# SPDX-License-Identifier: ISC
"""Each -o knob shows on the wire, and a knob or value that no role takes is a usage error."""
import re
import socket

import auto
import pytest
import server
import wire

BANNER = auto.BANNER
R4 = auto.tunnel_request("socks4")
R5 = auto.tunnel_request("socks5")
HTTP = auto.tunnel_request("http")
HTTP10 = b"CONNECT 127.0.0.1:22 HTTP/1.0\r\n\r\n"
TELNET = auto.tunnel_request("telnet")
USER = {"FAKEPROXY_USER": "user:pass"}
CREDENTIALS = b"Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"


@pytest.fixture(scope="module")
def target():
    t = auto.Target()
    yield t
    t.close()


@pytest.fixture
def ask(fake, target):
    def start(*args, data, role, env=None, patience=5.0, pieces=()):
        f = fake(*args, role, env=env)
        return auto.ask(target, f.port, data, *pieces, patience=patience)
    return start


def knobs(*pairs):
    return [w for p in pairs for w in ("-o", p)]


# ---- socks4

def test_vn(ask):
    for value, octet in (("4", 4), ("0x2a", 0x2A)):
        r = ask(*knobs(f"vn={value}"), data=R4, role="socks4")
        assert r.got[0] == octet and r.got[1] == 90 and r.got.endswith(BANNER)


@pytest.mark.parametrize("cd", [0, 89, 91, 92, 93, 94, 255])
def test_cd(ask, cd):
    """Forced failures are given without connecting."""
    for role in ("socks4", "socks"):
        r = ask(*knobs(f"cd={cd}"), data=R4, role=role)
        assert r.got[:2] == bytes([0, cd]) and len(r.got) == 8 and r.how == "fin" and r.reached == []


def test_cd_90(ask):
    r = ask(*knobs("cd=90"), data=R4, role="socks4")
    assert r.got[:2] == b"\0\x5a" and r.got.endswith(BANNER)


def test_bnd_of_socks4(ask):
    r = ask(*knobs("bnd=192.0.2.7:513"), data=R4, role="socks4")
    assert r.got == b"\0\x5a\x02\x01\xc0\0\x02\x07" + BANNER


# ---- socks5

def test_method(ask):
    for value, offered, got in (("none", "0002", 0), ("none,userpass", "0200", 0), ("userpass,none", "0002", 2), ("userpass", "00", 255),
                                ("3", "0003", 3), ("0x80", "80", 0x80), ("0x80", "00", 255), ("1,none", "0001", 1)):
        offered = bytes.fromhex(offered)
        r = ask(*knobs(f"method={value}"), data=bytes([5, len(offered)]) + offered, role="socks5", env=USER, patience=0.3)
        assert r.got == bytes([5, got]), value
        assert r.how == ("fin" if got == 255 else "open")


def test_method_forced(ask):
    for n in (0, 1, 2, 3, 0x80, 255):
        r = ask(*knobs(f"method=!{n}"), data=b"\x05\x01\x09", role="socks5", env=USER, patience=0.3)
        assert r.got == bytes([5, n]), n


def test_default_method_follows_the_users(ask):
    assert ask(data=b"\x05\x02\x00\x02", role="socks5", patience=0.3).got == b"\x05\0"
    assert ask(data=b"\x05\x02\x00\x02", role="socks5", env=USER, patience=0.3).got == b"\x05\x02"


def test_ver(ask):
    r = ask(*knobs("ver=6"), data=R5, role="socks5")
    assert r.got[:2] == b"\x06\0" and r.got[2:4] == b"\x06\0"


@pytest.mark.parametrize("status", [0, 1, 255])
def test_up_status(ask, status):
    r = ask(*knobs(f"up-status={status}"), data=b"\x05\x01\x02\x01\x04user\x04pass", role="socks5", env=USER, patience=0.3)
    assert r.got == b"\x05\x02\x01" + bytes([status])
    assert r.how == ("open" if status == 0 else "fin")


@pytest.mark.parametrize("rep", [*range(1, 10), 0x7F, 0xF0, 255])
def test_rep(ask, rep):
    for role in ("socks5", "socks"):
        r = ask(*knobs(f"rep={rep}"), data=R5, role=role)
        assert r.got[:5] == bytes([5, 0, 5, rep, 0]) and len(r.got) == 12 and r.how == "fin" and r.reached == []


def test_rep_zero(ask):
    r = ask(*knobs("rep=0"), data=R5, role="socks5")
    assert r.got[2:5] == b"\x05\0\0" and r.got.endswith(BANNER)


def test_rsv(ask):
    assert ask(*knobs("rsv=9"), data=R5, role="socks5").got[2:5] == b"\x05\0\x09"


def test_atyp(ask):
    """BND in the form asked for; where the real address has another form, the nameless one."""
    r = ask(*knobs("atyp=ip4"), data=R5, role="socks5")
    assert r.got[5] == 1 and r.got[6:10] == b"\x7f\0\0\x01" and int.from_bytes(r.got[10:12], "big") == r.reached[0].peer[1]
    assert ask(*knobs("atyp=ip6"), data=R5, role="socks5").got[2:] == b"\x05\0\0\x04" + bytes(18) + BANNER
    assert ask(*knobs("atyp=domain"), data=R5, role="socks5").got[2:] == b"\x05\0\0\x03\x09localhost\0\0" + BANNER


def test_bnd(ask):
    for value, wire_form in (("192.0.2.7:513", b"\x01\xc0\0\x02\x07\x02\x01"), ("[2001:db8::7]:513", b"\x04" + socket.inet_pton(10, "2001:db8::7") + b"\x02\x01"),
                             ("name.example:513", b"\x03\x0cname.example\x02\x01"), ("0.0.0.0:0", b"\x01" + bytes(6))):
        assert ask(*knobs(f"bnd={value}"), data=R5, role="socks5").got[2:] == b"\x05\0\0" + wire_form + BANNER, value


def test_bnd_of_255_octets(ask):
    name = "a" * 255
    assert ask(*knobs(f"bnd={name}:513"), data=R5, role="socks5").got[2:] == b"\x05\0\0\x03\xff" + b"a" * 255 + b"\x02\x01" + BANNER


def test_atyp_and_bnd_of_a_failure(ask):
    """The failure reply has the forced form too: seven octets and more, whole."""
    r = ask(*knobs("rep=4", "bnd=target.example:22"), data=R5, role="socks5")
    assert r.got[2:] == b"\x05\x04\0\x03\x0etarget.example\0\x16"


# ---- http

def head(r):
    raw, sep, rest = r.got.partition(b"\r\n\r\n")
    assert sep, r.got
    return wire.Head(raw + sep), rest


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_opens(ask, status):
    h, rest = head(ask(*knobs(f"status={status}"), data=HTTP, role="http"))
    assert h.status == status and rest == BANNER


@pytest.mark.parametrize("status", [300, 302, 400, 403, 404, 500, 502, 503, 504, 599])
def test_any_other_status_refuses(ask, status):
    r = ask(*knobs(f"status={status}"), data=HTTP, role="http")
    h, rest = head(r)
    assert h.status == status and r.reached == [] and r.how == "fin"
    assert len(rest) == int(h.one(b"Content-Length"))


def test_reason(ask):
    for text in ("Fine by me", "", "Gut \u00fcber alles"):
        h, rest = head(ask(*knobs(f"reason={text}"), data=HTTP, role="http"))
        assert h.status == 200 and h.reason == text.encode() and rest == BANNER


def test_version(ask):
    for version in ("1.0", "1.1"):
        for data in (HTTP, HTTP10):
            h, rest = head(ask(*knobs(f"version={version}"), data=data, role="http"))
            assert h.version == b"HTTP/" + version.encode() and rest == BANNER


def test_header(ask):
    h, rest = head(ask(*knobs("header=X-One: 1", "header=Via: 1.1 fake (a, b)"), data=HTTP, role="http"))
    assert h.one(b"X-One") == b"1" and h.one(b"Via") == b"1.1 fake (a, b)" and rest == BANNER
    h, _ = head(ask(*knobs("header=X-One: 1", "status=503"), data=HTTP, role="http"))
    assert h.one(b"X-One") == b"1"


def test_interim(ask):
    r = ask(*knobs("interim=100", "interim=103"), data=HTTP, role="http")
    first, rest = head(r)
    second, _, rest = rest.partition(b"\r\n\r\n")
    final, _, rest = rest.partition(b"\r\n\r\n")
    assert first.status == 100 and second.startswith(b"HTTP/1.1 103 ") and final.startswith(b"HTTP/1.1 200 ") and rest == BANNER
    assert not first.all(b"Content-Length")


def test_auth_401(ask):
    r = ask(*knobs("auth=401"), data=HTTP, role="http", env=USER, patience=0.3)
    h, _ = head(r)
    assert h.status == 401 and b'Basic realm="' in h.one(b"WWW-Authenticate") and not h.all(b"Proxy-Authenticate")
    for name in (b"Proxy-Authorization", b"Authorization"):
        h, rest = head(ask(*knobs("auth=401"), data=HTTP[:-2] + name + b": Basic dXNlcjpwYXNz\r\n\r\n", role="http", env=USER))
        assert h.status == 200 and rest == BANNER


def test_realm(ask):
    h, _ = head(ask(*knobs('realm=our "own" \\ realm'), data=HTTP, role="http", env=USER, patience=0.3))
    assert b'Basic realm="our \\"own\\" \\\\ realm"' in h.one(b"Proxy-Authenticate")
    h, _ = head(ask(data=HTTP, role="http", env=USER, patience=0.3))
    assert b'Basic realm="fakeproxy"' in h.one(b"Proxy-Authenticate")


def test_challenges(ask):
    more = ["challenge=Negotiate", 'challenge=Newauth realm="apps", type=1, title="Login to \\"apps\\""']
    h, _ = head(ask(*knobs(*more), data=HTTP, role="http", env=USER, patience=0.3))
    got = h.all(b"Proxy-Authenticate")
    assert got[0] == b"Negotiate" and got[1].startswith(b"Newauth ") and got[2].startswith(b"Basic ") and len(got) == 3
    h, _ = head(ask(*knobs(*more, "challenges=one-line"), data=HTTP, role="http", env=USER, patience=0.3))
    assert h.one(b"Proxy-Authenticate") == b", ".join(got)
    h, _ = head(ask(*knobs(*more, "challenges=many-lines"), data=HTTP, role="http", env=USER, patience=0.3))
    assert h.all(b"Proxy-Authenticate") == got


def test_after_challenge(ask):
    r = ask(*knobs("after-challenge=close"), data=HTTP, role="http", env=USER)
    h, _ = head(r)
    assert r.how == "fin" and h.one(b"Connection").lower() == b"close"
    r = ask(*knobs("after-challenge=keep"), data=HTTP, role="http", env=USER, patience=0.3)
    h, _ = head(r)
    assert r.how == "open" and not [v for v in h.all(b"Connection") if v.lower() == b"close"]


def unchunk(data):
    out = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        n = int(size.split(b";")[0], 16)
        if n == 0:
            assert data == b"\r\n", data
            return out
        out, data = out + data[:n], data[n + 2:]


def test_framing(ask):
    for status in ([], ["status=503"]):
        env = None if status else USER
        patience = 5 if status else 0.3
        h, plain = head(ask(*knobs("framing=length", *status), data=HTTP, role="http", env=env, patience=patience))
        assert len(plain) == int(h.one(b"Content-Length")) > 0 and not h.all(b"Transfer-Encoding")
        h, body = head(ask(*knobs("framing=chunked", *status), data=HTTP, role="http", env=env, patience=patience))
        assert h.one(b"Transfer-Encoding").lower() == b"chunked" and not h.all(b"Content-Length") and unchunk(body) == plain
        r = ask(*knobs("framing=close", *status), data=HTTP, role="http", env=env)
        h, body = head(r)
        assert r.how == "fin" and body == plain and not h.all(b"Content-Length") and not h.all(b"Transfer-Encoding")
        assert h.one(b"Connection").lower() == b"close"
        h, body = head(ask(*knobs("framing=chunked", *status), data=HTTP10, role="http", env=env))
        assert not h.all(b"Transfer-Encoding") and body == plain         # RFC 9112, 6.1: not to an HTTP/1.0 client


@pytest.mark.parametrize("n", [0, 1, 5000, 60000])
def test_body(ask, n):
    for framing in ("length", "chunked", "close"):
        h, body = head(ask(*knobs(f"body={n}", f"framing={framing}", "status=503"), data=HTTP, role="http"))
        assert len(unchunk(body) if framing == "chunked" else body) == n


def test_second_try_after_a_large_body(fake):
    """60,000 octets of body, then the tunnel on the same connection."""
    for framing in ("length", "chunked"):
        f = fake(*knobs("body=60000", f"framing={framing}"), "http", env=USER)
        with wire.listen() as listener, wire.dial(f.port) as client:
            data = HTTP.replace(b":22", b":%d" % wire.port_of(listener))
            client.sendall(data + data[:-2] + CREDENTIALS + b"\r\n")
            h = wire.http_head(client)
            assert h.status == 407
            if framing == "length":
                wire.http_body(client, h)
            else:
                wire.read_until(client, b"\r\n0\r\n\r\n")
            assert wire.http_head(client).status == 200
            wire.accept(listener)[0].close()


# ---- telnet

def test_dialects(ask):
    assert ask(*knobs("dialect=plain"), data=TELNET, role="telnet").got.endswith(BANNER)
    assert b">> Host name: " in ask(*knobs("dialect=delegate"), data=TELNET, role="telnet").got
    assert b"tn-gw-> " in ask(*knobs("dialect=fwtk"), data=TELNET, role="telnet").got


def test_login(ask):
    assert b"Username:" in ask(*knobs("login=yes"), data=b"a\r\nb\r\n" + TELNET, role="telnet", patience=0.3).got
    r = ask(*knobs("login=no"), data=TELNET, role="telnet", env=USER)
    assert b"Username:" not in r.got and r.got.endswith(BANNER)


def test_iac(ask):
    assert b"\xff\xfb\x01" in ask(*knobs("iac=yes"), data=TELNET, role="telnet").got
    assert b"\xff\xfb\x03" in ask(*knobs("iac=yes"), data=TELNET, role="telnet").got
    assert b"\xff\xfb" not in ask(*knobs("iac=no", "dialect=fwtk"), data=TELNET, role="telnet").got


def test_texts(ask):
    r = ask(*knobs("dialect=fwtk", "iac=no", "echo=never", "banner=Welcome\\r\\nto %h\\tX\\\\", "prompt=go> ", "success=ready for %h at %p"), data=TELNET, role="telnet")
    assert b"Welcome\r\nto " in r.got and b"\tX\\" in r.got and b"go> " in r.got
    assert b"ready for 127.0.0.1 at 22\r\n" + BANNER in r.got and b"tn-gw" not in r.got and b"Connected to" not in r.got


def test_failure_text(ask):
    r = ask(*knobs("failure=no way to %h:%p"), data=b"connect 127.0.0.1 1\r\n", role="telnet")
    assert b"no way to 127.0.0.1:1\r\n" in r.got and r.how == "fin"


# ---- usage

@pytest.mark.parametrize("args", [
    ["-o", "rep=5", "http"], ["-o", "status=200", "socks5"], ["-o", "vn=0", "socks5"], ["-o", "dialect=plain", "pass", "--to", "a:1"],
    ["-o", "nonsense=1", "socks5"], ["-o", "rep", "socks5"], ["-o", "rep=", "socks5"], ["-o", "rep=256", "socks5"], ["-o", "rep=-1", "socks5"],
    ["-o", "rep=5x", "socks5"], ["-o", "rep=0x", "socks5"], ["-o", "atyp=ip5", "socks5"], ["-o", "bnd=name.example:1", "socks4"],
    ["-o", "bnd=192.0.2.1", "socks4"], ["-o", "bnd=192.0.2.1:65536", "socks4"], ["-o", "method=what", "socks5"], ["-o", "method=256", "socks5"],
    ["-o", "method=!", "socks5"], ["-o", "cd=300", "socks4"], ["-o", "status=99", "http"], ["-o", "status=1000", "http"], ["-o", "interim=200", "http"],
    ["-o", "interim=99", "http"], ["-o", "version=2.0", "http"], ["-o", "auth=400", "http"], ["-o", "framing=loose", "http"], ["-o", "body=60001", "http"],
    ["-o", "body=-1", "http"], ["-o", "challenges=two", "http"], ["-o", "after-challenge=wait", "http"], ["-o", "header=nocolon", "http"],
    ["-o", "dialect=klingon", "telnet"], ["-o", "login=perhaps", "telnet"], ["-o", "echo=loud", "telnet"], ["-o", "iac=1x", "telnet"],
    ["-o", "ident=0", "socks4"], ["-o", "ident=65536", "socks4"], ["-o", "up-status=256", "socks5"], ["-o", "bnd=" + "a" * 256 + ":1", "socks5"]])
def test_usage(args):
    code, out, err = server.run(*args)
    assert code == 2 and out == "", (out, err)
    value = args[1].partition("=")[0]
    assert value in err, err


def test_a_knob_for_one_of_several_roles(fake):
    """It is no error if one role has it."""
    f = fake("-o", "rep=5", "socks5", "http")
    assert f.stop() == 0


def test_header_injection_is_refused(fake):
    """A knob's text with a line end would make two fields of one: it is refused, or it stays one field."""
    code, out, err = server.run("-o", "header=X: a\r\nY: b", "http")
    assert code == 2 and re.search("header", err)
