# SPDX-License-Identifier: ISC
"""/etc/connectrc and ~/.connectrc (D7, D8)."""
import os
import re

import pytest

import fakes
from fakes import FakeServer, HELLO, BYE
from runner import run


def ok(res):
    assert (res.rc, res.out) == (0, HELLO), res
    return res


def through(home, text, method=0, args=("-s",), **kw):
    """Run with this ~/.connectrc; {px} is the server.  Returns (result, server)."""
    with FakeServer(fakes.socks5(method=method), strict=False) as px:
        if isinstance(text, str):
            text = text.encode()
        home.rc(text.replace(b"{px}", px.spec.encode()), **kw)
        res = run(*args, "target.test", "22", stdin=BYE, env=home.env)
    return res, px


@pytest.mark.parametrize("text", [
    "SOCKS5_SERVER={px}\n", "SOCKS5_SERVER = {px}", "  SOCKS5_SERVER\t=\t{px}  \n", "\n\n# comment\nSOCKS5_SERVER = {px} # more\n",
    "SOCKS5_SERVER = {px}\r\n", "SOCKS5_SERVER = {px}\r\n# x\r\n\r\n", "\ufeffSOCKS5_SERVER = {px}\n", 'SOCKS5_SERVER = "{px}"\n',
    'SOCKS5_SERVER = "{px}" # comment\r\n', "# " + "x" * 10000 + "\nSOCKS5_SERVER={px}\n", "SOCKS_SERVER = {px}\n",
    "SOCKS_SERVER = 127.0.0.1:1\nSOCKS5_SERVER = {px}\n", "#SOCKS5_SERVER = 127.0.0.1:1\nSOCKS5_SERVER = {px}\n",
    "   # indented comment\nSOCKS5_SERVER = {px}\n", "SOCKS5_SERVER = http://bob@{px}/\n"], ids=range(15))
def test_grammar(home, text):
    res, px = through(home, text)
    ok(res)
    assert res.text == "", res


@pytest.mark.parametrize("value,password", [
    ("a#b", "a#b"), ("#ab", ""), ("a #b", "a"), ("a\t#b", "a"), ('"a #b"', "a #b"), ('" blanks "', " blanks "), ('""', ""),
    ("a b  c", "a b  c"), ("pä", "pä"), ("a=b", "a=b"), ('a"b', 'a"b'), ("x" * 255, "x" * 255), ("'q'", "'q'"), ("a\\b", "a\\b")])
def test_values(home, value, password):
    res, px = through(home, "SOCKS5_SERVER = bob@{px}\nSOCKS5_PASSWORD = %s\n" % value, method=2)
    ok(res)
    p = password.encode()
    assert px.conns[0].msgs[1] == b"\1\3bob" + bytes([len(p)]) + p


NAMES = ["SOCKS5_SERVER", "SOCKS4_SERVER", "SOCKS_SERVER", "SOCKS5_RESOLVE", "SOCKS4_RESOLVE", "SOCKS_RESOLVE", "SOCKS5_USER",
         "SOCKS4_USER", "SOCKS_USER", "SOCKS5_PASSWD", "SOCKS5_PASSWORD", "SOCKS_PASSWORD", "SOCKS5_AUTH", "HTTP_PROXY",
         "HTTP_PROXY_USER", "HTTP_PROXY_PASSWORD", "TELNET_PROXY", "CONNECT_USER", "CONNECT_PASSWORD", "SOCKS5_DIRECT",
         "SOCKS4_DIRECT", "SOCKS_DIRECT", "HTTP_DIRECT", "CONNECT_DIRECT", "SSH_ASKPASS"]


def test_every_name_is_known(home):
    home.rc("".join("%s = %s\n" % (n, "remote" if n.endswith("RESOLVE") else "none" if n.endswith("AUTH") else "x") for n in NAMES))
    with FakeServer(fakes.session) as t:
        res = ok(run("127.0.0.1", str(t.port), stdin=BYE, env=home.env))
    assert res.text == "", res


@pytest.mark.parametrize("line,word", [("NOSUCH = x", "NOSUCH"), ("socks5_server = x", "socks5_server"), ("no equal sign", "no equal sign"),
                                       ("= x", "parameter"), ("PATH = /", "PATH")])
def test_errors_name_file_line_and_text(home, line, word):
    res, px = through(home, "# one\n%s\nSOCKS5_SERVER = {px}\n" % line)
    ok(res)                                     # and go on
    err = [x for x in res.lines if x.startswith("ERROR: ")]
    assert len(err) == 1 and str(home.path / ".connectrc") + ":2:" in err[0] and word in err[0], res


@pytest.mark.parametrize("line", ["SOCKS5_PASSWORD hush", 'SOCKS5_PASSWORD = "hush', "HTTP_PROXY_PASSWORD: hush", "CONNECT_PASSWORD\thush"])
def test_errors_show_no_secret(home, line):
    res, px = through(home, "%s\nSOCKS5_SERVER = {px}\n" % line)
    assert "hush" not in res.text, res


def test_control_octets_in_the_file_do_not_reach_the_terminal(home):
    res, px = through(home, b"\x1b[31mEVIL = x\nSOCKS5_SERVER = {px}\n")
    ok(res)
    assert "EVIL" in res.text and not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", res.err), res


def test_the_later_line_counts(home):
    res, px = through(home, "SOCKS5_SERVER = 127.0.0.1:1\nSOCKS5_SERVER = {px}\n")
    ok(res)


def test_environment_and_command_line_win(home):
    with FakeServer(fakes.socks5(method=2)) as px:
        home.rc("SOCKS5_SERVER = 127.0.0.1:1\nSOCKS5_PASSWORD = rc\nSOCKS5_USER = rc\n")
        ok(run("-s", "target.test", "22", stdin=BYE, env=dict(home.env, SOCKS5_SERVER=px.spec, SOCKS5_PASSWORD="env")))
        assert px.conns[0].msgs[1] == b"\1\2rc\3env"
        ok(run("-S", "cmd@" + px.spec, "target.test", "22", stdin=BYE, env=home.env))
        assert px.conns[1].msgs[1] == b"\1\3cmd\2rc"


def test_variables_new_in_rc_files(home):
    with FakeServer(fakes.telnet()) as px:
        home.rc("TELNET_PROXY = %s\n" % px.spec)
        ok(run("-t", "target.test", "22", stdin=BYE, env=home.env))
    for name in ("SOCKS4_USER", "SOCKS_USER"):
        with FakeServer(fakes.socks4()) as px:
            home.rc("%s = rc-user\n" % name)
            ok(run("-4", "-S", px.spec, "192.0.2.1", "22", stdin=BYE, env=home.env))
        assert b"rc-user\0" in px.got[0]
    with FakeServer(fakes.socks5(method=2)) as px:
        home.rc("SOCKS_PASSWORD = rcpw\n")
        ok(run("-S", "bob@" + px.spec, "target.test", "22", stdin=BYE, env=home.env))
    assert px.conns[0].msgs[1] == b"\1\3bob\4rcpw"


def test_askpass_from_the_rc_file(home, tmp_path):
    ask = tmp_path / "ask pass"
    ask.write_text("#!/bin/sh\necho asked\n")
    ask.chmod(0o755)
    with FakeServer(fakes.socks5(method=2)) as px:
        home.rc("SSH_ASKPASS = %s\n" % ask)
        ok(run("-S", "bob@" + px.spec, "target.test", "22", stdin=BYE, env=dict(home.env, DISPLAY=":0")))
    assert px.conns[0].msgs[1] == b"\1\3bob\5asked"


def test_direct_list_from_the_rc_file(home):
    with FakeServer(fakes.session) as t:
        home.rc("SOCKS5_DIRECT = 127.0.0.0/8\n")
        ok(run("-S", "127.0.0.1:1", "127.0.0.1", str(t.port), stdin=BYE, env=home.env))


# -- permissions

@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o777, 0o664])
def test_a_file_that_others_can_write_is_refused(home, mode):
    res, px = through(home, "SOCKS5_SERVER = {px}\n", mode=mode)
    assert res.rc == 2 and px.conns == [], res
    assert str(home.path / ".connectrc") in res.text and "chmod" in res.text, res


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o400, 0o444])
def test_a_file_that_others_can_read_is_fine_without_secrets(home, mode):
    res, px = through(home, "SOCKS5_SERVER = {px}\n", mode=mode)
    ok(res)
    assert res.text == "", res


@pytest.mark.parametrize("name", ["SOCKS5_PASSWORD", "SOCKS5_PASSWD", "SOCKS_PASSWORD", "HTTP_PROXY_PASSWORD", "CONNECT_PASSWORD"])
def test_a_password_that_others_can_read_gets_one_line_of_warning(home, name):
    text = "SOCKS5_SERVER = {px}\n%s = hush\n" % name
    res, px = through(home, text, mode=0o644)
    ok(res)
    assert len(res.lines) == 1 and str(home.path / ".connectrc") in res.text and "hush" not in res.text, res
    res, px = through(home, text, mode=0o600)
    ok(res)
    assert res.text == "", res


def test_a_file_of_another_user_is_refused(jail):
    with FakeServer(fakes.session) as t:
        jail.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nu1:x:2001:2001::/home/u1:/bin/sh\n")
        os.makedirs(jail.path("home/u1"), exist_ok=True)
        os.chown(jail.path("home/u1"), 2001, 2001)
        for owner, refused in ((2002, True), (2001, False), (0, False)):
            p = jail.write("home/u1/.connectrc", "SOCKS5_SERVER = x\n", 0o644)
            os.chown(p, owner, owner)
            res = jail.run("127.0.0.1", str(t.port), stdin=BYE, uid=2001, env={"HOME": "/home/u1"})
            if refused:
                assert res.rc == 2 and ".connectrc" in res.text, res
            else:
                ok(res)


# -- where the files are

def test_etc_then_home(jail):
    with FakeServer(fakes.socks5(method=2)) as px:
        jail.write("etc/connectrc", "SOCKS5_SERVER = 127.0.0.1:1\nSOCKS5_USER = etc\nSOCKS5_PASSWORD = etcpw\n", 0o600)
        jail.write("root/.connectrc", "SOCKS5_SERVER = %s\nSOCKS5_PASSWORD = homepw\n" % px.spec, 0o600)
        ok(jail.run("-s", "target.test", "22", stdin=BYE))
        assert px.conns[0].msgs[1] == b"\1\3etc\6homepw"


def test_etc_alone_with_errors_and_permissions(jail):
    with FakeServer(fakes.socks5()) as px:
        jail.write("etc/connectrc", "SOCKS5_SERVER = %s\nwrong\n" % px.spec)
        res = ok(jail.run("-s", "target.test", "22", stdin=BYE))
        assert "/etc/connectrc:2:" in res.text, res
        os.chmod(jail.path("etc/connectrc"), 0o666)
        res = jail.run("-s", "target.test", "22", stdin=BYE)
        assert res.rc == 2 and "/etc/connectrc" in res.text, res


def test_home_variable_only_when_it_is_the_users(jail):
    """$HOME if set and owned by the user, else the passwd entry."""
    jail.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nu1:x:2001:2001::/home/u1:/bin/sh\n")
    for d, owner in (("home/u1", 2001), ("home/mine", 2001), ("home/other", 2002)):
        os.makedirs(jail.path(d), exist_ok=True)
        os.chown(jail.path(d), owner, owner)
    with FakeServer(fakes.socks5(), strict=False) as a, FakeServer(fakes.socks5(), strict=False) as b:
        for path, px in (("home/u1/.connectrc", a), ("home/mine/.connectrc", b)):
            os.chown(jail.write(path, "SOCKS5_SERVER = %s\n" % px.spec), 2001, 2001)
        os.chown(jail.write("home/other/.connectrc", "SOCKS5_SERVER = 127.0.0.1:1\n"), 2002, 2002)
        for value, n in (("/home/mine", (0, 1)), (None, (1, 1)), ("/home/other", (2, 1)), ("/nonexistent", (3, 1)), ("", (4, 1))):
            ok(jail.run("-s", "target.test", "22", stdin=BYE, uid=2001, env={"HOME": value}))
            assert (len(a.conns), len(b.conns)) == n, value


def test_missing_files_are_silent(tmp_path):
    with FakeServer(fakes.session) as t:
        res = ok(run("127.0.0.1", str(t.port), stdin=BYE, env={"HOME": str(tmp_path)}))
    assert res.text == ""


def test_a_directory_or_fifo_in_place_of_the_file_does_not_hang(home):
    os.mkfifo(home.path / ".connectrc")
    with FakeServer(fakes.session, strict=False) as t:
        res = run("127.0.0.1", str(t.port), stdin=BYE, env=home.env, limit=10)
    assert res.rc in (0, 2), res


def test_d_shows_settings_but_no_secret(home):
    res, px = through(home, "SOCKS5_SERVER = bob@{px}\nSOCKS5_PASSWORD = hush\n", method=2, args=("-d", "-s"))
    ok(res)
    assert "hush" not in res.text and "SOCKS5_SERVER" in res.text, res


def test_a_home_whose_path_is_too_long():
    """The system can look at the folder, and no longer at a file in it."""
    home = "/" + "./" * 2044
    res = run("-n", "127.0.0.1", "1", env={"HOME": home})
    assert (res.rc, res.lines) == (2, ["ERROR: the path of ~/.connectrc is too long"]), res
    res = run("-n", "127.0.0.1", "1", env={"HOME": home + "./" * 10})      # that folder has no path: the passwd entry's is looked at
    assert res.rc == 4, res
