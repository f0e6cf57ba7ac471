# SPDX-License-Identifier: ISC
"""Programs that no one here wrote go through the fake proxies: each gets its data through, unchanged, and the trace
that --trace wrote holds the octets that program is known to send (programs.py) and those the specification answers.

The results, with the versions of the packages, go to build/fakeproxy-clients.json; table.py makes docs/CLIENTS.md of it."""
import contextlib
import json
import os
import selectors
import shlex
import shutil
import subprocess
import time

import programs
import pxt
import pytest
import server
import targets

RESULTS = server.ROOT / "build" / "fakeproxy-clients.json"
DEADLINE = 20
SEEN = {}


@pytest.fixture(scope="module", autouse=True)
def results():
    SEEN.clear()
    yield
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(SEEN, indent=1) + "\n")


@pytest.fixture(scope="module")
def answerer():
    a = targets.Answerer()
    yield a
    a.close()


@pytest.fixture(scope="module")
def web():
    with targets.web() as port:
        yield port


@pytest.fixture(scope="module")
def sshd():
    with targets.sshd() as s:
        yield s


def package_version(package):
    out = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], stdout=subprocess.PIPE, text=True)
    return out.stdout.strip() if out.returncode == 0 else "?"


def note(program, what, result):
    row = SEEN.setdefault(program.name, {"package": program.package, "version": package_version(program.package),
                                         "role": program.role, "auth": program.auth})
    row[what] = result


@contextlib.contextmanager
def recorded(program, what):
    note(program, what, "failed")
    yield
    note(program, what, "ok")


def proxy_for(fake, program, tmp):
    trace = tmp / "trace"
    trace.mkdir()
    env = {"FAKEPROXY_USER": f"{programs.USER}:{programs.PASSWORD}"} if program.auth else None
    return fake("--trace", trace, "--show-secrets", program.role, env=env), trace


def talk(argv, env, question, want, chatter, hang_up):
    """Start the program, ask, read until everything wanted has come, close its input, and await its end."""
    proc = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=dict(os.environ, **env), preexec_fn=server.die_with_parent)
    got, err, end = b"", b"", time.monotonic() + DEADLINE
    try:
        proc.stdin.write(question)
        proc.stdin.flush()
        with selectors.DefaultSelector() as sel:
            sel.register(proc.stdout, selectors.EVENT_READ)
            sel.register(proc.stderr, selectors.EVENT_READ)
            out_open = True
            while out_open and not (got.endswith(want[-64:]) and len(got) >= len(want)):
                left = end - time.monotonic()
                assert left > 0, f"only {len(got)} of {len(want)} octets within {DEADLINE} s: {got[:300]!r}; stderr {err!r}"
                for key, _ in sel.select(left):
                    part = os.read(key.fd, 65536)
                    if not part:
                        sel.unregister(key.fileobj)
                        out_open = out_open and key.fileobj is not proc.stdout
                    elif key.fileobj is proc.stdout:
                        got += part
                    else:
                        err += part
        proc.stdin.close()
        hang_up()
        if chatter:
            assert got.endswith(want), f"{got[:300]!r}; stderr {err!r}"
        else:
            assert got == want, f"{len(got)} octets instead of {len(want)}: {got[:300]!r}; stderr {err!r}"
    finally:
        with contextlib.suppress(OSError):
            proc.stdin.close()
        try:
            proc.wait(5 if got else 0.1)
        except subprocess.TimeoutExpired:
            proc.terminate()                     # how it ends is its own affair; that it got its data is ours
            proc.wait(DEADLINE)
        proc.stdout.close()
        proc.stderr.close()
    return got


def missing(program):
    return [] if shutil.which(program.argv[0]) else [program.argv[0]]


@pytest.mark.parametrize("program", programs.ALL, ids=[p.name for p in programs.ALL])
def test_program(fake, answerer, web, tmp_path, program):
    assert not missing(program), f"package {program.package} is not installed"
    with recorded(program, "data"):
        f, trace = proxy_for(fake, program, tmp_path)
        env = programs.prepare(program, f.port, tmp_path)
        if program.kind == "fetch":
            port = web
            done = subprocess.run(program.words(f.port, program.host, port, tmp_path), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE + 5,
                                  env={k: v for k, v in dict(os.environ, **env).items() if not k.lower().endswith("_proxy")})
            assert done.returncode == 0, done.stderr
            assert done.stdout == targets.Document.DATA
        else:
            port = answerer.port
            talk(program.words(f.port, program.host, port, tmp_path), env, targets.QUESTION, targets.EXPECTED, program.chatter,
                 answerer.hang_up)
        assert f.stop() == 0
    with recorded(program, "trace"):
        pxt.check_program(program, pxt.read_dir(trace), program.host, port)


SSH = [p for p in programs.ALL if p.proxy_command]


@pytest.mark.parametrize("program", SSH, ids=[p.name for p in SSH])
def test_ssh(fake, sshd, tmp_path, program):
    """The same programs as ssh's ProxyCommand, to a real sshd: half a megabyte there and back."""
    assert not missing(program), f"package {program.package} is not installed"
    port, options = sshd
    with recorded(program, "ssh"):
        f, trace = proxy_for(fake, program, tmp_path)
        env = programs.prepare(program, f.port, tmp_path)
        words = program.words(f.port, "%h", "%p", tmp_path)
        command = " ".join(w if "%" in w and "=" not in w and "'" not in w and " " not in w else shlex.quote(w) for w in words)
        if "-proxycmd" in words:
            command = command.replace("%host", "%%host").replace("%port", "%%port")
        host = program.host
        # HOME is for the program, not for ssh (which takes it from the password file anyway)
        command = " ".join(["env", *[shlex.quote(f"{k}={v}") for k, v in env.items()], command])
        data = os.urandom(1 << 19)
        done = subprocess.run(["ssh", *options, "-o", f"ProxyCommand={command}", host, "cat"], input=data,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE + 10,
                              preexec_fn=server.die_with_parent)
        assert done.returncode == 0, done.stderr
        assert done.stdout == data
        assert f.stop() == 0
        pxt.check_program(program, pxt.read_dir(trace), host, port)


def test_packages_are_listed():
    """packages.txt names the package of every program here: ci installs from it."""
    with open(os.path.join(programs.HERE, "packages.txt")) as f:
        listed = f.read().split()
    assert {p.package for p in programs.ALL} <= set(listed)
