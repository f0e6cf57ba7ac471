# SPDX-License-Identifier: ISC
"""Where a password is once the handshake is over: nowhere in the process.  And before that: out of reach of the user's
other processes, and of a core file.

Every mapping of a stopped connect is read, as root does; a run that still waits for the proxy is the proof that the
search finds a password which is there.
"""
import base64
import fcntl
import os
import pty
import resource
import shutil
import signal
import socket
import subprocess
import sys
import termios
import threading
import tty

import pytest

import fakes
import runner
from fakes import FakeServer, HELLO
from runner import Running

USER, PASSWORD = "alice", "Vq8-mZ_tortoise-51"
ASK = b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\n"
KEPT, NEW = ASK + b"Content-Length: 0\r\n\r\n", ASK + b"Connection: close\r\n\r\n"
OTHER = 64999               # a user without privileges


def pieces():
    """The password, what stands for it on the wire, and every eight octets of either."""
    plain = PASSWORD.encode()
    code = base64.b64encode(b"%s:%s" % (USER.encode(), plain))
    message = b"\1%c%s%c%s" % (len(USER), USER.encode(), len(plain), plain)
    hidden = {plain, code, message}
    hidden |= {plain[i:i + 8] for i in range(len(plain) - 7)}
    hidden |= {code[i:i + 8] for i in range(8, len(code) - 7)}  # the front is the user's
    return hidden


def mappings(pid):
    """Every readable mapping, with its octets."""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            where, mode, *_ = line.split()
            if "r" not in mode or line.rstrip().endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            low, high = (int(x, 16) for x in where.split("-"))
            mem.seek(low)
            octets = b""
            while len(octets) < high - low:
                more = mem.read(high - low - len(octets))
                if not more:
                    break
                octets += more
            yield line.rstrip(), octets


def found(pid):
    """Where the password is; the process is stopped meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    runner.wait_until(lambda: open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[0] == "T", what="the stop")
    try:
        read = list(mappings(pid))
        assert sum(len(o) for _, o in read) > 100000 and any("[stack]" in m for m, _ in read)
        hits = ["%s: %r" % (m, p) for m, o in read for p in pieces() if p in o]
        for name in ("cmdline", "environ"):
            with open("/proc/%d/%s" % (pid, name), "rb") as f:
                octets = f.read()
            hits += ["%s: %r" % (name, p) for p in pieces() if p in octets]
        return hits
    finally:
        os.kill(pid, signal.SIGCONT)


class Source:
    """The environment or files that tell the password; typed: the answer to a prompt on a terminal."""

    def __init__(self, kind, tmp_path):
        self.kind, self.env, self.typed = kind, {}, kind == "terminal"
        home = tmp_path / "home"
        home.mkdir()
        self.env["HOME"] = str(home)
        if kind == "environment":
            self.env.update(SOCKS5_PASSWORD=PASSWORD, HTTP_PROXY_PASSWORD=PASSWORD, CONNECT_PASSWORD=PASSWORD)
        elif kind == "file":
            rc = home / ".connectrc"
            rc.write_text('# old: %s\nCONNECT_PASSWORD = %s\nSOCKS5_PASSWORD = "%s" # it\nHTTP_PROXY_PASSWORD=%s' % ((PASSWORD,) * 4))
            rc.chmod(0o600)
        elif kind == "askpass":
            ask = tmp_path / "ask"
            ask.write_text("#!/bin/sh\nprintf '%%s\\n' '%s'\n" % PASSWORD)
            ask.chmod(0o755)
            self.env.update(SSH_ASKPASS=str(ask), SSH_ASKPASS_REQUIRE="force")

    def start(self, *args, **kw):
        if not self.typed:
            return Running(*args, env=self.env, **kw)
        master, slave = pty.openpty()
        r = Running(*args, env=self.env, preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0), pass_fds=[slave], **kw)
        os.close(slave)
        seen = b""
        while not seen.endswith(b"127.0.0.1: "):
            seen += os.read(master, 1000)
        os.write(master, PASSWORD.encode() + b"\n")
        r.master = os.fdopen(master, "rb")      # closed with r
        return r


SOURCES = ["environment", "file", "terminal", "askpass"]
METHODS = {
    "socks5": (["-S"], lambda then=fakes.session: fakes.socks5(method=2, then=then)),
    "socks5 pipelined": (["-a", "userpass", "--pipeline", "-S"], lambda then=fakes.session: pipelined(then)),
    "http kept": (["-H"], lambda then=fakes.session: fakes.http(KEPT, fakes.OK_HEAD, then=then)),
    "http new": (["-H"], lambda then=fakes.session: fakes.http(NEW, fakes.OK_HEAD, then=then)),
    "http/1.0": (["--http1.0", "-H"], lambda then=fakes.session: fakes.http(NEW, b"HTTP/1.0 200 OK\r\n\r\n", then=then)),
}


def pipelined(then):
    def script(c):
        fakes.s5_greeting(c)
        fakes.s5_userpass(c)
        fakes.s5_request(c)
        c.send(b"\5\2" b"\1\0" + fakes.S5_REPLY)
        then(c, HELLO)
    return script


@pytest.mark.parametrize("debug", [[], ["-dd"]], ids=["plain", "debug"])
@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("name", METHODS)
def test_no_password_is_left_after_the_handshake(name, kind, debug, tmp_path):
    options, make = METHODS[name]
    source = Source(kind, tmp_path)
    with FakeServer(make()) as px:
        with source.start(*debug, *options, USER + "@" + px.spec, "192.0.2.1", "22") as r:
            assert r.out_read(len(HELLO)) == HELLO
            assert found(r.pid) == []
            res = r.finish(b"")
    assert res.rc == 0, res
    sent = b"".join(px.got)
    assert any(p in sent for p in pieces()), "the password was not used"
    assert not any(p in res.err + res.out for p in pieces()), res


@pytest.mark.parametrize("name,options,script", [
    ("telnet", ["-T"], fakes.telnet), ("socks4", ["-4", "-S"], fakes.socks4), ("socks5 without", ["-S"], fakes.socks5), ("http", ["-H"], fakes.http)])
def test_no_password_is_left_where_none_was_wanted(name, options, script, tmp_path):
    for kind in ("environment", "file"):
        (tmp_path / kind).mkdir()
        with FakeServer(script()) as px:
            with Source(kind, tmp_path / kind).start(*options, USER + "@" + px.spec, "192.0.2.1", "22") as r:
                assert r.out_read(len(HELLO)) == HELLO
                assert found(r.pid) == [], (name, kind)
                assert r.finish(b"").rc == 0
        assert not any(p in b"".join(px.got) for p in pieces())


def test_a_variable_that_stands_twice_in_the_environment(tmp_path):
    """A shell keeps one; execve(2) takes what it is given."""
    program = tmp_path / "twice.py"
    program.write_text("import ctypes, sys\nlibc = ctypes.CDLL(None)\n"
                       "def strings(a): return (ctypes.c_char_p * (len(a) + 1))(*a, None)\n"
                       "a = [x.encode() for x in sys.argv[1:]]\np = b'SOCKS5_PASSWORD=%s'\n"
                       "libc.execve(a[0], strings(a), strings([p, p, b'HOME=/']))\n" % PASSWORD)
    with FakeServer(fakes.socks5(method=2)) as px:
        with Running("-S", USER + "@" + px.spec, "192.0.2.1", "22",
                     command=[sys.executable, str(program), runner.CONNECT]) as r:
            assert r.out_read(len(HELLO)) == HELLO
            assert found(r.pid) == []
            assert r.finish(b"").rc == 0


# -- while it is held

class Pause:
    """A proxy that has the password and waits before it answers."""

    def __init__(self):
        self.asked, self.go = threading.Event(), threading.Event()

    def __call__(self, c):
        fakes.s5_greeting(c)
        c.send(b"\5\2")
        fakes.s5_userpass(c)
        self.asked.set()
        self.go.wait(20)
        c.send(b"\1\0")
        fakes.s5_request(c)
        c.send(fakes.S5_REPLY)
        fakes.session(c, HELLO)


@pytest.fixture
def program(tmp_path):
    """A copy that another user can execute and read."""
    for p in tmp_path.parents:
        if str(p).startswith("/tmp/"):
            os.chmod(p, p.stat().st_mode | 0o011)
    tmp_path.chmod(0o755)
    shutil.copy(runner.CONNECT, tmp_path / "connect")
    (tmp_path / "connect").chmod(0o755)
    return str(tmp_path / "connect")


PROBE = r"""
import ctypes, errno, os, sys
pid, PTRACE_ATTACH, PTRACE_DETACH = int(sys.argv[1]), 16, 17
def tried(f):
    try:
        return "opened" if f() is not None else "?"
    except OSError as e:
        return errno.errorcode[e.errno]
print("environ", tried(lambda: open("/proc/%d/environ" % pid, "rb").read()))
def mem():
    low = int([m for m in open("/proc/%d/maps" % pid) if "[stack]" in m][0].split("-")[0], 16)
    with open("/proc/%d/mem" % pid, "rb", 0) as f:
        f.seek(low)
        return f.read(100)
print("mem", tried(mem))
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
if libc.ptrace(PTRACE_ATTACH, pid, None, None) == 0:
    os.waitpid(pid, 0x40000000)
    libc.ptrace(PTRACE_DETACH, pid, None, None)
    print("ptrace opened")
else:
    print("ptrace", errno.errorcode[ctypes.get_errno()])
"""
AS_OTHER = dict(user=OTHER, group=OTHER, extra_groups=[])


def probe(pid):
    out = subprocess.run([sys.executable, "-c", PROBE, str(pid)], stdout=subprocess.PIPE, check=True, timeout=20, **AS_OTHER).stdout
    return dict(line.split() for line in out.decode().splitlines())


def yama():
    """Does this system let a user trace his own processes at all?"""
    try:
        with open("/proc/sys/kernel/yama/ptrace_scope") as f:
            return f.read().strip() != "0"
    except FileNotFoundError:
        return False


def test_the_search_finds_a_password_that_is_there():
    with FakeServer(p := Pause()) as px:
        with Running("-S", USER + "@" + px.spec, "192.0.2.1", "22", env={"SOCKS5_PASSWORD": PASSWORD}) as r:
            assert p.asked.wait(20)
            hits = found(r.pid)
            assert any("[stack]" in h for h in hits) and any("environ" in h for h in hits), hits
            p.go.set()
            assert r.out_read(len(HELLO)) == HELLO
            assert found(r.pid) == []
            assert r.finish(b"").rc == 0


@pytest.mark.parametrize("kind", SOURCES)
def test_no_other_process_of_the_user_reads_it_while_it_is_held(kind, program, tmp_path):
    source = Source(kind, tmp_path)
    home = tmp_path / "home"
    for p in (home, *home.iterdir()):
        os.chown(p, OTHER, OTHER)
    with FakeServer(p := Pause()) as px:
        with source.start("-S", USER + "@" + px.spec, "192.0.2.1", "22", command=[program], **AS_OTHER) as r:
            assert p.asked.wait(20)
            held = probe(r.pid)
            p.go.set()
            assert r.out_read(len(HELLO)) == HELLO
            later = probe(r.pid)
            res = r.finish(b"")
    assert res.rc == 0, res
    assert held == {"environ": "EACCES", "mem": "EACCES", "ptrace": "EPERM"}, held
    # and afterwards as any other process, so the refusals above are not the system's
    assert later["environ"] == "opened", later
    if not yama():
        assert later == {"environ": "opened", "mem": "opened", "ptrace": "opened"}, later


@pytest.mark.skipif(not shutil.which("gdb"), reason="there is no gdb here")
def test_gdb_cannot_attach(program):
    def attach(pid):
        return subprocess.run(["gdb", "-nx", "-batch", "-p", str(pid)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, env={"HOME": "/", "PATH": runner.PATH}, **AS_OTHER).stdout.decode()
    with FakeServer(p := Pause()) as px:
        with Running("-S", USER + "@" + px.spec, "192.0.2.1", "22", env={"SOCKS5_PASSWORD": PASSWORD}, command=[program], **AS_OTHER) as r:
            assert p.asked.wait(20)
            assert "ptrace: " in attach(r.pid)
            p.go.set()
            assert r.out_read(len(HELLO)) == HELLO
            assert r.finish(b"").rc == 0


def test_a_session_of_an_unprivileged_user_opens_its_output_again(program):
    """/proc/self belongs to root while the password is held.  The relay opens its output by that way, after the wipe, so
    that what it shares with another program is not made non-blocking for that one: a terminal (a pipe can be told with each
    write, on newer kernels)."""
    outr, outw = os.openpty()
    tty.setraw(outw)
    os.fchown(outw, OTHER, OTHER)           # as if its user had opened it
    try:
        with FakeServer(fakes.socks5(method=2)) as px:
            with Running("-S", USER + "@" + px.spec, "192.0.2.1", "22", env={"SOCKS5_PASSWORD": PASSWORD}, command=[program],
                         stdout=outw, **AS_OTHER) as r:
                assert os.read(outr, len(HELLO)) == HELLO
                with open("/proc/%d/fdinfo/1" % r.pid) as f:
                    flags = int(next(x for x in f if x.startswith("flags:")).split()[1], 8)
                assert flags & os.O_NONBLOCK and not fcntl.fcntl(outw, fcntl.F_GETFL) & os.O_NONBLOCK
                assert os.stat("/proc/%d/fd" % r.pid).st_uid == OTHER
                assert r.finish(b"").rc == 0
    finally:
        os.close(outr), os.close(outw)


def unlimited():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def core_limit(pid):
    with open("/proc/%d/limits" % pid) as f:
        return next(x.split()[4:6] for x in f if x.startswith("Max core file size"))


def test_no_core_is_written_while_it_is_held(tmp_path):
    """Neither by the limit, which every system has, nor by the mark of the process, which holds for a core_pattern that is
    a pipe, too.  Afterwards both are as they were."""
    def start(px):
        return Running("-S", USER + "@" + px.spec, "192.0.2.1", "22", env={"SOCKS5_PASSWORD": PASSWORD}, cwd=tmp_path, preexec_fn=unlimited)
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    shown = "unlimited" if hard == resource.RLIM_INFINITY else str(hard)
    with FakeServer(p := Pause(), strict=False) as px:
        with start(px) as r:
            assert p.asked.wait(20)
            assert core_limit(r.pid) == ["0", shown]
            os.kill(r.pid, signal.SIGABRT)
            _, status = os.waitpid(r.pid, 0)
            r.p.returncode = -6
            p.go.set()
            assert os.WTERMSIG(status) == signal.SIGABRT and not os.WCOREDUMP(status)
    assert not list(tmp_path.iterdir())
    with FakeServer(p := Pause(), strict=False) as px:
        p.go.set()
        with start(px) as r:
            assert r.out_read(len(HELLO)) == HELLO
            assert core_limit(r.pid) == [shown, shown]


def test_the_askpass_program_keeps_its_limits(tmp_path):
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\nulimit -S -c > %s\necho %s\n" % (tmp_path / "seen", PASSWORD))
    ask.chmod(0o755)
    with FakeServer(fakes.socks5(method=2)) as px:
        with Running("-S", USER + "@" + px.spec, "192.0.2.1", "22", env={"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"},
                     preexec_fn=unlimited) as r:
            assert r.out_read(len(HELLO)) == HELLO
            assert r.finish(b"").rc == 0
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    assert (tmp_path / "seen").read_text().strip() == ("unlimited" if hard == resource.RLIM_INFINITY else str(hard // 512))


def test_every_session_of_forever_holds_nothing_but_the_listener_does(program):
    """The listener needs the password for the next session, and stays closed; each session wipes its own copy."""
    with FakeServer(fakes.socks5(method=2)) as px:
        with Running("-p", "0", "--forever", "-S", USER + "@" + px.spec, "192.0.2.1", "22", env={"SOCKS5_PASSWORD": PASSWORD},
                     command=[program], **AS_OTHER) as r:
            port = int(r.err_until(b"\n").split(b":")[-1])
            for _ in range(2):
                with socket.create_connection(("127.0.0.1", port)) as s:
                    s.settimeout(20)
                    assert s.recv(100) == HELLO
                    with open("/proc/%d/task/%d/children" % (r.pid, r.pid)) as f:
                        child = int(f.read().split()[-1])
                    assert found(child) == []
                    assert probe(child)["environ"] == "opened"
                    assert probe(r.pid) == {"environ": "EACCES", "mem": "EACCES", "ptrace": "EPERM"}
            assert any("environ" in h for h in found(r.pid))
