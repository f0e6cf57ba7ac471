# SPDX-License-Identifier: ISC
"""The image of docs/CI/Dockerfile, as it comes: without a network, as its own user."""
import lab as labs


def tools(lab, *argv):
    return labs.run("docker", "run", "--rm", "--network", "none", "--label", "com.docker.compose.project=" + lab.project,
                    "connect-ci-tools", *argv)


def test_fakeproxy_help(lab):
    r = tools(lab, "fakeproxy", "--help")
    assert r.rc == 0 and b"usage: fakeproxy" in r.out + r.err.encode(), r


def test_proxyspec_self(lab):
    """Every trace that comes with the image is played."""
    r = tools(lab, "proxyspec", "self")
    traces = len(list((labs.HERE.parent.parent / "fixtures").rglob("*.pxt")))
    assert r.rc == 0 and b"%d" % traces in r.out, r


def test_connect(lab):
    r = tools(lab, "connect", "-n", "192.0.2.1", "22")
    assert r == labs.Result(4, b"", "ERROR: target 192.0.2.1:22: cannot connect to 192.0.2.1:22: Network is unreachable\n"
                            "FATAL: Unable to connect to destination host, errno=101\n")
