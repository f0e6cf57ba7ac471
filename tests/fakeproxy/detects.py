#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Do the wire tests notice?  Each bug of --list-bugs is seeded into every server they start, and they must fail.

usage: detects.py [BUG ...]     prints one line a bug; exit status 1 if one was not noticed"""
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import server   # noqa: E402

FILES = {"socks4": ["test_wire_socks4.py", "test_wire_auth.py", "test_wire_rules.py", "test_wire_relay.py"],
         "socks5": ["test_wire_socks5.py", "test_wire_auth.py", "test_wire_rules.py", "test_wire_relay.py"],
         "http": ["test_wire_http.py", "test_wire_auth.py", "test_wire_rules.py", "test_wire_relay.py", "test_knobs.py"],
         "telnet": ["test_wire_telnet.py", "test_wire_rules.py", "test_wire_relay.py"]}


def main():
    rows = [line.split("\t") for line in server.run("--list-bugs")[1].splitlines()]
    wanted = sys.argv[1:] or [r[0] for r in rows]
    missed = []
    for name, role, requirement, _ in rows:
        if name not in wanted:
            continue
        files = FILES.get(role, ["test_wire_relay.py"])
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider", *files], cwd=HERE,
                              env=dict(os.environ, FAKEPROXY_SEED_BUG=f"{name}:{role}", FAKEPROXY=server.BINARY),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        by = re.search(r"^FAILED (?:\S*/)?test_(\S+)", done.stdout, re.M)
        if done.returncode == 1 and by:
            print(f"noticed  {name:<24} {requirement:<12} test_{by[1]}", flush=True)
        else:
            missed.append(name)
            print(f"MISSED   {name:<24} {requirement:<12} {done.stdout.strip().splitlines()[-1:]}", flush=True)
    print(f"{len(wanted) - len(missed)} of {len(wanted)} noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
