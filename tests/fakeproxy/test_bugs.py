# SPDX-License-Identifier: ISC
"""Each --bug of --list-bugs: with it the one violation is on the wire, without it it is not.

The table PROBES says for each bug how to see it: a function of a conversation that answers whether the requirement
is violated.  A bug without a line here, or a line without a bug, fails the suite."""
import base64
import re
import time

import auto
import pytest
import server
import wire

BANNER = auto.BANNER
R4 = bytes.fromhex("04 01 0016 7f000001 00")
R4_REFUSED = bytes.fromhex("04 01 0001 7f000001 00")
GREETING = bytes.fromhex("05 01 00")
R5 = bytes.fromhex("05 01 00 01 7f000001 0016")
R5_REFUSED = bytes.fromhex("05 01 00 01 7f000001 0001")
LOGIN = bytes.fromhex("01 04 75736572 04 70617373")
WRONG = bytes.fromhex("01 04 75736572 04 70617374")
AT = b"127.0.0.1:22"
USER = {"FAKEPROXY_USER": "user:pass"}


def x(text):
    return bytes.fromhex(text)


class Talk:
    """Conversations with one server."""

    def __init__(self, target, f):
        self.target, self.f = target, f

    def __call__(self, *pieces, **kw):
        return auto.ask(self.target, self.f.port, *pieces, **kw)


def said(r):
    """What the proxy itself said: all but the target's banner."""
    return r.got[:-len(BANNER)] if r.got.endswith(BANNER) else r.got


def name4(name, mark=1):
    return x("04 01 0016 000000") + bytes([mark]) + b"\0" + name + b"\0"


def name5(name, length=None):
    return x("05 01 00 03") + bytes([len(name) if length is None else length]) + name + x("0016")


def http(target=AT, version=b"HTTP/1.1", host=AT, more=b""):
    return b"CONNECT " + target + b" " + version + b"\r\n" + (b"Host: " + host + b"\r\n" if host is not None else b"") + more + b"\r\n"


def auth(text=b"user:pass", scheme=b"Basic"):
    return b"Proxy-Authorization: " + scheme + b" " + base64.b64encode(text) + b"\r\n"


CLOSE = b"Connection: close\r\n"


def status(r):
    m = re.match(rb"HTTP/1\.[01] (\d\d\d)", r.got)
    return int(m[1]) if m else None


def field(r, name):
    head = r.got.split(b"\r\n\r\n")[0]
    return [v.strip() for line in head.split(b"\r\n")[1:] for n, _, v in [line.partition(b":")] if n.lower() == name]


def body(r):
    return r.got.split(b"\r\n\r\n", 1)[1]


def granted4(r):
    return r.got[1:2] == b"\x5a"


def granted5(r):
    return len(r.got) > 3 and r.got[3] == 0


def connected(r):
    return b"onnected to " in r.got


def payload(r):
    assert len(r.reached) == 1, r
    return r.reached[0].payload


TELNET = b"connect 127.0.0.1 22\r\n"
TELNET_REFUSED = b"connect 127.0.0.1 1\r\n"
SLOW = ["--dial-timeout", "1"]
FWTK = ["-o", "dialect=fwtk"]
DELEGATE = ["-o", "dialect=delegate"]


def full_queue(request):
    """Ask for a port whose listener drops the SYN: request(port) -> octets."""
    def probe(t):
        import socket
        listener, fill = wire.listen(0, backlog=0), []
        try:
            for _ in range(2):
                s = socket.socket()
                s.setblocking(False)
                s.connect_ex(listener.getsockname())
                fill.append(s)
            return t(request(wire.port_of(listener)))
        finally:
            for s in fill:
                s.close()
            listener.close()
    return probe


def two(will, r):
    return r.got.count(bytes([255, 251, will])) >= 2


def bnd_port(r):
    return int.from_bytes(said(r)[-2:], "big")


def swapped(t):
    """The kernel gives the port; of one whose octets are alike, as 0x9C9C, the order is not seen: take the next."""
    for _ in range(8):
        r = t(GREETING + R5)
        port = r.reached[0].peer[1]
        turned = int.from_bytes(port.to_bytes(2, "big")[::-1], "big")
        if turned != port:
            return bnd_port(r) == turned
    raise AssertionError("eight ports in a row, each with two octets alike")


def lines_end(r, wrong):
    """Does a line of the proxy end like that?  IAC commands do not matter here."""
    return re.search(wrong, said(r)) is not None


# name: (probe, further arguments, environment)
PROBES = {
    "s4-reply-vn4": (lambda t: t(R4).got[0] == 4,),
    "s4-reply-short": (lambda t: len(said(t(R4))) == 7,),
    "s4-reply-long": (lambda t: len(said(t(R4))) == 9,),
    "s4-reply-twice": (lambda t: len(said(t(R4))) == 16,),
    "s4-grant-early": (lambda t: granted4(t(name4(b"slow.example"))), SLOW),
    "s4-grant-failed": (lambda t: granted4(t(R4_REFUSED)),),
    "s4-cd-zero": (lambda t: t(R4_REFUSED).got[1] == 0,),
    "s4-cd-94": (lambda t: t(R4_REFUSED).got[1] == 94,),
    "s4-reject-open": (lambda t: t(R4_REFUSED, patience=0.5).how == "open",),
    "s4-port-swapped": (lambda t: t(R4).reached[0].port == 5632,),
    "s4-ip-swapped": (lambda t: granted4(t(x("04 01 0016 0100007f 00"))),),
    "s4-no-userid": (lambda t: payload(t(R4[:8] + b"fred\0")) == b"fred\0",),
    "s4-userid-8": (lambda t: payload(t(R4[:8] + b"12345678rest\0")) == b"rest\0",),
    "s4-any-cd": (lambda t: granted4(t(x("04 03 0016 7f000001 00"))),),
    "s4-any-vn": (lambda t: granted4(t(x("09 01 0016 7f000001 00"))),),
    "s4-early-lost": (lambda t: payload(t(R4 + b"EARLY")) == b"",),
    "s4-timeout-silent": (lambda t: full_queue(lambda p: x("04 01") + p.to_bytes(2, "big") + x("7f000001 00"))(t).got == b"", SLOW),
    "s4-one-read": (lambda t: not granted4(t(R4[:5], R4[5:])),),
    "s4a-literal": (lambda t: not granted4(t(name4(b"target.example"))),),
    "s4a-marker-one": (lambda t: not granted4(t(name4(b"target.example", 255))),),
    "s4a-zero-marker": (lambda t: [c.payload for c in t(name4(b"target.example", 0)).reached] == [b""],),
    "s4a-split-name": (lambda t: not granted4(t(name4(b"target.example")[:9], b"target.example\0")),),
    "s4a-empty-name": (lambda t: granted4(t(name4(b""))),),
    "s4a-unresolved-silent": (lambda t: t(name4(b"nonexistent.invalid")).got == b"",),

    "s5-method-foreign": (lambda t: t(GREETING, patience=0.3).got[1] not in (0, 0xFF),),
    "s5-first-method": (lambda t: t(x("05 02 80 00"), patience=0.3).got == b"\x05\xff",),
    "s5-select-ver4": (lambda t: t(GREETING, patience=0.3).got[0] == 4,),
    "s5-select-ver0": (lambda t: t(GREETING, patience=0.3).got[0] == 0,),
    "s5-select-long": (lambda t: len(t(GREETING, patience=0.3).got) == 3,),
    "s5-ff-silent": (lambda t: t(x("05 01 80")).got == b"",),
    "s5-ff-open": (lambda t: t(x("05 01 80"), patience=0.5).how == "open",),
    "s5-any-version": (lambda t: t(x("06 01 00"), patience=0.3).got[1:2] == b"\0",),
    "s5-nmethods-zero": (lambda t: t(x("05 00"), patience=0.3).got == b"\x05\0",),
    "s5-one-read": (lambda t: t(x("05 02"), x("80 00"), patience=0.3).got[:2] != b"\x05\0",),
    "s5-greeting-eats": (lambda t: t(GREETING + R5, patience=0.5).got == b"\x05\0",),
    "s5-cmd-as-connect": (lambda t: granted5(t(GREETING + x("05 09 00 01 7f000001 0016"))),),
    "s5-cmd-silent": (lambda t: t(GREETING + x("05 09 00 01 7f000001 0016")).got == b"\x05\0",),
    "s5-atyp-silent": (lambda t: t(GREETING + x("05 01 00 02 7f000001 0016")).got == b"\x05\0",),
    "s5-name-nul": (lambda t: granted5(t(GREETING + name5(b"localhost\0x"))),),
    "s5-name-short": (lambda t: granted5(t(GREETING + name5(b"target.example", 15), patience=0.3)),),
    "s5-port-swapped": (lambda t: t(GREETING + R5).reached[0].port == 5632,),
    "s5-v4-after-v5": (lambda t: granted5(t(GREETING + x("04 01 00 01 7f000001 0016"))),),
    "s5-port-zero": (lambda t: granted5(t(GREETING + x("05 01 00 01 7f000001 0000"))),),
    "s5-early-reply": (lambda t: granted5(t(GREETING + name5(b"slow.example"))), SLOW),
    "s5-early-lost": (lambda t: payload(t(GREETING, R5 + b"EARLY")) == b"",),
    "s5-reply-ver4": (lambda t: t(GREETING + R5).got[2] == 4,),
    "s5-reply-ver1": (lambda t: t(GREETING + R5).got[2] == 1,),
    "s5-reply-rsv": (lambda t: t(GREETING + R5).got[4] == 1,),
    "s5-reply-atyp2": (lambda t: t(GREETING + R5).got[5] == 2,),
    "s5-reply-short": (lambda t: len(said(t(GREETING + R5))) == 2 + 9,),
    "s5-reply-long": (lambda t: len(said(t(GREETING + R5))) == 2 + 11,),
    "s5-reply-twice": (lambda t: len(said(t(GREETING + R5))) == 2 + 20,),
    "s5-reply-name-len": (lambda t: name_reply(t) == -1,),
    "s5-reply-name-nul": (lambda t: name_reply(t) == 1,),
    "s5-bnd-swapped": (lambda t: swapped(t),),
    "s5-bnd-zero": (lambda t: said(t(GREETING + R5))[6:] == bytes(6),),
    "s5-bnd-dst": (lambda t: said(t(GREETING + R5))[6:] == x("7f000001 0016"),),
    "s5-rep-unassigned": (lambda t: t(GREETING + R5_REFUSED).got[3] == 0x7F,),
    "s5-rep-one": (lambda t: t(GREETING + R5_REFUSED).got[3] == 1,),
    "s5-rep-zero": (lambda t: t(GREETING + R5_REFUSED).got[3] == 0,),
    "s5-fail-silent": (lambda t: t(GREETING + R5_REFUSED).got == b"\x05\0",),
    "s5-fail-two": (lambda t: t(GREETING + R5_REFUSED).got == b"\x05\0\x05\x05",),
    "s5-fail-open": (lambda t: t(GREETING + R5_REFUSED, patience=0.5).how == "open",),
    "s5-fail-late": (lambda t: late(t),),
    "s5-fail-reset": (lambda t: t(GREETING + R5_REFUSED).how == "rst",),
    "up-reply-ver5": (lambda t: t(x("05 01 02") + LOGIN, patience=0.3).got[2] == 5, [], USER),
    "up-reply-long": (lambda t: len(t(x("05 01 02") + LOGIN, patience=0.3).got) == 5, [], USER),
    "up-status-zero": (lambda t: t(x("05 01 02") + WRONG, patience=0.5).got == b"\x05\x02\x01\0", [], USER),
    "up-any": (lambda t: len(t(x("05 01 02") + WRONG + R5, patience=0.5).reached) == 1, [], USER),
    "up-fail-open": (lambda t: t(x("05 01 02") + WRONG, patience=0.5).how == "open", [], USER),
    "up-any-version": (lambda t: t(x("05 01 02 05") + LOGIN[1:], patience=0.3).got[3:4] == b"\0", [], USER),
    "up-one-read": (lambda t: t(x("05 01 02"), LOGIN[:4], LOGIN[4:], patience=0.3).got[3:4] != b"\0", [], USER),

    "http-no-host": (lambda t: status(t(http(host=None))) == 200,),
    "http-two-hosts": (lambda t: status(t(http(more=b"Host: " + AT + b"\r\n"))) == 200,),
    "http-space-colon": (lambda t: status(t(http(more=b"X : y\r\n"))) == 200,),
    "http-field-case": (lambda t: status(t(http(host=None, more=b"hOST: " + AT + b"\r\n"))) != 200,),
    "http-one-read": (lambda t: status(t(http()[:20], http()[20:])) == 400,),
    "http-port-modulo": (lambda t: status(t(http(b"127.0.0.1:65558"))) == 200,),
    "http-port-default": (lambda t: [c.port for c in t(http(b"127.0.0.1")).reached] == [80],),
    "http-userinfo": (lambda t: status(t(http(b"u:p@" + AT))) == 200,),
    "http-early-200": (lambda t: status(t(http(b"slow.example:22"))) == 200, SLOW),
    "http-early-lost": (lambda t: payload(t(http() + b"EARLY")) == b"",),
    "http-2xx-length": (lambda t: field(t(http()), b"content-length") == [b"5"],),
    "http-2xx-chunked": (lambda t: field(t(http()), b"transfer-encoding") == [b"chunked"],),
    "http-no-empty-line": (lambda t: b"\r\n\r\n" not in said(t(http())),),
    "http-status-no-sp": (lambda t: t(http()).got.startswith(b"HTTP/1.1 200\r\n"),),
    "http-status-four": (lambda t: t(http()).got.startswith(b"HTTP/1.1 2000 "),),
    "http-version-lower": (lambda t: t(http()).got.startswith(b"http/1.1 200 "),),
    "http-version-icy": (lambda t: t(http()).got.startswith(b"ICY 200 "),),
    "http-bare-lf": (lambda t: b"\r" not in said(t(http())),),
    "http-nul": (lambda t: b"\0" in said(t(http())),),
    "http-1xx-to-10": (lambda t: (status(t(http(version=b"HTTP/1.0"))) or 0) < 200,),
    "http-407-bare": (lambda t: has_challenge(t(http(more=CLOSE)), 407, b"proxy-authenticate") is False, [], USER),
    "http-401-bare": (lambda t: has_challenge(t(http(more=CLOSE)), 401, b"www-authenticate") is False, ["-o", "auth=401"], USER),
    "http-403-for-407": (lambda t: status(t(http(more=CLOSE))) == 403, [], USER),
    "http-no-realm": (lambda t: b"realm" not in challenge(t), [], USER),
    "http-realm-token": (lambda t: re.search(rb'realm=[^" ]+$', challenge(t)) is not None, [], USER),
    "http-bws": (lambda t: re.search(rb'realm( +=|= +)', challenge(t)) is not None, [], USER),
    "http-basic-case": (lambda t: status(t(http(more=CLOSE + auth(scheme=b"basic")))) == 407, [], USER),
    "http-basic-any": (lambda t: status(t(http(more=CLOSE + auth(b"user:wrong")))) == 200, [], USER),
    "http-challenge-loop": (lambda t: status(t(http(more=CLOSE + auth()))) == 407, [], USER),
    "http-length-short": (lambda t: length_off(t) == -2, [], USER),
    "http-length-long": (lambda t: length_off(t) == 2, [], USER),
    "http-length-bad": (lambda t: field(t(http(more=CLOSE)), b"content-length") == [b"1x"], [], USER),
    "http-chunk-bad": (lambda t: chunk_bad(t(http(more=CLOSE))), [], USER),
    "http-te-and-cl": (lambda t: te_and_cl(t(http(more=CLOSE))), [], USER),
    "http-close-unsaid": (lambda t: close_unsaid(t(http(), patience=0.5)), [], USER),
    "http-fail-reset": (lambda t: t(http(b"127.0.0.1:1")).how == "rst",),

    "tn-unknown-agreed": (lambda t: b"\xff\xfb\x18" in t(b"\xff\xfd\x18" + TELNET).got,),
    "tn-unanswered": (lambda t: b"\xff\xfc\x18" not in t(b"\xff\xfd\x18" + TELNET).got,),
    "tn-ack-loop": (lambda t: two(1, t(b"\xff\xfe\x01" * 2, TELNET)), FWTK),
    "tn-announce": (lambda t: two(1, t(b"\xff\xfd\x01" + TELNET)), FWTK),
    "tn-sb-unasked": (lambda t: b"\xff\xfa" in said(t(TELNET)),),
    "tn-sb-iac": (lambda t: not connected(t(b"\xff\xfa\x18\0\xff\xffxyz\xff\xf0" + TELNET)),),
    "tn-iac-as-text": (lambda t: not connected(t(b"\xff\xf1" + TELNET)),),
    "tn-nul-kept": (lambda t: not connected(t(TELNET_REFUSED[:-2] + b"\r\0" + TELNET, patience=0.5)), DELEGATE),
    "tn-lf-only": (lambda t: lines_end(t(TELNET), rb"(?<!\r)\n"),),
    "tn-cr-only": (lambda t: lines_end(t(TELNET), rb"\r(?!\n)"),),
    "tn-no-success": (lambda t: not connected(t(TELNET)),),
    "tn-success-failed": (lambda t: connected(t(TELNET_REFUSED)),),
    "tn-no-prompt": (lambda t: t(TELNET_REFUSED, patience=0.5).got.count(b">> Host name: ") == 1, DELEGATE),

    "tunnel-no-half-close": (lambda t: t.tunnel(late=b"late").reached[0].payload.endswith(b"late") is False,),
    "tunnel-first-lost": (lambda t: t.tunnel().got.endswith(b"ANNER\n\x80\xff\r\n") and not t.tunnel().got.endswith(BANNER),),
    "tunnel-crlf": (lambda t: b"BANNER\r\n\x80" in t.tunnel().got,),
    "tunnel-7bit": (lambda t: b"BANNER\n\0\x7f" in t.tunnel().got,),
    "tunnel-iac-doubled": (lambda t: b"\x80\xff\xff\r\n" in t.tunnel().got,),
}


def name_reply(t):
    """A reply with ATYP 3: how many octets it is longer than its length octet says; None if it has another form."""
    reply = said(t(GREETING + R5))[2:]
    if reply[3] != 3:
        return None
    return len(reply) - (7 + reply[4])


def late(t):
    """Open for more than the ten seconds of RFC 1928, 6."""
    start = time.monotonic()
    r = t(GREETING + R5_REFUSED, patience=20)
    assert r.how == "fin"
    return time.monotonic() - start > 10


def has_challenge(r, want, name):
    assert status(r) == want, r.got
    return bool(field(r, name))


def challenge(t):
    r = t(http(more=CLOSE))
    assert status(r) == 407, r.got
    got = [c for c in field(r, b"proxy-authenticate") if c.startswith(b"Basic")]
    assert got, r.got
    return got[-1]


def length_off(t):
    r = t(http(more=CLOSE))
    return int(field(r, b"content-length")[0]) - len(body(r))


def chunk_bad(r):
    if field(r, b"transfer-encoding") != [b"chunked"]:
        return False
    return re.fullmatch(rb"[0-9A-Fa-f]+(;.*)?", body(r).split(b"\r\n")[0]) is None


def te_and_cl(r):
    return bool(field(r, b"transfer-encoding")) and bool(field(r, b"content-length"))


def close_unsaid(r):
    assert status(r) == 407
    return r.how == "fin" and b"close" not in [v.lower() for v in field(r, b"connection")]


def listed():
    code, out, err = server.run("--list-bugs")
    assert code == 0 and err == "", err
    rows = [line.split("\t") for line in out.splitlines()]
    assert all(len(r) == 4 for r in rows), out
    return rows


ROLE_OF = {"s4": "socks4", "s4a": "socks4", "s5": "socks5", "up": "socks5", "http": "http", "tn": "telnet", "tunnel": None}
TUNNEL_ROLES = ("socks4", "socks5", "http", "telnet", "pass")
CASES = [(name, role) for name in PROBES for role in
         ([ROLE_OF[name.split("-")[0]]] if ROLE_OF[name.split("-")[0]] else TUNNEL_ROLES)]


@pytest.fixture(scope="module")
def target():
    t = auto.Target()
    yield t
    t.close()


def arguments(name, role):
    more = PROBES[name][1] if len(PROBES[name]) > 1 else []
    env = PROBES[name][2] if len(PROBES[name]) > 2 else None
    if role == "pass":
        more = [*more, "--to", "127.0.0.1:22"]
    return more, env


def probe(name, role, target, f):
    t = Talk(target, f)
    t.tunnel = lambda **kw: t(auto.tunnel_request(role), **kw)
    return bool(PROBES[name][0](t))


@pytest.mark.parametrize("name,role", CASES, ids=[f"{n}-{r}" for n, r in CASES])
def test_bug(fake, target, name, role):
    """Seen with --bug, and then the exit status is 0, for it did happen; not seen without."""
    more, env = arguments(name, role)
    clean = fake(*more, role, env=env)
    assert probe(name, role, target, clean) is False, "the requirement is violated without --bug"
    f = fake(*more, "--bug", name, role, env=env)
    assert probe(name, role, target, f) is True, "the requirement is not violated with --bug"
    assert f.stop() == 0, f.stderr()


def test_every_bug_has_a_test():
    names = [r[0] for r in listed()]
    assert len(names) == len(set(names)) >= 60
    assert set(names) == set(PROBES), f"only listed: {set(names) - set(PROBES)}; only tested: {set(PROBES) - set(names)}"


def test_list_names_role_and_requirement():
    for name, role, requirement, effect in listed():
        want = ROLE_OF[name.split("-")[0]]
        assert want is None or role == want, (name, role)
        assert re.fullmatch(r"[A-Z0-9]+-REQ-\d\d", requirement), (name, requirement)
        assert len(effect) > 10
    manual = (server.ROOT / "docs" / "fakeproxy.1").read_text()
    assert [n for n, *_ in listed() if n not in manual] == []


def test_list_of_one_role():
    code, out, _ = server.run("--list-bugs", "telnet")
    assert code == 0
    names = [line.split("\t")[0] for line in out.splitlines()]
    assert "tn-lf-only" in names and not [n for n in names if n.startswith(("s4", "s5", "http"))]


def test_several_bugs_at_once(fake, target):
    f = fake("--bug", "s4-reply-vn4", "--bug", "s4-cd-94", "socks4")
    t = Talk(target, f)
    assert t(R4).got[0] == 4
    assert t(R4_REFUSED).got[:2] == b"\x04\x5e"
    assert f.stop() == 0


@pytest.mark.parametrize("name,role", CASES, ids=[f"{n}-{r}" for n, r in CASES])
def test_a_bug_without_an_occasion_is_an_error(fake, name, role):
    more, env = arguments(name, role)
    f = fake(*more, "--bug", name, role, env=env)
    assert f.stop() == 4
    assert name in f.stderr() and f.stderr().count("\n") == 1, f.stderr()


def test_a_bug_shown_only_once_counts(fake, target):
    """One connection shows it, another gives no occasion: it did happen."""
    f = fake("--bug", "s5-rep-one", "socks5")
    t = Talk(target, f)
    assert granted5(t(GREETING + R5))
    assert t(GREETING + R5_REFUSED).got[3] == 1
    assert f.stop() == 0


@pytest.mark.parametrize("args", [["--bug", "no-such-bug", "socks5"], ["--bug", "s4-reply-vn4", "socks5"],
                                  ["--bug", "http-nul", "pass", "--to", "127.0.0.1:1"], ["--bug"], ["--bug", "", "socks5"]])
def test_unknown_bugs_are_usage_errors(args):
    code, out, err = server.run(*args)
    assert code == 2 and out == "" and err
