# SPDX-License-Identifier: ISC
"""TCP has no messages: the same octets from a proxy, delivered one at a time, all at once, or with the
target's first octets attached, give identical sessions."""
import pytest

import fakes
from fakes import FakeServer, BYE
from runner import run

BANNER = b"SSH-2.0-target\r\n"
ASK = b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 5\r\n\r\nhello"

# name: (words, what connect sends before each answer, the answers)
DIALOGUES = {
    "socks5": (("-S",), [fakes.s5_greeting, fakes.s5_request], [b"\5\0", fakes.S5_REPLY]),
    "socks5 userpass": (("-S",), [fakes.s5_greeting, fakes.s5_userpass, fakes.s5_request], [b"\5\2", b"\1\0", fakes.S5_REPLY]),
    "socks5 name": (("-S",), [fakes.s5_greeting, fakes.s5_request], [b"\5\0", b"\5\0\0\3\xff" + b"n" * 255 + b"\0\1"]),
    "socks5 empty name": (("-S",), [fakes.s5_greeting, fakes.s5_request], [b"\5\0", b"\5\0\0\3\0\0\1"]),
    "socks5 ipv6": (("-S",), [fakes.s5_greeting, fakes.s5_request], [b"\5\0", b"\5\0\0\4" + b"6" * 16 + b"\0\1"]),
    "socks4": (("-4", "-S"), [fakes.s4_request], [fakes.S4_GRANT]),
    "socks4a": (("-4", "-R", "remote", "-S"), [fakes.s4_request], [fakes.S4_GRANT]),
    "http": (("-H",), [fakes.Conn.head], [b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nVia: x\r\n y\r\n\r\n"]),
    "http lf": (("-H",), [fakes.Conn.head], [b"HTTP/1.0 200 OK\nVia: x\n\n"]),
    "http 407": (("-H",), [fakes.Conn.head, fakes.Conn.head], [ASK, b"HTTP/1.1 200 OK\r\n\r\n"]),
    "http 407 chunked": (("-H",), [fakes.Conn.head, fakes.Conn.head],
                         [ASK[:ASK.index(b"Content")] + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                          b"HTTP/1.1 200 OK\r\n\r\n"]),
    "telnet": (("-T",), [lambda c: c.until(b"\n")], [b"\xff\xf1hello\r\0\r\n> Trying...\r\nConnected to it.\r\n"]),
    "telnet escape line": (("-T",), [lambda c: c.until(b"\n")], [b"Connected to it.\r\nEscape character is '^]'.\r\n"]),
}


def play(dialogue, how):
    words, reads, answers = DIALOGUES[dialogue]

    def script(c):
        c.msgs = []
        if how == "ahead":              # everything before connect has said a word
            c.send(b"".join(answers) + BANNER)
            for r in reads:
                c.msgs.append(r(c))
        else:
            for i, (r, a) in enumerate(zip(reads, answers)):
                c.msgs.append(r(c))
                last = i == len(reads) - 1
                if how == "octets":
                    c.send_slowly(a + (BANNER if last else b""))
                elif how == "attached":
                    c.send(a + (BANNER if last else b""))
                elif how == "all at once" and i == 0:
                    c.send(b"".join(answers) + BANNER)
                elif how == "apart":
                    c.send(a)
                    if last:
                        c.drained()
                        c.send(BANNER)
        c.app = c.rest()
    with FakeServer(script) as px:
        res = run(*words, "bob@" + px.spec, "192.0.2.1", "22", stdin=BYE, env={"SOCKS5_PASSWORD": "pw", "HTTP_PROXY_PASSWORD": "pw"})
    return (res.rc, res.out, res.err, px.conns[0].msgs, px.conns[0].app, len(px.conns))


@pytest.mark.parametrize("dialogue", sorted(DIALOGUES))
def test_identical_sessions(dialogue):
    want = play(dialogue, "apart")
    assert want[:3] == (0, BANNER, b"") and want[4] == BYE and want[5] == 1, want
    assert len(want[3]) == len(DIALOGUES[dialogue][1])
    for how in ("octets", "attached", "all at once", "ahead"):
        assert play(dialogue, how) == want, how


@pytest.mark.parametrize("answer", [b"\5\2\0\1" + b"\0" * 6, b"\5\2\0\3\5hello\0\0", b"\5\2"], ids=["whole", "name", "short"])
def test_identical_refusals(answer):
    seen = set()
    for how in ("send", "send_slowly"):
        def script(c):
            fakes.s5_greeting(c)
            getattr(c, how)(b"\5\0")
            fakes.s5_request(c)
            getattr(c, how)(answer)
            c.close()
        with FakeServer(script, strict=False) as px:
            res = run("-S", px.spec, "target.test", "22", stdin=BYE)
        seen.add((res.rc, res.out, res.text.replace(px.spec, "PX")))
    assert len(seen) == 1 and list(seen)[0][0] == 7, seen
