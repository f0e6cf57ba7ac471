# SPDX-License-Identifier: ISC
"""Raw sockets for the tests: exact reads, segments the other side really read one by one, FIN told from RST."""
import contextlib
import os
import selectors
import socket
import struct
import time

DEADLINE = 10


class Reset(AssertionError):
    """The peer sent RST where the specification wants a FIN (or nothing)."""


def dial(port, host="127.0.0.1", source=None):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(DEADLINE)
    if source:
        sock.bind((source, 0))
    sock.connect((host, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def listen(port=0, host="127.0.0.1", backlog=64):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((host, port))
    sock.listen(backlog)
    sock.settimeout(DEADLINE)
    return sock


def accept(listener):
    sock, peer = listener.accept()
    sock.settimeout(DEADLINE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock, peer


def port_of(sock):
    return sock.getsockname()[1]


def free_port(host="127.0.0.1"):
    """A port nobody listens on."""
    with listen(0, host) as sock:
        return port_of(sock)


def refused(listener):
    """Nobody was let through to this listener."""
    listener.setblocking(False)
    try:
        sock, _ = listener.accept()
    except BlockingIOError:
        return True
    finally:
        listener.settimeout(DEADLINE)
    sock.close()
    return False


def recv(sock, n=65536):
    try:
        return sock.recv(n)
    except ConnectionResetError:
        raise Reset("connection reset by the peer") from None
    except (TimeoutError, socket.timeout):
        raise AssertionError(f"nothing arrived within {sock.gettimeout()} s") from None


def read_n(sock, n):
    got = b""
    while len(got) < n:
        try:
            part = recv(sock, n - len(got))
        except AssertionError as e:
            raise type(e)(f"{e}; wanted {n} octets, got {len(got)}: {got.hex(' ')} {got!r}") from None
        if not part:
            raise AssertionError(f"end of stream; wanted {n} octets, got {len(got)}: {got.hex(' ')} {got!r}")
        got += part
    return got


def read_until(sock, mark, limit=1 << 20):
    """Octet by octet up to and including mark: nothing behind it is taken."""
    got = b""
    while not got.endswith(mark):
        try:
            part = recv(sock, 1)
        except AssertionError as e:
            raise type(e)(f"{e}; wanted {mark!r}, got {got!r}") from None
        assert part, f"end of stream before {mark!r}: {got!r}"
        got += part
        assert len(got) < limit, f"no {mark!r} in {limit} octets"
    return got


def read_eof(sock):
    """Everything up to the peer's FIN; a reset is a failure."""
    got = b""
    while True:
        try:
            part = recv(sock)
        except AssertionError as e:
            raise type(e)(f"{e}; up to there: {got[:200].hex(' ')} {got[:200]!r}") from None
        if not part:
            return got
        got += part


def read_end(sock):
    """Everything up to the end, and how it ended: 'fin' or 'rst'."""
    got = b""
    while True:
        try:
            part = recv(sock)
        except Reset:
            return got, "rst"
        if not part:
            return got, "fin"
        got += part


def silent(sock):
    """Nothing has arrived so far (the caller has awaited an event that shows the peer has been busy)."""
    sock.setblocking(False)
    try:
        got = sock.recv(65536, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    finally:
        sock.settimeout(DEADLINE)
    raise AssertionError(f"not silent: {got!r}")


_diag = None


def _answer(question):
    global _diag
    if _diag is None:
        _diag = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 4)     # NETLINK_SOCK_DIAG
        _diag.settimeout(DEADLINE)
    _diag.send(struct.pack("=IHHII", 16 + len(question), 20, 1, 0, 0) + question)   # SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST
    return _diag.recv(8192)


def _at_server(sock):
    """(received, unread) octets at the other process's end, from the kernel (sock_diag(7), one exact question);
    None when that end is gone."""
    try:
        local, remote = sock.getsockname(), sock.getpeername()
    except OSError:                                          # reset in the meantime
        return None
    # struct inet_diag_req_v2 about the server's end: its local address is our remote one; with struct tcp_info
    question = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 2, 0, 0xFFFFFFFF)
    question += struct.pack("!HH", remote[1], local[1])
    question += socket.inet_aton(remote[0]) + bytes(12) + socket.inet_aton(local[0]) + bytes(12)
    question += struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
    answer = _answer(question)
    if struct.unpack_from("=H", answer, 4)[0] == 2:          # NLMSG_ERROR: no such socket any more
        return None
    if answer[17] in (6, 7, 10):                             # TIME_WAIT, CLOSE, LISTEN: nobody will read there
        return None
    unread, at, received = struct.unpack_from("=I", answer, 16 + 4 + 48 + 4)[0], 16 + 72, 0
    while at + 4 <= len(answer):
        length, kind = struct.unpack_from("=HH", answer, at)
        if kind == 2:                                        # INET_DIAG_INFO
            received = struct.unpack_from("=Q", answer, at + 4 + 128)[0]
        at += (length + 3) & ~3
    return received, unread


def _sent(sock):
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return struct.unpack_from("=Q", info, 200)[0] - struct.unpack_from("=Q", info, 208)[0]   # tcpi_bytes_sent, _retrans


def drained(sock, deadline=DEADLINE):
    """Wait until the other process has read all we sent.  That makes every send a read of its own on the other side."""
    end, sent = time.monotonic() + deadline, _sent(sock)
    while True:
        there = _at_server(sock)
        if there is None or (there[0] >= sent and there[1] == 0):
            return
        assert time.monotonic() < end, f"of {sent} octets {there[0]} arrived and {there[1]} stay unread by the server"
        time.sleep(0.0001)


def segments(data, mode):
    """whole | bytes | an integer: cut there."""
    if mode == "whole":
        return [data]
    if mode == "bytes":
        return [data[i:i + 1] for i in range(len(data))]
    return [data[:mode], data[mode:]]


def send(sock, data, mode="whole"):
    """Send in the given cuts; a server that has already refused may close in the middle: that is no error."""
    parts = segments(data, mode)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for i, part in enumerate(parts):
            sock.sendall(part)
            if i + 1 < len(parts):
                drained(sock)


def reset(sock):
    """Close with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def pump(sock, data):
    """Send data while reading to the end: both directions at once, nobody blocks.  Returns what came."""
    sock.setblocking(False)
    got, at, ended, end = bytearray(), 0, False, time.monotonic() + 60
    with selectors.DefaultSelector() as sel:
        sel.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while not (ended and at == len(data)):
            assert time.monotonic() < end, f"stalled at {at} sent, {len(got)} received"
            for _, ready in sel.select(DEADLINE):
                if ready & selectors.EVENT_READ and not ended:
                    part = sock.recv(1 << 18)
                    got += part
                    ended = not part                     # the other direction may still be on its way
                if ready & selectors.EVENT_WRITE and at < len(data):
                    at += sock.send(data[at:at + (1 << 18)])
                    if at == len(data):
                        sock.shutdown(socket.SHUT_WR)
                want = (0 if ended else selectors.EVENT_READ) | (selectors.EVENT_WRITE if at < len(data) else 0)
                if want:
                    sel.modify(sock, want)
    return bytes(got)


def fds(pid):
    """What the process holds open: number and target."""
    held = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):         # closed since it was listed
            held[fd] = os.readlink(f"/proc/{pid}/fd/{fd}")
    return held


def until(test, deadline=DEADLINE, what="the condition"):
    """Poll test() until it is true; returns its value."""
    end = time.monotonic() + deadline
    while True:
        value = test()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come true within {deadline} s"
        time.sleep(0.002)


# The replies, taken apart by the layouts of the specifications.

def socks4_reply(sock):
    """| VN | CD | DSTPORT | DSTIP |  eight octets (SOCKS4, CONNECT)"""
    vn, cd, port, ip = struct.unpack("!BBH4s", read_n(sock, 8))
    return vn, cd, socket.inet_ntoa(ip), port


def socks5_reply(sock):
    """| VER | REP | RSV | ATYP | BND.ADDR | BND.PORT |  (RFC 1928, 6)"""
    head = read_n(sock, 4)
    ver, rep, rsv, atyp = head
    if atyp == 1:
        addr = socket.inet_ntop(socket.AF_INET, read_n(sock, 4))
    elif atyp == 4:
        addr = socket.inet_ntop(socket.AF_INET6, read_n(sock, 16))
    elif atyp == 3:
        addr = read_n(sock, read_n(sock, 1)[0])
    else:
        raise AssertionError(f"ATYP {atyp} in a reply: {head.hex(' ')}")
    port = struct.unpack("!H", read_n(sock, 2))[0]
    return ver, rep, rsv, atyp, addr, port


class Head:
    """An HTTP response head (RFC 9112, 4 and 5), with its fields in order."""

    def __init__(self, raw):
        self.raw = raw
        assert raw.endswith(b"\r\n\r\n"), raw
        lines = raw[:-4].split(b"\r\n")
        start = lines[0]
        assert start[:5] == b"HTTP/" and start[5:6].isdigit() and start[6:7] == b"." and start[7:8].isdigit(), start
        assert start[8:9] == b" " and start[9:12].isdigit() and start[12:13] == b" ", start   # 3DIGIT, second SP
        self.version, self.status, self.reason = start[:8], int(start[9:12]), start[13:]
        self.fields = []
        for line in lines[1:]:
            name, colon, value = line.partition(b":")
            assert colon and name and not name[0:1].isspace() and name == name.rstrip(), line
            self.fields.append((name.lower(), value.strip(b" \t")))

    def all(self, name):
        return [v for n, v in self.fields if n == name.lower()]

    def one(self, name):
        got = self.all(name)
        assert len(got) == 1, f"{name!r} occurs {len(got)} times in {self.raw!r}"
        return got[0]


def http_head(sock):
    return Head(read_until(sock, b"\r\n\r\n"))


def http_body(sock, head):
    """A body by its Content-Length, or to the end of the connection (RFC 9112, 6.3)."""
    assert not head.all(b"Transfer-Encoding"), "chunked bodies are not expected here"
    if head.all(b"Content-Length"):
        return read_n(sock, int(head.one(b"Content-Length")))
    return read_eof(sock)
