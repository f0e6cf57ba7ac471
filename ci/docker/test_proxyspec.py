# SPDX-License-Identifier: ISC
"""proxyspec against each proxy.  It runs beside the client and is the target, too: the proxies reach it at its address
of the outer network.  baseline/ says what is known of each proxy, with the reason."""
import re

import pytest

import lab as labs

URL = {
    "dante-socks4": "socks4://alice@dante:1080",
    "dante-socks5": "socks5://dante:1080",
    "dante-password": "socks5://alice:s3cret@dante-password:1080",
    "squid": "http://squid:3128",
    "squid-basic": "http://alice:s3cret@squid-basic:3128",
}
LEAST = {"dante-socks4": 30, "dante-socks5": 50, "dante-password": 20, "squid": 40, "squid-basic": 15}


@pytest.mark.parametrize("which", sorted(URL))
def test_server(lab, spec_runs, which):
    r = spec_runs[which].result(labs.LIMIT)
    said = r.out.decode()
    print(said + r.err)
    summary = re.search(r"^  PASS .*$", said, re.M).group()
    count = dict(re.findall(r"([A-Z]+) (\d+)", summary))
    assert r.rc == 0, said
    assert int(count["PASS"]) >= LEAST[which] and int(count["FAIL"]) == 0, count
