# SPDX-License-Identifier: ISC
"""HTTP proxies that mean harm: RFC 9110, RFC 9112, and the statuses of connect(1)."""
import pytest

from trial import PASSWORD, Trial, flood

HEAD = b"HTTP/1.1 200 OK\r\n"
ASK = b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\n"
ASK_KEPT = ASK + b"Content-Length: 0\r\n\r\n"
ASK_NEW = ASK + b"Connection: close\r\n\r\n"
ESCAPES = b"\x1b[2J\x1b]0;title\x07\x9b31m\xc2\x9b\x00\x08\x7f\x0b\xff\xfe"
PROTOCOL = "broke the protocol: "
AUTH = "authentication failed"


def endless(*parts):
    """A script: the request is read, all parts but the last are sent, the last one for ever."""
    def script(c):
        c.head()
        for p in parts[:-1]:
            c.send(p)
        flood(c, parts[-1])
    return script


def answers(*list_, flood_after=None):
    """Answers one after another, whatever the connection; the last one for ever.  "close" in one ends its connection."""
    state = {"i": 0, "requests": []}

    def script(c):
        while True:
            try:
                state["requests"].append(c.head())
            except AssertionError:
                return
            a = list_[min(state["i"], len(list_) - 1)]
            state["i"] += 1
            c.send(a)
            if flood_after:
                flood(c, flood_after)
            if b"close" in a:
                c.half_close()
                c.rest()
                return
    script.requests = state["requests"]
    return script


@pytest.fixture(params=["", "-dd"], ids=["plain", "debug"])
def debug(request):
    return [request.param] if request.param else []


ENDLESS = {
    "status line": (b"HTTP/1.1 200 ", b"x" * 4096),
    "status line of NUL": (b"HTTP/1.1 403 ", b"\0" * 4096),
    "blanks in the status line": (b"HTTP/1.1", b" " * 4096),
    "fields": (HEAD, b"X: y\r\n" * 512),
    "one field": (HEAD + b"X: ", b"y" * 4096),
    "folded field": (HEAD + b"X: y\r\n", b" y\r\n" * 512),
    "NUL in the head": (HEAD, b"\0" * 4096),
    "escapes in the head": (HEAD, ESCAPES * 100),
    "carriage returns": (HEAD, b"\r" * 4096),
    "fields of a challenge": (b"HTTP/1.1 407 X\r\n", b"Proxy-Authenticate: Basic realm=x\r\n" * 64),
    "interim responses": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 64),
    "interim responses with fields": (b"", b"HTTP/1.1 103 Early Hints\r\n" + b"Link: </x>\r\n" * 300 + b"\r\n"),
    "switching protocols": (b"", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" * 64),
    "zeros": (b"\0" * 4096,),
    "another protocol": (b"\5\0" * 2048,),
    "HTTP/2": (b"HTTP/2 200\r\n\r\n" * 256,),
    "empty lines": (b"\r\n" * 2048,),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_without_end(name, debug):
    Trial(endless(*ENDLESS[name]), *debug, "-H", "PROXY").holds(5, PROTOCOL)


MEGABYTE = b"m" * (1 << 20)


@pytest.mark.parametrize("head", [
    b"HTTP/1.1 403 " + MEGABYTE + b"\r\n\r\n", b"HTTP/1.1 302 Found\r\nLocation: http://" + MEGABYTE + b"/\r\n\r\n",
    b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=\"" + MEGABYTE + b"\"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + MEGABYTE + b"\r\n\r\n", MEGABYTE + b"\r\n\r\n"], ids=["reason", "location", "realm", "field", "line"])
def test_a_line_of_a_megabyte(head, debug):
    Trial(answers(head), *debug, "-H", "PROXY").holds(5, PROTOCOL)


@pytest.mark.parametrize("head", [
    ASK + b"Transfer-Encoding: chunked\r\n\r\n", ASK + b"Content-Length: 999999999\r\n\r\n", ASK + b"Content-Length: 99999999999999999999\r\n\r\n",
    ASK + b"Content-Length: -1\r\n\r\n", ASK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", ASK + b"\r\n",
    ASK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", ASK + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"],
    ids=["chunked", "long", "too-long", "negative", "two-lengths", "no-length", "gzip", "both"])
@pytest.mark.parametrize("body", [b"1\r\nx\r\n" * 512, b"ffffffffffffffff\r\n" + b"x" * 4096, b"0" * 4096, b"1;" + b"e" * 4096,
                                  b"0\r\n" + b"T: t\r\n" * 600, b"\0" * 4096],
                         ids=["tiny-chunks", "huge-chunk", "zeros", "extension", "trailer", "nul"])
def test_the_body_of_a_challenge_without_end(head, body):
    """It is skipped up to a bound, then a new connection is made; a second challenge is the end."""
    script = answers(head, flood_after=body)
    t = Trial(script, "-H", "PROXY").holds(6, AUTH)
    assert len(t.px.conns) == 2 and len(script.requests) == 2


def with_escapes(text):
    return text.replace(b"ESC", ESCAPES)


@pytest.mark.parametrize("answer,status,error", [
    (b"HTTP/1.1 403 ESC no\r\n\r\n", 7, r"refused: .*\\x1b\[2J"),
    (b"HTTP/1.1 302 ESC\r\nLocation: http://ESC/\r\n\r\n", 7, r"redirects.*\\x1b\[2J"),
    (b"HTTP/1.1 407 ESC\r\nProxy-Authenticate: Basic realm=\"ESC\"\r\nContent-Length: 0\r\n\r\n", 6, r"authentication failed.*\\x1b\[2J"),
    (b"HTTP/1.1 407 X\r\nProxy-Authenticate: ESCScheme realm=\"ESC\"\r\n\r\n", 6, "Basic is not among what it offers"),
    (b"HTTP/1.1 401 X\r\nWWW-Authenticate: Digest nonce=\"ESC\"\r\n\r\n", 6, "Basic is not among what it offers"),
    (b"HTTP/1.1 407 X\r\nX-ESC: ESC\r\n\r\n", 6, "Basic is not among what it offers"),
    (b"ESC\r\n\r\n", 5, PROTOCOL), (b"HTTP/1.1 ESC\r\n\r\n", 5, PROTOCOL), (b"HTTP/1.ESC 200 OK\r\n\r\n", 5, PROTOCOL),
], ids=["reason", "location", "realm", "scheme", "nonce", "field-name", "line", "status", "version"])
def test_octets_that_a_terminal_obeys(answer, status, error, debug):
    Trial(answers(with_escapes(answer)), *debug, "-H", "PROXY").holds(status, error)


def test_escapes_in_the_head_of_a_success_show_nothing():
    Trial(endless_head_then_end, "-dd", "-H", "PROXY").holds(0, None)


def endless_head_then_end(c):
    c.head()
    c.send(b"HTTP/1.1 200 " + ESCAPES + b"\r\nX" + ESCAPES + b": " + ESCAPES + b"\r\n\r\n")
    c.half_close()
    c.rest()


@pytest.mark.parametrize("line,status", [
    ("HTTP/1.1 000 X", 5), ("HTTP/1.1 099 X", 5), ("HTTP/1.1 20 X", 5), ("HTTP/1.1 2000 X", 5), ("HTTP/1.1 -200 X", 5), ("HTTP/1.1 +200 X", 5),
    ("HTTP/1.1 2OO X", 5), ("HTTP/1.1 0x200 X", 5), ("HTTP/2.0 200 X", 5), ("HTTP/0.9 200 X", 5), ("http/1.1 200 X", 5),
    ("ICY 200 OK", 5), ("HTTP/1.1 4294967496 X", 5), ("HTTP/1.1", 5), ("HTTP/1.1 600 X", 7), ("HTTP/1.1 999 X", 7)])
def test_status_lines_that_are_none(line, status, debug):
    """RFC 9112 section 4: three digits; RFC 9110 section 15: from 600 on it is an error of the server's."""
    Trial(answers(line.encode() + b"\r\n\r\n"), *debug, "-H", "PROXY").holds(status, PROTOCOL if status == 5 else "refused: ")


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 306, 307, 308, 399])
def test_redirections_are_never_followed(status):
    with_location = b"HTTP/1.1 %d X\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n" % status
    script = answers(with_location)
    t = Trial(script, "-H", "PROXY").holds(7, "it redirects, which is never followed")
    assert len(t.px.conns) == 1 and len(script.requests) == 1 and PASSWORD.encode() not in b"".join(t.px.got)


@pytest.mark.parametrize("list_,requests,conns", [
    ([ASK_KEPT], 2, 1), ([ASK_NEW], 2, 2), ([ASK_KEPT, ASK_NEW], 2, 1), ([ASK_NEW, ASK_KEPT], 2, 2),
    ([ASK_KEPT.replace(b"407", b"401").replace(b"Proxy-A", b"WWW-A")], 2, 1),
    ([ASK_KEPT, ASK_KEPT.replace(b"407", b"401").replace(b"Proxy-A", b"WWW-A")], 2, 1),
    ([ASK_KEPT, b"HTTP/1.1 408 close\r\n\r\n", ASK_KEPT], 3, 2),
], ids=["kept", "new", "kept-new", "new-kept", "401", "407-401", "408-between"])
def test_challenges_for_ever(list_, requests, conns):
    """One answer to one challenge: whatever the proxy alternates, the credentials go out a bounded number of times."""
    script = answers(*list_)
    t = Trial(script, "-H", "PROXY").holds(6, AUTH)
    assert (len(script.requests), len(t.px.conns)) == (requests, conns)
    assert b"Authorization" not in script.requests[0]


def test_a_proxy_that_is_tired_of_waiting_for_ever():
    script = answers(ASK_KEPT, b"HTTP/1.1 408 close\r\n\r\n")
    t = Trial(script, "-H", "PROXY").holds(7, "HTTP status 408")
    assert len(t.px.conns) == 2


@pytest.mark.parametrize("ending", ["half_close", "reset", "close"])
def test_a_challenge_and_then_every_connection_ends(ending):
    def script(c):
        c.head()
        if c.number == 1:
            c.send(ASK_KEPT)
            c.head()
        getattr(c, ending)()
    t = Trial(script, "-H", "PROXY").holds(5, "(closed|reset) the connection while the HTTP (status line|response) was awaited")
    assert len(t.px.conns) <= 2


def test_what_follows_a_refusal_is_not_delivered(debug):
    Trial(answers(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n", flood_after=b"forbidden" * 400), *debug, "-H", "PROXY").holds(
        7, r"HTTP status 403 Forbidden")


def test_the_answer_before_the_request(debug):
    """Nothing forbids to listen: the tunnel is open, and what follows is its."""
    def script(c):
        c.send(b"HTTP/1.1 200 OK\r\n\r\nearly")
        c.half_close()
        c.rest()
    Trial(script, *debug, "-H", "PROXY").holds(0, None, out=b"early")


def test_a_challenge_before_the_request_gets_no_more_than_one_answer():
    def script(c):
        c.send(ASK_KEPT * 50)
        c.rest()
    t = Trial(script, "-H", "PROXY").holds(6, AUTH)
    assert len(t.px.conns) == 1 and t.px.got[0].count(b"Proxy-Authorization: Basic ") == 1


CONVERSATION = ASK_KEPT.replace(b"Length: 0\r\n\r\n", b"Length: 3\r\n\r\nabc"), b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.mark.parametrize("ending", ["half_close", "reset"])
@pytest.mark.parametrize("which", [0, 1], ids=["challenge", "answer"])
def test_the_end_at_every_octet(which, ending):
    """In the body of a challenge, and on a connection that was kept, a new connection is the way on; it ends at once."""
    whole = CONVERSATION[which]
    for n in range(len(whole)):
        def script(c):
            c.head()
            if which == 1 and c.number == 1:
                c.send(ASK_KEPT)
                c.head()
            if c.number == 1:
                c.send(whole[:n])
            if ending == "reset":
                c.drained(2)            # a reset drops what was not read yet
            getattr(c, ending)()
            if ending == "half_close":
                c.rest()
        t = Trial(script, "-H", "PROXY").holds(5, "(closed|reset) the connection while the .*HTTP .* was awaited")
        assert len(t.px.conns) <= 2, n
