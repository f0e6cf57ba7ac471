# SPDX-License-Identifier: ISC
"""A small internet for recipes that are run word for word.

A network and mount namespace of its own, in which the host names of README.md, docs/USE.md and connect.c's manual
of 2005 are loopback addresses with the ports that the recipes name, `connect` is in /usr/local/bin, and root's home
is a folder of the test, so that ~/.ssh/config, ~/.connectrc and ~/.fetchmailrc are what ssh, connect and fetchmail
read without being told.  Proxies go out from their own addresses: SSH_CONNECTION at the far end tells the way.
"""
import ctypes
import os
import shutil
import signal
import subprocess
import threading
import time

import fakes
import realservers
import runner

FAKEPROXY = os.path.abspath(os.environ.get("FAKEPROXY") or os.path.join(runner.ROOT, "build", "fakeproxy"))

SOCKS, HTTP, FIREWALL, GATEWAY = "127.0.2.1", "127.0.2.2", "127.0.2.3", "127.0.2.4"
HOSTS = {
    SOCKS: "socks.local.net socks.local.example",
    HTTP: "proxy.local.net proxy.local.example",
    FIREWALL: "firewall",
    GATEWAY: "gateway.local.example",
    "127.0.3.1": "remote.outside.net remote.example",
    "127.0.3.2": "inside.local.net inside.local.example",
    "127.0.3.3": "home home.example",
    "127.0.3.4": "server server.example",
    "127.0.3.5": "host1 host1.example",
    "127.0.3.6": "host2 news news.example",
    "127.0.3.7": "mail-server mail.example",
    "127.0.3.8": "smtphost.outside.net unknown.remote.outside.net",
    "127.0.0.1": "localhost",
}
ADDRESS = {name: a for a, names in HOSTS.items() for name in names.split()}

BEGIN = """set -e
ip link set lo up
for f in hosts nsswitch.conf passwd; do mount --bind "$0/etc/$f" /etc/$f; done
mount --bind "$0/bin" /usr/local/bin
echo ready
exec cat
"""


class Stage:
    def __init__(self, work):
        self.work = str(work)
        self.home = self.path("home")
        self.running = []
        for d in ("etc", "bin", "home/.ssh"):
            os.makedirs(self.path(d))
        os.chmod(self.path("home/.ssh"), 0o700)
        self.write("etc/hosts", "".join("%s %s\n" % h for h in HOSTS.items()))
        self.write("etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\n")
        with open("/etc/passwd") as f:
            others = [line for line in f if not line.startswith("root:")]
        self.write("etc/passwd", "root:x:0:0:root:%s:/bin/sh\n%s" % (self.home, "".join(others)))
        shutil.copy(runner.CONNECT, self.path("bin/connect"))
        for p in ("unshare", "nsenter", "ip", "mount"):
            realservers.program(p)
        self.holder = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", BEGIN, self.work],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"ready\n", "no namespaces (the test needs root)"
        self.prefix = ["nsenter", "-t", str(self.holder.pid), "--net", "--mount", "--wd=" + self.home]
        self.env = runner.environment({"HOME": self.home})
        self._keys()

    def path(self, *p):
        return os.path.join(self.work, *p)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w") as f:
            f.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    # -- programs

    def start(self, name, argv, listens, prefix=()):
        """A server; listens: the (address, port) pairs that are awaited."""
        realservers.program(argv[0])
        log = open(self.path(name + ".log"), "ab")
        with log:
            p = subprocess.Popen([*self.prefix, *prefix, *argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 env=self.env, start_new_session=True)
        p.name = name
        self.running.append(p)
        end = time.monotonic() + runner.LIMIT
        while not all(self.listening(*a) for a in listens):
            assert p.poll() is None and time.monotonic() < end, "%s: %s" % (name, self.log(name))
            time.sleep(0.005)
        return p

    def log(self, name):
        with open(self.path(name + ".log"), errors="replace") as f:
            return f.read()

    def listening(self, address, port):
        word = "%s:%04X" % ("".join("%02X" % int(b) for b in reversed(address.split("."))), port)
        with open("/proc/%d/net/tcp" % self.holder.pid) as f:
            return any(w[1] == word and w[3] == "0A" for w in map(str.split, f))

    def popen(self, argv, env=None, **kw):
        e = dict(self.env, **(env or {}))
        return subprocess.Popen([*self.prefix, *argv], env=e, start_new_session=True, **kw)

    def run(self, *argv, stdin=b"", env=None, limit=60, leave=False):
        """argv, or one string for the shell; returns (exit status, stdout, stderr).  What it leaves behind is ended
        unless leave is set."""
        if len(argv) == 1:
            argv = ("sh", "-c", argv[0])
        p = self.popen(argv, env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = p.communicate(stdin, timeout=limit)
        finally:
            if not leave:
                end(p)
        return p.returncode, out.decode(), err.decode("utf-8", "replace")

    def ok(self, *argv, **kw):
        rc, out, err = self.run(*argv, **kw)
        assert rc == 0, (argv, rc, out[-500:], err)
        return out

    def stop(self, *programs):
        for p in programs or reversed(self.running):
            end(p)
        self.running = [p for p in self.running if p not in programs] if programs else []

    def close(self):
        self.stop()
        self.holder.stdin.close()
        self.holder.stdout.close()
        self.holder.wait(30)

    # -- the inhabitants

    def _keys(self):
        for name in ("host", "home/.ssh/id_ed25519"):
            subprocess.run([realservers.program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", self.path(name)],
                           check=True)
        shutil.copy(self.path("home/.ssh/id_ed25519.pub"), self.path("home/.ssh/authorized_keys"))
        with open(self.path("host.pub")) as f:
            self.hostkey = " ".join(f.read().split()[:2])
        self.forget()

    def forget(self):
        """Leave nothing in the home but the keys."""
        keep = {".ssh": {"id_ed25519", "id_ed25519.pub", "authorized_keys"}}
        for base in (self.home, self.path("home/.ssh")):
            for name in os.listdir(base):
                p = os.path.join(base, name)
                if name in keep or name in keep[".ssh"]:
                    continue
                shutil.rmtree(p) if os.path.isdir(p) and not os.path.islink(p) else os.unlink(p)
        self.write("home/.ssh/known_hosts", "".join("%s %s\n" % (n, self.hostkey) for n in ["*"] + sorted(ADDRESS)))

    def sshd(self, host, port=22):
        """An OpenSSH server that has the name of the host (a UTS namespace of its own)."""
        address = ADDRESS[host]
        os.makedirs("/run/sshd", exist_ok=True)
        conf = self.write("sshd-%s" % host, """ListenAddress %s:%d
HostKey %s/host
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
KexAlgorithms curve25519-sha256
PrintMotd no
PrintLastLog no
MaxStartups 100
Subsystem sftp internal-sftp
""" % (address, port, self.work))
        return self.start("sshd-" + host, [realservers.program("sshd"), "-D", "-e", "-f", conf], [(address, port)],
                          ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host])

    def inside(self, make):
        """What make() returns when it runs in the network of the stage; threads that it starts stay there."""
        made = []

        def run():
            with open("/proc/%d/ns/net" % self.holder.pid) as ns:
                if ctypes.CDLL(None).setns(ns.fileno(), 0) == 0:       # of this thread alone
                    made.append(make())
        t = threading.Thread(target=run)
        t.start()
        t.join()
        assert made, "nothing was made in the network of the stage"
        return made[0]

    def serve(self, script, host, port):
        """A FakeServer (see fakes.py) at a port of the stage."""
        return self.inside(lambda: fakes.FakeServer(script, ADDRESS.get(host, host), port=port))

    def dante(self):
        conf = self.write("danted.conf", """logoutput: stderr
internal: %s port = 1080
external: %s
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
""" % (SOCKS, SOCKS))
        return self.start("danted", ["danted", "-f", conf], [(SOCKS, 1080)])

    def squid(self):
        """One server for both names: each goes out from its own address."""
        d = self.path("squid")
        os.makedirs(d, exist_ok=True)
        shutil.chown(d, "proxy")
        conf = self.write("squid.conf", """http_port %(a)s:8080
http_port %(b)s:8080
acl a localip %(a)s
acl b localip %(b)s
tcp_outgoing_address %(a)s a
tcp_outgoing_address %(b)s b
cache deny all
pid_filename none
access_log none
cache_log %(d)s/cache.log
coredump_dir none
shutdown_lifetime 0 seconds
visible_hostname localhost
netdb_filename none
pinger_enable off
http_access allow localhost
http_access deny all
""" % {"a": HTTP, "b": FIREWALL, "d": d})
        return self.start("squid", ["squid", "-N", "-n", "stage%d" % self.holder.pid, "-f", conf],
                          [(HTTP, 8080), (FIREWALL, 8080)])

    def fakeproxy(self, address, port, *words):
        return self.start("fakeproxy-%s-%d" % (address, port), [FAKEPROXY, "-l", "%s:%d" % (address, port), *words],
                          [(address, port)])


def end(p):
    """The program and what it started."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(p.pid, sig)
            p.wait(5)
            os.killpg(p.pid, 0)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            pass
    p.wait()
