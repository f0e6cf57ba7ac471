# SPDX-License-Identifier: ISC
"""Each recipe of docs/USE.md, as it stands, on a stage where its host names exist (see stage.py)."""
import os
import re
import shlex

import pytest

import fakes
import mailfakes
import realservers
import runner
import stage as stagemod

WAY = "echo ${SSH_CONNECTION%% *}"
CONFIG = "Host *\n  ProxyCommand connect -S socks.local.example %h %p\n"


def read_recipes():
    with open(os.path.join(runner.ROOT, "docs", "USE.md")) as f:
        text = f.read()
    found = re.findall(r"^<!-- recipe: (\S+) -->\n```\w*\n(.*?)^```$", text, re.M | re.S)
    assert len(found) == text.count("```") / 2, "a block without a name"
    assert len(dict(found)) == len(found), "a name twice"
    return dict(found)


RECIPES = read_recipes()


def recipe(name):
    return RECIPES[name]


def test_each_recipe_has_a_test():
    with open(__file__) as f:
        assert set(re.findall(r'recipe\("([^"]+)"\)', f.read())) == set(RECIPES)


def config(stage, text):
    stage.write("home/.ssh/config", text, 0o600)


def nntp(c):
    c.send(b"200 ready\r\n")
    c.until(b"quit\n")
    c.send(b"205 .\r\n")


NEWS = "200 ready\r\n205 .\r\n"


def test_ssh_option(stage):
    assert stage.ok(recipe("ssh-option")) == "remote.outside.net\n"
    assert stage.ok(recipe("ssh-option").replace("hostname", shlex.quote(WAY))) == stagemod.SOCKS + "\n"


def make_repository(stage):
    stage.write("home/file", "%s\n" % os.urandom(3000).hex())
    stage.ok("""set -e
rm -rf repository.git made
git init -q --bare -b main repository.git
git init -q -b main made && cp file made/ && cd made && git add file
git -c user.name=a -c user.email=a@mail.example commit -q -m first && git push -q ../repository.git main""")


def test_over_ssh(stage):
    config(stage, CONFIG)
    make_repository(stage)
    stage.ok("set -e\n" + recipe("over-ssh"))
    stage.ok("cmp file by-scp && cmp file by-sftp && cmp file by-rsync && cmp file by-git/file")


def test_control_master(stage):
    config(stage, recipe("control-master"))
    line = "ssh remote.example 'echo $SSH_CONNECTION' 2>errors"     # the master keeps descriptor 2
    try:
        first = stage.ok(line, leave=True)
        assert first.split()[0] == stagemod.SOCKS
        assert stage.ok(line) == first, "the same connection"
        stage.write("home/file", "x" * 100000)
        stage.ok("scp -q file remote.example:copy && cmp file copy")
    finally:
        assert "Exit request sent" in stage.run("ssh -O exit remote.example")[2]


def test_proxy_jump(stage):
    config(stage, recipe("proxy-jump"))
    assert stage.ok("ssh server.example 'hostname; %s'" % WAY) == "server\n127.0.0.1\n"
    assert stage.ok("ssh host1.example 'hostname; %s'" % WAY) == "host1\n%s\n" % stagemod.SOCKS


def test_hop(stage):
    with stage.serve(nntp, "news.example", 119):
        p = stage.popen(shlex.split(recipe("hop")), stdin=-1, stdout=-1)
        try:
            p.stdin.write(b"quit\n")
            p.stdin.flush()
            assert p.stdout.read() == NEWS.encode() and p.wait(30) == 0      # standard input is still open
        finally:
            stagemod.end(p)
            p.stdin.close()
            p.stdout.close()


@pytest.fixture
def password(stage):
    """A SOCKS server that wants one, in the place of the one that does not."""
    stage.stop(*[p for p in stage.running if p.name == "danted"])
    users = stage.write("home/users", "root:s3cret\n", 0o600)
    p = stage.fakeproxy(stagemod.SOCKS, 1080, "--user-file", users, "socks5")
    yield "s3cret"
    stage.stop(p)
    stage.dante()


def test_askpass(stage, password):
    config(stage, CONFIG)
    os.makedirs(stage.home + "/bin")
    stage.write("home/bin/ask", "#!/bin/sh\necho %s\n" % password, 0o755)
    assert stage.ok(recipe("askpass")) == "remote.outside.net\n"
    stage.write("home/bin/ask", "#!/bin/sh\nexit 1\n", 0o755)
    assert stage.run(recipe("askpass"))[0] == 255


def test_expect(stage, password):
    config(stage, CONFIG)
    stage.write("home/script", recipe("expect"))
    assert "remote.outside.net" in stage.ok("expect script", env={"PROXY_PASSWORD": password}).splitlines()
    rc, out, err = stage.run("expect script", env={"PROXY_PASSWORD": "wrong"})
    assert rc == 255 and "authentication failed (STATUS 1)" in out, (out, err)


def test_rsync_daemon(stage):
    make_repository(stage)
    conf = stage.write("home/rsyncd.conf", "[module]\npath = %s/made\nuse chroot = no\nuid = root\ngid = root\n" % stage.home)
    stage.start("rsyncd", ["rsync", "--daemon", "--no-detach", "--address=127.0.3.4", "--config=" + conf], [("127.0.3.4", 873)])
    stage.ok(recipe("rsync-daemon") + "cmp file fetched")


@pytest.mark.parametrize("proxy", ["dante", "microsocks", "squid", "tinyproxy"])
def test_git_proxy(stage, proxy):
    """Proxies that pass the end of the client's stream on, and proxies that tear the tunnel down there."""
    make_repository(stage)
    os.makedirs(stage.home + "/bin")
    script = recipe("git-proxy")
    if proxy == "microsocks":
        stage.start("microsocks", ["microsocks", "-i", "127.0.2.9", "-p", "1080"], [("127.0.2.9", 1080)])
        script = script.replace("socks.local.example", "127.0.2.9")
    elif proxy == "squid":
        script = script.replace("-S socks.local.example", "-H proxy.local.example:8080")
    elif proxy == "tinyproxy":
        conf = stage.write("home/tiny", "User nobody\nGroup nogroup\nPort 8888\nListen 127.0.2.9\nAllow 127.0.0.0/8\n")
        stage.start("tinyproxy", ["tinyproxy", "-d", "-c", conf], [("127.0.2.9", 8888)])
        script = script.replace("-S socks.local.example", "-H 127.0.2.9:8888")
    stage.write("home/bin/git-connect", script, 0o755)
    stage.start("gitd", ["git", "daemon", "--reuseaddr", "--listen=127.0.3.4", "--export-all", "--base-path=" + stage.home,
                         stage.home], [("127.0.3.4", 9418)])
    stage.ok("set -e\n" + recipe("git-proxy-use") + "cmp file repository/file")


@pytest.mark.parametrize("text,server,port", [(recipe("fetchmail"), mailfakes.pop3, 110),
                                              (recipe("fetchmail-imap"), mailfakes.imap, 143)], ids=["pop3", "imap"])
def test_fetchmail(stage, text, server, port):
    stage.write("home/.fetchmailrc", text, 0o600)
    with stage.serve(server("username", "password"), "mail.example", port):
        stage.ok("fetchmail --nosyslog --pidfile pid --keep --mda 'cat > %s/mail'" % stage.home)
    with open(stage.home + "/mail") as f:
        assert mailfakes.BODY in f.read()


@pytest.mark.parametrize("text", [recipe("relay-el"), recipe("emacs-shell")], ids=["relay.el", "open-network-stream"])
def test_emacs(stage, text):
    stage.write("home/use.el", text + """
(process-send-string stream "quit\\n")
(while (process-live-p stream) (accept-process-output nil 0.05))
(princ (buffer-string))
""")
    with stage.serve(nntp, "news.example", 119):
        out = stage.ok("emacs", "-Q", "--batch", "-L", os.path.join(runner.ROOT, "docs"), "-l", "use.el")
    assert out.replace("\r", "").startswith(NEWS.replace("\r", ""))


def test_plink(stage):
    fingerprint = stage.ok("ssh-keygen -l -f %s/host.pub" % stage.work).split()[1]
    stage.ok("puttygen .ssh/id_ed25519 -O private -o id.ppk")
    line = recipe("plink").replace("plink", "plink -batch -i id.ppk -hostkey " + fingerprint, 1)
    assert stage.ok(line) == "remote.outside.net\n"
    assert stage.ok(line.replace("hostname", shlex.quote(WAY))) == stagemod.SOCKS + "\n"


def test_dbclient(stage):
    realservers.program("dropbearconvert")
    stage.ok("dropbearconvert openssh dropbear .ssh/id_ed25519 .ssh/id_dropbear")
    assert stage.ok(recipe("dbclient")) == "remote.outside.net\n"
    assert stage.ok(recipe("dbclient").replace("hostname", shlex.quote(WAY))) == stagemod.SOCKS + "\n"


def test_local_port(stage):
    with stage.serve(nntp, "news.example", 119):
        stage.start("local", shlex.split(recipe("local-port")), [("127.0.0.1", 5433)])
        for _ in range(3):
            assert stage.ok("connect 127.0.0.1 5433", stdin=b"quit\n") == NEWS


@pytest.mark.parametrize("own,proxy,port", [("192.168.1.5", "192.168.1.1", 1080), ("10.9.8.7", "10.1.1.1", 80),
                                            ("172.16.0.9", stagemod.SOCKS, 1080)])
def test_wrapper(stage, own, proxy, port):
    os.makedirs(stage.home + "/bin")
    stage.write("home/bin/myconnect", recipe("wrapper"), 0o755)
    stage.ok("ip link add eth0 type veth peer name peer0 && ip addr add %s/32 dev eth0 && ip link set eth0 up" % own)
    try:
        if proxy != stagemod.SOCKS:
            stage.ok("ip addr add %s/32 dev lo scope host" % proxy)
            stage.fakeproxy(proxy, port, "--i-know-this-is-public", "http" if port == 80 else "socks5")
        stage.write("home/.connectrc", "SOCKS5_SERVER = socks.local.example\n", 0o600)
        rc, out, err = stage.run("ssh -o ProxyCommand='bin/myconnect -d %h %p' remote.example hostname")
        assert (rc, out) == (0, "remote.outside.net\n"), err
        assert "DEBUG: connecting to %s:%d" % (proxy, port) in err
    finally:
        stage.run("ip link del eth0; ip addr del %s/32 dev lo" % proxy)


def test_without_no_half_close(stage):
    """Why the recipe for git:// has --no-half-close: the tearing proxy loses what comes after git's end."""
    stage.start("microsocks", ["microsocks", "-i", "127.0.2.9", "-p", "1080"], [("127.0.2.9", 1080)])

    def late(c):
        asked = c.rest()
        c.send(b"answer to " + asked)
    with stage.serve(late, "news.example", 119):
        assert stage.ok("connect -S 127.0.2.9 news.example 119", stdin=b"x\n") == ""
        assert stage.ok("connect -S socks.local.example news.example 119", stdin=b"x\n") == "answer to x\n"
