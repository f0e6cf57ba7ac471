# SPDX-License-Identifier: ISC
"""100 MiB each way through each proxy, bare and by ssh; the sums are made at both ends, and here.  They are all begun
together, so each proxy has several sessions at once."""
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

import lab as labs
from conftest import begin
from lab import METHODS, TARGET4

SIZE = 100 << 20
AT_ONCE = 4


def sum_of_file():
    """The file of target/serve, made again: the numbers from 10000000 on, a line each."""
    h, n, left = hashlib.sha256(), 10000000, SIZE
    while left:
        d = "".join("%d\n" % i for i in range(n, n + 100000)).encode()[:left]
        h.update(d)
        n, left = n + 100000, left - len(d)
    return h.hexdigest()


@pytest.fixture(scope="module")
def outcome(request, lab, ssh):
    def command(method, *target):
        return " ".join(["connect", "--no-half-close", *METHODS[method].args, *map(str, target)])

    def from_the_target(method):
        r = lab.client("bash", "-c", "set -o pipefail; %s </dev/null | sha256sum" % command(method, TARGET4, 70),
                       env=METHODS[method].env)
        assert r == labs.Result(0, wanted, "")

    def to_the_target(method):
        r = lab.client("sh", "-c", "%s </tmp/file" % command(method, TARGET4, 71), env=METHODS[method].env)
        assert r == labs.Result(0, wanted, "")

    def ssh_both_ways(method):
        r = lab.client("bash", "-c", "set -o pipefail; %s cat /srv/file | sha256sum; %s sha256sum </tmp/file" % (
            ssh(method), ssh(method)), env=METHODS[method].env)
        assert r == labs.Result(0, 2 * wanted, "")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = pool.submit(lab.client, "sh", "-c", "seq 10000000 30000000 | head -c %d >/tmp/file && sha256sum </tmp/file" % SIZE)
        wanted = sum_of_file().encode() + b"  -\n"
        assert made.result() == labs.Result(0, wanted, "")
        yield begin(request.session, pool, {"test_from_the_target": from_the_target, "test_to_the_target": to_the_target,
                                            "test_ssh_both_ways": ssh_both_ways})
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("method", ["socks5", "http"])
def test_ssh_both_ways(outcome, request, method):
    outcome(request)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_from_the_target(outcome, request, method):
    outcome(request)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_to_the_target(outcome, request, method):
    outcome(request)
