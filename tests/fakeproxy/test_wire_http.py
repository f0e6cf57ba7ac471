# SPDX-License-Identifier: ISC
"""HTTP CONNECT on the wire, typed from RFC 9110 (9.3.6, 11, 15) and RFC 9112 (2, 3, 5, 6, 9).

Each request runs whole, octet by octet, cut at each position, and joined with payload; heads of responses are
taken apart strictly (wire.Head)."""
import socket

import pytest
import wire

T4 = b"127.0.0.1:45000"


def request(target=T4, version=b"HTTP/1.1", host=b"", fields=(), method=b"CONNECT", end=b"\r\n"):
    """host None leaves the Host field out; empty repeats the target."""
    lines = [method + b" " + target + b" " + version]
    if host is not None:
        lines.append(b"Host: " + (host or target))
    lines += fields
    return end.join(lines) + end + end


def modes(data):
    return ["whole", "bytes", *range(1, len(data))]


def some_modes(data):
    return ["whole", "bytes", *range(1, len(data), 7), len(data) - 3, len(data) - 2, len(data) - 1]


def relay_both_ways(client, target, early=b""):
    assert wire.read_n(target, len(early)) == early
    client.sendall(b"c\x00\xff\r\n\r\n")
    assert wire.read_n(target, 7) == b"c\x00\xff\r\n\r\n"
    target.sendall(b"t\xff\x00\r\n\r\n")
    assert wire.read_n(client, 7) == b"t\xff\x00\r\n\r\n"
    client.shutdown(socket.SHUT_WR)
    assert wire.read_eof(target) == b""
    target.sendall(b"late")
    target.shutdown(socket.SHUT_WR)
    assert wire.read_eof(client) == b"late"


def check_2xx(head):
    """RFC 9110, 9.3.6: no Content-Length and no Transfer-Encoding in a 2xx to CONNECT."""
    assert 200 <= head.status <= 299, head.raw
    assert not head.all(b"Content-Length") and not head.all(b"Transfer-Encoding"), head.raw


GRANT = [
    ("HT-V01 HTTP/1.0 without Host", b"CONNECT target.example:22 HTTP/1.0\r\n\r\n", ("127.0.0.1", 22)),
    ("HT-V02 HTTP/1.1", b"CONNECT target.example:22 HTTP/1.1\r\nHost: target.example:22\r\n\r\n", ("127.0.0.1", 22)),
    ("HT-V03 IPv6 in brackets", b"CONNECT [2001:db8::1]:22 HTTP/1.1\r\nHost: [2001:db8::1]:22\r\n\r\n", ("2001:db8::1", 22)),
    ("HT-V04 basic in lower case", b"CONNECT server.example.com:443 HTTP/1.1\r\nHost: server.example.com:443\r\n"
     b"Proxy-Authorization: basic aGVsbG86d29ybGQ=\r\n\r\n", ("127.0.0.1", 443)),
    ("HT-V16 Aladdin", b"CONNECT target.example:22 HTTP/1.1\r\nHost: target.example:22\r\n"
     b"Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n", ("127.0.0.1", 22)),
    ("HT-V17 pound sign", b"CONNECT target.example:22 HTTP/1.1\r\nHost: target.example:22\r\n"
     b"Proxy-Authorization: Basic dGVzdDoxMjPCow==\r\n\r\n", ("127.0.0.1", 22)),
    ("HT-M16 another Host", b"CONNECT 127.0.0.1:45000 HTTP/1.1\r\nHost: a\r\n\r\n", ("127.0.0.1", 45000)),
    ("HTTP/1.0 with Host", request(version=b"HTTP/1.0"), ("127.0.0.1", 45000)),
    ("higher minor version", request(version=b"HTTP/1.2"), ("127.0.0.1", 45000)),
    ("empty line before it", b"\r\n" + request(), ("127.0.0.1", 45000)),
    ("unknown fields", request(fields=[b"X-Unknown: x", b"proxy-CONNECTION: keep-alive", b"Empty:"]), ("127.0.0.1", 45000)),
    ("field names in any case", b"CONNECT 127.0.0.1:45000 HTTP/1.1\r\nhOsT:127.0.0.1:45000  \r\n\r\n", ("127.0.0.1", 45000)),
    ("Connection: close", request(fields=[b"Connection: close"]), ("127.0.0.1", 45000)),
]


@pytest.mark.parametrize("name,data,at", GRANT, ids=[g[0] for g in GRANT])
def test_granted(shared, name, data, at):
    f = shared("http")
    with wire.listen(at[1], at[0]) as listener:
        for mode in modes(data):
            with wire.dial(f.port) as client:
                wire.send(client, data, mode)
                check_2xx(wire.http_head(client))
                target, _ = wire.accept(listener)
                with target:
                    relay_both_ways(client, target)


@pytest.mark.parametrize("name,data,at", GRANT, ids=[g[0] for g in GRANT])
def test_granted_with_early_data(shared, name, data, at):
    """HT-M16: what stands behind the empty line is tunnel data once the 2xx is sent."""
    f, early = shared("http"), b"EARLY\r\n\r\n\x00"
    with wire.listen(at[1], at[0]) as listener:
        for cut in (0, 1, len(data) - 2, len(data) - 1, len(data)):
            with wire.dial(f.port) as client:
                if cut:
                    client.sendall(data[:cut])
                    if cut < len(data):
                        wire.drained(client)
                client.sendall((data + early)[cut:])
                check_2xx(wire.http_head(client))
                target, _ = wire.accept(listener)
                with target:
                    relay_both_ways(client, target, early)


def test_request_line_of_8000_octets(shared):
    """RFC 9112, 3: at least 8000 octets in a request-line; a field of that size is the same to us."""
    with wire.listen(45000) as listener:
        for data in (request(fields=[b"X: " + b"y" * 8000]), request(fields=[b"X%d: y" % i for i in range(200)])):
            with wire.dial(shared("http").port) as client:
                client.sendall(data)
                check_2xx(wire.http_head(client))
                wire.accept(listener)[0].close()


def test_bare_lf_alike_at_every_cut(shared):
    """RFC 9112, 2.2: a single LF MAY be a line end: served, refused with 400, or no end of a line; not by luck of the segments."""
    data, seen = request(end=b"\n"), set()
    with wire.listen(45000) as listener:
        for mode in modes(data):
            with wire.dial(shared("http").port) as client:
                wire.send(client, data, mode)
                client.shutdown(socket.SHUT_WR)
                got = wire.recv(client)
                seen.add(got[9:12])
                if got[9:12] == b"200":
                    wire.accept(listener)[0].close()
    assert len(seen) == 1 and seen <= {b"200", b"400", b""}


REFUSE = [
    ("HT-M09 no port", b"CONNECT target.example HTTP/1.1\r\nHost: target.example\r\n\r\n", {400}),
    ("HT-M10 port 0", b"CONNECT 127.0.0.1:0 HTTP/1.1\r\nHost: 127.0.0.1:0\r\n\r\n", {400}),
    ("HT-M11 port 99999", b"CONNECT 127.0.0.1:99999 HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
    ("HT-M12 userinfo", b"CONNECT u:p@127.0.0.1:45000 HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
    ("HT-M13 space before the colon", b"CONNECT 127.0.0.1:45000 HTTP/1.1\r\nHost : a\r\n\r\n", {400}),
    ("HT-M14 no Host", b"CONNECT 127.0.0.1:45000 HTTP/1.1\r\n\r\n", {400}),
    ("HT-M15 HTTP/2.0", b"CONNECT 127.0.0.1:45000 HTTP/2.0\r\nHost: a\r\n\r\n", {505}),
    ("two Hosts", request(fields=[b"Host: 127.0.0.1:45000"]), {400}),
    ("invalid Host", request(host=b"a b"), {400}),
    ("empty port", request(b"127.0.0.1:"), {400}),
    ("port 65536", request(b"127.0.0.1:65536"), {400}),
    ("port modulo 65536", request(b"127.0.0.1:110536"), {400}),
    ("port 4294967295 and more", request(b"127.0.0.1:4294967296045000"), {400}),
    ("negative port", request(b"127.0.0.1:-45000"), {400}),
    ("signed port", request(b"127.0.0.1:+45000"), {400}),
    ("port with a letter", request(b"127.0.0.1:45000x"), {400}),
    ("no host", request(b":45000"), {400}),
    ("IPv6 without brackets", request(b"::1:45000"), {400}),
    ("bracket not closed", request(b"[::1:45000"), {400}),
    ("brackets without a port", request(b"[::1]"), {400}),
    ("absolute form", request(b"http://127.0.0.1:45000/", host=b"127.0.0.1:45000"), {400}),
    ("path behind it", request(b"127.0.0.1:45000/", host=b"127.0.0.1:45000"), {400}),
    ("no version", b"CONNECT 127.0.0.1:45000\r\nHost: 127.0.0.1:45000\r\n\r\n", {400}),
    ("two spaces in the version", b"CONNECT 127.0.0.1:45000 HTTP/1.1 x\r\nHost: 127.0.0.1:45000\r\n\r\n", {400}),
    ("version in lower case", request(version=b"http/1.1"), {400, 505}),
    ("version of letters", request(version=b"HTTP/x.y"), {400, 505}),
    ("method in lower case", request(method=b"connect"), {405, 501}),
    ("GET", request(b"/", method=b"GET", host=b"127.0.0.1:45000"), {405, 501}),
    ("GET in absolute form", request(b"http://127.0.0.1:45000/", method=b"GET", host=b"127.0.0.1:45000"), {405, 501}),
    ("OPTIONS", request(b"*", method=b"OPTIONS", host=b"127.0.0.1:45000"), {405, 501}),
    ("unknown method", request(method=b"BREW"), {405, 501}),
    ("NUL in a field", request(fields=[b"X: a\0b"]), {400}),
    ("bare CR in a field", request(fields=[b"X: a\rb"]), {400}),
    ("field without a colon", request(fields=[b"nonsense"]), {400}),
    ("empty field name", request(fields=[b": x"]), {400}),
    ("white space before the first field", b"CONNECT 127.0.0.1:45000 HTTP/1.1\r\n Host: 127.0.0.1:45000\r\n\r\n", {400}),
    ("control octet in the target", request(b"127.0.0.1\x01:45000", host=b"a"), {400}),
]


@pytest.mark.parametrize("name,data,status", REFUSE, ids=[r[0] for r in REFUSE])
def test_bad_request(shared, name, data, status):
    """The status, a framed body, the announced close, and the target is never reached."""
    f = shared("http")
    with wire.listen(45000) as listener, wire.listen(45000, "::1") as listener6:
        for mode in modes(data):
            with wire.dial(f.port) as client:
                wire.send(client, data, mode)
                head = wire.http_head(client)
                assert head.status in status, (mode, head.raw)
                wire.http_body(client, head)
                assert b"close" in [v.lower() for v in head.all(b"Connection")], head.raw   # RFC 9112, 9.6
                assert wire.read_eof(client) == b"", mode
        assert wire.refused(listener) and wire.refused(listener6)


def test_405_has_allow(shared):
    """RFC 9110, 15.5.6: a 405 names what is allowed."""
    with wire.dial(shared("http").port) as client:
        client.sendall(request(b"/", method=b"GET", host=b"a"))
        head = wire.http_head(client)
        assert head.status == 501 or b"CONNECT" in head.one(b"Allow")


def test_obs_fold(shared):
    """RFC 9112, 5.2: a folded field in a request gets 400, or is unfolded; the same at every cut."""
    data, seen = request(fields=[b"X: a\r\n b"]), set()
    with wire.listen(45000):
        for mode in modes(data):
            with wire.dial(shared("http").port) as client:
                wire.send(client, data, mode)
                seen.add(wire.http_head(client).status)
    assert len(seen) == 1 and seen <= {200, 400}


def test_not_http(shared):
    """RFC 9112, 2.2: octets that are no HTTP message SHOULD get 400 and a close; never a grant."""
    for data in (b"\x05\x01\x00", b"\x04\x01\x00\x16\x7f\x00\x00\x01\x00", b"SSH-2.0-x\r\n", b"\x16\x03\x01\x00\x05"):
        with wire.dial(shared("http").port) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            got = wire.read_eof(client)
            assert got == b"" or wire.Head(got[:got.index(b"\r\n\r\n") + 4]).status == 400, got


@pytest.mark.parametrize("cut", range(0, len(request()), 5))
def test_cut_by_fin(shared, cut):
    with wire.listen(45000) as listener:
        with wire.dial(shared("http").port) as client:
            client.sendall(request()[:cut])
            client.shutdown(socket.SHUT_WR)
            got = wire.read_eof(client)
            assert got == b"" or got[9:12] in (b"400", b"408")
        assert wire.refused(listener)


def test_huge_head(shared):
    """A megabyte of head: 431 (or 414 for the target), and the answer is not lost to a reset."""
    for data, status in ((request(fields=[b"X: " + b"y" * (1 << 20)]), {431, 400}),
                         (request(fields=[b"X%d: %s" % (i, b"y" * 100) for i in range(9000)]), {431, 400}),
                         (request(b"a" * (1 << 20) + b":1"), {414, 431, 400})):
        with wire.dial(shared("http").port) as client:
            wire.send(client, data)
            head = wire.http_head(client)
            assert head.status in status, head.raw
            wire.http_body(client, head)
            assert wire.read_eof(client) == b""


def test_head_without_an_end_is_bounded(shared):
    """The answer comes while the head still has no end."""
    with wire.dial(shared("http").port) as client:
        wire.send(client, b"CONNECT 127.0.0.1:45000 HTTP/1.1\r\nX: " + b"y" * (1 << 20))
        assert wire.http_head(client).status == 431


# What the target's errno becomes (RFC 9110, 15.6; RFC 9209, 2.3)
UNREACHED = [
    ("refused", b"127.0.0.1:22", {502}),
    ("refused by name", b"target.example:22", {502}),
    ("refused, IPv6", b"[2001:db8::1]:22", {502}),
    ("network unreachable", b"192.0.2.1:22", {502, 503}),
    ("host unreachable", b"203.0.113.9:22", {502, 503}),
    ("unresolvable", b"nonexistent.invalid:22", {502, 503, 504}),
]


@pytest.mark.parametrize("name,target,status", UNREACHED, ids=[u[0] for u in UNREACHED])
def test_unreached(shared, name, target, status):
    f, data = shared("http"), request(target)
    for mode in some_modes(data):
        with wire.dial(f.port) as client:
            wire.send(client, data, mode)
            head = wire.http_head(client)
            assert head.status in status, head.raw
            wire.http_body(client, head)
            if not any(v.lower() == b"keep-alive" for v in head.all(b"Connection")):
                assert wire.read_eof(client) == b""


def test_timeout_504(shared):
    """A SYN that nobody answers: 504 (after about three seconds here)."""
    listener = wire.listen(0, backlog=0)
    fill = []
    try:
        for _ in range(2):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(listener.getsockname())
            fill.append(s)
        with wire.dial(shared("http").port) as client:
            client.settimeout(30)
            client.sendall(request(b"127.0.0.1:%d" % wire.port_of(listener)))
            assert wire.http_head(client).status == 504
    finally:
        for s in fill:
            s.close()
        listener.close()


@pytest.mark.parametrize("name,data", [(r[0], r[1]) for r in REFUSE] + [(u[0], request(u[1])) for u in UNREACHED],
                         ids=[r[0] for r in REFUSE] + [u[0] for u in UNREACHED])
def test_error_survives_unread_data(shared, name, data):
    """RFC 9112, 9.6: the close is staged, so that what the client sent too much does not reset the answer away.
    And nothing behind a rejected CONNECT is taken for a request: there is one answer."""
    more = request(b"127.0.0.1:45000")
    with wire.listen(45000) as listener:
        for extra in (b"x", more, b"y" * 60000):
            with wire.dial(shared("http").port) as client:
                client.sendall(data + extra)
                head = wire.http_head(client)
                assert head.status >= 400
                wire.http_body(client, head)
                assert wire.read_eof(client) == b""
        assert wire.refused(listener)


def test_no_1xx(shared):
    """Neither 1.0 nor 1.1 gets an interim response it did not ask for."""
    with wire.listen(45000) as listener:
        for version in (b"HTTP/1.0", b"HTTP/1.1"):
            with wire.dial(shared("http").port) as client:
                client.sendall(request(version=version))
                assert wire.http_head(client).status >= 200
                wire.accept(listener)[0].close()

