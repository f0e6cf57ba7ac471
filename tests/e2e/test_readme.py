# SPDX-License-Identifier: ISC
"""The ssh_config blocks of README.md, each really used: names of the examples become servers of the tests."""
import os
import pathlib
import re
import subprocess

import pytest

import realservers
import runner

README = pathlib.Path(runner.ROOT, "README.md").read_text()
BLOCKS = re.findall(r"^```ssh_config\n(.*?)^```", README, re.M | re.S)


@pytest.fixture
def telnet_gateway(tmp_path):
    """fakeproxy as a telnet gateway that takes `connect HOST PORT`."""
    fake = os.environ.get("FAKEPROXY") or os.path.join(runner.ROOT, "build", "fakeproxy")
    p = subprocess.Popen([fake, "-o", "dialect=fwtk", "telnet"], stdout=subprocess.PIPE, text=True)
    word, host, port = p.stdout.readline().split()
    assert word == "listening"
    yield "%s:%s" % (host, port)
    p.terminate()
    p.wait()
    p.stdout.close()


@pytest.fixture
def use(tmp_path, sshd):
    """use(block, host, changes, env): run `echo ok` over the block's ProxyCommand."""
    bindir = tmp_path / "bin"
    bindir.mkdir()
    (bindir / "connect").symlink_to(runner.CONNECT)

    def run(block, host, changes=(), env=None):
        for old, new in changes:
            assert old in block, "%r is not in the block" % old
            block = block.replace(old, new)
        config = tmp_path / "config"
        config.write_text(block + "\nHost *\n  HostName 127.0.0.1\n  Port %d\n" % sshd.port
                          + pathlib.Path(sshd.config).read_text())
        e = runner.environment(env)
        e["PATH"] = "%s:%s" % (bindir, e["PATH"])
        p = subprocess.run(["ssh", "-F", str(config), host, "echo ok"], env=e, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, start_new_session=True)
        assert (p.returncode, p.stdout) == (0, b"ok\n"), p.stderr.decode()
    run.config = str(tmp_path / "config")
    run.bin = str(bindir)
    return run


def test_number_of_blocks():
    assert len(BLOCKS) == 6, "a test for each block of README.md"


def test_socks(use, dante):
    use(BLOCKS[0], "remote.example", [("socks.local.example", dante.spec)])
    use(BLOCKS[0], "x.local.example", [("socks.local.example", "127.0.0.1:1")])     # inside: not asked


def test_http_with_user(use, squid_basic):
    use(BLOCKS[1], "remote.example", [("user@proxy.local.example:8080", "alice@" + squid_basic.spec)],
        {"HTTP_PROXY_PASSWORD": realservers.PASSWORD})


def test_telnet(use, telnet_gateway):
    use(BLOCKS[2], "remote.example", [("gateway.local.example", telnet_gateway)])


def test_over_a_host_of_your_own(use, squid, sshd):
    changes = [("proxy.local.example:8080", squid.spec), ("443", str(sshd.port)),
               ("ssh home.example connect", "ssh -F %s home.example %s/connect" % (use.config, use.bin))]
    use(BLOCKS[3], "home.example", changes)
    use(BLOCKS[3], "server.example", changes)


def test_descriptor_passing(use, dante):
    use(BLOCKS[4], "remote.example", [("socks.local.example", dante.spec)])


def test_parameter_file(use, dante, tmp_path):
    rc = tmp_path / ".connectrc"
    rc.write_text("SOCKS5_SERVER = %s\nCONNECT_DIRECT = *.local.example, 10.0.0.0/8\n" % dante.spec)
    rc.chmod(0o600)
    use(BLOCKS[5], "remote.example", env={"HOME": str(tmp_path)})
