# SPDX-License-Identifier: ISC
"""docs/matrix.html in a browser: what it shows is what docs/matrix.json holds, for every reader.

What a filter must show is computed here from the JSON, by the rules that the page states, not by its script."""
import base64
import re
import urllib.parse

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from conftest import BUILD, ROOT

VERDICTS = ("PASS", "INFO", "LOOSE", "FAIL", "CRASH", "ERROR", "SKIP")
# side, case, {program: verdict and close} of every row that can be seen
VISIBLE = """
return Array.from(document.querySelectorAll("table.m")).flatMap(t => {
    const heads = Array.from(t.tHead.rows[0].cells).map(c => c.dataset.program);
    return Array.from(t.querySelectorAll("tbody tr[data-case]")).filter(r => r.offsetParent && r.offsetHeight).map(r => [
        t.dataset.side, r.cells[0].textContent,
        Object.fromEntries(Array.from(r.cells).map((c, i) => [heads[i], c]).filter(([p, c]) => p && c.offsetWidth && c.textContent)
            .map(([p, c]) => [p, c.textContent.split(/\\s+/)]))]);
});"""


class Expected:
    """The rows that a view must have."""

    def __init__(self, m):
        self.kind = {p["id"]: p["kind"] for p in m["programs"]}
        self.case = {c["id"]: c for c in m["cases"]}
        self.results = m["results"]

    def rows(self, side="", protocol="", level="", q="", verdict=(), program=(), differs=False):
        rows = {}
        for r in self.results:
            if not program or r["program"] in program:
                row = rows.setdefault((self.kind[r["program"]], r["case"]), {})
                row[r["program"]] = [r["verdict"]] + ([r["close"]] if r.get("close") else [])
        out = {}
        for (kind, case), row in rows.items():
            c, seen = self.case[case], {x[0] for x in row.values()}
            if side in ("", kind) and protocol in ("", c["protocol"]) and level in ("", c["level"]) \
                    and all(w in case.lower() for w in q.lower().split()) and (not verdict or seen & set(verdict)) \
                    and (not differs or len(seen - {"SKIP", "ERROR"}) > 1):
                out[kind, case] = row
        return out


@pytest.fixture(scope="module")
def expected(matrix):
    return Expected(matrix)


def visible(browser):
    return {(side, case): row for side, case, row in browser.run(VISIBLE)}


def bad(matrix, verdict, **has):
    """A result with this verdict and octets."""
    return next(r for r in matrix["results"] if r["verdict"] == verdict and r.get("wanted") and r.get("evidence")
                and all(r.get(k) == v for k, v in has.items()))


def quoted(r):
    return urllib.parse.quote(r["case"]) + "@" + urllib.parse.quote(r["program"], safe="")


def link_of(browser, r):
    """The link in the cell of a result."""
    return browser.run("""
        const [program, id] = arguments;
        for (const t of document.querySelectorAll("table.m")) {
            const i = Array.from(t.tHead.rows[0].cells).findIndex(c => c.dataset.program === program);
            const row = Array.from(t.querySelectorAll("tr[data-case]")).find(r => r.dataset.case === id);
            if (i > 0 && row) return row.cells[i].querySelector("a");
        }""", r["program"], r["case"])


def dialog(browser):
    return browser.run("const d = document.querySelector('dialog'); return d.open ? d.innerText : ''")


def test_the_page_of_the_repository_is_of_its_json(page):
    assert (ROOT / "docs/matrix.html").read_bytes() == page.read_bytes(), "make matrix-page writes docs/matrix.html anew"
    assert page.stat().st_size < 3e6


def test_every_cell_of_the_json_is_there_once(browser, page, matrix, expected):
    browser.view(page)
    assert visible(browser) == expected.rows()
    assert browser.run("return document.querySelectorAll('table.m td a').length") == len(matrix["results"])
    assert browser.run("return document.getElementById('count').textContent") == \
        f"{len(expected.rows())} rows, {len(matrix['results'])} cells"
    ids = browser.run("return Array.from(document.querySelectorAll('[id]')).map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert browser.run("return document.querySelectorAll('pre.trace').length") == len(matrix["cases"])
    head = browser.run("return document.querySelector('header').innerText")
    assert matrix["generated"] in head and f"proxyspec {matrix['tool']}" in re.sub(r"\s+", " ", head) and "make matrix" in head
    shown = browser.run("return Array.from(document.querySelectorAll('table.m thead th[data-program]')).map(e => "
                        "[e.dataset.program, e.innerText])")
    for p in matrix["programs"]:
        assert any(i == p["id"] and p["name"] in t and p["version"] in t for i, t in shown)


def test_programs_of_this_project_come_first(browser, page, matrix):
    ours = {p["id"] for p in matrix["programs"] if p["ours"]}
    browser.view(page)
    for heads in browser.run("return Array.from(document.querySelectorAll('table.m')).map(t => "
                             "Array.from(t.tHead.rows[0].cells).slice(2).map(c => c.dataset.program))"):
        mine = [h in ours for h in heads]
        assert mine == sorted(mine, reverse=True)


def test_rows_are_grouped_by_section(browser, page, matrix):
    section = {c["id"]: c["section"] for c in matrix["cases"]}
    browser.view(page)
    groups = browser.run("return Array.from(document.querySelectorAll('table.m tbody')).map(b => "
                         "[b.rows[0].textContent, ...Array.from(b.rows).slice(1).map(r => r.cells[0].textContent)])")
    for name, *cases in groups:
        assert cases and all(section[c].startswith(name) or name == "no text" for c in cases), name


VIEWS = [
    {"protocol": "socks4a"}, {"protocol": "http", "side": "server"}, {"level": "SHOULD"}, {"verdict": ["FAIL"]},
    {"verdict": ["LOOSE", "ERROR"], "side": "client"}, {"program": ["connect"]}, {"differs": True},
    {"program": ["connect", "connect-proxy"], "differs": True}, {"program": ["curl"], "verdict": ["INFO"]},
    {"q": "Reply  socks5"}, {"q": "no/such/case"}, {"level": "MUST", "protocol": "http", "differs": True, "q": "auth", "verdict": ["FAIL"]}]


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: " ".join(v))
def test_filters(browser, page, expected, view):
    """By hand first, then by the address that the page made of it."""
    browser.view(page)
    d = browser.driver
    for k, v in view.items():
        if k in ("side", "protocol", "level"):
            Select(d.find_element(By.NAME, k)).select_by_value(v)
        elif k == "q":
            d.find_element(By.NAME, k).send_keys(v)
        elif k == "differs":
            d.find_element(By.NAME, k).click()
        else:
            if k == "program" and not browser.run("return document.querySelector('#filters details').open"):
                d.find_element(By.CSS_SELECTOR, "#filters summary").click()
            for x in v:
                d.find_element(By.CSS_SELECTOR, f"input[name={k}][value='{x}']").click()
    wanted = expected.rows(**view)
    assert visible(browser) == wanted
    count = f"{len(wanted)} rows, {sum(map(len, wanted.values()))} cells"
    assert d.find_element(By.ID, "count").text == count
    assert d.find_element(By.ID, "nothing").is_displayed() == (not wanted)
    fragment = "#" + d.current_url.split("#")[1]
    d.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
    assert visible(browser) == expected.rows()
    browser.view(page, fragment)
    assert d.find_element(By.ID, "count").text == count
    assert visible(browser) == wanted


@pytest.mark.parametrize("verdict", ["FAIL", "LOOSE"])
@pytest.mark.parametrize("how", ["click", Keys.ENTER, Keys.SPACE, "address"], ids=["click", "enter", "space", "address"])
def test_a_detail(browser, page, matrix, verdict, how):
    r = bad(matrix, verdict)
    c = next(c for c in matrix["cases"] if c["id"] == r["case"])
    browser.view(page, "#show=" + quoted(r) if how == "address" else "#all=")
    if how != "address":
        a = link_of(browser, r)
        browser.run("arguments[0].scrollIntoView({block: 'center'})", a)
        if how == "click":
            a.click()
        else:
            browser.run("arguments[0].focus()", a)
            browser.keys(how)
    text = dialog(browser)
    assert text
    flat = re.sub(r"\s+", " ", text)
    for wanted in (r["wanted"], r["got"], r["reason"], r["evidence"], c["section"], c["quote"], c["why"], c["title"], c["trace"]):
        assert re.sub(r"\s+", " ", wanted).strip() in flat
    marked = browser.run("return document.querySelector('dialog mark').textContent")
    assert marked == c["trace"].split("\n")[r["line"] - 1]
    browser.keys(Keys.ESCAPE)
    assert not dialog(browser)
    assert browser.run("return document.activeElement === arguments[0]", link_of(browser, r))
    assert "show=" not in browser.driver.current_url


def test_another_program_of_the_same_case(browser, page, matrix):
    r = bad(matrix, "FAIL", program="curl")
    other = next(x for x in matrix["results"] if x["case"] == r["case"] and x["program"] == "connect")
    browser.view(page, "#show=" + quoted(r))
    browser.driver.find_element(By.PARTIAL_LINK_TEXT, "connect: " + other["verdict"]).click()
    assert browser.run("return document.querySelector('dialog h3').textContent") == "connect"
    browser.driver.back()
    assert browser.run("return document.querySelector('dialog h3').textContent") == "curl"


def test_arrow_keys(browser, page):
    """One stop for the tab key in each table; the arrows go round inside, over what a filter left."""
    browser.view(page, "#protocol=socks5&side=client&program=connect,curl")
    stops = "return Array.from(document.querySelectorAll('table.m')).filter(t => t.offsetParent).map(t => " \
        "t.querySelectorAll('tbody a[tabindex=\"0\"]').length)"
    assert browser.run(stops) == [1]
    browser.run("document.querySelector('table.m[data-side=client][data-protocol=socks5] tbody a[tabindex=\"0\"]').focus()")
    where = "const a = document.activeElement; return [a.closest('tr').dataset.case, a.closest('td,th').cellIndex]"
    case, x = browser.run(where)
    assert x == 0
    rows = [k[1] for k in visible(browser)]
    programs = browser.run("return Array.from(document.activeElement.closest('table').tHead.rows[0].cells).map(c => c.dataset.program)")
    browser.keys(Keys.ARROW_RIGHT)
    assert browser.run(where) == [rows[0], programs.index("connect")]
    browser.keys(Keys.END)
    assert browser.run(where) == [rows[0], programs.index("curl")]
    browser.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_LEFT)
    assert browser.run(where) == [rows[2], programs.index("connect")]
    assert browser.run(stops) == [1]
    assert browser.run("return getComputedStyle(document.activeElement).outlineStyle") != "none"
    browser.keys(Keys.HOME, Keys.ARROW_UP)
    assert browser.run(where) == [rows[1], 0]


def test_without_javascript(browser, page, matrix):
    """Every cell leads to its detail, which is in the page and can be read."""
    r = bad(matrix, "FAIL")
    browser.javascript(False)
    browser.open(page)
    assert not browser.driver.find_element(By.ID, "filters").is_displayed()
    a = link_of(browser, r)
    assert a.text.split() == [r["verdict"], r["close"]] and a.find_element(By.XPATH, "ancestor::tr/th").text == r["case"]
    target = a.get_attribute("href").split("#")[1]
    browser.run("arguments[0].scrollIntoView({block: 'center'})", a)
    a.click()
    assert browser.driver.current_url.endswith("#" + target)
    place = browser.driver.find_element(By.CSS_SELECTOR, ":target")
    assert place.text == r["program"] and place.is_displayed()
    top = browser.run("return arguments[0].getBoundingClientRect().top", place)
    assert -1 <= top < 900
    article = place.find_element(By.XPATH, "ancestor::article")
    flat = re.sub(r"\s+", " ", article.text)
    for wanted in (r["wanted"], r["got"], r["evidence"]):
        assert re.sub(r"\s+", " ", wanted) in flat
    trace = article.find_element(By.CSS_SELECTOR, "pre.trace")
    assert not trace.is_displayed()
    article.find_element(By.TAG_NAME, "summary").click()
    assert trace.is_displayed()
    broken = browser.run("return Array.from(document.querySelectorAll('a[href^=\"#\"]')).filter(a => "
                         "!document.getElementById(a.getAttribute('href').slice(1))).map(a => a.getAttribute('href'))")
    assert broken == []


@pytest.mark.parametrize("fragment", ["#all=", "#show=socks5/reply/host-unreachable-4@ssh-D-socks5", "#protocol=http&side=server"])
def test_a_phone(browser, page, fragment):
    browser.width(360, 740)
    browser.view(page, fragment)
    assert browser.run("return document.documentElement.scrollWidth") <= 360
    if "show" in fragment:
        assert browser.run("const d = document.querySelector('dialog'); return d.scrollWidth <= d.clientWidth")
        return
    # the table scrolls in its box, and the first column stays
    left = "const t = Array.from(document.querySelectorAll('table.m')).find(t => t.offsetParent && t.offsetWidth > 600); " \
        "t.parentElement.scrollLeft = %d; return [t.querySelector('tr[data-case] th').getBoundingClientRect().left, t.parentElement.scrollLeft]"
    (a, x), (b, y) = browser.run(left % 0), browser.run(left % 200)
    assert (x, y) == (0, 200) and abs(a - b) < 1.5


def test_nothing_is_fetched_and_nothing_complained(browser, page):
    browser.open(page)
    browser.driver.find_element(By.NAME, "differs").click()
    browser.open(page, "#show=" + "%")
    browser.open(page, "#program=%ff&verdict=&level=nonsense&=&show=a@b")
    asked = [u for u in browser.asked() if not u.startswith(("about:", "data:"))]
    assert asked and {u.split("#")[0] for u in asked} == {page.as_uri()}
    assert browser.said() == []


def test_print(browser, page, expected):
    browser.view(page, "#verdict=FAIL&protocol=socks5")
    pdf = base64.b64decode(browser.cdp("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert pdf.startswith(b"%PDF-") and len(re.findall(rb"/Type\s*/Page\b", pdf)) > 0
    browser.cdp("Emulation.setEmulatedMedia", media="print")
    form, articles = browser.run("const on = e => e.offsetParent !== null; return [on(document.getElementById('filters')), "
                       "Array.from(document.querySelectorAll('article')).filter(on).map(a => [a.firstElementChild.textContent, a.className])]")
    assert not form
    rows = {case for _, case in expected.rows(verdict=["FAIL"], protocol="socks5")}
    assert articles and all(case in rows and name == "" for case, name in articles)


CONTRAST = """
const number = s => s.match(/[\\d.]+/g).map(Number);
const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ground = e => { for (; e; e = e.parentElement) { const c = number(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c; if (c[3] !== 0) throw "half transparent"; } return [255, 255, 255]; };
const ratio = e => { const a = light(number(getComputedStyle(e).color)), b = light(ground(e));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };
const out = {};
for (const e of document.querySelectorAll("body *")) {
    if (!Array.from(e.childNodes).some(n => n.nodeType === 3 && n.data.trim()) || /^(SCRIPT|STYLE)$/.test(e.tagName)) continue;
    const k = [e.tagName, e.className, e.parentElement.className, e.closest("[class^=v-]")?.className].join(" ");
    if (!(k in out)) out[k] = ratio(e);
}
return out;"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(browser, page, matrix, scheme):
    browser.scheme(scheme)
    browser.view(page)
    ratios = browser.run(CONTRAST)
    assert min(ratios.values()) >= 4.5, {k: v for k, v in ratios.items() if v < 4.5}
    dark = browser.run("return getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")
    for v in VERDICTS:  # the legend has them all, and so has the table what came
        assert any(f"v-{v.lower()}" in k for k in ratios)


def test_verdicts_are_told_without_colour(browser, page):
    browser.view(page)
    looks = browser.run("""return Array.from(document.querySelectorAll(".legend dt[class] span")).map(e => {
        const s = getComputedStyle(e), b = getComputedStyle(e, "::before"); return [e.textContent, b.content.split(" / ")[0]]; })""")
    assert [w for w, _ in looks] == list(VERDICTS)
    assert len({s for _, s in looks}) == len(VERDICTS)


def test_names_and_headers(browser, page):
    """Every control has a name, every header its scope, every table its caption; the tree is the one a screen reader gets."""
    browser.view(page, "#protocol=socks4a")
    run = browser.run
    assert run("return document.documentElement.lang") == "en" and run("return document.title")
    assert run("return document.querySelectorAll('h1').length") == 1
    assert run("return document.querySelectorAll('th:not([scope])').length") == 0
    assert run("return Array.from(document.querySelectorAll('table')).filter(t => !t.caption || !t.caption.textContent).length") == 0
    assert run("return document.getElementById('count').getAttribute('aria-live')") == "polite"
    nodes = browser.cdp("Accessibility.getFullAXTree")["nodes"]
    controls = [n for n in nodes if not n["ignored"] and n["role"]["value"] in (
        "button", "checkbox", "combobox", "link", "searchbox", "textbox", "region", "table", "DisclosureTriangle", "form", "group")]
    assert {"button", "checkbox", "combobox", "link", "searchbox"} <= {n["role"]["value"] for n in controls}
    unnamed = [n for n in controls if not n.get("name", {}).get("value") and n["role"]["value"] != "group"]
    assert unnamed == []
    assert {"columnheader", "rowheader"} <= {n["role"]["value"] for n in nodes if not n["ignored"]}


def test_screenshots_are_kept(browser, page):
    BUILD.mkdir(exist_ok=True)
    for name, w, h, fragment in (("matrix", 1400, 2200, "#differs=1"), ("matrix-phone", 360, 740, "#protocol=socks5&verdict=FAIL")):
        browser.width(w, h)
        browser.view(page, fragment)
        png = base64.b64decode(browser.cdp("Page.captureScreenshot")["data"])
        assert png[:8] == b"\x89PNG\r\n\x1a\n" and int.from_bytes(png[16:20], "big") == w
        (BUILD / f"{name}.png").write_bytes(png)
