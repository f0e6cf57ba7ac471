# SPDX-License-Identifier: ISC
"""-F, descriptor passing (D27): OpenSSH with ProxyUseFdpass through every protocol and every authentication, and what
exactly is passed: one descriptor, blocking, tuned, with every octet of the session still in it.
"""
import contextlib
import fcntl
import hashlib
import os
import shlex
import socket
import subprocess
import threading

import pytest

import fakes
import realservers
import runner
from fakes import FakeServer, HELLO
from runner import Running, run

USER, PASSWORD = realservers.USER, realservers.PASSWORD
ASK = b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=x\r\n"
FAKE = os.environ.get("FAKEPROXY") or os.path.join(runner.ROOT, "build", "fakeproxy")
SECRETS = {"SOCKS5_PASSWORD": PASSWORD, "HTTP_PROXY_PASSWORD": PASSWORD}


@contextlib.contextmanager
def fakeproxy(*words):
    """With the word USER it wants the user and the password of the tests."""
    env = {"FAKEPROXY_USER": "%s:%s" % (USER, PASSWORD)} if "USER" in words else {}
    p = subprocess.Popen([FAKE, *[w for w in words if w != "USER"]], stdout=subprocess.PIPE, text=True,
                         env=runner.environment(env))
    try:
        word, host, port = p.stdout.readline().split()
        assert word == "listening"
        yield "%s:%s" % (host, port)
    finally:
        p.terminate()
        p.wait()
        p.stdout.close()


# name: (fixture of a real proxy, or the words of fakeproxy, or None; the words of connect)
ROUTES = {
    "direct": (None, ""),
    "dante-socks5": ("dante", "-S {px}"),
    "dante-socks4": ("dante", "-4 -S {px}"),
    "dante-userpass": ("dante_userpass", "-S alice@{px}"),
    "dante-userpass-pipelined": ("dante_userpass", "--pipeline -a userpass -S alice@{px}"),
    "ssh-D-socks5": ("ssh_d", "-S {px}"),
    "ssh-D-socks4a": ("ssh_d", "-4 -R remote -S {px}"),
    "squid": ("squid", "-H {px}"),
    "squid-basic": ("squid_basic", "-H alice@{px}"),
    "tinyproxy": ("tinyproxy", "-H {px}"),
    "tinyproxy-basic": ("tinyproxy_basic", "-H alice@{px}"),
    "fake-socks4": (["socks4"], "-4 -S {px}"),
    "fake-socks4a": (["socks4"], "-4 -R remote -S {px}"),
    "fake-socks5-none": (["socks5"], "-S {px}"),
    "fake-socks5-userpass": (["USER", "socks5"], "-S alice@{px}"),
    "fake-socks5-pipelined": (["socks5"], "--pipeline -a none -S {px}"),
    "fake-socks5-octet-by-octet": (["USER", "--bytes", "socks5"], "-S alice@{px}"),
    "fake-socks5-coalesced": (["--coalesce", "socks5"], "-S {px}"),
    "fake-http": (["http"], "-H {px}"),
    "fake-http-basic": (["USER", "http"], "-H alice@{px}"),
    "fake-http-401": (["USER", "-o", "auth=401", "http"], "-H alice@{px}"),
    "fake-http-basic-closed": (["USER", "-o", "after-challenge=close", "http"], "-H alice@{px}"),
    "fake-telnet": (["-o", "dialect=fwtk", "telnet"], "-T {px} -c 'connect %%h %%p'"),
}


@pytest.fixture(params=sorted(ROUTES))
def route(request, sshd):
    where, words = ROUTES[request.param]
    with contextlib.ExitStack() as stack:
        px = ""
        if isinstance(where, list):
            px = stack.enter_context(fakeproxy(*where))
        elif where:
            px = request.getfixturevalue(where).spec
        command = "%s -F %s %%h %%p" % (shlex.quote(runner.CONNECT), words.format(px=px).replace("%%", "%"))
        yield ["ssh", "-F", sshd.config, "-p", str(sshd.port), "-o", "ProxyUseFdpass=yes", "-o", "ProxyCommand=" + command,
               "127.0.0.1"]


def children(pid):
    """Processes whose parent is pid, that are no zombies."""
    found = []
    for p in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open("/proc/%s/stat" % p) as f:
            state, parent = f.read().rsplit(")", 1)[1].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(p))
    return found


def keepalive_timers(pid):
    """The TCP sockets of a process whose keepalive timer runs (/proc/net/tcp, tr 02)."""
    mine = set()
    for f in os.listdir("/proc/%d/fd" % pid):
        with contextlib.suppress(OSError):
            mine.add(os.readlink("/proc/%d/fd/%s" % (pid, f)))
    with open("/proc/net/tcp") as f:
        rows = [line.split() for line in f][1:]
    return [w for w in rows if "socket:[%s]" % w[9] in mine and w[5].startswith("02:")]


def test_ssh(route):
    """Data in both directions, the exit status, and while it runs nobody between ssh and the proxy."""
    blob = os.urandom(300000)
    with subprocess.Popen(route + ["cat; exit 37"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=runner.environment(SECRETS), start_new_session=True) as p:
        try:
            p.stdin.write(b"first\n")
            p.stdin.flush()
            assert p.stdout.readline() == b"first\n", p.stderr.read()
            assert children(p.pid) == []
            runner.wait_until(lambda: keepalive_timers(p.pid), what="a keepalive timer on ssh's connection")
            out, err = p.communicate(blob, timeout=60)
        except BaseException:
            p.kill()
            raise
    assert p.returncode == 37
    assert hashlib.sha256(out).digest() == hashlib.sha256(blob).digest()
    assert err == b""


@pytest.mark.parametrize("where,words,fatal", [
    ("dante_userpass", "-S alice@{px}", "failed to begin relaying via SOCKS."),
    ("squid_basic", "-H alice@{px}", "failed to begin relaying via HTTP.")])
def test_ssh_shows_what_was_wrong(request, sshd, where, words, fatal):
    command = "%s -F %s %%h %%p" % (shlex.quote(runner.CONNECT), words.format(px=request.getfixturevalue(where).spec))
    p = subprocess.run(["ssh", "-F", sshd.config, "-p", str(sshd.port), "-o", "ProxyUseFdpass=yes",
                        "-o", "ProxyCommand=" + command, "127.0.0.1", "true"], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, start_new_session=True,
                       env=runner.environment({k: "wrong" for k in SECRETS}))
    assert p.returncode == 255
    assert "authentication failed" in p.stderr.decode() and fatal in p.stderr.decode()


# -- what is passed

class Receiver:
    """Standard input and output of connect as ssh makes them; take() is mm_receive_fd() of OpenSSH."""

    def __init__(self, *args, **kw):
        self.mine, its = socket.socketpair()
        with its:
            self.r = Running("-F", *args, stdin=its, stdout=its, **kw)
        self.mine.settimeout(20)

    def take(self):
        data, fds, _, _ = socket.recv_fds(self.mine, 100, 4)
        assert (data, len(fds)) == (b"\0", 1), (data, fds, self.r.p.stderr.read())
        return fds[0]

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.mine.close()
        self.r.__exit__()


CONVERSATIONS = {
    "socks4": (["-4", "-S"], [(fakes.s4_request, fakes.S4_GRANT)]),
    "socks5": (["-S"], [(fakes.s5_greeting, b"\5\0"), (fakes.s5_request, fakes.S5_REPLY)]),
    "socks5 userpass": (["-S"], [(fakes.s5_greeting, b"\5\2"), (fakes.s5_userpass, b"\1\0"),
                                 (fakes.s5_request, b"\5\0\0\3\4name\0\x16")]),
    "http": (["-H"], [(fakes.Conn.head, fakes.OK_HEAD)]),
    "http 407 kept": (["-H"], [(fakes.Conn.head, ASK + b"Content-Length: 4\r\n\r\nbody"), (fakes.Conn.head, fakes.OK_HEAD)]),
    "telnet": (["-T"], [(lambda c: c.until(b"\n"), b"Trying...\r\nConnected to x.\r\n")]),
}


@pytest.mark.parametrize("name", sorted(CONVERSATIONS))
@pytest.mark.parametrize("how", ["together", "octet by octet", "later"])
def test_every_octet_of_the_session_is_in_the_descriptor(name, how):
    """The session's first octets come with the last of the handshake, or one by one, or when the descriptor is passed."""
    options, exchanges = CONVERSATIONS[name]
    session = b"SSH-2.0-x\r\n\0\xff" + bytes(range(256)) * 40

    def script(c):
        for read, reply in exchanges[:-1]:
            read(c)
            c.send(reply)
        read, reply = exchanges[-1]
        read(c)
        if how == "together":
            c.send(reply + session)
        elif how == "octet by octet":
            c.send_slowly(reply)
            c.send(session)
        else:
            c.send(reply)
            assert c.until(b"mine\n") == b"mine\n"
            c.send(session)
        c.half_close()
        c.rest()
    with FakeServer(script) as px:
        with Receiver(*options, "bob@" + px.spec, "192.0.2.1", "22", env=SECRETS) as r:
            fd = r.take()
            assert r.r.p.wait(20) == 0
            assert r.mine.recv(10) == b""
            with socket.socket(fileno=fd) as s:
                if how == "later":
                    s.sendall(b"mine\n")
                got = b""
                while True:
                    b = s.recv(65536)
                    if not b:
                        break
                    got += b
            assert r.r.p.stderr.read() == b""
    assert got == session


def option(s, level, name):
    return s.getsockopt(level, name)


def test_the_descriptor_is_blocking_and_tuned():
    with FakeServer(fakes.socks5()) as px:
        for args in (("-S", px.spec, "192.0.2.1", "22"), ("-n", "127.0.0.1", str(px.port))):
            with Receiver(*args) as r:
                fd = r.take()
                with socket.socket(fileno=fd) as s:
                    assert not fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK
                    assert option(s, socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
                    assert option(s, socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
                    assert option(s, socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 120
                    assert option(s, socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 60
                    assert option(s, socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 13
                    assert s.getpeername()[1] == px.port
                    if args[0] == "-n":     # the greeting that the fake waits for
                        s.sendall(b"\5\1\0")
                        assert s.recv(2, socket.MSG_WAITALL) == b"\5\0"
                        s.sendall(bytes.fromhex("05010001 c0000201 0016"))
                        assert s.recv(len(fakes.S5_REPLY), socket.MSG_WAITALL) == fakes.S5_REPLY
                    assert s.recv(len(HELLO), socket.MSG_WAITALL) == HELLO
                    s.shutdown(socket.SHUT_WR)


def test_the_relayed_connection_is_tuned_too():
    """Without -F ssh cannot reach that socket."""
    with FakeServer(fakes.socks5(then=fakes.echo)) as px:
        with Running("-S", px.spec, "192.0.2.1", "22") as r:
            assert r.out_read(len(HELLO)) == HELLO
            assert len(keepalive_timers(r.pid)) == 1
            assert r.finish(b"").rc == 0


def test_the_escape_line_of_a_telnet_proxy_is_left_to_the_receiver(sshd):
    """ssh passes over it: RFC 4253 section 4.2, lines before the identification of the server."""
    import threading

    def script(c):
        c.until(b"\n")
        with socket.create_connection(("127.0.0.1", sshd.port)) as s:
            c.send(b"Connected to x.\r\nEscape character is '^]'.\r\n")

            def back():
                with contextlib.suppress(OSError):
                    while True:
                        b = s.recv(65536)
                        if not b:
                            break
                        c.sock.sendall(b)
            t = threading.Thread(target=back)
            t.start()
            with contextlib.suppress(OSError):
                while True:
                    b = c.sock.recv(65536)
                    if not b:
                        break
                    s.sendall(b)
                s.shutdown(socket.SHUT_WR)
            t.join(20)
    with FakeServer(script) as px:
        with Receiver("-T", px.spec, "192.0.2.1", "22") as r:
            with socket.socket(fileno=r.take()) as s:
                assert s.makefile("rb").readline() == b"Escape character is '^]'.\r\n"
        command = "%s -F -T %s %%h %%p" % (shlex.quote(runner.CONNECT), px.spec)
        p = subprocess.run(["ssh", "-F", sshd.config, "-p", str(sshd.port), "-o", "ProxyUseFdpass=yes",
                            "-o", "ProxyCommand=" + command, "127.0.0.1", "echo ok"], env=runner.environment(),
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                           start_new_session=True)
        assert (p.returncode, p.stdout, p.stderr) == (0, b"ok\n", b"")


# -- what is refused

@contextlib.contextmanager
def outputs(kind, tmp_path):
    if kind == "pipe":
        yield subprocess.PIPE
    elif kind == "file":
        with open(tmp_path / "out", "wb") as f:
            yield f
    elif kind == "null":
        yield subprocess.DEVNULL
    else:
        with socket.create_server(("127.0.0.1", 0)) as ls, socket.create_connection(ls.getsockname()) as s:
            yield s


@pytest.mark.parametrize("kind", ["pipe", "file", "null", "tcp"])
def test_standard_output_must_be_a_unix_socket(tmp_path, kind):
    with FakeServer(fakes.socks5()) as px, outputs(kind, tmp_path) as out:
        res = run("-F", "-S", px.spec, "192.0.2.1", "22", stdout=out)
        assert res.rc == 2, res
        assert "option -F" in res.text and "standard output is no Unix socket" in res.text, res
        assert px.conns == [], "nobody was connected to"


@pytest.mark.parametrize("words", [["-p", "0"], ["-P", "0"], ["-p", "0", "--forever"], ["--idle-timeout", "5"]], ids=" ".join)
def test_what_does_not_go_together(words):
    with FakeServer(fakes.socks5()) as px:
        with Receiver(*words, "-S", px.spec, "192.0.2.1", "22") as r:
            assert r.r.p.wait(20) == 2
            assert b"option -F does not go with " in r.r.p.stderr.read()
            assert r.mine.recv(100) == b""
        assert px.conns == []


def test_a_failed_handshake_passes_nothing():
    for script, args, rc in ((fakes.socks5(reply=b"\5\2\0\1\0\0\0\0\0\0"), ["-S"], 7),
                             (fakes.http(b"HTTP/1.1 403 no\r\n\r\n"), ["-H"], 7), (lambda c: c.rest(), ["-w", "0.3", "-S"], 8)):
        with FakeServer(script) as px:
            with Receiver(*args, px.spec, "192.0.2.1", "22") as r:
                assert r.r.p.wait(20) == rc
                assert socket.recv_fds(r.mine, 100, 4)[:2] == (b"", [])


def test_a_receiver_that_is_gone():
    started = threading.Event()

    def script(c):
        fakes.s5_greeting(c)
        assert started.wait(20)
        gone.mine.close()
        c.send(b"\5\0")
        fakes.s5_request(c)
        c.send(fakes.S5_REPLY)
        c.rest()
    with FakeServer(script) as px:
        with Receiver("-S", px.spec, "192.0.2.1", "22") as gone:
            started.set()
            assert gone.r.p.wait(20) == 9
            assert b"ERROR: cannot pass the connection to standard output: " in gone.r.p.stderr.read()


def test_debug_says_it():
    with FakeServer(fakes.socks5()) as px:
        with Receiver("-d", "-S", px.spec, "192.0.2.1", "22") as r:
            os.close(r.take())
            assert r.r.p.wait(20) == 0
            assert r.r.p.stderr.read().splitlines()[-2:] == [b"DEBUG: passed the connection on.", b"DEBUG: that's all, bye."]
