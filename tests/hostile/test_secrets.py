# SPDX-License-Identifier: ISC
"""What is written down of a password: nothing.  connect and fakeproxy talk with each other, and every octet of connect's
standard error, of fakeproxy's log and of its traces is searched; the wire itself has the password in every case.
"""
import base64
import os
import subprocess

import pytest

import fakes
import runner
from fakes import FakeServer, HELLO
from runner import run

FAKEPROXY = os.path.abspath(os.environ.get("FAKEPROXY") or os.path.join(runner.ROOT, "build", "fakeproxy"))
USER, PASSWORD, WRONG = "alice", "Nd3=wX-heron?88", "Gy5%kT-heron!12"


def spellings(password):
    """As it is, in base64 (any alignment), in hexadecimal, as escaped text; whole, and any eight octets of it."""
    plain = password.encode()
    codes = {base64.b64encode(b"x" * pad + plain)[4:-4] for pad in range(3)} | {base64.b64encode(b"%s:%s" % (USER.encode(), plain))}
    out = {plain[i:i + 8] for i in range(len(plain) - 7)} | codes
    out |= {plain.hex()[i:i + 16].encode() for i in range(0, len(plain.hex()) - 15, 2)}
    return out | {plain.hex(" ")[i:i + 23].encode() for i in range(0, len(plain.hex(" ")) - 22, 3)}


SECRETS = spellings(PASSWORD) | spellings(WRONG)


def shown(text):
    return sorted(s for s in SECRETS if s in text)


def test_the_search_finds_what_is_there():
    for p in (PASSWORD, WRONG):
        b = p.encode()
        for text in (b, base64.b64encode(b"alice:" + b), b.hex().encode(), b.hex(" ").encode(), base64.b64encode(b"bob:" + b), b[3:12]):
            assert shown(b"-" + text + b"-"), text


class Fakeproxy:
    """One that ends after the sessions that it is told to wait for."""

    def __init__(self, tmp_path, role, sessions, *args, secrets=False, form="text"):
        self.dir = tmp_path / "traces"
        self.dir.mkdir(exist_ok=True)
        users = tmp_path / "users"
        users.write_text("bob:unused\n%s:%s\n" % (USER, PASSWORD))
        users.chmod(0o600)
        self.p = subprocess.Popen([FAKEPROXY, "--log", form, "--trace", str(self.dir), "--user-file", str(users), "--max-connections", str(sessions),
                                   "--lifetime", "30", *(["--show-secrets"] if secrets else []), *args, role],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.first = self.p.stdout.readline()
        self.spec = ":".join(self.first.decode().split()[-2:])    # role address port

    def end(self):
        """All that it wrote: standard output and error, and the traces."""
        out, err = self.p.communicate(timeout=30)
        traces = b"".join(p.name.encode() + p.read_bytes() for p in sorted(self.dir.iterdir()))
        assert traces
        return self.first + out + err, traces


DEBUG = {"plain": [], "d": ["-d"], "dd": ["-dd"]}


@pytest.mark.parametrize("debug", DEBUG)
@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("faults", [[], ["--bytes"]], ids=["whole", "bytes"])
@pytest.mark.parametrize("role,method", [("socks5", ["-S"]), ("socks5", ["--pipeline", "-a", "userpass", "-S"]), ("http", ["-H"]), ("http", ["--http1.0", "-H"])])
def test_nothing_is_written_down(role, method, faults, form, debug, tmp_path):
    written = b""
    with FakeServer(fakes.session) as target:
        for password, status in ((PASSWORD, 0), (WRONG, 6)):
            conns = 2 if "--http1.0" in method else 1
            px = Fakeproxy(tmp_path, role, conns, *faults, form=form)
            res = run(*DEBUG[debug], *method, "%s@%s" % (USER, px.spec), "127.0.0.1", str(target.port),
                      env={"CONNECT_PASSWORD": password})
            assert res.rc == status, res
            assert res.out == (HELLO if status == 0 else b""), res
            log, traces = px.end()
            written += res.err + log + traces
    assert shown(written) == [], written


@pytest.mark.parametrize("role,method", [("socks5", "-S"), ("http", "-H")])
def test_the_traces_show_it_when_asked(role, method, tmp_path):
    """So the search above looks where the password would be; the log has it in no case."""
    with FakeServer(fakes.session) as target:
        px = Fakeproxy(tmp_path, role, 1, secrets=True)
        assert run(method, "%s@%s" % (USER, px.spec), "127.0.0.1", str(target.port), env={"CONNECT_PASSWORD": PASSWORD}).rc == 0
        log, traces = px.end()
    assert shown(traces) and not shown(log), (log, traces)


ECHOES = [
    b"HTTP/1.1 403 %s\r\n\r\n", b"HTTP/1.1 302 X\r\nLocation: http://%s/\r\n\r\n", b"HTTP/1.1 407 %s\r\nProxy-Authenticate: Basic realm=\"%s\"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX-Echo: %s\r\n\r\n", b"HTTP/1.1 403 no\r\nProxy-Authorization: Basic %s\r\n\r\n", b"%s\r\n"]


@pytest.mark.parametrize("debug", DEBUG)
@pytest.mark.parametrize("what", ["code", "plain"])
@pytest.mark.parametrize("echo", ECHOES)
def test_a_proxy_that_sends_the_password_back(echo, what, debug):
    """It knows the password, and has it printed on the user's terminal, where others may look."""
    text = PASSWORD.encode() if what == "plain" else base64.b64encode(b"%s:%s" % (USER.encode(), PASSWORD.encode()))

    def script(c):
        c.head()
        if c.number == 1:               # nonsense on a kept connection is asked again on another one
            c.send(b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
            c.head()
        c.send(echo.replace(b"%s", text))
        c.half_close()
        c.rest()
    with FakeServer(script) as px:
        res = run(*DEBUG[debug], "-H", USER + "@" + px.spec, "192.0.2.1", "22", env={"HTTP_PROXY_PASSWORD": PASSWORD})
    assert res.rc in (0, 5, 6, 7), res
    assert shown(res.err) == [], res


@pytest.mark.parametrize("debug", DEBUG)
def test_a_socks_proxy_that_sends_the_password_back(debug):
    """As the name in BND.ADDR, which the dump would show in hexadecimal."""
    reply = b"\5\0\0\3" + bytes([len(PASSWORD)]) + PASSWORD.encode() + b"\0\x16"
    with FakeServer(fakes.socks5(method=2, reply=reply)) as px:
        res = run(*DEBUG[debug], "-S", USER + "@" + px.spec, "192.0.2.1", "22", env={"SOCKS5_PASSWORD": PASSWORD})
    assert (res.rc, res.out) == (0, HELLO), res
    assert shown(res.err) == [], res
