# SPDX-License-Identifier: ISC
"""The player against client programs of which each does one thing: the verdict and what is said of it."""
import os
import signal
import select
import subprocess
import sys

import pytest
from conftest import PROXYSPEC, clean_env
from peer import HEAD, play

STATUS = {"PASS": 0, "INFO": 0, "LOOSE": 0, "FAIL": 1, "CRASH": 1, "ERROR": 3, "SKIP": 77}
PROGRAM = """import os, select, signal, socket, struct, sys, time
def dial():
    global s
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
    return s
def get(n):
    b = b""
    while len(b) < n:
        c = s.recv(n - len(b))
        if not c: break
        b += c
    return b
def out(b): os.write(1, b)
def err(b): os.write(2, b)
def reset():
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); s.close()
def until_killed():
    while True: signal.pause()
"""


@pytest.fixture
def client(spec, tmp_path):
    """client(lines, "dial(); s.send(b'x')") plays the lines against that program."""
    def run(lines, code, args=(), can="socks4", **kw):
        path = tmp_path / "client.py"
        path.write_text(PROGRAM + code + "\n")
        p = play(spec, tmp_path, lines, "client", *args, "--can", can, "--", sys.executable, "-S", path, "{proxy_host}", "{proxy_port}", "{host}",
                 "{port}", **kw)
        assert p.status == STATUS[p.verdict], p
        return p

    return run


CASES = [
    # the end of the program
    ("C> 01\nC: exit 3\n", "dial().send(b'\\1'); sys.exit(3)", "PASS", None, None, None),
    ("C> 01\nC: exit 0\n", "dial().send(b'\\1'); sys.exit(3)", "FAIL", "the exit status is wrong", "exit status 0", "exit status 3"),
    ("C> 01\nC: exit 0\n", "dial().send(b'\\1'); os.kill(os.getpid(), 15)", "FAIL", "the exit status is wrong", "exit status 0", "signal 15"),
    ("C> 01\nC: exit !0\n", "dial().send(b'\\1'); sys.exit(3)", "PASS", None, None, None),
    ("C> 01\nC: exit !0\n", "dial().send(b'\\1')", "FAIL", "the exit status is wrong", "exit status other than 0", "exit status 0"),
    ("C> 01\nC: exit 0 within 1s\n", "dial().send(b'\\1'); until_killed()", "FAIL", "the client did not end in time", None, None),
    ("C> 01\n", "pass", "FAIL", "the client never connected", None, None),
    ("C> 01\nP> 02\nC> 03\n", "dial().send(b'\\1'); get(1)", "FAIL", "the client closed before its message was whole", None, None),
    ("C> 01\nP> 02\nC> 03\n", "dial().send(b'\\1'); get(1); reset()", "FAIL", "the client reset the connection before its message was whole", None, None),
    ("C> 01\nP> 02\nC> 03 within 1s\n", "dial().send(b'\\1'); get(1); until_killed()", "FAIL", "the client did not send its message in time", None, None),
    ("C> oneof within 2s\n | 01 -> pass\n | silence -> info \"says nothing\"\n", "pass", "INFO", "says nothing", None, None),
    ("C> 01\nP: rst\nC: exit 5\n", "dial().send(b'\\1')\ntry: s.recv(1)\nexcept ConnectionResetError: sys.exit(5)", "PASS", None, None, None),
    # who is turned away has to connect first; how P ends its side counts, not how T does
    ("P: close\nC: exit 5\n", "time.sleep(0.1); dial(); sys.exit(0 if get(1) else 5)", "PASS", None, None, None),
    ("P: close\nC: exit 5\n", "sys.exit(5)", "PASS", None, None, None),
    ('C> 01\nP> 02\nT>> "pong"\nT: rst\nP: fin\nC: exit 0\n', "dial().send(b'\\1'); out(get(5)[1:]); get(1)", "PASS", None, None, None),
    ('C> 01\nP> 02\nT>> "pong"\nT: rst\nwhen $port != 1 {\nP: close\n}\nC: exit 0\n', "dial().send(b'\\1'); out(get(5)[1:]); get(1)", "PASS", None, None, None),
    ('C> 01\nP> 02\nT>> "pong"\nT: rst\nwhen $port == 1 {\n} else {\nP: close\n}\nC: exit 0\n', "dial().send(b'\\1'); out(get(5)[1:]); get(1)", "PASS", None, None, None),
    # its input and its output
    ('C> 01\nP> "text"\nC: got "text"\n', "dial().send(b'\\1'); out(get(4))", "PASS", None, None, None),
    ('C> 01\nP> "text"\nC: got "text" within 1s\n', "dial().send(b'\\1'); get(4); out(b'tex')", "FAIL", "the octets did not arrive", None, None),
    ('C> 01\nP> "text"\nC: got "text" within 1s\n', "dial().send(b'\\1'); get(4); out(b'tast')", "FAIL", "the octets did not arrive", None, None),
    ('C> 01\nP> "text"\nC: stdout-empty\n', "dial().send(b'\\1'); get(4)", "PASS", None, None, None),
    ('C> 01\nP> "text"\nC: stdout-empty\n', "dial().send(b'\\1'); get(4); out(b'noise')", "FAIL", "the client wrote to stdout", None, None),
    ('C> 01\nC: eof\nC: exit 0\n', "dial().send(b'\\1'); sys.stdin.read()", "PASS", None, None, None),
    ('C> 01\nC: eof within 1s\n', "dial().send(b'\\1'); until_killed()", "FAIL", "the client (stdout) did not close in time", None, None),
    ('C> 01\nC: stdout-close\nP> 02\nC: exit 141\n', "dial().send(b'\\1'); signal.signal(signal.SIGPIPE, signal.SIG_DFL); get(1); out(b'x')", "PASS", None, None, None),
    ('C> 01\nC: stderr /refused: no/\n', "dial().send(b'\\1'); err(b'refused: no\\n')", "PASS", None, None, None),
    ('C> 01\nC: stderr /refused/ within 1s\n', "dial().send(b'\\1'); err(b'something\\0else\\n')", "FAIL", "the client's message is not what is wanted", None, None),
    ('C> 01\nC: stderr !/pass/\n', "dial().send(b'\\1'); err(b'harmless\\n')", "PASS", None, None, None),
    ('C> 01\nC: stderr !/pass/\n', "dial().send(b'\\1'); err(b'pass word\\n')", "FAIL", "the client's message is not what is wanted", None, None),
    # the tunnel
    ('C> 01\nP> 02\nC>> "ping"\nT>> "pong"\nT: fin\nC: eof\nC: exit 0\n', "dial().send(b'\\1'); get(1); s.send(os.read(0, 4)); out(get(4)); get(1)", "PASS", None, None, None),
    ('C> 01\nP> 02\nC>> "ping"\nT>> "pong"\nT: close\nC: eof\nC: exit 0\n', "dial().send(b'\\1'); get(1); s.send(os.read(0, 4)); out(get(4)); get(1)", "PASS", None, None, None),
    ('C> 01\nP> 02\nT>> "pong"\nT: rst\nC: exit 5\n', "dial().send(b'\\1'); get(1); out(get(4))\ntry: s.recv(1)\nexcept ConnectionResetError: sys.exit(5)", "PASS", None, None, None),
    ('C> 01\nP> 02\nC>> "ping"\nC: fin\nP: close\n', "dial().send(b'\\1'); get(1); s.send(os.read(0, 4)); os.read(0, 1); s.shutdown(1); get(1)", "PASS", None, None, None),
    ('C> 01\nP> 02\nC>> "ping"\nT: got "more"\n', "dial().send(b'\\1'); get(1); s.send(os.read(0, 4) + b'more'); get(1)", "PASS", None, None, None),
    ('C> 01\nP: silent 200ms\nP> 02\n', "dial().send(b'\\1'); get(1)", "PASS", None, None, None),
    ('C> 01\nC: silent 5s\n', "dial().send(b'\\1'); time.sleep(0.05); s.send(b'x'); get(1)", "FAIL", "octets came where none are due", None, "78"),
    ('C> 01\nC: silent 5s\n', "dial().send(b'\\1'); s.close(); time.sleep(5)", "FAIL", "the client ended the connection", "an open connection", "FIN"),
    ('C: none 200ms\n', "time.sleep(5)", "PASS", None, None, None),
    ('C: none 9s\n', "dial().send(b'x'); time.sleep(5)", "FAIL", "octets came where none are due", None, None),
    ('C> 01\nC: skip "END"\nP> 02\n', "dial().send(b'\\1 and so on END'); get(1)", "PASS", None, None, None),
    # a second try
    ('C> 01\nP> 02\nC: retry\nC> 03\nP> 04\n', "dial().send(b'\\1'); get(1); s.send(b'\\3'); get(1)", "PASS", None, None, None),
    ('C> 01\nP> 02\nC: retry\nC> 03\nP> 04\n', "dial().send(b'\\1'); get(1); s.close(); dial().send(b'\\3'); get(1)", "PASS", None, None, None),
    ('C> 01\nP> 02\nC: retry\nC> 03 within 1s\nP> 04\n', "dial().send(b'\\1'); get(1); s.close()", "FAIL", "the client closed before its message was whole", None, None),
    # a trace that is wrong
    ('C> 01\nP> X:u8=$NOPE\n', "dial().send(b'\\1'); get(1)", "ERROR", "no value for $NOPE", None, None),
    ('C> 01\nP> 02\nT>> "$NOPE"\n', "dial().send(b'\\1'); get(2)", "ERROR", "no value for $NOPE", None, None),
    ('C> 01\nC: stderr "$NOPE"\n', "dial().send(b'\\1'); err(b'x')", "ERROR", "no value for $NOPE", None, None),
    ('C> 01\nC: stderr X..Y\n', "dial().send(b'\\1'); err(b'x')", "ERROR", "the trace is wrong", None, None),
]


@pytest.mark.parametrize("lines, code, verdict, what, wanted, got", CASES, ids=[f"{i}-{c[2]}" for i, c in enumerate(CASES)])
def test_one_thing(client, lines, code, verdict, what, wanted, got):
    p = client(lines, code)
    assert p.verdict == verdict, p
    assert p.whats == [] if what is None else p.whats and what in p.whats[0], p
    assert wanted is None or p.findings[0]["wanted"] == wanted, p
    assert got is None or p.findings[0]["got"] == got, p


@pytest.mark.parametrize("lines, delivery", [('P> 02 &\nT>> "pong"\n', "whole"), ('P> 02\n--- the tunnel   RFC1928 §6\nT: accept\nT>> "pong"\n', "coalesce")])
def test_a_reply_and_the_first_octets_in_one_segment(client, lines, delivery):
    code = "dial().send(b'\\1'); time.sleep(0.1); b = s.recv(9); out(b[1:]); sys.exit(0 if b == b'\\2pong' else 4)"
    p = client("C> 01\n" + lines + "C: exit 0\n", code, args=["--delivery", delivery])
    assert (p.verdict, p.whats) == ("PASS", []), p


def test_nobody_to_send_to(client):
    p = client("P> 01\nC> 02\n", "sys.stdin.read()")
    assert (p.verdict, p.whats[0]) == ("FAIL", "there is no connection to send on"), p


def test_values_in_words(client):
    """{name} stands for any variable; what is none, or has no end, is left as it is; a NUL cannot be said."""
    show = "dial().send(b'\\1'); out(sys.argv[3].encode() + b' ' + sys.argv[4].encode())"
    p = client('C> 01\nC: got "127.0.0.1 "\n', show)
    assert (p.verdict, p.whats) == ("PASS", [])


@pytest.mark.parametrize("word, said", [("{none}", "{none}"), ("{port", "{port"), ("a{host}b{host}c", "a127.0.0.1b127.0.0.1c"), ("{" + "n" * 80 + "}", "{" + "n" * 80 + "}"),
                                        ("{}", "{}"), ("{user}:{pass}", ":")])
def test_templates(spec, tmp_path, word, said):
    p = play(spec, tmp_path, f'C: got "{said}."\n'.replace("{", "\\x7b"), "client", "--can", "socks4", "--", sys.executable, "-S", "-c", "import sys; print(sys.argv[1] + '.', end='')", word)
    assert (p.verdict, p.whats) == ("PASS", []), p


def test_a_nul_cannot_be_said(spec, tmp_path):
    path = tmp_path / "t-case.pxt"
    path.write_text(HEAD.format(needs="socks4", level="MUST").replace("port=7007", 'port=7007 odd="a\\0b"') + "C> 01\n")
    r = spec("client", "--fixtures", path, "--can", "socks4", "--", "echo", "{odd}")
    assert r.status == 77 and "a value with a NUL cannot stand on a command line" in r.out


# Profiles.

PROFILE = """# a client
name: mine
can: socks4 http
env: COMMON=one 'QUOTED=two words'
socks4: {python} -S {client} {{proxy_host}} {{proxy_port}} socks4
http: SECRET={{pass}} OTHER={{host}} {python} -S {client} {{proxy_host}} {{proxy_port}} http
not t/other*: it has no such thing
not   t/spaced:   for a reason of its own
"""


@pytest.fixture
def profile(spec, tmp_path):
    def run(lines, code, needs, text=PROFILE):
        program, path = tmp_path / "client.py", tmp_path / "profile"
        program.write_text(PROGRAM + code + "\n")
        path.write_text(text.format(python=sys.executable, client=program))
        return play(spec, tmp_path, lines, "client", "--profile", path, needs=needs)

    return run


def test_environment_of_a_profile(profile):
    show = "dial().send(b'\\1'); out(repr([sys.argv[3]] + [os.environ.get(k) for k in ('COMMON', 'QUOTED', 'SECRET', 'OTHER')]).encode())"
    p = profile("C> 01\nC: got \"['socks4', 'one', 'two words', None, None]\"\n", show, "socks4")
    assert (p.verdict, p.whats) == ("PASS", [])
    p = profile("C> 01\nC: got \"['http', 'one', 'two words', None, '127.0.0.1']\"\n", show, "http")   # there is no password: none is set
    assert (p.verdict, p.whats) == ("PASS", [])


@pytest.mark.parametrize("line, reason", [("not t/case: it cannot", "it cannot"), ("not   t/c*:  it cannot", "it cannot"), ("not t/case:", "")])
def test_not_in_a_profile(profile, line, reason):
    p = profile("C> 01\n", "pass", "socks4", PROFILE + line + "\n")
    assert (p.status, p.verdict) == (77, "SKIP")


@pytest.mark.parametrize("line, what", [("nonsense", "a line is WORDS: TEXT"), ("socks5 'x: y", "a quotation mark is missing"), ("socks5:", "there is no command"),
                                        ("socks5: A=b", "there is no command"), ("socks5: 'open", "a quotation mark is missing"), ('can: "x', "a quotation mark is missing")])
def test_wrong_profiles(spec, tmp_path, line, what):
    path = tmp_path / "profile"
    path.write_text("name: x\n" + line)
    r = spec("client", "--profile", path)
    assert (r.status, r.out) == (2, "") and f"{path}:2: {what}\n" in r.err


# Whoever ends the runner ends its clients.

@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_client(tmp_path, sig):
    fifo, path = tmp_path / "open", tmp_path / "t-case.pxt"
    os.mkfifo(fifo)
    path.write_text(HEAD.format(needs="socks4", level="MUST") + "C> 01 within 60s\n")
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    p = subprocess.Popen([PROXYSPEC, "client", "--fixtures", path, "--can", "socks4", "--", "sh", "-c", f"exec 3>{fifo}; echo here >&3; sleep 1000; :"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_env(), start_new_session=True)
    here = select.poll()
    here.register(reader, select.POLLIN)
    assert here.poll(20000) and os.read(reader, 100) == b"here\n"
    os.killpg(p.pid, sig)
    assert p.wait(20) != 0
    gone = select.poll()
    gone.register(reader, 0)
    assert gone.poll(20000) == [(reader, select.POLLHUP)]
    os.close(reader)
