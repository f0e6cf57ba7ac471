# SPDX-License-Identifier: ISC
"""Rules and limits: --deny, --resolve, --redirect, --dial-timeout, --handshake-timeout, several roles in one process."""
import socket
import struct

import pytest
import tunnel
import wire


def ask5(f, port_index, request):
    client = wire.dial(f.ports[port_index])
    client.sendall(b"\x05\x01\x00")
    assert wire.read_n(client, 2) == b"\x05\x00"
    client.sendall(request)
    return client


def name5(name, port):
    return b"\x05\x01\x00\x03" + bytes([len(name)]) + name + struct.pack("!H", port)


def ip5(ip, port):
    return b"\x05\x01\x00\x01" + socket.inet_aton(ip) + struct.pack("!H", port)


def http(target):
    return b"CONNECT " + target + b" HTTP/1.1\r\nHost: " + target + b"\r\n\r\n"


@pytest.mark.parametrize("deny,hit", [
    ("127.0.0.1:22", True), ("127.0.0.1:*", True), ("*:22", True), ("*:*", True), ("target.example:22", "name"),
    ("127.0.0.1:23", False), ("127.0.0.2:22", False), ("other.example:*", False)])
def test_deny(fake, deny, hit):
    """SOCKS5 reply 2, HTTP 403, SOCKS4 CD 91, telnet "rejected"; and the target is not reached.  A rule with an
    address also holds for a name that leads to it."""
    f = fake("--deny", deny, "socks5", "http", "socks4", "telnet")
    with wire.listen(22) as listener:
        for name in (False, True):
            denied = hit is True or (hit == "name" and name)
            with ask5(f, 0, name5(b"target.example", 22) if name else ip5("127.0.0.1", 22)) as client:
                assert wire.socks5_reply(client)[:2] == (5, 2 if denied else 0), (deny, name)
                if denied:
                    assert wire.read_eof(client) == b""
            with wire.dial(f.ports[1]) as client:
                client.sendall(http(b"target.example:22" if name else b"127.0.0.1:22"))
                assert wire.http_head(client).status == (403 if denied else 200)
            with wire.dial(f.ports[2]) as client:
                client.sendall(b"\x04\x01\x00\x16" + (b"\0\0\0\1\0target.example\0" if name else b"\x7f\0\0\1\0"))
                assert wire.socks4_reply(client)[:2] == (0, 91 if denied else 90)
                if denied:
                    assert wire.read_eof(client) == b""
            with wire.dial(f.ports[3]) as client:
                client.sendall(b"telnet %s 22\r\n" % (b"target.example" if name else b"127.0.0.1"))
                if denied:
                    assert b"rejected" in wire.read_eof(client)
                else:
                    wire.read_until(client, b"onnected to ")
        if hit is True:
            assert wire.refused(listener)


def test_403_comes_after_authentication(fake):
    """Right credentials for a target that is not allowed: 403; without credentials the challenge comes first."""
    f = fake("--deny", "*:22", "http", env={"FAKEPROXY_USER": "user:pass"})
    with wire.dial(f.port) as client:
        client.sendall(http(b"127.0.0.1:22"))
        assert wire.http_head(client).status == 407
    with wire.dial(f.port) as client:
        client.sendall(http(b"127.0.0.1:22")[:-2] + b"Proxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n")
        assert wire.http_head(client).status == 403


def test_resolve(fake, lab):
    """A name with --resolve is not looked up; a second address serves when the first fails."""
    f = fake("--resolve", "inner.example=203.0.113.9", "--resolve", "inner.example=127.0.0.1", "--resolve", "v6.example=::1", "socks5", "http")
    lab.dns.forget()
    with wire.listen(22) as listener, wire.listen(22, "::1") as listener6:
        with ask5(f, 0, name5(b"inner.example", 22)) as client:
            assert wire.socks5_reply(client)[:2] == (5, 0)
            wire.accept(listener)[0].close()
        with wire.dial(f.ports[1]) as client:
            client.sendall(http(b"INNER.example:22"))
            assert wire.http_head(client).status == 200
            wire.accept(listener)[0].close()
        with ask5(f, 0, name5(b"v6.example", 22)) as client:
            reply = wire.socks5_reply(client)
            assert reply[:4] == (5, 0, 0, 4)
            wire.accept(listener6)[0].close()
    assert lab.dns.asked == []


def test_redirect(fake):
    with wire.listen() as one, wire.listen() as two:
        f = fake("--redirect", f"far.example:22=127.0.0.1:{wire.port_of(one)}", "--redirect", f"*:443=127.0.0.1:{wire.port_of(two)}", "socks5")
        for request, at in ((name5(b"far.example", 22), one), (name5(b"anything.invalid", 443), two), (ip5("192.0.2.9", 443), two)):
            with ask5(f, 0, request) as client:
                reply = wire.socks5_reply(client)
                assert reply[:2] == (5, 0)
                target, peer = wire.accept(at)
                target.close()
                assert reply[4:] == peer
        with ask5(f, 0, name5(b"anything.invalid", 22)) as client:
            assert wire.socks5_reply(client)[1] == 4


def test_dial_timeout(fake):
    """The target does not answer: within --dial-timeout, REP 6 (or 1), 504, CD 91."""
    listener = wire.listen(0, backlog=0)
    fill = []
    try:
        for _ in range(2):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(listener.getsockname())
            fill.append(s)
        f = fake("--dial-timeout", "1", "socks5", "http", "socks4", "telnet")
        port = wire.port_of(listener)
        clients = [ask5(f, 0, ip5("127.0.0.1", port)), *[wire.dial(f.ports[i]) for i in (1, 2, 3)]]
        clients[1].sendall(http(b"127.0.0.1:%d" % port))
        clients[2].sendall(struct.pack("!BBH", 4, 1, port) + b"\x7f\0\0\1\0")
        clients[3].sendall(b"telnet 127.0.0.1 %d\r\n" % port)
        assert wire.socks5_reply(clients[0])[:2] in ((5, 6), (5, 1))
        assert wire.http_head(clients[1]).status == 504
        assert wire.socks4_reply(clients[2])[:2] == (0, 91)
        assert b"failed" in wire.read_eof(clients[3])
        for c in clients:
            wire.read_eof(c)
            c.close()
    finally:
        for s in fill:
            s.close()
        listener.close()


def test_dial_timeout_includes_the_look_up(fake, lab):
    f = fake("--dial-timeout", "1", "socks5")
    with ask5(f, 0, name5(b"slow.example", 22)) as client:
        ver, rep, *_ = wire.socks5_reply(client)
        assert ver == 5 and rep in (1, 4, 6)
        assert wire.read_eof(client) == b""


def test_handshake_timeout(fake):
    """A client that says nothing, or half a message, is dropped in time: 408 for HTTP, a close for the others.
    The limit ends with the request: an open tunnel is not touched."""
    f = fake("--handshake-timeout", "1", "socks4", "socks5", "http", "telnet", "socks")
    with wire.listen() as listener:
        open_client = wire.dial(f.ports[1])
        tunnel.begin("socks5", open_client, "127.0.0.1", wire.port_of(listener))
        target, _ = wire.accept(listener)
        half = [b"\x04\x01", b"\x05\x02\x00", b"CONNECT 127.0.0.1:22 HTTP/1.1\r\n", b"telnet", b"\x05\x01\x00\x05\x01\x00"]
        clients = []
        for port, data in [*zip(f.ports, half), *zip(f.ports, [b""] * 5)]:
            clients.append(wire.dial(port))
            clients[-1].sendall(data)
        for i, client in enumerate(clients):
            got = wire.read_eof(client)
            if i == 2:
                assert wire.Head(got[:got.index(b"\r\n\r\n") + 4]).status == 408
            elif i == 4:
                assert got == b"\x05\x00"
            elif i != 7:
                assert b"\x00\x5a" not in got and got[:2] != b"\x05\x00"
            client.close()
        with open_client, target:
            open_client.sendall(b"still here")
            assert wire.read_n(target, 10) == b"still here"


def test_several_roles(fake):
    """One process, a port for each role, in the order of the command line; the same role may come twice."""
    with wire.listen() as listener:
        f = fake("--to", f"127.0.0.1:{wire.port_of(listener)}", "http", "socks5", "pass", "telnet", "socks4", "socks", "socks5")
        assert len(set(f.ports)) == 7
        for role, port in zip(f.roles, f.ports):
            client, target = tunnel.open_tunnel(role, f, listener, port)
            with client, target:
                client.sendall(role.encode())
                assert wire.read_n(target, len(role)) == role.encode()


def test_pass_to_a_dead_target(fake):
    """Nobody there: the client is told by the end of the connection, and the server lives."""
    f = fake("--to", f"127.0.0.1:{wire.free_port()}", "pass")
    for _ in range(3):
        with wire.dial(f.port) as client:
            got, _ = wire.read_end(client)
            assert got == b""


def test_pass_by_name_and_ipv6(fake):
    for to, host in (("target.example", "127.0.0.1"), ("[::1]", "::1")):
        with wire.listen(0, host) as listener:
            f = fake("--to", f"{to}:{wire.port_of(listener)}", "pass")
            client, target = tunnel.open_tunnel("pass", f, listener)
            with client, target:
                client.sendall(b"x")
                assert wire.read_n(target, 1) == b"x"


def test_listen_on_ipv6(fake):
    f = fake("-l", "[::1]:0", "socks5")
    assert f.listening[0].split()[1] == "::1"
    with wire.dial(f.port, "::1") as client:
        client.sendall(b"\x05\x01\x00")
        assert wire.read_n(client, 2) == b"\x05\x00"


def test_listen_on_a_given_port(fake):
    port, other = wire.free_port(), wire.free_port("127.0.0.2")
    f = fake("-l", f"127.0.0.1:{port}", "--listen", f"127.0.0.2:{other}", "socks5", "http")
    assert f.listening == [f"listening 127.0.0.1 {port}", f"listening 127.0.0.2 {other}"]
    with wire.dial(other, "127.0.0.2") as client:
        client.sendall(http(b"127.0.0.1:0"))
        assert wire.http_head(client).status == 400
