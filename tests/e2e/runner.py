# SPDX-License-Identifier: ISC
"""Running the program under test: a clean environment, no terminal, a home of its own.

CONNECT in the environment overrides the program (default build/connect of this tree).
"""
import os
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONNECT = os.path.abspath(os.environ.get("CONNECT") or os.path.join(ROOT, "build", "connect"))
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LIMIT = 90

_home = tempfile.TemporaryDirectory(prefix="e2e-home-")
HOME = _home.name


def sanitized(program=None):
    """It makes calls, and takes memory, of its own: by gcc's libraries or with clang's linked into it."""
    with open(program or CONNECT, "rb") as f:
        image = f.read()
    return b"__asan_init" in image or b"__msan_init" in image


def environment(env=None):
    e = {"PATH": PATH, "HOME": HOME, "LC_ALL": "C"}
    for k in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "GCOV_PREFIX", "LLVM_PROFILE_FILE"):
        if k in os.environ:
            e[k] = os.environ[k]
    for k, v in (env or {}).items():
        if v is None:
            e.pop(k, None)
        else:
            e[k] = v
    return e


class Result:
    def __init__(self, argv, rc, out, err, wall):
        self.argv, self.rc, self.out, self.err, self.wall = argv, rc, out, err, wall

    @property
    def text(self):
        return self.err.decode("utf-8", "backslashreplace")

    @property
    def lines(self):
        return self.text.splitlines()

    def __repr__(self):
        return "<%s\n rc=%s wall=%.2f\n stdout=%r\n stderr=\n%s>" % (
            " ".join(map(repr, self.argv)), self.rc, self.wall, self.out[:400], self.text)


class Running:
    """A connect that runs; always ended by leaving the with block."""

    def __init__(self, *args, env=None, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE, argv0=None, command=None, **kw):
        self.argv = list(command or [CONNECT]) + [os.fsencode(a) if isinstance(a, str) else a for a in args]
        exe = None
        if argv0:
            exe, self.argv = self.argv[0], [argv0] + self.argv[1:]
        self.start = time.monotonic()
        self.p = subprocess.Popen(self.argv, executable=exe, env=environment(env), stdin=stdin, stdout=stdout,
                                  stderr=stderr, start_new_session=True, **kw)
        self.pid = self.p.pid
        self.errbuf = b""

    def __enter__(self):
        return self

    def __exit__(self, *a):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
        for f in (self.p.stdin, self.p.stdout, self.p.stderr):
            if f:
                try:
                    f.close()
                except BrokenPipeError:
                    pass

    def err_until(self, mark, limit=LIMIT):
        """Read stderr until mark (bytes) was seen; returns all read so far."""
        import select
        end = time.monotonic() + limit
        while mark not in self.errbuf:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.p.stderr], [], [], left)[0]:
                raise AssertionError("%r not on stderr: %r" % (mark, self.errbuf))
            b = os.read(self.p.stderr.fileno(), 65536)
            if not b:
                raise AssertionError("stderr ended without %r: %r" % (mark, self.errbuf))
            self.errbuf += b
        return self.errbuf

    def out_read(self, n, limit=LIMIT):
        """Exactly n octets of stdout (fewer at its end)."""
        import select
        end = time.monotonic() + limit
        out = b""
        while len(out) < n:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.p.stdout], [], [], left)[0]:
                raise AssertionError("%d octets of stdout awaited, got %r" % (n, out))
            b = os.read(self.p.stdout.fileno(), n - len(out))
            if not b:
                break
            out += b
        return out

    def finish(self, stdin=None, limit=LIMIT):
        try:
            out, err = self.p.communicate(stdin, timeout=limit)
        except subprocess.TimeoutExpired:
            self.p.kill()
            out, err = self.p.communicate()
            raise AssertionError("still running after %d s: %r" % (limit, Result(
                self.argv, "killed", out or b"", self.errbuf + (err or b""), limit)))
        return Result(self.argv, self.p.returncode, out or b"", self.errbuf + (err or b""),
                      time.monotonic() - self.start)


def run(*args, stdin=b"", limit=LIMIT, **kw):
    """Run to the end with stdin (bytes, then end of file)."""
    with Running(*args, **kw) as r:
        return r.finish(stdin, limit)


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as f:
        w = f.read().rsplit(")", 1)[1].split()
    return (int(w[11]) + int(w[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(cond, limit=LIMIT, what="condition"):
    """Poll for something that has no event to wait for."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        v = cond()
        if v:
            return v
        time.sleep(0.002)
    raise AssertionError("%s did not come true in %g s" % (what, limit))
