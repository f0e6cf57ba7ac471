# SPDX-License-Identifier: ISC
"""The client reaches the target through a proxy and in no other way: without this the other tests prove nothing."""
import subprocess

import pytest

import lab as labs
from lab import METHODS, PROXIES, TARGET4, TARGET6

SHOWN = {TARGET4: TARGET4, TARGET6: "[%s]" % TARGET6}


@pytest.fixture(scope="session")
def detour(lab):
    """A neighbour of the client's with the right to set routes tries every other machine of its network as router."""
    script = """try() {
	for via in "$@"; do
		ip route replace "$net" via "$via" || exit 1
		if connect -w 1 "$target" 22 </dev/null; then echo "reached through $via"; else echo "$via $?"; fi
	done
}
net=198.51.100.0/24 target=198.51.100.10
try 192.0.2.1 192.0.2.21 192.0.2.22 192.0.2.31 192.0.2.32 &
net=2001:db8:2::/64 target=2001:db8:2::10
try 2001:db8:1::1 2001:db8:1::21 2001:db8:1::22 2001:db8:1::31 2001:db8:1::32
wait
"""
    p = subprocess.Popen(["docker", "run", "--rm", "--label", "com.docker.compose.project=" + lab.project, "--cap-add",
                          "NET_ADMIN", "--network", lab.project + "_outside", "connect-ci-client", "sh", "-c", script],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    yield p
    p.communicate(timeout=labs.LIMIT)


@pytest.mark.parametrize("address", [TARGET4, TARGET6])
def test_no_direct_connection(lab, detour, spec_runs, address):
    r = lab.client("connect", "-n", address, "22")
    assert r == labs.Result(4, b"", "ERROR: target %s:22: cannot connect to %s:22: Network is unreachable\n"
                            "FATAL: Unable to connect to destination host, errno=101\n" % (SHOWN[address], SHOWN[address]))


@pytest.mark.parametrize("name", ["target.inside.test", "target"])
def test_the_name_is_unknown_outside(lab, name):
    r = lab.client("connect", "-n", name, "22")
    assert r == labs.Result(3, b"", "ERROR: cannot resolve target %s:22: Name or service not known\n"
                            "FATAL: Unable to connect to destination host\n" % name)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_local_resolution_cannot_help(lab, method):
    r = lab.connect(method, "target.inside.test", 22, more=["-R", "local"])
    assert r == labs.Result(3, b"", "ERROR: cannot resolve target target.inside.test: Name or service not known\n"
                            "FATAL: failed to begin relaying via %s.\n" % ("HTTP" if "http" in method else "SOCKS"))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_the_same_target_through_the_proxy(lab, method):
    """The other half of the proof; SOCKS4 with the address, since Dante has no 4a."""
    r = lab.connect(method, TARGET4 if method == "socks4" else "target.inside.test", 13, stdin=b"through\n",
                    more=["--no-half-close"])
    assert (r.rc, r.err) == (0, "") and r.out.startswith(b"through from "), r


@pytest.mark.parametrize("proxy", sorted(PROXIES))
@pytest.mark.parametrize("family", [4, 6])
def test_the_proxy_over_both_protocols(lab, proxy, family):
    """connect is given the proxy's address instead of its name."""
    end, port = PROXIES[proxy]
    method = [m for m in sorted(METHODS) if METHODS[m].proxy == proxy][-1]
    spec = ("192.0.2.%d:%d" if family == 4 else "[2001:db8:1::%d]:%d") % (end, port)
    *args, given = METHODS[method].args
    args.append("alice@" + spec if "@" in given else spec)
    r = lab.client("connect", "--no-half-close", *args, "four.inside.test", "13", stdin=b"hello\n", env=METHODS[method].env)
    assert r == labs.Result(0, b"hello from 198.51.100.%d\n" % end, "")


def test_no_neighbour_forwards(detour):
    out, err = detour.communicate(timeout=labs.LIMIT)
    tried = sorted(out.decode().split("\n")[:-1])
    assert len(tried) == 10 and not [t for t in tried if t.split()[1] not in ("4", "8")], (out, err)
