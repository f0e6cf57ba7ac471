# SPDX-License-Identifier: ISC
"""docs/relay.el in Emacs: relay-test.el's tests, and what Emacs itself has for commands as streams."""
import os

import fakes
import runner

DOCS = os.path.join(runner.ROOT, "docs")
HERE = os.path.dirname(os.path.abspath(__file__))


def nntp(c):
    c.send(b"200 ready\r\n")
    c.until(b"quit\n")
    c.send(b"205 .\r\n")


def test_relay_el(stage):
    stage.write("home/ask", "#!/bin/sh\necho s3cret\n", 0o755)
    stage.fakeproxy("127.0.2.4", 1081, "--user-file", stage.write("home/users", "gotoh:s3cret\n", 0o600), "socks5")
    with stage.serve(nntp, "news", 119), stage.serve(lambda c: fakes.echo(c), "host2", 7):
        rc, out, err = stage.run("emacs", "-Q", "--batch", "-L", DOCS, "-l", os.path.join(HERE, "relay-test.el"),
                                 "-f", "ert-run-tests-batch-and-exit")
    assert rc == 0, out + err
    assert "Ran 7 tests, 7 results as expected, 0 unexpected" in out + err


def test_relay_el_is_compiled_without_a_warning(stage):
    with open(os.path.join(DOCS, "relay.el")) as f:
        stage.write("home/relay.el", f.read())
    rc, out, err = stage.run("emacs", "-Q", "--batch", "--eval", "(setq byte-compile-error-on-warn t)", "-f",
                             "batch-byte-compile", "relay.el")
    assert (rc, out, err) == (0, "", ""), out + err
