# SPDX-License-Identifier: ISC
"""A proxy that does what a list says, for tests of the player; and one trace played, as what the JSON report has of it."""
import collections
import json
import select
import socket
import struct
import threading

LIMIT = 20
Played = collections.namedtuple("Played", "status verdict whats findings run err")


class Script:
    """Each connection follows the next of the lists, the last one for all that come later.

    bytes are sent; a number is how many octets are read; "head" reads up to an empty line; "fin", "rst", "close", "end" (the
    peer has to end first); ("dial", request) connects to the port and address at octets 2 to 7 of what was read, "relay"
    then copies both ways; ("bind", format) listens and sends format with the port; "bound" accepts there."""

    def __init__(self, *scripts, host="127.0.0.1"):
        self.scripts, self.count, self.socks, self.heard = scripts, 0, [], []      # heard: each head that was read
        self.lfd = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port = self.lfd.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.lfd.shutdown(socket.SHUT_RDWR)
        self.thread.join(LIMIT)
        for s in self.socks + [self.lfd]:
            s.close()

    def serve(self):
        while True:
            try:
                s = self.lfd.accept()[0]
            except OSError:
                return
            s.settimeout(LIMIT)
            self.socks.append(s)
            script = self.scripts[min(self.count, len(self.scripts) - 1)]
            self.count += 1
            threading.Thread(target=self.talk, args=(s, script), daemon=True).start()

    def talk(self, s, script):
        got, other = b"", None
        try:
            for op in script:
                if isinstance(op, bytes):
                    s.sendall(op)
                elif isinstance(op, int):
                    for _ in range(op):
                        got += s.recv(1)
                elif op == "head":
                    while not got.endswith(b"\r\n\r\n"):
                        c = s.recv(1)
                        if not c:
                            return
                        got += c
                    self.heard.append(got)
                    got += b" "                                # the next head is one of its own
                elif op == "dial":
                    other = socket.create_connection((socket.inet_ntoa(got[4:8]), int.from_bytes(got[2:4], "big")), LIMIT)
                    self.socks.append(other)
                elif op == "relay":
                    self.relay(s, other)
                elif isinstance(op, tuple):
                    listener = socket.create_server(("127.0.0.1", 0))
                    self.socks.append(listener)
                    s.sendall(op[0] % listener.getsockname()[1].to_bytes(2, "big"))
                elif op == "bound":
                    listener.settimeout(LIMIT)
                    other = listener.accept()[0]
                    self.socks.append(other)
                elif op == "fin":
                    s.shutdown(socket.SHUT_WR)
                elif op == "rst":
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.close()
                elif op == "close":
                    s.close()
                elif op == "end":
                    while s.recv(4096):
                        pass
        except OSError:
            pass

    @staticmethod
    def relay(a, b):
        while True:
            for s in select.select([a, b], [], [], LIMIT)[0]:
                data = s.recv(4096)
                if not data:
                    a.close()
                    b.close()
                    return
                (b if s is a else a).sendall(data)


HEAD = "case: t/case\ntests: both\nneeds: {needs}\nlevel: {level}\ngiven: host=127.0.0.1 port=7007\n\n"


def play(spec, folder, lines, *args, needs="socks4", level="MUST", **kw):
    """One trace of these lines: args are the command and its options."""
    path = folder / "t-case.pxt"
    path.write_text(HEAD.format(needs=needs, level=level) + lines)
    command, *more = map(str, args)
    r = spec(command, "--fixtures", path, "--json", "-", "--time-scale", "0.2", *more, **kw)
    objects = [json.loads(x) for x in r.out.splitlines()]
    runs = [o for o in objects if o["type"] == "run"]
    case = [o for o in objects if o["type"] == "case"]
    findings = runs[0]["findings"] if runs else []
    return Played(r.status, case[0]["verdict"] if case else None, [f["what"] for f in findings], findings, runs[0] if runs else None, r.err)
