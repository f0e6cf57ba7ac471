# SPDX-License-Identifier: ISC
"""The reports of one run that has every verdict, with characters that each format has to escape; the files they were given."""
import json
import shutil
import subprocess
import xml.etree.ElementTree

import pytest
from conftest import PROXYSPEC, ROOT, clean_env, counts

# Baseline reasons may hold any octet.  Accepted: 2, 3 and 4 octets of UTF-8; the rest is no UTF-8 or is obeyed by terminals.
GOOD = "a#b\\c \"q\" <&> é € \U0001f600 \u200d \u2030 \u206a \ufdd0"
ODD = [b"\x01", b"\x1b", b"\x7f", b"\xc2\x80", b"\xc2\x9f", b"\xe2\x80\x8e", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\xe2\x81\xa6", b"\xe2\x81\xa9",
       b"\xef\xbb\xbf", b"\xef\xbf\xbe", b"\xf0\x9f\xbf\xbf", b"\x80", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xe2\x82", b"\xe2\x28\xa1",
       b"\xed\xa0\x80", b"\xf0\x80\x80\xaf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff"]
ESCAPED = " ".join("".join("\\x%02x" % o if o > 0x7e or o < 0x20 else chr(o) for o in x) for x in ODD)
REASON = GOOD.encode() + b" " + b" ".join(ODD)
SAFE = GOOD + " " + ESCAPED

TEXT = """case:  {id}
title: a "title" with <tags> & # and \\
spec:  RFC1928 §3 "{{VER, METHOD}} <are> what & is" {level}
tests: both
needs: {needs}
level: {level}
why:   It's <why> & "what".

--- method selection                               RFC1928 §3
C> 050100
P> VER:u8=5 METHOD:u8={method}
"""
# id: level, needs, method, verdict
CASES = {
    "a/error": ("MUST", "socks5 noauth", "$NOPE", "ERROR"),
    "a/fail": ("MUST", "socks5 noauth", "2", "FAIL"),
    "a/info": ("INFO", "socks5 noauth", "2", "INFO"),
    "a/known": ("MUST", "socks5 noauth", "2", "XFAIL"),
    "a/loose": ("SHOULD", "socks5 noauth", "2", "LOOSE"),
    "a/odd#\\id": ("MUST", "socks5 noauth", "2", "FAIL"),
    "a/pass": ("MUST", "socks5 noauth", "0", "PASS"),
    "a/skip": ("MUST", "socks5 userpass", "0", "SKIP"),
    "a/xpass": ("MUST", "socks5 noauth", "0", "XPASS"),
}
FAILED = {"ERROR", "FAIL", "XPASS", "CRASH"}


@pytest.fixture
def traces(tmp_path):
    folder = tmp_path / "traces"
    folder.mkdir()
    for i, (id, (level, needs, method, _)) in enumerate(CASES.items()):
        (folder / f"{i}.pxt").write_text(TEXT.format(id=id, level=level, needs=needs, method=method))
    return folder


@pytest.fixture
def run(spec, traces, tmp_path, socks5):
    known = tmp_path / "known"
    known.write_bytes(b"a/known FAIL " + REASON + b"\r\na/xpass\tFAIL\tit <used> to\n")
    files = [tmp_path / n for n in ("tap", "junit", "json")]

    def go(*args):
        r = spec("server", "--fixtures", traces, "--baseline", known, *(x for f in files for x in ("--" + f.name, f)), *args, socks5)
        return r, *(f.read_text(encoding="utf-8") for f in files)

    return go


def test_status_and_counts(run):
    r, *_ = run()
    assert (r.status, r.err) == (3, "")
    assert counts(r.out) == {"PASS": 1, "INFO": 1, "LOOSE": 1, "FAIL": 2, "ERROR": 1, "SKIP": 1, "XFAIL": 1, "XPASS": 1}
    assert "\nXPASS  passes, although the baseline says otherwise: its line can go\n    a/xpass\n        known   it <used> to\n" in r.out
    assert "        known   " + SAFE in r.out.replace("\n" + " " * 16, " ")
    assert not [c for c in r.out if ord(c) < 32 and c != "\n"]


def test_tap(run):
    """TAP 14: "#" and the backslash are escaped in descriptions, YAML's strings are quoted as JSON's."""
    _, tap, *_ = run()
    lines = tap.splitlines()
    assert lines[:2] == ["TAP version 14", f"1..{len(CASES)}"]
    assert lines[-1] == "# PASS 1 INFO 1 LOOSE 1 FAIL 2 SKIP 1 ERROR 1 CRASH 0 XFAIL 1 XPASS 1"
    heads = [x for x in lines if x.startswith(("ok ", "not ok "))]
    for n, (head, (id, case)) in enumerate(zip(heads, CASES.items()), 1):
        word = "not ok" if case[3] in FAILED | {"XFAIL"} else "ok"
        end = {"XFAIL": " # TODO " + SAFE.replace("#", "\\#").replace("\\x", "\x00").replace("\\c", "\\\\c").replace("\x00", "\\\\x"),
               "SKIP": " # SKIP needs userpass, which was not declared"}.get(case[3], "")
        assert head == f"{word} {n} - " + id.replace("\\", "\\\\").replace("#", "\\#") + end
    at = lines.index("not ok 2 - a/fail")
    assert lines[at + 1:at + 3] == ["  ---", "  verdict: FAIL"]
    block = dict(x.strip().lstrip("- ").split(": ", 1) for x in lines[at + 2:lines.index("  ...", at)] if ": " in x)
    assert block["what"] == '"the value is not accepted"' and block["field"] == '"METHOD"' and block["line"] == "11" and block["level"] == "MUST"
    assert block["again"].endswith(' --case a/fail"') and block["file"].endswith('.pxt"')
    known = lines[lines.index("  verdict: XFAIL") + 2]
    assert json.loads(known.strip().removeprefix("reason: ")) == SAFE
    assert "  verdict: XPASS" in lines and "  verdict: LOOSE" in lines and "  verdict: INFO" in lines and "  verdict: PASS" not in lines


def test_junit(run):
    _, _, junit, _ = run()
    suite = xml.etree.ElementTree.fromstring(junit)[0]
    assert {k: suite.get(k) for k in ("tests", "failures", "errors", "skipped")} == {"tests": "9", "failures": "3", "errors": "1", "skipped": "1"}
    cases = {c.get("name"): c for c in suite.iter("testcase")}
    assert set(cases) == set(CASES)
    tags = {"PASS": None, "SKIP": "skipped", "ERROR": "error", "FAIL": "failure", "XPASS": "failure", "LOOSE": "system-out", "INFO": "system-out", "XFAIL": "system-out"}
    for id, c in cases.items():
        assert [x.tag for x in c] == [tags[CASES[id][3]]] if tags[CASES[id][3]] else not list(c)
    assert cases["a/skip"][0].get("message") == "needs userpass, which was not declared"
    assert cases["a/xpass"][0].get("message") == "passes, although the baseline says otherwise"
    fail = cases["a/fail"][0]
    assert (fail.get("type"), fail.get("message")) == ("FAIL", "the value is not accepted")
    assert 'is: a "title" with <tags> & # and \\\n' in fail.text and 'why: It\'s <why> & "what".\n' in fail.text
    assert '\nspec: RFC1928 §3 "{VER, METHOD} <are> what & is" MUST\n' in fail.text
    assert f"known: {SAFE}\n" in cases["a/known"][0].text


def test_json(run):
    _, _, _, text = run()
    objects = [json.loads(x) for x in text.splitlines()]
    cases = {o["case"]: o for o in objects if o["type"] == "case"}
    assert {id: o["verdict"] for id, o in cases.items()} == {id: c[3] for id, c in CASES.items()}
    assert cases["a/known"]["reason"] == SAFE
    assert cases["a/fail"]["title"] == 'a "title" with <tags> & # and \\' and cases["a/fail"]["why"] == 'It\'s <why> & "what".'


def test_strict(run):
    """LOOSE is a failure then, in each report."""
    _, tap, junit, _ = run("--strict")
    assert "\nnot ok 5 - a/loose\n" in tap
    suite = xml.etree.ElementTree.fromstring(junit)[0]
    assert suite.get("failures") == "4" and [c[0].tag for c in suite.iter("testcase") if c.get("name") == "a/loose"] == ["failure"]


def test_held_by(spec, fake, tmp_path):
    """A case that the plain one holds up names that one's file, and what it saw."""
    files = [tmp_path / n for n in ("tap", "junit", "json")]
    url = f"socks5://127.0.0.1:{fake('socks5', '--bug', 's5-reply-ver4')}"
    r = spec("server", "--case", "socks5/connect/ip4", *(x for f in files for x in ("--" + f.name, f)), url)
    assert r.status == 3
    tap, junit, text = (f.read_text() for f in files)
    case = [o for o in map(json.loads, text.splitlines()) if o["type"] == "case"][0]
    assert (case["verdict"], case["held_by"]) == ("ERROR", "sanity/first-and-last/socks5")
    assert "sanity-first-and-last-socks5.pxt" in tap and "sanity-first-and-last-socks5.pxt:" in junit
    assert "--case sanity/first-and-last/socks5" in tap and "--case socks5/connect/ip4" not in tap


# The command that repeats a case.

@pytest.mark.parametrize("word, shown", [
    ("plain-word_1.2/3:4=5@6,7%8+9", "plain-word_1.2/3:4=5@6,7%8+9"),
    ("two words", "'two words'"), ("it's", "'it'\\''s'"), ("", "''"), ("$HOME*", "'$HOME*'"), ("é", "'é'"),
    ("\x1b[2J'\\%", "\"$(printf '\\033[2J\\047\\134\\045')\""), ("\u202e", "\"$(printf '\\342\\200\\256')\""),
])
def test_again_can_be_copied(spec, traces, tmp_path, word, shown):
    path = tmp_path / "json"
    args = ["client", "--quiet", "--jobs=1", "--json", path, "--fixtures", traces, "--case", "a/fail", "--delivery", "bytes", "--can", "socks5,noauth", "--", "true", word]
    r = spec(*args)
    assert r.status == 1
    case = [o for o in map(json.loads, path.open()) if o["type"] == "case"][0]
    assert case["again"] == f"{PROXYSPEC} client --fixtures {traces} --can socks5,noauth --case a/fail --delivery bytes -- true {shown}"
    said = subprocess.run(["sh", "-c", "printf %s\\\\n " + shown], stdout=subprocess.PIPE).stdout
    assert said == word.encode() + b"\n"


def test_again_has_the_environment(spec, traces, tmp_path):
    path = tmp_path / "json"
    r = spec("client", "--json", path, "--case", "a/fail", "--can", "socks5,noauth", "--", "true",
             env={"PROXYSPEC_FIXTURES": str(traces), "PROXYSPEC_PROFILES": ""})
    assert r.status == 1
    case = [o for o in map(json.loads, path.open()) if o["type"] == "case"][0]
    assert case["again"].startswith(f"PROXYSPEC_FIXTURES={traces} {PROXYSPEC} client ")


# Where traces and profiles come from.

def test_fixtures_of_the_environment(spec, traces):
    r = spec("list", env={"PROXYSPEC_FIXTURES": str(traces)})
    assert r.status == 0 and len(r.out.splitlines()) == len(CASES)
    r = spec("list", env={"PROXYSPEC_FIXTURES": ""})
    assert r.status == 0 and len(r.out.splitlines()) > 100


def test_profiles_of_the_environment(spec, tmp_path):
    (tmp_path / "mine.profile").write_text("name: mine\ncan: socks5 noauth\nnonsense\n")
    r = spec("client", "--profile", "mine", env={"PROXYSPEC_PROFILES": str(tmp_path)})
    assert r.status == 2 and r.err == f"{tmp_path}/mine.profile:3: a line is WORDS: TEXT\n"
    r = spec("client", "--profile", "mine", env={"PROXYSPEC_PROFILES": ""})
    assert r.status == 2 and r.err == "mine: cannot be read: No such file or directory\n"
    r = spec("client", "--profile", "mine.profile", cwd=tmp_path)
    assert r.status == 2 and r.err == "mine.profile:3: a line is WORDS: TEXT\n"


@pytest.fixture
def alone(tmp_path):
    """The program, copied to where there is nothing else."""
    (tmp_path / "x" / "bin").mkdir(parents=True)
    return shutil.copy(PROXYSPEC, tmp_path / "x" / "bin" / "proxyspec")


def bare(*args):
    p = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_env())
    return p.returncode, p.stdout, p.stderr


def test_no_traces(alone, tmp_path):
    assert bare(alone, "list") == (3, "", "proxyspec: no traces are built in; --fixtures DIR names a folder of them\n")
    share = tmp_path / "x" / "share" / "proxyspec"
    shutil.copytree(ROOT / "fixtures" / "socks4", share / "fixtures")
    status, out, err = bare(alone, "list")
    assert (status, err) == (0, "") and "\nsocks4/" in out
    assert bare(alone, "coverage") == (3, "", "proxyspec: there is no REQUIREMENTS beside the traces\n")


def test_traces_that_are_no_traces(spec, tmp_path):
    """Hidden files, other files and what is deeper than eight folders are not looked at; a pipe is read as a file is."""
    folder = tmp_path / "t"
    deep = folder.joinpath(*"123456789")
    deep.mkdir(parents=True)
    for path in (folder / ".hidden.pxt", folder / "README", folder / ".pxt", deep / "x.pxt"):
        path.write_text("nonsense")
    assert spec("list", "--fixtures", folder)[:2] == (77, "")
    (folder / "x.pxt").mkdir()
    assert spec("list", "--fixtures", folder).status == 77
    (folder / "gone.pxt").symlink_to("nowhere")
    r = spec("list", "--fixtures", folder)
    assert r.status == 3 and r.err == f"{folder}/gone.pxt: cannot be read: No such file or directory\n"


# coverage: which requirement has a case.

LISTS = {
    "REQUIREMENTS": "# id\tside\tlevel\twhen\ttext\tsource\nR-1\tboth\tMUST\tnow\tit is cited\tX\nR-2\tboth\tMUST\tnow\tno case shows it\tX\n"
                    "R-3\tboth\tSHOULD\tnow\tnobody asks\tX\nR-4\tboth\tMUST\tlater\tnot yet\tX\n\nR-5\tboth\tFMT\tnow\tforgotten\tX\nR-6\tboth\tmust\tnow\tforgotten, too\tX",
    "UNTESTABLE.x": "# id why\nR-2 because nothing shows\n",
    "UNTESTABLE": "",
    "CATALOGUE": "a/pass\tserver\tMUST\tnow\tx\na/skip/more\tserver\tMUST\tnow\tx\na/later\tserver\tMUST\tlater\tx\na/none\t-\tMUST\tnow\tx\na/fa\tserver\tMUST\tnow\tx\n",
}


def test_coverage(spec, traces):
    for name, text in LISTS.items():
        (traces / name).write_text(text)
    for path in traces.glob("*.pxt"):
        path.write_text(path.read_text().replace("why:", "req:   R-1\nwhy:"))
    r = spec("coverage", "--fixtures", traces)
    assert (r.status, r.err) == (1, "")
    assert r.out == ("R-5          FMT        NO CASE: forgotten\nR-6          must       NO CASE: forgotten, too\n"
                     "6 requirements: 1 cited by a case, 1 untestable with a reason, 1 of other levels without a case, 1 for later, 2 MISSING\n"
                     "not yet written: a/skip/more\nnot yet written: a/fa\n"
                     "5 cases in the catalogue: 1 written, 2 for later or no trace at all, 2 not yet written; 9 files\n")
    r = spec("coverage", "--verbose", "--fixtures", traces)
    assert r.out.startswith("R-1          MUST       it is cited\n             a/error\n             a/fail\n")
    assert "R-2          MUST       no case shows it\n             untestable: because nothing shows\n" in r.out
    assert "R-3          SHOULD     no case: nobody asks\n" in r.out
    (traces / "REQUIREMENTS").write_text("R-1\tboth\tMUST\tnow\tit is cited\tX\n")
    (traces / "CATALOGUE").unlink()
    r = spec("coverage", "--fixtures", traces)
    assert (r.status, r.out.count("\n"), r.err) == (0, 1, "")
    one = next(traces.glob("1.pxt"))
    one.write_text(one.read_text().replace("R-1", "R-1 R-9"))
    r = spec("coverage", "--fixtures", traces)
    assert r.status == 1 and r.out.startswith(f"{one}:7: req: R-9 is no requirement\n")
    (traces / "REQUIREMENTS").unlink()
    r = spec("coverage", "--fixtures", traces)
    assert (r.status, r.out, r.err) == (1, "", f"proxyspec: {traces} has no REQUIREMENTS\n")


# lint

@pytest.mark.parametrize("change, strict, want", [
    (("title:", "note: "), False, ":1: the header title: is missing"),
    (("spec: ", "note: "), False, ":1: the header spec: is missing"),
    (('is" MUST', 'is"'), True, ":3: spec: ends with a level (MUST ... INFO)"),
    (('is" MUST', 'is" must'), True, None),
    (('is" MUST', 'is" MUST(draft)'), True, None),
    (("", ""), True, None),
    (("case:  a/pass", "case:  a/past"), True, ":1: the file is not named like its case a/past"),
    (("case:  a/pass", "case:  a/pass/on"), True, ":1: the file is not named like its case a/pass/on"),
    (("case:  a/pass", "case:  a/past"), False, None),
])
def test_lint(spec, tmp_path, change, strict, want):
    path = tmp_path / "a-pass.pxt"
    path.write_text(TEXT.format(id="a/pass", level="MUST", needs="socks5", method="0").replace(*change))
    r = spec("lint", *(["--strict"] if strict else []), path)
    assert r.status == (0 if want is None else 1), r
    assert want is None or f"{path}{want}\n" in r.out


def test_lint_twice(spec, tmp_path):
    for name in "xy":
        (tmp_path / f"{name}.pxt").write_text(TEXT.format(id="a/pass", level="MUST", needs="socks5", method="0"))
    r = spec("lint", tmp_path / "x.pxt", tmp_path / "y.pxt")
    assert r.status == 1 and f"{tmp_path}/y.pxt:1: case a/pass is in {tmp_path}/x.pxt too\n" in r.out


def test_self_of_nothing(spec, traces):
    r = spec("self", "--fixtures", traces, "--protocol", "telnet")
    assert r.status == 77 and r.out.endswith(", 0 errors\n") is ("NOPE" not in r.out)


@pytest.mark.parametrize("lines, want", [
    ("C> X:u8=1 Y:raw(1)=$X2\n", "no value for $X2"),
    ("P> X:u8=!5\n", "this pattern does not say what to send; add ~VALUE"),
    ('P: skip "$X2"\n', "no value for $X2"),
    ("P> oneof\n | X:u8=$X2 -> pass\n", "no value for $X2"),
    ("P> oneof\n | 01 -> fail \"no\"\n | 02 -> pass\n", "the first"),
    ("P> oneof\n | 01 -> pass\n | 01 02 -> pass\n", None),
    ('P> http "HTTP/1.1 200"\n  A: *~"$X2"\n', "no value for $X2"),
    ('P> X:line=/a/~"b"\n', "the canonical value does not fit"),
])
def test_self(spec, tmp_path, lines, want):
    path = tmp_path / "a.pxt"
    path.write_text(TEXT.format(id="a/pass", level="MUST", needs="socks5", method="0") + lines)
    r = spec("lint", path)
    assert r.status == (0 if want is None else 1), r
    assert want is None or want in r.out, r.out
