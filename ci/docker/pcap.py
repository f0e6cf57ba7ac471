# SPDX-License-Identifier: ISC
"""The TCP connections of a capture (libpcap's file format, Ethernet), each direction put together by sequence numbers."""
import struct


class Connection:
    def __init__(self):
        self.start = [None, None]       # sequence number of the first octet: from the client, from the server
        self.parts = [{}, {}]
        self.fin = [False, False]
        self.reset = False

    @property
    def ended(self):
        return self.reset or all(self.fin)

    def _octets(self, side):
        out = b""
        for at, data in sorted(self.parts[side].items()):
            assert at <= len(out), "octets %d to %d are missing in the capture" % (len(out), at)
            out += data[len(out) - at:]
        return out

    @property
    def sent(self):
        return self._octets(0)

    @property
    def got(self):
        return self._octets(1)

    def __repr__(self):
        return "<sent %r got %r ended %s>" % (self.sent, self.got, self.ended)


def _segments(raw):
    """(addresses and ports, flags, sequence number, octets) of each whole packet."""
    if len(raw) < 24:
        return
    order = "<" if raw[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    assert raw[20:24] == struct.pack(order + "I", 1), "not Ethernet"
    at = 24
    while at + 16 <= len(raw):
        n = struct.unpack_from(order + "I", raw, at + 8)[0]
        f = raw[at + 16:at + 16 + n]
        if len(f) < n:
            return
        at += 16 + n
        kind, = struct.unpack_from("!H", f, 12)
        if kind == 0x0800:
            size, = struct.unpack_from("!H", f, 16)
            t, end, src, dst = 14 + (f[14] & 15) * 4, 14 + size, f[26:30], f[30:34]
        elif kind == 0x86dd:
            size, = struct.unpack_from("!H", f, 18)
            t, end, src, dst = 54, 54 + size, f[22:38], f[38:54]
        else:
            continue
        sport, dport, seq = struct.unpack_from("!HHI", f, t)
        yield (src, sport, dst, dport), f[t + 13], seq, f[t + (f[t + 12] >> 4) * 4:end]


def connections(raw, ports):
    """By both ends' addresses and ports, in the order of their beginnings; the servers are those at the ports."""
    found = {}
    for (src, sport, dst, dport), flags, seq, data in _segments(raw):
        side = 0 if dport in ports else 1
        key = (src, sport, dst, dport) if side == 0 else (dst, dport, src, sport)
        c = found.setdefault(key, Connection())
        if flags & 2:                   # SYN
            c.start[side] = seq + 1 & 0xffffffff
        if flags & 4:
            c.reset = True
        if c.start[side] is None:
            continue
        if data:
            at = seq - c.start[side] & 0xffffffff
            if len(data) > len(c.parts[side].get(at, b"")):
                c.parts[side][at] = data
        if flags & 1:
            c.fin[side] = True
    return found
