# SPDX-License-Identifier: ISC
"""The documents name only what exists: traces, defects, tests."""
import os
import re

import runner


def read(*path):
    with open(os.path.join(runner.ROOT, *path), encoding="utf-8") as f:
        return f.read()


def cases():
    """The ids of all traces, and those a client is tested with."""
    every, client = set(), set()
    for base, _, files in os.walk(os.path.join(runner.ROOT, "fixtures")):
        for f in files:
            if not f.endswith(".pxt"):
                continue
            text = read(base, f)
            m = re.search(r"^case:\s*(\S+)", text, re.M)
            assert m, f
            every.add(m.group(1))
            if re.search(r"^tests:\s*(client|both)", text, re.M):
                client.add(m.group(1))
    return every, client


def test_each_decision_names_traces_that_exist_and_concern_a_client():
    every, client = cases()
    text = read("docs", "PROTOCOL.md")
    decisions = re.split(r"^### ", text, flags=re.M)[1:]
    assert len(decisions) > 30
    for d in decisions:
        title, fields = d.split("\n", 1)
        fields = re.split(r"^## ", fields, flags=re.M)[0]
        assert "\n* connect: " in "\n" + fields, title
        assert re.search(r"^\* (Specification|Peers): ", fields, re.M), title
        traces = re.findall(r"`((?:socks|http|telnet|tunnel|cross)[^`\s]*/[^`]+)`", fields.split("* Trace: ")[1])
        assert traces, title
        for t in traces:
            assert t in every, (title, t)
            assert t in client, (title, t)


def test_each_defect_is_in_the_table_once_and_has_a_test():
    numbers = re.findall(r"^\| (B\d\db?) \| [SCHWU ]+ \| [^|]+ \| [^|]+ \|$", read("docs", "MIGRATION.md"), re.M)
    assert numbers == sorted(["B%02d" % i for i in range(1, 46)] + ["B07b"])
    tests = set(re.findall(r"^def test_(B\d\db?)_", read("tests", "e2e", "test_defects.py"), re.M))
    assert tests == set(numbers)
