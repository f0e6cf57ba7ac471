# SPDX-License-Identifier: ISC
"""Whose parameter files are believed (D8): each rule by itself, for a user without privileges, with a proxy in the file
that must not be asked when the file is refused.
"""
import os
import shutil

import pytest

import fakes
import runner
from fakes import FakeServer, HELLO

ME, SOMEBODY = 64997, 64998
PASSWORD = "Jt4_lynx-Qm92"


class Place:
    """A program and a home of ME."""

    def __init__(self, tmp_path):
        for p in tmp_path.parents:
            if str(p).startswith("/tmp/"):
                os.chmod(p, p.stat().st_mode | 0o011)
        tmp_path.chmod(0o755)
        self.program = str(tmp_path / "connect")
        shutil.copy(runner.CONNECT, self.program)
        os.chmod(self.program, 0o755)
        self.home = tmp_path / "home"
        self.home.mkdir()
        os.chown(self.home, ME, ME)
        self.rc = self.home / ".connectrc"

    def file(self, text, mode=0o600, owner=ME, path=None):
        path = path or self.rc
        path.write_text(text)
        os.chown(path, owner, owner)
        path.chmod(mode)
        return path

    def run(self, *args, groups=(), **kw):
        return runner.run(*args, "192.0.2.1", "22", env={"HOME": str(self.home)}, command=[self.program], user=ME, group=ME,
                          extra_groups=list(groups), **kw)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def px():
    with FakeServer(fakes.socks5(method=2), strict=False) as p:
        p.text = "SOCKS5_SERVER = bob@%s\nSOCKS5_PASSWORD = %s\n" % (p.spec, PASSWORD)
        yield p


def used(res, px):
    assert (res.rc, res.out) == (0, HELLO), res
    assert PASSWORD.encode() in px.got[0] and PASSWORD not in res.text
    return res


def refused(res, px, *words):
    errors = [x for x in res.lines if x.startswith("ERROR: ")]
    assert res.rc == 2 and res.out == b"" and len(errors) == 1, res
    for w in words:
        assert w in errors[0], (w, res)
    assert px.conns == [] and PASSWORD not in res.text, res


@pytest.mark.parametrize("owner", [ME, 0])
def test_a_file_of_the_user_or_of_root_is_used(place, px, owner):
    place.file(px.text, 0o600 if owner == ME else 0o644, owner)
    res = used(place.run("-s"), px)
    assert (res.text == "") == (owner == ME), res


@pytest.mark.parametrize("owner", [SOMEBODY, ME + 5])
def test_a_file_of_somebody_else_is_refused(place, px, owner):
    place.file(px.text, 0o644, owner)
    refused(place.run("-s"), px, str(place.rc), "belongs to another user (uid %d)" % owner, "chown %d" % ME)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o660, 0o606, 0o622, 0o666, 0o777, 0o620 | 0o1000])
def test_a_file_that_others_can_write_is_refused(place, px, mode):
    place.file(px.text, mode)
    refused(place.run("-s"), px, str(place.rc), "can be written by others", "chmod go-w")


@pytest.mark.parametrize("mode,warned", [(0o600, False), (0o400, False), (0o700, False), (0o640, True), (0o604, True), (0o644, True), (0o440, True)])
def test_a_password_that_others_can_read_is_warned_of(place, px, mode, warned):
    place.file(px.text, mode)
    res = used(place.run("-s"), px)
    assert len(res.lines) == warned, res
    assert not warned or res.text.startswith("WARNING: ") and "chmod go-r %s" % place.rc in res.text, res


def test_the_file_behind_a_link_counts(place, px, tmp_path):
    """Owner and mode are those of what is opened; who may put a link into the home may put a file there, too."""
    real = place.file(px.text, 0o600, ME, tmp_path / "real")
    place.rc.symlink_to(real)
    used(place.run("-s"), px)


@pytest.mark.parametrize("mode,owner,words", [(0o666, ME, "can be written by others"), (0o644, SOMEBODY, "belongs to another user")])
def test_a_link_to_a_file_that_is_refused(place, px, tmp_path, mode, owner, words):
    place.rc.symlink_to(place.file(px.text, mode, owner, tmp_path / "real"))
    os.lchown(place.rc, ME, ME)
    refused(place.run("-s"), px, str(place.rc), words)


def test_links_that_lead_nowhere(place, px):
    """A link to nothing is no file; a circle of links cannot be read."""
    place.rc.symlink_to(place.home / "nothing")
    res = place.run("-S", px.spec)
    assert res.rc == 6 and ".connectrc" not in res.text, res
    place.rc.unlink()
    place.rc.symlink_to(".connectrc")
    before = len(px.conns)
    res = place.run("-s")
    assert res.rc == 2 and str(place.rc) in res.text and len(px.conns) == before, res


def test_what_is_no_regular_file_is_refused_at_once(place, px):
    """A FIFO holds nobody up, with or without a writer, and nothing of it is read."""
    os.mkfifo(place.rc)
    os.chown(place.rc, ME, ME)
    refused(place.run("-s", limit=10), px, "not a regular file")
    fd = os.open(place.rc, os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(fd, px.text.encode())
        refused(place.run("-s", limit=10), px, "not a regular file")
        assert os.read(fd, 1000) == px.text.encode()
    finally:
        os.close(fd)
    place.rc.unlink()
    place.rc.mkdir()
    os.chown(place.rc, ME, ME)
    refused(place.run("-s"), px, "not a regular file")
    place.rc.rmdir()
    place.rc.symlink_to("/dev/zero")
    refused(place.run("-s", limit=10), px, "not a regular file")


def test_a_file_that_cannot_be_read_is_refused(place, px):
    place.file(px.text, 0o000)
    refused(place.run("-s"), px, str(place.rc), "Permission denied")
    place.file(px.text, 0o600, 0)
    refused(place.run("-s"), px, str(place.rc), "Permission denied")


def test_a_file_that_is_too_large_is_refused(place, px):
    place.file(px.text + "#" * (1 << 20))
    refused(place.run("-s"), px, "larger than 1 MiB")
    place.file(px.text + "#" * ((1 << 20) - len(px.text)))
    used(place.run("-s"), px)
