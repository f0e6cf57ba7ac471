# SPDX-License-Identifier: ISC
"""Scripted servers for the tests of connect.

A FakeServer listens on a loopback port given by the kernel and runs a script, a function of one Conn,
for each connection in a thread of its own.  Everything that arrives or leaves is kept in Conn.log, in
order.  Nothing here sleeps for a fixed time: scripts wait for bytes, for the end of the stream or for
the other side to have read what was sent (Conn.drained), always with an upper bound after which the
test fails.
"""
import socket
import struct
import threading
import time

LIMIT = 60.0            # no single wait of a script may be longer


class ScriptError(AssertionError):
    pass


class Conn:
    """One accepted connection, as seen by a script."""

    def __init__(self, sock, number):
        self.sock = sock
        self.number = number        # 1 for the first connection of a server
        self.log = []               # ("C", bytes) from connect, ("S", bytes) to it, ("E", word) ends
        self.buf = b""
        self.got = b""              # all bytes from connect
        self.ended = None           # "EOF" or "RST" once seen
        sock.settimeout(LIMIT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer = sock.getpeername()
        self.name = sock.getsockname()

    # -- reading
    def _fill(self):
        if self.ended:
            return False
        try:
            b = self.sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            self.ended = "RST"
            self.log.append(("E", "RST"))
            return False
        except socket.timeout:
            raise ScriptError("connection %d: nothing from connect for %g s; so far %r"
                              % (self.number, LIMIT, self.log[-6:]))
        if not b:
            self.ended = "EOF"
            self.log.append(("E", "EOF"))
            return False
        self.log.append(("C", b))
        self.got += b
        self.buf += b
        return True

    def read(self, n):
        """Exactly n octets."""
        while len(self.buf) < n:
            if not self._fill():
                raise ScriptError("connection %d: %s after %r, %d octets awaited"
                                  % (self.number, self.ended, self.got, n))
        b, self.buf = self.buf[:n], self.buf[n:]
        return b

    def message(self):
        """What one recv() gives: used to see that a message is written at once."""
        if not self.buf and not self._fill():
            raise ScriptError("connection %d: %s instead of a message" % (self.number, self.ended))
        b, self.buf = self.buf, b""
        return b

    def until(self, mark):
        while mark not in self.buf:
            if not self._fill():
                raise ScriptError("connection %d: %s before %r; got %r"
                                  % (self.number, self.ended, mark, self.got))
        i = self.buf.index(mark) + len(mark)
        b, self.buf = self.buf[:i], self.buf[i:]
        return b

    def head(self):
        return self.until(b"\r\n\r\n")

    def rest(self):
        """All that comes until the end of the stream."""
        while self._fill():
            pass
        b, self.buf = self.buf, b""
        return b

    def segments(self):
        """Number of segments with data that arrived so far (TCP_INFO, tcpi_data_segs_in)."""
        info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        return struct.unpack_from("=I", info, 152)[0]

    # -- writing
    def send(self, data):
        self.log.append(("S", data))
        try:
            self.sock.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            self.ended = self.ended or "RST"

    def send_slowly(self, data):
        """One octet at a time; each one is awaited until connect has read it (or is gone)."""
        for i in range(len(data)):
            self.send(data[i:i + 1])
            if not self.drained(2.0):
                return

    def drained(self, limit=LIMIT):
        """Wait until the other side has read all that was sent; False if it is gone or does not."""
        end = time.monotonic() + limit
        me, it = _hexaddr(self.name), _hexaddr(self.peer)
        table = "/proc/net/tcp6" if ":" in self.name[0] else "/proc/net/tcp"
        while time.monotonic() < end:
            state = None
            with open(table) as f:
                for line in f:
                    w = line.split()
                    if w[1] == it and w[2] == me:
                        state = w
                        break
            if state is None:
                return False
            if state[4].split(":")[1] == "00000000" and not self._unsent():
                return True
            time.sleep(0.0003)
        return False

    def _unsent(self):
        import fcntl
        import termios
        b = fcntl.ioctl(self.sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        return struct.unpack("=i", b)[0]

    # -- endings
    def close(self):
        self.log.append(("E", "close"))
        self.sock.close()

    def reset(self):
        self.log.append(("E", "reset"))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("=ii", 1, 0))
        self.sock.close()

    def half_close(self):
        self.log.append(("E", "half-close"))
        self.sock.shutdown(socket.SHUT_WR)


def _hexaddr(a):
    raw = socket.inet_pton(socket.AF_INET6 if ":" in a[0] else socket.AF_INET, a[0])
    words = [raw[i:i + 4][::-1] for i in range(0, len(raw), 4)]
    return "%s:%04X" % (b"".join(words).hex().upper(), a[1])


class FakeServer:
    """with FakeServer(script) as px: ...; leaving the block raises what the scripts raised."""

    def __init__(self, script, host="127.0.0.1", strict=True, backlog=64, port=0):
        self.script = script
        self.strict = strict
        self.conns = []
        self.errors = []
        self.threads = []
        self.cond = threading.Condition()
        fam = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.lsock = socket.socket(fam, socket.SOCK_STREAM)
        self.lsock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.lsock.bind((host, port))
        self.lsock.listen(backlog)
        self.host, self.port = self.lsock.getsockname()[:2]
        self.spec = "[%s]:%d" % (host, self.port) if ":" in host else "%s:%d" % (host, self.port)
        self.closing = False
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                s, _ = self.lsock.accept()
            except OSError:
                return
            if self.closing:
                s.close()
                return
            with self.cond:
                try:
                    c = Conn(s, len(self.conns) + 1)
                except OSError:             # gone already
                    continue
                self.conns.append(c)
                t = threading.Thread(target=self._run, args=(c,), daemon=True)
                t.start()
                self.threads.append(t)
                self.cond.notify_all()

    def _run(self, c):
        try:
            self.script(c)
        except Exception as e:
            self.errors.append(e)
        finally:
            c.sock.close()
            with self.cond:
                self.cond.notify_all()

    def wait(self, n, limit=LIMIT):
        """Wait for the n-th connection."""
        with self.cond:
            if not self.cond.wait_for(lambda: len(self.conns) >= n, limit):
                raise ScriptError("%d connections awaited, %d came" % (n, len(self.conns)))
            return self.conns[n - 1]

    def join(self, limit=LIMIT):
        for t in list(self.threads):
            t.join(limit)
            if t.is_alive():
                raise ScriptError("a server script did not end")

    def stop(self):
        self.closing = True
        try:
            self.lsock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.lsock.close()
        self.thread.join(LIMIT)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, tb):
        try:
            if kind is None:
                self.join()
        finally:
            self.stop()
            if kind is not None:
                for c in self.conns:
                    c.sock.close()
        if self.strict and self.errors:
            if kind is None:
                raise self.errors[0]
            raise AssertionError("the server's script failed too: %s" % self.errors[0]) from value

    @property
    def got(self):
        """The bytes of each connection."""
        return [c.got for c in self.conns]


# -- the proxies' sides, typed from the specifications

HELLO = b"hello from server\n"
BYE = b"hello from client\n"

S5_REPLY = bytes.fromhex("05000001 7f000001 1234")
S4_GRANT = bytes.fromhex("005a0000 00000000")
OK_HEAD = b"HTTP/1.1 200 Connection established\r\n\r\n"


def s5_request(c):
    """Read one SOCKS5 request whole (RFC 1928 section 4)."""
    h = c.read(4)
    if h[3] == 1:
        return h + c.read(6)
    if h[3] == 4:
        return h + c.read(18)
    n = c.read(1)
    return h + n + c.read(n[0] + 2)


def s5_greeting(c):
    h = c.read(2)
    return h + c.read(h[1])


def s5_userpass(c):
    """Read one RFC 1929 message whole."""
    a = c.read(2)
    u = c.read(a[1])
    n = c.read(1)
    return a + u + n + c.read(n[0])


def s4_request(c):
    h = c.read(8)
    h += c.until(b"\0")
    if h[4:7] == b"\0\0\0" and h[7]:
        h += c.until(b"\0")
    return h


def session(c, data=HELLO):
    """The application behind the tunnel: sends data, reads to the end, closes."""
    if data:
        c.send(data)
    c.app = c.rest()


def socks5(method=0, reply=S5_REPLY, data=HELLO, status=b"\1\0", then=session):
    """A SOCKS5 server that opens the tunnel; the parsed messages are kept in c.msgs."""
    def script(c):
        c.msgs = [s5_greeting(c)]
        c.send(bytes([5, method]))
        if method == 2:
            c.msgs.append(s5_userpass(c))
            c.send(status)
            if status[1:] != b"\0":
                c.rest()
                return
        c.msgs.append(s5_request(c))
        c.send(reply)
        if reply[1] == 0:
            then(c, data)
        else:
            c.rest()
    return script


def socks4(reply=S4_GRANT, data=HELLO, then=session):
    def script(c):
        c.msgs = [s4_request(c)]
        c.send(reply)
        if reply[1] == 0x5a:
            then(c, data)
        else:
            c.rest()
    return script


def http(*answers, data=HELLO, then=session):
    """An HTTP proxy: answer i to request i, whatever the connection; the last one opens the tunnel
    when its status is 2xx.  Connections are closed after an answer that has "close" in it."""
    state = {"i": 0}
    answers = answers or (OK_HEAD,)

    def script(c):
        c.msgs = []
        while True:
            if not c.buf and not c._fill():
                return
            c.msgs.append(c.head())
            a = answers[min(state["i"], len(answers) - 1)]
            state["i"] += 1
            c.send(a)
            if a.split(b" ")[1].startswith(b"2"):
                then(c, data)
                return
            if b"close" in a.lower():
                c.half_close()
                c.rest()
                return
    return script


def telnet(answer=b"Connected to target.test.\r\n", data=HELLO, greeting=b"", then=session):
    def script(c):
        if greeting:
            c.send(greeting)
        c.msgs = [c.until(b"\n")]
        c.send(answer)
        then(c, data)
    return script


def echo(c, data=b""):
    """An application that returns what it gets until the end of the stream."""
    if data:
        c.send(data)
    if c.buf:
        b, c.buf = c.buf, b""
        c.send(b)
    while True:
        try:
            b = c.sock.recv(65536)
        except ConnectionResetError:
            c.ended = "RST"
            return
        if not b:
            return
        c.sock.sendall(b)
