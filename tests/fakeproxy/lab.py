# SPDX-License-Identifier: ISC
"""A network of its own for the tests of fakeproxy.

The whole test process moves into new network and mount namespaces, so that
 * the ports named in the byte vectors (21, 22, 443, 45000) are ours to listen on,
 * an unreachable host, an unreachable network and a forbidden route are real ones,
 * names are resolved by files and by a name server that belong to the tests,
 * nothing is ever reachable from outside, and no other test is disturbed.

    127.0.0.0/8, ::1            loopback
    198.51.100.7, 2001:db8::1   addresses of this host, as the vectors use them
    203.0.113.0/24              unreachable: EHOSTUNREACH
    2001:db8:dead::/48          unreachable: EHOSTUNREACH
    198.18.0.0/24               prohibit: EACCES
    192.0.2.0/24 and the rest   no route: ENETUNREACH
"""
import ctypes
import os
import socket
import struct
import subprocess
import tempfile
import threading
import time

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
libc = ctypes.CDLL(None, use_errno=True)

HOSTS = """\
127.0.0.1 localhost
::1 localhost ip6-localhost
127.0.0.1 target.example server.example.com
2001:db8::1 six.example
203.0.113.9 deadend.example
"""
RESOLV = "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n"
NSSWITCH = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n"

ROUTES = """\
link set lo up
addr add 198.51.100.7/32 dev lo
route add unreachable 203.0.113.0/24
route add prohibit 198.18.0.0/24
"""
ROUTES6 = """\
addr add 2001:db8::1/128 dev lo nodad
route add unreachable 2001:db8:dead::/48
"""
SYSCTLS = {
    # a SYN that nobody answers is given up after about three seconds, not two minutes
    "net/ipv4/tcp_syn_retries": "1",
    "net/ipv4/ip_local_port_range": "10000 65535",
    "net/ipv4/ip_local_reserved_ports": "45000",         # a port of the vectors; never given out by the kernel
    "net/ipv4/tcp_tw_reuse": "1",
    "net/ipv4/tcp_fin_timeout": "5",
    "net/core/somaxconn": "65535",
    "net/ipv4/tcp_max_syn_backlog": "65535",
}


def _check(result, what):
    if result != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"{what}: {os.strerror(errno)}")


def _bind(source, over):
    _check(libc.mount(source.encode(), over.encode(), None, MS_BIND, None), f"bind mount over {over}")


class Lab:
    def __init__(self):
        self.saved = {n: os.open(f"/proc/self/ns/{n}", os.O_RDONLY | os.O_CLOEXEC) for n in ("net", "mnt")}
        self.cwd = os.getcwd()
        self.dir = tempfile.TemporaryDirectory(prefix="fakeproxy-lab-")
        self.own_user = False
        if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
            uid, gid = os.geteuid(), os.getegid()
            _check(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET), "unshare (needs root or user namespaces)")
            self.own_user = True
            for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
                with open(f"/proc/self/{name}", "w") as f:
                    f.write(text)
        _check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "private mounts")
        for name, text in (("hosts", HOSTS), ("resolv.conf", RESOLV), ("nsswitch.conf", NSSWITCH)):
            path = os.path.join(self.dir.name, name)
            with open(path, "w") as f:
                f.write(text)
            os.chmod(path, 0o644)
            _bind(path, f"/etc/{name}")
        os.chmod(self.dir.name, 0o755)
        for argv, batch in ((["ip", "-batch", "-"], ROUTES), (["ip", "-6", "-batch", "-"], ROUTES6)):
            subprocess.run(argv, input=batch, text=True, check=True)
        for name, value in SYSCTLS.items():
            with open(f"/proc/sys/{name}", "w") as f:
                f.write(value)
        self.dns = NameServer()

    def close(self):
        self.dns.close()
        others = [t.name for t in threading.enumerate() if t is not threading.main_thread()]
        assert not others, f"threads left over: {others}"      # they would also make setns() fail
        if not self.own_user:
            for name in ("net", "mnt"):
                # a thread that has been joined may still be on its way out, and setns() to mounts wants to be alone
                end = time.monotonic() + 5
                while libc.setns(self.saved[name], 0) != 0:
                    assert time.monotonic() < end, f"no return to the {name} namespace: {os.strerror(ctypes.get_errno())}"
                    time.sleep(0.001)
            os.chdir(self.cwd)
        for fd in self.saved.values():
            os.close(fd)
        self.dir.cleanup()


class NameServer:
    """UDP name server on 127.0.0.1:53.  Names below .invalid do not exist; slow.example is
    never answered; silence is kept in `asked`, so that a test can wait for a question."""

    ZONE = {
        ("two.example", 1): ["127.0.0.1"],
        ("two.example", 28): ["2001:db8:dead::1"],
        ("four.example", 1): ["127.0.0.1"],
    }

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 53))
        self.asked = []
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                packet, peer = self.sock.recvfrom(2048)
            except OSError:
                return
            if packet == b"stop":
                return
            name, at = [], 12
            while packet[at]:
                name.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1"))
                at += 1 + packet[at]
            name = ".".join(name).lower()
            qtype = struct.unpack("!H", packet[at + 1:at + 3])[0]
            question = packet[12:at + 5]
            with self.changed:
                self.asked.append(name)
                self.changed.notify_all()
            if name == "slow.example":
                continue
            known = any(n == name for n, _ in self.ZONE)
            rrs = []
            for text in self.ZONE.get((name, qtype), []):
                raw = socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
                rrs.append(b"\xc0\x0c" + struct.pack("!HHIH", qtype, 1, 1, len(raw)) + raw)
            head = packet[:2] + struct.pack("!HHHHH", 0x8180 | (0 if known else 3), 1, len(rrs), 0, 0)
            self.sock.sendto(head + question + b"".join(rrs), peer)

    def wait_asked(self, name, deadline=10):
        with self.changed:
            assert self.changed.wait_for(lambda: name in self.asked, deadline), f"{name} was never asked for"

    def forget(self):
        with self.changed:
            self.asked.clear()

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"stop", ("127.0.0.1", 53))
        self.thread.join(5)
        self.sock.close()
