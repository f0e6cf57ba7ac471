# SPDX-License-Identifier: ISC
"""Where a segment ends in the trace, a read of the other program ends, however late that program is."""
import json
import socket
import threading
import time

import pytest


class Late:
    """A server on a busy machine: what it reads, it reads when the next octet has long been sent."""

    def __init__(self, delay, want=3):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.delay, self.want, self.reads = delay, want, []
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        with self.sock, self.sock.accept()[0] as c:
            c.settimeout(20)
            while sum(map(len, self.reads)) < self.want:
                time.sleep(self.delay)          # the fault that is played
                self.reads.append(c.recv(100))
                if not self.reads[-1]:
                    return
            c.sendall(b"\x05\x00")
            c.recv(1)


CASE = "C> 05 | 03 | 00 | 07 | 08\nP> 0500\n"


@pytest.fixture
def late():
    made = []

    def make(*args):
        made.append(Late(*args))
        return made[-1]
    yield make
    for s in made:
        s.thread.join()


def write(trace, steps):
    path = trace()
    text = path.read_text()
    path.write_text(text[:text.index("C> 050100")] + steps)
    return path


def test_bars(spec, trace, late):
    server = late(0.08, 5)
    r = spec("server", "--fixtures", write(trace, CASE), f"socks5://127.0.0.1:{server.port}")
    assert r.status == 0, r.out
    assert server.reads == [b"\x05", b"\x03", b"\x00", b"\x07", b"\x08"]


@pytest.mark.parametrize("delivery, reads", [("bytes", [b"\x05", b"\x01", b"\x00"]), ("split:2", [b"\x05\x01", b"\x00"])])
def test_delivery(spec, trace, late, delivery, reads):
    server = late(0.08)
    r = spec("server", "--fixtures", write(trace, "C> 050100\nP> 0500\n"), "--delivery", delivery,
             f"socks5://127.0.0.1:{server.port}")
    assert r.status == 0, r.out
    assert server.reads == reads


def test_who_reads_nothing_holds_nobody_up(spec, trace, late, tmp_path):
    """40 segments, and none is read before the last: the wait is given up once, not 40 times."""
    server = late(1.5, 40)
    r = spec("server", "--fixtures", write(trace, "C> " + " | ".join(["05"] * 40) + "\nP> 0500\n"), "--json", tmp_path / "json",
             f"socks5://127.0.0.1:{server.port}")
    assert r.status == 0, r.out
    assert len(server.reads[0]) > 30
