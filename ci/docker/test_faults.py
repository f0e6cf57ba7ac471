# SPDX-License-Identifier: ISC
"""The proxies go away in the middle of sessions, come back, or are cut off from one of their networks.

Dante and Squid at once, to wait once.  Every wait is for an event; only -w and --idle-timeout are times, since a
machine that is cut off gives no sign.
"""
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

import lab as labs
from lab import METHODS, PROXIES, TARGET4

BOTH = ("socks5", "http")
ECHO = "7"
SAID = {"socks5": "SOCKS", "http": "HTTP"}


def proxy_of(method):
    return METHODS[method].proxy


def spec(method):
    return "%s:%d" % (proxy_of(method), PROXIES[proxy_of(method)][1])


def by_address(method):
    end, port = PROXIES[proxy_of(method)]
    return "192.0.2.%d:%d" % (end, port)


def at_once(f):
    """{method: f(method)}"""
    with ThreadPoolExecutor(len(BOTH)) as pool:
        return dict(zip(BOTH, pool.map(f, BOTH)))


def together(*parts):
    """Call them all at once."""
    with ThreadPoolExecutor(len(parts)) as pool:
        for done in [pool.submit(p) for p in parts]:
            done.result()


def echo_session(lab, method, *more):
    s = labs.Session(lab, ["connect", "-d", *more, *METHODS[method].args, "four.inside.test", ECHO])
    s.send(b"one\n")
    assert s.get(4) == b"one\n", s.err
    return s


def hello(lab, method):
    return lab.connect(method, "four.inside.test", 13, stdin=b"hello\n", more=["--no-half-close"])


def nobody_there(lab):
    """Without -w it would be "No route to host" when the kernel gives up; how soon depends on its neighbour cache."""
    found = at_once(lambda m: lab.client("connect", "-w", "1", METHODS[m].args[0], by_address(m), "four.inside.test", "13"))
    for m, r in found.items():
        assert r == labs.Result(8, b"", "ERROR: proxy %s: cannot connect to %s: timed out\n"
                                "FATAL: Unable to connect to relay host, errno=110\n" % (by_address(m), by_address(m)))


def no_error(s):
    return not [line for line in s.err.splitlines() if not line.startswith("DEBUG: ")]


def last(s):
    return [line for line in s.err.splitlines() if not line.startswith("DEBUG: ")]


@pytest.fixture
def mended(lab):
    """Afterwards the proxies are started again, and serve."""
    yield
    at_once(lambda m: lab.mend(proxy_of(m)))
    for m, r in at_once(lambda m: hello(lab, m)).items():
        assert r == labs.Result(0, b"hello from 198.51.100.%d\n" % PROXIES[proxy_of(m)][0], ""), m


def test_stopped_in_mid_session_and_started_again(lab, mended):
    """The session ends by the proxy's FIN, which is no error; nobody is there for the next one."""
    with ExitStack() as stack:
        s = {m: stack.enter_context(echo_session(lab, m)) for m in BOTH}
        at_once(lambda m: labs.must("docker", "stop", "-t", "0", lab.id[proxy_of(m)]))
        for m in BOTH:
            s[m].until_said("DEBUG: connection closed by peer\n")
            r = s[m].end()
            assert (r.rc, r.out) == (0, b"") and no_error(r), r

    def name_gone():
        for m, r in at_once(lambda m: hello(lab, m)).items():
            assert r == labs.Result(3, b"", "ERROR: cannot resolve proxy %s: Name or service not known\n"
                                    "FATAL: Unable to connect to relay host\n" % spec(m))
    together(name_gone, lambda: nobody_there(lab))

    at_once(lambda m: lab.start(proxy_of(m)))
    for m, r in at_once(lambda m: hello(lab, m)).items():
        assert r == labs.Result(0, b"hello from 198.51.100.%d\n" % PROXIES[proxy_of(m)][0], ""), m


def test_ssh_session_when_the_proxy_stops(lab, ssh, mended):
    with ExitStack() as stack:
        s = {m: stack.enter_context(labs.Session(lab, ["sh", "-c", ssh(m) + " cat"])) for m in BOTH}
        for m in BOTH:
            s[m].send(b"one\n")
            assert s[m].get(4) == b"one\n", s[m].err
        at_once(lambda m: labs.must("docker", "kill", lab.id[proxy_of(m)]))
        for m in BOTH:
            assert s[m].p.wait(labs.LIMIT) == 255, s[m].err


NO_ANSWER = {
    "socks5": "ERROR: timed out: proxy dante:1080 did not send the SOCKS5 method selection in time\n",
    "http": "ERROR: timed out: proxy squid:3128 did not send the HTTP status line in time\n",
}


def test_frozen(lab, mended):
    """The kernel still accepts for the proxy, but it does not answer: a deadline ends that.  Who waits is served."""
    at_once(lambda m: labs.must("docker", "pause", lab.id[proxy_of(m)]))
    with ExitStack() as stack:
        s = {m: stack.enter_context(labs.Session(lab, [
            "connect", "-d", "--no-half-close", *METHODS[m].args, "four.inside.test", "13"])) for m in BOTH}
        for m, r in at_once(lambda m: lab.connect(m, "four.inside.test", 13, more=["-w", "1"])).items():
            assert r == labs.Result(8, b"", NO_ANSWER[m] + "FATAL: failed to begin relaying via %s.\n" % SAID[m])
        for m in BOTH:
            s[m].send(b"hello\n")
        at_once(lambda m: labs.must("docker", "unpause", lab.id[proxy_of(m)]))
        for m in BOTH:
            r = s[m].end()
            assert (r.rc, r.out) == (0, b"hello from 198.51.100.%d\n" % PROXIES[proxy_of(m)][0]) and no_error(r), r


UNREACHABLE = {
    "socks5": "ERROR: proxy dante:1080 refused: Network unreachable (SOCKS5 reply 3)\n",
    "http": "ERROR: proxy squid:3128 refused: the tunnel was not opened (HTTP status 503 Service Unavailable)\n",
}
IDLE = "ERROR: the session with proxy %s was idle for 1 s"


def cut_off(lab, network, meanwhile):
    """Sessions over a cut: one that waits no longer than told, and one that waits, and loses nothing."""
    with ExitStack() as stack:
        patient = {m: stack.enter_context(s) for m, s in at_once(lambda m: echo_session(lab, m)).items()}
        hasty = {m: stack.enter_context(s)
                 for m, s in at_once(lambda m: echo_session(lab, m, "--idle-timeout", "1")).items()}
        at_once(lambda m: lab.disconnect(proxy_of(m), network))

        def waits_no_longer():
            for m in BOTH:
                assert hasty[m].p.wait(labs.LIMIT) == 8
                r = hasty[m].end()
                assert r.out == b"" and last(r) == [IDLE % spec(m)], r
        for m in BOTH:
            patient[m].send(b"two\n")
        together(waits_no_longer, meanwhile)
        at_once(lambda m: lab.reconnect(proxy_of(m), network))
        for m in BOTH:
            assert patient[m].get(4) == b"two\n", patient[m].err
            r = patient[m].end()
            assert (r.rc, r.out) == (0, b"") and no_error(r), r


def test_cut_off_from_the_target(lab, mended):
    def meanwhile():
        for m, r in at_once(lambda m: lab.connect(m, TARGET4, 13)).items():
            assert r == labs.Result(7, b"", UNREACHABLE[m] + "FATAL: failed to begin relaying via %s.\n" % SAID[m])
    cut_off(lab, "inside", meanwhile)


def test_cut_off_from_the_client(lab, mended):
    def meanwhile():
        nobody_there(lab)
    cut_off(lab, "outside", meanwhile)
