# SPDX-License-Identifier: ISC
"""Fixtures of the end-to-end tests of connect.  See fakes.py, realservers.py, runner.py, jail.py."""
import os
import pathlib
import shutil
import signal
import sys
import tempfile

import pytest

# A test run in the background may have these ignored, which every program under test would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import dnsfake          # noqa: E402
import jail as jailmod  # noqa: E402
import realservers      # noqa: E402
import runner           # noqa: E402
import stage as stagemod  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes minutes or gigabytes; run with -m slow")


def pytest_collection_modifyitems(config, items):
    """Slow tests run only when a -m expression asks for them."""
    if not config.option.markexpr:
        slow = [i for i in items if i.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [i for i in items if i not in slow]


@pytest.fixture(scope="session", autouse=True)
def preconditions():
    assert os.access(runner.CONNECT, os.X_OK), "%s is not built (CONNECT names another)" % runner.CONNECT
    assert os.geteuid() == 0, "the end-to-end tests need root (chroot, real servers)"
    assert not os.path.exists("/etc/connectrc"), "/etc/connectrc exists: every test would read it"


def _server(cls, name, *args):
    @pytest.fixture(scope="session", name=name)
    def f(request):
        more = [request.getfixturevalue(a) for a in args]
        # not below pytest's folder, which every pytest of this user closes to others when it starts
        work = tempfile.mkdtemp(prefix="e2e-%s-" % name)
        s = cls(work, *more)
        yield s
        s.stop()
        shutil.rmtree(work)
    return f


dante = _server(realservers.Dante, "dante")
dante_userpass = _server(realservers.DanteUserPass, "dante_userpass")
dante_pam = _server(realservers.DantePam, "dante_pam")
squid = _server(realservers.Squid, "squid")
squid_basic = _server(realservers.SquidBasic, "squid_basic")
tinyproxy = _server(realservers.Tinyproxy, "tinyproxy")
tinyproxy_basic = _server(realservers.TinyproxyBasic, "tinyproxy_basic")
microsocks = _server(realservers.Microsocks, "microsocks")
microsocks_userpass = _server(realservers.MicrosocksUserPass, "microsocks_userpass")
apache = _server(realservers.Apache, "apache")
apache_basic = _server(realservers.ApacheBasic, "apache_basic")
sshd = _server(realservers.Sshd, "sshd")
ssh_d = _server(realservers.SshD, "ssh_d", "sshd")

# The names that the recorded traces and the tests of resolution know.
ZONE = {
    "target.test": ["192.0.2.10"],
    "v6only.test": ["2001:db8::10"],
    "both.test": ["192.0.2.10", "2001:db8::10"],
    "local4.test": ["127.0.0.1"],
    "local6.test": ["::1"],
    "local46.test": ["127.0.0.1", "::1"],
    "two.test": ["127.66.66.66", "127.0.0.1"],      # nothing listens on the first
    "silent.test": None,
}


@pytest.fixture(scope="session")
def dns():
    """The name server of the jail, on port 53 of a loopback address of its own."""
    import random
    for _ in range(50):
        host = "127.%d.%d.%d" % (random.randint(2, 250), random.randint(0, 250), random.randint(2, 250))
        try:
            d = dnsfake.FakeDNS(ZONE, host, 53)
            break
        except OSError as e:
            error = e
    else:
        pytest.fail("no loopback address with a free port 53: %s" % error)
    yield d
    d.stop()


@pytest.fixture(scope="session")
def shared_jail(tmp_path_factory, dns):
    root = tmp_path_factory.mktemp("jail")
    j = jailmod.Jail(root)
    j.write("etc/resolv.conf", "nameserver %s\noptions attempts:1 timeout:2\n" % dns.host)
    return j


@pytest.fixture
def jail(shared_jail, dns):
    """An empty home, no /etc/connectrc, and the queries of the name server so far forgotten."""
    for f in ("etc/connectrc", "root/.connectrc"):
        try:
            os.unlink(shared_jail.path(f))
        except FileNotFoundError:
            pass
    del dns.queries[:]
    return shared_jail


@pytest.fixture
def home(tmp_path):
    """A home directory; home.write_text-like helper rc(text)."""
    class Home:
        path = tmp_path / "home"

        def rc(self, text, mode=0o600):
            p = self.path / ".connectrc"
            p.write_bytes(text if isinstance(text, bytes) else text.encode())
            p.chmod(mode)
            return p
    h = Home()
    h.path.mkdir()
    h.env = {"HOME": str(h.path)}
    return h


@pytest.fixture(scope="module")
def whole_stage():
    work = tempfile.mkdtemp(prefix="stage-")        # short: the name of ssh's control socket must fit into 108 octets
    os.chmod(work, 0o755)
    s = stagemod.Stage(work)
    try:
        for host in ("remote.outside.net", "inside.local.net", "server", "host1", "mail-server"):
            s.sshd(host)
        s.sshd("home", 443)
        s.dante()
        s.squid()
        yield s
    finally:
        s.close()
        shutil.rmtree(work)


@pytest.fixture
def stage(whole_stage):
    """The stage with an empty home; what a test starts is ended after it."""
    whole_stage.forget()
    before = {p.name for p in whole_stage.running}
    yield whole_stage
    started = [p for p in whole_stage.running if p.name not in before]
    if started:
        whole_stage.stop(*started)
