# SPDX-License-Identifier: ISC
"""The recipes of connect.c's manual (2005), word for word, on a stage where its host names exist.

One of them does not do what its comments say, in ssh of then and of now: `Host *` stands before `Host *.local.net`, and
ssh takes the first value that it finds.
"""
import os
import re
import shutil

import pytest

import dnsfake
import fakes
import mailfakes
import manual2005
import runner
import stage as stagemod

HERE = os.path.dirname(os.path.abspath(__file__))


def recipe(name):
    return manual2005.RECIPES[name]


def test_each_recipe_has_a_test():
    with open(__file__) as f:
        assert set(re.findall(r'recipe\("([^"]+)"\)', f.read())) == set(manual2005.RECIPES)


WAY = "echo ${SSH_CONNECTION%% *}"       # where the session came from


def ssh_config(stage, text):
    stage.write("home/.ssh/config", text, 0o600)


def test_install(stage):
    """From there both ends of ssh find it by its name alone."""
    shutil.move(stage.path("bin/connect"), stage.home + "/connect")
    try:
        assert stage.run("command -v connect")[1] != "/usr/local/bin/connect\n"
        stage.ok(recipe("install"))
        assert stage.ok("command -v connect") == "/usr/local/bin/connect\n"
        assert stage.ok("ssh host1 command -v connect") == "/usr/local/bin/connect\n"
        assert "usage: connect " in "".join(stage.run("connect")[1:])
    finally:
        shutil.copy(runner.CONNECT, stage.path("bin/connect"))


def test_one_host(stage):
    ssh_config(stage, recipe("one host"))
    assert stage.ok(recipe("ssh")) == "remote.outside.net\n"
    assert stage.ok("ssh remote.outside.net '%s'" % WAY) == stagemod.SOCKS + "\n"
    assert stage.ok("ssh inside.local.net '%s'" % WAY) != stagemod.SOCKS + "\n"


@pytest.mark.parametrize("text,proxy", [(recipe("outside by SOCKS"), stagemod.SOCKS),
                                        (recipe("outside by HTTP"), stagemod.HTTP)], ids=["SOCKS", "HTTP"])
def test_outside_and_inside(stage, text, proxy):
    ssh_config(stage, text)
    assert stage.ok("ssh remote.outside.net hostname") == "remote.outside.net\n"
    assert stage.ok("ssh remote.outside.net '%s'" % WAY) == proxy + "\n"
    # against the comment: the entry for the inside comes too late
    assert stage.ok("ssh inside.local.net '%s'" % WAY) == proxy + "\n"
    # the other way round it is true
    outside, inside = text.split("\n\n")
    ssh_config(stage, inside + "\n" + outside + "\n")
    assert stage.ok("ssh remote.outside.net '%s'" % WAY) == proxy + "\n"
    assert stage.ok("ssh inside.local.net '%s'" % WAY) != proxy + "\n"


@pytest.fixture
def socks_with_password(stage):
    """socks.local.net asks for a password instead (a server at the same address and port)."""
    stage.stop(*[p for p in stage.running if p.name == "danted"])
    yield
    stage.dante()


def with_password(script):
    return fakes.socks5(method=2, **script)


def test_debug(stage, socks_with_password):
    """The lines of the manual in their order, but "Program is $Revision", which connect.c 1.105 had no more, and "faield"."""
    with stage.serve(with_password({"status": b"\1\1"}), "socks.local.net", 1080) as px:
        rc, out, err = stage.run(recipe("debug"), env={"SOCKS5_USER": "gotoh", "SOCKS5_PASSWORD": "secret"})
    assert (rc, out) == (6, "")
    assert px.conns[0].msgs == [b"\5\2\0\2", b"\1\5gotoh\6secret"]
    wanted = """DEBUG: relay_method = SOCKS (2)
DEBUG: relay_host=socks.local.net
DEBUG: relay_port=1080
DEBUG: relay_user=gotoh
DEBUG: socks_version=5
DEBUG: socks_resolve=REMOTE (2)
DEBUG: local_type=stdio
DEBUG: dest_host=unknown.remote.outside.net
DEBUG: dest_port=110
DEBUG: connecting to 127.0.2.1:1080
DEBUG: begin_socks_relay()
DEBUG: atomic_out()  [4 bytes]
DEBUG: >>> 05 02 00 02
DEBUG: atomic_in() [2 bytes]
DEBUG: <<< 05 02
DEBUG: auth method: USERPASS
DEBUG: atomic_out()  [some bytes]
DEBUG: >>> xx xx xx xx ...
DEBUG: atomic_in() [2 bytes]
DEBUG: <<< 01 01
FATAL: failed to begin relaying via SOCKS.""".splitlines()
    lines, at = err.splitlines(), -1
    for w in wanted:
        rest = [i for i, line in enumerate(lines) if i > at and line.startswith(w)]
        assert rest, "%r is not there after line %d of\n%s" % (w, at, err)
        at = rest[0]
    assert "secret" not in err and "73 65 63 72 65 74" not in err
    assert lines[-2] == "ERROR: proxy socks.local.net:1080: authentication failed (STATUS 1)"


def smtp(c):
    c.send(b"220 smtphost.outside.net ESMTP Sendmail\r\n")
    c.until(b"QUIT\n")
    c.send(b"221 2.0.0 smtphost.remote.net closing connection\r\n")


def test_port_in_the_name(stage):
    shutil.copy(runner.CONNECT, stage.home + "/connect")
    with stage.serve(smtp, "smtphost.outside.net", 25):
        stage.ok(recipe("port in the name"))
        assert stage.ok(recipe("port in the name, use"), stdin=b"QUIT\n") == (
            "220 smtphost.outside.net ESMTP Sendmail\r\n221 2.0.0 smtphost.remote.net closing connection\r\n")


def nntp(c):
    c.send(b"200 news.my-office.com InterNetNews NNRP server INN 2.3.2 ready (posting ok).\r\n")
    c.until(b"quit\n")
    c.send(b"205 .\r\n")


SESSION = "200 news.my-office.com InterNetNews NNRP server INN 2.3.2 ready (posting ok).\r\n205 .\r\n"


def test_hopping(stage):
    with stage.serve(nntp, "news", 119):
        assert stage.ok(recipe("news"), stdin=b"quit\n") == SESSION
        assert stage.ok(recipe("hop").replace("port", "119"), stdin=b"quit\n") == SESSION


def test_fetchmail(stage):
    """fetchmail 6.4 wants TLS of every server unless sslproto "" is added; the connection is there either way."""
    run = "fetchmail --nosyslog --pidfile pid --mda 'cat > %s/mail'" % stage.home
    with stage.serve(mailfakes.pop3("username", "password"), "localhost", 110) as px:
        stage.write("home/.fetchmailrc", recipe("fetchmail"), 0o600)
        px.strict = False
        rc, out, err = stage.run(run)
        assert rc == 2 and "upgrade to TLS failed" in err and px.got == [b"CAPA\r\nSTLS\r\n"]
    with stage.serve(mailfakes.pop3("username", "password"), "localhost", 110):
        stage.write("home/.fetchmailrc", recipe("fetchmail").rstrip() + ' sslproto ""\n', 0o600)
        assert "1 message for username at mail-server" in stage.ok(run)
    with open(stage.home + "/mail") as f:
        assert mailfakes.BODY in f.read()


def test_port_443(stage):
    ssh_config(stage, recipe("port 443"))
    assert stage.ok(recipe("port 443, first") + " 'hostname; %s'" % WAY) == "home\n%s\n" % stagemod.FIREWALL
    assert stage.ok(recipe("port 443, second") + " 'hostname; echo done'") == "server\ndone\n"
    # as in the manual's transcript, commands typed to a shell
    assert stage.ok(recipe("port 443, second"), stdin=b"echo You are logged in to $(hostname)!\nexit\n") == (
        "You are logged in to server!\n")


# The two networks in which the wrapper of the manual finds itself, and any other.
NETWORKS = {"192.168.1.5": ("192.168.1.1", 1080), "10.9.8.7": ("10.1.1.1", 80), "172.16.0.9": (stagemod.SOCKS, 1080)}


@pytest.fixture(params=sorted(NETWORKS))
def network(stage, request):
    """eth0 with one address; the proxy of that network; yields what it is named after."""
    own = request.param
    proxy, port = NETWORKS[own]
    stage.ok("ip link add eth0 type veth peer name peer0 && ip addr add %s/32 dev eth0 && ip link set eth0 up" % own)
    try:
        if proxy != stagemod.SOCKS:
            stage.ok("ip addr add %s/32 dev lo" % proxy)
            stage.fakeproxy(proxy, port, "--i-know-this-is-public", "http" if port == 80 else "socks5")
        yield own, proxy
    finally:
        stage.run("ip link del eth0; ip addr del %s/32 dev lo" % proxy)


IFCONFIG = """#!/bin/sh
# as net-tools of 2005 wrote it
echo "eth0      Link encap:Ethernet  HWaddr 00:16:3E:00:00:01"
ip -4 -o addr show dev "$1" | sed 's,.* inet \\([0-9.]*\\).*,          inet addr:\\1  Mask:255.255.255.0,'
"""


def test_wrapper(stage, network):
    own, proxy = network
    os.makedirs(stage.home + "/bin")
    stage.write("home/bin/myconnect", recipe("wrapper"), 0o755)
    env = {"PATH": stage.home + "/bin:" + stage.env["PATH"], "SOCKS5_SERVER": "socks.local.net"}
    stage.write("home/bin/ifconfig", IFCONFIG, 0o755)
    way = "ssh -o 'ProxyCommand myconnect -d %%h %%p' remote.outside.net '%s; hostname'" % WAY
    rc, out, err = stage.run(way, env=env)
    assert (rc, out.splitlines()[1:]) == (0, ["remote.outside.net"]), err
    assert "DEBUG: connecting to %s:%d" % NETWORKS[own] in err
    # net-tools of today writes "inet ADDRESS" without "addr:": the last branch, whatever the network
    os.unlink(stage.home + "/bin/ifconfig")
    assert "inet %s " % own in stage.ok("ifconfig eth0")
    rc, out, err = stage.run(way, env=env)
    assert (rc, out.splitlines()[1:]) == (0, ["remote.outside.net"]), err
    assert "DEBUG: connecting to %s:1080" % stagemod.SOCKS in err


def test_local_port(stage):
    with stage.serve(nntp, "host2", 119):
        p = stage.start("local", recipe("local port").split(), [("127.0.0.1", 5433)])
        assert stage.ok("connect 127.0.0.1 5433", stdin=b"quit\n") == SESSION
        assert p.wait(30) == 0


def test_askpass(stage, socks_with_password):
    """Without a terminal, by way of ssh: its ProxyCommand inherits the variable."""
    asks = stage.write("home/ask", "#!/bin/sh\necho \"$1\" > %s/question\necho s3cret\n" % stage.home, 0o755)
    ssh_config(stage, recipe("one host").replace("-S ", "-S gotoh@"))
    def then(c, _):
        c.send(b"not ssh\r\n" * 2000)       # the password has been seen: ssh may give up
        c.rest()
    with stage.serve(with_password({"then": then}), "socks.local.net", 1080) as px:
        assert stage.run(recipe("ssh"), env={recipe("askpass"): asks, "DISPLAY": ":0"})[0] == 255
    assert px.conns[0].msgs[1] == b"\1\5gotoh\6s3cret"
    with open(stage.home + "/question") as f:
        assert f.read() == "Enter SOCKS5 password for gotoh@socks.local.net: \n"


def test_emacs(stage):
    """relay.el of docs has the function of the manual's relay.el; test_apps_emacs.py has the rest."""
    with stage.serve(nntp, "news", 119):
        rc, out, err = stage.run("emacs", "-Q", "--batch", "-l", os.path.join(runner.ROOT, "docs", "relay.el"), "--eval", """
(let* ((relay-arguments '("--end-with-remote" "-S" "socks.local.net"))
       (p (%s "news" (generate-new-buffer "news") "news" 119)))
  (process-send-string p "quit\\n")
  (while (not (with-current-buffer (process-buffer p) (save-excursion (goto-char 1) (search-forward "Process news" nil t))))
    (accept-process-output nil 1))
  (princ (with-current-buffer (process-buffer p) (buffer-string))))""" % recipe("emacs"))
    assert (rc, out, err) == (0, SESSION + "\nProcess news finished\n", "")     # the latter is Emacs's


def test_name_server(stage):
    """-R ADDRESS for the user of SOCKS4: the name is asked for there, the proxy is given an address."""
    zone = {"news.my-office.com": [stagemod.ADDRESS["news"]]}
    d = stage.inside(lambda: dnsfake.FakeDNS(zone, "127.0.0.53", 53))
    try:
        with stage.serve(nntp, "news", 119):
            assert stage.ok("connect -4 %s 127.0.0.53 -S socks.local.net news.my-office.com 119" % recipe("name server"),
                            stdin=b"quit\n") == SESSION
        assert d.queries
    finally:
        d.stop()
