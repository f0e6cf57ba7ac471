#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""docs/CLIENTS.md from the results of test_programs.py: usage: table.py [RESULTS.json [OUT.md]]

Exit status 1 if a program of the list has no result or a failed one; the table is written all the same."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import programs   # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    source = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "fakeproxy-clients.json"
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs" / "CLIENTS.md"
    seen = json.loads(source.read_text())
    lines = [
        "# Programs that go through fakeproxy",
        "",
        "Made by `tests/fakeproxy/table.py` from a run of `tests/fakeproxy/test_programs.py`; not edited by hand.",
        "data: 100 kB of all octets with the target speaking first, or a document of 300 kB; trace: the octets in the trace of",
        "`--trace` are those this program sends and those the specification answers; ssh: half a megabyte through a real sshd",
        "with the program as ProxyCommand (`-`: it is no relay for standard input and output).",
        "",
        "| program | package and version | role | password | data | trace | ssh |",
        "|---|---|---|---|---|---|---|",
    ]
    bad = 0
    for p in programs.ALL:
        row = seen.get(p.name, {})
        cells = [row.get("data", "not run"), row.get("trace", "not run"), row.get("ssh", "not run") if p.proxy_command else "-"]
        bad += any(c not in ("ok", "-") for c in cells)
        lines.append(f"| {p.name} | {p.package} {row.get('version', '?')} | {p.role} | {'yes' if p.auth else 'no'} | "
                     + " | ".join(cells) + " |")
    out.write_text("\n".join(lines) + "\n")
    print(f"{out}: {len(programs.ALL)} rows, {bad} not ok")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
