# SPDX-License-Identifier: ISC
"""SOCKS5 on the wire, octets typed from RFC 1928 and RFC 1929.

Every message runs whole, octet by octet, cut at each position, and joined with what comes after it: the answer is
the same.  REP comes from a real errno: each target is really refused, unreachable, unresolvable or forbidden."""
import socket
import struct
import time

import pytest
import wire

GREETING = "05 01 00"
ROLES = ("socks5", "socks")


def octets(text):
    return bytes.fromhex(text)


def modes(data):
    return ["whole", "bytes", *range(1, len(data))]


def name_request(name, port):
    """| 05 | 01 | 00 | 03 | length | name | port |"""
    return b"\x05\x01\x00\x03" + bytes([len(name)]) + name + struct.pack("!H", port)


def opened(f):
    client = wire.dial(f.port)
    client.sendall(octets(GREETING))
    assert wire.read_n(client, 2) == b"\x05\x00"
    return client


def relay_both_ways(client, target, early=b""):
    assert wire.read_n(target, len(early)) == early
    client.sendall(b"c\x00\xff\r\n")
    assert wire.read_n(target, 5) == b"c\x00\xff\r\n"
    target.sendall(b"t\xff\x00\r\x00")
    assert wire.read_n(client, 5) == b"t\xff\x00\r\x00"
    target.shutdown(socket.SHUT_WR)
    assert wire.read_eof(client) == b""
    client.sendall(b"late")
    client.shutdown(socket.SHUT_WR)
    assert wire.read_eof(target) == b"late"


# ---- method selection (RFC 1928, 3)

# name, greeting, selected method
CHOICE = [
    ("S5-V01 none", "05 01 00", 0),
    ("S5-V02 none, userpass", "05 02 00 02", 0),
    ("S5-V03 none, gssapi, userpass", "05 03 00 01 02", 0),
    ("S5-V04 none, gssapi", "05 02 00 01", 0),
    ("none last", "05 03 02 01 00", 0),
    ("none twice", "05 03 00 00 00", 0),
    ("255 methods", "05 ff" + "80" * 254 + "00", 0),
    ("S5-V05 userpass only", "05 01 02", 0xFF),
    ("gssapi only", "05 01 01", 0xFF),
    ("private 80", "05 01 80", 0xFF),
    ("ff offered", "05 01 ff", 0xFF),
    ("255 others", "05 ff" + "80" * 255, 0xFF),
    ("S5-M01 NMETHODS 0", "05 00", 0xFF),
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name,greeting,method", CHOICE, ids=[c[0] for c in CHOICE])
def test_method(shared, role, name, greeting, method):
    f, data = shared(role), octets(greeting)
    cuts = modes(data) if len(data) < 20 else ["whole", "bytes", 1, 2, 3, 128, len(data) - 1]
    for mode in cuts:
        with wire.dial(f.port) as client:
            wire.send(client, data, mode)
            assert wire.read_n(client, 2) == bytes([5, method]), mode
            if method == 0xFF:
                assert wire.read_eof(client) == b""          # closed, with a FIN
            else:
                wire.drained(client)
                assert wire.silent(client)                   # two octets and no more


def test_methods_are_awaited(shared):
    """S5-M02: NMETHODS 5 and one method: four more are awaited; the last one is part of the list."""
    with wire.dial(shared("socks5").port) as client:
        client.sendall(octets("05 05 80"))
        wire.drained(client)
        assert wire.silent(client)
        client.sendall(octets("81 82 83"))
        wire.drained(client)
        assert wire.silent(client)
        client.sendall(b"\x00")
        assert wire.read_n(client, 2) == b"\x05\x00"


@pytest.mark.parametrize("data", ["06 01 00", "04 01 0016 7f000001 00", "474554202f20485454502f312e300d0a0d0a",
                                  "16 03 01 00 05 01 00 00 01 03", "00 01 00", "ff fb 01"],
                         ids=["S5-M03 VER 6", "SOCKS4", "S5-M04 GET", "TLS", "VER 0", "telnet"])
def test_another_version(shared, data):
    """Closed, and not answered with a 05: that version was not spoken (it may be no success in any case)."""
    with wire.listen(22) as listener:
        for mode in modes(octets(data)):
            with wire.dial(shared("socks5").port) as client:
                wire.send(client, octets(data), mode)
                got = wire.read_eof(client)
                assert not got.startswith(b"\x05") and not got.startswith(b"\x00\x5a"), got
        assert wire.refused(listener)


# ---- requests that are granted (RFC 1928, 4 to 6)

GRANT = [
    ("S5-V10 IPv4", "05 01 00 01 7f000001 0016", ("127.0.0.1", 22)),
    ("S5-V11 name", "05 01 00 03 0e 7461726765742e6578616d706c65 0016", ("127.0.0.1", 22)),
    ("S5-V12 IPv6", "05 01 00 04 20010db8000000000000000000000001 0016", ("2001:db8::1", 22)),
    ("IPv6 loopback", "05 01 00 04 00000000000000000000000000000001 0016", ("::1", 22)),
    ("name with an IPv6 address", "05 01 00 03 0b 7369782e6578616d706c65 0016", ("2001:db8::1", 22)),
    ("port in network order", "05 01 00 01 7f000001 afc8", ("127.0.0.1", 45000)),
    ("name of one address in DNS", "05 01 00 03 0c 666f75722e6578616d706c65 0016", ("127.0.0.1", 22)),
    ("IPv4 text as a name", "05 01 00 03 09 3132372e302e302e31 0016", ("127.0.0.1", 22)),
]


def check_bnd(reply, peer):
    """BND is the real outgoing address: the one the target saw."""
    ver, rep, rsv, atyp, addr, port = reply
    assert (ver, rep, rsv) == (5, 0, 0), reply
    assert atyp == (4 if ":" in peer[0] else 1)
    assert (addr, port) == peer[:2]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name,request_hex,at", GRANT, ids=[g[0] for g in GRANT])
def test_granted(shared, role, name, request_hex, at):
    f, data = shared(role), octets(request_hex)
    with wire.listen(at[1], at[0]) as listener:
        for mode in modes(data):
            with opened(f) as client:
                wire.send(client, data, mode)
                reply = wire.socks5_reply(client)
                target, peer = wire.accept(listener)
                with target:
                    check_bnd(reply, peer)
                    relay_both_ways(client, target)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name,request_hex,at", GRANT, ids=[g[0] for g in GRANT])
def test_granted_all_joined(shared, role, name, request_hex, at):
    """S5-V34: greeting, request and payload in one segment, and cut anywhere in it."""
    f = shared(role)
    head = octets(GREETING) + octets(request_hex)
    early = b"EARLY\x00\x05\x01"
    with wire.listen(at[1], at[0]) as listener:
        for cut in [0, *range(1, len(head) + 1)]:
            with wire.dial(f.port) as client:
                if cut:
                    client.sendall((head + early)[:cut])
                    if cut < len(head):
                        wire.drained(client)
                client.sendall((head + early)[cut:])
                assert wire.read_n(client, 2) == b"\x05\x00"
                reply = wire.socks5_reply(client)
                target, peer = wire.accept(listener)
                with target:
                    check_bnd(reply, peer)
                    relay_both_ways(client, target, early)


def test_second_address_of_a_name(shared):
    """two.example has an unreachable IPv6 address and a good IPv4 one: the good one is found."""
    with wire.listen(22) as listener:
        with opened(shared("socks5")) as client:
            client.sendall(name_request(b"two.example", 22))
            reply = wire.socks5_reply(client)
            target, peer = wire.accept(listener)
            with target:
                check_bnd(reply, peer)


def test_bnd_on_another_address(shared):
    """The outgoing address is the one the kernel chose, not a fixed one."""
    with wire.listen(22, "198.51.100.7") as listener:
        with opened(shared("socks5")) as client:
            client.sendall(octets("05 01 00 01 c6336407 0016"))
            reply = wire.socks5_reply(client)
            target, peer = wire.accept(listener)
            with target:
                check_bnd(reply, peer)


def test_exactly_one_reply(shared):
    """The octet behind the reply is the target's first, also when the target speaks at once."""
    with wire.listen(22) as listener:
        with opened(shared("socks5")) as client:
            client.sendall(octets("05 01 00 01 7f000001 0016"))
            target, _ = wire.accept(listener)
            with target:
                target.sendall(b"SSH-2.0-x\r\n")
                target.shutdown(socket.SHUT_WR)
                got = wire.read_n(client, 10 + 11)
                assert got[:4] == b"\x05\x00\x00\x01" and got[10:] == b"SSH-2.0-x\r\n"
                client.shutdown(socket.SHUT_WR)
                assert wire.read_eof(client) == b""


# ---- requests that are refused (RFC 1928, 6)

REFUSE = [
    ("refused", "05 01 00 01 7f000001 0016", 5),
    ("refused, IPv6", "05 01 00 04 20010db8000000000000000000000001 0016", 5),
    ("refused, by name", "05 01 00 03 0e 7461726765742e6578616d706c65 0016", 5),
    ("network unreachable", "05 01 00 01 c0000201 0016", 3),
    ("network unreachable, IPv6", "05 01 00 04 20010db9000000000000000000000001 0016", 3),
    ("host unreachable", "05 01 00 01 cb007109 0016", 4),
    ("host unreachable, IPv6", "05 01 00 04 20010db8dead00000000000000000001 0016", 4),
    ("host unreachable, by name", "05 01 00 03 0f 64656164656e642e6578616d706c65 0016", 4),
    ("unresolvable", "05 01 00 03 13 6e6f6e6578697374656e742e696e76616c6964 0016", 4),
    ("S5-V13 BIND", "05 02 00 01 c6336407 0015", 7),
    ("S5-V14 UDP ASSOCIATE", "05 03 00 01 00000000 0000", 7),
    ("S5-V15 RESOLVE of Tor", "05 f0 00 03 0e 7461726765742e6578616d706c65 0000", 7),
    ("S5-V16 RESOLVE_PTR of Tor", "05 f1 00 01 c6336407 0000", 7),
    ("S5-M09 CMD 9", "05 09 00 01 7f000001 0016", 7),
    ("CMD 0", "05 00 00 01 7f000001 0016", 7),
    ("CMD 80", "05 80 00 01 7f000001 0016", 7),
    ("S5-M10 ATYP 2", "05 01 00 02 7f000001 0016", 8),
    ("ATYP 0", "05 01 00 00 7f000001 0016", 8),
    ("ATYP 5", "05 01 00 05 7f000001 0016", 8),
    ("ATYP ff", "05 01 00 ff 7f000001 0016", 8),
]
# A failure by common sense; which REP is the server's business.
REFUSE_SOMEHOW = [
    ("S5-M11 empty name", "05 01 00 03 00 0016"),
    ("S5-M12 NUL in a name", "05 01 00 03 0b 6c6f63616c686f73740078 afc8"),
    ("control octet in a name", "05 01 00 03 0a 6c6f63616c686f7374 0a afc8"),
    ("S5-M14 brackets in a name", "05 01 00 03 05 5b3a3a315d 0016"),
    ("S5-M15 port 0", "05 01 00 01 7f000001 0000"),
    ("name of 255 octets", "05 01 00 03 ff " + "61" * 247 + "2e696e76616c6964" + " 0016"),
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name,request_hex,rep", REFUSE, ids=[r[0] for r in REFUSE])
def test_refused(shared, role, name, request_hex, rep):
    f, data = shared(role), octets(request_hex)
    for mode in modes(data):
        with opened(f) as client:
            wire.send(client, data, mode)
            got = wire.socks5_reply(client)
            assert got[:3] == (5, rep, 0), (mode, got)
            assert wire.read_eof(client) == b"", mode


@pytest.mark.parametrize("name,request_hex", REFUSE_SOMEHOW, ids=[r[0] for r in REFUSE_SOMEHOW])
def test_refused_somehow(shared, name, request_hex):
    f, data = shared("socks5"), octets(request_hex)
    with wire.listen(45000) as listener, wire.listen(45000, "::1") as listener6:
        for mode in modes(data) if len(data) < 64 else ["whole", "bytes", 5, 128]:
            with opened(f) as client:
                wire.send(client, data, mode)
                ver, rep, rsv, *_ = wire.socks5_reply(client)
                assert ver == 5 and 1 <= rep <= 8 and rsv == 0, mode
                assert wire.read_eof(client) == b"", mode
        assert wire.refused(listener) and wire.refused(listener6)


@pytest.mark.parametrize("name,request_hex",
                         [r[:2] for r in REFUSE] + REFUSE_SOMEHOW, ids=[r[0] for r in REFUSE + REFUSE_SOMEHOW])
def test_refusal_survives_unread_data(shared, name, request_hex):
    """A whole reply and a FIN within ten seconds, even if the client has sent more than was read."""
    for extra in (1, 5000, 60000):
        with opened(shared("socks5")) as client:
            client.sendall(octets(request_hex) + b"x" * extra)
            ver, rep, *_ = wire.socks5_reply(client)
            assert ver == 5 and rep != 0
            assert wire.read_eof(client) == b""


def test_no_method_survives_unread_data(shared):
    for extra in (1, 5000, 60000):
        with wire.dial(shared("socks5").port) as client:
            client.sendall(octets("05 01 80") + b"x" * extra)
            assert wire.read_n(client, 2) == b"\x05\xff"
            assert wire.read_eof(client) == b""


def test_the_server_closes_even_if_the_client_does_not(shared):
    """RFC 1928, 6: at most ten seconds after the failure the connection is gone, not half open for ever:
    what a client that never closes still sends is answered with a reset in the end."""
    f = shared("socks5")
    with opened(f) as client:
        before = len(wire.fds(f.pid))
        client.sendall(octets("05 01 00 01 7f000001 0016"))
        assert wire.socks5_reply(client)[1] == 5
        assert wire.read_eof(client) == b""
        wire.until(lambda: len(wire.fds(f.pid)) < before, 10, "the server's end of a refused connection is closed")


def test_a_client_that_never_stops(shared):
    """A refused client that goes on sending and never closes is cut off all the same, after it could read its reply."""
    f = shared("socks5")
    before = len(wire.fds(f.pid))
    with opened(f) as client:
        client.sendall(octets("05 01 00 01 7f000001 0016"))
        assert wire.socks5_reply(client)[1] == 5
        end = time.monotonic() + 12
        try:
            while time.monotonic() < end:
                client.sendall(b"x" * 65536)
        except (BrokenPipeError, ConnectionResetError):
            end = None
        assert end is None, "twelve seconds after the failure the server still reads"
    wire.until(lambda: len(wire.fds(f.pid)) <= before, what="its descriptor is closed")


def test_version_4_after_a_version_5_greeting(shared):
    """S5-M16: refused: neither granted nor taken for a SOCKS4 request."""
    for role in ROLES:
        with wire.listen(22) as listener:
            for mode in modes(octets("04 01 00 01 7f000001 0016")):
                with opened(shared(role)) as client:
                    wire.send(client, octets("04 01 00 01 7f000001 0016"), mode)
                    got = wire.read_eof(client)
                    assert got[:2] not in (b"\x05\x00", b"\x00\x5a", b"\x00\x5b"), (role, mode)
            assert wire.refused(listener)


def test_rsv_1_is_served_or_refused_alike_at_every_cut(shared):
    """S5-M08: tolerated by some, refused by others; but never by luck of the segments."""
    data, seen = octets("05 01 01 01 7f000001 0016"), set()
    with wire.listen(22):
        for mode in modes(data):
            with opened(shared("socks5")) as client:
                wire.send(client, data, mode)
                seen.add(wire.socks5_reply(client)[1])
    assert len(seen) == 1 and seen <= {0, 1}


def test_ipv6_text_as_a_name_alike_at_every_cut(shared):
    """S5-M13: "::1" in a name field: served or refused, the same at every cut."""
    data, seen = octets("05 01 00 03 03 3a3a31 0016"), set()
    with wire.listen(22, "::1"):
        for mode in modes(data):
            with opened(shared("socks5")) as client:
                wire.send(client, data, mode)
                seen.add(wire.socks5_reply(client)[1])
    assert len(seen) == 1


@pytest.mark.parametrize("cut", range(0, 24))
def test_cut_by_fin(shared, cut):
    """Part of greeting and request, then FIN: nothing is granted and the connection ends."""
    data = (octets(GREETING) + octets("05 01 00 03 0e 7461726765742e6578616d706c65 0016"))[:cut]
    with wire.listen(22) as listener:
        with wire.dial(shared("socks5").port) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            got = wire.read_eof(client)
            assert got[:2] == (b"\x05\x00" if cut >= 3 else b"")
            assert got[2:4] != b"\x05\x00"
        assert wire.refused(listener)


def test_timeout_of_the_target(shared):
    """A SYN that is never answered: REP 6 or 1, the whole reply, FIN (ETIMEDOUT after about three seconds here)."""
    listener = wire.listen(0, backlog=0)
    fill = []
    try:
        for _ in range(2):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(listener.getsockname())
            fill.append(s)
        with opened(shared("socks5")) as client:
            client.settimeout(30)
            client.sendall(octets("05 01 00 01 7f000001") + struct.pack("!H", wire.port_of(listener)))
            got = wire.socks5_reply(client)
            assert got[0] == 5 and got[1] in (6, 1), got
            assert wire.read_eof(client) == b""
    finally:
        for s in fill:
            s.close()
        listener.close()


def test_a_slow_name_blocks_nobody(shared, lab):
    """While one client waits for a name server that does not answer, others are served; then it gets its reply."""
    f = shared("socks")
    lab.dns.forget()
    with opened(f) as slow, wire.listen(22) as listener:
        slow.settimeout(30)
        slow.sendall(name_request(b"slow.example", 22))
        lab.dns.wait_asked("slow.example")
        for request in (b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x16", name_request(b"target.example", 22),
                        name_request(b"four.example", 22)):
            with opened(f) as client:
                client.sendall(request)
                assert wire.socks5_reply(client)[:2] == (5, 0)
                wire.accept(listener)[0].close()
        assert wire.silent(slow)
        ver, rep, *_ = wire.socks5_reply(slow)
        assert ver == 5 and rep in (1, 4, 6)
        assert wire.read_eof(slow) == b""


def test_a_client_that_leaves_during_resolution(shared, lab):
    """The client goes away while its name is being resolved: no crash, and nothing is kept."""
    f = shared("socks5")
    before = wire.fds(f.pid)
    for leave in (wire.reset, lambda s: s.close()):
        lab.dns.forget()
        client = opened(f)
        client.sendall(name_request(b"slow.example", 22))
        lab.dns.wait_asked("slow.example")
        leave(client)
    wire.until(lambda: len(wire.fds(f.pid)) <= len(before), 20, "the descriptors of the clients that left are closed")
    with opened(f) as client:                  # and it still serves
        client.sendall(octets("05 09 00 01 7f000001 0016"))
        assert wire.socks5_reply(client)[1] == 7
