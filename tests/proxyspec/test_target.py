# SPDX-License-Identifier: ISC
"""How the proxy reaches the targets: --target-host and --target-name."""
import json

import pytest
from conftest import counts
from test_select import ALL

# What a proxy elsewhere makes of localhost: nothing of ours is there.
ELSEWHERE = ["--deny", "localhost:*", "--deny", "localhost.:*"]
HOST = ["--target-host", "127.0.0.2"]
PLAYS = {"socks5": "socks5 noauth", "socks4": "socks4a"}


def named(needs):
    """The cases of a server that ask for a name of ours."""
    def line(text, word):
        return next((row[len(word):] for row in text.splitlines() if row.startswith(word)), "")
    return {id for id, text in ALL.items() if " host=localhost " in line(text, "given:") + " "
            and "server" in line(text, "tests:") + ("server" if "both" in line(text, "tests:") else "")
            and set(line(text, "needs:").split()) <= set(needs.split())}


def play(spec, tmp_path, url, cases, *args):
    """(status, {case: (verdict, reason)}, the report)"""
    out = tmp_path / "json"
    words = [w for id in sorted(cases) for w in ("--case", id)]
    r = spec("server", *args, *words, "--json", out, url)
    got = {o["case"]: (o["verdict"], o["reason"]) for o in map(json.loads, out.open()) if o["type"] == "case"}
    assert set(got) == cases, r.err
    return r.status, got, r.out


@pytest.fixture(params=PLAYS)
def name_cases(request):
    cases = named(PLAYS[request.param])
    assert len(cases) >= 4
    return request.param, {"socks4": "socks4a"}.get(request.param, request.param), cases


def test_no_name(spec, fake, tmp_path, name_cases):
    """Somewhere else, and no name: these cases say what they would need, and nothing of them is played."""
    role, scheme, cases = name_cases
    status, got, _ = play(spec, tmp_path, f"{scheme}://127.0.0.1:{fake(*ELSEWHERE, role)}", cases, *HOST)
    assert status == 77
    assert set(got.values()) == {("SKIP", "needs a name by which the proxy reaches the target: --target-name")}


@pytest.mark.parametrize("address", ["127.0.0.2", "::1"])
@pytest.mark.parametrize("host", [HOST, []])
def test_name(spec, fake, tmp_path, name_cases, address, host):
    """The name goes to the proxy as it was given, and the target is there on whichever address the proxy takes for it."""
    role, scheme, cases = name_cases
    port = fake(*ELSEWHERE, "--resolve", f"spec.test={address}", "--resolve", f"spec.test.={address}", role)
    status, got, said = play(spec, tmp_path, f"{scheme}://127.0.0.1:{port}", cases, *host, "--target-name", "spec.test")
    assert (status, {v for v, _ in got.values()} - {"INFO"}) == (0, {"PASS"}), said


def test_another_name_is_found_out(spec, fake, tmp_path):
    """A proxy that does not know the name fails, whatever else it reaches."""
    cases = {"socks5/connect/name"}
    url = f"socks5://127.0.0.1:{fake('--resolve', 'other.test=127.0.0.2', 'socks5')}"
    status, got, _ = play(spec, tmp_path, url, cases, *HOST, "--target-name", "spec.test")
    assert (status, got["socks5/connect/name"][0]) == (1, "FAIL")


def test_localhost(spec, fake, tmp_path, name_cases):
    """The name localhost is loopback, as without these options."""
    role, scheme, cases = name_cases
    port = fake("--resolve", "localhost=127.0.0.1", "--resolve", "localhost=::1", "--resolve", "localhost.=127.0.0.1", role)
    for args in ([], [*HOST, "--target-name", "localhost"]):
        status, got, said = play(spec, tmp_path, f"{scheme}://127.0.0.1:{port}", cases, *args)
        assert (status, {v for v, _ in got.values()} - {"INFO"}) == (0, {"PASS"}), said


def test_address_is_another_matter(spec, fake):
    """A case that needs no name is played at --target-host, with a name or without."""
    port = fake("socks5")
    for more in ([], ["--target-name", "spec.test"]):
        r = spec("server", "--case", "socks5/connect/ip4", *HOST, *more, f"socks5://127.0.0.1:{port}")
        assert (r.status, counts(r.out)) == (0, {"PASS": 1})
