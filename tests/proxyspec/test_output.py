# SPDX-License-Identifier: ISC
"""What is written where: the report for people, progress, and outputs that cannot be written."""
import os
import re
import select
import subprocess

import pytest
from conftest import PROXYSPEC, ROOT, clean_env, counts

FULL = "No space left on device"


@pytest.fixture
def script(tmp_path):
    """script(args, columns, redirections) runs proxyspec on a terminal of its own and gives what the terminal got."""

    def run(args, columns=80, rest="", env=None):
        words = " ".join("'" + str(a).replace("'", "'\\''") + "'" for a in [PROXYSPEC, *args])
        log = tmp_path / "typescript"
        p = subprocess.run(["script", "-qec", f"stty cols {columns}; {words} {rest}", str(log)], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=clean_env(**{"TERM": "xterm", **(env or {})}), timeout=60)
        text = log.read_bytes().decode().replace("\r\n", "\n")
        body = text.split("\n", 1)[1].rsplit("\nScript done", 1)[0]
        return p.returncode, body

    return run


ARGS = ["server", "--case", "socks5/method/*"]


def test_progress_on_a_terminal(script, socks5):
    status, body = script([*ARGS, socks5], rest=">/dev/null")
    assert status == 1
    steps = body.split("\r\x1b[K")
    total = int(re.match(r"1/(\d+) [A-Z]+ socks5/method/", steps[1])[1])
    assert [s.split()[0] for s in steps[1:-1]] == [f"{i}/{total}" for i in range(1, total + 1)] and steps[-1].strip() == ""


def test_progress_stays_in_its_line(script, socks5):
    _, body = script([*ARGS, socks5], columns=20, rest=">/dev/null")
    assert "\r\x1b[K1/" in body and max(len(s) for s in body.split("\r\x1b[K")) <= 19


@pytest.mark.parametrize("args, rest, env", [([], ">/dev/null 2>&1", {}), (["--quiet"], ">/dev/null", {}), ([], ">/dev/null", {"TERM": "dumb"})])
def test_no_progress(script, socks5, args, rest, env):
    assert script([*ARGS, *args, socks5], rest=rest, env=env) == (1, "")


def test_no_progress_without_terminal(spec, socks5):
    r = spec(*ARGS, socks5)
    assert r.err == "" and "\r" not in r.out and "\x1b" not in r.out


@pytest.mark.parametrize("columns", [60, 100])
def test_lines_are_broken_on_a_terminal(script, spec, socks5, columns):
    _, body = script(["server", "--case", "socks5/method/gssapi-supported", socks5], columns=columns, rest="2>/dev/null")
    lines = body.splitlines()
    long = [x for x in lines if len(x) > columns and x.startswith(" " * 8) and not x.startswith("        again ") and len(x.split()[-1]) < columns - 16]
    assert long == []
    assert all(x == x.rstrip() for x in lines)
    plain = spec("server", "--case", "socks5/method/gssapi-supported", socks5).out
    assert re.sub(r"\s+", " ", re.sub(r"\d+\.\d+ s", "", body)) == re.sub(r"\s+", " ", re.sub(r"\d+\.\d+ s", "", plain))
    assert max(map(len, plain.splitlines())) > 120      # a line for each text in a file


def test_report(spec, fake):
    """Cause, what the case is, why, wanted and got, each leg, and how to repeat it."""
    url = f"socks5://127.0.0.1:{fake('socks5', '--bug', 's5-select-ver4')}"
    r = spec("server", "--fixtures", ROOT / "fixtures/socks5/socks5-method-noauth.pxt", url)
    assert r.status == 1
    file = ROOT / "fixtures/socks5/socks5-method-noauth.pxt"
    block = r.out[r.out.index("FAIL  VER: the value is not accepted  (1 case)\n"):r.out.index("\nserver socks5")]
    assert re.fullmatch(rf"""FAIL  VER: the value is not accepted  \(1 case\)
    socks5/method/noauth  closed: \w+
        is      no authentication: 05 01 00, 05 00, then the request
(?:        spec    RFC1928 .*\n)+        why     .*
(?:        note    .*\n)*        at      {re.escape(str(file))}:\d+  FMT  VER: the value is not accepted
        wanted  .*5.*
        got     .*4.*
        legs    client - proxy: the runner sent 3 octets: 05 01 00 "\\x05\\x01\\x00"
                client - proxy: the proxy sent 2 octets: 04 00 "\\x04\\x00", (?:still open|then closed|then reset)
                proxy - target: never connected
        again   .* --case socks5/method/noauth
""", block), block


def test_what_never_came(spec, trace, fake):
    """The proxy is silent: what the line wanted is told all the same."""
    trace("a/b", more='--- request    RFC1928 §4\nC> VER:u8=5 CMD:u8=1\nP> "hello" within 1s\n')
    r = spec("server", "--fixtures", trace.dir, "--time-scale", "0.1", f"socks5://127.0.0.1:{fake('socks5')}")
    assert r.status == 1 and "the proxy did not send its message in time" in r.out
    assert "\n        wanted  68 65 6c 6c 6f\n        got     nothing\n" in r.out


def test_alternatives(spec, trace, fake):
    trace("a/b", more="""--- request    RFC1928 §4
C> 0501
P> oneof within 1s
 | 05 REP:u8=1..8 , close -> pass
 | rst -> loose
""")
    r = spec("server", "--fixtures", trace.dir, "--time-scale", "0.1", f"socks5://127.0.0.1:{fake('socks5')}")
    assert r.status == 1 and "none of the alternatives came" in r.out
    assert "\n        wanted  05 REP=1..8, then it closes\n        got     nothing\n" in r.out


def test_quiet_and_verbose(spec, fake):
    port = fake("http", "--bug", "http-bare-lf")
    args = ["server", "--case", "http/connect/*", "--jobs", "8", f"http://127.0.0.1:{port}"]
    r = spec(*args, "--quiet")
    assert len(r.out.strip().splitlines()) == 2
    few, all = spec(*args), spec(*args, "--verbose")
    n = counts(all.out)["LOOSE"]
    assert n > 4 and counts(few.out)["LOOSE"] == n
    assert few.out[few.out.index("\nLOOSE "):].count("        again ") < all.out[all.out.index("\nLOOSE "):].count("        again ") >= n


# Outputs that cannot be written.

@pytest.mark.parametrize("option", ["--tap", "--junit", "--json"])
def test_reports_on_a_full_disk(spec, socks5, option):
    r = spec("server", "--case", "socks5/method/noauth", option, "/dev/full", socks5)
    assert (r.status, r.err) == (3, f"proxyspec: the report /dev/full cannot be written: {FULL}\n")
    assert counts(r.out) == {"PASS": 1}


@pytest.mark.parametrize("option", ["--tap", "--junit", "--json"])
def test_reports_that_cannot_be_opened(spec, option, tmp_path):
    """Told at once: nobody listens there, and nothing is played."""
    path = tmp_path / "no" / "report"
    r = spec("server", option, path, "socks5://127.0.0.1:1")
    assert (r.status, r.out, r.err) == (3, "", f"proxyspec: the report {path} cannot be written: No such file or directory\n")


def test_one_report_on_stdout(spec, socks5):
    r = spec("server", "--case", "socks5/method/noauth", "--tap", "-", socks5)
    assert r.status == 0 and r.out.startswith("TAP version 14\n1..1\nok 1 - socks5/method/noauth\n") and "closed:" not in r.out
    r = spec("server", "--case", "socks5/method/noauth", "--tap", "-", "--json", "-", socks5)
    assert (r.status, r.out, r.err) == (3, "", "proxyspec: standard output takes one report only\n")


COMMANDS = [["list"], ["explain", "socks5/method/noauth"], ["coverage"], ["self", "--case", "socks5/method/noauth"],
            ["lint", ROOT / "fixtures/socks5/socks5-method-noauth.pxt"], ["server", "--case", "socks5/method/noauth", None],
            ["server", "--case", "socks5/method/noauth", "--json", "-", None], ["--version"]]


@pytest.mark.parametrize("args", COMMANDS, ids=lambda a: " ".join(str(x) for x in a[:1] + a[3:4]))
def test_stdout_full_or_closed(spec, socks5, args):
    args = [socks5 if a is None else a for a in args]
    with open("/dev/full", "w") as full:
        r = spec(*args, stdout=full)
    assert r.status == 3 and FULL in r.err
    r = spec(*args, preexec_fn=lambda: os.close(1))
    assert r.status == 3 and "Bad file descriptor" in r.err


def test_closed_stdout_and_a_file(spec, socks5, tmp_path):
    """The file does not become standard output."""
    path = tmp_path / "tap"
    r = spec("server", "--case", "socks5/method/noauth", "--tap", path, socks5, preexec_fn=lambda: [os.close(i) for i in (0, 1)])
    assert r.status == 3
    assert path.read_text().startswith("TAP version 14\n") and "closed:" not in path.read_text()
    assert path.read_text().count("\n") == 4


def test_pcap_on_a_full_disk(spec, tmp_path):
    r = spec("self", "--case", "socks5/method/noauth", "--pcap", "/dev/full")
    assert r.status == 3 and f"/dev/full: {FULL}" in r.err
    r = spec("self", "--pcap", tmp_path / "no" / "x.pcapng")
    assert r.status == 3 and "No such file or directory" in r.err
    path = tmp_path / "x.pcapng"
    assert spec("self", "--case", "socks5/method/noauth", "--pcap", path).status == 0
    assert path.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"


def test_wire_that_cannot_be_read(spec, tmp_path):
    r = spec("wire", tmp_path / "gone")
    assert r.status == 3 and "No such file or directory" in r.err
    path = tmp_path / "x"
    path.write_bytes(b"not a capture")
    r = spec("wire", path)
    assert r.status == 3 and "this is neither pcap nor pcapng" in r.err
    assert spec("wire").status == 2


def test_nothing_is_left(spec, tmp_path):
    """What a client leaves in its process group ends with the case."""
    fifo = tmp_path / "open"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    r = spec("client", "--can", "socks5,noauth", "--case", "sanity/first-and-last/socks5", "--", "sh", "-c",
             f"exec 3>{fifo}; sleep 1000 & echo here >&3; exit 1")
    assert r.status == 1
    gone = select.poll()
    gone.register(reader, 0)                 # nothing but the end: POLLHUP comes when nobody has it open for writing
    assert gone.poll(20000) == [(reader, select.POLLHUP)]
    assert os.read(reader, 100) == b"here\n"
    os.close(reader)
