# SPDX-License-Identifier: ISC
"""Several addresses of a proxy or target race (D12, RFC 8305): what is tried, in which order, and who wins.

A black hole is a listener whose backlog is full: its connections are never answered and never refused.  Nothing here
measures time: with no deadline at all, only a client that does not wait for the first address reaches the second.
"""
import contextlib
import ctypes
import os
import random
import re
import socket
import subprocess
import threading

import pytest

import dnsfake
import fakes
import runner
from fakes import FakeServer, HELLO, BYE
from runner import Running, run

HOLE, OTHER = "127.0.0.1", "127.66.6.6"         # getaddrinfo() has 127.0.0.1 first, it is nearest to the source
NO_DEADLINE = ("--connect-timeout", "0")


def shared_port():
    """A port that is free on each address here.  One that the kernel gives for one address may be somebody's on another; below
    those that it gives nobody takes one by chance."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        end = int(f.read().split()[0])
    for port in random.sample(range(max(1024, end - 16000), end), 100):
        with contextlib.ExitStack() as stack:
            try:
                for host in (HOLE, OTHER, "127.66.6.7"):
                    s = stack.enter_context(socket.socket())
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind((host, port))
                    s.listen()
                return port
            except OSError:
                continue
    raise AssertionError("no port is free on all of the addresses")


@contextlib.contextmanager
def black_hole(port, host=HOLE):
    with contextlib.ExitStack() as stack:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        ls = stack.enter_context(socket.socket(family))
        ls.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ls.bind((host, port))
        ls.listen(0)
        for _ in range(4):
            s = stack.enter_context(socket.socket(family))
            s.setblocking(False)
            s.connect_ex((host, port))
        yield ls


def tried(res):
    return re.findall(r"^DEBUG: connecting to (\S+)$", res.text, re.M)


def errors(res):
    return [x for x in res.lines if x.startswith("ERROR: ")]


PROXIES = {"socks5": (("-S",), fakes.socks5), "socks4": (("-4", "-S"), fakes.socks4), "http": (("-H",), fakes.http),
           "telnet": (("-T",), lambda: fakes.telnet(b"Connected to 192.0.2.1.\r\n"))}


@pytest.mark.parametrize("kind", sorted(PROXIES))
def test_the_second_address_of_a_proxy_wins(jail, dns, kind):
    options, script = PROXIES[kind]
    dns.zone["race.test"] = [HOLE, OTHER]
    with FakeServer(script(), host=OTHER, port=shared_port()) as px, black_hole(px.port):
        res = jail.run("-d", *NO_DEADLINE, *options, "race.test:%d" % px.port, "192.0.2.1", "22", stdin=BYE)
    assert (res.rc, res.out) == (0, HELLO), res
    assert tried(res) == ["%s:%d" % (HOLE, px.port), "%s:%d" % (OTHER, px.port)]
    assert not errors(res), res
    assert len(px.conns) == 1


def test_the_second_address_of_a_target_wins_by_the_system_and_by_a_name_server(jail, dns):
    dns.zone["race.test"] = [HOLE, OTHER]
    with dnsfake.FakeDNS({"race.test": [HOLE, OTHER]}) as ns:
        for runs in (lambda *a, **kw: jail.run(*a, **kw), lambda *a, **kw: run("-R", ns.addr, *a, **kw)):
            with FakeServer(fakes.session, host=OTHER, port=shared_port()) as target, black_hole(target.port):
                res = runs("-d", *NO_DEADLINE, "race.test", str(target.port), stdin=BYE)
            assert (res.rc, res.out) == (0, HELLO), res
            assert tried(res) == ["%s:%d" % (HOLE, target.port), "%s:%d" % (OTHER, target.port)]


def test_the_losers_are_closed():
    """While the session lives there is one socket, and the line of the loser says that it did not answer yet."""
    with dnsfake.FakeDNS({"race.test": [HOLE, "127.66.6.7", OTHER]}) as ns, \
            FakeServer(fakes.echo, host=OTHER, port=shared_port()) as target, black_hole(target.port), \
            black_hole(target.port, "127.66.6.7"):
        with Running("-d", *NO_DEADLINE, "-R", ns.addr, "race.test", str(target.port)) as r:
            r.p.stdin.write(b"ping")
            r.p.stdin.flush()
            assert r.out_read(4) == b"ping"
            fds = "/proc/%d/fd" % r.pid
            sockets = [f for f in os.listdir(fds) if os.readlink(fds + "/" + f).startswith("socket:")]
            res = r.finish(b"")
    assert len(sockets) == 1
    assert res.rc == 0
    for host in (HOLE, "127.66.6.7"):
        assert "DEBUG: target race.test:%d: cannot connect to %s:%d: it did not answer yet" % (
            target.port, host, target.port) in res.lines, res


def test_a_refusal_starts_the_next_at_once():
    """Twenty refusals, then the one that answers: with a stagger between them it would be too late."""
    dead = ["127.66.7.%d" % i for i in range(1, 21)]
    with dnsfake.FakeDNS({"race.test": dead + [OTHER]}) as ns, FakeServer(fakes.session, host=OTHER, port=shared_port()) as target:
        res = run("-d", "-w", "4", "-R", ns.addr, "race.test", str(target.port), stdin=BYE)
    assert (res.rc, res.out) == (0, HELLO), res
    assert tried(res) == ["%s:%d" % (h, target.port) for h in dead + [OTHER]]


def test_a_refusal_behind_a_black_hole_does_not_end_it():
    with dnsfake.FakeDNS({"race.test": [HOLE, "127.66.7.1", OTHER]}) as ns, \
            FakeServer(fakes.session, host=OTHER, port=shared_port()) as target, black_hole(target.port):
        res = run("-d", *NO_DEADLINE, "-R", ns.addr, "race.test", str(target.port), stdin=BYE)
    assert (res.rc, res.out) == (0, HELLO), res
    assert tried(res) == ["%s:%d" % (h, target.port) for h in (HOLE, "127.66.7.1", OTHER)]


def test_a_slow_first_address_may_still_win():
    """The first answers after the second was begun: the black hole gets room, and its own next attempt succeeds."""
    with dnsfake.FakeDNS({"race.test": [HOLE, "127.66.6.7"]}) as ns, \
            FakeServer(fakes.session, host=OTHER, port=shared_port()) as elsewhere, contextlib.ExitStack() as stack:
        port = elsewhere.port
        ls = stack.enter_context(black_hole(port))
        stack.enter_context(black_hole(port, "127.66.6.7"))
        with Running("-d", *NO_DEADLINE, "-R", ns.addr, "race.test", str(port)) as r:
            r.err_until(b"connecting to 127.66.6.7:")
            ls.settimeout(20)
            for _ in range(8):
                s, peer = ls.accept()
                stack.callback(s.close)
                s.settimeout(20)
                if inode_of(peer) in inodes(r.pid):
                    break
            else:
                pytest.fail("it did not come to the first address")
            s.sendall(HELLO)
            assert r.out_read(len(HELLO)) == HELLO
            s.shutdown(socket.SHUT_WR)
            assert r.finish(b"").rc == 0


def inode_of(peer):
    word = "%s:%04X" % (socket.inet_aton(peer[0])[::-1].hex().upper(), peer[1])
    with open("/proc/net/tcp") as f:
        for line in f:
            w = line.split()
            if w[1] == word:
                return w[9]
    return None


def inodes(pid):
    d = "/proc/%d/fd" % pid
    return {m.group(1) for f in os.listdir(d) for m in [re.match(r"socket:\[(\d+)\]", os.readlink(d + "/" + f))] if m}


def test_all_refused_every_address_is_reported(jail, dns):
    """Families take turns; each address with its reason, then connect.c's last line."""
    zone = ["127.66.7.1", "127.66.7.2", "127.66.7.3", "::1"]
    dns.zone["refused.test"] = zone
    with dnsfake.FakeDNS({"refused.test": zone}) as ns:
        port = unused_port()
        target = run("-d", "-R", ns.addr, "refused.test", str(port))
    proxy = jail.run("-S", "refused.test:%d" % port, "192.0.2.1", "22")
    order = ["127.66.7.1:%d", "[::1]:%d", "127.66.7.2:%d", "127.66.7.3:%d"]
    assert tried(target) == [x % port for x in order]
    assert target.rc == proxy.rc == 4
    assert errors(target) == ["ERROR: target refused.test:%d: cannot connect to %s: Connection refused" % (port, x % port)
                              for x in order]
    assert target.lines[-1] == "FATAL: Unable to connect to destination host, errno=111"
    assert sorted(errors(proxy)) == sorted(
        "ERROR: proxy refused.test:%d: cannot connect to %s: Connection refused" % (port, x % port) for x in order)
    assert proxy.lines[-1] == "FATAL: Unable to connect to relay host, errno=111"


def unused_port():
    """A port that nobody listens on: bound, and not listening, for as long as the program runs."""
    s = socket.socket(socket.AF_INET6)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", 0))
    unused_port.keep = s
    return s.getsockname()[1]


def test_one_deadline_for_all(jail):
    """Black holes and refusals: all are begun, the deadline ends them together, each has its reason."""
    with FakeServer(fakes.session, host=OTHER, port=shared_port()) as somewhere, \
            dnsfake.FakeDNS({"race.test": [HOLE, "127.66.7.1", "127.66.6.7"]}) as ns:
        port = somewhere.port
        with black_hole(port), black_hole(port, "127.66.6.7"):
            for option in (("-w", "2"), ("--connect-timeout", "2")):
                res = run(*option, "-R", ns.addr, "race.test", str(port))
                assert res.rc == 8 and res.out == b"", res
                assert errors(res) == ["ERROR: target race.test:%d: cannot connect to %s:%d: %s" % (port, host, port, why)
                                       for host, why in ((HOLE, "timed out"), ("127.66.7.1", "Connection refused"),
                                                         ("127.66.6.7", "timed out"))], res
                assert res.lines[-1].startswith("FATAL: Unable to connect to destination host, errno="), res


def test_the_second_connection_goes_to_the_address_that_worked(jail, dns):
    """HTTP, 407 with a close: a new connection, without a second race."""
    ask = b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=x\r\nConnection: close\r\n\r\n"
    dns.zone["race.test"] = [HOLE, OTHER]
    with FakeServer(fakes.http(ask, fakes.OK_HEAD), host=OTHER, port=shared_port()) as px, black_hole(px.port):
        res = jail.run("-d", *NO_DEADLINE, "-H", "bob@race.test:%d" % px.port, "192.0.2.1", "22", stdin=BYE,
                       env={"HTTP_PROXY_PASSWORD": "pw"})
    assert (res.rc, res.out) == (0, HELLO), res
    there = "%s:%d" % (OTHER, px.port)
    assert tried(res) == ["%s:%d" % (HOLE, px.port), there, there]
    assert len(dns.queries) == len(set(dns.queries)), "the name is resolved once"


def test_the_second_connection_is_not_a_race_again(jail, dns):
    """The address that asked for the password refuses now: the other one, which would accept, is not asked."""
    ask = b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=x\r\nConnection: close\r\n\r\n"

    def script(c):
        c.head()
        px.lsock.shutdown(socket.SHUT_RDWR)
        c.send(ask)
        c.half_close()
        c.rest()
    dns.zone["race.test"] = [HOLE, OTHER]
    with FakeServer(fakes.http(), host=OTHER, port=shared_port()) as other, FakeServer(script, host=HOLE, port=other.port) as px:
        res = jail.run("-H", "bob@race.test:%d" % px.port, "192.0.2.1", "22", env={"HTTP_PROXY_PASSWORD": "pw"})
    assert res.rc == 4, res
    assert errors(res) == ["ERROR: proxy race.test:%d: cannot connect to %s:%d: Connection refused" % (px.port, HOLE, px.port)]
    assert len(px.conns) == 1 and other.conns == []


# -- a network that swallows everything: a TUN device in a network namespace, whose reader notes what was sent where

SWALLOW = r"""
import fcntl, os, struct, subprocess, sys
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH", b"hole", 0x1001))      # TUNSETIFF, IFF_TUN | IFF_NO_PI
for words in ("link set lo up", "link set hole up", "addr add 192.0.2.1/24 dev hole",
              "-6 addr add 2001:db8::1/64 dev hole nodad"):
    subprocess.run(["ip"] + words.split(), check=True)
print("ready", flush=True)
while True:
    p = os.read(tun, 65536)
    if p[0] >> 4 == 4 and p[9] == 6:
        print("SYN", ".".join(map(str, p[16:20])), struct.unpack("!H", p[20:22])[0], flush=True)
    elif p[0] >> 4 == 6 and p[6] == 6:
        import ipaddress
        print("SYN", ipaddress.ip_address(p[24:40]), struct.unpack("!H", p[40:42])[0], flush=True)
"""


class Hole:
    def __init__(self):
        self.p = subprocess.Popen(["unshare", "-n", "/usr/bin/python3", "-c", SWALLOW], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.p.stdout.readline() != "ready\n":
            why = self.p.stderr.read().strip().splitlines()
            self.stop()
            pytest.skip("no TUN device in a network namespace here: %s" % (why[-1] if why else "?"))
        self.net = "/proc/%d/ns/net" % self.p.pid
        self.syns, self.seen = [], set()
        self.cond = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.p.stdout:
            _, host, port = line.split()
            with self.cond:
                if (host, port) not in self.seen:       # later ones are retransmissions
                    self.seen.add((host, port))
                    self.syns.append(host)
                self.cond.notify_all()

    @contextlib.contextmanager
    def inside(self):
        """This thread in the namespace: its sockets belong there."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as home, open(self.net) as there:
            def enter(f):
                if libc.setns(f.fileno(), 0x40000000) != 0:     # CLONE_NEWNET
                    raise OSError(ctypes.get_errno(), "setns")
            enter(there)
            try:
                yield
            finally:
                enter(home)

    def run(self, *args, **kw):
        return run(*args, command=["nsenter", "--net=" + self.net, runner.CONNECT], **kw)

    def stop(self):
        self.p.kill()
        self.p.wait()
        self.p.stdout.close()
        self.p.stderr.close()


@pytest.fixture
def hole():
    h = Hole()
    yield h
    h.stop()


ZONE = {"lost.test": ["192.0.2.11", "192.0.2.12", "192.0.2.13", "2001:db8::11", "2001:db8::12"],
        "found.test": ["192.0.2.21", "127.0.0.1", "2001:db8::21"]}


def test_on_the_wire_the_families_take_turns_and_all_run_at_once(hole):
    """Five addresses in a real black hole: each SYN is seen, in order, before the first attempt is over."""
    with hole.inside():
        ns = dnsfake.FakeDNS(ZONE)
    with ns:
        res = hole.run("-w", "5", "-R", ns.addr, "lost.test", "22")
    assert res.rc == 8, res
    order = ["192.0.2.11", "2001:db8::11", "192.0.2.12", "2001:db8::12", "192.0.2.13"]
    assert hole.syns == order
    assert [re.search(r"cannot connect to \[?([0-9a-f.:]+?)\]?:22: timed out", e).group(1) for e in errors(res)] == order


def test_on_the_wire_the_address_that_answers_is_found_behind_two_that_do_not(hole):
    with hole.inside():
        ns = dnsfake.FakeDNS(ZONE)
        target = FakeServer(fakes.session)
    with ns, target:
        res = hole.run("-d", *NO_DEADLINE, "-R", ns.addr, "found.test", str(target.port), stdin=BYE)
    assert (res.rc, res.out) == (0, HELLO), res
    assert hole.syns == ["192.0.2.21", "2001:db8::21"]
    assert len(target.conns) == 1
