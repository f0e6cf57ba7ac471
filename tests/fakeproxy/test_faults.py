# SPDX-License-Identifier: ISC
"""Faults of delivery, for every role and for pass: the octets are those of an undisturbed run, delivered as ordered;
and a fault that did not happen is an error at the end (status 4, one line that names it).

BND is set, so that two runs of SOCKS say the same octets."""
import time

import auto
import pytest
import server
import wire

ROLES = ("socks4", "socks5", "socks", "http", "telnet", "pass")
FIXED = {"socks4": ["-o", "bnd=192.0.2.1:513"], "socks5": ["-o", "bnd=192.0.2.1:513"], "socks": ["-o", "bnd=192.0.2.1:513"],
         "http": [], "telnet": ["-o", "dialect=delegate"], "pass": ["--to", "127.0.0.1:22"]}
BANNER = auto.BANNER


@pytest.fixture(scope="module")
def target():
    t = auto.Target()
    yield t
    t.close()


@pytest.fixture(scope="module")
def clean(target, shared):
    """What a role says undisturbed: (its own octets, segments they came in)."""
    seen = {}

    def get(role):
        if role not in seen:
            r = auto.ask(target, shared(*FIXED[role], role).port, auto.tunnel_request(role))
            assert r.how == "fin" and r.got.endswith(BANNER), r
            own = r.got if role == "pass" else r.got[:-len(BANNER)]
            seen[role] = own, r.got, r.segments
        return seen[role]

    return get


def run(fake, target, role, *fault, **kw):
    f = fake(*FIXED[role], *fault, role)
    return f, auto.ask(target, f.port, auto.tunnel_request(role), **kw)


every_role = pytest.mark.parametrize("role", ROLES)


@every_role
def test_bytes(fake, target, clean, role):
    own, whole, _ = clean(role)
    f, r = run(fake, target, role, "--bytes")
    assert r.got == whole and r.how == "fin"
    assert r.segments >= len(own), f"{len(own)} octets in {r.segments} segments"
    assert f.stop() == 0


@every_role
def test_split(fake, target, clean, role):
    """The first n octets arrive by themselves: --delay makes the pause long enough to see it."""
    own, whole, _ = clean(role)
    for n in sorted({1, len(own) // 2, len(own) - 1}):
        f = fake(*FIXED[role], "--split", n, "--delay", "100", role)
        with wire.dial(f.port) as client:
            client.sendall(auto.tunnel_request(role))
            got, cuts = b"", []
            while True:
                part = wire.recv(client)
                if not part:
                    break
                got += part
                cuts.append(len(got))
        target.take()
        assert got == whole
        assert n in cuts, f"cut at {n}; seen {cuts}"
        assert f.stop() == 0


@every_role
def test_coalesce(fake, target, clean, role):
    """The answer of success and the target's first octets in one segment."""
    own, whole, segments = clean(role)
    if role == "pass":
        pieces_that_join(fake)
        return
    f = fake(*FIXED[role], "--coalesce", role)
    with wire.dial(f.port) as client:
        client.sendall(auto.tunnel_request(role))
        got, joined = b"", False
        while True:
            before, part = len(got), wire.recv(client)
            if not part:
                break
            got += part
            joined = joined or (before < len(own) < len(got))
        count = auto.data_segments(client)
    target.take()
    assert got == whole and joined
    assert count < segments or count <= {"socks5": 2, "socks": 2, "telnet": 5}.get(role, 1), (count, segments)
    assert f.stop() == 0


def pieces_that_join(fake):
    """pass: pieces of the real proxy that come one after the other arrive as one."""
    with wire.listen() as listener:
        f = fake("--to", f"127.0.0.1:{wire.port_of(listener)}", "--coalesce", "pass")
        with wire.dial(f.port) as client:
            proxy, _ = wire.accept(listener)
            with proxy:
                for piece in (b"one", b"two", b"three"):
                    proxy.sendall(piece)
                assert wire.recv(client) == b"onetwothree"
                assert auto.data_segments(client) == 1
        assert f.stop() == 0


def test_coalesce_with_a_silent_target(fake):
    """The answer comes alone after a second; nothing was joined, which is an error at the end."""
    with wire.listen() as listener:
        f = fake("--coalesce", "socks4")
        with wire.dial(f.port) as client:
            client.sendall(auto.tunnel_request("socks4", port=wire.port_of(listener)))
            assert wire.socks4_reply(client)[:2] == (0, 90)
            wire.accept(listener)[0].close()
        assert f.stop() == 4
        assert "coalesce" in f.stderr()


@every_role
def test_delay(fake, target, clean, role):
    own, whole, _ = clean(role)
    f, r = run(fake, target, role, "--delay", "300")
    assert r.got == whole and r.how == "fin"
    messages = {"socks5": 2, "socks": 2}.get(role, 1)
    assert r.seconds >= 0.3 * messages - 0.005, r.seconds        # timers count in milliseconds
    assert f.stop() == 0


@every_role
def test_stall(fake, target, clean, role):
    """n octets, then nothing; but the connection is there: no FIN, no RST."""
    own, whole, _ = clean(role)
    for n in sorted({0, 1, len(own) - 1}):
        f, r = run(fake, target, role, "--stall-after", n, patience=0.4)
        assert (r.got, r.how) == (own[:n], "open"), n
        assert f.stop() == 0


@every_role
def test_cut(fake, target, clean, role):
    own, whole, _ = clean(role)
    for n in sorted({0, 1, len(own) // 2, len(own) - 1}):
        f, r = run(fake, target, role, "--cut-after", n)
        assert (r.got, r.how) == (own[:n], "fin"), n
        assert f.stop() == 0


@every_role
def test_reset(fake, target, clean, role):
    own, whole, _ = clean(role)
    for n in sorted({0, 1, len(own) // 2, len(own) - 1}):
        f, r = run(fake, target, role, "--reset-after", n)
        assert (r.got, r.how) == (own[:n], "rst"), n
        assert f.stop() == 0


@every_role
def test_flip(fake, target, clean, role):
    own, whole, _ = clean(role)
    for n, xor in ((0, 1), (1, 0xFF), (len(own) - 1, 0x80)):
        f, r = run(fake, target, role, "--flip", f"{n}:{xor}")
        if role == "socks5" or role == "socks":
            # a changed selection must not change what the server itself thinks
            assert r.got[:len(own)] == own[:n] + bytes([own[n] ^ xor]) + own[n + 1:], (n, r.got)
        else:
            assert r.got == whole[:n] + bytes([whole[n] ^ xor]) + whole[n + 1:], n
        assert f.stop() == 0


def test_two_flips(fake, target, clean):
    own, whole, _ = clean("socks4")
    f, r = run(fake, target, "socks4", "--flip", "0:4", "--flip", "7:0x0f")
    assert r.got == bytes([own[0] ^ 4]) + own[1:7] + bytes([own[7] ^ 15]) + BANNER
    assert f.stop() == 0


@every_role
@pytest.mark.parametrize("fault", ["--cut-after", "--reset-after", "--stall-after", "--flip"])
def test_whole_stream(fake, target, clean, role, fault):
    """With --whole-stream the octets of the tunnel count on (for pass they always do)."""
    own, whole, _ = clean(role)
    n = len(own) + 4 if role != "pass" else 4
    more = [] if role == "pass" else ["--whole-stream"]
    f, r = run(fake, target, role, *more, fault, f"{n}:1" if fault == "--flip" else n, patience=0.4 if fault == "--stall-after" else 5)
    want = {"--cut-after": (whole[:n], "fin"), "--reset-after": (whole[:n], "rst"), "--stall-after": (whole[:n], "open"),
            "--flip": (whole[:n] + bytes([whole[n] ^ 1]) + whole[n + 1:], "fin")}[fault]
    assert (r.got, r.how) == want
    assert f.stop() == 0


@pytest.mark.parametrize("role", ["socks4", "socks5", "http", "telnet"])
@pytest.mark.parametrize("fault", ["--cut-after", "--reset-after", "--stall-after", "--flip", "--split"])
def test_the_tunnel_is_not_touched_without_it(fake, target, clean, role, fault):
    """An offset behind the negotiation: nothing happens, and that is an error at the end."""
    own, whole, _ = clean(role)
    n = len(own) + 2
    f, r = run(fake, target, role, fault, f"{n}:1" if fault == "--flip" else n)
    assert r.got == whole and r.how == "fin"
    assert f.stop() == 4
    assert fault.lstrip("-") in f.stderr() and f.stderr().count("\n") == 1, f.stderr()


NEVER = [["--bytes"], ["--split", "3"], ["--coalesce"], ["--delay", "5"], ["--stall-after", "3"], ["--cut-after", "3"],
         ["--reset-after", "0"], ["--flip", "0:1"]]


@every_role
@pytest.mark.parametrize("fault", NEVER, ids=[n[0] for n in NEVER])
def test_no_connection_no_fault(fake, role, fault):
    f = fake(*FIXED[role], *fault, role)
    assert f.stop() == 4
    assert fault[0].lstrip("-") in f.stderr() and f.stderr().count("\n") == 1, f.stderr()


def test_each_fault_that_did_not_happen_is_named(fake, target):
    f = fake("--flip", "0:4", "--flip", "900:1", "--cut-after", "800", "socks4")
    auto.ask(target, f.port, auto.tunnel_request("socks4"))
    assert f.stop() == 4
    assert "900" in f.stderr() and "cut-after" in f.stderr() and "0:4" not in f.stderr()


@pytest.mark.parametrize("status_of", ["--once", "--lifetime"])
def test_the_error_also_ends_once_and_lifetime(fake, target, status_of):
    f = fake("--flip", "900:1", *(["--once"] if status_of == "--once" else ["--lifetime", "1"]), "socks4")
    auto.ask(target, f.port, auto.tunnel_request("socks4"))
    assert f.wait() == 4


def test_faults_of_a_failure_reply(fake, target):
    """They work on answers of failure too: the reply whole but in pieces, or cut."""
    refused = b"\x05\x01\x00\x05\x01\x00\x01\x7f\0\0\1\0\1"
    f = fake("--bytes", "socks5")
    r = auto.ask(target, f.port, refused)
    assert r.got[:4] == b"\x05\0\x05\x05" and len(r.got) == 12 and r.how == "fin" and r.segments >= 12
    assert f.stop() == 0
    f = fake("--cut-after", "4", "socks5")
    r = auto.ask(target, f.port, refused)
    assert r.got == b"\x05\0\x05\x05" and r.how == "fin"
    assert f.stop() == 0


def test_a_fault_counts_per_connection(fake, target):
    """Octets are counted from 0 for each connection."""
    f = fake("--cut-after", "5", "socks4")
    for _ in range(3):
        r = auto.ask(target, f.port, auto.tunnel_request("socks4"))
        assert len(r.got) == 5 and r.how == "fin"
    assert f.stop() == 0


def test_bytes_of_the_challenge_and_of_the_second_answer(fake):
    """More than one answer on a connection: each goes octet by octet."""
    f = fake("--bytes", "http", env={"FAKEPROXY_USER": "user:pass"})
    with wire.listen() as listener, wire.dial(f.port) as client:
        for credentials in (b"", b"Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"):
            before = auto.data_segments(client)
            client.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: a\r\n" % wire.port_of(listener) + credentials + b"\r\n")
            head = wire.http_head(client)
            if head.status == 407:
                wire.http_body(client, head)
            assert auto.data_segments(client) - before >= len(head.raw)
        assert head.status == 200
        wire.accept(listener)[0].close()
    assert f.stop() == 0


def test_delay_blocks_nobody(fake, target):
    """While the server waits for one client it serves others."""
    f = fake("--delay", "400", "socks4")
    with wire.listen() as listener:
        start = time.monotonic()
        clients = [wire.dial(f.port) for _ in range(5)]
        for c in clients:
            c.sendall(auto.tunnel_request("socks4", port=wire.port_of(listener)))
        for c in clients:
            assert wire.socks4_reply(c)[:2] == (0, 90)
            c.close()
        assert 0.4 <= time.monotonic() - start < 1.6
    assert f.stop() == 0


def test_the_stalled_connection_ends_with_its_client(fake):
    """No descriptor is left when the client of a stalled connection leaves."""
    f = fake("--stall-after", "1", "socks4")
    before = len(wire.fds(f.pid))
    with wire.listen() as listener, wire.dial(f.port) as client:
        client.sendall(auto.tunnel_request("socks4", port=wire.port_of(listener)))
        assert wire.read_n(client, 1) == b"\0"
        target, _ = wire.accept(listener)
        client.close()
        with target:
            wire.read_end(target)
    wire.until(lambda: len(wire.fds(f.pid)) <= before, 20, "the stalled connection is closed")
    assert f.stop() == 0


@pytest.mark.parametrize("args", [
    ["--stall-after", "1", "--cut-after", "1"], ["--cut-after", "1", "--reset-after", "1"], ["--split", "1", "--bytes"],
    ["--bytes", "--coalesce"], ["--flip", "1"], ["--flip", "1:0"], ["--flip", "1:256"], ["--flip", "x:1"], ["--split", "0"],
    ["--split", "-1"], ["--cut-after", "-1"], ["--delay", "soon"], ["--stall-after", ""], ["--reset-after", "99999999999999999999"],
    ["--split"]])
def test_usage(args):
    code, out, err = server.run("socks4", *args)
    assert code == 2 and out == "" and err


def test_pass_between_a_client_and_another_proxy(fake, target):
    """pass in front of another server: the client of that server sees the fault, whatever the protocol."""
    inner = fake("socks5")
    f = fake("--to", f"127.0.0.1:{inner.port}", "--flip", "3:5", "pass")
    r = auto.ask(target, f.port, auto.tunnel_request("socks5"))
    assert r.got[:4] == b"\x05\0\x05\x05" and r.got.endswith(BANNER)
    assert f.stop() == 0
