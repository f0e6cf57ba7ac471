# SPDX-License-Identifier: ISC
"""One trial: a proxy's script, connect against it, and what holds whatever the proxy does."""
import re
import tempfile

import runner
from fakes import FakeServer
from runner import Running

BOUND_KB = 4 * 1024         # resident, at its peak; a run with a friendly proxy needs 1.7 MiB
PASSWORD = "Kq7-zW_pelican4"
ENV = {"SOCKS5_PASSWORD": PASSWORD, "HTTP_PROXY_PASSWORD": PASSWORD}
SANITIZED = runner.sanitized()
CONTROL = re.compile(rb"[^\x20-\x7e\n]")


class Trial:
    """Runs connect to its end; status, stdout, stderr and the peak of its memory are kept."""

    def __init__(self, script, *options, stdin=b"", env=ENV, target=("192.0.2.1", "22"), limit=30, after=None):
        with tempfile.NamedTemporaryFile() as peak, FakeServer(script, strict=False) as px:
            self.px = px
            self.party = "proxy " + px.spec
            words = [w.replace("PROXY", "bob@" + px.spec) for w in options]
            with Running(*words, *target, env=env, command=["time", "-q", "-f", "%M", "-o", peak.name, runner.CONNECT]) as r:
                self.res = r.finish(stdin, limit)
            if after:
                after()
            self.peak_kb = int(peak.read().split()[-1])

    def holds(self, status, error, out=b""):
        """What is promised for every proxy: status, one error that names it, nothing else, no control octet, no growth."""
        res = self.res
        errors = [x for x in res.lines if x.startswith("ERROR: ")]
        assert res.rc == status, (status, res)
        assert res.out == out, res
        assert not CONTROL.search(res.err), (CONTROL.search(res.err), res)
        assert SANITIZED or self.peak_kb < BOUND_KB, (self.peak_kb, res)
        assert PASSWORD not in res.text, res
        if error is None:
            assert not errors, res
            return self
        assert len(errors) == 1 and self.party in errors[0] and re.search(error, errors[0]), (error, res)
        assert res.lines[-1].startswith("FATAL: failed to begin relaying via "), res
        return self


def flood(c, data):
    """data over and over, until connect is gone."""
    while not c.ended:
        c.send(data)
