# SPDX-License-Identifier: ISC
"""wire: captures typed from their descriptions, whole and broken, against small traces.

The containers: pcap (magic a1b2c3d4, or a1b23c4d for nanoseconds) and pcapng (draft-ietf-opsawg-pcapng); RFC 791, 8200 and 9293
for what is in them.  One connection unless a test says otherwise: 10.0.0.1:40000 to the proxy at 10.0.0.2:1080."""
import ipaddress
import struct

import pytest

FIN, SYN, RST, ACK = 1, 2, 4, 16
HELLO, CHOICE = b"\5\1\0", b"\5\0"


def tcp(sport, dport, seq, flags, data=b"", words=5):
    return struct.pack("!HHIIBBHHH", sport, dport, seq, 0, words << 4, flags, 65535, 0, 0) + b"\1" * (4 * (words - 5)) + data


def ip4(a, b, payload, ihl=5, fragment=0, proto=6, length=None):
    n = 4 * ihl + len(payload)
    return struct.pack("!BBHHHBBH4s4s", 0x40 | ihl, 0, n if length is None else length, 7, fragment, 64, proto, 0,
                       ipaddress.ip_address(a).packed, ipaddress.ip_address(b).packed) + b"\1" * (4 * (ihl - 5)) + payload


def ip6(a, b, payload, next_header=6):
    return struct.pack("!IHBB16s16s", 6 << 28, len(payload), next_header, 64, ipaddress.ip_address(a).packed,
                       ipaddress.ip_address(b).packed) + payload


def pcap(packets, link=101, magic=0xa1b2c3d4, order="<"):
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for p in packets:
        out += struct.pack(order + "IIII", 0, 0, len(p), len(p)) + p
    return out


def block(kind, body, order="<"):
    body += b"\0" * (-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def pcapng(packets, link=101, order="<", comment=b"", interface=0):
    out = block(0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1), order)
    out += block(1, struct.pack(order + "HHI", link, 0, 0), order)
    for p in packets:
        options = b""
        if comment:
            options = struct.pack(order + "HH", 2, 3) + b"xyz\0"          # another option before it, with padding
            options += struct.pack(order + "HH", 1, len(comment)) + comment + b"\0" * (-len(comment) % 4) + b"\0\0\0\0"
        out += block(6, struct.pack(order + "IIIII", interface, 0, 0, len(p), len(p)) + p + b"\0" * (-len(p) % 4) + options, order)
        comment = b""
    return out


class Talk:
    """Segments of one connection, in order; each is a packet of IP."""

    def __init__(self, a="10.0.0.1", b="10.0.0.2", sport=40000, dport=1080, wrap=ip4):
        self.ends, self.ports, self.seq, self.wrap, self.packets = (a, b), (sport, dport), [1000, 2000], wrap, []
        self.add(0, SYN)
        self.add(1, SYN | ACK)

    def segment(self, side, flags, data=b"", seq=None, words=5):
        return tcp(self.ports[side], self.ports[1 - side], self.seq[side] if seq is None else seq, flags, data, words)

    def add(self, side, flags, data=b"", **kw):
        self.packets.append(self.wrap(self.ends[side], self.ends[1 - side], self.segment(side, flags, data, **kw)))
        self.seq[side] += len(data) + (1 if flags & (SYN | FIN) else 0)
        return self

    def say(self, side, data, **kw):
        return self.add(side, ACK, data, **kw)


def greeting(**kw):
    return Talk(**kw).say(0, HELLO).say(1, CHOICE)


@pytest.fixture
def wire(spec, trace, tmp_path):
    """wire(octets, "--verbose") plays the trace a/b (or those that were written before) against that capture."""
    path = tmp_path / "capture"

    def run(octets, *args):
        if not list(trace.dir.iterdir()):
            trace()
        path.write_bytes(octets)
        r = spec("wire", "--fixtures", trace.dir, *args, path)
        return r._replace(out=r.out.replace(str(path), "CAPTURE").replace(str(trace.dir), "DIR"), err=r.err.replace(str(path), "CAPTURE"))

    return run


FLOW = "10.0.0.1 40000 > 10.0.0.2 1080: 3 and 2 octets\n"
ONE = FLOW + "  PASS  a/b\nCAPTURE: 1 connections to a proxy, 1 follow a trace\n"


def ethernet(p):
    return b"\2\0\0\0\0\1" + b"\2\0\0\0\0\2" + b"\x08\0" + p


def vlan(p):
    return b"\2\0\0\0\0\1" + b"\2\0\0\0\0\2" + b"\x81\0\0\7\x08\0" + p


@pytest.mark.parametrize("make", [pcap, pcapng])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("link, frame", [
    (101, lambda p: p), (12, lambda p: p), (14, lambda p: p), (1, ethernet), (1, vlan), (0, lambda p: b"\2\0\0\0" + p),
    (108, lambda p: b"\0\0\0\2" + p), (113, lambda p: b"\0" * 14 + b"\x08\0" + p), (276, lambda p: b"\x08\0" + b"\0" * 18 + p),
    (1, lambda p: ethernet(p) + b"\0" * 6)], ids=["raw", "raw-12", "raw-14", "ethernet", "vlan", "null", "loop", "sll", "sll2", "padding"])
def test_links(wire, make, order, link, frame):
    assert wire(make([frame(p) for p in greeting().packets], link=link, order=order)) == (0, ONE, "")


def test_nanoseconds(wire):
    for order in "<>":
        assert wire(pcap(greeting().packets, magic=0xa1b23c4d, order=order)) == (0, ONE, "")


def test_ip6(wire):
    t = greeting(a="2001:db8::1", b="2001:db8::2", wrap=ip6)
    r = wire(pcap([ethernet(p)[:12] + b"\x86\xdd" + p + b"\0" * 5 for p in t.packets], link=1))     # with padding behind
    assert r == (0, "2001:db8::1 40000 > 2001:db8::2 1080: 3 and 2 octets\n" + ONE[len(FLOW):], "")


def test_options_of_ip_and_tcp(wire):
    t = Talk(wrap=lambda a, b, p: ip4(a, b, p, ihl=7))
    assert wire(pcap(t.say(0, HELLO, words=8).say(1, CHOICE, words=15).packets)) == (0, ONE, "")


# What is in a capture besides: none of it is a connection, none of it disturbs.

def others():
    a, b = "10.0.0.1", "10.0.0.2"
    return {
        "udp": ip4(a, b, struct.pack("!HHHH", 40000, 1080, 11, 0) + b"xyz", proto=17),
        "udp over IPv6": ip6("::1", "::2", b"\0" * 40, next_header=17),
        "a header of 16 octets": b"\x44" + ip4(a, b, tcp(40000, 1080, 1, ACK, b"x"))[1:],
        "a TCP header of 16 octets": ip4(a, b, tcp(40000, 1080, 1, ACK, b"x", words=5)[:12] + b"\x40" + b"\0" * 8),
        "a TCP header longer than its packet": ip4(a, b, tcp(40000, 1080, 1, ACK)[:12] + b"\xf0" + b"\0" * 7),
        "half a TCP header": ip4(a, b, tcp(40000, 1080, 1, ACK)[:10]),
        "an empty frame": b"",
        "arp": b"\0\1\x08\0\6\4\0\1" + b"\0" * 20,
        "a fragment": ip4(a, b, tcp(40000, 1080, 1, ACK, b"x"), fragment=3),
    }


@pytest.mark.parametrize("what", others())
def test_what_is_no_segment(wire, what):
    packets = greeting().packets
    assert wire(pcap(packets[:3] + [others()[what]] + packets[3:])) == (0, ONE, "")
    r = wire(pcap([others()[what]]))
    assert r == (77, "CAPTURE: 0 connections to a proxy, 0 follow a trace\n", "")


def test_fragments(wire):
    """The first one has the TCP header, and what it lacks is a gap; the second one is no segment of its own."""
    t = Talk().say(0, HELLO)
    whole = t.segment(1, ACK, CHOICE + b"0123456789")
    t.packets += [ip4("10.0.0.2", "10.0.0.1", whole[:24], fragment=0x2000), ip4("10.0.0.2", "10.0.0.1", whole[24:], fragment=3)]
    t.seq[1] += 12
    t.say(1, b"more")
    r = wire(pcap(t.packets))
    assert r.out.startswith("10.0.0.1 40000 > 10.0.0.2 1080: 3 and 4 octets\n") and r.out.count(" > ") == 1
    assert r.out.endswith("CAPTURE: 1 connections to a proxy, 0 follow a trace; the capture has gaps\n")


# Order, loss, repetition.

def test_sent_again(wire):
    t = Talk().say(0, HELLO)
    t.say(0, HELLO, seq=1001).say(0, HELLO[1:], seq=1002)
    t.seq[0] = 1004
    assert wire(pcap(t.say(1, CHOICE).packets)) == (0, ONE, "")


def test_keep_alive(wire):
    """One octet from before, and no octet from before."""
    t = greeting()
    t.say(0, b"\0", seq=1003).say(0, b"", seq=1003)
    assert wire(pcap(t.packets)) == (0, ONE, "")


def test_a_gap(wire):
    t = Talk().say(0, HELLO)
    t.seq[1] += 1
    r = wire(pcap(t.say(1, b"\0").packets))
    assert (r.status, r.err) == (1, "")
    assert r.out == ("10.0.0.1 40000 > 10.0.0.2 1080: 3 and 0 octets\n  no trace is followed\n"
                     "CAPTURE: 1 connections to a proxy, 0 follow a trace; the capture has gaps\n")


def test_begun_before_the_capture(wire):
    """Without a SYN the lower port is the server's."""
    assert wire(pcap(greeting().packets[2:])) == (0, ONE, "")
    assert wire(pcap(greeting().packets[:1:-1])) == (0, ONE, "")


def test_a_port_used_again(wire):
    t, u = greeting(), Talk()
    u.seq = [501, 601]
    u.packets = [ip4("10.0.0.1", "10.0.0.2", tcp(40000, 1080, 500, SYN)), ip4("10.0.0.2", "10.0.0.1", tcp(1080, 40000, 600, SYN | ACK))]
    u.say(0, b"\4").say(1, b"?")
    r = wire(pcap(t.packets + u.packets))
    assert r.status == 1 and r.out == (FLOW + "  PASS  a/b\n" + FLOW.replace("3 and 2", "1 and 1") +
                                       "  no trace is followed\nCAPTURE: 2 connections to a proxy, 1 follow a trace\n")
    again = Talk().packets[:1]
    assert wire(pcap(again + t.packets)) == (0, ONE, "")                 # the same SYN twice is one connection


# Files that are broken.

NEITHER = "proxyspec: CAPTURE: this is neither pcap nor pcapng\n"


@pytest.mark.parametrize("octets", [b"", b"\n", b"not a capture at all, but long enough", pcap([])[:23], b"\0" * 100,
                                    struct.pack(">I", 0xa1b2c3d5) + b"\0" * 40])
def test_no_capture(wire, octets):
    assert wire(octets) == (3, "", NEITHER)


def test_empty_captures(wire):
    """A whole file without a packet is no broken one."""
    for octets in (pcap([]), pcapng([])):
        assert wire(octets) == (77, "CAPTURE: 0 connections to a proxy, 0 follow a trace\n", "")


@pytest.mark.parametrize("make, what", [(pcap, "packet"), (pcapng, "block")])
def test_cut_short(wire, make, what):
    """Whatever is missing at the end, it is told, except where a packet ends."""
    packets = greeting().packets
    whole = make(packets)
    ends = {len(make(packets[:i])) for i in range(len(packets) + 1)} | ({len(make([])) - 20} if make is pcapng else set())
    said = {f"proxyspec: CAPTURE: the file ends in the middle of a {what}\n", "proxyspec: CAPTURE: a block has a wrong length\n"}
    for n in range(28, len(whole), 5):
        r = wire(whole[:n])
        assert (r.status in (0, 1, 77) and r.err == "") if n in ends else (r.status == 3 and r.out == "" and r.err in said), n
    assert wire(whole).status == 0


@pytest.mark.parametrize("length", [0, 8, 11, 13, 14, 4096, 0xfffffffc])
def test_a_block_with_a_wrong_length(wire, length):
    octets = pcapng([]) + struct.pack("<II", 6, length) + b"\0" * 40
    assert wire(octets) == (3, "", "proxyspec: CAPTURE: a block has a wrong length\n")


def test_odd_blocks(wire):
    """An interface that was not described, a packet longer than its block, blocks of other kinds, a second section."""
    packets = greeting().packets
    odd = pcapng(packets, interface=3) + block(6, b"\0" * 12) + block(6, struct.pack("<IIIII", 0, 0, 0, 100, 100) + b"\0" * 8)
    odd += block(5, b"\0" * 20) + block(1, b"\0" * 4)
    assert wire(odd) == (77, "CAPTURE: 0 connections to a proxy, 0 follow a trace\n", "")
    assert wire(odd + pcapng(packets, order=">")) == (0, ONE, "")


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_a_link_layer_that_is_not_known(wire, make):
    r = wire(make(greeting().packets, link=147))
    assert r == (77, "CAPTURE: 0 connections to a proxy, 0 follow a trace; 4 frames of link layer 147, which is not known\n", "")


def test_several_captures(spec, trace, tmp_path):
    """The status is that of the worst one, in any order; behind one that cannot be read nothing is looked at."""
    files = {"good": pcap(greeting().packets), "none": pcap([]), "bad": pcap(Talk().say(0, b"?").packets), "broken": b"broken"}
    for name, octets in files.items():
        (tmp_path / name).write_bytes(octets)
    trace()

    def status(*names):
        return spec("wire", "--fixtures", trace.dir, *(tmp_path / n for n in names)).status

    assert [status(n) for n in files] == [0, 77, 1, 3]
    assert [status("good", "none"), status("none", "good")] == [77, 77]
    assert [status("good", "bad"), status("bad", "good"), status("none", "bad"), status("bad", "none")] == [1, 1, 1, 1]
    assert [status("bad", "broken"), status("none", "broken"), status("broken", "good")] == [3, 3, 3]


# What is told.

def test_which_connections(wire):
    both = greeting().packets + Talk(a="10.0.0.2", b="10.0.0.3", sport=50000, dport=7007).say(0, b"ping").packets
    both += Talk(a="10.0.0.2", b="10.0.0.3", sport=50001, dport=7001).say(0, b"ping").packets
    both += Talk(sport=40001).packets                                    # a connection without an octet
    assert wire(pcap(both)) == (0, ONE, "")
    r = wire(pcap(both), "--proxy-port", "7007")
    assert r.status == 1 and r.out.startswith("10.0.0.2 50000 > 10.0.0.3 7007: 4 and 0 octets\n  no trace is followed\n")
    assert wire(pcap(both), "--proxy-port", "9").status == 77


FAIL = """\
  FAIL  a/b
      DIR/a-b.pxt:13  MUST  METHOD the octets do not match
        wanted "0"
        got    2, octets 02
"""


def test_verbose_or_by_name(wire, trace):
    trace()
    trace("a/c", method="2")
    octets = pcap(Talk().say(0, HELLO).say(1, b"\5\2").packets)
    few = FLOW + "  PASS  a/c\n" + ONE.splitlines(True)[-1]
    assert wire(octets) == (0, few, "")
    for args in (["--verbose"], ["--case", "a/b"]):
        r = wire(octets, *args)
        assert "".join(x + "\n" for x in r.out.splitlines()[1:5]) == FAIL, r.out
    assert wire(octets, "--case", "a/b").status == 1
    assert wire(octets, "--case", "a/b", "--case", "a/c") == (0, few, "")


def test_surplus(wire, trace):
    trace()
    octets = pcap(greeting().say(1, b"abc").packets)
    r = wire(octets, "--case", "a/b")
    assert r.status == 1 and "  FAIL  a/b  (3 octets more than the trace has)\n  no trace is followed\n" in r.out


def test_given(wire, trace):
    trace(more="C> ADDR:ip4=$host PORT:u16=$port\n")
    octets = pcap(greeting().say(0, bytes([192, 0, 2, 1]) + b"\x03\xe8").packets)
    r = wire(octets, "--case", "a/b")
    assert r.status == 1 and "ADDR the octets do not match" in r.out
    assert wire(octets, "--given", "host=192.0.2.1", "--given", "port=1000").status == 0


def test_named_by_a_comment(wire, trace):
    """A capture that self wrote says which case it is."""
    trace()
    trace("a/c", method="2")
    assert wire(pcapng(greeting().packets, comment=b"a/b line 12 - hello")) == (0, ONE, "")
    r = wire(pcapng(greeting().packets, comment=b"a/c line 12 - hello"))
    assert r.status == 1 and "  FAIL  a/c\n" in r.out and "a/b" not in r.out
    assert wire(pcapng(greeting().packets, comment=b"something else")) == (0, ONE, "")
    second = pcapng(Talk(sport=40001).say(0, HELLO).say(1, CHOICE).packets, comment=b"a/b line 20")
    assert wire(pcapng(greeting().packets, comment=b"a/b line 12") + second) == (0, ONE, "")   # a second try of the first


# Steps of a trace that are not octets.

@pytest.mark.parametrize("end, lines, want", [
    (FIN, "P: fin\nP: close\nC> 01\n", None),
    (RST, "P: rst\nP: close\n", None),
    (FIN, "P: rst\n", "wanted rst\n        got    FIN"),
    (RST, "P: fin\n", "wanted fin\n        got    RST"),
    (0, "P: close\n", "wanted close\n        got    neither FIN nor RST"),
])
def test_endings(wire, trace, end, lines, want):
    trace(more=lines)
    t = greeting().add(1, end | ACK)
    t.say(0, b"\1") if "C>" in lines else None
    r = wire(pcap(t.packets), "--case", "a/b")
    assert r.status == (0 if want is None else 1)
    assert want is None or ("the stream does not end so" in r.out and want in r.out)


@pytest.mark.parametrize("octets, status", [(b"SSH-2.0-x\r\nlater", 0), (b"later", 0), (b"late", 1), (b"", 1)])
def test_skip_to(wire, trace, octets, status):
    trace(more='P: skip "later"\n')
    r = wire(pcap(greeting().say(1, octets).packets), "--case", "a/b")
    assert r.status == status and ("the octets are not there" in r.out) == (status == 1)


def test_alternatives(wire, trace):
    trace(more="""P> oneof
 | 01 -> pass
 | 02 -> loose "a second best"
 | 03 -> info
 | 04 -> fail "forbidden"
 | fin -> pass
""")
    def out(octets, end=0):
        t = greeting()
        if octets:
            t.say(1, octets)
        r = wire(pcap(t.add(1, end | ACK).packets), "--case", "a/b")
        return r.status, r.out.splitlines()[1:-1]

    assert out(b"\1") == (0, ["  PASS  a/b"])
    assert out(b"", FIN) == (0, ["  PASS  a/b"])
    status, lines = out(b"\2")
    assert status == 0 and lines[0] == "  LOOSE a/b" and "ROBUST   a second best" in lines[1]
    status, lines = out(b"\3")
    assert status == 0 and lines[0] == "  INFO  a/b" and "a discouraged alternative" in lines[1]
    status, lines = out(b"\4")
    assert status == 1 and lines[0] == "  FAIL  a/b" and "MUST   forbidden" in lines[1]
    status, lines = out(b"\5")
    assert status == 1 and "none of the alternatives is there" in lines[1] and lines[2].strip() == "wanted one of the alternatives"


def test_the_capture_ends_before(wire):
    r = wire(pcap(Talk().say(0, HELLO).say(1, b"\5").packets), "--case", "a/b")
    assert r.status == 1 and "the capture ends before\n        wanted a whole line\n        got    fewer octets\n" in r.out


def test_a_second_try(wire, trace):
    """`C: retry`: the next connection from the same host, where this one holds no further request."""
    trace(more="P: close\nC: retry\nC> 050102\n")
    first, second = greeting().add(1, FIN | ACK), Talk(sport=40001).say(0, b"\5\1\2")
    r = wire(pcap(first.packets + Talk(a="10.0.0.9").packets + second.packets), "--case", "a/b")
    assert "10.0.0.1 40000 > 10.0.0.2 1080: 3 and 2 octets\n  PASS  a/b\n" in r.out
    same = greeting().add(1, FIN | ACK).say(0, b"\5\1\2")                # on the same connection
    assert wire(pcap(same.packets), "--case", "a/b").status == 0
    r = wire(pcap(first.packets), "--case", "a/b")                       # there is none
    assert r.status == 1 and "the capture ends before" in r.out


def test_an_ethernet_frame_without_a_packet(wire):
    packets = [ethernet(p) for p in greeting().packets]
    assert wire(pcap(packets[:2] + [b"\0" * 14, b"\0" * 3] + packets[2:], link=1)) == (0, ONE, "")


# What self writes, wire reads.

@pytest.mark.parametrize("needs, port, lines", [
    ("socks5", 1080, "P: rst\n"), ("http", 3128, "P: fin\nC: fin\n"), ("telnet", 23, 'C> "x" ; a note\nP>! 07\nP: close\nC: retry\nC> 01\nP> 02\n'),
    ("socks5", 1080, 'T: accept\nC>> "ping"\nT>> "pong"\nT: fin\nP: close\n'), ("socks5", 1080, 'C> "%s"\nP> 01\n' % ("x" * 70000)),
    ("socks5", 1080, "C: retry\n" + "".join(f"C> 01 ; {'n' * 60} {i}\n" for i in range(90))),
    ("socks5", 1080, 'P: skip "mark"\nC: eof\n')])
def test_self_and_wire(spec, trace, tmp_path, needs, port, lines):
    path = trace(more=lines)
    path.write_text(path.read_text().replace("needs: socks5", "needs: " + needs))
    out = tmp_path / "out.pcapng"
    assert spec("self", "--fixtures", path, "--pcap", out)[:2] == (0, "1 file, 1 case, 0 errors\n")
    r = spec("wire", "--fixtures", path, out)
    assert r.status == 0 and f".2 {port}: " in r.out and "\n  PASS  a/b\n" in r.out, r
