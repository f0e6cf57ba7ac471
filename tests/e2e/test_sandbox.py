# SPDX-License-Identifier: ISC
"""The sandbox: on while relaying, and its list of system calls is what the relay uses.

Each scene below is a session of another kind, run under strace.  Nothing of it may be refused, and every call that it makes
after the filter was set is in the list; all scenes together use every call of the list, or REASONS has why it is there.
"""
import os
import pathlib
import pty
import re
import signal
import socket
import subprocess
import tty

import pytest

import fakes
import runner
from fakes import FakeServer, HELLO, BYE
from runner import run, Running
from test_listen import client, listening, read_all

ROOT = pathlib.Path(runner.ROOT)
BULK = bytes(range(256)) * 16384                    # 4 MiB


def compiled_in():
    out = subprocess.run([runner.CONNECT, "--version"], stdout=subprocess.PIPE, text=True).stdout
    return re.search(r"^sandbox: (.*)$", out, re.M).group(1)


HOW = compiled_in()
needs_seccomp = pytest.mark.skipif("seccomp" not in HOW, reason="the sandbox of this program: %s" % HOW)


def test_the_version_tells_what_was_compiled_in():
    assert re.match(r"seccomp, Landlock$|Landlock \(|pledge$|none \(", HOW)


# --- is it on? ----------------------------------------------------------------------------------------------------

def status(pid):
    with open("/proc/%s/status" % pid) as f:
        text = f.read()
    return tuple(int(re.search(r"^%s:\s*(\d+)" % k, text, re.M).group(1)) for k in ("Seccomp", "NoNewPrivs"))


ON, OFF = (2, 1), (0, 0)


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(w) for w in f.read().split()]


@needs_seccomp
@pytest.mark.parametrize("args", [(), ("-d",)], ids=["quiet", "-d"])
@pytest.mark.parametrize("off", [False, True], ids=["sandbox", "no-sandbox"])
def test_it_is_on_while_relaying(args, off):
    with FakeServer(fakes.socks5()) as px:
        with Running(*args, *(["--no-sandbox"] if off else []), "-S", px.spec, "target.test", "22") as r:
            assert r.out_read(len(HELLO)) == HELLO
            assert status(r.pid) == (OFF if off else ON)
            res = r.finish(BYE)
    assert res.rc == 0 and "refused" not in res.text, res
    assert px.conns[0].app == BYE


@needs_seccomp
def test_it_is_not_on_before():
    """A password may have to be asked for, another address tried, a new connection made."""
    with FakeServer(lambda c: c.rest()) as px:
        with Running("-S", px.spec, "target.test", "22") as r:
            runner.wait_until(lambda: px.conns and px.conns[0].got, what="the greeting")
            assert status(r.pid) == OFF


@needs_seccomp
@pytest.mark.parametrize("option", ["-p", "-P"])
@pytest.mark.parametrize("off", [False, True], ids=["sandbox", "no-sandbox"])
def test_local_ports(option, off):
    with FakeServer(fakes.session) as t:
        with Running(option, "0", *(["--no-sandbox"] if off else []), "-n", "127.0.0.1", str(t.port)) as r:
            _, port = listening(r)
            assert status(r.pid) == OFF, "it waits for somebody"
            with socket.create_connection(("127.0.0.1", port), 20) as s:
                s.settimeout(20)
                assert s.recv(100) == HELLO
                assert status(r.pid) == (OFF if off else ON)


@needs_seccomp
@pytest.mark.parametrize("off", [False, True], ids=["sandbox", "no-sandbox"])
def test_forever_confines_its_sessions_and_not_itself(off):
    with FakeServer(fakes.session) as t:
        with Running("-p", "0", "--forever", *(["--no-sandbox"] if off else []), "-n", "127.0.0.1", str(t.port)) as r:
            _, port = listening(r)
            for _ in range(2):
                with socket.create_connection(("127.0.0.1", port), 20) as s:
                    s.settimeout(20)
                    assert s.recv(100) == HELLO
                    assert [status(p) for p in children(r.pid)] == [OFF if off else ON]
                    assert status(r.pid) == OFF
                runner.wait_until(lambda: not children(r.pid), what="the session's end")


@needs_seccomp
@pytest.mark.parametrize("args", [(), ("-d",)], ids=["quiet", "-d"])
def test_a_thread_that_waits_for_a_name_server_is_confined_and_ends(jail, args):
    """The name is left to the proxy after half of the limit, and who waits for its address is left behind."""
    with FakeServer(fakes.socks5()) as px:
        with jail.start(*args, "-R", "both", "--connect-timeout", "1", "-S", px.spec, "silent.test", "22") as r:
            assert r.out_read(len(HELLO)) == HELLO
            tasks = os.listdir("/proc/%d/task" % r.pid)
            assert len(tasks) == 2 and [status("%d/task/%s" % (r.pid, t)) for t in tasks] == [ON, ON]
            runner.wait_until(lambda: len(os.listdir("/proc/%d/task" % r.pid)) == 1, what="the thread's end")
            assert runner.cpu_seconds(r.pid) < 1
            res = r.finish(BYE)
    assert res.rc == 0 and px.conns[0].app == BYE, res


def test_no_sandbox_takes_no_value():
    res = run("--no-sandbox=1", "-n", "127.0.0.1", "22")
    assert res.rc == 2 and "unknown option '--no-sandbox'" in res.text, res


# --- the list ------------------------------------------------------------------------------------------------------

# Calls of the list that no scene may have made, and why they are there all the same.
REASONS = {
    "fstat": "the fstat() of musl, and of glibc before 2.33 and from 2.39 on",
    "newfstatat": "the fstat() of glibc 2.33 to 2.38",
    "ppoll": "poll() where the kernel has no poll",
    "dup3": "dup2() where the kernel has no dup2",
    "clock_gettime": "where the kernel gives programs no clock of their own",
    "brk": "the C library's memory",
    "mmap": "the C library's memory",
    "munmap": "the C library's memory, and a thread's stack",
    "madvise": "the stack of a thread that ends",
    "futex": "a lock between the session and a thread that waits for a name server",
    "rt_sigprocmask": "a thread that ends",
    "exit": "a thread that ends",
    "rt_sigreturn": "the handler of -d for refused calls; nothing is refused here",
}


def the_list():
    """(always, only where connections are accepted), from the source."""
    text = (ROOT / "src" / "connect" / "sandbox_seccomp.c").read_text()
    table = text[text.index("} calls[] = {"):text.index("#define NCALLS")]
    found = {k: set(re.findall(r"\{SYS_(\w+), (?:%s)\}" % k, table)) for k in (r"ALWAYS|ON_\w+", "ACCEPTING")}
    assert all(found.values())
    return found[r"ALWAYS|ON_\w+"], found["ACCEPTING"]


class Trace:
    """Running with strace behind it: what every process called once its filter was set."""

    def __init__(self, folder):
        self.prefix = folder / "t"

    def __call__(self, *args, **kw):
        return Running(*args, command=["strace", "-D", "-f", "-ff", "-q", "-s", "0", "-o", str(self.prefix),
                                       runner.CONNECT], **kw)

    def calls(self):
        """All names; fails if one was refused."""
        used, seen = set(), 0
        for path in self.prefix.parent.glob("t.*"):
            lines = runner.wait_until(lambda: self.ended(path), what="the end of %s" % path)
            begin = [i for i, x in enumerate(lines) if x.startswith("seccomp(") and x.endswith(" = 0")]
            seen += bool(begin)
            for line in lines[begin[0] + 1:] if begin else []:
                assert " = -1 EPERM" not in line and " = -1 ENOSYS" not in line and "SIGSYS" not in line, line
                used |= set(re.findall(r"^(\w+)\(", line))
        assert seen, "no process has set a filter"
        return used

    @staticmethod
    def ended(path):
        lines = path.read_text(errors="replace").splitlines()
        return lines if lines and lines[-1].startswith("+++ ") else None


SCENES = {}


def scene(f):
    SCENES[f.__name__] = f
    return f


def through(trace, px, *args, **kw):
    return trace(*args, "-S", px.spec, "target.test", "22", **kw)


@scene
def pipes(trace, tmp):
    """Small pieces and bulk both ways, half-close."""
    def then(c, _):
        c.send(BULK)
        c.half_close()
        c.app = c.rest()
    with FakeServer(fakes.socks5(then=then)) as px:
        with through(trace, px) as r:
            res = r.finish(BULK)
    assert res.rc == 0 and res.out == BULK and px.conns[0].app == BULK


@scene
def remote_closes_first(trace, tmp):
    """Standard output ends, and standard input goes on."""
    def then(c, _):
        c.send(HELLO)
        c.half_close()
        c.app = c.rest()
    with FakeServer(fakes.socks5(then=then)) as px:
        with through(trace, px) as r:
            assert r.out_read(len(HELLO) + 1) == HELLO
            res = r.finish(BYE)
    assert res.rc == 0 and px.conns[0].app == BYE


def over_socket(trace, ours, theirs, *args):
    def then(c, _):
        c.send(BULK)
        c.half_close()
        c.app = c.rest()
    with FakeServer(fakes.socks5(then=then)) as px:
        with through(trace, px, *args, stdin=theirs, stdout=theirs) as r:
            theirs.close()
            ours.settimeout(60)
            got = read_all(ours)
            ours.sendall(BULK)
            ours.shutdown(socket.SHUT_WR)
            assert r.finish().rc == 0
    ours.close()
    assert got == BULK and px.conns[0].app == BULK


@scene
def socketpair(trace, tmp):
    over_socket(trace, *socket.socketpair())


@scene
def tcp_socket(trace, tmp):
    with socket.create_server(("127.0.0.1", 0)) as ls:
        ours = socket.create_connection(ls.getsockname())
        theirs, _ = ls.accept()
    over_socket(trace, ours, theirs)


@scene
def files(trace, tmp):
    (tmp / "in").write_bytes(BULK)
    with open(tmp / "in", "rb") as i, open(tmp / "out", "wb") as o, FakeServer(fakes.socks5(data=BULK)) as px:
        with through(trace, px, stdin=i, stdout=o) as r:
            assert r.finish().rc == 0
    assert (tmp / "out").read_bytes() == BULK and px.conns[0].app == BULK


@scene
def terminal(trace, tmp):
    """In line mode; the remote side ends, so the person waits for nothing."""
    def then(c, _):
        c.send(HELLO)
        c.until(b"quit\n")
    master, slave = pty.openpty()
    with FakeServer(fakes.socks5(then=then)) as px:
        with through(trace, px, stdin=slave, stdout=slave) as r:
            os.write(master, b"quit\n")
            assert r.finish().rc == 0
    os.close(slave)
    os.close(master)


@scene
def terminal_hangs_up(trace, tmp):
    master, slave = pty.openpty()
    tty.setraw(slave)
    with FakeServer(fakes.socks5()) as px:
        with through(trace, px, stdin=slave, stdout=slave) as r:
            os.close(slave)
            assert os.read(master, len(HELLO)) == HELLO
            os.close(master)
            r.finish()
    assert px.conns[0].app == b""


def talkative(trace, args):
    with FakeServer(fakes.socks5(data=BULK)) as px:
        with through(trace, px, *args) as r:
            res = r.finish(BYE * 100)
    assert res.rc == 0 and res.out == BULK and b"that's all, bye." in res.err


@scene
def debug(trace, tmp):
    talkative(trace, ["-d"])


@scene
def debug_with_octets(trace, tmp):
    talkative(trace, ["-dd"])


@scene
def idle(trace, tmp):
    with FakeServer(fakes.socks5()) as px:
        with through(trace, px, "--idle-timeout", "0.3") as r:
            assert r.p.wait(runner.LIMIT) == 8
            assert b"was idle" in r.p.stderr.read()


@scene
def stopped_and_continued(trace, tmp):
    """A poll with a limit is continued by restart_syscall."""
    with FakeServer(fakes.socks5()) as px:
        with through(trace, px, "--idle-timeout", "1000") as r:
            assert r.out_read(len(HELLO)) == HELLO
            runner.wait_until(lambda: state(r.pid) == "S", what="the wait")
            os.kill(r.pid, signal.SIGSTOP)
            runner.wait_until(lambda: state(r.pid) in "Tt", what="the stop")
            os.kill(r.pid, signal.SIGCONT)
            res = r.finish(BYE)
    assert res.rc == 0 and px.conns[0].app == BYE


def state(pid):
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rsplit(")", 1)[1].split()[0]


@scene
def reset(trace, tmp):
    def then(c, _):
        c.send(HELLO)
        c.until(BYE)
        c.reset()
    with FakeServer(fakes.socks5(then=then)) as px:
        with through(trace, px) as r:
            assert r.out_read(len(HELLO)) == HELLO
            r.p.stdin.write(BYE)
            r.p.stdin.flush()
            res = r.p.wait(runner.LIMIT)
            assert res != 0 and b"broke" in r.p.stderr.read()


@scene
def nobody_reads(trace, tmp):
    """The pipe of standard output is broken."""
    def then(c, _):
        c.until(BYE)
        c.send(BULK)
        c.rest()
    with FakeServer(fakes.socks5(then=then)) as px:
        with through(trace, px) as r:
            r.p.stdout.close()
            r.p.stdin.write(BYE)
            r.p.stdin.close()
            assert r.p.wait(runner.LIMIT) in (0, 9), "the end of standard input or the broken pipe comes first"


@scene
def ended_by_a_signal(trace, tmp):
    with FakeServer(fakes.socks5()) as px:
        with through(trace, px) as r:
            assert r.out_read(len(HELLO)) == HELLO
            os.kill(r.pid, signal.SIGTERM)
            r.p.wait(runner.LIMIT)
    assert r.p.returncode != 0


@scene
def telnet_chatter(trace, tmp):
    with FakeServer(fakes.telnet(data=b"Escape character is '^]'.\r\n" + HELLO)) as px:
        with trace("-T", px.spec, "target.test", "22") as r:
            res = r.finish(BYE)
    assert res.rc == 0 and res.out.endswith(HELLO)


@scene
def password(trace, tmp):
    """What guarded the password is undone before."""
    with FakeServer(fakes.socks5(method=2)) as px:
        with trace("-S", "bob@" + px.spec, "target.test", "22", env={"SOCKS5_PASSWORD": "s3cret"}) as r:
            res = r.finish(BYE)
    assert res.rc == 0 and res.out == HELLO


@scene
def http(trace, tmp):
    def then(c, data):
        c.send(data)
        c.until(BYE)
    with FakeServer(fakes.http(then=then)) as px:
        with trace("--no-half-close", "-H", px.spec, "target.test", "22") as r:
            res = r.finish(BYE)
    assert res.rc == 0 and res.out == HELLO


@scene
def local_port(trace, tmp):
    with FakeServer(fakes.session) as t:
        with trace("-p", "0", "-n", "127.0.0.1", str(t.port)) as r:
            assert client(listening(r)[1], BULK) == HELLO
            assert r.finish().rc == 0
    assert t.conns[0].app == BULK


@scene
def local_port_held(trace, tmp):
    """The next local connection is accepted inside the sandbox."""
    with FakeServer(fakes.echo) as t:
        with trace("-P", "0", "-n", "127.0.0.1", str(t.port)) as r:
            _, port = listening(r)
            for i in range(3):
                with socket.create_connection(("127.0.0.1", port), 20) as s:
                    s.settimeout(20)
                    s.sendall(b"%d" % i)
                    assert s.recv(1) == b"%d" % i
            assert r.finish(b"").rc == 0


@scene
def local_port_for_ever(trace, tmp):
    with FakeServer(fakes.session) as t:
        with trace("-p", "0", "--forever", "-n", "127.0.0.1", str(t.port)) as r:
            _, port = listening(r)
            for _ in range(2):
                assert client(port) == HELLO
            runner.wait_until(lambda: not children(r.pid), what="the end of the sessions")


_traced = {}


def traced(name, factory):
    if name not in _traced:
        tmp = factory.mktemp(name)
        trace = Trace(tmp)
        SCENES[name](trace, tmp)
        _traced[name] = trace.calls()
    return _traced[name]


@needs_seccomp
@pytest.mark.parametrize("name", sorted(SCENES))
def test_nothing_of_the_session_is_refused(name, tmp_path_factory):
    always, accepting = the_list()
    more = traced(name, tmp_path_factory) - always - (accepting if name == "local_port_held" else set())
    assert not more


@needs_seccomp
def test_everything_in_the_list_is_used(tmp_path_factory):
    always, accepting = the_list()
    used = set().union(*(traced(name, tmp_path_factory) for name in SCENES))
    assert accepting | always == set(REASONS) | (used & (accepting | always)), "no scene uses it, and no reason is given"
    assert not set(REASONS) - always, "a reason for a call that is not in the list"
    assert used & {"fstat", "newfstatat"}


# --- where there is none ---------------------------------------------------------------------------------------------

@needs_seccomp
@pytest.mark.parametrize("call,what", [("seccomp", "seccomp"), ("landlock_create_ruleset", "Landlock"), ("landlock_restrict_self", "Landlock"),
                                       ("prctl", "sandbox")])
def test_it_goes_on_without_what_the_system_refuses(call, what):
    """As in a container that forbids it: the session goes on, and -d tells in one line."""
    refuse = ["strace", "-D", "-f", "-qq", "-o", os.devnull, "-e", "trace=%s" % call, "-e", "inject=%s:error=EPERM" % call, runner.CONNECT]
    with FakeServer(fakes.socks5()) as px:
        with Running("-d", "-S", px.spec, "target.test", "22", command=refuse) as r:
            assert r.out_read(len(HELLO)) == HELLO
            seen = status(r.pid)
            res = r.finish(BYE)
    assert res.rc == 0 and px.conns[0].app == BYE
    assert [x for x in res.lines if "sandbox" in x] == ["DEBUG: sandbox: no %s: Operation not permitted" % what]
    assert seen == {"seccomp": (0, 1), "Landlock": (2, 1), "sandbox": (0, 0)}[what]
