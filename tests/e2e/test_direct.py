# SPDX-License-Identifier: ISC
"""Lists of targets that are reached without the proxy (D15)."""
import ipaddress
import subprocess

import pytest

import fakes
from fakes import FakeServer, HELLO, BYE
from runner import run


class Route:
    """A real listener on loopback as the target and a proxy that opens every tunnel."""

    def __init__(self, jail):
        self.jail = jail

    def __enter__(self):
        self.target = FakeServer(fakes.session)
        self.target6 = FakeServer(fakes.session, host="::1", port=self.target.port)
        self.px = FakeServer(fakes.socks5(data=b"via proxy\n"))
        return self

    def __exit__(self, *a):
        for s in (self.target, self.target6, self.px):
            s.join()
            s.stop()

    def __call__(self, host, env, args=()):
        """True when the target was reached directly."""
        res = self.jail.run(*args, "-S", self.px.spec, host, str(self.target.port), stdin=BYE, env=env)
        assert res.rc == 0, res
        assert res.out in (HELLO, b"via proxy\n"), res
        return res.out == HELLO


@pytest.fixture
def route(jail):
    with Route(jail) as r:
        yield r


@pytest.mark.parametrize("entries,host,direct", [
    ("127.0.0.1", "127.0.0.1", True), ("127.0.0.0/8", "127.0.0.1", True), ("127.", "127.0.0.1", True), ("127", "127.0.0.1", True),
    ("127.0", "127.0.0.1", True), ("127.0.", "127.0.0.1", True), ("127.0.0.0/255.0.0.0", "127.0.0.1", True),
    ("127.0.0.77/24", "127.0.0.1", True), ("0.0.0.0/0", "127.0.0.1", True), ("10.0.0.0/8", "127.0.0.1", False),
    ("127.0.0.2", "127.0.0.1", False), ("127.0.0.0/32", "127.0.0.1", False), ("128.", "127.0.0.1", False),
    (" 127.0.0.0/8 ", "127.0.0.1", True), ("10.0.0.0/8, 127.0.0.1", "127.0.0.1", True), ("10.0.0.0/8 ,\t127.", "127.0.0.1", True),
    ("!127.0.0.1,127.0.0.0/8", "127.0.0.1", False), ("127.0.0.0/8,!127.0.0.1", "127.0.0.1", True), ("!127.0.0.2,127.", "127.0.0.1", True),
    ("::1", "::1", True), ("::1/128", "::1", True), ("::/0", "::1", True), ("[::1]", "::1", True), ("2001:db8::/32", "::1", False),
    ("::1", "[::1]", True), ("!::1,::/0", "::1", False), ("0.0.0.0/0", "::1", False), ("::/0", "127.0.0.1", False),
    ("*", "127.0.0.1", True), ("*", "::1", True), ("!127.0.0.1,*", "127.0.0.1", False),
    ("localhost", "127.0.0.1", False), ("", "127.0.0.1", False), (",,", "127.0.0.1", False)])
def test_addresses(route, entries, host, direct):
    assert route(host, {"SOCKS5_DIRECT": entries}) == direct


@pytest.mark.parametrize("entries,direct", [
    ("local4.test", True), ("LOCAL4.Test", True), ("local4.test.", True), (".test", True), ("*.test", True), ("test", True),
    ("*.local4.test", True), ("*local4.test", True), ("ocal4.test", False), ("est", False), ("other.test,local4.test", True), ("*", True),
    ("!local4.test,*.test", False), ("*.test,!local4.test", True), ("!*,local4.test", False), ("other.test", False), ("local4", False),
    ("  .test ", True), ("example.test", False)])
@pytest.mark.parametrize("host", ["local4.test", "LOCAL4.TEST", "local4.test."])
def test_names(route, entries, direct, host):
    assert route(host, {"SOCKS5_DIRECT": entries}) == direct


def test_names_are_not_resolved_for_the_test(route, dns):
    assert route("local4.test", {"SOCKS5_DIRECT": "127.0.0.0/8"}) is False
    assert dns.queries == []


def test_resolved_locally_the_address_counts_too(route):
    for args in (("-R", "local"), ("-R", "both")):
        assert route("local4.test", {"SOCKS5_DIRECT": "127.0.0.0/8"}, args) is True
        assert route("local4.test", {"SOCKS5_DIRECT": "local4.test"}, args) is True
        assert route("local4.test", {"SOCKS5_DIRECT": "10.0.0.0/8,other.test"}, args) is False
        assert route("local6.test", {"SOCKS5_DIRECT": "::1"}, args) is True


def test_an_exception_for_the_name_or_the_address_counts(route):
    assert route("local4.test", {"SOCKS5_DIRECT": "!local4.test,127.0.0.0/8"}, ("-R", "local")) is False
    assert route("local4.test", {"SOCKS5_DIRECT": "!127.0.0.1,*.test"}, ("-R", "local")) is False


@pytest.mark.parametrize("entry", ["383.0.0.1", "127.0.0.1/33", "127.0.0.1/255", "1.2.3.4.5", "127.0.0.0/8junk", "::1/129", "[::1",
                                   "127.0.0.0/255.0.0.256", "1.2.3.256", "127.0.0.0/-1", "127.0.0.0/"])
def test_bad_entries_are_errors(entry):
    with FakeServer(fakes.socks5(), strict=False) as px:
        res = run("-S", px.spec, "127.0.0.1", "22", env={"SOCKS5_DIRECT": "10.0.0.0/8," + entry})
    assert res.rc == 2 and entry in res.text and px.conns == [], res


def test_which_variable_counts(jail):
    """The first one that is set is used alone."""
    with FakeServer(fakes.session) as t:
        for args, script, order in ((("-5", "-S"), fakes.socks5, ["SOCKS5_DIRECT", "SOCKS_DIRECT", "CONNECT_DIRECT"]),
                                    (("-4", "-S"), fakes.socks4, ["SOCKS4_DIRECT", "SOCKS_DIRECT", "CONNECT_DIRECT"]),
                                    (("-H",), fakes.http, ["HTTP_DIRECT", "CONNECT_DIRECT"]),
                                    (("-T",), fakes.telnet, ["CONNECT_DIRECT"])):
            with FakeServer(script(data=b"via proxy\n")) as px:
                for i, name in enumerate(order):
                    for mine, rest, want in (("127.", "10.", HELLO), ("10.", "127.", b"via proxy\n"), ("", "127.", b"via proxy\n")):
                        env = dict.fromkeys(order[i + 1:], rest)
                        env[name] = mine
                        res = jail.run(*args, px.spec, "127.0.0.1", str(t.port), stdin=BYE, env=env)
                        assert (res.rc, res.out) == (0, want), (env, res)
        res = jail.run("-H", "127.0.0.1:1", "127.0.0.1", str(t.port), stdin=BYE, env={"SOCKS_DIRECT": "127."})
        assert res.rc == 4, "SOCKS_DIRECT is not HTTP's"


def interfaces():
    out = subprocess.run(["ip", "-o", "-4", "addr"], stdout=subprocess.PIPE, check=True).stdout.decode()
    return [ipaddress.ip_interface(line.split()[3]) for line in out.splitlines()]


def test_D_adds_the_interfaces_networks_after_the_entries(route):
    assert route("127.0.0.1", {}, ("-D",)) is True
    assert route("127.0.0.1", {}) is False
    assert route("127.0.0.1", {"SOCKS5_DIRECT": "!127.0.0.1"}, ("-D",)) is False
    elsewhere = ["198.51.100.7", "203.0.113.7", "192.88.99.7"]
    far = [a for a in elsewhere if not any(ipaddress.ip_address(a) in n.network for n in interfaces())][0]
    assert route(far, {}, ("-D",)) is False
    assert route("::1", {}, ("-D",)) is True
    assert route("local4.test", {}, ("-D",)) is False


def test_D_every_interface(jail):
    for addr in [str(n.ip) for n in interfaces()]:
        with FakeServer(fakes.session, host=addr) as t:
            res = jail.run("-D", "-S", "127.0.0.1:1", addr, str(t.port), stdin=BYE)
            assert (res.rc, res.out) == (0, HELLO), res


def test_many_entries(route):
    env = {"SOCKS5_DIRECT": ",".join("10.%d.%d.0/24" % (i // 256, i % 256) for i in range(2000)) + ",127.0.0.1"}
    assert route("127.0.0.1", env) is True


def test_d_tells_the_decision():
    with FakeServer(fakes.session) as t:
        res = run("-d", "-S", "127.0.0.1:1", "127.0.0.1", str(t.port), stdin=BYE, env={"SOCKS5_DIRECT": "127."})
    assert res.rc == 0 and any("127.0.0.1" in x and "direct" in x for x in res.lines), res

