# SPDX-License-Identifier: ISC
"""SOCKS4 and 4a on the wire, octets typed from SOCKS.protocol and SOCKS4A.protocol:

    | VN=4 | CD | DSTPORT(2) | DSTIP(4) | USERID ... | 00 | [DOMAIN ... | 00 ]  ->  | VN=0 | CD | DSTPORT(2) | DSTIP(4) |

Every request runs whole, octet by octet, cut at each position, and with payload in its last segment: the answer is
the same.  The targets are the ones the octets name; the network is the tests' own (lab.py)."""
import socket
import struct

import pytest
import wire

GRANTED, REJECTED = 90, 91
ROLES = ("socks4", "socks")

# name, request, what the target listens on
GRANT = [
    ("S4-V01 smallest request", "04 01 0016 7f000001 00", ("127.0.0.1", 22)),
    ("S4-V02 USERID fred", "04 01 0016 7f000001 66726564 00", ("127.0.0.1", 22)),
    ("S4-V10 4a, USERID fred", "04 01 0016 00000001 66726564 00 7461726765742e6578616d706c65 00", ("127.0.0.1", 22)),
    ("S4-V11 4a, no USERID", "04 01 0016 00000001 00 7461726765742e6578616d706c65 00", ("127.0.0.1", 22)),
    ("S4-V12 4a, 0.0.0.255", "04 01 0016 000000ff 00 7461726765742e6578616d706c65 00", ("127.0.0.1", 22)),
    ("port in network order", "04 01 afc8 7f000001 00", ("127.0.0.1", 45000)),
    ("another address", "04 01 0016 c6336407 00", ("198.51.100.7", 22)),
    ("USERID of 20 octets", "04 01 0016 7f000001" + "61" * 20 + "00", ("127.0.0.1", 22)),
]
# name, request: 91 and a close, although somebody would answer at that address
FORBIDDEN = [
    ("S4-V03 BIND is not offered", "04 02 0015 c6336407 66726564 00"),
    ("S4-M06 empty name", "04 01 0016 00000001 00 00"),
    ("S4-M07 CD 3", "04 03 0016 7f000001 00"),
    ("CD 0", "04 00 0016 7f000001 00"),
    ("CD 255", "04 ff 0016 7f000001 00"),
    ("port 0", "04 01 0000 7f000001 00"),
]
# name, request: 91 and a close, because nobody can be reached
REJECT = [
    ("refused", "04 01 0016 7f000001 00"),
    ("refused by name", "04 01 0016 00000001 00 7461726765742e6578616d706c65 00"),
    ("unresolvable", "04 01 0016 00000001 00 6e6f6e6578697374656e742e696e76616c6964 00"),
    ("host unreachable", "04 01 0016 cb007109 00"),
    ("network unreachable", "04 01 0016 c0000201 00"),
    ("prohibited route", "04 01 0016 c6120001 00"),
]
# Not SOCKS4 at all: closed, and never an answer that looks like a grant.
NOT_SOCKS4 = [
    ("VN 3", "03 01 0016 7f000001 00"),
    ("VN 6", "06 01 00"),
    ("S5-M04 GET", "474554202f20485454502f312e300d0a0d0a"),
]


def octets(text):
    return bytes.fromhex(text)


def modes(data):
    return ["whole", "bytes", *range(1, len(data))]


def relay_both_ways(client, target, early=b""):
    """Octets pass unchanged in both directions, then each FIN is passed on by itself."""
    assert wire.read_n(target, len(early)) == early
    client.sendall(b"c\x00\xff\r\n")
    assert wire.read_n(target, 5) == b"c\x00\xff\r\n"
    target.sendall(b"t\xff\x00\r\x00")
    assert wire.read_n(client, 5) == b"t\xff\x00\r\x00"
    client.shutdown(socket.SHUT_WR)
    assert wire.read_eof(target) == b""
    target.sendall(b"late")
    target.shutdown(socket.SHUT_WR)
    assert wire.read_eof(client) == b"late"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name,request_hex,at", GRANT, ids=[g[0] for g in GRANT])
def test_granted(shared, role, name, request_hex, at):
    f, data = shared(role), octets(request_hex)
    with wire.listen(at[1], at[0]) as listener:
        for mode in modes(data):
            with wire.dial(f.port) as client:
                wire.send(client, data, mode)
                assert wire.socks4_reply(client)[:2] == (0, GRANTED), mode
                target, _ = wire.accept(listener)
                with target:
                    relay_both_ways(client, target)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name,request_hex,at", GRANT, ids=[g[0] for g in GRANT])
def test_granted_with_early_data(shared, role, name, request_hex, at):
    """S4-M09: octets behind the request's last NUL reach the target once, in whatever segment they come."""
    f, data = shared(role), octets(request_hex)
    early = b"EARLY\x00\x04\x05"
    with wire.listen(at[1], at[0]) as listener:
        for mode in ["whole", "bytes", *range(len(data) - 2, len(data) + 3)]:
            with wire.dial(f.port) as client:
                if mode == "bytes":            # the server need not read payload before it has answered
                    wire.send(client, data[:-1], "bytes")
                    client.sendall(data[-1:] + early)
                else:
                    wire.send(client, data + early, "whole" if mode == "whole" else min(mode, len(data)))
                assert wire.socks4_reply(client)[:2] == (0, GRANTED), mode
                target, _ = wire.accept(listener)
                with target:
                    relay_both_ways(client, target, early)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name,request_hex", REJECT, ids=[r[0] for r in REJECT])
def test_rejected(shared, role, name, request_hex):
    """SOCKS4: any failure is CD 91, eight octets, and the server closes at once, with a FIN."""
    f, data = shared(role), octets(request_hex)
    for mode in modes(data):
        with wire.dial(f.port) as client:
            wire.send(client, data, mode)
            assert wire.socks4_reply(client)[:2] == (0, REJECTED), mode
            assert wire.read_eof(client) == b"", mode


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name,request_hex", FORBIDDEN, ids=[r[0] for r in FORBIDDEN])
def test_forbidden(shared, role, name, request_hex):
    """The same answer, and the target that listens there is not reached."""
    f, data = shared(role), octets(request_hex)
    with wire.listen(22) as listener, wire.listen(21, "198.51.100.7") as other:
        for mode in modes(data):
            with wire.dial(f.port) as client:
                wire.send(client, data, mode)
                assert wire.socks4_reply(client)[:2] == (0, REJECTED), mode
                assert wire.read_eof(client) == b"", mode
        assert wire.refused(listener) and wire.refused(other)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name,request_hex", REJECT + FORBIDDEN, ids=[r[0] for r in REJECT + FORBIDDEN])
def test_rejected_reply_survives_unread_data(shared, role, name, request_hex):
    """What the client sent beyond the request must not turn the close into a RST that eats the reply."""
    f, data = shared(role), octets(request_hex)
    for extra in (1, 5000, 60000):
        with wire.dial(f.port) as client:
            client.sendall(data + b"x" * extra)
            assert wire.socks4_reply(client)[:2] == (0, REJECTED)
            assert wire.read_eof(client) == b""


@pytest.mark.parametrize("name,request_hex", NOT_SOCKS4, ids=[r[0] for r in NOT_SOCKS4])
def test_not_socks4(shared, name, request_hex):
    f, data = shared("socks4"), octets(request_hex)
    with wire.listen(22):
        for mode in modes(data):
            with wire.dial(f.port) as client:
                wire.send(client, data, mode)
                got = wire.read_eof(client)
                assert got == b"" or got[:2] == bytes([0, REJECTED]), mode


def test_socks5_greeting_on_a_socks4_port(shared):
    """S4-M08: VER 5 is not spoken here: closed, and neither 00 5a nor 05 00."""
    with wire.listen(22):
        with wire.dial(shared("socks4").port) as client:
            wire.send(client, octets("05 01 0016 7f000001 00"))
            got = wire.read_eof(client)
            assert got == b"" or got[:2] == bytes([0, REJECTED])


def test_stray_octets_on_a_shared_port(shared):
    """S4-M08 on a port that speaks both: it is a SOCKS5 greeting, then octets that are no request."""
    with wire.listen(22) as listener:
        with wire.dial(shared("socks").port) as client:
            wire.send(client, octets("05 01 0016 7f000001 00"))
            # 05 01 00 is the greeting; 16 7f ... has VER 16
            got = wire.read_eof(client)
            assert got[:2] == b"\x05\x00"
            assert got[2:4] != b"\x05\x00" and got[2:4] != b"\x00\x5a"
        assert wire.refused(listener)


def test_zero_address_is_not_a_4a_marker(shared):
    """S4-V13: 0.0.0.0 is plain SOCKS4: the server answers without waiting for a name."""
    with wire.listen(22):
        with wire.dial(shared("socks4").port) as client:
            wire.send(client, octets("04 01 0016 00000000 00"))
            vn, cd, _, _ = wire.socks4_reply(client)
            assert vn == 0 and cd in (GRANTED, REJECTED)     # whether 0.0.0.0 may be reached is the server's business


def test_unterminated_userid_is_awaited(shared):
    """S4-M05: no NUL, no answer; the NUL completes the request."""
    with wire.listen(22) as listener:
        with wire.dial(shared("socks4").port) as client:
            client.sendall(octets("04 01 0016 7f000001 616263"))
            wire.drained(client)
            assert wire.silent(client)
            client.sendall(b"\x00")
            assert wire.socks4_reply(client)[:2] == (0, GRANTED)
            wire.accept(listener)[0].close()


@pytest.mark.parametrize("cut", range(0, 24))
def test_request_cut_by_fin(shared, cut):
    """Part of a request, then FIN: no grant, and the connection ends."""
    data = octets("04 01 0016 00000001 00 7461726765742e6578616d706c65 00")[:cut]
    with wire.listen(22) as listener:
        with wire.dial(shared("socks4").port) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            got = wire.read_eof(client)
            assert got == b"" or got[:2] == bytes([0, REJECTED])
        assert wire.refused(listener)


def test_userid_of_1024_octets(shared):
    with wire.listen(22):
        with wire.dial(shared("socks4").port) as client:
            client.sendall(octets("04 01 0016 7f000001") + b"u" * 1024 + b"\x00")
            vn, cd, _, _ = wire.socks4_reply(client)
            assert vn == 0 and cd in (GRANTED, REJECTED)


@pytest.mark.parametrize("head", ["04 01 0016 7f000001", "04 01 0016 00000001 00"], ids=["USERID", "DOMAIN"])
def test_endless_field_is_given_up(shared, head):
    """64 KiB without a NUL: the server gives up (91 or a close), it does not keep reading."""
    with wire.dial(shared("socks4").port) as client:
        wire.send(client, octets(head) + b"u" * 65536)
        got = wire.read_eof(client)
        assert got == b"" or (len(got) == 8 and got[:2] == bytes([0, REJECTED]))


def test_name_of_255_octets_is_framed_by_its_nul(shared):
    """255 octets that name nothing: 91, and not a grant or a hang."""
    name = b".".join([b"a" * 61] * 4) + b".invalid"
    name = name[:247] + b".invalid"
    assert len(name) == 255
    with wire.dial(shared("socks4").port) as client:
        client.sendall(octets("04 01 0016 00000001 00") + name + b"\x00")
        assert wire.socks4_reply(client)[:2] == (0, REJECTED)
        assert wire.read_eof(client) == b""


def test_real_address_has_no_name_behind_it(shared):
    """With a real DSTIP what follows the USERID's NUL is payload, even if it looks like a name."""
    with wire.listen(22) as listener:
        with wire.dial(shared("socks4").port) as client:
            client.sendall(octets("04 01 0016 7f000001 00") + b"target.example\x00")
            assert wire.socks4_reply(client)[:2] == (0, GRANTED)
            target, _ = wire.accept(listener)
            with target:
                assert wire.read_n(target, 15) == b"target.example\x00"


def test_reply_carries_the_outgoing_address(shared):
    """CONNECT's reply: the fields are ignored by clients; here they hold the real outgoing address."""
    with wire.listen(22) as listener:
        with wire.dial(shared("socks4").port) as client:
            client.sendall(octets("04 01 0016 7f000001 00"))
            vn, cd, ip, port = wire.socks4_reply(client)
            target, peer = wire.accept(listener)
            with target:
                assert (vn, cd) == (0, GRANTED)
                assert (ip, port) == peer or (ip, port) == ("0.0.0.0", 0)


def test_exactly_one_reply(shared):
    """Octet 9 is the target's first."""
    with wire.listen(22) as listener:
        with wire.dial(shared("socks4").port) as client:
            client.sendall(octets("04 01 0016 7f000001 00"))
            target, _ = wire.accept(listener)
            with target:
                target.sendall(b"SSH-2.0-x\r\n")
                target.shutdown(socket.SHUT_WR)
                got = wire.read_n(client, 8 + 11)
                assert got[:2] == bytes([0, GRANTED]) and got[8:] == b"SSH-2.0-x\r\n"
                client.shutdown(socket.SHUT_WR)
                assert wire.read_eof(client) == b""


def test_no_grant_before_the_target_is_there(shared):
    """A target that never answers the SYN: nothing is granted, and at the end 91 (here after about three seconds)."""
    listener = wire.listen(0, backlog=0)
    fill = []
    try:
        for _ in range(2):                     # a full queue: further SYNs are dropped
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(listener.getsockname())
            fill.append(s)
        with wire.dial(shared("socks4").port) as client:
            client.settimeout(30)
            client.sendall(struct.pack("!BBH", 4, 1, wire.port_of(listener)) + octets("7f000001 00"))
            assert wire.socks4_reply(client)[:2] == (0, REJECTED)
            assert wire.read_eof(client) == b""
    finally:
        for s in fill:
            s.close()
        listener.close()
