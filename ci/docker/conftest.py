# SPDX-License-Identifier: ISC
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

import lab as labs

# The order: what the others rest on, what only looks, what breaks things.
ORDER = ("test_network", "test_wire", "test_ssh", "test_transfer", "test_tools", "test_proxyspec", "test_faults", "test_leftovers")


# What has begun in the first module and takes a while.
LATER = {"test_no_neighbour_forwards": "test_wire"}


def pytest_collection_modifyitems(items):
    def place(item):
        module = LATER.get(item.originalname, item.module.__name__)
        return ORDER.index(module) if module in ORDER else len(ORDER)
    items.sort(key=place)


def begin(session, pool, plays):
    """Begin those tests that do not wait for their turn: {name of the test: play(parameter)}, as far as they are to be
    run.  Returns what a test calls for its play's outcome."""
    begun = {i.nodeid: pool.submit(plays[i.originalname], *i.callspec.params.values())
             for i in session.items if i.originalname in plays and not any(m.args[0] for m in i.iter_markers("skipif"))}
    return lambda request: begun[request.node.nodeid].result()


when_interrupted = []       # before the fixtures have their turn, so that everything ends at once


def pytest_keyboard_interrupt():
    for f in when_interrupted:
        f()


@pytest.fixture(scope="session", autouse=True)
def leftovers(request, tmp_path_factory):
    """The tests of test_leftovers.py run beside the others: engines of their own, and containers that nobody else sees."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    import test_leftovers as t
    plays = {"test_containers_and_networks": t.play_containers,
             "test_private_engine": lambda how: t.play_engine(tmp_path_factory.mktemp("engine"), how)}
    pool = ThreadPoolExecutor(2)

    def end():
        pool.shutdown(wait=False, cancel_futures=True)
        t.Run.end_all()
    when_interrupted.append(end)
    yield begin(request.session, pool, plays)
    end()
    pool.shutdown()


def containers(it):
    """Up, then down however the tests end."""
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
    public = labs.must(*lab.exec_argv([
        "sh", "-c", "mkdir -m 700 -p ~/.ssh && ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519 && cat ~/.ssh/id_ed25519.pub",
    ])).encode()
    host = labs.must(*lab.exec_argv([
        "sh", "-c", "mkdir -m 700 -p ~/.ssh && cat >~/.ssh/authorized_keys && cat /etc/ssh/ssh_host_ed25519_key.pub"],
        service="target"), stdin=public).encode()
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
        script = "cat >/tmp/%s && exec proxyspec server --i-may-test-this-host --target-host 192.0.2.11 --target-name spec --baseline /tmp/%s %s"
        return labs.run(*lab.exec_argv(["sh", "-c", script % (which, which, URL[which])], service="spec"),
                        stdin=(labs.HERE / "baseline" / which).read_bytes(), timeout=3 * labs.LIMIT)

    with ThreadPoolExecutor(len(URL)) as pool:
        runs = {which: pool.submit(play, which) for which in URL}
        yield runs
        if not all(r.done() for r in runs.values()):    # interrupted: nobody waits for them
            labs.run("docker", "kill", lab.id["spec"])
