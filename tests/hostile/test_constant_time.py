# SPDX-License-Identifier: ISC
"""fakeproxy compares names and passwords without an early end: callgrind counts the instructions of the comparison,
built as the program is built, for guesses of one length that are wrong at different places.

Lengths are no secret: the count grows with the longer of the two.
"""
import glob
import os
import re
import shutil
import subprocess

import pytest

import runner

pytestmark = pytest.mark.skipif(not shutil.which("valgrind"), reason="there is no valgrind here")
BUILD = os.path.dirname(os.path.abspath(os.environ.get("FAKEPROXY") or os.path.join(runner.ROOT, "build", "fakeproxy")))


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    out = str(tmp_path_factory.mktemp("same") / "same")
    objects = [o for d in ("fake-proxies", "src/base") for o in glob.glob(os.path.join(BUILD, "obj", d, "*.o")) if not o.endswith("/main.o")]
    assert objects
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-I" + runner.ROOT + "/src/base", "-I" + runner.ROOT + "/fake-proxies", "-o", out,
                    runner.ROOT + "/tests/hostile/same.c", *objects, "-pthread"], check=True)
    return out


def counted(program, function, *words):
    """(answer, instructions executed in the function and what it calls)"""
    p = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=" + function, program, *words],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=True)
    n = int(re.search(rb"Collected : (\d+)", p.stderr).group(1))
    assert n > 20, p.stderr
    return p.stdout.decode().strip(), n


def test_equal_lengths(program):
    secret = "correct horse battery"
    guesses = [secret] + [secret[:i] + "#" + secret[i + 1:] for i in (0, 1, 7, 19, 20)] + ["#" * len(secret)]
    seen = [counted(program, "srv_same", "same", secret, g) for g in guesses]
    assert [a for a, _ in seen] == ["yes"] + ["no"] * 6
    assert len({n for _, n in seen}) == 1, seen


def test_prefixes_are_not_equal(program):
    for a, b in (("secret", "secre"), ("secre", "secret"), ("", "s"), ("s", "")):
        assert counted(program, "srv_same", "same", a, b)[0] == "no", (a, b)
    assert counted(program, "srv_same", "same", "s" * 9, "x" * 9)[1] < counted(program, "srv_same", "same", "s" * 90, "x" * 90)[1]


def test_a_user_that_exists_costs_what_another_costs(program):
    """Neither the name alone, nor the place in the list, nor the password's beginning shows."""
    tries = [("alice", "secret-one", "yes"), ("alice", "secret-onX", "no"), ("alice", "Xecret-one", "no"), ("alicX", "secret-one", "no"),
             ("Xlice", "XXXXXXXXXX", "no"), ("alice", "secret-two", "no")]
    seen = [counted(program, "srv_known", "known", name, password) for name, password, _ in tries]
    assert [a for a, _ in seen] == [want for _, _, want in tries]
    assert len({n for _, n in seen}) == 1, seen
