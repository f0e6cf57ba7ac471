# SPDX-License-Identifier: ISC
"""Two further decoders for ci/judge: python3-socksio and python3-h11, written by others for other programs.

socksio parses what a server sends and builds what a client sends, so the first is read by it and held against the trace's
fields, and the second is built by it from the trace's fields and held against the octets.  h11 reads whole heads."""
import h11
from socksio import exceptions, socks4, socks5


class NotFor(Exception):
	"""The decoder has no such message; the reason is counted."""


def enum(kind, octet):
	try:
		return kind(octet)
	except ValueError:
		raise NotFor(f"socksio has no {kind.__name__} {octet.hex()}")


def addr5(o):
	"""ATYP, address and port of an addr5 field, whose extent the judge knows."""
	return enum(socks5.SOCKS5AType, o[:1]), o[2:-2] if o[0] == 3 else o[1:-2], int.from_bytes(o[-2:], "big")


def text(atype, addr):
	"""An address as socksio prints it.  Its reader leaves the length octet in front of a name."""
	from socksio.utils import AddressType, decode_address
	kind = AddressType.from_socks5_atype(atype)
	if kind is not AddressType.DN:
		return decode_address(kind, addr)
	return (bytes([len(addr)]) + addr).decode()


def socks4_request(f):
	command = enum(socks4.SOCKS4Command, f["CD"])
	port, addr, user = int.from_bytes(f["DSTPORT"], "big"), f["DSTIP"], f["USERID"][:-1]
	if "DOMAIN" in f:      # its builder has 255 in the last octet of 0.0.0.x, of which any but 0 will do
		built = socks4.SOCKS4ARequest(command, port, f["DOMAIN"][:-1], user).dumps()
		if addr[:3] != bytes(3) or addr[3] == 0:
			raise NotFor("a name behind an address that announces none")
		return [("request", built[:7] + addr[3:] + built[8:], None)]
	return [("request", socks4.SOCKS4Request(command, port, addr, user).dumps(), None)]


def socks4_reply(f, octets):
	enum(socks4.SOCKS4ReplyCode, f["CD"])
	r = socks4.SOCKS4Reply.loads(octets)
	return [("CD", r.reply_code.value, f["CD"]), ("DSTPORT", r.port, int.from_bytes(f["DSTPORT"], "big")),
		("DSTIP", r.addr, ".".join(map(str, f["DSTIP"])))]


def socks5_reply(f, octets, bnd):
	enum(socks5.SOCKS5ReplyCode, f["REP"])
	atype, addr, port = addr5(bnd)
	r = socks5.SOCKS5Reply.loads(octets)
	return [("REP", r.reply_code.value, f["REP"]), ("ATYP", r.atype, atype), ("BND.ADDR", r.addr, text(atype, addr)), ("BND.PORT", r.port, port)]


def socks(fields, octets, from_proxy):
	"""(name, what socksio says, what the trace says) for one whole message; None stands for all its octets."""
	f = {name: octets[a:b] for name, _, a, b, _ in fields}
	names = [x[0] for x in fields]
	kind = names[:-1] + [fields[-1][1]] if fields[-1][1] == "addr5" else names
	last = octets[fields[-1][2]:]
	try:
		if names in (["VN", "CD", "DSTPORT", "DSTIP", "USERID"], ["VN", "CD", "DSTPORT", "DSTIP", "USERID", "DOMAIN"]) and not from_proxy:
			return socks4_request(f)
		if names == ["VN", "CD", "DSTPORT", "DSTIP"] and from_proxy:
			return socks4_reply(f, octets)
		if names == ["VER", "NMETHODS", "METHODS"]:
			methods = [enum(socks5.SOCKS5AuthMethod, bytes([m])) for m in f["METHODS"]]
			return [("greeting", socks5.SOCKS5AuthMethodsRequest(methods).dumps(), None)]
		if names == ["VER", "METHOD"]:
			enum(socks5.SOCKS5AuthMethod, f["METHOD"])
			return [("METHOD", socks5.SOCKS5AuthReply.loads(octets).method.value, f["METHOD"])]
		if names == ["VER", "UNAME", "PASSWD"]:
			return [("username/password", socks5.SOCKS5UsernamePasswordRequest(f["UNAME"][1:], f["PASSWD"][1:]).dumps(), None)]
		if names == ["VER", "STATUS"]:
			return [("STATUS", socks5.SOCKS5UsernamePasswordReply.loads(octets).success, f["STATUS"] == b"\0")]
		if kind == ["VER", "CMD", "RSV", "addr5"]:
			atype, addr, port = addr5(last)
			return [("request", socks5.SOCKS5CommandRequest(enum(socks5.SOCKS5Command, f["CMD"]), atype, addr, port).dumps(), None)]
		if kind == ["VER", "REP", "RSV", "addr5"]:
			return socks5_reply(f, octets, last)
	except exceptions.SOCKSError as e:
		return [("message", f"socksio: {e}", None)]
	except UnicodeDecodeError:
		raise NotFor("socksio reads names as UTF-8 only")
	raise NotFor("fields " + " ".join(names))


def plain_fields(head):
	"""The fields of a head without folded lines, as the trace's octets have them."""
	rows = [line.split(b":", 1) for line in head.split(b"\r\n")[1:] if line]
	if any(len(r) != 2 or r[0][:1] in (b" ", b"\t") for r in rows):
		raise NotFor("folded lines")
	return [(n.lower(), v.strip(b" \t")) for n, v in rows]


def http(octets, from_proxy, line):
	"""The same for a head that the packet has whole; line is the trace's first line, without its end."""
	if b"\r\n\r\n" not in octets:
		raise NotFor("heads in several packets, or with other line ends")
	head = octets[:octets.index(b"\r\n\r\n") + 4]
	fields = plain_fields(head)
	first = line.split(b" ", 2)
	try:
		if not from_proxy:
			c = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
			c.receive_data(head)
			e = c.next_event()
			return [("method", e.method, first[0]), ("request-target", e.target, first[1]),
				("HTTP-version", b"HTTP/" + e.http_version, first[2]), ("fields", list(e.headers), fields)]
		c = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
		c.send(h11.Request(method="CONNECT", target="h:1", headers=[("Host", "h:1")]))
		c.receive_data(head)
		e = c.next_event()
		return [("HTTP-version", b"HTTP/" + e.http_version, first[0]), ("status-code", e.status_code, int(first[1])),
			("reason-phrase", e.reason, first[2] if len(first) > 2 else b""), ("fields", list(e.headers), fields)]
	except h11.ProtocolError as e:
		return [("head", f"h11: {e}", "a head")]
