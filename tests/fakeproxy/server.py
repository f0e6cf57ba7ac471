# SPDX-License-Identifier: ISC
"""One running fakeproxy.  FAKEPROXY names the binary (default build/fakeproxy)."""
import ctypes
import os
import pathlib
import selectors
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.path.abspath(os.path.join(ROOT, os.environ.get("FAKEPROXY", "build/fakeproxy")))
PR_SET_PDEATHSIG = 1
SEEDED = os.environ.get("FAKEPROXY_SEED_BUG", "")     # name:role, set by detects.py alone
_libc = ctypes.CDLL(None)
SANITIZER = (b"AddressSanitizer", b"LeakSanitizer", b"runtime error:", b"MemorySanitizer")


def die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def lines_of(fd, count, deadline, alive):
    """Read count lines from a descriptor within the deadline, octet by octet."""
    lines, line, end = [], b"", time.monotonic() + deadline
    with selectors.DefaultSelector() as sel:
        sel.register(fd, selectors.EVENT_READ)
        while len(lines) < count:
            left = end - time.monotonic()
            assert left > 0, f"no line on stdout within {deadline} s (so far {lines!r} and {line!r})"
            if not sel.select(left):
                continue
            c = os.read(fd, 1)
            assert c, f"stdout ended after {lines!r} and {line!r}; {alive()}"
            line += c
            if c == b"\n":
                lines.append(line[:-1].decode())
                line = b""
    return lines


class Fake:
    """Fake("socks5", "-o", "method=none") starts the server and waits for its listening lines."""

    ROLES = ("socks4", "socks5", "socks", "http", "telnet", "pass")

    def __init__(self, *args, roles=None, env=None, stdout=None, cwd=None, limits=None):
        self.args = [str(a) for a in args]
        self.roles = roles if roles is not None else [a for a in self.args if a in self.ROLES]
        self.err = tempfile.TemporaryFile()
        self.stopped = False
        self.seeded = SEEDED and self._seed(*SEEDED.split(":"))

        def before_exec():
            die_with_parent()
            if limits:
                limits()

        full_env = dict(os.environ, **(env or {}))
        full_env.setdefault("ASAN_OPTIONS", "detect_leaks=1:exitcode=99:quarantine_size_mb=1:thread_local_quarantine_size_kb=64")
        self.proc = subprocess.Popen([BINARY, *self.args], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE if stdout is None else stdout, stderr=self.err,
                                     env=full_env, cwd=cwd, preexec_fn=before_exec)
        self.pid = self.proc.pid
        self.ports, self.listening = [], []
        if stdout is None:
            try:
                self.listening = lines_of(self.proc.stdout.fileno(), len(self.roles), 20, self._state)
                for line in self.listening:
                    word = line.split()
                    assert word[0] == "listening" and len(word) == 3, self.listening
                    self.ports.append(int(word[2]))
            except BaseException:
                self.kill()
                raise
        self.port = self.ports[0] if self.ports else None

    def _seed(self, name, role):
        """Is it a server that can have this bug?  Then it gets it."""
        has = role not in self.ROLES or role in self.roles or ("socks" in self.roles and role.startswith("socks"))
        if has:
            self.args = ["--bug", name, *self.args]
        return has

    def _state(self):
        try:
            self.proc.wait(2)
        except subprocess.TimeoutExpired:
            return "still running"
        return f"exit status {self.proc.returncode}, stderr {self.stderr()!r}"

    def stderr(self):
        self.err.seek(0)
        return self.err.read().decode("utf-8", "backslashreplace")

    def rest(self):
        """What else came on stdout (the log), once the program has ended."""
        return self.proc.stdout.read()

    def wait(self, deadline=20):
        try:
            status = self.proc.wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"fakeproxy {' '.join(self.args)} is still running after {deadline} s") from None
        self.stopped = True
        self._sanitized()
        return status

    def stop(self):
        """SIGTERM; returns the exit status."""
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
        if self.proc.stdout:
            self.proc.stdout.close()
        self.err.close()
        self.stopped = True

    def _sanitized(self):
        text = self.stderr().encode()
        assert not any(s in text for s in SANITIZER), text.decode("utf-8", "replace")

    def finish(self, want=0):
        """End of a test: the server must still be there (or have been stopped by the test) and end cleanly."""
        try:
            if not self.stopped:
                assert self.proc.poll() is None, f"fakeproxy died: {self._state()}"
                status = self.stop()
                assert status == want or (self.seeded and status == 4), f"exit status {status}, stderr {self.stderr()!r}"
        finally:
            self.kill()


def run(*args, env=None, deadline=20, stdin=subprocess.DEVNULL):
    """Run to its end: (status, stdout, stderr)."""
    done = subprocess.run([BINARY, *[str(a) for a in args]], stdin=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=deadline, env=dict(os.environ, **(env or {})),
                          preexec_fn=die_with_parent)
    assert not any(s in done.stderr for s in SANITIZER), done.stderr.decode("utf-8", "replace")
    return done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "backslashreplace")
