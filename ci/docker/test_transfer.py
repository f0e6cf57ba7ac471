# SPDX-License-Identifier: ISC
"""100 MiB each way through each proxy, bare and by ssh; the sums are made at both ends, and here."""
import hashlib

import pytest

import lab as labs
from lab import METHODS, TARGET4

SIZE = 100 << 20


@pytest.fixture(scope="module")
def sum_of_file():
    """The file of target/serve, made again: the numbers from 10000000 on, a line each."""
    h, n, left = hashlib.sha256(), 10000000, SIZE
    while left:
        d = "".join("%d\n" % i for i in range(n, n + 100000)).encode()[:left]
        h.update(d)
        n, left = n + 100000, left - len(d)
    return h.hexdigest()


@pytest.fixture(scope="module")
def big(lab, sum_of_file):
    """The same file in the client."""
    r = lab.client("sh", "-c", "seq 10000000 30000000 | head -c %d >/tmp/file && sha256sum </tmp/file" % SIZE)
    assert r.out.decode() == sum_of_file + "  -\n", r
    return "/tmp/file"


def command(method, *target):
    words = ["connect", "--no-half-close", *METHODS[method].args, *map(str, target)]
    return " ".join(words)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_from_the_target(lab, sum_of_file, method):
    r = lab.client("bash", "-c", "set -o pipefail; %s </dev/null | sha256sum" % command(method, TARGET4, 70),
                   env=METHODS[method].env)
    assert r == labs.Result(0, (sum_of_file + "  -\n").encode(), "")


@pytest.mark.parametrize("method", sorted(METHODS))
def test_to_the_target(lab, big, sum_of_file, method):
    r = lab.client("sh", "-c", "%s <%s" % (command(method, TARGET4, 71), big), env=METHODS[method].env)
    assert r == labs.Result(0, (sum_of_file + "  -\n").encode(), "")


@pytest.mark.parametrize("method", ["socks5", "http"])
def test_ssh_both_ways(lab, big, sum_of_file, ssh, method):
    r = lab.client("bash", "-c", "set -o pipefail; %s cat /srv/file | sha256sum; %s sha256sum <%s" % (
        ssh(method), ssh(method), big), env=METHODS[method].env)
    assert r == labs.Result(0, 2 * (sum_of_file + "  -\n").encode(), "")
