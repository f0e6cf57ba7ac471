# SPDX-License-Identifier: ISC
"""Replaying the recordings of fixtures/recorded/connect-1.105 against connect.

stimulus(case) is the server's side of a recording as a script of fakes.py; observe(...) runs connect
against it and gives what is compared: the messages on the wire, exit status, stdout and stderr.
"""
import glob
import json
import os
import re

import fakes
import runner

HERE = os.path.join(runner.ROOT, "fixtures", "recorded", "connect-1.105")


def load():
    cases = {}
    for fn in sorted(glob.glob(os.path.join(HERE, "*.json"))):
        with open(fn, encoding="utf-8") as f:
            c = json.load(f)
        assert c["id"] + ".json" == os.path.basename(fn)
        cases[c["id"]] = c
    return cases


READ = {
    "s5-methods": fakes.s5_greeting,
    "s5-userpass": fakes.s5_userpass,
    "s5-request": fakes.s5_request,
    "s4-request": fakes.s4_request,
    "http-request": fakes.Conn.head,
    "telnet-line": lambda c: c.until(b"\n"),
    "rest": fakes.Conn.rest,
}


class Stimulus:
    """What the recorded server did, event by event; messages is what connect sent this time."""

    def __init__(self, case):
        self.case = case
        self.messages = []              # (connection, kind, octets)
        self.conn = {}
        for e in case["wire"]:
            self.conn.setdefault(e["conn"], []).append(e)

    def __call__(self, c):
        self.play(c, c.number)

    def play(self, c, n):
        for e in self.conn.get(n, ()):
            if e.get("from") == "C":
                kind = e["kind"]
                try:
                    b = READ[kind](c)
                except fakes.ScriptError:
                    b, c.buf = c.buf, b""
                    if b:
                        self.messages.append((c.number, "unfinished", b))
                    return
                if kind == "rest" and b.startswith(b"CONNECT "):
                    raise AssertionError("a request while the end of the stream was awaited")
                self.messages.append((c.number, kind, b))
            elif e.get("from") == "S":
                if "endless" in e:
                    while not c.ended:
                        c.send(b"X: ".ljust(e["endless"] - 2, b"y") + b"\r\n")
                    return
                b = bytes.fromhex(e["hex"])
                if e.get("octets"):
                    c.send_slowly(b)
                elif b:
                    c.send(b)
                if self.kept_alive(e, n):
                    # the next request may come over this connection or a new one
                    if c.buf or c._fill():
                        self.play(c, n + 1)
                        return
                if e.get("end") == "close":
                    c.close()
                    return
                if e.get("end") == "reset":
                    c.reset()
                    return

    def kept_alive(self, e, n):
        return n + 1 in self.conn and b"keep-alive" in bytes.fromhex(e["hex"]).lower()


def expected_messages(case):
    """The recorded messages of connect: (connection, kind, octets, length or None when whole)."""
    out = []
    for e in case["wire"]:
        if e.get("from") != "C":
            continue
        b = bytes.fromhex(e["hex"])
        if e["kind"] == "rest" and not b:
            continue
        out.append((e["conn"], e["kind"], b, e.get("bytes") if e.get("cut") else None))
    return out


class Observation:
    pass


def observe(case, jail, dns, argv=(), env=None, limit=20):
    stim = Stimulus(case)
    env = dict(case["env"], **(env or {}))
    o = Observation()
    with fakes.FakeServer(stim, strict=True) as px:
        def port(s):
            return s.replace("{P}", str(px.port))
        args = list(argv) + [port(a) for a in case["argv"]]
        with jail.start(*args, env={k: port(v) for k, v in env.items()}) as r:
            if case["stdin_end"] == "EOF":
                res = r.finish(bytes.fromhex(case["stdin"]), limit)
            else:
                r.p.stdin.write(bytes.fromhex(case["stdin"]))
                r.p.stdin.flush()
                r.p.wait(limit)
                res = r.finish(limit=limit)
        o.port = px.port
    o.messages = [m for m in stim.messages if not (m[1] == "rest" and not m[2])]
    o.result = res
    o.connections = len(px.conns)
    o.dns = list(dns.queries)
    return o


RELAYING = re.compile(r"^DEBUG: (recv \d+ bytes|sent \d+ bytes|local input is EOF|connection closed by peer)$")


def normal(lines, port):
    """stderr with the port as {P}, usage text as one word, and what happens in a session, in any order,
    as one line with the sums between "start relaying." and "relaying done."."""
    out, session = [], None
    for line in lines:
        if port:
            line = re.sub(r"(?<![0-9])%s(?![0-9])" % port, "{P}", line)
        if out and out[-1] == "USAGE" and not line.startswith(("DEBUG: ", "ERROR: ", "FATAL: ")):
            continue
        if line.startswith("DEBUG: sandbox: "):     # ours, and only where there is none (a sanitizer, another kernel)
            continue
        if line.startswith("usage: "):
            line = "USAGE"
        if line == "DEBUG: start relaying.":
            session = {}
        elif session is not None and RELAYING.match(line):
            w = line.split()
            if w[1] in ("recv", "sent"):
                session[w[1]] = session.get(w[1], 0) + int(w[2])
            else:
                session[line] = 1
            continue
        elif session is not None and line == "DEBUG: relaying done.":
            out.append("SESSION: recv %d, sent %d%s" % (
                session.get("recv", 0), session.get("sent", 0),
                "".join("; " + k[7:] for k in sorted(session) if k.startswith("DEBUG"))))
            session = None
        out.append(line)
    return out


def recorded_lines(case):
    """The recorded stderr: lines that ran into the next one for want of a line end are parted, the CR LF
    that were printed raw inside a line are dropped."""
    port = 0
    lines = []
    for line in case["stderr"]:
        m = re.match(r"DEBUG: relay_port=(\d+)$", line)
        if m:
            port = int(m.group(1))
        for part in re.split(r"(?<=.)(?=DEBUG: |FATAL: |ERROR: )", line):
            if line.startswith(("DEBUG: Unsupported auth", "ERROR: Unexpected http", "DEBUG: resolving host by name")):
                part = re.sub(r"\\r$", "", part)
            if part and part != "'.":
                lines.append(part)
    return normal(lines, port)
