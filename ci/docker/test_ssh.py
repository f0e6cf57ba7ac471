# SPDX-License-Identifier: ISC
"""connect as ssh's ProxyCommand: the command's output, its exit status, and where sshd saw the connection come from."""
import pytest

import lab as labs
from lab import METHODS, PROXIES, TARGET4


@pytest.mark.parametrize("method", sorted(METHODS))
def test_command(lab, ssh, method):
    r = lab.client("sh", "-c", ssh(method) + """ 'echo "$SSH_CONNECTION"; cat; exit 7'""", env=METHODS[method].env,
                   stdin=b"standard input")
    lines = r.out.decode().split("\n")
    assert (r.rc, lines[1:], r.err) == (7, ["standard input"], ""), r
    peer, _, here, port = lines[0].split()
    assert (peer, here, port) == ("198.51.100.%d" % PROXIES[METHODS[method].proxy][0], TARGET4, "22")


def test_ipv6_target(lab, ssh):
    r = lab.client("sh", "-c", ssh("socks5", "six.inside.test") + """ 'echo "$SSH_CONNECTION"'""")
    assert (r.rc, r.err) == (0, "") and r.out.startswith(b"2001:db8:2::21 "), r


def test_failures_reach_the_user(lab, ssh):
    """What connect says is what ssh shows, then ssh's own line."""
    r = lab.client("sh", "-c", ssh("socks5", "nosuch.inside.test") + " true")
    assert (r.rc, r.out) == (255, b"") and r.err.startswith(
        "ERROR: proxy dante:1080 refused: Host unreachable (SOCKS5 reply 4)\nFATAL: failed to begin relaying via SOCKS.\n"), r
    assert r.err.endswith("Connection closed by UNKNOWN port 65535\r\n"), r
    r = lab.client("sh", "-c", ssh("http-basic") + " true", env={"HTTP_PROXY_PASSWORD": "wrong"})
    assert (r.rc, r.out) == (255, b"") and "authentication failed (HTTP status 407" in r.err and "wrong" not in r.err, r
