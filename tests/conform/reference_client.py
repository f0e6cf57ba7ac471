#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A client that has what connect has not, so that those traces are played: it answers a gateway's login, it has the
TELNET method of PuTTY, and it takes a user's name as it stands in a URL, where every octet can stand.
REFERENCE_WRONG is one error, to see that the traces notice it: talks, waits, crlf, cuts.

usage: reference_client.py login|putty|socks4 PROXY_HOST PROXY_PORT HOST PORT [USER [PASSWORD]]"""
import os
import re
import socket
import struct
import sys
import threading
import urllib.parse


WRONG = os.environ.get("REFERENCE_WRONG")


class Failed(Exception):
    pass


def read_until(c, pattern):
    """Up to the prompt; what follows it is left alone."""
    got = b""
    while not re.search(pattern, got):
        octet = c.recv(1)
        if not octet:
            raise Failed(f"the proxy ended at {got!r}")
        got += octet
        if WRONG == "talks":
            os.write(1, octet)
    return got


def login(c, host, port, user, password):
    """The dialogue of the FWTK gateway: what it prints meanwhile is not payload."""
    read_until(c, rb"Username: $")
    c.sendall(user.encode() + b"\r\n")
    read_until(c, rb"Password: $")
    c.sendall(password.encode() + b"\r\n")
    read_until(c, rb"tn-gw-> $")
    c.sendall(f"telnet {host} {port}\r\n".encode())
    read_until(c, rb"Connected to [^\n]*\r\n$")


def putty(c, host, port):
    if WRONG == "waits":
        c.recv(1, socket.MSG_PEEK)
    c.sendall(f"connect {host} {port}{chr(13) if WRONG == 'crlf' else ''}\n".encode())


def socks4(c, host, port, user):
    c.sendall(struct.pack(">BBH4s", 4, 1, int(port), socket.inet_aton(host)) + user + b"\0")
    reply = b""
    while len(reply) < 8:
        more = c.recv(8 - len(reply))
        if not more:
            raise Failed("the proxy ended in its reply")
        reply += more
    if reply[:2] != b"\0\x5a":
        raise Failed(f"refused: code {reply[1]}")


def pump(c):
    def up():
        while octets := os.read(0, 65536):
            c.sendall(octets)
        c.shutdown(socket.SHUT_WR)
    threading.Thread(target=up, daemon=True).start()
    while octets := c.recv(65536):
        os.write(1, octets)


def main(how, proxy, proxy_port, host, port, *credentials):
    if how == "socks4":
        credentials = [urllib.parse.unquote_to_bytes(c) for c in credentials] or [b""]
        if WRONG == "cuts":
            credentials[0] = credentials[0].partition(b"\0")[0]
        if b"\0" in credentials[0]:
            raise Failed("a NUL would end the user's name")
    with socket.create_connection((proxy, int(proxy_port))) as c:
        {"login": login, "putty": putty, "socks4": socks4}[how](c, host, port, *credentials)
        pump(c)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (Failed, OSError) as e:
        sys.exit(f"reference_client: {e}")
