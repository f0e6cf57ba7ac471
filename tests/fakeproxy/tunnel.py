# SPDX-License-Identifier: ISC
"""Open a tunnel through any role with the plainest request of its protocol."""
import socket
import struct

import wire


def begin(role, client, host, port):
    """Send the request and read the answer of success; the next octet is the target's."""
    if role in ("socks4",):
        client.sendall(struct.pack("!BBH", 4, 1, port) + socket.inet_aton(host) + b"\x00")
        got = wire.read_n(client, 8)
        assert got[:2] == b"\x00\x5a", got
    elif role in ("socks5", "socks"):
        client.sendall(b"\x05\x01\x00")
        assert wire.read_n(client, 2) == b"\x05\x00"
        client.sendall(b"\x05\x01\x00\x01" + socket.inet_aton(host) + struct.pack("!H", port))
        got = wire.read_n(client, 10)
        assert got[:4] == b"\x05\x00\x00\x01", got
    elif role == "http":
        at = b"%s:%d" % (host.encode(), port)
        client.sendall(b"CONNECT " + at + b" HTTP/1.1\r\nHost: " + at + b"\r\n\r\n")
        assert wire.http_head(client).status == 200
    elif role == "telnet":
        client.sendall(b"telnet %s %d\r\n" % (host.encode(), port))
        wire.read_until(client, b"onnected to ")
        wire.read_until(client, b"\r\n")
    else:
        assert role == "pass"


def open_tunnel(role, f, listener, port=None):
    """(client, target): both ends of a fresh tunnel."""
    client = wire.dial(port or f.port)
    try:
        begin(role, client, *listener.getsockname()[:2])
        target, _ = wire.accept(listener)
    except BaseException:
        client.close()
        raise
    return client, target
