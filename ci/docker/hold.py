# SPDX-License-Identifier: ISC
"""Not a test by itself: what test_leftovers.py runs, to fail or to be interrupted while a container and a network are up."""
import os
import signal

import pytest

import lab as labs
from conftest import containers


@pytest.fixture(scope="session")
def held():
    yield from containers(labs.Lab(os.environ["HELD"], "hold.yml", ready=False))


def test_failure(held, capsys):
    with capsys.disabled():
        print("UP", len(held.left()), flush=True)
    assert False, "on purpose"


def test_wait(held, capsys):
    with capsys.disabled():
        print("UP", len(held.left()), flush=True)
    while True:
        signal.pause()
