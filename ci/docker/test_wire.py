# SPDX-License-Identifier: ISC
"""What connect and the real proxies say to each other, octet by octet, as tcpdump saw it; what the user sees of it.

The expected octets are typed from the specifications: SOCKS4, RFC 1928 sections 3, 4 and 6, RFC 1929 section 2,
RFC 9110 section 9.3.6, RFC 7617 section 2.  Only ports that the kernel chose, and what Squid writes into its
pages, are left open.
"""
import re

import pytest

import lab as labs
from lab import METHODS, PROXIES

ANY2, ANY6 = rb"[\s\S]{2}", rb"[\s\S]{6}"
DANTE4 = {m: bytes([198, 51, 100, PROXIES[m][0]]) for m in ("dante", "dante-password")}
DANTE6 = {m: bytes.fromhex("20010db8000200000000000000000022" if "-" in m else "20010db8000200000000000000000021")
          for m in ("dante", "dante-password")}


def x(text):
    return bytes.fromhex(text)


def name(text):
    return bytes([len(text)]) + text.encode()


def matches(pattern, data):
    assert re.fullmatch(pattern, data), "wanted %r\ngot    %r" % (pattern, data)


def one(connections):
    assert len(connections) == 1, connections
    return connections[0]


HELLO = b"hello\n"


@pytest.fixture(scope="module")
def wire(lab):
    with labs.Capture(lab) as c:
        yield c


def say_hello(lab, wire, method, host):
    return wire.on_the_wire(method, lambda: lab.connect(method, host, 13, stdin=HELLO, more=["--no-half-close"]))


def answered(r, peer):
    assert r == labs.Result(0, b"hello from %s\n" % peer, "")
    return b"hello from %s\n" % peer


def v6(text):
    """As socat writes it."""
    return b"[%s]" % text.encode()


# SOCKS4: VN 4, CD 1, DSTPORT, DSTIP, USERID, NUL; VN 0, CD 90, and six octets that mean nothing.
def test_socks4_address(lab, wire):
    r, c = say_hello(lab, wire, "socks4", labs.TARGET4)
    c, answer = one(c), answered(r, b"198.51.100.21")
    assert c.sent == x("04 01 000d c633640a") + b"root\0" + HELLO
    matches(re.escape(x("00 5a")) + ANY6 + re.escape(answer), c.got)


# RFC 1928: VER NMETHODS METHODS; VER METHOD; VER CMD RSV ATYP DST.ADDR DST.PORT; VER REP RSV ATYP BND.ADDR BND.PORT.
SOCKS5 = {
    "name, IPv4 only": ("four.inside.test", x("03") + name("four.inside.test"), 4),
    "name, IPv6 only": ("six.inside.test", x("03") + name("six.inside.test"), 6),
    "IPv4 address": (labs.TARGET4, x("01 c633640a"), 4),
    "IPv6 address": (labs.TARGET6, x("04 20010db8000200000000000000000010"), 6),
}


@pytest.mark.parametrize("kind", sorted(SOCKS5))
@pytest.mark.parametrize("method", ["socks5", "socks5-password"])
def test_socks5(lab, wire, method, kind):
    host, dst, family = SOCKS5[kind]
    proxy = METHODS[method].proxy
    r, c = say_hello(lab, wire, method, host)
    end = PROXIES[proxy][0]
    answer = answered(r, b"198.51.100.%d" % end if family == 4 else v6("2001:0db8:0002:0000:0000:0000:0000:00%d" % end))
    c = one(c)
    request = x("05 01 00") + dst + x("000d")
    bnd = x("01") + DANTE4[proxy] if family == 4 else x("04") + DANTE6[proxy]
    reply = re.escape(x("05 00 00") + bnd) + ANY2
    if method == "socks5":
        assert c.sent == x("05 02 00 02") + request + HELLO
        matches(re.escape(x("05 00")) + reply + re.escape(answer), c.got)
    else:                                               # RFC 1929: VER ULEN UNAME PLEN PASSWD; VER STATUS
        assert c.sent == x("05 02 00 02") + x("01") + name("alice") + name("s3cret") + request + HELLO
        matches(re.escape(x("05 02") + x("01 00")) + reply + re.escape(answer), c.got)


HTTP = {
    "name, IPv4 only": ("four.inside.test", b"four.inside.test:13", 4),
    "name, IPv6 only": ("six.inside.test", b"six.inside.test:13", 6),
    "IPv4 address": (labs.TARGET4, b"198.51.100.10:13", 4),
    "IPv6 address": (labs.TARGET6, b"[2001:db8:2::10]:13", 6),
}
OPENED = re.escape(b"HTTP/1.1 200 Connection established\r\n\r\n")


def http_request(authority, *fields):
    return b"".join(s + b"\r\n" for s in (b"CONNECT %s HTTP/1.1" % authority, b"Host: " + authority,
                                          b"User-Agent: connect") + fields) + b"\r\n"


def first_answer(got):
    """Status line, fields and body of a response with a Content-Length; what follows it."""
    head, _, rest = got.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    fields = {k.lower(): v.strip() for k, _, v in (s.partition(b":") for s in lines)}
    n = int(fields[b"content-length"])
    assert len(rest) >= n, got
    return start, fields, rest[:n], rest[n:]


@pytest.mark.parametrize("kind", sorted(HTTP))
@pytest.mark.parametrize("method", ["http", "http-basic"])
def test_http(lab, wire, method, kind):
    host, authority, family = HTTP[kind]
    r, c = say_hello(lab, wire, method, host)
    end = PROXIES[METHODS[method].proxy][0]
    answer = answered(r, b"198.51.100.%d" % end if family == 4 else v6("2001:0db8:0002:0000:0000:0000:0000:00%d" % end))
    c = one(c)                                          # after 407 too: Squid keeps the connection
    if method == "http":
        assert c.sent == http_request(authority) + HELLO
        matches(OPENED + re.escape(answer), c.got)
    else:
        assert c.sent == (http_request(authority) +
                          http_request(authority, b"Proxy-Authorization: Basic YWxpY2U6czNjcmV0") + HELLO)
        start, fields, _, rest = first_answer(c.got)
        assert start == b"HTTP/1.1 407 Proxy Authentication Required"
        assert fields[b"proxy-authenticate"] == b'Basic realm="test"'
        matches(OPENED + re.escape(answer), rest)


# What the proxy cannot do.  9 is a port that nobody listens to.
SOCKS_END = "FATAL: failed to begin relaying via SOCKS.\n"
HTTP_END = "FATAL: failed to begin relaying via HTTP.\n"
REFUSED = "ERROR: proxy %s refused: %s\n"
S4_91 = REFUSED % ("dante:1080", "request rejected or failed (SOCKS4 reply 91)") + SOCKS_END
S5_4 = REFUSED % ("dante:1080", "Host unreachable (SOCKS5 reply 4)") + SOCKS_END
S5_5 = REFUSED % ("dante:1080", "connection refused (SOCKS5 reply 5)") + SOCKS_END
HTTP_500 = REFUSED % ("squid:3128", "the tunnel was not opened (HTTP status 500 Internal Server Error)") + HTTP_END
HTTP_503 = REFUSED % ("squid:3128", "the tunnel was not opened (HTTP status 503 Service Unavailable)") + HTTP_END


def socks4_failed(sent):
    return sent, re.escape(x("00 5b")) + ANY6


def socks5_failed(code, dst, port):
    """BND says nothing then, but has to be one of the three types, and whole."""
    bnd = b"(?:\x01" + ANY6 + b"|\x04" + rb"[\s\S]{18}" + b"|\x03" + re.escape(name("nosuch.inside.test")) + ANY2 + b")"
    return (x("05 02 00 02 05 01 00") + dst + port.to_bytes(2, "big"),
            re.escape(x("05 00 05 %02x 00" % code)) + bnd)


def http_failed(authority, start, error):
    return (http_request(authority), re.escape(b"HTTP/1.1 " + start + b"\r\n") + rb"(?:[^\r\n]+\r\n)*X-Squid-Error: " +
            error + rb"\r\n(?:[^\r\n]+\r\n)*\r\n[\s\S]*</html>\n")


REFUSALS = {
    "socks4, refused port": ("socks4", labs.TARGET4, 9, S4_91, socks4_failed(x("04 01 0009 c633640a") + b"root\0")),
    # Dante has no 4a: it takes the address 0.0.0.1 for one, and leaves the name alone
    "socks4, name": ("socks4", "four.inside.test", 13, S4_91,
                     socks4_failed(x("04 01 000d 00000001") + b"root\0four.inside.test\0")),
    "socks5, refused port": ("socks5", labs.TARGET4, 9, S5_5, socks5_failed(5, x("01 c633640a"), 9)),
    "socks5, refused port, IPv6": ("socks5", labs.TARGET6, 9, S5_5,
                                   socks5_failed(5, x("04 20010db8000200000000000000000010"), 9)),
    "socks5, refused port of a name": ("socks5", "four.inside.test", 9, S5_5,
                                       socks5_failed(5, x("03") + name("four.inside.test"), 9)),
    "socks5, unknown name": ("socks5", "nosuch.inside.test", 13, S5_4,
                             socks5_failed(4, x("03") + name("nosuch.inside.test"), 13)),
    "http, refused port": ("http", labs.TARGET4, 9, HTTP_503,
                           http_failed(b"198.51.100.10:9", b"503 Service Unavailable", b"ERR_CONNECT_FAIL 111")),
    "http, refused port, IPv6": ("http", labs.TARGET6, 9, HTTP_503,
                                 http_failed(b"[2001:db8:2::10]:9", b"503 Service Unavailable", b"ERR_CONNECT_FAIL 111")),
    "http, refused port of a name": ("http", "four.inside.test", 9, HTTP_503,
                                     http_failed(b"four.inside.test:9", b"503 Service Unavailable",
                                                 b"ERR_CONNECT_FAIL 111")),
    "http, unknown name": ("http", "nosuch.inside.test", 13, HTTP_500,
                           http_failed(b"nosuch.inside.test:13", b"500 Internal Server Error", b"ERR_CANNOT_FORWARD 0")),
}


@pytest.mark.parametrize("case", sorted(REFUSALS))
def test_refusal(lab, wire, case):
    """Status 7, the reason in words, and nothing of what was to be relayed on the wire."""
    method, host, port, words, (sent, got) = REFUSALS[case]
    r, c = wire.on_the_wire(method, lambda: lab.connect(method, host, port, stdin=HELLO))
    assert r == labs.Result(7, b"", words)
    c = one(c)
    assert c.sent == sent
    matches(got, c.got)


# A user whom the proxy does not know: status 6, and the secret in no message.
S5_AUTH = "ERROR: proxy dante-password:1080: authentication failed (STATUS 1)\n" + SOCKS_END
HTTP_AUTH = ("ERROR: proxy squid-basic:3128: authentication failed (HTTP status 407 Proxy Authentication Required)\n" +
             HTTP_END)


def test_wrong_password_socks5(lab, wire):
    m = METHODS["socks5-password"]
    r, c = wire.on_the_wire("socks5-password", lambda: lab.client(
        "connect", *m.args, "four.inside.test", "13", env={"SOCKS5_PASSWORD": "Wr0ng"}, stdin=HELLO))
    assert r == labs.Result(6, b"", S5_AUTH)
    c = one(c)
    assert c.sent == x("05 02 00 02") + x("01") + name("alice") + name("Wr0ng")
    assert c.got == x("05 02 01 01")


def test_no_password_offered_socks5(lab, wire):
    """-a none: Dante accepts no method, and hears nothing of a password."""
    m = METHODS["socks5-password"]
    r, c = wire.on_the_wire("socks5-password", lambda: lab.client(
        "connect", "-a", "none", *m.args, "four.inside.test", "13", env=m.env, stdin=HELLO))
    c = one(c)
    assert (c.sent, c.got) == (x("05 01 00"), x("05 ff"))
    assert (r.rc, r.out) == (6, b"")


def test_wrong_password_http(lab, wire):
    m = METHODS["http-basic"]
    r, c = wire.on_the_wire("http-basic", lambda: lab.client(
        "connect", *m.args, "four.inside.test", "13", env={"HTTP_PROXY_PASSWORD": "Wr0ng"}, stdin=HELLO))
    assert r == labs.Result(6, b"", HTTP_AUTH)
    c = one(c)
    request = http_request(b"four.inside.test:13")
    again = http_request(b"four.inside.test:13", b"Proxy-Authorization: Basic YWxpY2U6V3Iwbmc=")
    assert c.sent == request + again
    rest = c.got
    for _ in range(2):
        start, fields, _, rest = first_answer(rest)
        assert start == b"HTTP/1.1 407 Proxy Authentication Required"
        assert fields[b"proxy-authenticate"] == b'Basic realm="test"'
    assert rest == b""


@pytest.mark.parametrize("method", ["socks5-password", "http-basic"])
def test_password_that_nobody_can_give(lab, wire, method):
    r, c = wire.on_the_wire(method, lambda: lab.client("connect", *METHODS[method].args, "four.inside.test", "13"))
    assert (r.rc, r.out) == (6, b"")
    assert one(c).sent == (x("05 02 00 02") if method == "socks5-password" else http_request(b"four.inside.test:13"))
