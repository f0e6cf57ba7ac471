# SPDX-License-Identifier: ISC
"""Each exit status of proxyspec(1), from a run that earns it; baselines, --strict, and clients that say that they cannot."""
import json
import os
import subprocess

import pytest
from conftest import FAKEPROXY, PROXYSPEC, ROOT, clean_env, counts

NC = ["nc", "-X", "5", "-x", "{proxy_host}:{proxy_port}", "{host}", "{port}"]


def test_0_all_pass(spec, socks5):
    r = spec("server", "--case", "socks5/method/noauth", socks5)
    assert (r.status, r.err, counts(r.out)) == (0, "", {"PASS": 1})


def test_0_info_and_loose(spec, fake):
    url = f"http://127.0.0.1:{fake('http', '--bug', 'http-bare-lf')}"
    args = ["server", "--case", "http/connect/bare-lf", "--case", "http/connect/http-1.0", url]
    r = spec(*args)
    assert (r.status, counts(r.out)) == (0, {"INFO": 1, "LOOSE": 1})
    r = spec(*args, "--strict")
    assert (r.status, counts(r.out)) == (1, {"INFO": 1, "LOOSE": 1})


def test_1_fail(spec, socks5):
    r = spec("server", "--case", "socks5/method/gssapi-supported", socks5)
    assert (r.status, counts(r.out)) == (1, {"FAIL": 1})
    assert "(1 of the FAILs widely unmet)" in r.out


def test_1_crash(spec, fake):
    """A proxy that ends with its first connection, which was a malformed one."""
    port = fake("socks5", "--max-connections", "1")
    path = ROOT / "fixtures/socks5/socks5-request-unknown-atyp-8.pxt"
    r = spec("server", "--fixtures", path, "--jobs", "1", f"socks5://127.0.0.1:{port}")
    assert (r.status, counts(r.out)) == (1, {"CRASH": 1})
    assert "the proxy accepted connections before this case, and does not any more" in r.out


BASELINE = """\
# what is known
socks5/method/gssapi-supported FAIL nobody has it
socks5/method/noauth\tFAIL\tit used to
socks5/userpass/wrong-password FAIL is not played here
"""


def test_baseline(spec, socks5, tmp_path):
    path = tmp_path / "known"
    path.write_text(BASELINE)
    args = ["server", "--baseline", path, socks5, "--case"]
    r = spec(*args, "socks5/method/gssapi-supported")
    assert (r.status, counts(r.out)) == (0, {"XFAIL": 1})
    assert "known   nobody has it" in r.out
    r = spec(*args, "socks5/method/noauth")
    assert (r.status, counts(r.out)) == (1, {"XPASS": 1})
    assert "socks5/method/noauth\n        known   it used to\n" in r.out
    r = spec(*args, "socks5/userpass/wrong-password")
    assert (r.status, counts(r.out)) == (77, {"SKIP": 1})
    assert "needs userpass, which was not declared" in r.out      # and not what the baseline says


def test_baseline_other_verdict(spec, fake, tmp_path):
    """A known LOOSE excuses no FAIL, a known FAIL no LOOSE."""
    path = tmp_path / "known"
    path.write_text("http/response/status-line LOOSE x\nhttp/connect/http-1.0 FAIL x\n")
    url = f"http://127.0.0.1:{fake('http', '--bug', 'http-bare-lf')}"
    r = spec("server", "--case", "http/response/status-line", "--case", "http/connect/http-1.0", "--baseline", path, url)
    assert (r.status, counts(r.out)) == (1, {"FAIL": 1, "LOOSE": 1})


def test_baseline_from_a_pipe(socks5):
    """It is read once, and to its end."""
    known = "# " + "x" * 70000 + "\nsocks5/method/gssapi-supported FAIL x\n"
    p = subprocess.run([PROXYSPEC, "server", "--quiet", "--case", "socks5/method/gssapi-supported", "--baseline", "/dev/stdin", socks5],
                       input=known, stdout=subprocess.PIPE, text=True, env=clean_env())
    assert (p.returncode, counts(p.stdout)) == (0, {"XFAIL": 1})


def test_3_nobody_listens(spec):
    r = spec("server", "--case", "socks5/method/noauth", "socks5://127.0.0.1:1")
    assert (r.status, counts(r.out)) == (3, {"ERROR": 1})
    assert "cannot connect to the proxy at 127.0.0.1:1: Connection refused" in r.out


def test_3_sanity(spec, fake):
    """The plain case fails: told once, with what it saw, and no other verdict is given."""
    url = f"socks5://127.0.0.1:{fake('socks5', '--bug', 's5-reply-ver4')}"
    r = spec("server", "--case", "socks5/connect/*", url)
    assert (r.status, counts(r.out)) == (3, {"ERROR": 2, "SKIP": 1})
    assert r.out.count("wanted ") == 1 and r.out.count("again ") == 1
    assert f"again   {PROXYSPEC} server {url} --case sanity/first-and-last/socks5\n" in r.out
    assert "\n    socks5/connect/ip4\n    socks5/connect/name\n" in r.out


def test_77(spec, socks5):
    r = spec("server", "--case", "http/*", socks5)
    assert r.status == 77 and set(counts(r.out)) == {"SKIP"}
    r = spec("server", "--case", "socks5/no-such", socks5)
    assert r.status == 77
    assert r.err == "proxyspec: no trace has the id socks5/no-such\nproxyspec: no case matches the selection\n"
    assert spec("list", "no-such").status == 77
    assert spec("explain", "no-such").status == 77


def test_typing_error_among_others(spec, socks5):
    r = spec("server", "--case", "socks5/method/noauth", "--case", "socks5/method/noath", socks5)
    assert (r.status, r.err) == (0, "proxyspec: no trace has the id socks5/method/noath\n")


def test_lint_and_self(spec, trace):
    good = trace()
    assert spec("lint", good).status == 0
    assert spec("self", "--fixtures", trace.dir)[:2] == (0, "1 file, 1 case, 0 errors\n")
    bad = trace("a/c", method="0~1")
    for args in (["lint", bad], ["self", "--fixtures", trace.dir]):
        r = spec(*args)
        assert r.status == 1 and f"{bad}:13: METHOD: the canonical value does not fit" in r.out


# Clients.

def test_client(spec):
    r = spec("client", "--can", "socks5,noauth", "--case", "sanity/first-and-last/socks5", "--", *NC)
    assert (r.status, counts(r.out)) == (0, {"PASS": 1})
    r = spec("client", "--profile", "nc", "--case", "sanity/first-and-last/socks5")
    assert (r.status, counts(r.out)) == (0, {"PASS": 1})


@pytest.mark.parametrize("command, why", [("/no/such/program", "No such file or directory"), ("/etc/passwd", "Permission denied"),
                                          ("no-such-program", "No such file or directory")])
def test_client_that_cannot_be_run(spec, command, why):
    r = spec("client", "--can", "socks5,noauth", "--case", "socks5/client/method/*", "--", command)
    assert r.status == 3 and set(counts(r.out)) == {"ERROR", "SKIP"}
    assert f"cannot run {command}: {why}" in r.out


def test_client_127_is_its_own(spec):
    """A shell that does not find something has been run."""
    r = spec("client", "--can", "socks5,noauth", "--case", "sanity/first-and-last/socks5", "--", "sh", "-c", "exit 127")
    assert (r.status, counts(r.out)) == (1, {"FAIL": 1})
    assert "the client ended with status 127" in r.out


def wrapper(tmp_path, text):
    path = tmp_path / "wrapper"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def test_89_everywhere(spec, tmp_path):
    r = spec("client", "--can", "socks5,noauth", "--case", "socks5/client/request/*", "--", wrapper(tmp_path, "exit 89\n"))
    assert r.status == 77 and set(counts(r.out)) == {"SKIP"}
    assert "the client says that it has no such thing (exit status 89)" in r.out


def test_89_for_some(spec, tmp_path):
    """A wrapper that cannot do names; the rest is judged."""
    w = wrapper(tmp_path, 'case $1 in *[a-z]*) exit 89;; esac\nexec nc -X 5 -x "$3" "$1" "$2"\n')
    json_file = tmp_path / "json"
    r = spec("client", "--can", "socks5,noauth,remote-resolve", "--case", "socks5/client/request/ip4-literal",
             "--case", "socks5/client/request/name-remote", "--json", json_file, "--", w, "{host}", "{port}", "{proxy_host}:{proxy_port}")
    verdicts = {o["case"]: o["verdict"] for o in map(json.loads, json_file.open()) if o["type"] == "case"}
    assert verdicts == {"socks5/client/request/ip4-literal": "PASS", "socks5/client/request/name-remote": "SKIP"}
    assert r.status == 0


def test_not_and_but(spec, tmp_path):
    """A profile leaves a group out, and plays some of it all the same, although the sanity case does not pass."""
    profile, json_file = tmp_path / "profile", tmp_path / "json"
    profile.write_text("name: x\ncan: socks5 noauth\nsocks5: sh -c 'exit 1'\n")
    cases = ["socks5/client/reply/rep-1-to-8", "socks5/client/reply/rep-unassigned", "socks5/client/reply/bnd-ip4"]
    want = {}
    for line, changed in [("", {}), ("not socks5/client/reply/rep-*: no time\n", dict.fromkeys(cases[:2], "SKIP")),
                          ("but socks5/client/reply/rep-1*: it is played\n", {cases[0]: "FAIL"}),
                          ("but socks5/client/reply/bnd-ip?: it is played\n", {cases[2]: "FAIL"})]:
        profile.write_text(profile.read_text() + line)
        want = (want or dict.fromkeys(cases, "ERROR")) | changed
        r = spec("client", "--profile", profile, *[a for c in cases for a in ("--case", c)], "--json", json_file)
        got = {o["case"]: o["verdict"] for o in map(json.loads, json_file.open()) if o["type"] == "case"}
        assert got == want, (line, r.out)
        assert ("no time" in r.out) == ("not" in profile.read_text())


# A host that others can reach needs leave.

def test_may_test_this_host(tmp_path):
    """In a network of its own, where 198.51.100.7 (RFC 5737) is this host."""
    script = """
ip link set lo up
ip addr add 198.51.100.7/32 dev lo
mkfifo port
"$1" -l 198.51.100.7:0 --i-know-this-is-public socks5 >port & pid=$!
read -r _ _ port <port
set -- "$0" server --quiet --case socks5/method/noauth socks5://198.51.100.7:$port
"$@" >&2; echo "without: $?"
"$@" --i-may-test-this-host >&2; echo "with: $?"
kill $pid
wait $pid
"""
    p = subprocess.run(["unshare", "-n" if os.geteuid() == 0 else "-rn", "sh", "-c", script, PROXYSPEC, FAKEPROXY], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, timeout=60, env=clean_env())
    assert p.stdout == "without: 2\nwith: 0\n", p.stdout + p.stderr
    assert "--i-may-test-this-host says that you may" in p.stderr
