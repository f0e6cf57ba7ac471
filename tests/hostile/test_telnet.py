# SPDX-License-Identifier: ISC
"""Telnet proxies that mean harm: RFC 854, RFC 855, RFC 1143, and the statuses of connect(1)."""
import pytest

from trial import Trial, flood

PROTOCOL = "broke the protocol: "
ESCAPES = b"\x1b[2J\x1b]0;title\x07\x9b31m\xc2\x9b\x00\x08\x7f\x0b\xfe"
IAC, SB, SE, WILL, WONT, DO, DONT = 255, 250, 240, 251, 252, 253, 254
OPTIONS = b"".join(bytes([IAC, v, o, IAC, w, o]) for o in range(256) for v, w in ((WILL, DO),))


@pytest.mark.parametrize("when", ["greeting", "answer"])
@pytest.mark.parametrize("data", [
    b"motd\r\n" * 512, b"m" * 4096, b"\0" * 4096, b"\r" * 4096, b"\n" * 4096, ESCAPES * 200, OPTIONS, bytes([IAC, IAC]) * 2048,
    bytes([IAC, SB, 24]) + b"x" * 4093, bytes([IAC, SB, 24, IAC, SE]) * 512, bytes([IAC, 241]) * 2048, bytes([IAC, WONT, 1, IAC, DONT, 1]) * 512,
    b"not connected to\r\n" * 200],
    ids=["lines", "a-line", "nul", "cr", "lf", "escapes", "options", "iac-iac", "sb", "empty-sb", "nop", "wont", "not"])
def test_chatter_without_end(when, data):
    def script(c):
        if when == "answer":
            c.until(b"\r\n")
        flood(c, data)
    t = Trial(script, "-T", "PROXY").holds(5, PROTOCOL)
    assert len(t.px.got[0]) <= 2 * 3 * 256 + 100, "each option is refused once at most"


@pytest.mark.parametrize("debug", ["", "-dd"])
@pytest.mark.parametrize("line", [
    b"Connection ESC refused\r\n", b"ESC failed ESC\r\n", b"x" * 5000 + b" refused ESC\r\n", b"\xff\xfb\x1b failed\r\n", b" closed\x1bc\r\n"])
def test_octets_that_a_terminal_obeys(line, debug):
    def script(c):
        c.until(b"\r\n")
        c.send(line.replace(b"ESC", ESCAPES))
        c.rest()
    Trial(script, *([debug] if debug else []), "-T", "PROXY").holds(7, r"refused: it could not reach the target \(it said: ")


def test_a_banner_of_escapes_and_then_silence():
    def script(c):
        c.send(ESCAPES * 20)
        c.rest()
    Trial(script, "-dd", "--handshake-timeout", "0.3", "-T", "PROXY").holds(8, r"did not send the telnet proxy's answer in time .*\\x1b\[2J")


def test_a_refusal_and_more_without_end():
    def script(c):
        c.until(b"\r\n")
        c.send(b"Connection refused\r\n")
        flood(c, b"Connected to x\r\n" * 100)
    Trial(script, "-T", "PROXY").holds(7, "could not reach the target")


@pytest.mark.parametrize("ending", ["half_close", "reset"])
@pytest.mark.parametrize("text", [b"\xff\xfb\x01\xff\xfd\x18Trying 192.0.2.1...\r\nConnected to x.\r\n"])
def test_the_end_at_every_octet(text, ending):
    for n in range(len(text)):
        def script(c):
            c.until(b"\r\n")
            c.send(text[:n])
            if ending == "reset":
                c.drained(2)
            getattr(c, ending)()
            if ending == "half_close":
                c.rest()
        Trial(script, "-T", "PROXY").holds(5, "(closed|reset) the connection while the telnet proxy's answer was awaited")


def test_success_before_the_command():
    def script(c):
        c.send(b"Connected to x.\r\ntunnel")
        c.half_close()
        c.rest()
    t = Trial(script, "-T", "PROXY").holds(0, None, out=b"tunnel")
    assert t.px.got[0] == b"telnet 192.0.2.1 22\r\n"
