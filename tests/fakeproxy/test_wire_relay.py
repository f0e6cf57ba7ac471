# SPDX-License-Identifier: ISC
"""The tunnel, the same for every role: octets unchanged, each direction by itself, resets passed on, memory bounded."""
import hashlib
import os
import random
import selectors
import socket
import threading

import pytest
import tunnel
import wire

ROLES = ("socks4", "socks5", "socks", "http", "telnet", "pass")


def start(shared, role, listener_port):
    return shared("--to", f"127.0.0.1:{listener_port}", "pass") if role == "pass" else shared(role)


@pytest.fixture(scope="module")
def listener():
    with wire.listen() as sock:
        yield sock


@pytest.fixture
def pair(shared, listener, request):
    role = request.param
    f = start(shared, role, wire.port_of(listener))
    client, target = tunnel.open_tunnel(role, f, listener)
    with client, target:
        yield f, client, target


every_role = pytest.mark.parametrize("pair", ROLES, indirect=True)


@every_role
def test_all_octets(pair):
    """00..FF in every neighbourhood, CR NUL and IAC included, unchanged both ways."""
    _, client, target = pair
    data = bytes(range(256)) + bytes(reversed(range(256))) + b"\r\x00\r\n\xff\xff\xff\xf0\xff\xfb\x01\x00"
    client.sendall(data)
    assert wire.read_n(target, len(data)) == data
    target.sendall(data)
    assert wire.read_n(client, len(data)) == data


@every_role
def test_single_octets(pair):
    """Nothing is held back: a single octet comes through before the next is sent."""
    _, client, target = pair
    for i in range(50):
        client.sendall(bytes([i]))
        assert wire.read_n(target, 1) == bytes([i])
        target.sendall(bytes([255 - i]))
        assert wire.read_n(client, 1) == bytes([255 - i])


@every_role
def test_client_ends_first(pair):
    _, client, target = pair
    client.sendall(b"question")
    client.shutdown(socket.SHUT_WR)
    assert wire.read_eof(target) == b"question"
    target.sendall(b"late answer")
    assert wire.read_n(client, 11) == b"late answer"
    target.close()
    assert wire.read_eof(client) == b""


@every_role
def test_target_ends_first(pair):
    _, client, target = pair
    target.sendall(b"banner")
    target.shutdown(socket.SHUT_WR)
    assert wire.read_eof(client) == b"banner"
    client.sendall(b"late question")
    assert wire.read_n(target, 13) == b"late question"
    client.close()
    assert wire.read_eof(target) == b""


@every_role
def test_target_resets(pair):
    """A reset of the target ends the client's side at once (as a reset or as an end)."""
    _, client, target = pair
    client.sendall(b"x")
    wire.read_n(target, 1)
    wire.reset(target)
    got, how = wire.read_end(client)
    assert got == b"" and how in ("fin", "rst")


@every_role
def test_client_resets(pair):
    _, client, target = pair
    target.sendall(b"x")
    wire.read_n(client, 1)
    wire.reset(client)
    got, how = wire.read_end(target)
    assert got == b"" and how in ("fin", "rst")


@every_role
def test_outstanding_data_is_delivered(pair):
    """4 MiB, then close at once: all of it arrives, although the reader starts late."""
    _, client, target = pair
    data = random.Random(1).randbytes(4 << 20)
    sender = threading.Thread(target=lambda: (target.sendall(data), target.close()))
    sender.start()
    assert hashlib.sha256(wire.read_n(client, len(data))).digest() == hashlib.sha256(data).digest()
    assert wire.read_eof(client) == b""
    sender.join(wire.DEADLINE)
    assert not sender.is_alive()


@every_role
def test_16_mib_both_ways_at_once(pair):
    _, client, target = pair
    up, down = random.Random(2).randbytes(16 << 20), random.Random(3).randbytes(16 << 20)
    got = {}
    other = threading.Thread(target=lambda: got.update(target=wire.pump(target, down)))
    other.start()
    got["client"] = wire.pump(client, up)
    other.join(60)
    assert got["client"] == down and got["target"] == up


@every_role
def test_a_reader_that_stops(pair):
    """Back-pressure: the sender is stopped; the server's memory does not grow by what it cannot pass on."""
    f, client, target = pair

    def rss():
        with open(f"/proc/{f.pid}/status") as s:
            return next(int(line.split()[1]) for line in s if line.startswith("VmRSS"))

    before = rss()
    client.setblocking(False)
    sent, block = 0, b"z" * 65536
    stalled = 0
    while stalled < 3 and sent < 256 << 20:
        try:
            sent += client.send(block)
            stalled = 0
        except BlockingIOError:
            wire_idle(client)
            stalled += 1
    assert sent < 64 << 20, "256 MiB were taken for a reader that does not read"
    assert rss() - before < 8 << 10, "kB more for one stopped reader"
    client.settimeout(wire.DEADLINE)
    finish = threading.Thread(target=lambda: client.shutdown(socket.SHUT_WR))
    finish.start()
    assert len(wire.read_eof(target)) == sent
    finish.join()


def wire_idle(sock):
    """Wait for room to send, for a bounded time."""
    with selectors.DefaultSelector() as sel:
        sel.register(sock, selectors.EVENT_WRITE)
        sel.select(0.2)


@pytest.mark.parametrize("role", ROLES)
def test_100_tunnels_do_not_mix(shared, listener, role):
    f = start(shared, role, wire.port_of(listener))
    pairs = [tunnel.open_tunnel(role, f, listener) for _ in range(100)]
    data = [os.urandom(3000) for _ in pairs]
    for (client, _), d in zip(pairs, data):
        client.sendall(d)
    for (_, target), d in zip(reversed(pairs), reversed(data)):
        got = wire.read_n(target, len(d))
        assert got == d
        target.sendall(got[::-1])
        target.close()
    for (client, _), d in zip(pairs, data):
        assert wire.read_eof(client) == d[::-1]
        client.close()


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_kept(fake, listener, role):
    """After tunnels that ended in every way the server holds the descriptors it held before."""
    args = ("--to", f"127.0.0.1:{wire.port_of(listener)}", "pass") if role == "pass" else (role,)
    f = fake(*args)
    client, target = tunnel.open_tunnel(role, f, listener)       # whatever is made on first use, is made now
    client.close()
    wire.read_eof(target)
    target.close()
    wire.until(lambda: not [t for t in wire.fds(f.pid).values() if t.startswith("socket:")][len(f.ports) + 2:],
               what="the first tunnel's descriptors are closed")
    before = len(wire.fds(f.pid))
    for i in range(30):
        client, target = tunnel.open_tunnel(role, f, listener)
        if i % 5 == 0:
            wire.reset(client)
            wire.read_end(target)
            target.close()
        elif i % 5 == 1:
            wire.reset(target)
            wire.read_end(client)
            client.close()
        elif i % 5 == 2:
            client.shutdown(socket.SHUT_WR)
            wire.read_eof(target)
            target.close()
            wire.read_eof(client)
            client.close()
        elif i % 5 == 3:
            target.close()
            wire.read_eof(client)
            client.close()
        else:
            client.close()
            target.close()
    for _ in range(10):                                          # and clients that leave in the middle
        client = wire.dial(f.port)
        if role != "pass":
            client.sendall({"socks4": b"\x04\x01", "socks5": b"\x05", "socks": b"\x05\x01", "http": b"CONN",
                            "telnet": b"tel"}[role])
        client.close()
        if role == "pass":
            wire.accept(listener)[0].close()
    wire.until(lambda: len(wire.fds(f.pid)) <= before, what=f"back to {before} descriptors")
