#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""gcovr's summary by folder, and the files below the bounds.  usage: ci/coverage_table.py JSON LINES BRANCHES"""
import collections
import json
import sys


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def row(name, c):
    return "%-34s %6d of %6d lines %5.1f %%   %6d of %6d branches %5.1f %%" % (
        name, c["line_covered"], c["line_total"], percent(c["line_covered"], c["line_total"]),
        c["branch_covered"], c["branch_total"], percent(c["branch_covered"], c["branch_total"]))


def below(c, lines, branches):
    return percent(c["line_covered"], c["line_total"]) < lines or percent(c["branch_covered"], c["branch_total"]) < branches


def main(path, lines, branches):
    lines, branches = float(lines), float(branches)
    with open(path, encoding="utf-8") as f:
        files = json.load(f)["files"]
    folders = collections.defaultdict(collections.Counter)
    for f in files:
        for key in ("line_covered", "line_total", "branch_covered", "branch_total"):
            folders[f["filename"].rpartition("/")[0]][key] += f[key]
    for f in sorted(files, key=lambda f: f["filename"]):
        if below(f, lines, branches):
            print(row(f["filename"], f))
    bad = [n for n, c in folders.items() if below(c, lines, branches)]
    for name, c in sorted(folders.items()):
        print(row(name + "/", c))
    total = sum(folders.values(), collections.Counter())
    print(row("all", total))
    print("coverage: asked are %g %% of lines and %g %% of branches in each folder%s" % (
        lines, branches, ": not in " + ", ".join(sorted(bad)) if bad else ""))
    return 1 if bad or not total["line_total"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
