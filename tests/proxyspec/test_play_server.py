# SPDX-License-Identifier: ISC
"""The player against proxies of which each does one thing: the verdict and what is said of it."""
import json
import os
import signal
import subprocess
import time

import pytest
from conftest import PROXYSPEC, clean_env
from peer import HEAD, Script, play

STATUS = {"PASS": 0, "INFO": 0, "LOOSE": 0, "FAIL": 1, "CRASH": 1, "ERROR": 3, "SKIP": 77}
REQUEST = "C> 04 01 PORT:u16=$port ADDR:ip4=$host 00\n"
GRANTED = b"\0\x5a\0\0\0\0\0\0"
HTTP = 'C> "Q\\r\\n\\r\\n"\n'


@pytest.fixture
def against(spec, tmp_path):
    """against(lines, script, ...) plays them; then the exit status has been looked at."""
    def run(lines, *scripts, args=(), url="socks4", host="127.0.0.1", needs="", **kw):
        with Script(*scripts, host=host) as proxy:
            at = f"[{host}]" if ":" in host else host
            p = play(spec, tmp_path, lines, "server", *args, f"{url}://{at}:{proxy.port}", needs=f"{url} {needs}", **kw)
        assert p.status == STATUS[p.verdict], p
        return p

    return run


# Each: lines, script, verdict, what, wanted, got; None: is not looked at.

ENDINGS = [
    ("C> 01\nP: rst\n", [1, "close"], "FAIL", "the proxy closed the connection without a reset", "RST", "FIN"),
    ("C> 01\nP: rst\n", [1, "rst"], "PASS", None, None, None),
    ("C> 01\nP: fin\n", [1, "rst"], "FAIL", "the proxy reset the connection", "FIN", "RST"),
    ("C> 01\nP: fin\n", [1, "close"], "PASS", None, None, None),
    ("C> 01\nP: close within 1s\n", [1, "end"], "FAIL", "the proxy did not close in time", None, None),
    ("C> 01\nP> 02\nP: close\n", [1, b"\2\3", "close"], "FAIL", "the proxy sent more octets", None, None),
    ("C> 01\nP: silent 200ms\n", [1, "close"], "FAIL", "the proxy ended the connection", "an open connection", "FIN"),
    ("C> 01\nP: silent 200ms\n", [1, "rst"], "FAIL", "the proxy ended the connection", "an open connection", "RST"),
    ("C> 01\nP: silent 200ms\n", [1, "end"], "PASS", None, None, None),
    ("C: silent 200ms\nC> 01\nP> 02\n", [1, b"\2"], "PASS", None, None, None),
    ("C> 01\nT: closed within 1s\n", [1, "end"], "FAIL", "the proxy never connected", None, None),
    ("C> 01\nP> 02\nC: fin\nP> 03\n", [1, b"\2", "end", b"\3"], "PASS", None, None, None),
    ("C> 01\nP> 02\nC: close\n", [1, b"\2", "end"], "PASS", None, None, None),
    ("C> 01\nP> 02\nC: rst\n", [1, b"\2", "end"], "PASS", None, None, None),
    ("C> 01\nP: none 100ms\n", [1, b"\2", "end"], "FAIL", "octets came where none are due", None, "02"),
]


@pytest.mark.parametrize("lines, script, verdict, what, wanted, got", ENDINGS)
def test_endings(against, lines, script, verdict, what, wanted, got):
    p = against(lines, script)
    assert p.verdict == verdict, p
    assert what is None or (what in p.whats[0] and (wanted is None or p.findings[0]["wanted"] == wanted)), p
    assert got is None or p.findings[0]["got"] == got, p


def test_octets_at_the_target_too_early(against):
    p = against(REQUEST + "T: accept\nT: silent 200ms\n", [9, "dial", GRANTED, "relay"])
    assert p.verdict == "PASS"
    p = against(REQUEST + 'T: accept\nP> 00 5A X:raw(6)=*\nC> "x"\nT: silent 500ms\n', [9, "dial", GRANTED, "relay"])
    assert (p.verdict, p.whats) == ("FAIL", ["octets reached the target"])


# Marks in a stream.

@pytest.mark.parametrize("script, verdict, what", [
    ([1, b"noise then MARK", "end"], "PASS", None),
    ([1, b"noi", b"se MA", b"RK", "end"], "PASS", None),
    ([1, b"noise", "close"], "FAIL", "the mark did not come before the end"),
    ([1, b"noise", "end"], "FAIL", "the mark did not come in time"),
    ([1, "close"], "FAIL", "the mark did not come before the end"),
])
def test_skip(against, script, verdict, what):
    p = against('C> 01\nP: skip "MARK" within 2s\n', script)
    assert p.verdict == verdict
    if what:
        assert p.whats == [what] and p.findings[0]["wanted"] == '"MARK"'
        assert p.findings[0]["got"] == ('"noise"' if len(script) > 2 else '""')


@pytest.mark.parametrize("script, verdict", [([1, b"exactly", "end"], "PASS"), ([1, b"exac", "close"], "FAIL"), ([1, b"other", "end"], "FAIL")])
def test_got(against, script, verdict):
    p = against('C> 01\nP: got "exactly" within 1s\n', script)
    assert p.verdict == verdict
    if verdict == "FAIL":
        assert "the octets did not arrive" in p.whats[0], p


# BIND: the target connects to where the proxy says that it listens.

BIND = "C> 04 02 PORT:u16=$port ADDR:ip4=$host 00\nP> 00 5A DSTPORT:u16=* DSTIP:ip4=*\n"
BOUND = 'T: connect $DSTIP:$DSTPORT\nP> 00 5A X:raw(6)=*\nC>> "ping"\nT>> "pong"\nT: fin\nP: close\n'


@pytest.mark.parametrize("where", [b"\x7f\0\0\1", b"\0\0\0\0"], ids=["an address", "the proxy's own"])
def test_bind(against, where):
    p = against(BIND + BOUND, [9, (b"\0\x5a%b" + where,), "bound", GRANTED, "relay"])
    assert (p.verdict, p.whats) == ("PASS", [])


def test_bind_where_nobody_listens(against):
    p = against(BIND + BOUND, [9, b"\0\x5a\0\1\x7f\0\0\1", "end"])
    assert (p.verdict, p.whats) == ("FAIL", ["nobody accepts at the announced address 127.0.0.1 port 1"])
    assert (p.findings[0]["wanted"], p.findings[0]["got"]) == ("a listener", "Connection refused")


@pytest.mark.parametrize("where, what", [("nowhere", 'connect wants ADDRESS:PORT, not "nowhere"'), ("name:1", 'connect wants ADDRESS:PORT, not "name"'),
                                         ("127.0.0.1:x", 'connect wants ADDRESS:PORT, not "127.0.0.1"'), ("$NOPE:1", "no value for $NOPE")])
def test_bind_trace_is_wrong(against, where, what):
    p = against(BIND + f"T: connect {where}\n", [9, b"\0\x5a\0\1\x7f\0\0\1", "end"])
    assert (p.verdict, p.whats) == ("ERROR", [what])


# A second try, over the same connection or a new one.

def answer(version="1.1", *fields):
    return ("HTTP/%s 407 No\r\n%s\r\n" % (version, "".join(f + "\r\n" for f in fields))).encode()


RETRY = HTTP + 'P> http "HTTP/1.1 407 No"\n  start: /HTTP.*/\n  *\nC: retry\nC> "R\\r\\n\\r\\n"\nP> "ok"\n'


@pytest.mark.parametrize("first, connections", [
    (answer(), 1),
    (answer("1.1", "Connection: keep-alive"), 1),
    (answer("1.1", "Connection: close"), 2),
    (answer("1.1", "Connection: x, Close"), 2),
    (answer("1.1", "Proxy-Connection: close"), 2),
    (answer("1.0"), 2),
    (answer("1.0", "Connection: keep-alive"), 1),
    (answer("1.0", "Proxy-Connection: Keep-Alive"), 1),
    (answer("1.0", "Connection: close"), 2),
])
def test_retry(against, first, connections):
    """On the kept connection another answer would come than on a new one."""
    whole = [["head", first, "head", b"ok"], ["head", b"ok"]] if connections == 1 else [["head", first, "end"], ["head", b"ok"]]
    with_one = against(RETRY, *whole, url="http")
    assert (with_one.verdict, with_one.whats) == ("PASS", [])


def test_retry_after_the_end(against):
    p = against(RETRY, ["head", answer(), "close"], ["head", b"ok"], url="http")
    assert (p.verdict, p.whats) == ("PASS", [])


def test_a_kept_connection_that_ends_without_an_answer(against):
    """It is dialled once more, and only once."""
    p = against(RETRY, ["head", answer(), "head", "close"], ["head", b"ok"], url="http")
    assert (p.verdict, p.whats) == ("PASS", [])
    p = against(RETRY, ["head", answer(), "head", "close"], ["head", "close"], url="http")
    assert p.verdict == "FAIL" and "the proxy closed before its message was whole" in p.whats[0], p
    inner = HTTP + 'P> http "HTTP/1.1 407 No"\n  start: /HTTP.*/\n  *\nwhen $port != 1 {\nC: retry\nC> "R\\r\\n\\r\\n"\nP> "ok"\n}\nP> "."\n'
    p = against(inner, ["head", answer(), "head", "close"], ["head", b"ok."], url="http")
    assert (p.verdict, p.whats) == ("PASS", [])
    events = HTTP + 'P> http "HTTP/1.1 407 No"\n  start: /HTTP.*/\n  *\nC: retry\nC> "R\\r\\n\\r\\n"\nP> oneof within 2s\n | "ok" -> pass\n | "no" -> loose "no"\n'
    p = against(events, ["head", answer(), "head", "close"], ["head", b"ok"], url="http")
    assert (p.verdict, p.whats) == ("PASS", [])
    p = against(events[:events.index("P> oneof")] + "P: close within 2s\n",
                ["head", answer(), "head", "close"], ["head", "close"], url="http")
    assert (p.verdict, p.whats) == ("PASS", [])


def test_a_kept_connection_that_ends_before_the_target_is_reached(against):
    lines = "C> 01\nP> 02\nC: retry\n" + REQUEST + 'T: accept\nP> 00 5A X:raw(6)=*\nC>> "ping"\nT>> "pong"\n'
    p = against(lines, [1, b"\2", 9, "close"], [9, "dial", GRANTED, "relay"])
    assert (p.verdict, p.whats) == ("PASS", [])
    p = against(lines, [1, b"\2", 9, "close"], [9, "close"])
    assert p.verdict == "FAIL" and "the target was never reached" in p.whats[0], p


# Heads and bodies.

BODY = HTTP + 'P> http "HTTP/1.1 403 N"\n  start: /HTTP.*/\n  *\nP> BODY:httpbody="text"\n'


@pytest.mark.parametrize("octets, verdict", [
    (b"HTTP/1.1 403 N\r\nContent-Length: 4\r\n\r\ntext", "PASS"),
    (b"HTTP/1.1 403 N\r\nContent-Length: 4\r\n\r\ntexs", "FAIL"),
    (b"HTTP/1.1 403 N\r\nContent-Length: four\r\n\r\ntext", "FAIL"),
    (b"HTTP/1.1 403 N\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\nt\r\n3\r\next\r\n0\r\nX: y\r\n\r\n", "PASS"),
    (b"HTTP/1.1 403 N\r\nTransfer-Encoding: chunked\r\n\r\nx\r\ntext\r\n0\r\n\r\n", "FAIL"),
    (b"HTTP/1.1 403 N\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\ntext\r\n0\r\n\r\n", "FAIL"),
    (b"HTTP/1.1 403 N\r\n\r\ntext", "PASS"),
    (b"HTTP/1.1 200 Y\r\nContent-Length: 4\r\n\r\ntext", "FAIL"),           # of CONNECT: the tunnel begins
    (b"HTTP/1.1 304 Y\r\n\r\ntext", "FAIL"),
])
def test_bodies(against, octets, verdict):
    p = against(BODY, ["head", octets, "close"], url="http")
    assert p.verdict == verdict, p


def test_a_head_without_an_end(against):
    p = against(HTTP + 'P> http "HTTP/1.1 200 Y"\n  *\n', ["head", b"HTTP/1.1 200 Y\r\n" + b"X: y\r\n" * 50000, "end"], url="http")
    assert p.verdict == "FAIL"
    assert (p.findings[0]["field"], p.findings[0]["wanted"], p.findings[0]["got"]) == ("head", "a head of 256 KiB at most", "more, without an end")


def test_a_head_that_never_comes(against):
    """Judged by the level of its start line."""
    lines = HTTP + 'P> http "HTTP/1.1 200 Y" within 1s\n  start: /HTTP.*/ [SHOULD]\n  *\n'
    p = against(lines, ["head", "end"], url="http")
    assert p.verdict == "LOOSE" and "the proxy did not send its message in time" in p.whats[0]
    assert p.findings[0]["wanted"].startswith("a head that begins with "), p


@pytest.mark.parametrize("octets, field", [
    (b"HTTP/1.1 200 Y\r\nA: 1\r\n 2\r\nA:3\r\n\r\n", None),
    (b"HTTP/1.1 200 Y\r\nA: 1\t \r\n\t2\r\nA:  3\r\nno colon\r\n\r\n", "no colon"),
    (b"HTTP/1.1 200 Y\r\nB: 1\r\n\r\n", "A"),
])
def test_fields(against, octets, field):
    """Folded lines, two of one name, a line that is no field."""
    p = against(HTTP + 'P> http "HTTP/1.1 200 Y"\n  A: 1 2, 3\n', ["head", octets, "end"], url="http")
    assert (p.verdict == "PASS") == (field is None), p
    assert field is None or field in [f["field"] for f in p.findings] + [f["got"] for f in p.findings], p


# What is wrong with the trace is no verdict on the proxy.

@pytest.mark.parametrize("lines, what", [
    ("C> X:u8=$NOPE\n", "no value for $NOPE"),
    ('C> 01\nP: skip "$NOPE"\n', "no value for $NOPE"),
    ('C> 01\nP: got "$NOPE"\n', "no value for $NOPE"),
    ('C> http "Q"\n  A: *~"$NOPE"\n', "no value for $NOPE"),
    ('C> http "$NOPE"\n', "no value for $NOPE"),
    ('C> 01\nP> X:u8=has($NOPE)\n', "no value for $NOPE"),
    ('C> 01\nP> X:raw(2)=has(256)\n', "has() wants an octet as a number from 0 to 255"),
    ('C> 01\nP> X:u8=$NOPE..3\n', "no value for $NOPE"),
    ('C> 01\nP> X:u8=!$NOPE\n', "no value for $NOPE"),
    ('C> 01\nP> oneof within 1s\n | X:u8=$NOPE -> pass\n | close -> pass\n', "no value for $NOPE"),
    (REQUEST + 'T: accept\nP> 00 5A X:raw(6)=*\nC>> "$NOPE"\n', "no value for $NOPE"),
])
def test_trace_is_wrong(against, lines, what):
    p = against(lines, [1 if "accept" not in lines else 9, *(["dial"] if "accept" in lines else []), GRANTED, "end"])
    assert p.verdict == "ERROR" and what in p.whats[0], p


# Payload.

TUNNEL = REQUEST + "T: accept\nP> 00 5A X:raw(6)=*\n"


def test_payload_behind_a_heading(against):
    p = against(TUNNEL + 'C>> "ping"\n--- back   RFC1928 §6\nT>> "pong"\nT: fin\nP: close\n', [9, "dial", GRANTED, "relay"])
    assert (p.verdict, p.whats) == ("PASS", [])


def test_payload_without_a_target(against):
    p = against("C> 01\nC>> \"ping\"\n", [1, "end"])
    assert p.verdict == "FAIL" and p.whats == ["there is no tunnel to send through"], p


def test_payload_is_cut(against):
    p = against(TUNNEL + 'C>> "ping"\nT>> "pong"\n', [9, "dial", GRANTED, "rst"])
    assert p.verdict == "FAIL" and p.whats == ["payload did not arrive in time: 0 of 4 octets came (proxy - target)"]
    assert "then reset" in p.findings[0]["legs"]
    p = against(TUNNEL + 'C>> "ping"\nT>> "pong"\n', [9, "dial", GRANTED, 4, "close"])
    assert p.verdict == "FAIL" and "payload did not arrive" in p.whats[0], p


# In other segments.

@pytest.mark.parametrize("delivery", ["bytes", "split", "split:2", "coalesce"])
def test_deliveries(against, delivery):
    """A message over two lines with a condition that a variable of its own decides."""
    lines = 'C> VN:u8=4 CD:u8=1\nwhen $CD == 1 {\nC> PORT:u16=$port ADDR:ip4=$host\n} else {\nC> 00\n}\nC> 00\n' + TUNNEL[len(REQUEST):]
    lines += 'C>> "ping"\nT>> "pong"\nT: fin\nP: close\n'
    p = against(lines, [9, "dial", GRANTED, "relay"], args=["--delivery", delivery])
    assert (p.verdict, p.whats) == ("PASS", [])
    assert p.run["delivery"].startswith(delivery)


def test_what_is_sent_ahead(against):
    """coalesce: lines that wait for an answer only are sent with the first one; one in a branch that the answer decides is not."""
    lines = 'C> 01\nP> X:u8=*\nC> 02\nwhen $X == 7 {\nP> 08\nC> 03\n}\nP> 09\n'
    p = against(lines, [2, b"\7", b"\x08", 1, b"\x09"], args=["--delivery", "coalesce"])
    assert (p.verdict, p.whats) == ("PASS", []), p


def test_what_is_sent_ahead_of_a_condition(against):
    """One that a line of ours decides is looked through, with an empty branch and without one; a line that needs an answer ends it."""
    lines = "C> 01\nP> X:u8=*\nC> V:u8=2\nwhen $V == 9 {\nC> 0909\n}\nwhen $V == 2 {\nC> 03\n}\nC> 04\nC> Y:u8=$X\nP> 08\n"
    p = against(lines, [4, b"\7", 1, b"\x08"], args=["--delivery", "coalesce"])
    assert (p.verdict, p.whats) == ("PASS", []), p


def test_bytes_to_a_proxy_with_an_ip6_address(against):
    p = against("C> 0102 | 03\nP> 02\n", [3, b"\2"], args=["--delivery", "bytes"], host="::1")
    assert (p.verdict, p.whats) == ("PASS", []), p


def places(spec, tmp_path, lines, needs):
    path = tmp_path / "split.pxt"
    path.write_text("case: t/split\ntests: both\nneeds: socks4 %s\n\n" % needs + lines)
    with Script([1, "close"]) as proxy:
        r = spec("server", "--fixtures", path, "--json", "-", "--delivery", "split", "--can", needs or "x", "--jobs", "65535", f"socks4://127.0.0.1:{proxy.port}")
    return [o["delivery"] for o in map(json.loads, r.out.splitlines()) if o["type"] == "run"]


def test_where_messages_are_split(spec, tmp_path):
    """After each of the first 32 octets, around line ends, before the last octet, in each message of ours."""
    first = "split:%d"
    assert places(spec, tmp_path, "C> 01020304\nP> 00\n", "") == [first % i for i in (1, 2, 3)]
    long = 'C> "%s\\r\\n%s"\nP> 00\nC> 0102\n' % ("x" * 40, "y" * 10)
    assert places(spec, tmp_path, long, "") == [first % i for i in [*range(1, 33), 40, 41, 42, 51]]
    assert places(spec, tmp_path, "C> 01\nP> 00\n", "") == ["whole"]


def test_slow_cases_are_played_whole(spec, tmp_path):
    assert places(spec, tmp_path, "C> 01020304\nP> 00\n", "slow") == ["whole"]


@pytest.mark.parametrize("host, given", [("203.0.113.9", "203.0.113.9"), ("proxy.test", "proxy.test"), ("127.0.0.2", "127.0.0.2")])
def test_target_host(against, host, given):
    """An address that is none of ours, or a name: the target listens on all addresses."""
    p = against('C> 04 HOST:strz="$host"\nP> 02\n', [len(given) + 2, b"\2"], args=["--target-host", host])
    assert (p.verdict, p.whats) == ("PASS", []), p


def test_two_fields_of_one_name(spec, tmp_path):
    """With one canonical value it is sent once, else twice."""
    for second, n in (("*~a$host", 1), ("*~b$host", 2), ("*~a", 2), ("*~a$port", 2), ("*~a$host.", 2)):
        lines = 'C> http "Q"\n  A: *~a$host\n  A: %s\nP> 02\n' % second
        with Script(["head", b"\2"]) as proxy:
            p = play(spec, tmp_path, lines, "server", f"http://127.0.0.1:{proxy.port}", needs="http")
        assert p.verdict == "PASS" and proxy.heard[0].count(b"A: ") == n, (second, proxy.heard)


def test_a_player_that_is_killed(tmp_path):
    """What the system does to a process of the runner is no verdict on the proxy."""
    path = tmp_path / "t-case.pxt"
    path.write_text(HEAD.format(needs="socks4", level="MUST") + "C> 01\nP> 02\n")
    with Script([1, "end"]) as proxy:
        p = subprocess.Popen([PROXYSPEC, "server", "--fixtures", path, "--time-scale", "9", f"socks4://127.0.0.1:{proxy.port}"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_env())
        end = time.monotonic() + 20
        while not proxy.socks and time.monotonic() < end:
            time.sleep(0.01)
        with open(f"/proc/{p.pid}/task/{p.pid}/children") as f:
            os.kill(int(f.read().split()[0]), signal.SIGKILL)
        out, err = p.communicate(timeout=20)
    assert (p.returncode, err) == (3, "") and "the runner's process ended with signal 9 before its verdict" in out
