# SPDX-License-Identifier: ISC
"""The recorded stimuli of connect.c 1.105 replayed against connect.

Octets on the wire, questions to the name server, stdout, exit status and stderr (with -d also every DEBUG
line, in order) are what was recorded, but for the differences listed in dropin_differences.py.  A listed
difference has to change the recording, and to be seen.
"""
import copy

import pytest

import dropin_differences
import replay

CASES = replay.load()


def prepared(case_id):
    """The recording, and the recording as its listed differences edit it."""
    case = copy.deepcopy(CASES[case_id])
    case["stderr"] = replay.recorded_lines(case)
    if case["exit"] == "SIGABRT":           # the message of its runtime, not of the program
        case["stderr"] = [x for x in case["stderr"] if x.startswith(("DEBUG", "ERROR", "FATAL"))]
    old = copy.deepcopy(case)
    for d in dropin_differences.TABLE.get(case_id, ()):
        before = repr(case)
        d.edit(case)
        assert repr(case) != before, "%s: %s (%s) changes nothing in the recording" % (case_id, d.decision, d.reason)
    return old, case


def same_line(expected, line):
    if hasattr(expected, "match"):
        return bool(expected.match(line))
    return expected == line


def compare(case, o):
    """The list of what is not as expected."""
    wrong = []
    expected = replay.expected_messages(case)
    if len(expected) != len(o.messages):
        wrong.append("messages on the wire: expected %r, got %r" % ([m[:3] for m in expected], o.messages))
    for e, m in zip(expected, o.messages):
        if e[3] is None:
            if e[:3] != m:
                wrong.append("on the wire: expected %r, got %r" % (e[:3], m))
        elif e[:2] != m[:2] or not m[2].startswith(e[2]) or len(m[2]) != e[3]:
            wrong.append("on the wire: expected %r of length %d, got %r" % (e[:3], e[3], m))
    if sorted(map(tuple, case["dns"])) != sorted(set(o.dns)):
        wrong.append("name server: expected %r, got %r" % (case["dns"], o.dns))
    if o.result.rc != case["exit"]:
        wrong.append("exit: expected %r, got %r" % (case["exit"], o.result.rc))
    if case["stdout"] is not None and o.result.out != bytes.fromhex(case["stdout"]):
        wrong.append("stdout: expected %r, got %r" % (bytes.fromhex(case["stdout"]), o.result.out))
    lines = replay.normal(o.result.lines, o.port)
    if len(lines) != len(case["stderr"]) or not all(map(same_line, case["stderr"], lines)):
        wrong.append("stderr: expected\n    %s\n  got\n    %s" % (
            "\n    ".join(getattr(x, "pattern", x) for x in case["stderr"]), "\n    ".join(lines)))
    return wrong


def test_the_table_names_only_recordings():
    assert len(CASES) >= 200
    assert not set(dropin_differences.TABLE) - set(CASES)


@pytest.mark.parametrize("case_id", sorted(CASES))
def test_replay(case_id, jail, dns):
    old, case = prepared(case_id)
    o = replay.observe(case, jail, dns)
    wrong = compare(case, o)
    assert not wrong, "\n".join([CASES[case_id]["title"]] + wrong)
    if case_id in dropin_differences.TABLE:
        assert compare(old, o), "the listed differences were not seen"
