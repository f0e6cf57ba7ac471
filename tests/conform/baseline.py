# SPDX-License-Identifier: ISC
"""Known verdicts.  A line of tests/conform/RUN.baseline is  ID VERDICT reason  or  needs=WORD SKIP reason.

One thing to know: it works both ways.  A verdict that is not listed fails, and a line that is not needed fails."""
import pathlib

import lab

HERE = pathlib.Path(__file__).resolve().parent
GOOD = ("PASS", "INFO")
NEEDS, DECLARED = "needs ", ", which was not declared"      # proxyspec's words for a SKIP


def lines(path):
    """(number, words) of each line; a file that is not there has none."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for n, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield n, line.split(None, 2)


def known(run):
    """(id, verdict) -> line number."""
    path, all = HERE / f"{run.name}.baseline", {}
    for n, words in lines(path):
        if len(words) != 3 or words[1] not in ("FAIL", "LOOSE", "CRASH", "SKIP"):
            raise lab.Trouble(f"{path.name}:{n}: a line is ID VERDICT reason")
        if (words[0], words[1]) in all:
            raise lab.Trouble(f"{path.name}:{n}: {words[0]} stands twice")
        all[words[0], words[1]] = n
    return all


def key(case):
    """How a baseline would name this verdict."""
    r = case.reason
    if case.verdict == "SKIP" and r.startswith(NEEDS) and r.endswith(DECLARED):
        return f"needs={r[len(NEEDS):-len(DECLARED)]}", "SKIP"
    return case.id, case.verdict


def complaints(played):
    """(what is wrong, how many verdicts the baseline explains)."""
    run, base, used, bad, explained = played.run, known(played.run), set(), [], 0
    for c in played.cases.values():
        if c.verdict in GOOD:
            continue
        if key(c) in base:
            used.add(key(c))
            explained += c.verdict != "SKIP"
        else:
            bad.append(f"{run.name}: {c.id}: {c.verdict} {c.evidence()}")
    for k, n in base.items():
        if k not in used:
            now = played.cases[k[0]].verdict if k[0] in played.cases else "not so any more"
            bad.append(f"{run.name}.baseline:{n}: idle: {k[0]} {k[1]}: {now}")
    if not played.played():
        bad.append(f"{run.name}: no case was played")
    words = [w for w in played.words.splitlines() if w.strip()]
    if words or played.status not in (0, 1):
        bad.append(f"{run.name}: proxyspec ended with {played.status}: {' '.join(words)[-400:]}")
    return bad, explained


def unplayed(all_played):
    """Cases that no run of their side has played, but for those that tests/conform/unplayed lists: SIDE ID reason."""
    listed = {}
    for n, words in lines(HERE / "unplayed"):
        if len(words) != 3:
            raise lab.Trouble(f"unplayed:{n}: a line is SIDE ID reason")
        listed[words[0], words[1]] = n
    known_, done = set(), set()
    for side in ("server", "client"):
        for row in lab.ask(lab.BUILD, "list").splitlines():
            words = row.split()
            if words[1] in (side, "both"):
                known_.add((side, words[0]))
    for p in all_played:
        done |= {(p.run.side, c.id) for c in p.played()}
    bad = [f"{id}: no {side} run plays it, and tests/conform/unplayed does not say why" for side, id in
           sorted(known_ - done - listed.keys())]
    bad += [f"unplayed:{n}: idle: {k[1]} " + ("is played" if k in done else "is no such case") for k, n in listed.items()
            if k in done or k not in known_]
    return bad, len(listed)
