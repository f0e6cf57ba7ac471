# SPDX-License-Identifier: ISC
"""A small name server (RFC 1035) for tests: answers A and AAAA from a table, records every query.

zone = {"name": ["192.0.2.10", "2001:db8::1"], ...}; a name that is not there does not exist (RCODE 3).
An entry of None is never answered.  UDP and TCP.
"""
import ipaddress
import socket
import struct
import threading

A, AAAA = 1, 28


class FakeDNS:
    def __init__(self, zone, host="127.0.0.1", port=0, cname=None):
        self.zone = {k.lower().rstrip("."): v for k, v in zone.items()}
        self.cname = cname or {}
        self.queries = []
        self.cond = threading.Condition()
        fam = socket.AF_INET6 if ":" in host else socket.AF_INET
        for _ in range(20):
            self.tcp = socket.socket(fam, socket.SOCK_STREAM)
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.tcp.bind((host, port))
            self.host, self.port = self.tcp.getsockname()[:2]
            self.udp = socket.socket(fam, socket.SOCK_DGRAM)
            try:
                self.udp.bind((host, self.port))
                break
            except OSError:
                self.udp.close()
                self.tcp.close()
                if port:
                    raise
        self.tcp.listen(8)
        self.addr = "[%s]:%d" % (host, self.port) if ":" in host else "%s:%d" % (host, self.port)
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self._udp, self._tcp)]
        for t in self.threads:
            t.start()

    @property
    def names(self):
        return sorted({n for n, _ in self.queries})

    def answer(self, q):
        ident, flags, qd = struct.unpack("!HHH", q[:6])
        i, labels = 12, []
        while q[i]:
            labels.append(q[i + 1:i + 1 + q[i]])
            i += 1 + q[i]
        qtype, _ = struct.unpack("!HH", q[i + 1:i + 5])
        question = q[12:i + 5]
        name = b".".join(labels).decode("latin-1").lower()
        with self.cond:
            self.queries.append((name, {A: "A", AAAA: "AAAA"}.get(qtype, str(qtype))))
            self.cond.notify_all()
        addrs = self.zone.get(name, ())
        if addrs is None:
            return None
        rr = b""
        n = 0
        for a in addrs:
            ip = ipaddress.ip_address(a)
            if (ip.version == 4 and qtype == A) or (ip.version == 6 and qtype == AAAA):
                rr += b"\xc0\x0c" + struct.pack("!HHIH", qtype, 1, 60, len(ip.packed)) + ip.packed
                n += 1
        rcode = 0 if name in self.zone else 3
        return struct.pack("!HHHHHH", ident, 0x8180 | rcode, 1, n, 0, 0) + question + rr

    def _udp(self):
        while True:
            try:
                q, who = self.udp.recvfrom(4096)
            except OSError:
                return
            if len(q) < 17:
                continue
            a = self.answer(q)
            if a:
                self.udp.sendto(a, who)

    def _tcp(self):
        while True:
            try:
                s, _ = self.tcp.accept()
            except OSError:
                return
            with s:
                s.settimeout(5)
                try:
                    with s.makefile("rb") as f:
                        h = f.read(2)
                        a = self.answer(f.read(struct.unpack("!H", h)[0])) if len(h) == 2 else b""
                        if a:
                            s.sendall(struct.pack("!H", len(a)) + a)
                except OSError:
                    pass

    def stop(self):
        for s in (self.udp, self.tcp):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.stop()
