# SPDX-License-Identifier: ISC
"""What proxyspec is played against: which fakeproxy, which connect, with which words of "needs".

One thing to know: everything happens in a network namespace of its own (inside()), because some cases want a host that
is silent, one that is unreachable, and a network without a route, and no machine should have to offer these."""
import contextlib
import dataclasses
import fnmatch
import functools
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
FIXTURES = ROOT / "fixtures"
HERE = ROOT / "tests/conform"
DELIVERIES = "whole,bytes,split,coalesce"

# The users that the traces know: alice, and those of single cases; the longest ones are read from their trace.
USERS = ["alice:s3cret", "jürgen:pässwörd", "test:123£", "carol:a:b"]
LONGEST = "socks5/socks5-userpass-255-octets.pxt"
# Cases that need one of these are played by a server with short time limits.
SLOW = {"slow", "blackhole", "net-unreachable", "host-unreachable", "no-ip6"}
LIMITS = ["--dial-timeout", "3", "--handshake-timeout", "4"]
# RFC 5737 addresses: packets to 192.0.2.0/24 vanish, 198.51.100.4 is unreachable, 198.51.100.3 has no route.
NETWORK = """ip link set lo up && ip route add 192.0.2.0/24 dev lo && ip route add unreachable 198.51.100.4 && exec "$@" """


class Trouble(Exception):
    """The run could not be made: no verdict follows from it."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One play of proxyspec: against a fakeproxy, or (role == []) against connect; or against the reference."""
    name: str
    role: list                    # fakeproxy's arguments, or those of reference_server.py
    url: str                      # of the proxy, {} is host:port; for a client the protocols
    can: str = ""                 # words of needs beyond those of the URL
    users: bool = False
    slow: bool = False            # the cases that need a word of SLOW, and no others
    cases: str = ""               # or these alone: globs
    ident: str = ""               # somebody answers RFC 1413 questions: with this name
    gate: bool = True             # False: the sanity cases are not asked first, the knobs make them fail
    reference: str = ""           # "server", "client": tests/conform/reference_*.py, for what our programs do not have

    @property
    def side(self):
        return self.reference or ("server" if self.role else "client")


ROUTES = "slow blackhole net-unreachable host-unreachable no-ip6"
SERVER = [
    Run("server-socks4", ["socks4"], "socks4://{}", "no-bind"),
    Run("server-socks4a", ["socks4"], "socks4a://{}", "no-bind"),
    Run("server-socks4-no-identd", ["-o", "ident=113", "socks4"], "socks4://{}", "identd", cases="socks4/reply/identd-unreach*",
        gate=False),
    Run("server-socks4-identd", ["-o", "ident={ident}", "socks4"], "socks4://{}", "identd-mismatch", cases="socks4/reply/identd-mis*",
        ident="somebody", gate=False),
    Run("server-socks4-slow", [*LIMITS, "socks4"], "socks4a://{}", ROUTES, slow=True),
    Run("server-socks5", ["--deny", "192.0.2.66:*", "socks5"], "socks5://{}", "ip6 no-bind no-udp no-socks4 no-http ruleset"),
    Run("server-socks5-users", ["socks5"], "socks5://alice:s3cret@{}", "8bit-credentials long-credentials no-socks4 no-http",
        users=True),
    Run("server-socks5-slow", [*LIMITS, "socks5"], "socks5://{}", ROUTES, slow=True),
    Run("server-socks-as-4", ["socks"], "socks4a://{}", "auto no-bind"),
    Run("server-socks-as-5", ["socks"], "socks5://{}", "auto ip6 no-bind no-udp no-http"),
    Run("server-http", ["--deny", "*:25", "http"], "http://{}", "ip6 port-policy"),
    Run("server-http-users", ["--deny", "*:25", "http"], "http://alice:s3cret@{}", "colon-password utf8-password port-policy", users=True),
    Run("server-http-users-401", ["-o", "auth=401", "http"], "http://alice:s3cret@{}", "colon-password utf8-password", users=True,
        gate=False),
    Run("server-http-slow", [*LIMITS, "http"], "http://{}", ROUTES, slow=True),
    Run("server-telnet-fwtk", ["-o", "dialect=fwtk", "telnet"], "telnet://{}", "fwtk template"),
    Run("server-telnet-fwtk-agreed", ["-o", "dialect=fwtk", "-o", "echo=agreed", "telnet"], "telnet://{}", "fwtk template"),
    Run("server-telnet-delegate", ["-o", "dialect=delegate", "telnet"], "telnet://{}", "delegate template"),
    Run("server-telnet-slow", [*LIMITS, "-o", "dialect=fwtk", "telnet"], "telnet://{}", "fwtk slow", slow=True),
]
CLIENT = [Run("client-http", [], "http"), Run("client-socks5", [], "socks5"), Run("client-telnet", [], "telnet"),
          Run("client-socks4", [], "socks4,socks4a")]
REFERENCE = [
    Run("server-reference-socks4", ["--limit", "3"], "socks4a://{}", "bind slow",
        cases="socks4/bind/[!u]* socks4a/request/bind-name", reference="server"),
    Run("server-reference-socks5", ["--limit", "3"], "socks5://{}", "bind", cases="socks5/bind/[!u]*", reference="server"),
    Run("server-reference-no-socks4a", ["--no-socks4a"], "socks4a://{}", "no-socks4a", cases="socks4a/connect/name/not-spoken",
        gate=False, reference="server"),
    Run("server-reference-auto", ["--limit", "3"], "http://{}", "auto", cases="cross/auto/version-detection", reference="server"),
    Run("client-reference-telnet", [], "telnet",
        cases="telnet/auth/echo-suppressed telnet/auth/fwtk-username-password telnet/putty/*", reference="client"),
    Run("client-reference-socks4", [], "socks4", cases="socks4/client/userid-nul-refused", reference="client"),
]
RUNS = CLIENT + sorted(SERVER, key=lambda r: not r.slow) + REFERENCE


def inside():
    """Start this program once more in a network namespace of its own, unless it is in one."""
    if os.environ.get("CONFORM_INSIDE"):
        return
    own = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    args = [*own, "sh", "-c", NETWORK, "sh", "env", "CONFORM_INSIDE=1", sys.executable, *sys.argv]
    try:
        os.execvp(args[0], args)
    except OSError as e:
        sys.exit(f"{sys.argv[0]}: a network namespace cannot be made: {args[0]}: {e.strerror}")


@contextlib.contextmanager
def program(args, **kw):
    p = subprocess.Popen(args, stdin=subprocess.DEVNULL, **kw)
    try:
        yield p
    finally:
        p.terminate()
        try:
            p.wait(10)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()


@contextlib.contextmanager
def identd(name):
    """RFC 1413: every question is answered with this user."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    c = s.accept()[0]
                    with c, c.makefile("rwb") as f:
                        ports = f.readline().strip().decode("ascii", "replace")
                        f.write(f"{ports} : USERID : UNIX : {name}\r\n".encode())
        t = threading.Thread(target=serve, daemon=True)
        t.start()
        try:
            yield s.getsockname()[1]
        finally:
            s.shutdown(socket.SHUT_RDWR)
            t.join(5)


def users():
    given = re.search(r"^given:.* user=(\S+) pass=(\S+)", (FIXTURES / LONGEST).read_text(), re.M)
    return [*USERS, f"{given[1]}:{given[2]}"]


@contextlib.contextmanager
def proxy(run, build, extra=()):
    """fakeproxy as the run wants it; gives the URL."""
    with contextlib.ExitStack() as stack:
        tmp = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="conform-")))
        words = {"ident": stack.enter_context(identd(run.ident)) if run.ident else 0}
        name = HERE / "reference_server.py" if run.reference else build / "fakeproxy"
        args = [name, *extra, *(a.replace("{ident}", str(words["ident"])) for a in run.role)]
        if run.users:
            (tmp / "users").write_text("".join(u + "\n" for u in users()), encoding="utf-8")
            args += ["--user-file", tmp / "users"]
        err = stack.enter_context(open(tmp / "stderr", "wb+"))
        p = stack.enter_context(program(args, stdout=subprocess.PIPE, stderr=err))
        line = p.stdout.readline().decode().split()
        p.stdout.close()
        if len(line) != 3 or line[0] != "listening":
            err.seek(0)
            raise Trouble(f"{run.name}: {name.name} says {err.read().decode(errors='replace').strip()}")
        yield run.url.format(f"{line[1]}:{line[2]}"), p, tmp / "stderr"


class Case:
    """What was found out about one case of one run."""

    def __init__(self, id):
        self.id, self.verdict, self.reason, self.level = id, "", "", ""
        self.plays = {}               # delivery -> verdict
        self.found = {}               # delivery -> evidence

    def evidence(self):
        for delivery, verdict in self.plays.items():
            if verdict == self.verdict and self.found[delivery]:
                return f"[{delivery}] {self.found[delivery]}"
        return self.reason


class Played:
    def __init__(self, run, status, report, words):
        self.run, self.status, self.words, self.ms, self.cases = run, status, words, 0, {}
        ended = False
        for line in report.splitlines():
            o = json.loads(line)
            id = o.get("case", "").replace(ALONE, GATE)
            c = self.cases.setdefault(id, Case(id)) if id else None
            if o["type"] == "run":
                c.level = o["level"]
                c.plays[o["delivery"]] = o["verdict"]
                c.found[o["delivery"]] = "; ".join(
                    " ".join(filter(None, (f"line {f['line']}:", f["field"], f["what"], f["wanted"] and f"wanted {f['wanted']}",
                                           f["got"] and f"got {f['got']}"))) for f in o["findings"])
            elif o["type"] == "case":
                c.verdict, c.reason = o["verdict"], o["reason"]
            elif o["type"] == "summary":
                ended, self.ms = True, o["ms"]
        if not ended:
            raise Trouble(f"{run.name}: proxyspec gave no report (status {status}): {words.strip()[-400:]}")

    def played(self):
        return [c for c in self.cases.values() if c.verdict != "SKIP"]


def chosen(run, build):
    """--case arguments: what the run is about."""
    if run.cases:
        return [a for glob in run.cases.split() for a in ("--case", glob)]
    if run.side == "client":
        return ["--protocol", run.url]
    scheme = run.url.partition(":")[0]
    args = ["--protocol", {"socks4a": "socks4,socks4a"}.get(scheme, scheme)]
    if run.slow:
        rows = [r.split() for r in ask(build, "list", *args).splitlines()]
        ids = [r[0] for r in rows if r[1] != "client" and SLOW & set(r[3:])]
        args = [a for id in ids for a in ("--case", id)]
    return args


@functools.lru_cache(None)
def ungated():
    """A folder with the traces, in which the sanity cases, on which proxyspec makes the others depend, are like any other."""
    tmp = tempfile.TemporaryDirectory(prefix="conform-")
    for f in FIXTURES.rglob("*.pxt"):
        rel = f.relative_to(FIXTURES)
        if rel.parts[0] != "recorded":
            to = pathlib.Path(tmp.name) / rel
            to.parent.mkdir(exist_ok=True)
            to.write_bytes(f.read_bytes().replace(GATE.encode(), ALONE.encode(), 1))
    return tmp


MADE = threading.Lock()
GATE, ALONE = "sanity/first-and-last/", "sanity/alone/"


def ask(build, *args):
    p = subprocess.run([build / "proxyspec", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if p.returncode != 0:
        raise Trouble(f"proxyspec {' '.join(args)}: status {p.returncode}")
    return p.stdout


def play(run, delivery=DELIVERIES, jobs=8, build=None, extra=(), bugs=(), client=None):
    """proxyspec's verdicts; extra are more of its arguments, bugs more of fakeproxy's, client a folder with a connect."""
    build = build or BUILD
    common = ["--delivery", delivery, "--jobs", str(jobs), "--json", "-", *extra]
    if not run.gate:
        with MADE:
            common += ["--fixtures", ungated().name]
        common = [a.replace(GATE, ALONE) for a in common]
    if "--case" not in extra:
        common += chosen(run, build)
    if run.can:
        common += ["--can", run.can.replace(" ", ",")]
    if run.side == "client":
        env = dict(os.environ, PATH=f"{HERE if run.reference else client or build}:{os.environ['PATH']}")
        profile = HERE / "reference.profile" if run.reference else ROOT / "src/proxyspec/profiles/connect.profile"
        return spec(run, build, ["client", "--profile", profile, *common], env)
    with proxy(run, build, bugs) as (url, p, err):
        r = spec(run, build, ["server", *common, url], None)
        if p.poll() is not None:
            raise Trouble(f"{run.name}: fakeproxy ended with {p.returncode}: {err.read_text(errors='replace')[-2000:]}")
    if not bugs and err_text(err):
        raise Trouble(f"{run.name}: fakeproxy says {err_text(err)}")
    return r


def err_text(path):
    return path.read_text(errors="replace")[-2000:].strip() if path.exists() else ""


def spec(run, build, args, env):
    p = subprocess.run([build / "proxyspec", *map(str, args)], stdin=subprocess.DEVNULL, env=env, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE)
    return Played(run, p.returncode, p.stdout.decode(), p.stderr.decode(errors="replace"))


def matching(names):
    """The runs whose name one of the globs has."""
    runs = [r for r in RUNS if not names or any(fnmatch.fnmatch(r.name, n) for n in names)]
    if not runs:
        raise Trouble("no run has such a name: " + " ".join(names))
    return runs
