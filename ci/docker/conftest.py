# SPDX-License-Identifier: ISC
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

import lab as labs

# The order: what the others rest on, what only looks, what breaks things.
ORDER = ("test_network", "test_wire", "test_ssh", "test_transfer", "test_tools", "test_proxyspec", "test_faults", "test_leftovers")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda i: ORDER.index(i.module.__name__) if i.module.__name__ in ORDER else len(ORDER))


def containers(it):
    """Up, then down however the tests end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        try:
            it.up()
        except labs.Trouble as e:
            pytest.exit("the containers do not come up: %s" % e, 1)
        yield it
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        it.down()
    assert it.left() == []


@pytest.fixture(scope="session")
def lab():
    yield from containers(labs.Lab("connect-ci-%d" % os.getpid()))


@pytest.fixture(scope="session")
def ssh(lab):
    """ssh(method, host): the beginning of an ssh command that goes to the target by way of the method's proxy."""
    labs.must(*lab.exec_argv(["sh", "-c", "mkdir -m 700 -p ~/.ssh && ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519"]))
    public = labs.must(*lab.exec_argv(["sh", "-c", "cat ~/.ssh/id_ed25519.pub"])).encode()
    host = labs.must(*lab.exec_argv(["cat", "/etc/ssh/ssh_host_ed25519_key.pub"], service="target")).encode()
    labs.must(*lab.exec_argv(["sh", "-c", "mkdir -m 700 -p ~/.ssh && cat >~/.ssh/authorized_keys"], service="target"),
              stdin=public)
    labs.must(*lab.exec_argv(["sh", "-c", "cat >~/.ssh/known_hosts"]), stdin=b"* " + host)

    def command(method, host=None):
        host = host or (labs.TARGET4 if method == "socks4" else "four.inside.test")
        return "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ProxyCommand='connect %s %%h %%p' %s" % (
            " ".join(labs.METHODS[method].args), host)
    return command


@pytest.fixture(scope="session")
def spec_runs(lab):
    """proxyspec against all proxies, while other tests run."""
    from test_proxyspec import URL

    def play(which):
        script = "cat >/tmp/%s && exec proxyspec server --i-may-test-this-host --target-host 192.0.2.11 --baseline /tmp/%s %s"
        return labs.run(*lab.exec_argv(["sh", "-c", script % (which, which, URL[which])], service="spec"),
                        stdin=(labs.HERE / "baseline" / which).read_bytes(), timeout=3 * labs.LIMIT)

    with ThreadPoolExecutor(len(URL)) as pool:
        yield {which: pool.submit(play, which) for which in URL}
