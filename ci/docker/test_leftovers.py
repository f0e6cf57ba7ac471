# SPDX-License-Identifier: ISC
"""Nothing stays, however a run ends: neither containers and networks, nor a private engine's processes, mounts,
namespaces, control groups and files."""
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import threading

import pytest

import lab as labs

TOP = labs.HERE.parent.parent


class Run:
    """A program in a session of its own; its output is read up to a word.  It is told to end when these tests end."""
    live = []
    lock = threading.Lock()

    def __init__(self, argv, env):
        with self.lock:
            if self.live is None:
                raise labs.Trouble("the tests are ending")
            self.p = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *map(str, argv)], cwd=TOP, env=env,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      start_new_session=True)
            self.live.append(self.p)
        self.said = b""

    @classmethod
    def end_all(cls):
        with cls.lock:
            for p in cls.live or ():
                p.send_signal(signal.SIGTERM)
            cls.live = None

    def until(self, word):
        while word not in self.said:
            line = self.p.stdout.readline()
            assert line, self.said.decode(errors="replace")
            self.said += line
        return line

    def end(self):
        """To the end of its output, which is the end of every process that could write there."""
        try:
            self.said += self.p.communicate(timeout=labs.LIMIT)[0]
        except subprocess.TimeoutExpired:
            self.p.kill()
            raise
        return self.p.returncode


def play_containers(how):
    project = "connect-ci-held-" + how.lower()
    env = dict(os.environ, PYTHONPATH=str(labs.HERE), HELD=project)
    case = "test_failure" if how == "failure" else "test_wait"
    r = Run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "%s/hold.py::%s" % (labs.HERE, case)], env)
    assert r.until(b"UP").split()[-1] == b"2"       # a container and a network
    if how != "failure":
        r.p.send_signal(getattr(signal, how))
    assert r.end() != 0
    if how == "failure":
        assert b"1 failed" in r.said, r.said
    assert labs.Lab(project, "hold.yml").left() == []


@pytest.mark.parametrize("how", ["failure", "SIGINT", "SIGTERM"])
def test_containers_and_networks(leftovers, request, how):
    leftovers(request)


# A private engine, whatever engine the other tests have: with images of its own, in a folder of its own.
BUSY = """set -e
tar -c -C / bin/busybox | docker import - held >/dev/null
docker network create --internal held >/dev/null
docker run -d --network held held /bin/busybox sleep 1000 >/dev/null
echo "UP $(docker ps -q | wc -l)"
%s
"""


def processes(build):
    """{process: its command}, of those that name a folder."""
    found = {}
    for p in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if str(build).encode() in (p / "environ").read_bytes() + (p / "cmdline").read_bytes():
                found[int(p.name)] = (p / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            pass
    return found


def state(build):
    """What a run could leave: mounts, and processes."""
    return [line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if str(build) in line] + [
        *processes(build).values()]


def until_ended(pids):
    """The kernel ends them, but not at once."""
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        with os.fdopen(fd):
            assert select.select([fd], [], [], labs.LIMIT)[0], "process %d stays" % pid


def of_engine(pid):
    return ([str(p) for p in pathlib.Path("/tmp").glob("connect-docker.%d.*" % pid)] +
            [d for d, _, _ in os.walk("/sys/fs/cgroup") if "/connect-docker.%d." % pid in d])


def play_engine(build, how):
    env = dict(os.environ, BUILD=str(build), DOCKER_HOST="unix:///nonexistent")
    last = {"success": "exit 0", "failure": "exit 5", "SIGKILL": "sleep 1000"}.get(how, "exec sleep 1000")
    before = set(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else set()
    r = Run([labs.HERE / "engine", "run", "sh", "-c", BUSY % last], env)
    assert r.until(b"UP") == b"UP 1\n"
    there = processes(build)
    assert how in ("success", "failure") or (there and of_engine(r.p.pid))      # this test can see them
    if how.startswith("SIG"):
        r.p.send_signal(getattr(signal, how))
    rc = r.end()
    assert rc == {"success": 0, "failure": 5, "SIGINT": 130, "SIGTERM": 143, "SIGKILL": -9}[how], r.said
    if how == "SIGKILL":    # no process stays; files are taken away by the next one
        until_ended(there)
        assert state(build) == []
        assert Run([labs.HERE / "engine", "run", "true"], env).end() == 0
    assert state(build) == [] and of_engine(r.p.pid) == []
    assert (set(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else set()) <= before


@pytest.mark.skipif(os.geteuid() != 0 or not os.access("/bin/busybox", os.X_OK) or
                    not all(map(shutil.which, ("docker", "dockerd", "unshare", "tini", "ip"))),
                    reason="a private engine takes root and packages-engine.txt")
@pytest.mark.parametrize("how", ["success", "failure", "SIGINT", "SIGTERM", "SIGKILL"])
def test_private_engine(leftovers, request, how):
    leftovers(request)
