#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""docs/matrix.html from docs/matrix.json: one page that needs nothing else, neither network nor, for reading, JavaScript.

A table for each side and protocol; each cell is a link to what its case wants and what the program did.  Those details stand
once, behind the tables; ci/matrix_page.js shows them in front of the table and filters.  Whatever comes from the JSON passes
esc() or ident(): it holds octets of strangers.

usage: ci/matrix_page.py [JSON [HTML]]"""
import sys
sys.dont_write_bytecode = True
import base64, hashlib, html, json, pathlib, re, urllib.parse

TOP = pathlib.Path(__file__).resolve().parent.parent
VERDICTS = {
	"PASS": "as the trace wants it",
	"INFO": "observed, no judgement (levels MAY and INFO)",
	"LOOSE": "a SHOULD, a convention or plain robustness is not met, or a discouraged alternative came",
	"FAIL": "a requirement (MUST, MUST NOT, a format) is not met",
	"CRASH": "the program accepted connections before the case and does not any more",
	"ERROR": "not judged: the runner, the set-up, or a case without which the others say nothing",
	"SKIP": "not asked: the program has no such thing, or the set-up does not show it"}
CLOSES = {"fin": "it closed the connection", "rst": "it reset the connection", "timeout": "it closed after its time",
	"none": "it left the connection open"}
BAD = ("FAIL", "CRASH", "ERROR", "LOOSE")
PROTOCOLS = {"socks4": "SOCKS4", "socks4a": "SOCKS4a", "socks5": "SOCKS5", "http": "HTTP CONNECT", "telnet": "telnet"}
SIDES = {"server": "Servers", "client": "Clients"}
FIELDS = ("field", "wanted", "got")
KNOWN = {"program", "case", "verdict", "close", "reason", "line", "level", "held_by", "delivery", "evidence", *FIELDS}
# Not to be seen, or obeyed by the reader's eyes: C0, DEL, C1, directions, line and paragraph separator, lone surrogates.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]")


def seen(x):
	return UNSEEN.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", str(x))


def esc(x):
	"""Text for an element or a quoted attribute."""
	return html.escape(seen(x), quote=True)


def quoted(x, safe=""):
	return urllib.parse.quote(seen(x), safe=safe)


def ident(case, program=None):
	"""The id of a case's detail, or of what a program did there; it is its own fragment and needs no quotation marks."""
	return "c/" + quoted(case, "/") + ("" if program is None else "@" + quoted(program))


def css(x):
	"""A verdict as the name of a class."""
	return "v-" + (x.lower() if x in VERDICTS else "other")


def section(c):
	"""The document and its section, without what the trace adds to them."""
	m = re.match(r"(RFC ?\d+|[A-Z][A-Z0-9.]+\b)( §\d[\d.]*\d| §\d)?", c["section"])
	return m[1] + (m[2] or "") if m else "no text"


def section_order(name):
	return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.split(r"(\d+)", name)]


class Matrix:
	def __init__(self, m):
		self.m = m
		self.programs = {p["id"]: p for p in sorted(m["programs"], key=lambda p: not p.get("ours"))}
		self.cases = {c["id"]: c for c in m["cases"]}
		self.cell = {(r["case"], r["program"]): r for r in m["results"]}
		self.of_case = {}
		for (case, program), r in self.cell.items():
			self.of_case.setdefault(case, {})[program] = r
		if len(self.cell) != len(m["results"]):
			raise SystemExit("matrix_page: two results for one case and program")
		if strange := {r["case"] for r in m["results"]} - set(self.cases) | {r["program"] for r in m["results"]} - set(self.programs):
			raise SystemExit(f"matrix_page: no such case or program: {sorted(strange)}")

	def protocols(self):
		seen = {c["protocol"] for c in self.cases.values()}
		return [p for p in PROTOCOLS if p in seen] + sorted(seen - set(PROTOCOLS))

	def rows(self, kind, protocol):
		"""Sections with their cases, and the programs that have a result there."""
		programs = [p for p in self.programs.values() if p["kind"] == kind]
		groups = {}
		for c in self.cases.values():
			if c["protocol"] == protocol and any(p["id"] in self.of_case.get(c["id"], {}) for p in programs):
				groups.setdefault(section(c), []).append(c)
		ids = {c["id"] for g in groups.values() for c in g}
		columns = [p for p in programs if any((c, p["id"]) in self.cell for c in ids)]
		return sorted(groups.items(), key=lambda g: section_order(g[0])), columns


def table(m, kind, protocol):
	groups, columns = m.rows(kind, protocol)
	if not columns:
		return ""
	title = f"{SIDES.get(kind, kind)}: {PROTOCOLS.get(protocol, protocol or 'no protocol')}"
	out = [f'<div class="scroll{" many" if len(columns) > 11 else ""}" role="region" tabindex="0" aria-label="{esc(title)}">'
		f'<table class="m" data-side="{esc(kind)}" data-protocol="{esc(protocol)}"><caption><span>{esc(title)}</span></caption>\n'
		'<thead><tr><th scope="col">case</th><th scope="col">level</th>']
	for p in columns:
		out.append(f'<th scope="col" data-program="{esc(p["id"])}"><a href="#p/{quoted(p["id"])}">{esc(p["name"])}</a> '
			f'<small>{esc(p["version"])}</small>' + (f' <small>{esc(p["role"])}</small></th>' if kind == "server" else "</th>"))
	out.append("</tr></thead>\n")
	for name, cases in groups:
		out.append(f'<tbody><tr class="g"><th scope="rowgroup" colspan="{len(columns) + 2}"><span>{esc(name)}</span></th></tr>\n')
		for c in sorted(cases, key=lambda c: c["id"]):
			out.append(f'<tr data-case="{esc(c["id"])}"><th scope="row"><a href="#{ident(c["id"])}" title="{esc(c["title"])}">{esc(c["id"])}</a>'
				f'</th><td>{esc(c["level"])}</td>')
			out.extend(cell(m.cell.get((c["id"], p["id"]))) for p in columns)
			out.append("</tr>\n")
		out.append("</tbody>\n")
	return "".join(out) + "</table></div>\n"


def cell(r):
	if r is None:
		return "<td></td>"
	target = ident(r["case"]) if r["verdict"] == "PASS" else ident(r["case"], r["program"])
	close = f' <i>{esc(r["close"])}</i>' if r.get("close") else ""
	return f'<td class="{css(r["verdict"])}"><a href="#{target}">{esc(r["verdict"])}{close}</a></td>'


def result(m, c, rs):
	"""What one program did, or several did alike; each name is the target of its cells."""
	r = rs[0]
	names = ", ".join(f'<span id="{ident(c["id"], x["program"])}">{esc(x["program"])}</span>' for x in rs)
	close = f' <i>({esc(CLOSES.get(r["close"], r["close"]))})</i>' if r.get("close") else ""
	out = [f'<li class="{css(r["verdict"])}"><p><b>{esc(r["verdict"])}</b> {names}{close}</p>']
	if r.get("reason"):
		out.append(f'<p>{esc(r["reason"])}</p>')
	facts = [(k, f"<code>{esc(r[k])}</code>") for k in FIELDS if r.get(k)]
	if r.get("line"):
		lines = c["trace"].split("\n")
		text = f': <code>{esc(lines[r["line"] - 1].strip())}</code>' if 0 < r["line"] <= len(lines) else ""
		facts.append(("line", f'<span class="line">{esc(r["line"])}</span>{text} {esc(r.get("level", ""))}'))
	if r.get("held_by") in m.cases:
		facts.append(("held by", f'<a href="#{ident(r["held_by"])}">{esc(r["held_by"])}</a>'))
	facts += [(esc(k), esc(r[k])) for k in sorted(r) if k == "delivery" or k not in KNOWN]
	if facts:
		out.append("<dl>" + "".join(f"<dt>{k}<dd>{v}" for k, v in facts) + "</dl>")
	if r.get("evidence"):
		out.append(f'<pre>{esc(r["evidence"])}</pre>')
	return "".join(out) + "</li>\n"


def detail(m, c):
	rs, alike = m.of_case.get(c["id"], {}), {}
	for p in m.programs:
		if p in rs and rs[p]["verdict"] != "PASS":
			key = json.dumps({k: v for k, v in rs[p].items() if k != "program"}, sort_keys=True)
			alike.setdefault(key, []).append(rs[p])
	order = [*BAD, "INFO"]
	groups = sorted(alike.values(), key=lambda g: order.index(g[0]["verdict"]) if g[0]["verdict"] in order else 9)
	passed = [p for p in m.programs if p in rs and rs[p]["verdict"] == "PASS"]
	met = not any(g[0]["verdict"] in BAD for g in groups)
	out = [f'<article id="{ident(c["id"])}"{" class=met" if met else ""}><h4>{esc(c["id"])}</h4>\n<p class="title">{esc(c["title"])}</p>\n<dl>'
		f'<dt>level<dd>{esc(c["level"])}<dt>section<dd>{esc(c["section"])}']
	if c.get("quote"):
		out.append(f'<dt>text<dd><q>{esc(c["quote"])}</q>')
	if c.get("why"):
		out.append(f'<dt>why<dd>{esc(c["why"])}')
	if passed:
		out.append(f'<dt>PASS<dd class="passed">{esc(", ".join(passed))}')
	out.append(f'</dl>\n<details><summary>The trace of {esc(c["id"])}</summary><pre class="trace">\n{esc(c["trace"])}</pre></details>\n')
	if groups:
		out.append('<ul class="results">' + "".join(result(m, c, g) for g in groups) + "</ul>\n")
	return "".join(out) + "</article>\n"


def program_rows(m, kind):
	out = []
	for p in m.programs.values():
		if p["kind"] != kind:
			continue
		n = {}
		for r in m.m["results"]:
			if r["program"] == p["id"]:
				n[r["verdict"]] = n.get(r["verdict"], 0) + 1
		note = f'<br><small>{esc(p["note"])}</small>' if p.get("note") else ""
		ours = ' <small class="ours">this project</small>' if p.get("ours") else ""
		out.append(f'<tr id="p/{quoted(p["id"])}"><th scope="row">{esc(p["name"])}{ours} <small>{esc(p["id"])}</small></th>'
			f'<td>{esc(p["version"])}</td><td>{esc(p["role"])}{note}'
			f'<details><summary>command<span class="sr"> of {esc(p["id"])}</span></summary><pre>{esc(p["command"])}</pre></details></td>'
			+ "".join(f'<td class="n">{n.get(v, "")}</td>' for v in VERDICTS) + "</tr>\n")
	return "".join(out)


def summary(m):
	out = []
	for kind, title in SIDES.items():
		out.append(f'<div class="scroll" role="region" tabindex="0" aria-label="{title}: versions and counts"><table class="sum">'
			f'<caption><span>{title}: versions and counts</span></caption>\n<thead><tr><th scope="col">program</th><th scope="col">version</th>'
			'<th scope="col">role</th>' + "".join(f'<th scope="col">{v}</th>' for v in VERDICTS)
			+ f"</tr></thead>\n<tbody>\n{program_rows(m, kind)}</tbody></table></div>\n")
	return "".join(out)


def options(name, label, values):
	return (f'<label>{label} <select name="{name}"><option value="">all</option>'
		+ "".join(f'<option value="{esc(v)}">{esc(t)}</option>' for v, t in values) + "</select></label>\n")


def controls(m):
	"""Shown by the script, without which they would do nothing."""
	levels = sorted({c["level"] for c in m.cases.values()})
	boxes = "".join(f'<label class="{css(v)}"><input type="checkbox" name="verdict" value="{esc(v)}"> {esc(v)}</label>\n' for v in VERDICTS)
	programs = "".join(f'<fieldset><legend>{t}</legend>' + "".join(
		f'<label><input type="checkbox" name="program" value="{esc(p["id"])}"> {esc(p["id"])}</label>\n'
		for p in m.programs.values() if p["kind"] == k) + "</fieldset>" for k, t in SIDES.items())
	return ('<form id="filters" hidden aria-label="Filters">\n'
		+ options("side", "Side", SIDES.items()) + options("protocol", "Protocol", [(p, PROTOCOLS.get(p, p)) for p in m.protocols()])
		+ options("level", "Level", [(l, l) for l in levels])
		+ '<label>Search <input type="search" name="q" placeholder="words of the id" autocomplete="off" spellcheck="false"></label>\n'
		'<label><input type="checkbox" name="differs"> programs differ</label>\n'
		f'<fieldset class="row"><legend>Verdict</legend>{boxes}</fieldset>\n'
		f'<details><summary>Programs</summary><div class="programs">{programs}</div></details>\n'
		'<button type="reset">Show all</button>\n'
		'<output id="count" aria-live="polite"></output>\n'
		'<p class="keys">In a table: arrow keys move from cell to cell, Enter or Space opens, Escape closes. '
		'The address of the page keeps the view.</p></form>\n')


def legend():
	v = "".join(f'<dt class="{css(k)}"><span>{k}</span></dt><dd>{t}</dd>\n' for k, t in VERDICTS.items())
	c = "".join(f"<dt><i>{k}</i></dt><dd>{t}</dd>\n" for k, t in CLOSES.items())
	return (f'<details open class="legend"><summary>What the words mean</summary><dl>{v}</dl>\n'
		f"<p>Below the verdict stands what became of the connection:</p><dl>{c}</dl></details>\n")


def page(m):
	here = pathlib.Path(__file__).resolve().parent
	style, script = ((here / f"matrix_page.{e}").read_text() for e in ("css", "js"))
	hash = lambda s: "'sha256-" + base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() + "'"
	m = Matrix(m)
	tables = "".join(f'<section aria-labelledby="h-{k}"><h2 id="h-{k}">{t}</h2>\n' + "".join(table(m, k, p) for p in m.protocols())
		+ "</section>\n" for k, t in SIDES.items())
	details = "".join(f'<h3>{esc(PROTOCOLS.get(p, p))}</h3>\n' + "".join(detail(m, c) for c in
		sorted(m.cases.values(), key=lambda c: (section_order(section(c)), c["id"])) if c["protocol"] == p) for p in m.protocols())
	return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src {hash(style)}; script-src {hash(script)}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Which program meets which trace</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<header>
<h1>Which program meets which trace</h1>
<p>{len(m.cases)} cases, {len(m.programs)} programs in their roles, {len(m.cell)} cells. Played on {esc(m.m["generated"])} with
proxyspec {esc(m.m["tool"])}. Made by <code>make matrix</code>, which plays everything again; <code>make matrix-page</code> writes this
page alone anew from <code>docs/matrix.json</code>.</p>
<nav aria-label="Parts"><a href="#h-server">Servers</a> <a href="#h-client">Clients</a> <a href="#programs">Programs</a></nav>
</header>
<main>
{legend()}{controls(m)}<p id="nothing" hidden>No case is like that.</p>
{tables}<section aria-labelledby="programs"><h2 id="programs">Programs</h2>
{summary(m)}</section>
<section id="details" aria-labelledby="h-details"><h2 id="h-details">Cases</h2>
<p>What each case wants and why, what its trace is, and what each program did that did not pass.</p>
{details}</section>
</main>
<dialog id="dialog" aria-labelledby="dialog-title"><div class="bar"><h2 id="dialog-title" tabindex="-1"></h2>
<button type="button" id="close">Close</button></div><div id="dialog-body"></div></dialog>
<script>{script}</script>
</body>
</html>
"""


def main(argv):
	source = pathlib.Path(argv[0]) if argv else TOP / "docs/matrix.json"
	target = pathlib.Path(argv[1]) if argv[1:] else TOP / "docs/matrix.html"
	text = page(json.loads(source.read_text()))
	target.write_text(text)
	print(f"matrix_page: {target.name}, {len(text.encode()) / 1e6:.2f} MB")


if __name__ == "__main__":
	if len(sys.argv) > 3 or any(a.startswith("-") for a in sys.argv[1:]):
		sys.exit(__doc__)
	main(sys.argv[1:])
