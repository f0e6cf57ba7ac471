# SPDX-License-Identifier: ISC
"""What is wrong on the command line is named in one line, with the exit status of proxyspec(1), and nothing is played."""
import os
import subprocess

import pytest
from conftest import PROXYSPEC, clean_env

URL = "socks5://127.0.0.1:1"


@pytest.mark.parametrize("args, want", [
    ([], "a command is missing"),
    (["frob"], "unknown command frob"),
    (["server"], "server wants the URL of a proxy"),
    (["server", "--frob", URL], "unknown option --frob"),
    (["server", URL, "--jobs"], "a value is missing for --jobs"),
    (["server", URL, "--jobs", "0"], "a number from 1 to 65535 is wanted, not 0"),
    (["server", URL, "--jobs", "4x"], "not 4x"),
    (["server", URL, "--time-scale", "0"], "a factor above 0, at most 1000, is wanted, not 0"),
    (["server", URL, "--time-scale", "nan"], "not nan"),
    (["server", URL, "--time-scale", "1001"], "a factor above 0, at most 1000, is wanted, not 1001"),
    (["server", URL, "--jobs", " 4"], "a number from 1 to 65535 is wanted, not  4"),
    (["server", URL, "--jobs", "-18446744073709551612"], "not -18446744073709551612"),      # 4, modulo 2**64
    (["server", URL, "--jobs=65536"], "not 65536"),
    (["server", URL, "--delivery", "split:-1"], "unknown delivery: split:-1"),
    (["server", URL, "--delivery", "split:0"], "unknown delivery: split:0"),
    (["server", URL, "--delivery", "split:"], "unknown delivery: split:"),
    (["server", URL, "--delivery", "whole,split:5x"], "unknown delivery: split:5x"),
    (["wire", "x", "--given", "host"], "--given wants NAME=VALUE, not host"),
    (["wire", "x", "--given", "=host"], "--given wants NAME=VALUE, not =host"),
    (["wire", "x", "--given", "n" * 64 + "=1"], "--given wants NAME=VALUE, not nnn"),
    (["server", URL, "--strict=yes"], "no value is wanted for --strict=yes"),
    (["server", URL, "--level", "must"], "unknown level: must"),
    (["server", URL, "--protocol", "socks6"], "unknown protocol: socks6"),
    (["server", URL, "--delivery", "slowly"], "unknown delivery: slowly"),
    (["server", URL, "--target-name", ""], "--target-name wants a name that can be resolved, not "),
    (["server", URL, "--target-name", "192.0.2.7"], "--target-name wants a name that can be resolved, not 192.0.2.7"),
    (["server", URL, "--target-name", "2001:db8::7"], "not 2001:db8::7"),
    (["server", URL, "--target-name", "a b"], "not a b"),
    (["server", URL, "--target-name", "a" * 256], "not aaa"),
    (["client", "--profile", "nc", "--target-name", "x"], "--target-name is for server"),
    (["client", "--profile", "nc", "--target-host", "127.0.0.1"], "--target-host is for server"),
    (["server", URL, "--pcap", "x"], "--pcap is for self"),
    (["server", URL, "socks5/method/noauth"], '"socks5/method/noauth" is not understood; cases are named with --case'),
    (["self", "--json", "x"], "--json is for server and client"),
    (["list", "--baseline", "x"], "--baseline is for server and client"),
    (["client"], "client wants --profile FILE, or -- COMMAND and --can"),
    (["client", "--can", "socks5"], "client wants --profile FILE, or -- COMMAND and --can"),
    (["client", "--", "true"], "client wants --profile FILE, or -- COMMAND and --can"),
    (["client", "--profile", "no-such"], "no-such: cannot be read: No such file or directory"),
    (["server", "--baseline", "/no/such", URL], "the baseline /no/such cannot be read: No such file or directory"),
    (["server", "--baseline", "/", URL], "the baseline / cannot be read: Is a directory"),
])
def test_usage(spec, args, want):
    r = spec(*args)
    assert (r.status, r.out) == (2, "")
    assert want in r.err


@pytest.mark.parametrize("url, want", [
    ("127.0.0.1:1080", "the URL begins with socks4://"),
    ("socks6://127.0.0.1", "the URL begins with socks4://"),
    ("https://127.0.0.1", "the URL begins with socks4://"),
    ("", "the URL begins with socks4://"),
    ("socks5://", "the URL names no host"),
    ("socks5://:1080", "the URL names no host"),
    ("socks5://127.0.0.1:0", "a port is a number from 1 to 65535"),
    ("socks5://127.0.0.1:65536", "a port is a number from 1 to 65535"),
    ("socks5://127.0.0.1:66616", "a port is a number from 1 to 65535"),     # 1080, modulo 65536
    ("socks5://127.0.0.1:", "a port is a number from 1 to 65535"),
    ("socks5://127.0.0.1:-1", "a port is a number from 1 to 65535"),
    ("socks5://127.0.0.1:1x", "a port is a number from 1 to 65535"),
    ("socks5://no-such.invalid:1", "cannot resolve the proxy"),
    ("socks5://192.0.2.1:1", "not loopback or private; --i-may-test-this-host says that you may"),
    ("http://[2001:db8::1]:1", "not loopback or private"),
])
def test_url(spec, url, want):
    r = spec("server", url)
    assert (r.status, r.out) == (2, "")
    assert r.err.startswith("proxyspec: " + url) and want in r.err and r.err.count("\n") == 1


def test_escape(spec):
    """What is repeated from the command line moves no cursor."""
    r = spec("server", "socks5://\x1b[2J:1")
    assert r.status == 2 and "\\x1b[2J" in r.err and "\x1b" not in r.err
    r = spec("list", "\x1b[2J")
    assert r.status == 77 and "no trace has the id \\x1b[2J" in r.err and "\x1b" not in r.err


@pytest.mark.parametrize("text, want", [
    ("socks5/method/noauth PASS\n", ":1: a line is ID VERDICT reason"),
    ("# known\n\nsocks5/method/noauth\n", ":3: a line is ID VERDICT reason"),
    ("socks5/method/noauth FAIL x\n LOOSE y", ":2: a line is ID VERDICT reason"),
])
def test_bad_baseline(spec, tmp_path, text, want):
    """Told before anything is played: nobody listens there, and there is no report."""
    path = tmp_path / "known"
    path.write_text(text)
    r = spec("server", "--baseline", path, URL)
    assert (r.status, r.out) == (2, "")
    assert str(path) + want in r.err


def test_baseline_warns(spec, tmp_path, socks5):
    path = tmp_path / "known"
    path.write_text("socks5/method/no-such FAIL x\nsocks5/method/gssapi-supported FAIL known\n")
    r = spec("server", "--case", "socks5/method/noauth", "--baseline", path, socks5)
    assert r.status == 0
    assert r.err == f"{path}:1: no trace has this id, the line does nothing: socks5/method/no-such\n"


@pytest.mark.parametrize("text, want", [("name: x\ncan socks5\n", ":2: "), ("can: socks5\nsocks5: prog 'x\n", ":2: ")])
def test_bad_profile(spec, tmp_path, text, want):
    path = tmp_path / "profile"
    path.write_text(text)
    r = spec("client", "--profile", path)
    assert (r.status, r.out) == (2, "")
    assert f"{path}{want}" in r.err


@pytest.mark.parametrize("command", [["server", URL], ["client", "--can", "socks5", "--", "true"], ["list"], ["explain"], ["coverage"]])
def test_fixtures_that_are_not_there(spec, command, tmp_path):
    gone = tmp_path / "gone"
    r = spec(command[0], "--fixtures", gone, *command[1:])
    assert (r.status, r.out) == (3, "")
    assert f"{gone}: cannot be read: No such file or directory" in r.err


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_fixtures_that_cannot_be_read(trace, kind):
    """As somebody else when the tests run as root, who may read everything."""
    path = trace()
    target = trace.dir if kind == "folder" else path
    os.chmod(target, 0)
    def nobody():
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
    for p in (trace.dir.parent, *trace.dir.parent.parents):
        if p.stat().st_uid == os.geteuid() and p != p.parent and "pytest" in str(p):
            os.chmod(p, 0o755)
    program = os.open(PROXYSPEC, os.O_RDONLY)      # the folder that the program is in may be closed to nobody
    p = subprocess.run([f"/proc/self/fd/{program}", "list", "--fixtures", str(trace.dir)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       preexec_fn=nobody, pass_fds=[program], env=clean_env(), text=True, cwd="/")
    os.close(program)
    os.chmod(target, 0o755)
    assert (p.returncode, p.stdout) == (3, "")
    assert f"{target}: cannot be read: Permission denied" in p.stderr


def test_fixtures_that_are_wrong(spec, trace):
    path = trace(more="C> ??\n")
    r = spec("server", "--fixtures", trace.dir, URL)
    assert (r.status, r.out) == (3, "")
    assert r.err.startswith(f"{path}:14: ")


def test_help_and_version(spec):
    r = spec("--version")
    assert (r.status, r.err) == (0, "") and r.out.startswith("proxyspec ")
    for arg in ("--help", "help"):
        r = spec(arg)
        assert r.status == 0 and "usage: proxyspec server" in r.out + r.err


