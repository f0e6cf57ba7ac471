# SPDX-License-Identifier: ISC
"""Reads the traces of --trace, and recomputes every message's octets from its annotated fields.

    C> VER:u8=5 NMETHODS:u8=1 METHODS:raw(1)=00 ; 05 01 00
The octets behind the semicolon and those the fields stand for must agree; then they are taken apart again
by the layouts of the specifications, without a look at the field names."""
import base64
import dataclasses
import pathlib
import re
import socket
import struct

import programs

ESCAPE = {"r": b"\r", "n": b"\n", "t": b"\t", '"': b'"', "\\": b"\\", "0": b"\0"}


def unquote(text):
    """"a\\r\\n\\x00" to octets."""
    assert len(text) >= 2 and text[0] == '"' and text[-1] == '"', text
    out, at = b"", 1
    while at < len(text) - 1:
        c = text[at]
        if c != "\\":
            out += c.encode()
            at += 1
        elif text[at + 1] == "x":
            out += bytes([int(text[at + 2:at + 4], 16)])
            at += 4
        else:
            out += ESCAPE[text[at + 1]]
            at += 2
    return out


def words(line):
    """Split at blanks outside quotes; the comment apart."""
    out, at, word, quoted = [], 0, "", False
    while at < len(line):
        c = line[at]
        if quoted and c == "\\":
            word += line[at:at + 2]
            at += 2
            continue
        if c == '"':
            quoted = not quoted
        if not quoted and c == ";" and not word:
            return out, line[at + 1:].strip()
        if not quoted and c in " \t":
            if word:
                out.append(word)
            word = ""
        else:
            word += c
        at += 1
    assert not quoted, line
    if word:
        out.append(word)
    return out, None


def addr5(value):
    kind, _, rest = value.partition(":")
    host, _, port = rest.rpartition(":")
    tail = struct.pack("!H", int(port, 0))
    if kind == "ip4":
        return b"\x01" + socket.inet_aton(host) + tail
    if kind == "ip6":
        return b"\x04" + socket.inet_pton(socket.AF_INET6, host.strip("[]")) + tail
    assert kind == "name", value
    name = unquote(host if host.startswith('"') else f'"{host}"')
    return b"\x03" + bytes([len(name)]) + name + tail


def octets_of(item):
    """(name, octets) of one item of a message line."""
    if item.startswith('"'):
        return None, unquote(item)
    m = re.match(r"([A-Za-z0-9_.-]+):([a-z0-9]+)(?:\((\d+)\))?=(.*)$", item, re.S)
    if not m:
        return None, bytes.fromhex(item)
    name, kind, size, value = m.groups()
    if kind in ("u8", "u16", "u32"):
        return name, int(value, 0).to_bytes(int(kind[1:]) // 8, "big")
    if kind == "ip4":
        return name, socket.inet_aton(value)
    if kind == "ip6":
        return name, socket.inet_pton(socket.AF_INET6, value)
    if kind == "str8":
        return name, bytes([len(unquote(value))]) + unquote(value)
    if kind == "strz":
        return name, unquote(value) + b"\0"
    if kind == "raw":
        raw = unquote(value) if value.startswith('"') else bytes.fromhex(value)
        assert len(raw) == int(size), item
        return name, raw
    if kind in ("line", "httpbody", "rest"):
        return name, unquote(value)
    assert kind == "addr5", item
    return name, addr5(value)


@dataclasses.dataclass
class Message:
    who: str                       # C or P
    wrong: bool                    # marked with !
    section: str
    text: str
    octets: bytes = None           # None: a secret is masked
    fields: dict = dataclasses.field(default_factory=dict)
    start: str = None              # of an HTTP head
    head: list = None              # its fields, in order
    notes: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Trace:
    header: dict
    messages: list
    events: list
    comments: list
    text: str

    def said(self, who):
        return [m for m in self.messages if m.who == who]

    def octets(self, who):
        return b"".join(m.octets for m in self.said(who))


def head_octets(start, fields):
    return "".join(f"{line}\r\n" for line in [start, *[f"{n}: {v}" if v else f"{n}:" for n, v in fields], ""]).encode("latin-1")


def parse(text):
    trace, section, message = Trace({}, [], [], [], text), None, None
    lines = text.split("\n")
    while lines and lines[0]:
        name, colon, value = lines.pop(0).partition(":")
        assert colon, f"no header line: {name!r}"
        trace.header.setdefault(name, []).append(value.strip())
    for line in lines:
        m = re.match(r"([CP])>(!?)(?!>) ", line)
        if not line.strip():
            continue
        if line.startswith("---"):
            section, message = line[3:].strip(), None
        elif m:
            items, comment = words(line[m.end():])
            message = Message(m[1], bool(m[2]), section, line)
            trace.messages.append(message)
            if items and items[0] == "http":
                message.start, message.head = unquote(items[1]).decode("latin-1"), []
            else:
                parts = [octets_of(i) for i in items]
                message.fields = {n: o for n, o in parts if n}
                message.octets = b"".join(o for _, o in parts)
                if comment is not None and "*" in comment:
                    shown = comment.split()
                    assert len(shown) == 0 or all(re.fullmatch(r"[0-9a-f]{2}|\*\*|\.\.\.", s) for s in shown), line
                    message.octets = None
                elif comment and re.fullmatch(r"([0-9a-f]{2} ?)+", comment) and not message.wrong:
                    assert bytes.fromhex(comment) == message.octets, f"fields and octets differ: {line}"
        elif message is not None and message.head is not None and line[0] in " \t" and not line.strip().startswith(";"):
            name, colon, value = line.strip().partition(":")
            assert colon, line
            message.head.append((name, unquote('"' + value.strip().replace('"', '\\"') + '"').decode("latin-1")))
        elif re.match(r"[CPT]: ", line):
            trace.events.append(words(line)[0] + [words(line)[1]])
        elif line.lstrip().startswith(";"):
            trace.comments.append(line.lstrip()[1:].strip())
            if message is not None:
                message.notes.append(line.lstrip()[1:].strip())
        else:
            assert re.match(r"[CT]>> ", line), f"not understood: {line!r}"
            trace.messages.append(Message(line[0] + ">>", False, section, line, b"".join(octets_of(i)[1] for i in words(line[4:])[0])))
    for m in trace.messages:
        if m.head is not None:
            m.octets = None if any("***" in v for _, v in m.head) else head_octets(m.start, m.head)
    return trace


def read(path):
    return parse(pathlib.Path(path).read_text())


def read_dir(path):
    """All traces of a directory, in the order of the connections."""
    return [read(p) for p in sorted(pathlib.Path(path).glob("*.pxt"))]


# ---- the octets against what a program is known to send, and what the specification answers

def check_program(program, traces, host, port):
    assert traces, "no trace was written"
    {"socks4": _socks4, "socks5": _socks5, "http": _http, "telnet": _telnet}[program.role](program, traces, host, port)
    last = traces[-1]
    accepted = [e for e in last.events if e[:2] == ["T:", "accept"]]
    assert len(accepted) == 1 and f"127.0.0.1:{port} from 127.0.0.1:" in accepted[0][2], last.events
    tunnel = [re.match(r"C>> (\d+) octets, T>> (\d+) octets", c) for c in last.comments]
    assert any(t and int(t[1]) > 0 and int(t[2]) > 0 for t in tunnel), last.text
    assert any(c.startswith("closed: ") for c in last.comments), last.text


def _socks4(program, traces, host, port):
    assert len(traces) == 1, "one connection"
    said = traces[0].octets("C")
    vn, cd, dstport, dstip = struct.unpack("!BBH4s", said[:8])
    userid, nul, rest = said[8:].partition(b"\0")
    assert (vn, cd, dstport, nul, userid) == (4, 1, port, b"\0", program.wire["userid"]), said
    if program.wire["address"] == "ip":
        assert dstip == b"\x7f\0\0\x01" and rest == b"", said
    else:
        assert dstip[:3] == b"\0\0\0" and dstip[3] != 0 and rest == host.encode() + b"\0", said
    answer = traces[0].octets("P")
    assert len(answer) == 8 and answer[:2] == b"\0\x5a", answer


def _socks5(program, traces, host, port):
    assert len(traces) == 1, "one connection"
    said, answer = traces[0].octets("C"), traces[0].octets("P")
    assert said[0] == 5 and said[1] >= 1
    methods, said = said[2:2 + said[1]], said[2 + said[1]:]
    assert set(methods) == program.wire["methods"], methods
    assert answer[0] == 5 and answer[1] in methods
    if program.wire.get("userpass"):
        name, password = programs.USER.encode(), programs.PASSWORD.encode()
        login = b"\x01" + bytes([len(name)]) + name + bytes([len(password)]) + password
        assert answer[1] == 2 and said[:len(login)] == login, said
        assert answer[2:4] == b"\x01\0"
        said, answer = said[len(login):], answer[4:]
    else:
        assert answer[1] == 0
        answer = answer[2:]
    if program.wire["address"] == "ip":
        want = b"\x05\x01\0\x01\x7f\0\0\x01"
    else:
        want = b"\x05\x01\0\x03" + bytes([len(host)]) + host.encode()
    assert said == want + struct.pack("!H", port), said
    assert len(answer) == 10 and answer[:8] == b"\x05\0\0\x01\x7f\0\0\x01" and answer[8:] != b"\0\0", answer


def _http(program, traces, host, port):
    want, counts = program.wire, {"plain": 0, "basic": 0}
    messages = [m for t in traces for m in t.messages if m.head is not None]
    basic = "Basic " + base64.b64encode(f"{programs.USER}:{programs.PASSWORD}".encode()).decode()
    for m in messages:
        fields = [(n.lower(), v) for n, v in m.head]
        if m.who == "C":
            assert m.start == f"CONNECT {host}:{port} HTTP/{want['version'].decode()}", m.start
            assert ("host" in dict(fields)) == want["host"], m.head
            credentials = [v for n, v in fields if n == "proxy-authorization"]
            counts["basic" if credentials else "plain"] += 1
            assert credentials in ([], [basic]), credentials
        elif m.start.split()[1] == "407":
            assert any(n == "proxy-authenticate" and v.startswith("Basic realm=\"") for n, v in fields), m.head
    assert counts == {k: want[k] for k in counts}, counts
    last = messages[-1]
    assert last.who == "P" and re.match(r"HTTP/1\.[01] 200 ", last.start), last.start
    assert not [n for n, _ in last.head if n.lower() in ("content-length", "transfer-encoding")]
    statuses = [m.start.split()[1] for m in messages if m.who == "P"]
    assert statuses == ["407"] * (counts["plain"] if want["basic"] else 0) + ["200"], statuses


def _telnet(program, traces, host, port):
    assert len(traces) == 1, "one connection"
    said = traces[0].octets("C")
    assert said == program.wire["command"].replace(b"{port}", b"%d" % port), said
    answer = traces[0].octets("P")
    assert answer.endswith(b"\r\n") and b"onnected to " in answer.splitlines()[-1], answer
