#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A proxy that has what fakeproxy has not, so that those traces are played: BIND, one port for SOCKS and HTTP, SOCKS4
without the extension for names.  Written from the specifications; it shares nothing with the programs.

usage: reference_server.py [--limit SEC] [--no-socks4a] [--wrong ERROR]      prints "listening HOST PORT"
--limit: how long BIND waits.  --wrong: one error, to see that the traces notice it."""
import argparse
import contextlib
import errno
import ipaddress
import random
import re
import select
import socket
import struct
import threading


WRONG = {                       # and what is unusual
    "port": "the first reply announces port 0",
    "deaf": "nobody listens where the first reply says",
    "early": "the second reply is sent with the first",
    "one": "there is no second reply",
    "third": "there is a third reply",
    "stranger": "whoever connects is let in",
    "stays": "the listener outlives the client",
    "ip6": "no error: BIND listens on the other address of this host",
    "never": "BIND waits for ever, and for its client, too",
}


class Refused(Exception):
    """Nothing is served; what was to be said has been said."""


def listener(here, family):
    """Not on a port of the kernel's choice: it would give that one to somebody else as soon as it is free again, and
    who asks then whether anybody still listens there is told that somebody does."""
    while True:
        try:
            return socket.create_server((here, random.randint(20000, 32000)), family=family)
        except OSError as e:
            if e.errno != errno.EADDRINUSE:
                raise


def exactly(c, n):
    got = b""
    while len(got) < n:
        more = c.recv(n - len(got))
        if not more:
            raise Refused
        got += more
    return got


def until(c, mark):
    got = b""
    while not got.endswith(mark):
        got += exactly(c, 1)
    return got[:-len(mark)]


def relay(a, b):
    """Until both have ended; the end of one is passed on."""
    to = {a: b, b: a}
    while to:
        for s in select.select(list(to), [], [])[0]:
            octets = s.recv(65536)
            if octets:
                to[s].sendall(octets)
            else:
                with contextlib.suppress(OSError):
                    to[s].shutdown(socket.SHUT_WR)
                del to[s]


class Speaks:
    """The words of one protocol: reply(code, address) sends; codes for what may happen."""

    def __init__(self, c, options):
        self.c, self.options = c, options

    def connect(self, host, port):
        try:
            t = socket.create_connection((host, port), 10)
        except OSError:
            self.reply(self.FAILED, ("0.0.0.0", 0))
            raise Refused from None
        with t:
            t.settimeout(None)
            self.reply(self.GRANTED, t.getsockname())
            relay(self.c, t)

    def bind(self, host):
        """Two replies: where it listens, and who came.  Only the host that was named may."""
        wrong = self.options.wrong
        wanted = {a[4][0] for a in socket.getaddrinfo(host, None, socket.AF_INET)}
        family, here = (socket.AF_INET6, "::1") if wrong == "ip6" else (socket.AF_INET, "127.0.0.1")
        wanted |= {here} & {"::1"}
        with listener(here, family) as s:
            at = s.getsockname()
            if wrong == "deaf":
                s.close()
            self.reply(self.GRANTED, (at[0], 0) if wrong == "port" else at)
            if wrong == "early":
                self.reply(self.GRANTED, at)
            limit = None if wrong == "never" else self.options.limit
            ready = select.select([s] * (wrong != "deaf") + [self.c] * (wrong not in ("never", "stays")), [], [], limit)[0]
            if s not in ready:
                raise Refused           # nobody came in time, or the client has gone
            t, peer = s.accept()
        with t:
            if peer[0] not in wanted and wrong != "stranger":
                self.reply(self.STRANGER, ("0.0.0.0", 0))
                raise Refused
            for _ in range({"one": 0, "early": 0, "third": 2}.get(wrong, 1)):
                self.reply(self.GRANTED, peer)
            relay(self.c, t)

    def serve(self, command, host, port):
        if command == 1:
            self.connect(host, port)
        elif command == 2:
            self.bind(host)
        else:
            self.reply(self.FAILED, ("0.0.0.0", 0))


class Socks4(Speaks):
    """SOCKS4 sections 1 and 2; SOCKS4A."""
    GRANTED, FAILED, STRANGER = 90, 91, 91

    def reply(self, code, at):
        self.c.sendall(struct.pack(">BBH4s", 0, code, at[1], socket.inet_aton(at[0])))

    def request(self):
        command, port, ip = struct.unpack(">BH4s", exactly(self.c, 7))
        until(self.c, b"\0")
        host = socket.inet_ntoa(ip)
        if ip[:3] == b"\0\0\0" and ip[3] and not self.options.no_socks4a:
            host = until(self.c, b"\0").decode("latin-1")
        self.serve(command, host, port)


class Socks5(Speaks):
    """RFC 1928 without authentication."""
    GRANTED, FAILED, STRANGER = 0, 5, 2

    def reply(self, code, at):
        ip = ipaddress.ip_address(at[0])
        self.c.sendall(bytes([5, code, 0, 1 if ip.version == 4 else 4]) + ip.packed + struct.pack(">H", at[1]))

    def request(self):
        if 0 not in exactly(self.c, exactly(self.c, 1)[0]):
            self.c.sendall(b"\5\xff")
            raise Refused
        self.c.sendall(b"\5\0")
        version, command, _, kind = exactly(self.c, 4)
        if version != 5:
            raise Refused
        if kind == 3:
            host = exactly(self.c, exactly(self.c, 1)[0]).decode("latin-1")
        else:
            host = str(ipaddress.ip_address(exactly(self.c, 4 if kind == 1 else 16)))
        self.serve(command, host, struct.unpack(">H", exactly(self.c, 2))[0])


class Http(Speaks):
    """RFC 9110 section 9.3.6; the first octet has been read."""
    GRANTED, FAILED = "200 Connection established", "502 Bad Gateway"

    def reply(self, code, at):
        self.c.sendall(f"HTTP/1.1 {code}\r\n\r\n".encode())

    def request(self):
        m = re.match(rb"ONNECT (\[?)([^ \]]+)\]?:(\d+) HTTP/1\.[01]\r\n", until(self.c, b"\r\n\r\n") + b"\r\n")
        if m is None:
            self.reply("400 Bad Request", None)
            raise Refused
        self.connect(m[2].decode(), int(m[3]))


def serve(c, options):
    with c, contextlib.suppress(Refused, OSError):
        first = exactly(c, 1)
        {b"\4": Socks4, b"\5": Socks5}.get(first, Http)(c, options).request()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--limit", type=float, default=60)
    p.add_argument("--no-socks4a", action="store_true")
    p.add_argument("--wrong", choices=WRONG)
    options = p.parse_args()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as s:
        print("listening", *s.getsockname(), flush=True)
        while True:
            threading.Thread(target=serve, args=(s.accept()[0], options), daemon=True).start()


if __name__ == "__main__":
    main()
