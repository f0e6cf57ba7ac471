# SPDX-License-Identifier: ISC
"""A target that acts by itself, and one conversation with a proxy seen from both ends.

The target listens on the ports the requests of the tests name.  To each connection it sends BANNER, ends its direction,
and keeps what it is sent; so a conversation always ends by itself, unless the proxy holds it."""
import collections
import contextlib
import selectors
import socket
import threading
import time

import wire

BANNER = b"BANNER\n\x80\xff\r\n"
PORTS = (22, 23, 80, 5632, 45000)            # 5632 is 22 with its octets swapped

Reached = collections.namedtuple("Reached", "port peer payload")
Result = collections.namedtuple("Result", "got how reached seconds segments")


class Target:
    def __init__(self, banner=BANNER):
        self.banner, self.sel = banner, selectors.DefaultSelector()
        self.done, self.lock = [], threading.Condition()
        self.listeners = [wire.listen(p) for p in PORTS] + [wire.listen(22, "::1"), wire.listen(22, "2001:db8::1")]
        for sock in self.listeners:
            sock.setblocking(False)
            self.sel.register(sock, selectors.EVENT_READ, None)
        self.control, self.ours = socket.socketpair()
        self.sel.register(self.control, selectors.EVENT_READ, "control")
        self.live = 0
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            for key, _ in self.sel.select():
                sock = key.fileobj
                if key.data == "control":
                    word = sock.recv(1)
                    if word == b"q":
                        return
                    self.accept_all()
                    with self.lock:
                        self.settled = True
                        self.lock.notify_all()
                elif key.data is None:
                    self.accept_all()
                else:
                    self.read(sock, key.data)

    def accept_all(self):
        for listener in self.listeners:
            with contextlib.suppress(BlockingIOError):
                while True:
                    sock, peer = listener.accept()
                    sock.setblocking(False)
                    self.live += 1
                    with contextlib.suppress(OSError):
                        sock.sendall(self.banner)
                        sock.shutdown(socket.SHUT_WR)
                    self.sel.register(sock, selectors.EVENT_READ, [listener.getsockname()[1], peer, b""])

    def read(self, sock, data):
        try:
            part = sock.recv(65536)
        except ConnectionResetError:
            part = b""
        data[2] += part
        if not part:
            self.sel.unregister(sock)
            sock.close()
            with self.lock:
                self.live -= 1
                self.done.append(Reached(*data))
                self.lock.notify_all()

    def take(self):
        """What has reached the target since the last time; waits until every connection made so far has ended."""
        with self.lock:
            self.settled = False
            self.ours.sendall(b"s")
            assert self.lock.wait_for(lambda: self.settled and self.live == 0, wire.DEADLINE), \
                f"{self.live} connections to the target do not end"
            done, self.done = self.done, []
            return done

    def close(self):
        self.ours.sendall(b"q")
        self.thread.join(wire.DEADLINE)
        for sock in [*self.listeners, self.control, self.ours]:
            sock.close()
        self.sel.close()


def data_segments(sock):
    """tcpi_data_segs_in: how many segments with data have come."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return int.from_bytes(info[152:156], "little")


def ask(target, port, *pieces, patience=5.0, late=b"", mode="whole"):
    """Send the pieces (each read by the proxy before the next), read to the end, then send late and end.
    how: fin, rst, or open (nothing for `patience` seconds, although the connection is still there)."""
    start = time.monotonic()
    try:
        client = wire.dial(port)
    except ConnectionResetError:               # reset before connect() has come back
        return Result(b"", "rst", target.take(), time.monotonic() - start, 0)
    with client:
        for i, piece in enumerate(pieces):
            wire.send(client, piece, mode)
            if i + 1 < len(pieces):
                wire.drained(client)
        client.settimeout(patience)
        got, how = b"", None
        while how is None:
            try:
                part = client.recv(65536)
                got += part
                how = None if part else "fin"
            except ConnectionResetError:
                how = "rst"
            except (TimeoutError, socket.timeout):
                how = "open"
        seconds = time.monotonic() - start
        segments = data_segments(client)
        client.settimeout(wire.DEADLINE)
        with contextlib.suppress(OSError):
            client.sendall(late)
            client.shutdown(socket.SHUT_WR)
            if how == "open":
                got_more, _ = wire.read_end(client)
    return Result(got, how, target.take(), seconds, segments)


def tunnel_request(role, host=b"127.0.0.1", port=22):
    """The octets of one whole request, pipelined."""
    ip = socket.inet_aton(host.decode())
    at = b"%s:%d" % (host, port)
    return {
        "socks4": b"\x04\x01" + port.to_bytes(2, "big") + ip + b"\0",
        "socks5": b"\x05\x01\x00\x05\x01\x00\x01" + ip + port.to_bytes(2, "big"),
        "socks": b"\x05\x01\x00\x05\x01\x00\x01" + ip + port.to_bytes(2, "big"),
        "http": b"CONNECT " + at + b" HTTP/1.1\r\nHost: " + at + b"\r\n\r\n",
        "telnet": b"connect %s %d\r\n" % (host, port),
        "pass": b"",
    }[role]
