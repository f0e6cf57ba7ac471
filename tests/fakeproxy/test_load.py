# SPDX-License-Identifier: ISC
"""Many tunnels at once, then many short ones: no descriptor, memory or child may be left in the server.

The clients and the targets are one event loop of this process; the server is one process, whose /proc entries
are looked at before and after.  The client's addresses are 127.0.0.x, so that no four-tuple runs out."""
import collections
import contextlib
import errno
import json
import os
import resource
import selectors
import socket
import struct
import time

import pytest
import server
import tunnel
import wire

WANTED = 10000
SPARE = 64                       # descriptors for everything that is no tunnel


def limit():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def possible():
    """A tunnel is two descriptors in the server; a hard limit below 20,064 (as some containers have) allows fewer."""
    return min(WANTED, (limit() - SPARE) // 2)


def status(pid, key):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(key + ":"))


def children(pid):
    kids = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as f:
            kids += f.read().split()
    return kids


def request(role, host, port):
    at = b"%s:%d" % (host.encode(), port)
    return {
        "socks4": [(struct.pack("!BBH", 4, 1, port) + socket.inet_aton(host) + b"\0", 8)],
        "socks5": [(b"\x05\x01\x00", 2), (b"\x05\x01\x00\x01" + socket.inet_aton(host) + struct.pack("!H", port), 10)],
        "http": [(b"CONNECT " + at + b" HTTP/1.1\r\nHost: " + at + b"\r\n\r\n", b"\r\n\r\n")],
        "telnet": [(b"telnet %s %d\r\n" % (host.encode(), port), b"onnected to ")],
    }[role]


class Client:
    """One handshake after the other in an event loop, `inflight` at a time; opened tunnels are handed to `done`."""

    def __init__(self, f, role, inflight, done):
        self.f, self.role, self.inflight, self.done = f, role, inflight, done
        self.sel = selectors.DefaultSelector()
        self.targets = wire.listen(0, backlog=16384)
        self.targets.setblocking(False)
        self.steps = request(role, "127.0.0.1", wire.port_of(self.targets))
        self.sel.register(self.targets, selectors.EVENT_READ, None)
        self.accepted = collections.deque()
        self.started = self.opened = 0

    def begin(self):
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((f"127.0.{self.started % 4}.{1 + self.started % 200}", 0))
        code = sock.connect_ex(("127.0.0.1", self.f.port))
        assert code in (0, errno.EINPROGRESS), os.strerror(code)
        self.started += 1
        self.sel.register(sock, selectors.EVENT_WRITE, [0, b""])

    def ready(self, sock, state):
        step, got = state
        if step == 0:
            assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "connect to the proxy"
            self.sel.modify(sock, selectors.EVENT_READ, state)
        else:
            part = sock.recv(512)
            assert part, f"closed by the proxy after {got!r}"
            got += part
            want = self.steps[step - 1][1]
            if (len(got) < want) if isinstance(want, int) else (want not in got or not got.endswith(b"\n")):
                state[1] = got
                return
            if step == len(self.steps):
                self.check(got)
                self.sel.unregister(sock)
                self.opened += 1
                self.done(sock)
                return
        sock.sendall(self.steps[step][0])
        state[0], state[1] = step + 1, b""

    def check(self, got):
        ok = {"socks4": got[:2] == b"\0\x5a", "socks5": got[:2] == b"\x05\0", "http": got[9:12] == b"200"}.get(self.role, True)
        assert ok, got

    def run(self, count):
        goal, target = self.opened + count, self.started + count
        end = time.monotonic() + 60 + count / 200
        while self.opened < goal:
            while self.started < target and self.started - self.opened < self.inflight:
                self.begin()
            events = self.sel.select(20)
            assert events and time.monotonic() < end, f"stalled: {self.opened} opened, {self.started} started"
            for key, _ in events:
                if key.fileobj is self.targets:
                    with contextlib.suppress(BlockingIOError):
                        while True:
                            self.accepted.append(self.targets.accept()[0])
                else:
                    self.ready(key.fileobj, key.data)

    def accept_all(self, count):
        wire.until(lambda: self._accept() or len(self.accepted) >= count, 30, f"{count} connections at the target")

    def _accept(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self.accepted.append(self.targets.accept()[0])

    def close(self):
        for sock in [*self.accepted, self.targets]:
            sock.close()
        self.sel.close()


def settled(f, held):
    wire.until(lambda: len(wire.fds(f.pid)) <= held, 60, f"back to {held} descriptors in the server")
    assert not children(f.pid)


def warm(f, role, n=50):
    """Whatever the server makes once (buffers, tables, a resolver) is made now."""
    idle, gone = len(wire.fds(f.pid)), []
    c = Client(f, role, 10, gone.append)
    c.run(n)
    c.accept_all(n)
    for sock in gone:
        sock.close()
    c.close()
    wire.until(lambda: len(wire.fds(f.pid)) <= idle + 3, 20, "the first tunnels' descriptors closed")
    return len(wire.fds(f.pid))


FIGURES = {}


@pytest.fixture(scope="module", autouse=True)
def figures():
    """What was measured goes to build/fakeproxy-load.json."""
    FIGURES.clear()
    yield
    path = server.ROOT / "build" / "fakeproxy-load.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(FIGURES, indent=1) + "\n")


@pytest.mark.parametrize("role", ["socks5", "http"])
def test_open_tunnels(fake, role):
    """10,000 at once, three times: the third must not need more memory than the first."""
    count = possible()
    assert count >= 1000, f"the limit of {limit()} descriptors is too low for this test"
    f = fake(role)
    held = warm(f, role)
    rounds = [open_tunnels(f, role, count, held) for _ in range(3)]
    assert rounds[2] - rounds[0] < 1024, f"VmRSS with {count} tunnels open: {rounds} kB"
    FIGURES[f"{role}, open at once"] = {"tunnels": count, "VmRSS each round": rounds}


def open_tunnels(f, role, count, held):
    before = status(f.pid, "VmRSS")
    pairs = []
    c = Client(f, role, 200, pairs.append)
    # clients and targets are in this process, whose limit is the same: the targets hand theirs to a helper
    with Keeper() as keeper, closing(pairs):
        while len(pairs) < count:
            c.run(min(500, count - len(pairs)))
            c.accept_all(len(pairs) - keeper.kept)
            keeper.keep(c.accepted)
        assert len(wire.fds(f.pid)) >= held + 2 * count
        # each of them works: an octet there and back
        for sock in pairs:
            sock.sendall(b"?")
        for sock in pairs:
            sock.settimeout(20)
            assert sock.recv(1) == b"!"
        while_open = status(f.pid, "VmRSS")
        per_tunnel = (while_open - before) / count
        assert per_tunnel < 40, f"{per_tunnel:.1f} kB for each open tunnel"
    c.close()
    settled(f, held)
    # and it serves on
    again = Client(f, role, 10, lambda s: s.close())
    again.run(20)
    again.close()
    settled(f, held)
    return while_open


@contextlib.contextmanager
def closing(socks):
    try:
        yield
    finally:
        for sock in socks:
            sock.close()
        socks.clear()


class Keeper:
    """A process that holds the target's ends: answers each octet with '!', closes at the end."""

    def __init__(self):
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.kept = 0
        self.pid = os.fork()
        if self.pid == 0:
            try:
                server.die_with_parent()
                self.ours.close()
                for fd in os.listdir("/proc/self/fd"):
                    if int(fd) > 2 and int(fd) != theirs.fileno():
                        with contextlib.suppress(OSError):
                            os.close(int(fd))
                self.serve(theirs)
            finally:
                os._exit(0)
        theirs.close()

    @staticmethod
    def serve(control):
        poll = selectors.EpollSelector()
        poll.register(control, selectors.EVENT_READ, control)
        while True:
            for key, _ in poll.select():
                if key.data is control:
                    data, fds, _, _ = socket.recv_fds(control, 16, 200)
                    if not data:
                        return
                    for fd in fds:
                        poll.register(fd, selectors.EVENT_READ, None)
                    control.send(b"kept")
                else:
                    Keeper.answer(poll, key.fd)

    @staticmethod
    def answer(poll, fd):
        with contextlib.suppress(ConnectionError):
            if os.read(fd, 16):
                os.write(fd, b"!")
                return
        poll.unregister(fd)
        os.close(fd)

    def keep(self, accepted):
        while accepted:
            part = [accepted.popleft() for _ in range(min(200, len(accepted)))]
            socket.send_fds(self.ours, [b"keep"], [s.fileno() for s in part])
            assert self.ours.recv(16) == b"kept"
            self.kept += len(part)
            for s in part:
                s.close()

    def close(self):
        if self.pid:
            self.ours.close()
            os.waitpid(self.pid, 0)
            self.pid = 0

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()


def short_tunnels(fake, role, count):
    f = fake(role)
    held = warm(f, role, 500)
    before = status(f.pid, "VmRSS")
    c = Client(f, role, 50, lambda s: s.close())
    rounds = []
    for _ in range(4):
        for _ in range(0, count // 4, 500):
            c.run(500)
            c.accept_all(1)
            while c.accepted:
                c.accepted.popleft().close()
        c._accept()
        while c.accepted:
            c.accepted.popleft().close()
        rounds.append(status(f.pid, "VmRSS"))
    assert c.opened >= count
    c.close()
    settled(f, held)
    assert rounds[-1] - before < 2048, f"VmRSS {before} kB, then {rounds}: it grows with the number of connections"
    assert status(f.pid, "Threads") <= 8
    FIGURES[f"{role}, {count} short ones"] = {"VmRSS before": before, "after each quarter": rounds}


@pytest.fixture
def small_buffers(lab):
    """The kernel's buffers of a connection at most 256 kB, in the network of the tests."""
    saved = {}
    for name in ("tcp_rmem", "tcp_wmem"):
        with open(f"/proc/sys/net/ipv4/{name}", "r+") as f:
            saved[name] = f.read()
            f.seek(0)
            f.write("4096 65536 262144")
    yield
    for name, value in saved.items():
        with open(f"/proc/sys/net/ipv4/{name}", "w") as f:
            f.write(value)


def test_stopped_readers(fake, small_buffers):
    """200 tunnels whose clients send and whose targets do not read: what is kept for each is bounded."""
    f = fake("socks5")
    warm(f, "socks5")
    with wire.listen(backlog=256) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        before, clients, targets = status(f.pid, "VmRSS"), [], []
        for _ in range(200):
            client = wire.dial(f.port)
            tunnel.begin("socks5", client, "127.0.0.1", wire.port_of(listener))
            targets.append(wire.accept(listener)[0])
            client.setblocking(False)
            clients.append(client)
        sent, block = [0] * len(clients), b"z" * 65536

        def push():
            moved = False
            for i, client in enumerate(clients):
                with contextlib.suppress(BlockingIOError):
                    while True:
                        sent[i] += client.send(block)
                        moved = True
            return moved

        quiet = time.monotonic()
        while time.monotonic() - quiet < 0.3:          # until nobody has taken anything for a while
            if push():
                quiet = time.monotonic()
            time.sleep(0.01)
        per_tunnel = (status(f.pid, "VmRSS") - before) / len(clients)
        FIGURES["kB for a tunnel with a stopped reader"] = round(per_tunnel, 1)
        assert per_tunnel < 300, f"{per_tunnel:.0f} kB for each"
        for i in (0, 99, 199):                         # and nothing is lost
            clients[i].settimeout(wire.DEADLINE)
            clients[i].shutdown(socket.SHUT_WR)
            assert len(wire.read_eof(targets[i])) == sent[i]
        for sock in clients + targets:
            sock.close()


@pytest.mark.parametrize("role", ["socks4", "socks5", "http", "telnet"])
def test_short_tunnels(fake, role):
    """10,000 over the four roles."""
    short_tunnels(fake, role, 2500)


@pytest.mark.slow
@pytest.mark.parametrize("role", ["socks5", "http"])
def test_100_000_short_tunnels(fake, role):
    short_tunnels(fake, role, 100000)


def test_out_of_descriptors(fake):
    """With no descriptor left the server neither ends nor spins: when some are free again, it serves."""
    f = fake("socks5", limits=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)))
    with wire.listen() as listener:
        waiting = [wire.dial(f.port) for _ in range(60)]
        used = cpu(f.pid)
        start = time.monotonic()
        wire.until(lambda: time.monotonic() - start > 1, what="a second passes")
        assert cpu(f.pid) - used < 0.5, "it uses the processor while it cannot accept"
        for sock in waiting:
            sock.close()
        wire.until(lambda: len(wire.fds(f.pid)) < 20, what="descriptors are free again")
        client = wire.dial(f.port)
        with client:
            client.sendall(b"\x05\x01\x00")
            assert wire.read_n(client, 2) == b"\x05\x00"
            client.sendall(b"\x05\x01\x00\x01\x7f\x00\x00\x01" + struct.pack("!H", wire.port_of(listener)))
            assert wire.socks5_reply(client)[:2] == (5, 0)
            wire.accept(listener)[0].close()


def cpu(pid):
    with open(f"/proc/{pid}/stat") as f:
        field = f.read().rpartition(")")[2].split()
    return (int(field[11]) + int(field[12])) / os.sysconf("SC_CLK_TCK")
