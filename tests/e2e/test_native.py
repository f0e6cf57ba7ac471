# SPDX-License-Identifier: ISC
"""connect through other people's proxies: checksummed data each way, wrong passwords, refused ports.

What each proxy answers to the last two is its own affair; what the user is told is pinned here word for word.
"""
import hashlib
import os
import socket
import threading

import pytest

import realservers
import runner

USER, PASSWORD = realservers.USER, realservers.PASSWORD
SIZE = 2 * 1024 * 1024 + 11

# name: (fixture, connect's words, environment)
PROXIES = {
    "dante-socks5": ("dante", "-S {px}", {}),
    "dante-socks4": ("dante", "-4 -S {px}", {}),
    "dante-system-user": ("dante_userpass", "-S alice@{px}", {"SOCKS5_PASSWORD": PASSWORD}),
    "dante-pam-file": ("dante_pam", "-S alice@{px}", {"SOCKS5_PASSWORD": PASSWORD}),
    "microsocks": ("microsocks", "-S {px}", {}),
    "microsocks-userpass": ("microsocks_userpass", "-S alice@{px}", {"SOCKS5_PASSWORD": PASSWORD}),
    "ssh-D-socks5": ("ssh_d", "-S {px}", {}),
    "ssh-D-socks4": ("ssh_d", "-4 -S {px}", {}),
    "ssh-D-socks4a": ("ssh_d", "-4 -R remote -S {px}", {}),
    "squid": ("squid", "-H {px}", {}),
    "squid-basic": ("squid_basic", "-H alice@{px}", {"HTTP_PROXY_PASSWORD": PASSWORD}),
    "tinyproxy": ("tinyproxy", "-H {px}", {}),
    "tinyproxy-basic": ("tinyproxy_basic", "-H alice@{px}", {"HTTP_PROXY_PASSWORD": PASSWORD}),
    "apache": ("apache", "-H {px}", {}),
    "apache-basic": ("apache_basic", "-H alice@{px}", {"HTTP_PROXY_PASSWORD": PASSWORD}),
}


class Proxy:
    def __init__(self, request, name):
        fixture, words, env = PROXIES[name]
        self.server = request.getfixturevalue(fixture)
        self.spec = self.server.spec
        self.words = words.format(px=self.spec).split()
        self.env = env


@pytest.fixture(params=sorted(PROXIES))
def proxy(request):
    return Proxy(request, request.param)


class Swap:
    """A target that reads SIZE octets and sends as many of its own meanwhile; then closes."""

    def __init__(self, data):
        self.data, self.sum, self.error = data, None, None
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        try:
            with self.sock.accept()[0] as s:
                s.settimeout(30)
                writer = threading.Thread(target=s.sendall, args=(self.data,))
                writer.start()
                h, n = hashlib.sha256(), 0
                while n < SIZE:
                    b = s.recv(65536)
                    if not b:
                        break
                    h.update(b)
                    n += len(b)
                writer.join()
                self.sum = h.hexdigest()
        except OSError as e:
            self.error = e

    def __enter__(self):
        return self

    def __exit__(self, *a):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        self.thread.join(30)


@pytest.fixture(scope="module")
def blobs():
    return os.urandom(SIZE), os.urandom(SIZE)


def test_data_both_ways(proxy, blobs):
    up, down = blobs
    with Swap(down) as t, runner.Running(*proxy.words, "127.0.0.1", str(t.port), env=proxy.env) as r:
        writer = threading.Thread(target=lambda: (r.p.stdin.write(up), r.p.stdin.flush()))
        writer.start()
        got = r.out_read(SIZE)          # standard input stays open: some tear the tunnel down at its end
        writer.join(30)
        res = r.finish(b"")
    assert t.error is None and (res.rc, res.err, res.out) == (0, b"", b""), (res, t.error)
    assert hashlib.sha256(got).digest() == hashlib.sha256(down).digest()
    assert t.sum == hashlib.sha256(up).hexdigest()


SOCKS, HTTP = "FATAL: failed to begin relaying via SOCKS.", "FATAL: failed to begin relaying via HTTP."

WRONG_PASSWORD = {
    "dante-system-user": "proxy {px}: authentication failed (STATUS 1)",
    "dante-pam-file": "proxy {px}: authentication failed (STATUS 1)",
    "microsocks-userpass": "proxy {px}: authentication failed (STATUS 2)",
    "squid-basic": "proxy {px}: authentication failed (HTTP status 407 Proxy Authentication Required)",
    "tinyproxy-basic": "proxy {px}: authentication failed (HTTP status 401 Unauthorized)",
    "apache-basic": "proxy {px}: authentication failed (HTTP status 407 Proxy Authentication Required)",
}


def fatal(words):
    return HTTP if "-H" in words else SOCKS


@pytest.mark.parametrize("name", sorted(n for n in PROXIES if PROXIES[n][2]))
def test_wrong_password(request, name):
    p = Proxy(request, name)
    res = runner.run(*p.words, "127.0.0.1", "9", env={k: "wrong" for k in p.env})
    assert (res.rc, res.out) == (6, b""), res
    assert res.lines == ["ERROR: " + WRONG_PASSWORD[name].format(px=p.spec), fatal(p.words)]


S5_REFUSED = (7, "proxy {px} refused: connection refused (SOCKS5 reply 5)")
SSH_D = "proxy {px} closed the connection while the SOCKS%d reply was awaited"     # it says nothing else
UNAVAILABLE = (7, "proxy {px} refused: the tunnel was not opened (HTTP status 503 Service Unavailable)")
UNABLE = (7, "proxy {px} refused: the tunnel was not opened (HTTP status 500 Unable to connect)")
REFUSED_PORT = {
    "dante-socks5": S5_REFUSED, "dante-system-user": S5_REFUSED, "dante-pam-file": S5_REFUSED,
    "dante-socks4": (7, "proxy {px} refused: request rejected or failed (SOCKS4 reply 91)"),
    "microsocks": S5_REFUSED, "microsocks-userpass": S5_REFUSED,
    "ssh-D-socks5": (5, SSH_D % 5), "ssh-D-socks4": (5, SSH_D % 4), "ssh-D-socks4a": (5, SSH_D % 4),
    "squid": UNAVAILABLE, "squid-basic": UNAVAILABLE, "apache": UNAVAILABLE, "apache-basic": UNAVAILABLE,
    "tinyproxy": UNABLE, "tinyproxy-basic": UNABLE,
}


@pytest.mark.parametrize("name", sorted(PROXIES))
def test_refused_port(request, name):
    p = Proxy(request, name)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))            # ours, and nobody listens
        res = runner.run(*p.words, "127.0.0.1", str(s.getsockname()[1]), env=p.env)
    rc, line = REFUSED_PORT[name]
    assert (res.rc, res.out) == (rc, b""), res
    assert res.lines == ["ERROR: " + line.format(px=p.spec), fatal(p.words)]


@pytest.mark.parametrize("name,dials", [("squid-basic", 1), ("apache-basic", 1), ("tinyproxy-basic", 2)])
def test_the_connection_of_the_challenge_is_used_again(request, name, dials):
    """Squid and Apache keep it after 407; tinyproxy closes it after its 401."""
    p = Proxy(request, name)
    with socket.create_server(("127.0.0.1", 0)) as t:
        with runner.Running("-d", *p.words, "127.0.0.1", str(t.getsockname()[1]), env=p.env) as r:
            t.settimeout(30)
            t.accept()[0].close()
            res = r.finish(b"")
    assert res.rc == 0, res
    assert sum(line.startswith("DEBUG: connecting to ") for line in res.lines) == dials, res


class AnswersAtTheEnd:
    """A target that reads to the end of the stream and answers then; or after the first line."""

    def __init__(self, after_line):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = str(self.sock.getsockname()[1])
        self.thread = threading.Thread(target=self._serve, args=(after_line,), daemon=True)
        self.thread.start()

    def _serve(self, after_line):
        with self.sock.accept()[0] as s:
            s.settimeout(30)
            got = b""
            try:
                while not (after_line and b"\n" in got):
                    b = s.recv(4096)
                    if not b:
                        break
                    got += b
                s.sendall(b"answer to " + got)
            except OSError:
                pass                # torn down: there is nobody to answer

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.thread.join(30)
        self.sock.close()


TEARS = {"microsocks", "microsocks-userpass", "squid", "squid-basic", "tinyproxy", "tinyproxy-basic"}


def test_the_end_of_standard_input(proxy, request):
    """Who passes it on (D25).  connect does its part either way: it sends the end and delivers what comes."""
    name = request.node.callspec.params["proxy"]
    with AnswersAtTheEnd(after_line=False) as t:
        res = runner.run(*proxy.words, "127.0.0.1", t.port, stdin=b"question\n", env=proxy.env)
    assert res.rc == 0 and res.out == (b"" if name in TEARS else b"answer to question\n"), res


@pytest.mark.parametrize("name", sorted(TEARS))
def test_no_half_close_saves_the_answer(request, name):
    p = Proxy(request, name)
    with AnswersAtTheEnd(after_line=True) as t:
        res = runner.run("--no-half-close", *p.words, "127.0.0.1", t.port, stdin=b"question\n", env=p.env)
    assert (res.rc, res.out, res.err) == (0, b"answer to question\n", b""), res
