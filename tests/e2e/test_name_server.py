# SPDX-License-Identifier: ISC
"""-R ADDRESS: what a name server may answer (RFC 1035), and answers that are none.

The server below does what each test says.  Which address was taken is seen in the request to a SOCKS5 proxy.
"""
import ipaddress
import socket
import struct
import threading

import pytest

import fakes
from fakes import FakeServer
from runner import run

A, AAAA, CNAME = 1, 28, 5
NAME = b"\xc0\x0c"                                   # the name of the question


def record(data, kind=A, cls=1, name=NAME, length=None):
    return name + struct.pack("!HHIH", kind, cls, 60, len(data) if length is None else length) + data


def ip(text):
    return ipaddress.ip_address(text).packed


class Query:
    def __init__(self, octets):
        self.id, self.octets, self.question = octets[:2], octets, octets[12:]
        self.kind = struct.unpack("!H", octets[-4:-2])[0]

    def answer(self, *records, flags=0x8180, ident=None, question=None, count=None):
        head = struct.pack("!HHHHH", flags, 1, len(records) if count is None else count, 0, 0)
        return (ident or self.id) + head + (self.question if question is None else question) + b"".join(records)

    def other_id(self):
        return bytes([self.id[0] ^ 1, self.id[1]])


class Server:
    """udp(query) gives the datagrams, tcp(query) the octets, each in a segment of its own; None: nobody listens there."""

    def __init__(self, udp, tcp=None):
        self.queries, self.by_tcp = [], 0
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.bind(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp.bind(("127.0.0.1", self.port))
        if tcp:
            self.tcp.listen(8)
        self.addr = "127.0.0.1:%d" % self.port
        self.threads = [threading.Thread(target=self.serve_udp, args=(udp,), daemon=True)]
        if tcp:
            self.threads.append(threading.Thread(target=self.serve_tcp, args=(tcp,), daemon=True))

    def serve_udp(self, udp):
        while True:
            octets, who = self.udp.recvfrom(4096)
            if not octets:
                return
            self.queries.append(Query(octets))
            for d in udp(self.queries[-1]):
                self.udp.sendto(d, who)

    def serve_tcp(self, tcp):
        while True:
            try:
                s = self.tcp.accept()[0]
            except OSError:
                return
            self.by_tcp += 1
            with s:
                s.settimeout(20)
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                n = struct.unpack("!H", s.recv(2, socket.MSG_WAITALL))[0]
                for piece in tcp(Query(s.recv(n, socket.MSG_WAITALL))):
                    s.sendall(piece)

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *a):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", self.udp.getsockname())
        try:
            self.tcp.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        for t in self.threads:
            t.join(20)
        self.udp.close()
        self.tcp.close()


def ask(udp, tcp=None, name="target.test", args=("-w", "20")):
    """(result, the address that the proxy was asked for, the server)"""
    with Server(udp, tcp) as ns, FakeServer(fakes.socks5(), strict=False) as px:
        res = run("-R", ns.addr, *args, "-S", px.spec, name, "22")
    request = px.conns[0].msgs[1] if px.conns and len(px.conns[0].msgs) > 1 else b""
    if not request:
        return res, None, ns
    assert request[:3] == b"\5\1\0" and request[-2:] == b"\0\x16"
    return res, str(ipaddress.ip_address(request[4:-2])), ns


def only(kind, *records, **kw):
    """An answer for questions of that type, an empty one for others."""
    return lambda q: [q.answer(*records, **kw) if q.kind == kind else q.answer()]


GOOD = record(ip("192.0.2.10"))


def taken(udp, tcp=None, **kw):
    res, address, ns = ask(udp, tcp, **kw)
    assert res.rc == 0, res
    return address, ns


def said(res, name="target.test"):
    """What is said of the name, without what comes before it."""
    begin = "ERROR: cannot resolve target %s: " % name
    assert len(res.lines) == 2 and res.lines[0].startswith(begin) and res.lines[1] == "FATAL: failed to begin relaying via SOCKS.", res
    return res.lines[0][len(begin):]


def refused(udp, tcp=None, status=3, **kw):
    res, address, _ = ask(udp, tcp, **kw)
    assert (res.rc, address) == (status, None), res
    return said(res)


def test_the_first_address_is_taken():
    assert taken(only(A, GOOD, record(ip("192.0.2.11"))))[0] == "192.0.2.10"


def test_both_families_are_asked_for():
    address, ns = taken(only(AAAA, record(ip("2001:db8::7"), AAAA)))
    assert address == "2001:db8::7"
    assert [q.kind for q in ns.queries] == [A, AAAA]
    assert ns.queries[0].question == b"\6target\4test\0" + struct.pack("!HH", A, 1)


def test_with_an_address_the_other_family_is_waited_for_shortly_only():
    address, ns = taken(lambda q: [q.answer(GOOD)] if q.kind == A else [])
    assert address == "192.0.2.10" and len(ns.queries) == 2


@pytest.mark.parametrize("what", ["another id", "a query", "another question", "shorter than the question", "of another type"])
def test_what_is_no_answer_is_passed_over(what):
    def udp(q):
        wrong = {"another id": q.answer(record(ip("192.0.2.66")), ident=q.other_id()), "a query": q.answer(record(ip("192.0.2.66")), flags=0x0100),
                 "another question": q.answer(record(ip("192.0.2.66")), question=q.question.replace(b"target", b"turget")),
                 "shorter than the question": q.answer()[:-1], "of another type": q.octets[:-4] + b"\0\x0f\0\1"}[what]
        return [wrong, b"", q.answer(GOOD) if q.kind == A else q.answer()]

    assert taken(udp)[0] == "192.0.2.10"


@pytest.mark.parametrize("records", [
    [record(b"\5other\4test\0", CNAME), GOOD],
    [record(ip("192.0.2.66"), cls=3), GOOD],                       # the class is not IN
    [record(ip("192.0.2.66") + b"x"), GOOD],                       # five octets are no address
    [record(ip("2001:db8::7"), AAAA), GOOD],                       # not what was asked for
    [record(b""), GOOD],
    [record(ip("192.0.2.10"), name=b"\6target\4test\0")],          # a name that is not compressed
    [record(ip("192.0.2.10"), name=b"\xff\xff")],                 # one that is nowhere: it is not looked at
], ids=["alias", "class", "five octets", "another family", "no octets", "whole name", "no name"])
def test_other_records_are_passed_over(records):
    assert taken(only(A, *records))[0] == "192.0.2.10"


@pytest.mark.parametrize("udp", [
    only(A, record(ip("192.0.2.66"), length=5)), only(A, record(ip("192.0.2.66"))[:-1]), only(A, count=1), only(A, b"\xc0", count=1),
    only(A, b"\x3f" + b"x" * 20, count=1), only(A, b"\0" * 10, count=1),
], ids=["longer than the message", "cut", "no record", "half a name", "a long label", "no room for a head"])
def test_records_that_run_over_the_end(udp):
    assert refused(udp) == "the name has no address"


def test_no_more_than_32_addresses():
    many = [record(ip("192.0.2.%d" % i)) for i in range(1, 60)]
    assert taken(only(A, *many))[0] == "192.0.2.1"


@pytest.mark.parametrize("code, says", [(3, "the name server says that there is no such name"), (2, "the name server refuses or fails"),
                                        (5, "the name server refuses or fails"), (0, "the name has no address")])
def test_no_address(code, says):
    assert refused(lambda q: [q.answer(flags=0x8180 | code)]) == says


def test_the_other_family_fails():
    assert refused(lambda q: [q.answer(flags=0x8180 | (2 if q.kind == AAAA else 0))]) == "the name server refuses or fails"
    assert taken(lambda q: [q.answer(GOOD) if q.kind == A else q.answer(flags=0x8182)])[0] == "192.0.2.10"


def test_no_answer():
    assert refused(lambda q: [], status=8, args=("--connect-timeout", "1")) == "timed out"


def test_nobody_is_there():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:    # bound and not connected: the port is taken, by nobody who listens
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    res = run("-R", "127.0.0.1:%d" % port, "-S", "127.0.0.1:1", "target.test", "22")
    assert res.rc == 3 and said(res) == "the name server does not answer"


@pytest.mark.parametrize("name", ["x" * 64 + ".test", "a..test", ".".join(["x" * 60] * 5)])
def test_what_cannot_be_asked(name):
    res, address, ns = ask(lambda q: [q.answer(GOOD)], name=name)
    assert res.rc == 3 and address is None and ns.queries == [], res
    assert ": this cannot be asked of a name server\n" in res.text, res


# What does not fit into a datagram is asked for over TCP (RFC 1035, 4.2.2).

def cut(q):
    return [q.answer(flags=0x8380) if q.kind == A else q.answer()]


def sized(message):
    return struct.pack("!H", len(message)) + message


@pytest.mark.parametrize("pieces", [lambda m: [m], lambda m: [m[:1], m[1:2], m[2:]], lambda m: [m[i:i + 1] for i in range(len(m))], lambda m: [m + b"more"]],
                         ids=["whole", "length apart", "octets", "more behind"])
def test_tcp(pieces):
    address, ns = taken(cut, lambda q: pieces(sized(q.answer(GOOD))))
    assert (address, ns.by_tcp) == ("192.0.2.10", 1)


def test_tcp_with_more_than_is_kept():
    """Of 8 KiB the first 4 are looked at."""
    many = [record(ip("192.0.2.%d" % (i % 200 + 1))) for i in range(500)]
    assert taken(cut, lambda q: [sized(q.answer(*many))])[0] == "192.0.2.1"


@pytest.mark.parametrize("tcp", [
    lambda q: [], lambda q: [b"\0"], lambda q: [sized(q.answer(GOOD))[:-1]], lambda q: [b"\0\0"], lambda q: [sized(b"\0\0\0")],
    lambda q: [sized(q.answer(GOOD, ident=q.other_id()))], lambda q: [sized(q.answer(GOOD, flags=0x0100))], None,
], ids=["nothing", "half a length", "cut", "empty", "too short", "another id", "a query", "nobody listens"])
def test_tcp_without_an_answer(tcp):
    assert refused(cut, tcp) == "the name server does not answer"


def test_without_a_limit_the_session_itself_waits_for_the_system():
    with FakeServer(fakes.session) as t:
        res = run("--connect-timeout", "0", "-n", "localhost", str(t.port), stdin=fakes.BYE)
    assert (res.rc, res.out) == (0, fakes.HELLO), res
    res = run("--connect-timeout", "0", "-n", "no-such.invalid", "22")
    assert res.rc == 3 and "cannot resolve target no-such.invalid:22: " in res.text, res
