#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A relay between stdin/stdout and a SOCKS proxy, whose octets are all made and read by python3-socksio.

usage: socksio_client.py socks4|socks4a|socks5|socks5auth PROXYPORT HOST PORT"""
import os
import select
import socket
import sys

from socksio import socks4, socks5

USER, PASSWORD = b"alice", b"s3cret"


def read_message(sock, parse):
    """socksio has no framing: grow the message until it parses."""
    data = b""
    while True:
        part = sock.recv(1)
        if not part:
            raise SystemExit(f"socksio_client: end of stream after {data.hex(' ')}")
        data += part
        event = parse(data)
        if event is not None:
            return event


def handshake4(sock, how, host, port):
    conn = socks4.SOCKS4Connection(user_id=USER)
    kind = socks4.SOCKS4ARequest if how == "socks4a" else socks4.SOCKS4Request
    conn.send(kind.from_address(socks4.SOCKS4Command.CONNECT, (host, port)))
    sock.sendall(conn.data_to_send())
    reply = read_message(sock, lambda d: conn.receive_data(d) if len(d) == 8 else None)
    if reply.reply_code != socks4.SOCKS4ReplyCode.REQUEST_GRANTED:
        raise SystemExit(f"socksio_client: {reply}")


def handshake5(sock, how, host, port):
    conn = socks5.SOCKS5Connection()
    methods = [socks5.SOCKS5AuthMethod.USERNAME_PASSWORD if how == "socks5auth" else socks5.SOCKS5AuthMethod.NO_AUTH_REQUIRED]
    conn.send(socks5.SOCKS5AuthMethodsRequest(methods))
    sock.sendall(conn.data_to_send())
    read_message(sock, lambda d: conn.receive_data(d) if len(d) == 2 else None)
    if how == "socks5auth":
        conn.send(socks5.SOCKS5UsernamePasswordRequest(USER, PASSWORD))
        sock.sendall(conn.data_to_send())
        reply = read_message(sock, lambda d: conn.receive_data(d) if len(d) == 2 else None)
        if not reply.success:
            raise SystemExit("socksio_client: the password was refused")
    conn.send(socks5.SOCKS5CommandRequest.from_address(socks5.SOCKS5Command.CONNECT, (host, port)))
    sock.sendall(conn.data_to_send())

    def whole(d):
        need = {1: 10, 4: 22}.get(d[3]) if len(d) > 4 else None
        if len(d) > 4 and d[3] == 3:
            need = 7 + d[4]
        return conn.receive_data(d) if need == len(d) else None

    reply = read_message(sock, whole)
    if reply.reply_code != socks5.SOCKS5ReplyCode.SUCCEEDED:
        raise SystemExit(f"socksio_client: {reply}")


def main():
    how, proxy, host, port = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    sock = socket.create_connection(("127.0.0.1", proxy))
    (handshake4 if how.startswith("socks4") else handshake5)(sock, how, host, port)
    inputs = [sock, 0]
    while sock in inputs:
        for source in select.select(inputs, [], [])[0]:
            data = sock.recv(65536) if source is sock else os.read(0, 65536)
            if not data:
                inputs.remove(source)
                if source == 0:
                    sock.shutdown(socket.SHUT_WR)
            elif source is sock:
                view = memoryview(data)
                while view:
                    view = view[os.write(1, view):]
            else:
                sock.sendall(data)


main()
