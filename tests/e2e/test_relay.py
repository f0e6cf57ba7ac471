# SPDX-License-Identifier: ISC
"""The session (D25): every octet, in both directions, to whatever stdin and stdout are."""
import fcntl
import hashlib
import os
import pty
import random
import select
import signal
import socket
import subprocess
import threading
import tty

import pytest

import fakes
import runner
from fakes import FakeServer, HELLO, BYE
from runner import run, Running

GIB = 1 << 30
BLOCK = hashlib.shake_256(b"relay").digest(1 << 20)


def pattern(n):
    """n octets in blocks, every block different."""
    i = 0
    while n > 0:
        b = i.to_bytes(8, "big") + BLOCK[8:]
        yield b[:n]
        n -= len(b)
        i += 1


def digest(n):
    h = hashlib.blake2b()
    for b in pattern(n):
        h.update(b)
    return h.hexdigest()


class Sink:
    """Reads a descriptor to its end in a thread; counts and hashes."""

    def __init__(self, fd, limit=None):
        self.n, self.h, self.fd, self.limit = 0, hashlib.blake2b(), fd, limit
        self.error = None
        self.t = threading.Thread(target=self._run, daemon=True)
        self.t.start()

    def _run(self):
        try:
            while self.limit is None or self.n < self.limit:
                b = os.read(self.fd, 1 << 20)
                if not b:
                    return
                self.n += len(b)
                self.h.update(b)
        except OSError as e:
            if e.errno != 5:                # EIO: the terminal's other side is gone
                self.error = e

    def done(self, limit=600):
        self.t.join(limit)
        assert not self.t.is_alive() and self.error is None, (self.n, self.error)
        return self.n, self.h.hexdigest()


class Source:
    """Writes a pattern to a descriptor in a thread."""

    def __init__(self, fd, n, close=True):
        self.fd, self.n, self.close, self.error = fd, n, close, None
        self.t = threading.Thread(target=self._run, daemon=True)
        self.t.start()

    def _run(self):
        try:
            for b in pattern(self.n):
                b = memoryview(b)
                while b:
                    b = b[os.write(self.fd, b):]
            if self.close:
                os.close(self.fd)
        except OSError as e:
            self.error = e

    def done(self, limit=600):
        self.t.join(limit)
        assert not self.t.is_alive() and self.error is None, self.error


class App:
    """The application behind the tunnel: sends down, receives up, both at once, each end by itself."""

    def __init__(self, down, up):
        self.down, self.up = down, up

    def __call__(self, c, _=None):
        c.sock.settimeout(600)
        c.h, c.n = hashlib.blake2b(), 0
        if c.buf:
            c.h.update(c.buf)
            c.n += len(c.buf)
            c.buf = b""

        def send():
            for b in pattern(self.down):
                c.sock.sendall(b)
            c.sock.shutdown(socket.SHUT_WR)
        t = threading.Thread(target=send, daemon=True)
        t.start()
        while True:
            b = c.sock.recv(1 << 20)
            if not b:
                break
            c.n += len(b)
            c.h.update(b)
        t.join(600)
        c.result = (c.n, c.h.hexdigest())


def nonblocking(*fds):
    for fd in fds:
        os.set_blocking(fd, False)


def io_pipes(nonblock=False, size=None):
    r0, w0 = os.pipe()
    r1, w1 = os.pipe()
    if size:
        fcntl.fcntl(w1, 1031, size)         # F_SETPIPE_SZ
    if nonblock:
        nonblocking(r0, w1)
    return r0, w1, w0, r1


def io_socketpair(nonblock=False):
    a, b = socket.socketpair()
    if nonblock:
        a.setblocking(False)
    fd = a.detach()
    return fd, os.dup(fd), b, None


def io_tcp(nonblock=False):
    with socket.socket() as ls:
        ls.bind(("127.0.0.1", 0))
        ls.listen(1)
        b = socket.create_connection(ls.getsockname())
        a, _ = ls.accept()
    if nonblock:
        a.setblocking(False)
    fd = a.detach()
    return fd, os.dup(fd), b, None


def transfer(down, up, io, *args):
    """A session through a SOCKS5 proxy with stdin and stdout as io made them."""
    fd0, fd1, outer, inner = io
    with FakeServer(fakes.socks5(then=App(down, up))) as px:
        with Running(*args, "-S", px.spec, "target.test", "22", stdin=fd0, stdout=fd1,
                     stderr=subprocess.DEVNULL if args else subprocess.PIPE) as r:
            os.close(fd0)
            if fd1 != fd0:
                os.close(fd1)
            if isinstance(outer, socket.socket):
                sink = Sink(outer.fileno())
                source = Source(outer.fileno(), up, close=False)
                source.done()
                outer.shutdown(socket.SHUT_WR)
            else:
                sink = Sink(inner)
                source = Source(outer, up)
                source.done()
            got = sink.done()
            res = r.finish(limit=120)
        px.join(120)
    if isinstance(outer, socket.socket):
        outer.close()
    else:
        os.close(inner)
    assert res.rc == 0, res
    assert got == (down, digest(down)), "down"
    assert px.conns[0].result == (up, digest(up)), "up"


KINDS = {
    "pipes": lambda: io_pipes(),
    "pipes non-blocking": lambda: io_pipes(True),
    "pipes of one page, non-blocking": lambda: io_pipes(True, 4096),
    "socketpair": lambda: io_socketpair(),
    "socketpair non-blocking": lambda: io_socketpair(True),
    "tcp socket": lambda: io_tcp(),
    "tcp socket non-blocking": lambda: io_tcp(True),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_both_ways_at_once(kind):
    transfer(48 * 1024 * 1024 + 4097, 31 * 1024 * 1024 + 13, KINDS[kind]())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_both_ways_at_once_when_every_octet_is_looked_at(kind):
    """With -d nothing is left to the kernel."""
    transfer(48 * 1024 * 1024 + 4097, 31 * 1024 * 1024 + 13, KINDS[kind](), "-d")


def written(pid):
    """Octets that the process gave to write(2); a splice does not count."""
    with open("/proc/%d/io" % pid) as f:
        return int(dict(line.split(":") for line in f)["wchar"])


@pytest.mark.parametrize("args", [(), ("-d",)], ids=["quiet", "-d"])
def test_bulk_is_moved_by_the_kernel_unless_it_is_looked_at(args):
    n = 32 * 1024 * 1024
    with FakeServer(fakes.socks5(then=App(n, 0))) as px:
        with Running(*args, "-S", px.spec, "target.test", "22", stderr=subprocess.DEVNULL) as r:
            sink = Sink(r.p.stdout.fileno(), limit=n)
            assert sink.done() == (n, digest(n))
            through_us = written(r.pid)
            assert r.finish(b"").rc == 0
    if args:
        assert through_us >= n
    else:
        assert through_us < n / 8


@pytest.mark.parametrize("args", [(), ("-d",)], ids=["quiet", "-d"])
def test_urgent_data_in_the_middle_stops_nothing(args):
    """An urgent octet is out of band, and no splice gets past its mark."""
    half = os.urandom(3_000_000)

    def then(c, _):
        c.send(half)
        c.sock.send(b"!", socket.MSG_OOB)
        c.send(half)
        c.half_close()
        c.rest()
    with FakeServer(fakes.socks5(then=then)) as px:
        res = run(*args, "-S", px.spec, "target.test", "22")
    assert res.rc == 0 and res.out == half + half


def test_one_gibibyte_each_way_at_once_through_non_blocking_pipes():
    transfer(GIB, GIB, io_pipes(True))


def test_one_gibibyte_each_way_at_once_through_a_socketpair():
    transfer(GIB, GIB, io_socketpair(True))


def test_one_gibibyte_each_way_at_once_through_a_tcp_socket():
    transfer(GIB, GIB, io_tcp(True))


@pytest.mark.slow
@pytest.mark.parametrize("nonblock", [False, True])
def test_one_gibibyte_each_way_at_once_files(tmp_path, nonblock):
    files(tmp_path, nonblock, GIB, GIB)


@pytest.mark.slow
@pytest.mark.parametrize("nonblock", [False, True])
def test_one_gibibyte_each_way_at_once_pty(nonblock):
    terminal(nonblock, GIB, GIB)


@pytest.mark.parametrize("nonblock", [False, True])
def test_files(tmp_path, nonblock):
    files(tmp_path, nonblock, 20_000_003, 30_000_001)


def files(tmp_path, nonblock, down, up):
    src, dst = tmp_path / "in", tmp_path / "out"
    with open(src, "wb") as f:
        for b in pattern(up):
            f.write(b)
    flags = os.O_NONBLOCK if nonblock else 0
    fd0, fd1 = os.open(src, os.O_RDONLY | flags), os.open(dst, os.O_WRONLY | os.O_CREAT | flags, 0o600)
    with FakeServer(fakes.socks5(then=App(down, up))) as px:
        with Running("-S", px.spec, "target.test", "22", stdin=fd0, stdout=fd1) as r:
            os.close(fd0)
            os.close(fd1)
            res = r.finish(limit=600)
        px.join(600)
    src.unlink()
    assert res.rc == 0, res
    assert px.conns[0].result == (up, digest(up))
    with open(dst, "rb") as f:
        sink = Sink(f.fileno())
        assert sink.done() == (down, digest(down))
    dst.unlink()


@pytest.mark.parametrize("nonblock", [False, True])
def test_pty_in_raw_mode(nonblock):
    terminal(nonblock, 2_000_003, 1_000_001)


def terminal(nonblock, down, up):
    master, slave = pty.openpty()
    tty.setraw(slave)
    if nonblock:
        os.set_blocking(slave, False)
    with FakeServer(fakes.socks5(then=App(down, up))) as px:
        with Running("-S", px.spec, "target.test", "22", stdin=slave, stdout=slave) as r:
            sink = Sink(master, limit=down)
            source = Source(master, up, close=False)
            source.done()
            assert sink.done() == (down, digest(down))
            runner.wait_until(lambda: px.conns[0].n == up, what="all octets at the server", limit=600)
            assert px.conns[0].h.hexdigest() == digest(up)
            os.close(slave)
            os.close(master)                # hang up: the end of stdin
            r.p.wait(20)


def test_a_slow_reader_with_a_tiny_pipe_gets_everything():
    data = os.urandom(300_000)
    r1, w1 = os.pipe()
    fcntl.fcntl(w1, 1031, 4096)
    nonblocking(w1)
    rnd = random.Random(7)
    with FakeServer(fakes.socks5(data=data)) as px:
        with Running("-S", px.spec, "target.test", "22", stdout=w1) as r:
            os.close(w1)
            r.p.stdin.close()
            r.p.stdin = None
            out = b""
            while True:
                b = os.read(r1, rnd.choice((1, 7, 511, 4096)))
                if not b:
                    break
                out += b
            res = r.finish()
    os.close(r1)
    assert res.rc == 0 and out == data


# -- half-close

def test_clients_half_close_reaches_the_server_and_the_answer_comes():
    def then(c, _):
        c.app = c.rest()
        c.send(b"answer after your end: %d\n" % len(c.app))
    for args, script in ((("-S",), fakes.socks5(then=then)), (("-H",), fakes.http(then=then)),
                         (("-4", "-R", "remote", "-S"), fakes.socks4(then=then)), (("-T",), fakes.telnet(then=then))):
        with FakeServer(script) as px:
            res = run(*args, px.spec, "target.test", "22", stdin=b"x" * 1000)
        assert (res.rc, res.out) == (0, b"answer after your end: 1000\n"), res


def test_servers_half_close_closes_stdout_and_the_client_goes_on():
    def then(c, _):
        c.send(HELLO)
        c.half_close()
        c.app = c.rest()
    with FakeServer(fakes.socks5(then=then)) as px:
        with Running("-S", px.spec, "target.test", "22") as r:
            assert r.out_read(1000) == HELLO                # and then the end of stdout
            r.p.stdin.write(b"one ")
            r.p.stdin.flush()
            runner.wait_until(lambda: px.conns[0].got.endswith(b"one "))
            assert r.p.poll() is None
            res = r.finish(b"two")
    assert res.rc == 0 and px.conns[0].app == b"one two", res


def test_half_close_on_one_socket_for_both():
    def then(c, _):
        c.send(HELLO)
        c.half_close()
        c.app = c.rest()
    with FakeServer(fakes.socks5(then=then)) as px:
        a, b = socket.socketpair()
        with Running("-S", px.spec, "target.test", "22", stdin=a, stdout=a) as r:
            a.close()
            b.settimeout(20)
            out = b""
            while True:
                x = b.recv(100)
                if not x:
                    break
                out += x
            assert out == HELLO
            b.sendall(BYE)
            b.shutdown(socket.SHUT_WR)
            assert r.p.wait(20) == 0
        b.close()
    assert px.conns[0].app == BYE


def test_no_half_close_keeps_the_sending_side_open():
    def then(c, _):
        c.app = c.read(len(BYE))
        c.sock.settimeout(0.3)
        try:
            c.early = c.sock.recv(1)                # nothing, not even the end
        except socket.timeout:
            c.early = None
        c.sock.settimeout(20)
        c.send(HELLO)
        c.half_close()
        c.rest()
    for args in (("--no-half-close",), ()):
        with FakeServer(fakes.socks5(then=then)) as px:
            res = run(*args, "-S", px.spec, "target.test", "22", stdin=BYE)
        assert (res.rc, res.out) == (0, HELLO), res
        assert px.conns[0].early == (None if args else b""), args


def test_no_half_close_gets_the_answer_through_proxies_that_tear_down(squid, tinyproxy):
    def late(c):
        c.read(len(BYE))
        c.send(HELLO)
    for px in (squid, tinyproxy):
        with FakeServer(late) as t:
            res = run("--no-half-close", "-H", px.spec, "127.0.0.1", str(t.port), stdin=BYE)
        assert (res.rc, res.out) == (0, HELLO), (px, res)


def test_half_close_through_proxies_that_pass_it_on(dante, ssh_d):
    def answer_after_the_end(c):
        c.app = c.rest()
        c.send(HELLO)
    for px in (dante, ssh_d):
        with FakeServer(answer_after_the_end) as t:
            res = run("-S", px.spec, "127.0.0.1", str(t.port), stdin=BYE)
        assert (res.rc, res.out) == (0, HELLO), (px, res)


# -- endings

def test_reset_by_the_server_is_status_9_and_loses_nothing_received():
    data = os.urandom(20000)

    def then(c, _):
        c.send(data)
        c.read(len(BYE))
        c.reset()
    with FakeServer(fakes.socks5(then=then)) as px:
        with Running("-S", px.spec, "target.test", "22") as r:
            assert r.out_read(len(data)) == data
            r.p.stdin.write(BYE)
            r.p.stdin.flush()
            assert r.p.wait(20) == 9
            assert b"reset" in r.finish().err.lower()


def test_the_local_reader_goes_away():
    """With octets at hand that nobody will read: those are lost, and the status says so.  (With none at hand nobody can
    tell; a session that both sides have left ends with 0.)"""
    full = threading.Event()

    def then(c, _):
        c.sock.setblocking(False)
        try:
            while select.select([], [c.sock], [], 1)[1]:
                c.sock.send(b"x" * 65536)
        except OSError as e:
            full.error = e
        full.set()
        c.sock.settimeout(20)
        c.rest()
    with FakeServer(fakes.socks5(then=then), strict=False) as px:
        with Running("-S", px.spec, "target.test", "22") as r:
            assert r.out_read(10) == b"x" * 10
            assert full.wait(60) and not hasattr(full, "error")
            r.p.stdout.close()
            r.p.stdout = None
            r.p.stdin.close()
            r.p.stdin = None
            rc = r.p.wait(20)
    assert rc in (9, 141, -signal.SIGPIPE), rc


def test_a_local_reader_that_is_gone_ends_the_session_though_stdin_is_open():
    """What was read of stdin still goes out; what remote says finds a broken pipe, and that is the end."""
    def then(c, _):
        c.send(HELLO)
        c.read(4)
        c.send(b"nobody reads this")
        c.app = c.rest()
    with FakeServer(fakes.socks5(then=then)) as px:
        with Running("-S", px.spec, "target.test", "22") as r:
            assert r.out_read(len(HELLO)) == HELLO
            r.p.stdout.close()
            r.p.stdout = None
            os.write(r.p.stdin.fileno(), b"ping")
            assert r.p.wait(20) == 9
            r.p.stdin.close()
            r.p.stdin = None
    assert px.conns[0].app == b"" and px.conns[0].ended


def test_the_local_reader_goes_away_but_sending_goes_on():
    """Each direction is independent: stdout is gone, what comes from stdin still arrives."""
    up = os.urandom(200_000)

    def then(c, _):
        c.app = c.rest()
    with FakeServer(fakes.socks5(then=then)) as px:
        rd, wr = os.pipe()
        os.close(rd)
        with Running("-S", px.spec, "target.test", "22", stdout=wr) as r:
            os.close(wr)
            r.finish(up)
    assert px.conns[0].app == up


@pytest.mark.parametrize("closed", [(0,), (1,), (0, 1), (2,), (0, 1, 2)], ids=str)
def test_closed_descriptors_at_the_start(closed):
    def script(c):
        c.app = c.rest() if 0 in closed else c.read(len(BYE))
        c.send(HELLO)
        c.half_close()
        c.rest()
    with FakeServer(script, strict=False) as t:
        p = subprocess.Popen([runner.CONNECT, "-n", "127.0.0.1", str(t.port)], env=runner.environment(), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                             preexec_fn=lambda: [os.close(fd) for fd in closed])
        try:
            out, err = p.communicate(BYE, timeout=20)
        finally:
            if p.poll() is None:
                p.kill()
                p.wait()
    assert t.errors == []
    assert t.conns[0].app == (b"" if 0 in closed else BYE), "the socket was relayed to itself"
    assert out == (b"" if 1 in closed else HELLO)
    assert p.returncode in ((0, 9) if 1 in closed else (0,)), err


def test_sigpipe_ignored_or_default_makes_no_difference():
    for disposition in (signal.SIG_DFL, signal.SIG_IGN):
        def then(c, _):
            c.send(HELLO)
            c.close()
        with FakeServer(fakes.socks5(then=then)) as px:
            with Running("-S", px.spec, "target.test", "22", preexec_fn=lambda: signal.signal(signal.SIGPIPE, disposition),
                         restore_signals=False) as r:
                assert r.out_read(1000) == HELLO
                try:
                    for _ in range(50):
                        r.p.stdin.write(b"x" * 4096)
                        r.p.stdin.flush()
                except BrokenPipeError:
                    pass
                try:
                    r.p.stdin.close()
                except BrokenPipeError:
                    pass
                r.p.stdin = None
                assert r.p.wait(20) in (0, 9)


def test_a_remote_that_never_reads_does_not_stop_what_it_sends():
    down = os.urandom(3_000_000)
    go = threading.Event()

    def then(c, _):
        c.send(down)
        c.half_close()
        go.wait(20)
        c.app = c.rest()
    with FakeServer(fakes.socks5(then=then)) as px:
        with Running("-S", px.spec, "target.test", "22") as r:
            source = Source(r.p.stdin.fileno(), 30_000_000, close=False)
            assert r.out_read(len(down)) == down
            go.set()
            source.done(60)
            assert r.finish(b"").rc == 0
    assert len(px.conns[0].app) == 30_000_000


def test_interrupted_system_calls():
    """SIGCONT and SIGWINCH while it works: nothing is lost."""
    data = os.urandom(4_000_000)
    with FakeServer(fakes.socks5(then=fakes.echo, data=b"")) as px:
        with Running("-S", px.spec, "target.test", "22") as r:
            stop = threading.Event()

            def pester():
                while not stop.is_set():
                    try:
                        for sig in (signal.SIGSTOP, signal.SIGCONT, signal.SIGWINCH):
                            os.kill(r.pid, sig)
                    except ProcessLookupError:      # it has ended
                        return
                    stop.wait(0.002)
            t = threading.Thread(target=pester, daemon=True)
            t.start()
            try:
                res = r.finish(data)
            finally:
                stop.set()
                t.join(5)
    assert res.rc == 0 and res.out == data


@pytest.mark.parametrize("sig,rc", [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_signals_end_it(sig, rc):
    with FakeServer(fakes.socks5()) as px:
        with Running("-S", px.spec, "target.test", "22") as r:
            assert r.out_read(len(HELLO)) == HELLO
            r.p.send_signal(sig)
            assert r.p.wait(20) in (rc, -sig)


def test_an_idle_session_uses_no_time():
    with FakeServer(fakes.socks5()) as px:
        with Running("-S", px.spec, "target.test", "22") as r:
            assert r.out_read(len(HELLO)) == HELLO
            before = runner.cpu_seconds(r.pid)
            with pytest.raises(subprocess.TimeoutExpired):
                r.p.wait(0.7)
            assert runner.cpu_seconds(r.pid) - before <= 0.02
            assert r.finish(b"").rc == 0


def test_half_closed_sessions_use_no_time():
    """After each half-close nothing may spin on a descriptor that is always ready."""
    def server_half(c, _):
        c.send(HELLO)
        c.half_close()
        c.rest()

    def client_half(c, _):
        c.send(HELLO)
        c.rest()
        c.go.wait(20)
    for then, close_stdin in ((server_half, False), (client_half, True)):
        go = threading.Event()

        def run_then(c, d):
            c.go = go
            then(c, d)
        with FakeServer(fakes.socks5(then=run_then)) as px:
            with Running("-S", px.spec, "target.test", "22") as r:
                if close_stdin:
                    r.p.stdin.close()
                    r.p.stdin = None
                assert r.out_read(len(HELLO)) == HELLO
                before = runner.cpu_seconds(r.pid)
                with pytest.raises(subprocess.TimeoutExpired):
                    r.p.wait(0.7)
                assert runner.cpu_seconds(r.pid) - before <= 0.02, then
                go.set()
                assert r.finish(None if close_stdin else b"").rc == 0


def test_the_descriptors_flags_are_left_as_they_were():
    """stdin and stdout are shared with others: O_NONBLOCK must not stay changed."""
    for nonblock in (False, True):
        fd0, fd1, outer, inner = io_pipes(nonblock)
        before = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (fd0, fd1)]
        with FakeServer(fakes.socks5()) as px:
            with Running("-S", px.spec, "target.test", "22", stdin=fd0, stdout=fd1) as r:
                assert os.read(inner, 100) == HELLO
                os.close(outer)
                assert r.p.wait(20) == 0
        assert [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (fd0, fd1)] == before
        for fd in (fd0, fd1, inner):
            os.close(fd)


def test_end_with_remote():
    """The end of the other side is enough, once all of it is delivered; standard input is still open."""
    data = os.urandom(300_000)

    def script(c):
        c.send(data)
    with FakeServer(script) as t:
        with Running("--end-with-remote", "-n", "127.0.0.1", str(t.port)) as r:
            assert r.out_read(len(data) + 1) == data
            assert r.p.wait(20) == 0 and r.p.stdin and not r.p.stdin.closed
    with FakeServer(script) as t:           # as the default, the end of standard input ends it
        with Running("-n", "127.0.0.1", str(t.port)) as r:
            assert r.out_read(len(data) + 1) == data
            assert r.p.poll() is None
            assert r.finish(b"").rc == 0


def test_an_input_that_cannot_be_read():
    """A directory is opened as a file is, and fails when it is read: told, and what comes is delivered first."""
    fd = os.open("/", os.O_RDONLY)
    with FakeServer(lambda c: c.send(HELLO)) as t:
        with Running("-n", "127.0.0.1", str(t.port), stdin=fd) as r:
            assert r.out_read(len(HELLO) + 1) == HELLO
            res = r.finish()
    os.close(fd)
    assert res.rc == 9 and res.lines == ["ERROR: the session with target 127.0.0.1:%d broke: reading the local side: Is a directory" % t.port], res
