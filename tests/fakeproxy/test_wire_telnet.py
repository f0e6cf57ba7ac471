# SPDX-License-Identifier: ISC
"""The telnet gateways on the wire: RFC 854/855 for the commands, the conventions of DeleGate and of TIS fwtk tn-gw
for the dialogues (there is no standard for those).  After the line of success the tunnel is a transparent pipe."""
import pytest
import wire

IAC, DONT, DO, WONT, WILL, SB, SE, NOP = 255, 254, 253, 252, 251, 250, 240, 241
PROMPT = {"plain": None, "delegate": b">> Host name: ", "fwtk": b"tn-gw-> "}
DIALECTS = tuple(PROMPT)


def modes(data):
    return ["whole", "bytes", *range(1, len(data))]


def server_of(shared, dialect, *more):
    return shared("-o", f"dialect={dialect}", *more, "telnet")


def split_commands(data):
    """(text, commands): a strict reader of RFC 854; an unfinished command is an error."""
    text, commands, at = b"", [], 0
    while at < len(data):
        if data[at] != IAC:
            text += data[at:at + 1]
            at += 1
        elif data[at + 1] == IAC:
            text += b"\xff"
            at += 2
        elif data[at + 1] in (WILL, WONT, DO, DONT):
            commands.append((data[at + 1], data[at + 2]))
            at += 3
        elif data[at + 1] == SB:
            end = data.index(bytes([IAC, SE]), at)
            commands.append((SB, data[at + 2:end]))
            at = end + 2
        else:
            commands.append((data[at + 1],))
            at += 2
    return text, commands


def greeted(f, dialect):
    """A client that has read up to the prompt; returns what came before it."""
    client = wire.dial(f.port)
    if PROMPT[dialect] is None:
        return client, b""
    return client, wire.read_until(client, PROMPT[dialect])


def success(client):
    """Everything up to and including the line that tells of the success."""
    return wire.read_until(client, b"onnected to ") + wire.read_until(client, b"\r\n")


# dialect, command without its line end
COMMANDS = [(d, c) for d, commands in {
    "plain": ["telnet 127.0.0.1 22", "connect 127.0.0.1 22", "telnet target.example 22"],
    "delegate": ["telnet 127.0.0.1 22", "t 127.0.0.1 22", "connect 127.0.0.1 22", "c 127.0.0.1 22", "127.0.0.1 22", "127.0.0.1:22",
                 "telnet target.example 22", "target.example:22"],
    "fwtk": ["connect 127.0.0.1 22", "c 127.0.0.1 22", "telnet 127.0.0.1 22", "connect target.example 22"],
}.items() for c in commands]
VECTORS = [
    ("TN-V11 telnet, CR LF", "plain", b"telnet target.example 22\r\n"),
    ("TN-V11 telnet, CR LF", "delegate", b"telnet target.example 22\r\n"),
    ("TN-V12 host:port, LF", "delegate", b"target.example:22\n"),
    ("TN-V13 connect, LF", "plain", b"connect target.example 22\n"),
    ("TN-V13 connect, LF", "delegate", b"connect target.example 22\n"),
    ("TN-V13 connect, LF", "fwtk", b"connect target.example 22\n"),
    ("TN-V09 CR NUL", "delegate", b"telnet 127.0.0.1 22\r\0"),
    ("TN-V02 DONT ECHO before it", "plain", b"\xff\xfe\x01telnet 127.0.0.1 22\r\n"),
    ("TN-V04 WONT 24 inside", "plain", b"telnet 127.\xff\xfc\x180.0.1 22\r\n"),
    ("TN-V08 NOP between", "fwtk", b"connect\xff\xf1 127.0.0.1 22\r\n"),
    ("TN-V07 sub-negotiation with a doubled 255", "plain", b"\xff\xfa\x18\x00\xff\xff\xf0\xff\xf0telnet 127.0.0.1 22\r\n"),
]


@pytest.mark.parametrize("dialect,command", COMMANDS)
def test_commands(shared, dialect, command):
    f = server_of(shared, dialect)
    data = command.encode() + b"\r\n"
    with wire.listen(22) as listener:
        for mode in ["whole", "bytes", 1, len(data) - 2, len(data) - 1]:
            client, _ = greeted(f, dialect)
            with client:
                wire.send(client, data, mode)
                success(client)
                target, _ = wire.accept(listener)
                with target:
                    tunnel_works(client, target)


def tunnel_works(client, target):
    """Transparent: 255, CR NUL and the options' octets are data now."""
    data = b"SSH-2.0-x\r\n\xff\xfd\x18\xff\xff\r\0\n" + bytes(range(256))
    target.sendall(data)
    assert wire.read_n(client, len(data)) == data
    client.sendall(data)
    assert wire.read_n(target, len(data)) == data


@pytest.mark.parametrize("name,dialect,data", VECTORS, ids=[f"{v[0]}-{v[1]}" for v in VECTORS])
def test_vectors_at_every_cut(shared, name, dialect, data):
    f = server_of(shared, dialect)
    with wire.listen(22) as listener:
        for mode in modes(data):
            client, _ = greeted(f, dialect)
            with client:
                wire.send(client, data, mode)
                success(client)
                target, _ = wire.accept(listener)
                with target:
                    tunnel_works(client, target)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_target_data_in_the_same_breath(shared, dialect):
    """The octet behind the line of success is the target's first; payload behind the command reaches the target once."""
    f = server_of(shared, dialect)
    with wire.listen(22) as listener:
        client, _ = greeted(f, dialect)
        with client:
            client.sendall(b"connect 127.0.0.1 22\r\nEARLY\xff\xff\r\0")
            target, _ = wire.accept(listener)
            with target:
                target.sendall(b"SSH-2.0-target\r\n")
                success(client)
                assert wire.read_n(client, 16) == b"SSH-2.0-target\r\n"
                assert wire.read_n(target, 9) == b"EARLY\xff\xff\r\0"


def test_plain_waits_silently(shared):
    client, _ = greeted(server_of(shared, "plain"), "plain")
    with client:
        client.sendall(b"tel")
        wire.drained(client)
        assert wire.silent(client)


def test_delegate_dialogue(shared):
    """IAC NOP, a banner, ">> Host name: " without a line end; "-- Trying H [A:P] ..." and "-- Connected to H.",
    each with CR LF."""
    f = server_of(shared, "delegate")
    client, before = greeted(f, "delegate")
    with client, wire.listen(22) as listener:
        text, commands = split_commands(before)
        assert (NOP,) in commands and text.endswith(b"\r\n>> Host name: ")
        client.sendall(b"telnet target.example 22\r\n")
        text, _ = split_commands(success(client))
        assert text.splitlines()[-2:] == [b"-- Trying target.example [127.0.0.1:22] ...", b"-- Connected to target.example."]
        wire.accept(listener)[0].close()


def test_fwtk_dialogue(shared):
    """WILL ECHO and WILL SGA, "... telnet proxy (Version ...) ready:", "tn-gw-> ", the echo, "Trying", "Connected to"."""
    f = server_of(shared, "fwtk")
    client, before = greeted(f, "fwtk")
    with client, wire.listen(22) as listener:
        text, commands = split_commands(before)
        assert (WILL, 1) in commands and (WILL, 3) in commands
        assert b" telnet proxy (Version " in text and text.endswith(b"ready:\r\ntn-gw-> ")
        client.sendall(b"connect target.example 22\r\n")
        answer = success(client)
        text, commands = split_commands(answer)
        assert text.startswith(b"connect target.example 22\r\n"), "fwtk echoes"
        assert commands == [(WONT, 1), (WONT, 3), (WONT, 24)], "its options are taken back"
        assert b"...\r\n\xff\xfc\x01\xff\xfc\x03\xff\xfc\x18Connected to " in answer
        lines = text.splitlines()
        assert lines[-2].startswith(b"Trying ") and b"22" in lines[-2] and lines[-2].endswith(b"...")
        assert lines[-1] == b"Connected to target.example."
        wire.accept(listener)[0].close()


def test_fwtk_default_port_is_23(shared):
    f = server_of(shared, "fwtk")
    client, _ = greeted(f, "fwtk")
    with client, wire.listen(23) as listener:
        client.sendall(b"c 127.0.0.1\r\n")
        assert split_commands(success(client))[1] == [], "a telnet server negotiates itself"
        wire.accept(listener)[0].close()


# ---- options (RFC 854)

@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("sent,want", [
    (bytes([IAC, DO, 24]), [(WONT, 24)]),              # an unknown option is refused
    (bytes([IAC, WILL, 31]), [(DONT, 31)]),
    (bytes([IAC, DO, 200, IAC, WILL, 201]), [(WONT, 200), (DONT, 201)]),
    (bytes([IAC, WONT, 24]), []),                      # it is off already: no answer
    (bytes([IAC, DONT, 24]), []),
    (bytes([IAC, NOP]), []),
    (bytes([IAC, 249]), []),
    (bytes([IAC, 242]), []),
    (bytes([IAC, SB, 24, 0, 120, IAC, SE]), []),
], ids=["DO 24", "WILL 31", "two", "WONT 24", "DONT 24", "NOP", "GA", "DM", "SB"])
def test_options(shared, dialect, sent, want):
    f = server_of(shared, dialect)
    with wire.listen(22) as listener:
        for mode in modes(sent) + [None]:
            client, _ = greeted(f, dialect)
            with client:
                if mode is None:
                    client.sendall(sent + b"connect 127.0.0.1 22\r\n")
                else:
                    wire.send(client, sent, mode)
                    client.sendall(b"connect 127.0.0.1 22\r\n")
                text, commands = split_commands(success(client))
                asked = sent[2:3]
                answers = [c for c in commands if len(c) == 2 and c[0] in (WONT, DONT) and c[1] not in (1, 3)]
                reset = [(WONT, 24)] if dialect == "fwtk" else []       # see test_fwtk_dialogue
                assert answers == want + reset, (mode, commands, asked)
                assert not [c for c in commands if c[0] in (WILL, DO) and c[1] not in (1, 3)]
                wire.accept(listener)[0].close()


def test_refusals_are_not_answered(shared):
    """fwtk offers ECHO and SGA; the client's DONTs are obeyed without an answer or a repetition (RFC 854, RFC 1143)."""
    f = server_of(shared, "fwtk")
    client, _ = greeted(f, "fwtk")
    with client, wire.listen(22) as listener:
        client.sendall(bytes([IAC, DONT, 1, IAC, DONT, 3]))
        wire.drained(client)
        client.sendall(b"connect 127.0.0.1 22\r\n")
        text, commands = split_commands(success(client))
        assert not [c for c in commands if c[0] == WILL], commands
        wire.accept(listener)[0].close()


def test_endless_sub_negotiation(shared):
    """TN-M02: SB without SE is bounded: a megabyte of it is not kept (the server gives up, or goes on without it)."""
    f = server_of(shared, "plain")
    with open(f"/proc/{f.pid}/statm") as m:
        before = int(m.read().split()[1])
    with wire.dial(f.port) as client:
        wire.send(client, bytes([IAC, SB, 24, 1]) + b"x" * (4 << 20))
        with open(f"/proc/{f.pid}/statm") as m:
            assert int(m.read().split()[1]) - before < 512


@pytest.mark.parametrize("dialect", DIALECTS)
def test_endless_line(shared, dialect):
    """A line that does not end is given up: an answer or a close, no hang."""
    f = server_of(shared, dialect)
    client, _ = greeted(f, dialect)
    with client:
        wire.send(client, b"telnet " + b"h" * 70000)
        assert wire.recv(client) is not None


# ---- failures

FAILURES = [
    ("refused", b"127.0.0.1 22", (b"refused",)),
    ("unresolvable", b"nonexistent.invalid 22", (b"failed",)),
    ("unreachable", b"203.0.113.9 22", (b"failed",)),
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name,where,phrases", FAILURES, ids=[f[0] for f in FAILURES])
def test_failures(shared, dialect, name, where, phrases):
    """The phrases by which clients of this kind know a failure: " failed", " refused", " rejected", " closed";
    plain ends then, the others prompt again and serve the next command."""
    f = server_of(shared, dialect)
    data = b"connect " + where + b"\r\n"
    for mode in ["whole", "bytes"]:
        client, _ = greeted(f, dialect)
        with client:
            wire.send(client, data, mode)
            if dialect == "plain":
                got = wire.read_eof(client)
            else:
                got = wire.read_until(client, PROMPT[dialect])
            text = split_commands(got)[0].lower()
            assert any(b" " + p in text for p in (b"failed", b"refused", b"rejected", b"closed")), got
            assert any(p in text for p in phrases) or dialect != "plain", got
            assert b"connected to" not in text.replace(b"connect to", b""), got
            if dialect != "plain":
                with wire.listen(45000) as listener:
                    client.sendall(b"connect 127.0.0.1 45000\r\n")
                    success(client)
                    wire.accept(listener)[0].close()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("line", [b"telnet 127.0.0.1 0", b"telnet 127.0.0.1 65536", b"telnet 127.0.0.1 65558", b"telnet 127.0.0.1 22x",
                                  b"telnet 127.0.0.1 -22", b"telnet", b"telnet 127.0.0.1 22 more words", b"\x01\x02"])
def test_nonsense(shared, dialect, line):
    """No tunnel; plain ends, the others prompt again or end."""
    f = server_of(shared, dialect)
    with wire.listen(22) as listener:
        client, _ = greeted(f, dialect)
        with client:
            client.sendall(line + b"\r\nquit\r\n")
            got = wire.read_eof(client) if line != b"telnet 127.0.0.1 22 more words" else wire.recv(client)
            if line != b"telnet 127.0.0.1 22 more words":
                assert b"onnected to 127" not in got
        if line != b"telnet 127.0.0.1 22 more words":
            assert wire.refused(listener)


@pytest.mark.parametrize("dialect,line", [("delegate", b""), ("delegate", b"quit"), ("delegate", b"exit"), ("fwtk", b"quit")])
def test_the_user_leaves(shared, dialect, line):
    client, _ = greeted(server_of(shared, dialect), dialect)
    with client:
        client.sendall(line + b"\r\n")
        wire.read_eof(client)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_failure_survives_unread_data(shared, dialect):
    if dialect != "plain":
        data = b"quit\r\n"
    else:
        data = b"connect 127.0.0.1 22\r\n"
    client, _ = greeted(server_of(shared, dialect), dialect)
    with client:
        client.sendall(data + b"x" * 60000)
        got = wire.read_eof(client)
        assert dialect != "plain" or b"refused" in got


# ---- login

@pytest.mark.parametrize("dialect", DIALECTS)
def test_login(fake, dialect):
    """Username and password are asked for, each prompt without a line end; the password is not sent back;
    a wrong one is refused; a right one leads on."""
    f = fake("-o", f"dialect={dialect}", "telnet", env={"FAKEPROXY_USER": "alice:s3cret word"})
    with wire.listen(22) as listener:
        for mode in ("whole", "bytes"):
            with wire.dial(f.port) as client:
                before = wire.read_until(client, b"Username:")
                wire.send(client, b"alice\r\n", mode)
                between = wire.read_until(client, b"Password:")
                wire.send(client, b"s3cret word\r\n", mode)
                if PROMPT[dialect]:
                    after = wire.read_until(client, PROMPT[dialect])
                    assert b"s3cret" not in after
                wire.send(client, b"connect 127.0.0.1 22\r\n", mode)
                got = success(client)
                assert b"s3cret" not in before + between + got
                target, _ = wire.accept(listener)
                with target:
                    tunnel_works(client, target)
        for name, password in ((b"alice", b"wrong"), (b"mallory", b"s3cret word"), (b"alice", b"")):
            with wire.dial(f.port) as client:
                wire.read_until(client, b"Username:")
                client.sendall(name + b"\r\n")
                wire.read_until(client, b"Password:")
                client.sendall(password + b"\r\nconnect 127.0.0.1 22\r\n")
                client.settimeout(wire.DEADLINE)
                got = b""
                while b"onnected to" not in got and not got.count(b"Username:"):
                    part = wire.recv(client)
                    if not part:
                        break
                    got += part
                assert b"onnected to" not in got, (name, password, got)
                assert b"s3cret" not in got and b"wrong" not in got
        assert wire.refused(listener)


def test_login_and_command_in_one_segment(fake):
    f = fake("-o", "dialect=plain", "telnet", env={"FAKEPROXY_USER": "alice:s3cret"})
    with wire.listen(22) as listener, wire.dial(f.port) as client:
        client.sendall(b"alice\r\ns3cret\r\nconnect 127.0.0.1 22\r\nEARLY")
        success(client)
        target, _ = wire.accept(listener)
        with target:
            assert wire.read_n(target, 5) == b"EARLY"


# ---- echo

@pytest.mark.parametrize("knob,agree,echoed", [("always", False, True), ("never", True, False), ("agreed", False, False), ("agreed", True, True)])
def test_echo(fake, knob, agree, echoed):
    """Once the client has agreed: it answers the offer WILL ECHO with DO ECHO."""
    f = fake("-o", "dialect=plain", "-o", f"echo={knob}", "-o", "iac=yes", "telnet")
    with wire.listen(22) as listener, wire.dial(f.port) as client:
        client.sendall(bytes([IAC, DO if agree else DONT, 1]))
        client.sendall(b"connect 127.0.0.1 22\r\n")
        text, commands = split_commands(success(client))
        assert (b"connect 127.0.0.1 22" in text) == echoed, text
        assert commands.count((WILL, 1)) == 1
        wire.accept(listener)[0].close()
