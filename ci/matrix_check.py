# SPDX-License-Identifier: ISC
"""Holds docs/matrix.json against docs/FINDINGS.md (other people's programs) and tests/conform/*.baseline (ours).

In FINDINGS.md a section about programs has a line "In the matrix: `id`, `id`.", and tables whose first column has ids of
cases in backticks (* and ? as in a shell) and whose second begins with the verdict."""
import fnmatch, json, re

import matrix_programs

BAD = ("FAIL", "LOOSE", "CRASH")


def findings(text):
	"""[(programs, globs, verdict, line number)]"""
	rows, programs = [], []
	for n, line in enumerate(text.split("\n"), 1):
		if line.startswith("## "):
			programs = []
		elif line.startswith("In the matrix: "):
			programs = re.findall(r"`([^`]+)`", line)
		elif line.startswith("| `") and programs:
			cells = [c.strip() for c in line.strip("|").split("|")]
			rows.append((programs, re.findall(r"`([^`]+)`", cells[0]), cells[1].split(",")[0], n))
	return rows


def baseline(top, program):
	known = {}
	for f in sorted((top / "tests/conform").glob(program.baseline + ".baseline")):
		for line in f.read_text().splitlines():
			w = line.split(None, 2)
			if len(w) == 3 and "=" not in w[0]:
				known[w[0]] = w[1]
	return known


def check(top):
	m = json.loads((top / "docs/matrix.json").read_text())
	rows = findings((top / "docs/FINDINGS.md").read_text())
	verdict = {(r["program"], r["case"]): r["verdict"] for r in m["results"]}
	ids, bad = {p["id"]: p for p in m["programs"]}, []
	cases = {c["id"] for c in m["cases"]}
	for programs, globs, v, n in rows:
		for p in programs:
			if p not in ids or ids[p]["ours"]:
				bad.append(f"docs/FINDINGS.md:{n}: no such program in the matrix: {p}")
		for g in globs:
			hit = [c for c in cases if fnmatch.fnmatchcase(c, g)]
			if not hit:
				bad.append(f"docs/FINDINGS.md:{n}: no such case: {g}")
			for c in sorted(hit):
				if not any(verdict.get((p, c)) == v for p in programs):
					bad.append(f"docs/FINDINGS.md:{n}: {c} is told to be {v}, and is "
						+ ", ".join(f"{verdict.get((p, c), 'not played')} ({p})" for p in programs))
	told = lambda p, c, v: any(p in ps and w == v and any(fnmatch.fnmatchcase(c, g) for g in gs) for ps, gs, w, _ in rows)
	ours = {p.id: baseline(top, p) for p in matrix_programs.PROGRAMS if p.ours}
	for r in m["results"]:
		p, c, v = r["program"], r["case"], r["verdict"]
		if ids[p]["ours"] and v in (*BAD, "ERROR") and ours[p].get(c) != v:
			bad.append(f"{p}: {c} is {v}, and no baseline says why")
		elif not ids[p]["ours"] and v in BAD and not told(p, c, v):
			bad.append(f"{p}: {c} is {v}, and docs/FINDINGS.md does not tell it")
		elif not ids[p]["ours"] and v == "ERROR" and not told(p, r.get("held_by", ""), "FAIL"):
			bad.append(f"{p}: {c} is ERROR, and docs/FINDINGS.md does not tell why")
	for p in ids.keys() - {r["program"] for r in m["results"]}:
		bad.append(f"{p}: was not played")
	print("".join(f"matrix: {b}\n" for b in bad) + f"matrix: {len(ids)} programs, {len(m['results'])} cells, {len(rows)} rows of "
		f"FINDINGS; {len(bad)} disagreements")
	return 1 if bad else 0
