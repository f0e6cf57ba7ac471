#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""gcovr's summary by folder, and the files below the bounds, with a star where DOC's section "Coverage" does not name it.

usage: ci/coverage_table.py JSON DOC LINES BRANCHES"""
import collections
import json
import re
import sys


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def row(name, c):
    return "%-34s %6d of %6d lines %5.1f %%   %6d of %6d branches %5.1f %%" % (
        name, c["line_covered"], c["line_total"], percent(c["line_covered"], c["line_total"]),
        c["branch_covered"], c["branch_total"], percent(c["branch_covered"], c["branch_total"]))


def below(c, lines, branches):
    return percent(c["line_covered"], c["line_total"]) < lines or percent(c["branch_covered"], c["branch_total"]) < branches


def explained(doc):
    """The files that the section has in a row of its table, each with what is said of it."""
    with open(doc, encoding="utf-8") as f:
        section = f.read().partition("\n## Coverage\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+\.[ch])`[^|]*\| *(\S[^|]*)\|", section, re.M))


def main(path, doc, lines, branches):
    lines, branches = float(lines), float(branches)
    with open(path, encoding="utf-8") as f:
        files = json.load(f)["files"]
    folders = collections.defaultdict(collections.Counter)
    for f in files:
        for key in ("line_covered", "line_total", "branch_covered", "branch_total"):
            folders[f["filename"].rpartition("/")[0]][key] += f[key]
    reasons = explained(doc)
    unexplained = []
    for f in sorted(files, key=lambda f: f["filename"]):
        if below(f, lines, branches):
            known = f["filename"] in reasons
            print(row(f["filename"], f) + ("" if known else " *"))
            unexplained += [] if known else [f["filename"]]
    gone = sorted(set(reasons) - {f["filename"] for f in files})
    bad = [n for n, c in folders.items() if below(c, lines, branches)]
    for name, c in sorted(folders.items()):
        print(row(name + "/", c))
    total = sum(folders.values(), collections.Counter())
    print(row("all", total))
    print("coverage: asked are %g %% of lines and %g %% of branches in each folder%s" % (
        lines, branches, ": not in " + ", ".join(sorted(bad)) if bad else ""))
    for names, what in ((unexplained, "below that, without a reason in " + doc), (gone, "named in %s, not measured" % doc)):
        if names:
            print("coverage: %s: %s" % (what, " ".join(names)))
    return 1 if bad or unexplained or gone or not total["line_total"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
