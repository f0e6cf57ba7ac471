# SPDX-License-Identifier: ISC
"""Every variable of the environment and the order in which they count (D6, D7, D9, D10)."""
import base64

import pytest

import fakes
from fakes import FakeServer, HELLO, BYE
from runner import run, Running


def ok(res):
    assert (res.rc, res.out) == (0, HELLO), res
    return res


SOCKS5_ORDER = ["SOCKS5_SERVER", "SOCKS_SERVER"]
SOCKS4_ORDER = ["SOCKS4_SERVER", "SOCKS_SERVER"]
HTTP_ORDER = ["HTTP_PROXY", "http_proxy"]


@pytest.mark.parametrize("args,order,script", [
    (["-s"], SOCKS5_ORDER, fakes.socks5), (["-5s"], SOCKS5_ORDER, fakes.socks5), (["-4s"], SOCKS4_ORDER, fakes.socks4),
    (["-h"], HTTP_ORDER, fakes.http), (["-t"], ["TELNET_PROXY"], fakes.telnet)], ids=lambda x: str(x)[:20])
def test_servers(args, order, script):
    for i, name in enumerate(order):
        env = {n: "127.0.0.1:1" for n in order[i + 1:]}
        with FakeServer(script()) as px:
            env[name] = px.spec
            ok(run(*args, "192.0.2.1", "22", stdin=BYE, env=env))
            assert len(px.conns) == 1


@pytest.mark.parametrize("args,names", [(["-s"], ["SOCKS4_SERVER", "HTTP_PROXY", "ALL_PROXY"]), (["-4s"], ["SOCKS5_SERVER"]),
                                        (["-h"], ["SOCKS_SERVER", "HTTPS_PROXY", "ALL_PROXY", "https_proxy"]), (["-t"], ["HTTP_PROXY"])],
                         ids=lambda x: str(x)[:20])
def test_no_server(args, names):
    with FakeServer(fakes.session, strict=False) as px:
        res = run(*args, "target.test", "22", env=dict.fromkeys(names, px.spec))
    assert res.rc == 2 and px.conns == [] and ("ERROR: " in res.text or "FATAL: " in res.text), res


def test_the_command_line_wins():
    with FakeServer(fakes.socks5()) as px:
        ok(run("-S", "bob@" + px.spec, "target.test", "22", stdin=BYE, env={"SOCKS5_SERVER": "127.0.0.1:1"}))


def test_server_variable_with_user_and_url():
    with FakeServer(fakes.socks5(method=2)) as px:
        ok(run("-s", "target.test", "22", stdin=BYE, env={"SOCKS5_SERVER": "http://bob@%s/x" % px.spec,
                                                          "SOCKS5_USER": "not-me", "SOCKS5_PASSWORD": "pw"}))
    assert px.conns[0].msgs[1] == b"\1\3bob\2pw"


def socks5_credentials(env, spec_user=""):
    with FakeServer(fakes.socks5(method=2)) as px:
        ok(run("-S", spec_user + px.spec, "target.test", "22", stdin=BYE, env=env))
    m = px.conns[0].msgs[1]
    n = m[1]
    return m[2:2 + n].decode(), m[3 + n:].decode()


def http_credentials(env, spec_user=""):
    ask = b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
    with FakeServer(fakes.http(ask, fakes.OK_HEAD)) as px:
        ok(run("-H", spec_user + px.spec, "target.test", "22", stdin=BYE, env=env))
    line = [x for x in px.conns[0].msgs[1].split(b"\r\n") if x.startswith(b"Proxy-Authorization: Basic ")][0]
    return tuple(base64.b64decode(line.split()[2]).decode().split(":", 1))


LOGIN = "root"


@pytest.mark.parametrize("get,order", [
    (socks5_credentials, ["SOCKS5_USER", "SOCKS_USER", "CONNECT_USER"]),
    (http_credentials, ["HTTP_PROXY_USER", "CONNECT_USER"])])
def test_user_order(get, order):
    env = {"CONNECT_PASSWORD": "pw", "USER": "wrong", "LOGNAME": "wrong", "SOCKS4_USER": "wrong"}
    assert get(env)[0] == LOGIN
    for name in reversed(order):
        env[name] = "from-" + name
        assert get(env)[0] == "from-" + name
    assert get(env, "spec@")[0] == "spec"


def test_user_order_socks4():
    env = {"SOCKS5_USER": "wrong"}
    for name in (None, "CONNECT_USER", "SOCKS_USER", "SOCKS4_USER"):
        if name:
            env[name] = "from-" + name
        with FakeServer(fakes.socks4()) as px:
            ok(run("-4", "-S", px.spec, "192.0.2.1", "22", stdin=BYE, env=env))
        want = "from-" + name if name else LOGIN
        assert px.conns[0].msgs[0] == bytes.fromhex("04010016c0000201") + want.encode() + b"\0"
    with FakeServer(fakes.socks4()) as px:
        ok(run("-4", "-S", "@" + px.spec, "192.0.2.1", "22", stdin=BYE, env=env))
    assert px.conns[0].msgs[0] == bytes.fromhex("04010016c000020100"), "an empty user in the spec is an empty user"


@pytest.mark.parametrize("get,order", [
    (socks5_credentials, ["SOCKS5_PASSWD", "SOCKS5_PASSWORD", "SOCKS_PASSWORD", "CONNECT_PASSWORD"]),
    (http_credentials, ["HTTP_PROXY_PASSWORD", "CONNECT_PASSWORD"])])
def test_password_order(get, order):
    env = {}
    for name in reversed(order):
        env[name] = "from-" + name
        assert get(env, "bob@") == ("bob", "from-" + name)
    env[order[0]] = "a#b \"c' d:e%f\\"
    assert get(env, "bob@")[1] == env[order[0]]


def test_a_set_but_empty_password_is_a_password():
    assert socks5_credentials({"SOCKS5_PASSWORD": "", "CONNECT_PASSWORD": "no"}, "bob@") == ("bob", "")
    assert http_credentials({"HTTP_PROXY_PASSWORD": "", "CONNECT_PASSWORD": "no"}, "bob@") == ("bob", "")


@pytest.mark.parametrize("version,names", [("-5", ["SOCKS5_RESOLVE", "SOCKS_RESOLVE"]), ("-4", ["SOCKS4_RESOLVE", "SOCKS_RESOLVE"])])
def test_resolve_variables(jail, dns, version, names):
    other = {"SOCKS5_RESOLVE": "SOCKS4_RESOLVE", "SOCKS4_RESOLVE": "SOCKS5_RESOLVE"}[names[0]]
    for env, asks in (({names[0]: "local"}, True), ({names[0]: "remote"}, False), ({names[1]: "local"}, True),
                      ({names[1]: "remote"}, False), ({names[0]: "remote", names[1]: "local"}, False),
                      ({other: "remote" if version == "-4" else "local"}, version == "-4")):
        del dns.queries[:]
        with FakeServer(fakes.socks4() if version == "-4" else fakes.socks5()) as px:
            ok(jail.run(version, "-S", px.spec, "target.test", "22", stdin=BYE, env=env))
        assert bool(dns.queries) == asks, env
    del dns.queries[:]
    with FakeServer(fakes.socks4() if version == "-4" else fakes.socks5()) as px:
        ok(jail.run(version, "-R", "remote", "-S", px.spec, "target.test", "22", stdin=BYE, env={names[0]: "local"}))
    assert dns.queries == []


def test_a_wrong_resolve_variable_is_an_error():
    for name in ("SOCKS5_RESOLVE", "SOCKS_RESOLVE"):
        res = run("-S", "127.0.0.1:1", "target.test", "22", env={name: "sometimes"})
        assert res.rc == 2 and "sometimes" in res.text, res


def environ_of(pid):
    with open("/proc/%d/environ" % pid, "rb") as f:
        return f.read()


@pytest.mark.parametrize("kind", ["socks", "http"])
def test_passwords_are_wiped_from_the_environment_block(kind):
    if kind == "socks":
        script, opt, name = fakes.socks5(method=2), "-S", "SOCKS5_PASSWORD"
    else:
        script, opt, name = fakes.http(b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
                                       fakes.OK_HEAD), "-H", "HTTP_PROXY_PASSWORD"
    with FakeServer(script) as px:
        with Running(opt, "bob@" + px.spec, "target.test", "22", env={name: "hush-hush", "KEEP": "kept"}) as r:
            assert r.out_read(len(HELLO)) == HELLO
            block = environ_of(r.pid)
            assert b"hush" not in block and b"KEEP=kept" in block
            assert r.finish(b"").rc == 0


@pytest.mark.parametrize("value", ["", ",", "none,none,none,none,none,none,none,none,none,none,none", "x"])
def test_a_wrong_SOCKS5_AUTH_is_an_error(value):
    res = run("-S", "127.0.0.1:1", "target.test", "22", env={"SOCKS5_AUTH": value})
    assert res.rc == 2 and "ERROR: " in res.text, res
