# SPDX-License-Identifier: ISC
"""What only tests/conform/reference_*.py plays: each of these traces notices an error, and none complains without one."""
import json
import os
import sys

import pytest
from conftest import ROOT

HERE = ROOT / "tests/conform"
SERVER = {
    "socks4/bind/first-reply-address": {"port": "FAIL", "early": "FAIL"},
    "socks4/bind/listening": {"port": "FAIL", "deaf": "FAIL"},
    "socks4/bind/peer-mismatch-91": {"stranger": "FAIL", "one": "PASS"},
    "socks4/bind/second-reply-90": {"one": "FAIL", "deaf": "FAIL", "third": "FAIL"},
    "socks4a/request/bind-name": {"one": "FAIL", "deaf": "FAIL"},
    "socks5/bind/client-gone": {"stays": "LOOSE"},
    "socks5/bind/dst-evaluated": {"stranger": "LOOSE"},
    "socks5/bind/first-reply": {"ip6": "PASS", "port": "FAIL", "early": "FAIL", "deaf": "FAIL"},
    "socks5/bind/second-reply": {"ip6": "PASS", "one": "FAIL", "third": "FAIL"},
    "socks5/bind/two-replies-only": {"ip6": "PASS", "third": "FAIL", "one": "FAIL"},
}
CLIENT = {
    "socks4/client/userid-nul-refused": {"cuts": "LOOSE"},
    "telnet/auth/echo-suppressed": {"talks": "LOOSE"},
    "telnet/auth/fwtk-username-password": {"talks": "LOOSE"},
    "telnet/putty/no-wait": {"waits": "LOOSE", "crlf": "LOOSE"},
}


def flat(table):
    return [(id, error, verdict) for id, some in table.items() for error, verdict in [("", "PASS"), *some.items()]]


def verdict(spec, tmp_path, want, *args, words=(), **kw):
    """A wait for what does not come is cut short: that cannot make a verdict better."""
    short = [] if want == "PASS" else ["--time-scale", "0.2"]
    r = spec(*args, *short, "--json", tmp_path / "json", *(["--", *words] if words else []), **kw)
    return [o["verdict"] for o in map(json.loads, (tmp_path / "json").open()) if o["type"] == "case"], r.out


@pytest.mark.parametrize("id, error, want", flat(SERVER))
def test_server(spec, fake, tmp_path, id, error, want):
    port = fake(HERE / "reference_server.py", *(["--wrong", error] if error else []), program=sys.executable)
    scheme = "socks5" if id.startswith("socks5") else "socks4a"
    got, said = verdict(spec, tmp_path, want, "server", "--can", "bind", "--case", id, f"{scheme}://127.0.0.1:{port}")
    assert got == [want], said


@pytest.mark.parametrize("word, want, said", [("{user%}", "PASS", "ali%00ce"), ("{user}", "SKIP", None)])
def test_nul(spec, tmp_path, word, want, said):
    """A NUL can be told to a client that takes a URL, and to no other."""
    words = ["sh", "-c", 'printf %s "$1" >"$2"; exit 1', "sh", word, str(tmp_path / "user")]
    trace = ROOT / "fixtures/socks4/socks4-client-userid-nul-refused.pxt"
    got, report = verdict(spec, tmp_path, want, "client", "--can", "socks4,userid", "--fixtures", trace, words=words)
    assert got == [want], report
    assert not (tmp_path / "user").exists() if said is None else (tmp_path / "user").read_text() == said


@pytest.mark.parametrize("id, error, want", flat(CLIENT))
def test_client(spec, tmp_path, id, error, want):
    env = {"PATH": f"{HERE}:{os.environ['PATH']}", "REFERENCE_WRONG": error}
    got, said = verdict(spec, tmp_path, want, "client", "--profile", HERE / "reference.profile", "--case", id, env=env)
    assert got == [want], said
