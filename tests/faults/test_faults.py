# SPDX-License-Identifier: ISC
"""Every system call of connect and fakeproxy fails once, at its Nth use, for N = 1, 2, ... until a run passes without
the fault having happened (shim.c).

After each run: it ended in time, by itself, with a documented status and an error of at most a few lines if that is not
0; status 0 only if every octet arrived both ways; what was delivered is always the beginning of what was sent, in
order; no process is left.  A fault that the system may answer at any time without anything being wrong (an interrupted
or short call, "try again") must not be noticed at all.
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build"))
CONNECT, FAKE, SHIM = BUILD / "connect", BUILD / "fakeproxy", BUILD / "faults.so"
LIMIT = 30              # seconds after which a run hangs
MOST = 400              # a fault that is still met then is no loop that ends
UP = bytes(range(256)) * 1500
DOWN = bytes(reversed(range(256))) * 1700
STATUSES = {0, 2, 3, 4, 5, 6, 7, 8, 9}

HARMLESS = {
    "read": ["EINTR", "EAGAIN", "short"], "write": ["EINTR", "EAGAIN", "short"], "recv": ["EINTR", "EAGAIN", "short"],
    "send": ["EINTR", "EAGAIN", "short"], "splice": ["EINTR", "EAGAIN", "short"], "poll": ["EINTR"], "ppoll": ["EINTR"],
    "epoll_wait": ["EINTR"], "accept": ["EINTR", "EAGAIN"], "connect": ["EINTR"],
}
HARD = {
    "read": ["EIO"], "write": ["EPIPE", "EIO"], "recv": ["ECONNRESET"], "send": ["ECONNRESET"],
    "splice": ["EINVAL", "ECONNRESET", "EPIPE"], "poll": ["ENOMEM"], "ppoll": ["ENOMEM"], "epoll_wait": ["ENOMEM"],
    "epoll_ctl": ["ENOMEM"], "epoll_create1": ["EMFILE"], "socket": ["EMFILE"], "connect": ["ECONNREFUSED", "ENETUNREACH"],
    "bind": ["EACCES"], "listen": ["ENOMEM"], "accept": ["EMFILE", "ECONNRESET"], "shutdown": ["ENOBUFS"],
    "setsockopt": ["EINVAL"], "getsockopt": ["ENOBUFS"], "getsockname": ["ENOBUFS"], "pipe": ["EMFILE"], "pipe2": ["EMFILE"],
    "open": ["EMFILE", "EACCES"], "dup2": ["EMFILE"], "fcntl": ["EINVAL"], "getaddrinfo": ["EAI_AGAIN", "EAI_MEMORY", "EAI_NONAME"],
    "pthread_create": ["EAGAIN"], "fork": ["ENOMEM"], "malloc": ["ENOMEM"], "sendmsg": ["EPIPE"],
    "tcsetattr": ["EIO"], "tcgetattr": ["EIO"],
}


class Target:
    """Says DOWN, half-closes, and reads to the end; one connection after another."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.got = []
        self.live = 0
        self.changed = threading.Condition()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            with self.changed:
                self.live += 1
            threading.Thread(target=self._one, args=(conn,), daemon=True).start()

    def _one(self, conn):
        got = b""
        writer = threading.Thread(target=self._say, args=(conn,), daemon=True)
        writer.start()
        try:
            while chunk := conn.recv(1 << 16):
                got += chunk
        except OSError:
            pass
        writer.join()
        conn.close()
        with self.changed:
            self.got.append(got)
            self.live -= 1
            self.changed.notify_all()

    @staticmethod
    def _say(conn):
        try:
            conn.sendall(DOWN)
            conn.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def take(self, wait):
        """What the connections since the last time said (one of a run before may be late); with wait, after one has
        said everything or all have ended."""
        with self.changed:
            if wait:
                self.changed.wait_for(lambda: UP in self.got or self.live == 0, LIMIT)
            got, self.got = self.got, []
            return got


@pytest.fixture(scope="module")
def target():
    t = Target()
    yield t
    t.sock.close()


class Fake:
    """A fakeproxy; port 0: it ended before it listened."""
    started = []

    def __init__(self, *words, env=None):
        self.p = subprocess.Popen([FAKE, "--log", "text", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env={**os.environ, **(env or {})}, text=True)
        Fake.started.append(self.p)
        line = self.p.stdout.readline()
        self.port = int(re.search(r" (\d+)$", line.strip()).group(1)) if line.strip() else 0
        self.said = []
        threading.Thread(target=self.p.stdout.read, daemon=True).start()
        self.reader = threading.Thread(target=lambda: self.said.append(self.p.stderr.read()), daemon=True)
        self.reader.start()

    def end(self):
        if self.p.poll() is None:
            self.p.terminate()
        return self.p.wait(LIMIT)


@pytest.fixture(autouse=True)
def nothing_is_left():
    """A test that fails does not come to end()."""
    yield
    for p in Fake.started:
        if p.poll() is None:
            p.kill()
            p.wait()
    Fake.started.clear()


PATHS = {
    "socks4": (["socks4"], lambda p, t: ["-4", "-S", f"alice@127.0.0.1:{p}", "127.0.0.1", str(t)], {}),
    "socks4-resolve": (["socks4"], lambda p, t: ["-4", "-R", "local", "-S", f"alice@127.0.0.1:{p}", "localhost", str(t)], {}),
    "socks5": (["socks5"], lambda p, t: ["-S", f"127.0.0.1:{p}", "127.0.0.1", str(t)], {}),
    "socks5-password": (["socks5"], lambda p, t: ["-S", f"alice@127.0.0.1:{p}", "localhost", str(t)],
                        {"SOCKS5_PASSWORD": "s3cret"}),
    "http-basic": (["http"], lambda p, t: ["-H", f"alice@127.0.0.1:{p}", "127.0.0.1", str(t)],
                   {"HTTP_PROXY_PASSWORD": "s3cret"}),
    "telnet": (["telnet"], lambda p, t: ["-T", f"127.0.0.1:{p}", "-c", "telnet %h %p", "127.0.0.1", str(t)], {}),
    "direct": (None, lambda p, t: ["-n", "localhost", str(t)], {}),
    "askpass": (["socks5"], lambda p, t: ["-S", f"alice@127.0.0.1:{p}", "127.0.0.1", str(t)],
                {"SSH_ASKPASS": "askpass", "SSH_ASKPASS_REQUIRE": "force"}),
    "debug": (["socks5"], lambda p, t: ["-d", "-S", f"127.0.0.1:{p}", "127.0.0.1", str(t)], {}),
    "rc": (["socks5"], lambda p, t: ["-S", "127.0.0.1", str(t)], {"HOME": "home"}),
}
WITH_USERS = {"socks5-password", "http-basic", "askpass"}


def run_connect(argv, env, stdin=UP):
    """(status, octets out, text of errors); ended by us is an error of the test."""
    p = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
                         start_new_session=True)
    try:
        out, err = p.communicate(stdin, LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        out, err = p.communicate()
        pytest.fail(f"hangs: {argv}: {err.decode(errors='replace')[-800:]}")
    try:
        os.killpg(p.pid, 0)
    except ProcessLookupError:
        pass
    else:
        os.killpg(p.pid, signal.SIGKILL)
        pytest.fail(f"a process is left: {argv}")
    return p.returncode, out, err.decode(errors="backslashreplace")


def check_connect(how, rc, out, err, got, harmless, debug):
    assert rc in STATUSES, f"{how}: status {rc}: {err}"
    assert DOWN.startswith(out), f"{how}: {len(out)} octets came that were not sent so"
    for g in got:
        assert UP.startswith(g), f"{how}: {len(g)} octets arrived that were not sent so"
    if rc == 0:
        assert out == DOWN, f"{how}: status 0, and {len(DOWN) - len(out)} octets are missing: {err}"
        assert UP in got, f"{how}: status 0, and {[len(g) for g in got]} octets of {len(UP)} arrived: {err}"
    else:
        assert not harmless, f"{how}: status {rc}: {err}"
        lines = [x for x in err.splitlines() if not x.startswith("DEBUG")]
        assert lines and all(re.match(r"(ERROR|FATAL|WARNING|usage|\S+: )", x) for x in lines), f"{how}: status {rc}: {err!r}"
    if not debug and rc == 0 and harmless:
        assert err == "", f"{how}: {err}"


@pytest.fixture(params=PATHS)
def path(request, target, tmp_path):
    words, argv, env = PATHS[request.param]
    users = {"FAKEPROXY_USER": "alice:s3cret"} if request.param in WITH_USERS else {}
    fake = Fake(*words, env=users) if words else None
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C", **env}
    if "SSH_ASKPASS" in env:
        env["SSH_ASKPASS"] = str(tmp_path / "askpass")
        (tmp_path / "askpass").write_text("#!/bin/sh\necho s3cret\n")
        (tmp_path / "askpass").chmod(0o700)
    if env["HOME"] == "home":
        env["HOME"] = str(tmp_path)
        (tmp_path / ".connectrc").write_text(f"SOCKS5_SERVER=127.0.0.1:{fake.port}\nSOCKS5_USER=bob\n")
        (tmp_path / ".connectrc").chmod(0o600)
    words = argv(fake.port if fake else 0, target.port)
    if request.param == "rc":
        words = ["-s", *words[1:]]
        del words[1:1]
    yield request.param, [str(CONNECT), *words], env
    if fake:
        assert fake.end() in (0, -signal.SIGTERM, 143)


def was_met(hit):
    return hit.exists() and hit.stat().st_size > 0


def loop(call, fault, once):
    """once(n) runs with the nth call failing and says whether that happened."""
    for n in range(1, MOST):
        if not once(n):
            return n - 1
    pytest.fail(f"{call} {fault}: still met at the {MOST}th call")


@pytest.mark.parametrize("kind", ["harmless", "hard"])
def test_connect(path, target, tmp_path, kind):
    name, argv, env = path
    met = {}
    hit = tmp_path / "hit"
    rc, out, err = run_connect(argv, env)
    check_connect("no fault", rc, out, err, target.take(True), True, name == "debug")
    wrong = []
    for call, faults in (HARMLESS if kind == "harmless" else HARD).items():
        for fault in faults:
            if name in ("askpass", "rc") and (call, fault) == ("read", "EAGAIN"):
                continue  # a file and a pipe that blocks do not say so
            def once(n):
                hit.unlink(missing_ok=True)
                rc, out, err = run_connect(argv, {**env, "LD_PRELOAD": str(SHIM), "FAULT_HIT": str(hit),
                                                  "FAULT": f"connect:{call}:{n}:{fault}"})
                got = target.take(rc == 0)
                try:
                    check_connect(f"{name}: {call} no. {n} {fault}", rc, out, err, got,
                                  kind == "harmless" or not was_met(hit), name == "debug")
                except AssertionError as e:
                    wrong.append(str(e).splitlines()[0])
                return was_met(hit)
            met[call, fault] = loop(call, fault, once)
    assert not wrong, "\n".join(wrong)
    assert sum(met.values()) > 10, met
    print(f"{name}: {sum(met.values())} faults met;", " ".join(f"{c}:{f}={n}" for (c, f), n in met.items() if n))


# fakeproxy: only what it calls.  Its log and its messages go to descriptors that block, which never say "try again".
SERVER_PATHS = {"socks4-resolve": [], "socks5-password": [], "http-basic": ["--trace", "traces"], "telnet": ["-o", "dialect=delegate"]}
SERVER_HARMLESS = {
    "read": ["EINTR", "EAGAIN", "short"], "write": ["EINTR", "short"], "recv": ["EINTR", "EAGAIN", "short"],
    "send": ["EINTR", "EAGAIN", "short"], "epoll_wait": ["EINTR"], "accept": ["EINTR", "EAGAIN", "ECONNABORTED"],
    "connect": ["EINTR"],
}
SERVER_HARD = {c: HARD[c] for c in [
    "read", "write", "recv", "send", "epoll_wait", "epoll_ctl", "epoll_create1", "socket", "bind", "listen", "accept",
    "connect", "shutdown", "setsockopt", "getsockopt", "getsockname", "pipe", "open", "fcntl", "getaddrinfo", "pthread_create", "malloc"]}
RECORD = r"fakeproxy: cannot write the (log on standard error|trace \S+): "


def session(target, argv, env):
    """Through a server in which something failed: what arrives is right as far as it goes."""
    rc, out, err = run_connect(argv, env)
    got = target.take(rc == 0)
    assert rc in STATUSES and DOWN.startswith(out), f"status {rc}, {len(out)} octets: {err}"
    assert all(UP.startswith(g) for g in got), "other octets arrived"
    return rc == 0 and out == DOWN and UP in got


def fake_once(target, name, kind, call, n, fault, tmp_path):
    """What was wrong, or "", and whether the fault was met."""
    words, argv, env = PATHS[name]
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C", **env}
    hit = tmp_path / "hit"
    hit.unlink(missing_ok=True)
    fake = Fake(*words, *[str(tmp_path) if w == "traces" else w for w in SERVER_PATHS[name]],
                env={"FAULT": f"fakeproxy:{call}:{n}:{fault}", "FAULT_HIT": str(hit), "LD_PRELOAD": str(SHIM),
                     **({"FAKEPROXY_USER": "alice:s3cret"} if name in WITH_USERS else {})})
    wrong = []
    if fake.port != 0:
        line = [str(CONNECT), *argv(fake.port, target.port)]
        try:
            whole = session(target, line, env)
            if not whole and (kind == "harmless" or not was_met(hit)):
                wrong.append("the session is not whole")
            if was_met(hit) and not session(target, line, env):
                wrong.append("the next session is not whole")
        except (AssertionError, pytest.fail.Exception) as e:
            wrong.append(str(e).splitlines()[0])
        if fake.p.poll() is not None:
            wrong.append("the server ended")
    try:
        status = fake.end()
    except subprocess.TimeoutExpired:
        fake.p.kill()
        return "does not end on SIGTERM", was_met(hit)
    fake.reader.join(LIMIT)
    said = fake.said[0]
    complaints = [x for x in said.splitlines() if x.startswith("fakeproxy: ")]
    if fake.port == 0:
        if kind == "harmless" or status not in (1, 2) or not re.match(r"fakeproxy: [^\n]+\n$", said):
            wrong.append("does not start")
    elif kind == "hard" and len(complaints) == 1 and re.match(RECORD, complaints[0]):
        if status != 1:
            wrong.append("a record is missing and the status is not 1")
    elif status != 0 or complaints:
        wrong.append("complains")
    return f"{', '.join(wrong)}: status {status}, {said[-400:]!r}" if wrong else "", was_met(hit)


@pytest.mark.parametrize("kind", ["harmless", "hard"])
@pytest.mark.parametrize("name", SERVER_PATHS)
def test_fakeproxy(name, kind, target, tmp_path):
    """The session may be lost by a hard fault, the server may not: the next one goes through, and SIGTERM ends it."""
    met, wrong = {}, []

    def once(call, fault, n):
        what, hit = fake_once(target, name, kind, call, n, fault, tmp_path)
        if what:
            wrong.append(f"{name}: {call} no. {n} {fault}: {what}")
        return hit

    for call, faults in (SERVER_HARMLESS if kind == "harmless" else SERVER_HARD).items():
        for fault in faults:
            met[call, fault] = loop(call, fault, lambda n, c=call, f=fault: once(c, f, n))
    assert not wrong, "\n".join(wrong)
    assert sum(met.values()) > 10, met
    print(f"fakeproxy {name}: {sum(met.values())} faults met;", " ".join(f"{c}:{f}={n}" for (c, f), n in met.items() if n))


def take(s, n):
    """n octets; MSG_WAITALL does not wait for them where the socket has a time limit."""
    got = b""
    while len(got) < n:
        piece = s.recv(n - len(got))
        assert piece, got
        got += piece
    return got


def test_urgent():
    """A read ends in front of an urgent octet (RFC 9293 3.8.5) though more is there, and no new edge will tell so."""
    fake = Fake("socks4")
    with socket.create_server(("127.0.0.1", 0)) as listener, \
            socket.create_connection(("127.0.0.1", fake.port), LIMIT) as client:
        client.sendall(b"\x04\x01" + listener.getsockname()[1].to_bytes(2, "big") + b"\x7f\0\0\1\0")
        far, _ = listener.accept()
        take(client, 8)
        fake.p.send_signal(signal.SIGSTOP)
        os.waitpid(fake.p.pid, os.WUNTRACED)
        client.sendall(b"a" * 100)
        client.send(b"!", socket.MSG_OOB)
        client.sendall(b"b" * 100)
        fake.p.send_signal(signal.SIGCONT)
        far.settimeout(LIMIT)
        assert take(far, 200) == b"a" * 100 + b"b" * 100
        far.close()
    assert fake.end() == 0
