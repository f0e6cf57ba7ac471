# SPDX-License-Identifier: ISC
"""SOCKS proxies that mean harm: RFC 1928, RFC 1929, SOCKS4, and the statuses of connect(1)."""
import pytest

import fakes
from fakes import s4_request, s5_greeting, s5_request, s5_userpass
from trial import PASSWORD, Trial, flood

PROTOCOL = "broke the protocol: "
REPLY = bytes.fromhex("05000001 7f000001 1234")
GRANT = bytes.fromhex("005a0000 00000000")
ESCAPES = b"\x1b[2J\x1b]0;x\x07\x9b\x00\r\n"


def socks5(selection=b"\5\0", status=b"\1\0", reply=REPLY, then=b"", more=None):
    """The messages as given; then and the end of the stream, or more for ever."""
    def script(c):
        s5_greeting(c)
        c.send(selection)
        if selection == b"\5\2":
            s5_userpass(c)
            c.send(status)
        if len(selection) == 2 and selection[1] in (0, 2) and status[1:] == b"\0" and selection[:1] == b"\5":
            try:
                s5_request(c)
            except AssertionError:
                return
            c.send(reply)
        if more:
            flood(c, more)
        c.send(then)
        c.half_close()
        c.rest()
    return script


def socks4(reply, then=b"", more=None):
    def script(c):
        s4_request(c)
        c.send(reply)
        if more:
            flood(c, more)
        c.send(then)
        c.half_close()
        c.rest()
    return script


def all_octets(make, but, options, status, error):
    for v in range(256):
        if v not in but:
            Trial(make(v), *options, "PROXY").holds(status, error(v) if callable(error) else error)


def test_every_version_of_the_selection():
    all_octets(lambda v: socks5(bytes([v, 0])), {5}, ["-S"], 5, PROTOCOL + "this is not a SOCKS5 method selection")


def test_every_method_that_was_not_offered():
    all_octets(lambda v: socks5(bytes([5, v])), {0, 2, 255}, ["-S"], 5, "it chose an authentication method that was not offered")


@pytest.mark.parametrize("offer,chosen", [("none", 2), ("userpass", 0), ("none", 1), ("userpass", 3)])
def test_a_method_outside_of_the_offer_gets_no_password(offer, chosen):
    t = Trial(socks5(bytes([5, chosen])), "-a", offer, "-S", "PROXY").holds(5, "it chose an authentication method that was not offered")
    assert PASSWORD.encode() not in t.px.got[0]


def test_no_method_is_acceptable():
    Trial(socks5(b"\5\xff"), "-S", "PROXY").holds(6, "no offered authentication method is acceptable")
    Trial(socks5(b"\5\xff", more=ESCAPES * 50), "-dd", "-S", "PROXY").holds(6, "no offered authentication method is acceptable")


def test_every_status_of_the_authentication():
    all_octets(lambda v: socks5(b"\5\2", bytes([1, v])), {0}, ["-S"], 6, lambda v: r"authentication failed \(STATUS %d\)" % v)


def test_every_reply():
    all_octets(lambda v: socks5(reply=bytes([5, v]) + REPLY[2:]), {0}, ["-S"], 7, lambda v: r"refused: .*\(SOCKS5 reply %d\)" % v)


def test_every_version_of_the_reply():
    all_octets(lambda v: socks5(reply=bytes([v]) + REPLY[1:]), {5}, ["-S"], 5, PROTOCOL + "this is not a SOCKS5 reply")


def test_every_address_type():
    all_octets(lambda v: socks5(reply=b"\5\0\0" + bytes([v]) + b"x" * 300), {1, 3, 4}, ["-S"], 5, "its reply has an unknown address type")


@pytest.mark.parametrize("length", [0, 1, 2, 254, 255])
@pytest.mark.parametrize("octet", [b"n", b"\0", b"\x1b", b"\xff"])
def test_the_length_of_bnd_addr(length, octet):
    """The name is skipped exactly, whatever it is; the octets behind it are the tunnel's."""
    reply = b"\5\0\0\3" + bytes([length]) + octet * length + b"\0\x16"
    Trial(socks5(reply=reply, then=b"tunnel"), "-dd", "-S", "PROXY").holds(0, None, out=b"tunnel")
    Trial(socks5(reply=reply[:-1]), "-S", "PROXY").holds(5, "closed the connection while the SOCKS5 reply was awaited")


def test_every_code_of_socks4():
    all_octets(lambda v: socks4(bytes([0, v]) + GRANT[2:]), {90}, ["-4", "-S"], 7, lambda v: r"refused: .*\(SOCKS4 reply %d\)" % v)


def test_every_version_of_the_socks4_reply():
    all_octets(lambda v: socks4(bytes([v]) + GRANT[1:]), {0, 4}, ["-4", "-S"], 5, PROTOCOL + "this is not a SOCKS4 reply")


@pytest.mark.parametrize("more", [b"x" * 4096, ESCAPES * 100, b"\0" * 4096])
def test_what_follows_a_refusal_is_not_delivered(more):
    Trial(socks5(reply=b"\5\2\0\1" + bytes(6), more=more), "-dd", "-S", "PROXY").holds(7, r"ruleset \(SOCKS5 reply 2\)")
    Trial(socks5(b"\5\2", b"\1\1", more=more), "-dd", "-S", "PROXY").holds(6, "authentication failed")
    Trial(socks4(b"\0\x5b" + bytes(6), more=more), "-dd", "-4", "-S", "PROXY").holds(7, r"\(SOCKS4 reply 91\)")


def test_the_same_answer_for_ever():
    """Each answer is read as the one that is due."""
    def script(data):
        def run(c):
            flood(c, data)
        return run
    Trial(script(b"\5\2" * 2048), "-S", "PROXY").holds(6, r"authentication failed \(STATUS 2\)")
    Trial(script(b"\5\xff" * 2048), "-S", "PROXY").holds(6, "no offered authentication method")
    Trial(script(b"\5" * 4096), "-S", "PROXY").holds(5, "METHOD 5")
    Trial(script(b"\0" * 4096), "-S", "PROXY").holds(5, "VER 5 expected, got 0")
    Trial(script(b"\0" * 4096), "-4", "-S", "PROXY").holds(7, "SOCKS4 reply 0")
    Trial(script(b"HTTP/1.1 400 Bad Request\r\n"), "-S", "PROXY").holds(5, "VER 5 expected, got 72")
    Trial(script(b"HTTP/1.1 400 Bad Request\r\n"), "-4", "-S", "PROXY").holds(5, "VN 0 expected, got 72")


def early(data):
    """All answers before there was a question."""
    def script(c):
        c.send(data)
        c.half_close()
        c.rest()
    return script


def test_replies_before_requests():
    """Nothing in them is believed but what would have been believed later: the tunnel opens or the refusal stands."""
    Trial(early(b"\5\0" + REPLY + b"tunnel"), "-S", "PROXY").holds(0, None, out=b"tunnel")
    Trial(early(GRANT + b"tunnel"), "-4", "-S", "PROXY").holds(0, None, out=b"tunnel")
    t = Trial(early(b"\5\2" b"\1\0" + REPLY + b"tunnel"), "-S", "PROXY").holds(0, None, out=b"tunnel")
    assert t.px.got[0].count(PASSWORD.encode()) == 1
    t = Trial(early(b"\5\2"), "-a", "none", "-S", "PROXY").holds(5, "not offered")
    assert PASSWORD.encode() not in t.px.got[0]


CONVERSATIONS = {
    "socks5": (["-S"], [(s5_greeting, b"\5\0"), (s5_request, REPLY)]),
    "socks5 name": (["-S"], [(s5_greeting, b"\5\0"), (s5_request, b"\5\0\0\3\5\x1b[2Jx\0\x16")]),
    "socks5 IPv6": (["-S"], [(s5_greeting, b"\5\0"), (s5_request, b"\5\0\0\4" + bytes(18))]),
    "socks5 userpass": (["-S"], [(s5_greeting, b"\5\2"), (s5_userpass, b"\1\0"), (s5_request, REPLY)]),
    "socks4": (["-4", "-S"], [(s4_request, GRANT)]),
}


@pytest.mark.parametrize("ending", ["half_close", "reset"])
@pytest.mark.parametrize("name", CONVERSATIONS)
def test_the_end_at_every_octet(name, ending):
    options, exchanges = CONVERSATIONS[name]
    for n in range(sum(len(a) for _, a in exchanges)):
        def script(c):
            left = n
            for question, answer in exchanges:
                question(c)
                c.send(answer[:left])
                if left < len(answer):
                    break
                left -= len(answer)
            if ending == "reset":
                c.drained(2)
            getattr(c, ending)()
            if ending == "half_close":
                c.rest()
        Trial(script, *options, "PROXY").holds(5, "(closed|reset) the connection while the SOCKS. .* was awaited")


@pytest.mark.parametrize("ending", ["half_close", "reset"])
@pytest.mark.parametrize("first,status", [(b"\5\5", 7), (b"\5\5\0", 7), (b"\5\5\0\3\xff", 7), (b"\5\xff\0\xff\xff\xff", 7)])
def test_a_refusal_that_is_cut_is_a_refusal(first, status, ending):
    def script(c):
        s5_greeting(c)
        c.send(b"\5\0")
        s5_request(c)
        c.send(first)
        c.drained(2)
        getattr(c, ending)()
        if ending == "half_close":
            c.rest()
    Trial(script, "-S", "PROXY").holds(status, r"\(SOCKS5 reply %d\)" % first[1])


def test_a_proxy_that_resets_instead_of_an_answer():
    def script(c):
        c.message()
        c.reset()
    for options in (["-S"], ["-4", "-S"], ["-H"], ["-T"]):
        Trial(script, *options, "PROXY").holds(5, "reset the connection while the .* was awaited")
