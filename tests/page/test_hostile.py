# SPDX-License-Identifier: ISC
"""A matrix whose every text is an attack: the page shows it as text, runs nothing and fetches nothing."""
import json
import re

import pytest
from selenium.webdriver.common.keys import Keys

from conftest import make

EVIL = ("</pre></script></style></title></textarea>--><script>window.hit=1</script><img src=x onerror=window.hit=1>"
        "<svg onload=window.hit=1>\" onmouseover=\"window.hit=1\" autofocus onfocus='window.hit=1' ` &lt;b&gt; javascript:window.hit=1 "
        "\x00\x01\x07\x08\x0b\x0c\r\x1b[2J\x7f\x85\x9b\u202e\u2066\u200b\ufeff\ud800 %00 %3D # ? @ , = \U0001f4a3\n<!-- ")
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff]")


def hostile(n):
    """n tells apart what must differ."""
    program = {k: EVIL for k in ("name", "version", "package", "role", "command", "note")}
    case = {k: EVIL for k in ("protocol", "level", "section", "title", "why", "quote", "trace")}
    result = {k: EVIL for k in ("verdict", "close", "delivery", "reason", "field", "wanted", "got", "evidence", "level", "more" + EVIL)}
    programs = [program | {"id": f"{i}{EVIL}", "kind": k, "ours": i == 0} for i, k in enumerate(("server", "client", "server"))]
    cases = [case | {"id": f"{i}{EVIL}", "side": "both"} for i in range(n)]
    known = ("PASS", "FAIL", "SKIP")
    results = [result | {"program": p["id"], "case": c["id"], "line": 1, "held_by": cases[0]["id"]}
               | ({"verdict": known[i]} if j else {})
               for i, p in enumerate(programs) for j, c in enumerate(cases)]
    return {"generated": EVIL, "tool": EVIL, "programs": programs, "cases": cases, "results": results}


@pytest.fixture(scope="module")
def trap(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "matrix.json").write_text(json.dumps(hostile(2)))
    return make(folder / "matrix.json", folder / "matrix.html")


@pytest.fixture(scope="module")
def bare(trap):
    """The same page without its Content-Security-Policy: the escaping alone must do."""
    text, n = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>\n', "", trap.read_text())
    assert n == 1
    page = trap.with_name("bare.html")
    page.write_text(text)
    return page


@pytest.mark.parametrize("which", ["trap", "bare"])
def test_nothing_runs(browser, request, which):
    page = request.getfixturevalue(which)
    browser.open(page)
    elements = browser.run("return [document.scripts.length, document.querySelectorAll('style').length, "
                           "document.querySelectorAll('main img, svg, iframe, object, base, textarea, [onerror], [onload], [onfocus], "
                           "[onmouseover], [autofocus], a:not([href^=\"#\"])').length]")
    assert elements == [1, 1, 0]
    assert browser.run("return document.querySelectorAll('table.m td a').length") == 6
    # each detail is opened, with what it shows of the attack
    for i in range(6):
        browser.run("document.querySelectorAll('table.m td a')[arguments[0]].click()", i)
        text = browser.run("const d = document.querySelector('dialog'); return d.open ? d.innerText : ''")
        assert "<script>window.hit=1</script>" in text and "\\x1b[2J" in text, i
        assert browser.run("return document.querySelectorAll('dialog img, dialog script, dialog svg').length") == 0
        browser.keys(Keys.ESCAPE)
    assert browser.run("return window.hit") is None
    assert not CONTROLS.search(browser.run("return document.documentElement.textContent"))
    assert {u.split("#")[0] for u in browser.asked() if not u.startswith(("about:", "data:"))} == {page.as_uri()}
    assert browser.said() == []


@pytest.mark.parametrize("fragment", ["#show=<img src=x onerror=window.hit=1>", "#q=</script><script>window.hit=1</script>&verdict=<b>",
                                      "#c/<script>window.hit=1</script>", "#show=__proto__@constructor&program=__proto__"])
def test_a_hostile_address(browser, bare, fragment):
    browser.open(bare, fragment)
    assert browser.run("return [window.hit === undefined, document.scripts.length, document.querySelector('dialog').open]") == [True, 1, False]
    assert browser.said() == []


def test_the_policy_stops_what_the_escaping_would_let_through(browser, trap):
    """The second wall stands by itself: a script put into the finished page does not run."""
    page = trap.with_name("pierced.html")
    page.write_text(trap.read_text().replace("<main>", "<main><script>window.hit=1</script><img src=x onerror=window.hit=1>", 1))
    browser.open(page)
    assert browser.run("return window.hit") is None
    assert any("Content Security Policy" in m for m in browser.said())
