# SPDX-License-Identifier: ISC
"""connect as the ProxyCommand of OpenSSH, through real proxies, to a real sshd."""
import hashlib
import os
import shlex
import subprocess

import pytest

import realservers
import runner

USER, PASSWORD = realservers.USER, realservers.PASSWORD
BLOB = 3 * 1024 * 1024 + 17

# name: (fixture of the proxy, connect's words before HOST PORT, environment)
ROUTES = {
    "direct": (None, "", {}),
    "direct-n": (None, "-n", {}),
    "dante-socks5": ("dante", "-S {px}", {}),
    "dante-socks5-local": ("dante", "-R local -S {px}", {}),
    "dante-socks4": ("dante", "-4 -S {px}", {}),
    "dante-userpass": ("dante_userpass", "-S alice@{px}", {"SOCKS5_PASSWORD": PASSWORD}),
    "dante-userpass-environment": ("dante_userpass", "-s", {"SOCKS5_SERVER": "{px}", "SOCKS5_USER": USER,
                                                            "SOCKS5_PASSWD": PASSWORD}),
    "dante-pam": ("dante_pam", "-S alice@{px}", {"SOCKS5_PASSWORD": PASSWORD}),
    "microsocks": ("microsocks", "-S {px}", {}),
    "microsocks-userpass": ("microsocks_userpass", "-S alice@{px}", {"CONNECT_PASSWORD": PASSWORD}),
    "ssh-D-socks5": ("ssh_d", "-S {px}", {}),
    "ssh-D-socks4": ("ssh_d", "-4 -S {px}", {}),
    "ssh-D-socks4a": ("ssh_d", "-4 -R remote -S {px}", {}),
    "squid": ("squid", "-H {px}", {}),
    "squid-http1.0": ("squid", "--http1.0 -H {px}", {}),
    "squid-basic": ("squid_basic", "-H alice@{px}", {"HTTP_PROXY_PASSWORD": PASSWORD}),
    "squid-environment": ("squid", "-h", {"HTTP_PROXY": "http://{px}/"}),
    "apache": ("apache", "-H {px}", {}),
    "apache-basic": ("apache_basic", "-H alice@{px}", {"HTTP_PROXY_PASSWORD": PASSWORD}),
    "tinyproxy": ("tinyproxy", "-H {px}", {}),
    "tinyproxy-basic": ("tinyproxy_basic", "-H alice@{px}", {"CONNECT_PASSWORD": PASSWORD}),
}


@pytest.fixture(params=sorted(ROUTES))
def route(request, sshd):
    return make_route(request, sshd, request.param)


def make_route(request, sshd, name):
    """The ProxyCommand and the environment of a row of ROUTES."""
    fixture, words, env = ROUTES[name]
    px = request.getfixturevalue(fixture).spec if fixture else ""

    class Route:
        command = "%s %s %%h %%p" % (shlex.quote(runner.CONNECT), words.format(px=px))
        environment = runner.environment({k: v.format(px=px) for k, v in env.items()})
        config = sshd.config
        port = str(sshd.port)
        work = sshd.work
        ssh = ["ssh", "-F", config, "-p", port, "-o", "ProxyCommand=" + command]

        def run(self, argv, stdin=b"", limit=60, **kw):
            realservers.program(argv[0])
            p = subprocess.run(argv, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=self.environment, timeout=limit, start_new_session=True, **kw)
            assert p.returncode == 0, (argv, p.returncode, p.stdout[-500:], p.stderr)
            return p
    return Route()


@pytest.fixture(scope="module")
def blob():
    return os.urandom(BLOB)


def test_ssh_runs_a_command(route):
    p = route.run(route.ssh + ["127.0.0.1", "echo out; echo err >&2"])
    assert p.stdout == b"out\n"
    assert p.stderr == b"err\n"


def test_ssh_to_a_name(request, sshd):
    """Names go to the proxy (remote) or are resolved here (SOCKS4)."""
    for name in ("dante-socks5", "dante-socks4", "ssh-D-socks4a", "squid", "tinyproxy"):
        r = make_route(request, sshd, name)
        p = r.run(r.ssh + ["localhost", "echo ok"])
        assert p.stdout == b"ok\n", name


def test_ssh_carries_data_both_ways(route, blob):
    p = route.run(route.ssh + ["127.0.0.1", "cat"], stdin=blob)
    assert hashlib.sha256(p.stdout).digest() == hashlib.sha256(blob).digest()


def test_ssh_exit_status_comes_through(request, sshd):
    r = make_route(request, sshd, "dante-socks5")
    p = subprocess.run(r.ssh + ["127.0.0.1", "exit 37"], env=r.environment, stdin=subprocess.DEVNULL, timeout=60)
    assert p.returncode == 37


def test_sftp(route, blob, tmp_path):
    src, dst = tmp_path / "src", tmp_path / "dst"
    src.write_bytes(blob)
    route.run(["sftp", "-q", "-b", "-", "-F", route.config, "-P", route.port, "-o",
               "ProxyCommand=" + route.command, "127.0.0.1"],
              stdin=("put %s %s.up\nget %s.up %s\n" % (src, src, src, dst)).encode())
    assert dst.read_bytes() == blob


@pytest.mark.parametrize("legacy", [[], ["-O"]], ids=["sftp-protocol", "rcp-protocol"])
def test_scp(request, sshd, blob, tmp_path, legacy):
    realservers.program("scp")
    for name in ("dante-socks5", "dante-userpass", "ssh-D-socks4a", "squid-basic", "tinyproxy"):
        r = make_route(request, sshd, name)
        src, up, dst = tmp_path / "src", tmp_path / (name + ".up"), tmp_path / (name + ".dst")
        src.write_bytes(blob)
        base = ["scp", "-q"] + legacy + ["-F", r.config, "-P", r.port, "-o", "ProxyCommand=" + r.command]
        r.run(base + [str(src), "127.0.0.1:%s" % up])
        r.run(base + ["127.0.0.1:%s" % up, str(dst)])
        assert dst.read_bytes() == blob, name


def git(cwd, env, *args):
    p = subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.test", "-c", "init.defaultBranch=main",
                        *args], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=60)
    assert p.returncode == 0, (args, p.stdout)
    return p.stdout.decode().strip()


def test_git_clone_and_push(request, sshd, blob, tmp_path):
    realservers.program("git")
    here = runner.environment()
    git(tmp_path, here, "init", "-q", "--bare", "repo.git")
    git(tmp_path, here, "init", "-q", "work")
    (tmp_path / "work" / "file").write_bytes(blob)
    git(tmp_path / "work", here, "add", "file")
    git(tmp_path / "work", here, "commit", "-q", "-m", "first")
    git(tmp_path / "work", here, "push", "-q", "../repo.git", "HEAD:refs/heads/main")
    for name in ("dante-socks5", "dante-userpass", "ssh-D-socks4", "squid", "squid-basic", "tinyproxy-basic"):
        r = make_route(request, sshd, name)
        env = dict(r.environment, GIT_SSH_COMMAND="ssh -F %s -o 'ProxyCommand=%s'" % (r.config, r.command))
        git(tmp_path, env, "clone", "-q", "-b", "main", "ssh://127.0.0.1:%s%s/repo.git" % (r.port, tmp_path), name)
        assert (tmp_path / name / "file").read_bytes() == blob
        (tmp_path / name / "more").write_text(name)
        git(tmp_path / name, env, "add", "more")
        git(tmp_path / name, env, "commit", "-q", "-m", name)
        git(tmp_path / name, env, "push", "-q", "origin", "HEAD:refs/heads/" + name)
        assert git(tmp_path / "repo.git", here, "log", "-1", "--format=%s", name) == name


def test_git_proxy_command(dante, blob, tmp_path):
    """git:// through core.gitProxy: the server answers after the client's end of stream."""
    here = runner.environment()
    realservers.program("git")
    git(tmp_path, here, "init", "-q", "--bare", "repo.git")
    git(tmp_path, here, "init", "-q", "work")
    (tmp_path / "work" / "file").write_bytes(blob)
    git(tmp_path / "work", here, "add", "file")
    git(tmp_path / "work", here, "commit", "-q", "-m", "first")
    git(tmp_path / "work", here, "push", "-q", "../repo.git", "HEAD:refs/heads/main")

    class Daemon(realservers.Server):
        def argv(self):
            return ["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", "--port=%d" % self.port, "--export-all",
                    "--base-path=%s" % tmp_path, str(tmp_path)]
    d = Daemon(tmp_path / "daemon")
    try:
        wrapper = tmp_path / "gitproxy"
        wrapper.write_text("#!/bin/sh\nexec %s -S %s \"$1\" \"$2\"\n" % (shlex.quote(runner.CONNECT), dante.spec))
        wrapper.chmod(0o755)
        git(tmp_path, here, "-c", "core.gitProxy=%s" % wrapper, "clone", "-q", "-b", "main",
            "git://127.0.0.1:%d/repo.git" % d.port, "c")
        assert (tmp_path / "c" / "file").read_bytes() == blob
    finally:
        d.stop()


def test_rsync(request, sshd, blob, tmp_path):
    realservers.program("rsync")
    src = tmp_path / "src"
    src.write_bytes(blob)
    for name in ("dante-socks5", "dante-socks4", "ssh-D-socks5", "squid", "tinyproxy-basic"):
        r = make_route(request, sshd, name)
        dst = tmp_path / name
        r.run(["rsync", "-a", "-e", "ssh -F %s -p %s -o ProxyCommand='%s'" % (r.config, r.port, r.command),
               str(src), "127.0.0.1:%s" % dst])
        assert dst.read_bytes() == blob, name


def test_hopping(request, sshd, dante):
    """ssh host1 connect host2 port: connect runs on host1, its stdin and stdout are the session's."""
    r = make_route(request, sshd, "dante-socks5")
    p = r.run(r.ssh + ["127.0.0.1", "%s 127.0.0.1 %d" % (shlex.quote(runner.CONNECT), sshd.port)])
    assert p.stdout.startswith(b"SSH-2.0-OpenSSH"), p.stdout


def test_hopping_as_proxy_command(request, sshd):
    """The manual's `ProxyCommand ssh home connect %h %p`, with connect as ProxyCommand of the first hop too."""
    r = make_route(request, sshd, "squid")
    hop = "ssh -F %s -p %s -o 'ProxyCommand=%s' 127.0.0.1 %s -n %%h %%p" % (
        r.config, r.port, r.command.replace("%", "%%"), shlex.quote(runner.CONNECT))
    p = r.run(["ssh", "-F", r.config, "-p", r.port, "-o", "ProxyCommand=" + hop, "127.0.0.1", "echo two hops"])
    assert p.stdout == b"two hops\n"


def test_wrong_password_is_seen_by_the_user(request, sshd):
    for name, fatal in (("dante-userpass", "FATAL: failed to begin relaying via SOCKS."),
                        ("squid-basic", "FATAL: failed to begin relaying via HTTP."),
                        ("tinyproxy-basic", "FATAL: failed to begin relaying via HTTP.")):
        r = make_route(request, sshd, name)
        env = {k: ("wrong" if v == PASSWORD else v) for k, v in r.environment.items()}
        p = subprocess.run(r.ssh + ["127.0.0.1", "echo no"], env=env, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, start_new_session=True)
        assert p.returncode == 255 and p.stdout == b""
        assert fatal in p.stderr.decode(), (name, p.stderr)
        assert "authentication failed" in p.stderr.decode().lower(), (name, p.stderr)
