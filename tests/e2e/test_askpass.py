# SPDX-License-Identifier: ISC
"""The password from the program in SSH_ASKPASS (D10): without a shell, and its exit status counts."""
import os
import shlex
import signal

import pytest

import fakes
import runner
from fakes import FakeServer, HELLO, BYE
from runner import run

PROMPT = "Enter SOCKS5 password for bob@127.0.0.1: "
HTTP_PROMPT = "Enter proxy authentication password for bob@127.0.0.1: "
ASK = b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def askpass(tmp_path):
    """askpass(body of a shell script, name) -> path; what it was called with is in askpass.seen."""
    d = tmp_path / "with blanks"
    d.mkdir()

    def make(body, name="ask pass", mode=0o755):
        p = d / name
        seen = shlex.quote(str(d / "seen"))
        p.write_text("#!/bin/sh\nprintf '%%s\\n' \"$#\" \"$1\" > %s\n%s\n" % (seen, body))
        p.chmod(mode)
        return str(p)
    make.seen = d / "seen"
    return make


def socks(path, display=":0", **env):
    with FakeServer(fakes.socks5(method=2), strict=False) as px:
        e = {"SSH_ASKPASS": path, "DISPLAY": display}
        e.update(env)
        res = run("-S", "bob@" + px.spec, "target.test", "22", stdin=BYE, env=e)
    return res, px


def refused(res, px):
    assert res.rc == 6 and res.out == b"", res
    assert px.got == [b"\5\2\0\2"], "something was sent without a password"
    assert res.lines[-1] == "FATAL: failed to begin relaying via SOCKS.", res


def test_blanks_in_the_path_and_the_prompt(askpass):
    res, px = socks(askpass("echo s3cret"))
    assert (res.rc, res.out) == (0, HELLO), res
    assert px.conns[0].msgs[1] == b"\1\3bob\6s3cret"
    assert askpass.seen.read_text() == "1\n%s\n" % PROMPT


def test_http_prompt(askpass):
    with FakeServer(fakes.http(ASK, fakes.OK_HEAD)) as px:
        res = run("-H", "bob@" + px.spec, "target.test", "22", stdin=BYE, env={"SSH_ASKPASS": askpass("echo pw"), "DISPLAY": ":0"})
    assert (res.rc, res.out) == (0, HELLO), res
    assert askpass.seen.read_text() == "1\n%s\n" % HTTP_PROMPT
    assert b"Basic Ym9iOnB3\r\n" in px.got[0]


@pytest.mark.parametrize("body,password", [
    ("printf 'pw'", b"pw"), ("printf 'pw\\n'", b"pw"), ("printf 'pw\\r\\n'", b"pw"), ("printf 'pw\\nmore\\n'", b"pw"),
    ("printf ' p w \\n'", b" p w "), ("echo", b""), ("printf '\\303\\244\\n'", b"\xc3\xa4"), ("sleep 0.2; echo late", b"late"),
    ("printf p; printf w; echo", b"pw"), ("echo pw; echo noise >&2", b"pw")])
def test_the_first_line_is_the_password(askpass, body, password):
    res, px = socks(askpass(body))
    assert res.rc == 0, res
    assert px.conns[0].msgs[1] == b"\1\3bob" + bytes([len(password)]) + password


@pytest.mark.parametrize("body", ["exit 1", "echo s3cret; exit 1", "echo s3cret; exit 255", "echo s3cret; kill -9 $$", "exit 0; echo"])
def test_a_failing_program_gives_no_password(askpass, body):
    refused(*socks(askpass(body)))


def test_a_program_that_says_too_much(askpass):
    res, px = socks(askpass("head -c 100000 /dev/zero | tr '\\0' x; echo"))
    assert res.rc in (2, 6) and px.got == [b"\5\2\0\2"], res


@pytest.mark.parametrize("path", ["/nonexistent/askpass", "", "/", "echo s3cret; true"])
def test_an_absent_program(path):
    refused(*socks(path))


def test_a_program_that_cannot_be_executed(askpass):
    refused(*socks(askpass("echo x", mode=0o644)))


def test_words_of_the_path_are_no_arguments(askpass):
    refused(*socks("/bin/echo hello"))


def test_no_descriptor_of_the_session_is_passed_on(askpass):
    res, px = socks(askpass("ls -l /proc/$$/fd >> '%s.fds'; echo pw" % askpass.seen))
    assert res.rc == 0, res
    fds = (askpass.seen.parent / "seen.fds").read_text()
    assert "socket:" not in fds, fds


def test_the_programs_stdin_is_not_the_sessions(askpass):
    res, px = socks(askpass("cat > '%s.stdin'; echo pw" % askpass.seen))
    assert res.rc == 0, res
    assert (askpass.seen.parent / "seen.stdin").read_text() == ""
    assert px.conns[0].app == BYE, "the program took octets of the session"


@pytest.mark.parametrize("require,display,asks", [
    (None, ":0", True), ("force", ":0", True), ("force", None, True), ("prefer", ":0", True), ("prefer", None, True),
    ("never", ":0", False), ("never", None, False), (None, None, True)])
def test_without_a_terminal(askpass, require, display, asks):
    """Without a terminal the program is asked, whether there is a DISPLAY or not; "never" forbids it."""
    res, px = socks(askpass("echo pw"), display=display, SSH_ASKPASS_REQUIRE=require)
    if asks:
        assert res.rc == 0, res
        assert px.conns[0].msgs[1] == b"\1\3bob\2pw"
    else:
        refused(res, px)


def test_a_password_in_the_environment_is_not_asked_for(askpass):
    res, px = socks(askpass("echo no"), SOCKS5_PASSWORD="yes")
    assert res.rc == 0 and px.conns[0].msgs[1] == b"\1\3bob\3yes", res
    assert not askpass.seen.exists()


def test_the_handshake_deadline_does_not_count_the_asking(askpass):
    res, px = socks(askpass("sleep 1.5; echo slow"))
    assert res.rc == 0, res
    with FakeServer(fakes.socks5(method=2), strict=False) as px:
        res = run("-w", "1", "-S", "bob@" + px.spec, "target.test", "22", stdin=BYE,
                  env={"SSH_ASKPASS": askpass("sleep 1.5; echo slow"), "DISPLAY": ":0"})
    assert (res.rc, res.out) == (0, HELLO), res


def test_a_process_that_it_leaves_behind_is_not_waited_for(askpass, tmp_path):
    """It has closed its standard output, and has no other descriptor of ours that would hide the end of the password."""
    left = tmp_path / "pid"
    try:
        res, px = socks(askpass("printf pw; sleep 300 >/dev/null 2>&1 & echo $! > %s" % shlex.quote(str(left))))
    finally:
        os.kill(int(left.read_text()), signal.SIGKILL)
    assert (res.rc, res.out) == (0, HELLO), res
    assert px.conns[0].msgs[1] == b"\1\3bob\2pw"


def test_no_child_is_left(askpass):
    res, px = socks(askpass("echo pw"))
    assert res.rc == 0
    with FakeServer(fakes.socks5(method=2)) as px:
        with runner.Running("-S", "bob@" + px.spec, "target.test", "22", env={"SSH_ASKPASS": askpass("echo pw"), "DISPLAY": ":0"}) as r:
            assert r.out_read(len(HELLO)) == HELLO
            with open("/proc/%d/task/%d/children" % (r.pid, r.pid)) as f:
                assert f.read().strip() == ""
            assert r.finish(b"").rc == 0


def test_a_parent_that_ignores_sigchld(askpass):
    with FakeServer(fakes.socks5(method=2)) as px:
        with runner.Running("-S", "bob@" + px.spec, "target.test", "22", env={"SSH_ASKPASS": askpass("echo pw"), "DISPLAY": ":0"},
                            preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)) as r:
            res = r.finish(BYE)
    assert (res.rc, res.out) == (0, HELLO), res
