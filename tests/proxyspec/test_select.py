# SPDX-License-Identifier: ISC
"""Which cases are played, in which deliveries, how many at once, and how long they may take."""
import json
import re
import socket
import subprocess
import threading

import pytest
from conftest import ROOT, counts

ALL = {re.search(r"^case:\s*(\S+)", p.read_text(), re.M)[1]: p.read_text() for p in (ROOT / "fixtures").rglob("*.pxt")}


def ids(out):
    return {line.split()[0] for line in out.splitlines()}


def test_list_all(spec):
    r = spec("list")
    assert r.status == 0 and ids(r.out) == set(ALL) and len(r.out.splitlines()) == len(ALL)


@pytest.mark.parametrize("args, matches", [
    (["--case", "socks5/method/noauth"], lambda id, text: id == "socks5/method/noauth"),
    (["--case", "socks5/*"], lambda id, text: id.startswith("socks5/")),
    (["--case", "*/noaut[gh]"], lambda id, text: id.endswith("/noauth")),
    (["--case", "http/connect/http-1.?"], lambda id, text: re.fullmatch("http/connect/http-1..", id)),
    (["--case", "socks4/*", "--case", "telnet/*"], lambda id, text: id.startswith(("socks4/", "telnet/"))),
    (["socks4/*", "telnet/*"], lambda id, text: id.startswith(("socks4/", "telnet/"))),
    (["--protocol", "telnet"], lambda id, text: re.search(r"^needs:.*\btelnet\b", text, re.M)),
    (["--section", "RFC1929 §2"], lambda id, text: re.search("^spec:.*RFC1929 §2", text, re.M)),
    (["--section", "RFC1929 §2", "--section", "RFC7617"], lambda id, text: re.search("^spec:.*(RFC1929 §2|RFC7617)", text, re.M)),
    (["--section", "RFC1929", "--case", "socks5/client/*"], lambda id, text: id.startswith("socks5/client/") and re.search("^spec:.*RFC1929", text, re.M)),
])
def test_selection(spec, args, matches):
    want = {id for id, text in ALL.items() if matches(id, text)}
    assert want and want != set(ALL)
    r = spec("list", *args)
    assert (r.status, r.err) == (0, "") and ids(r.out) == want
    if not args[0].startswith("-"):
        return
    r = spec("explain", *args)
    assert want == set(re.findall(r"^(\S+/\S+)\n.*\n\nspec ", r.out, re.M))


def test_level_and_protocol(spec):
    """--level and --protocol take lists; the level is in the third column, the needs behind it."""
    rows = [line.split() for line in spec("list").out.splitlines()]
    assert {r[2] for r in rows} >= {"MUST", "FMT", "INFO"}
    assert ids(spec("list", "--level", "FMT,INFO").out) == {r[0] for r in rows if r[2] in ("FMT", "INFO")}
    both = ids(spec("list", "--protocol", "http,telnet").out)
    assert both == ids(spec("list", "--protocol", "http").out) | ids(spec("list", "--protocol", "telnet").out)


def test_server_plays_what_is_selected(spec, socks5, tmp_path):
    path = tmp_path / "json"
    r = spec("server", "--section", "RFC1928 §3", "--level", "FMT", "--json", path, socks5)
    assert r.status == 0
    got = {o["case"] for o in map(json.loads, path.open()) if o["type"] == "case"}
    rows = [line.split() for line in spec("list", "--section", "RFC1928 §3", "--level", "FMT").out.splitlines()]
    assert got == {x[0] for x in rows if x[1] in ("server", "both")} and got


def test_can(spec, socks5):
    """What was not declared is skipped by name; --can declares it."""
    r = spec("server", "--case", "socks5/connect/ip6", socks5)
    assert r.status == 77 and "needs ip6, which was not declared" in r.out
    assert "--can WORD declares what the subject has besides" in r.out
    r = spec("server", "--case", "socks5/connect/ip6", "--can", "ip6", socks5)
    assert (r.status, counts(r.out)) == (0, {"PASS": 1})


def deliveries(path):
    return [o["delivery"] for o in map(json.loads, path.open()) if o["type"] == "run"]


@pytest.mark.parametrize("asked, want", [
    ("whole", ["whole"]), ("bytes", ["bytes"]), ("whole,bytes,coalesce", ["whole", "bytes", "coalesce"]), ("split:2", ["split:2"]),
    ("split", [f"split:{k}" for k in range(1, 13)]),       # 05 01 00, 05 01 00 01 7f 00 00 01 PORT: after each octet but the last
])
def test_delivery(spec, socks5, tmp_path, asked, want):
    path = tmp_path / "json"
    assert spec("server", "--case", "socks5/connect/ip4", "--delivery", asked, "--json", path, socks5).status == 0
    got = deliveries(path)
    if asked == "split":
        assert len(got) > 2 and all(re.fullmatch(r"split:\d+", d) for d in got) and len(set(got)) == len(got)
    else:
        assert got == want


def test_verdict_depends_on_delivery(spec, fake, tmp_path):
    """A server that takes one read for the whole head: the heaviest verdict counts, and it is said that it depends."""
    url = f"http://127.0.0.1:{fake('http', '--bug', 'http-one-read')}"
    r = spec("server", "--case", "http/connect/basic-tunnel", "--delivery", "whole,bytes", url, "--json", tmp_path / "json")
    assert r.status == 1 and "(delivery bytes; the verdict depends on it)" in r.out
    assert "--case http/connect/basic-tunnel --delivery bytes\n" in r.out
    runs = {o["delivery"]: o["verdict"] for o in map(json.loads, (tmp_path / "json").open()) if o["type"] == "run"}
    assert runs == {"whole": "PASS", "bytes": "FAIL"}


class Hold:
    """A server that answers no connection before so many are open at once; then it refuses all.  Knows the most at once."""

    def __init__(self, together):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.open = self.most = 0
        self.gate = threading.Barrier(together) if together > 1 else None
        self.lock = threading.Lock()
        self.threads = []
        self.main = threading.Thread(target=self.accept)
        self.main.start()

    def accept(self):
        while True:
            c, _ = self.sock.accept()
            if c.recv(1) == b"q":
                c.close()
                return
            t = threading.Thread(target=self.serve, args=(c,))
            t.start()
            self.threads.append(t)

    def serve(self, c):
        with self.lock:
            self.open += 1
            self.most = max(self.most, self.open)
        if self.gate:
            self.gate.wait(60)
        with self.lock:
            self.open -= 1          # before the runner can know that this one is over
        with c:
            c.sendall(b"\x05\xff")

    def close(self):
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(b"q")
        self.main.join()
        for t in self.threads:
            t.join()
        self.sock.close()


@pytest.mark.parametrize("args, together", [(["--jobs", "1"], 1), (["--jobs", "3"], 3), ([], 4)])
def test_jobs(spec, trace, args, together):
    for i in range(12):
        trace(f"jobs/{i}")
    server = Hold(together)
    try:
        r = spec("server", "--fixtures", trace.dir, *args, f"socks5://127.0.0.1:{server.port}")
    finally:
        server.close()
    assert (r.status, counts(r.out)) == (1, {"FAIL": 12})
    assert server.most == together


@pytest.mark.parametrize("scale, least, most", [("0.01", 200, 20000), ("0.05", 1000, 20000)])
def test_time_scale(spec, trace, tmp_path, scale, least, most):
    """A runner that waits for 20 seconds of the trace."""
    path = trace(more="C: wait 20s\n")
    port = None
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]

        def serve():
            c, _ = s.accept()
            with c:
                c.recv(3)
                c.sendall(b"\x05\x00")
                c.recv(1)

        t = threading.Thread(target=serve)
        t.start()
        r = spec("server", "--fixtures", path, "--time-scale", scale, "--json", tmp_path / "json", f"socks5://127.0.0.1:{port}")
        t.join()
    assert r.status == 0
    ms = [o["ms"] for o in map(json.loads, (tmp_path / "json").open()) if o["type"] == "run"]
    assert least <= ms[0] < most


def test_again_repeats(spec, fake, trace, tmp_path):
    """The command that the report names, given to a shell, has the same verdict, for awkward words too."""
    port = fake("socks5", "--bug", "s5-select-ver4")
    odd = tmp_path / "it's \"odd\" $HOME `x` \x1b[1m"
    trace("jobs/one").rename(trace.dir / "one.pxt")
    trace.dir.rename(odd)
    r = spec("server", "--fixtures", odd, "--strict", "--jobs", "2", "--section", "RFC1928", "--quiet", f"socks5://127.0.0.1:{port}", "--verbose")
    assert r.status == 1 and "again" not in r.out
    r = spec("server", "--fixtures", odd, "--strict", "--jobs", "2", "--section=RFC1928", f"socks5://127.0.0.1:{port}")
    command = re.search(r"^        again   (.*)$", r.out, re.M)[1]
    assert "--jobs" not in command and "--section" not in command and "--strict" in command and "\x1b" not in r.out
    p = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 1, p.stderr
    assert re.sub(r"\d+\.\d+ s", "", p.stdout).replace(command, "") == re.sub(r"\d+\.\d+ s", "", r.out).replace(command, "")


def test_again_of_a_client(spec):
    r = spec("client", "--can", "socks5,noauth", "--case", "sanity/first-and-last/s*5", "--", "sh", "-c", "echo \"it's\"; exit 3", "--case", "x")
    assert r.status == 1
    command = re.search(r"^        again   (.*)$", r.out, re.M)[1]
    assert command.endswith("client --can socks5,noauth --case sanity/first-and-last/socks5 -- sh -c 'echo \"it'\\''s\"; exit 3' --case x")
    p = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, text=True)
    assert p.returncode == 1 and command in p.stdout
