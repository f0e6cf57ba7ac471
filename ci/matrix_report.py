# SPDX-License-Identifier: ISC
"""docs/matrix.json and docs/matrix.md."""
import datetime, json, re

import matrix_programs

VERDICTS = ("PASS", "INFO", "LOOSE", "FAIL", "CRASH", "ERROR", "SKIP")
LEVELS = "MUST-NOT|MUST|SHOULD-NOT|SHOULD|MAY|FMT|CONV|ROBUST|INFO|must"


def case(path):
	"""What a trace says of itself, and its text."""
	text = path.read_text()
	head = {}
	for line in text.split("\n\n", 1)[0].splitlines():
		k, _, v = line.partition(":")
		head.setdefault(k.strip(), []).append(v.strip())
	spec = re.sub(rf"\s+({LEVELS})$", "", head.get("spec", [""])[0])
	quote = re.search(r'"(.*)"', spec)
	needs = head.get("needs", [""])[0].split()
	return {"id": head["case"][0], "protocol": next((p for p in ("socks4a", "socks4", "socks5", "http", "telnet") if p in needs), ""),
		"level": head.get("level", ["MUST"])[0], "section": re.sub(r'\s*".*"', "", spec).strip(), "side": head["tests"][0],
		"title": head.get("title", [""])[0], "why": head.get("why", [""])[0], "quote": quote[1] if quote else "", "trace": text}


def template(p, profiles):
	if p.kind == "server":
		lists = p.argv if isinstance(p.argv[0], list) else [p.argv]
		return "; ".join(" ".join(a) for a in lists).replace("{bin}/", "").replace("/usr/sbin/", "")
	lines = [l for l in (profiles / (p.id + ".profile")).read_text().splitlines() if re.match(r"(socks|http|telnet)", l)]
	return "\n".join(lines)


def program(p, version, profiles):
	r = {"id": p.id, "kind": p.kind, "name": p.name, "version": version, "package": p.package, "role": p.role,
		"command": template(p, profiles), "ours": p.ours}
	if p.note:
		r["note"] = p.note
	return r


def write(top, versions, got, tool):
	path = top / "docs/matrix.json"
	if path.exists():
		old = json.loads(path.read_text())
		known = {p.id for p in matrix_programs.PROGRAMS}
		for r in old["results"]:
			if r["program"] in known - set(got):
				got.setdefault("old " + r["program"], []).append(r)
	cases = sorted((case(f) for f in (top / "fixtures").glob("*/*.pxt")), key=lambda c: c["id"])
	order = {p.id: i for i, p in enumerate(matrix_programs.PROGRAMS)}
	rows = sorted((r for rs in got.values() for r in rs), key=lambda r: (order[r["program"]], r["case"]))
	m = {"generated": datetime.datetime.now(datetime.timezone.utc).date().isoformat(), "tool": tool,
		"programs": [program(p, versions[p.id], top / "src/proxyspec/profiles") for p in matrix_programs.PROGRAMS],
		"cases": cases, "results": rows}
	with open(path, "w") as f:  # a line for each program, case and result
		f.write(f'{{"generated": {json.dumps(m["generated"])},\n"tool": {json.dumps(tool)}')
		for k in ("programs", "cases", "results"):
			f.write(f',\n"{k}": [\n' + ",\n".join(json.dumps(x, ensure_ascii=False) for x in m[k]) + "\n]")
		f.write("\n}\n")
	(top / "docs/matrix.md").write_text(markdown(m))


def table(head, rows):
	return "| " + " | ".join(head) + " |\n|" + " --- |" * len(head) + "\n" + "".join("| " + " | ".join(str(c) for c in r) + " |\n" for r in rows)


def counts(m):
	n = {}
	for r in m["results"]:
		n.setdefault(r["program"], {}).setdefault(r["verdict"], 0)
		n[r["program"]][r["verdict"]] += 1
	return n


def markdown(m):
	n, out = counts(m), []
	out.append("# The matrix\n\nWhich program meets which trace. Written by `make matrix` from the same run as `matrix.json`, which has every "
		f"cell with its octets; {m['generated']}, proxyspec {m['tool']}.\n\n"
		"The verdicts are explained in `proxyspec.1`. LOOSE is a SHOULD, a convention or plain robustness that is not met, FAIL a "
		"requirement. SKIP: the program has no such thing, or the set-up does not show it. Every FAIL and LOOSE of another program "
		"has its octets in `FINDINGS.md`.\n\n")
	for kind in ("server", "client"):
		ps = [p for p in m["programs"] if p["kind"] == kind]
		out.append(f"## {kind.capitalize()}s\n\n" + table(["program", "version", "role", *VERDICTS], [
			[p["name"], p["version"], p["role"], *(n.get(p["id"], {}).get(v, 0) or "" for v in VERDICTS)] for p in ps]) + "\n")
	out.append("## What is not met\n\nBy case; a program stands there once for each role in which it was seen.\n\n")
	level = {c["id"]: c for c in m["cases"]}
	name = {p["id"]: p["id"] for p in m["programs"]}
	for v in ("FAIL", "CRASH", "ERROR", "LOOSE"):
		by = {}
		for r in m["results"]:
			if r["verdict"] == v:
				by.setdefault(r["case"], []).append(name[r["program"]])
		if by:
			out.append(f"### {v}\n\n" + table(["case", "level", "section", "programs"], [
				[f"`{c}`", level[c]["level"], level[c]["section"], ", ".join(ps)] for c, ps in sorted(by.items())]) + "\n")
	return "".join(out)
