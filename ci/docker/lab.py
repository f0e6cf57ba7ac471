# SPDX-License-Identifier: ISC
"""The containers of compose.yml, seen from a test: commands in the client, the proxies' fates, what crosses the wire."""
import ipaddress
import os
import pathlib
import select
import subprocess
import threading
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import pcap

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 60              # seconds; what takes longer is an error
USER, PASSWORD = "alice", "s3cret"
TARGET4, TARGET6 = "198.51.100.10", "2001:db8:2::10"
SERVICES = ("client", "spec", "dante", "dante-password", "squid", "squid-basic", "target")
PROXIES = {"dante": (21, 1080), "dante-password": (22, 1080), "squid": (31, 3128), "squid-basic": (32, 3128)}
ADDRESS = {"outside": ("192.0.2.%d", "2001:db8:1::%d"), "inside": ("198.51.100.%d", "2001:db8:2::%d")}

Result = namedtuple("Result", "rc out err")

# How connect is told to use each proxy, and with what in its environment.  Dante speaks SOCKS4 but not 4a.
Method = namedtuple("Method", "proxy args env")
METHODS = {
    "socks4": Method("dante", ("-4", "-S", "dante"), {}),
    "socks5": Method("dante", ("-S", "dante"), {}),
    "socks5-password": Method("dante-password", ("-S", "alice@dante-password"), {"SOCKS5_PASSWORD": PASSWORD}),
    "http": Method("squid", ("-H", "squid:3128"), {}),
    "http-basic": Method("squid-basic", ("-H", "alice@squid-basic:3128"), {"HTTP_PROXY_PASSWORD": PASSWORD}),
}


class Trouble(Exception):
    pass


def run(*argv, stdin=b"", timeout=LIMIT, cwd=None):
    p = subprocess.run([str(a) for a in argv], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=timeout, cwd=cwd)
    return Result(p.returncode, p.stdout, p.stderr.decode(errors="replace"))


def must(*argv, **more):
    r = run(*argv, **more)
    if r.rc != 0:
        raise Trouble("%s: exit status %d\n%s%s" % (" ".join(map(str, argv)), r.rc, r.out.decode(errors="replace"), r.err))
    return r.out.decode()


def compose():
    if run("docker", "compose", "version").rc == 0:
        return ["docker", "compose"]
    return ["docker-compose"]


class Lab:
    def __init__(self, project, file="compose.yml", ready=True):
        self.ready = ready
        self.project = project
        self.compose = compose() + ["-p", project, "-f", str(HERE / file)]
        self.id = {}
        self.stale = set()      # proxies that lost an interface since they were started

    def up(self):
        must(*self.compose, "up", "-d")
        for line in must("docker", "ps", "--filter", "label=com.docker.compose.project=" + self.project,
                         "--format", '{{.ID}} {{.Label "com.docker.compose.service"}}').splitlines():
            i, service = line.split()
            self.id[service] = i
        if self.ready:
            self.until_ready()

    def down(self):
        must(*self.compose, "down", "-t", "0", "--volumes")

    def left(self):
        label = "label=com.docker.compose.project=" + self.project
        return (must("docker", "ps", "-aq", "--filter", label).split() +
                must("docker", "network", "ls", "-q", "--filter", label).split())

    def cut_routes(self, service, then="true"):
        """Some engines give an internal network a default route, to a gateway that drops what it gets; without one the
        kernel says at once that a network cannot be reached, whatever the engine."""
        must("docker", "exec", self.id[service], "bash", "-c",
             "ip -4 route flush exact default && ip -6 route flush exact default && " + then)

    def until_ready(self):
        """Each proxy listens, and the target's last service too: sshd."""
        with ThreadPoolExecutor(len(SERVICES)) as pool:
            list(pool.map(self.settle, SERVICES))

    def settle(self, service):
        """What is to be done with a container that has just been started."""
        port = 22 if service == "target" else PROXIES.get(service, (0, 0))[1]
        wait = "until exec 3<>/dev/tcp/127.0.0.1/%d; do sleep 0.02; done 2>/dev/null" % port
        try:
            self.cut_routes(service, wait if port else "true")
        except (Trouble, subprocess.TimeoutExpired) as e:
            raise Trouble("%s does not listen: %s\n%s" % (service, e, run("docker", "logs", self.id[service])))

    def start(self, proxy):
        must("docker", "start", self.id[proxy])
        self.stale.discard(proxy)
        self.settle(proxy)

    def mend(self, proxy):
        """As it was in the beginning, whatever a test has left undone."""
        state = must("docker", "inspect", "-f", "{{.State.Running}} {{.State.Paused}} {{json .NetworkSettings.Networks}}",
                     self.id[proxy])
        for network in ADDRESS:
            if '"%s_%s"' % (self.project, network) not in state:
                self.reconnect(proxy, network)
        if not state.startswith("true false ") or proxy in self.stale:
            must("docker", "restart", "-t", "0", self.id[proxy])
            self.stale.discard(proxy)
            self.settle(proxy)

    def disconnect(self, proxy, network):
        self.stale.add(proxy)
        must("docker", "network", "disconnect", "%s_%s" % (self.project, network), self.id[proxy])
        self.cut_routes(proxy)          # the other network may have become the default route

    def reconnect(self, proxy, network):
        """With the addresses that it had.  Its interface has another name then: Dante wants to be started again."""
        four, six = ADDRESS[network]
        end = PROXIES[proxy][0]
        must("docker", "network", "connect", "--ip", four % end, "--ip6", six % end, "--alias", proxy,
             "%s_%s" % (self.project, network), self.id[proxy])
        self.cut_routes(proxy)

    def exec_argv(self, argv, env=None, service="client"):
        out = ["docker", "exec", "-i"]
        for k, v in sorted((env or {}).items()):
            out += ["-e", "%s=%s" % (k, v)]
        return out + [self.id[service]] + list(argv)

    def client(self, *argv, env=None, stdin=b"", timeout=LIMIT):
        return run(*self.exec_argv(argv, env), stdin=stdin, timeout=timeout)

    def connect(self, method, *target, stdin=b"", more=()):
        m = METHODS[method]
        return self.client("connect", *more, *m.args, *map(str, target), env=m.env, stdin=stdin)


class Session:
    """A program that runs in the client with pipes; its standard error is gathered."""

    def __init__(self, lab, argv, env=None):
        self.p = subprocess.Popen(lab.exec_argv(argv, env), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        self.err, self.more = "", threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.p.stderr:
            with self.more:
                self.err += line.decode(errors="replace")
                self.more.notify_all()
        with self.more:
            self.reader = None
            self.more.notify_all()

    def until_said(self, text):
        with self.more:
            if not self.more.wait_for(lambda: text in self.err or self.reader is None, LIMIT) or text not in self.err:
                raise Trouble("%r was not said in\n%s" % (text, self.err))

    def send(self, data):
        self.p.stdin.write(data)
        self.p.stdin.flush()

    def get(self, n):
        return self.p.stdout.read(n)

    def end(self):
        """End its standard input, wait; what it wrote since, and its exit status."""
        try:
            self.p.stdin.close()
        except BrokenPipeError:
            pass
        out = self.p.stdout.read()
        rc = self.p.wait(LIMIT)
        with self.more:
            self.more.wait_for(lambda: self.reader is None, LIMIT)
        return Result(rc, out, self.err)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
        self.p.stdout.close()


class Capture:
    """tcpdump in the client, of whatever it has to do with the proxies' ports, from before the first segment."""

    def __init__(self, lab):
        self.lab, self.raw = lab, b""
        self.ports = sorted({port for _, port in PROXIES.values()})

    def __enter__(self):
        mine = " or ".join("host " + a % 10 for a in ADDRESS["outside"])
        ports = " or ".join("port %d" % p for p in self.ports)
        self.p = subprocess.Popen(self.lab.exec_argv(
            ["sh", "-c", "echo $$ >/tmp/tcpdump.pid; exec tcpdump -i eth0 -n -U -s 0 --immediate-mode -Z root -w - "
             "'tcp and (%s) and (%s)'" % (mine, ports)]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        said = b""
        while b"listening on" not in said:
            d = os.read(self.p.stderr.fileno(), 4096)
            if not d:
                raise Trouble("tcpdump: " + said.decode(errors="replace"))
            said += d
        return self

    def on_the_wire(self, method, f):
        """What f() returns, and the connections that it made, each with the octets of both directions, when all have
        ended.  All have to be with the method's proxy."""
        end, port = PROXIES[METHODS[method].proxy]
        servers = [(ipaddress.ip_address(a % end).packed, port) for a in ADDRESS["outside"]]
        while self._more(0):
            pass
        before = set(pcap.connections(self.raw, self.ports))
        r = f()
        limit = time.monotonic() + LIMIT
        while True:
            found = {k: c for k, c in pcap.connections(self.raw, self.ports).items() if k not in before}
            if found and all(c.ended for c in found.values()):
                assert all(k[2:] in servers for k in found), found
                return r, list(found.values())
            if not self._more(max(0, limit - time.monotonic())):
                raise Trouble("the connections do not end: %s" % (found,))

    def _more(self, seconds):
        if not select.select([self.p.stdout], [], [], seconds)[0]:
            return False
        d = os.read(self.p.stdout.fileno(), 1 << 16)
        if not d:
            raise Trouble("tcpdump ended")
        self.raw += d
        return True

    def __exit__(self, *_):
        self.lab.client("sh", "-c", "kill $(cat /tmp/tcpdump.pid)")
        self.p.stdout.read()
        self.p.stderr.read()
        self.p.wait(LIMIT)
        self.p.stdout.close()
        self.p.stderr.close()
