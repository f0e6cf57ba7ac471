# SPDX-License-Identifier: ISC
"""The mutants: each is one wire error, given as exact replacements in the sources.

Every old text occurs exactly once in its file, else the run ends with an error, so the list cannot rot in silence.
  client   in src/connect: killed by tests/unit/connect_*
  server   in fake-proxies: killed by tests/unit/fake_*
  both     the same error in both: the two ends still understand each other (tests/unit/pair_talk passes), and only
           octets that neither of them made tell that it is wrong
proto says which unit tests are asked first and which fixtures may be asked; fixtures names the traces that have to
refuse a "both" mutant."""
import dataclasses

C4, C5, CH, CHH = "src/connect/socks4.c", "src/connect/socks5.c", "src/connect/http.c", "src/connect/http_head.c"
CB, CBODY, CT = "src/connect/base64.c", "src/connect/http_body.c", "src/connect/telnet.c"
S4, S5, S5R = "fake-proxies/srv_socks4.c", "fake-proxies/srv_socks5.c", "fake-proxies/srv_socks5_request.c"
SH, SHQ, SHR = "fake-proxies/srv_http.c", "fake-proxies/http_req.c", "fake-proxies/http_resp.c"
SB, SN, SNH, ST = "fake-proxies/http_basic.c", "fake-proxies/nvt.c", "fake-proxies/nvt.h", "fake-proxies/tn_text.c"


@dataclasses.dataclass
class Mutant:
    name: str
    side: str                  # client, server, both
    proto: str                 # socks4 socks4a socks5 userpass http basic telnet
    error: str                 # what is wrong on the wire
    spec: str                  # what says so
    edits: list                # (file, old, new)
    fixtures: list = dataclasses.field(default_factory=list)     # ids of traces
    login: tuple = ("alice", "s3cret")                           # of the server in the traces
    equivalent: str = ""       # the proof that no octet on the wire differs; such a mutant is expected to survive


MUTANTS = []


def both(*args, **kw):
    MUTANTS.append(Mutant(args[0], "both", *args[1:], **kw))


def client(*args, **kw):
    MUTANTS.append(Mutant(args[0], "client", *args[1:], **kw))


def server(*args, **kw):
    MUTANTS.append(Mutant(args[0], "server", *args[1:], **kw))


# ---- the same error in client and server ------------------------------------------------------------------------

both("s4-dstport-little-endian", "socks4", "DSTPORT with its least significant octet first", "SOCKS4 §1", [
    (C4, "put_u16(out, d->port);", "put_u16(out, (d->port & 0xffu) << 8 | (unsigned)d->port >> 8);"),
    (S4, "q->port = port.p[0] * 256u + port.p[1];", "q->port = port.p[1] * 256u + port.p[0];")],
    fixtures=["socks4/request/layout", "socks4/connect/ip"])

both("s4-dstip-before-dstport", "socks4", "DSTIP stands before DSTPORT", "SOCKS4 §1", [
    (C4, """	put_u16(out, d->port);
	ob_put(out, d->kind == DST_IP4 ? d->addr : name_follows, 4);
""", """	ob_put(out, d->kind == DST_IP4 ? d->addr : name_follows, 4);
	put_u16(out, d->port);
"""),
    (S4, """	port = rd_take(&r, 2);
	ip = rd_take(&r, 4);
""", """	ip = rd_take(&r, 4);
	port = rd_take(&r, 2);
""")], fixtures=["socks4/request/layout", "socks4/connect/ip"])

both("s4-connect-is-2", "socks4", "CD of CONNECT is 2", "SOCKS4 §1", [
    (C4, "ob_u8(out, 1);", "ob_u8(out, 2);"),
    (S4, "if (q->cd != 1 &&", "if (q->cd != 2 &&")], fixtures=["socks4/request/layout", "socks4/connect/ip"])

both("s4-granted-is-0x90", "socks4", "CD of a granted request is hexadecimal 90", "SOCKS4 §1", [
    (C4, "if (cd != 90) {", "if (cd != 0x90) {"),
    (S4, "reply(s, 90, out);", "reply(s, 0x90, out);")], fixtures=["socks4/connect/ip"])

both("s4-reply-without-dstip", "socks4", "the reply ends after DSTPORT", "SOCKS4 §1", [
    (C4, "rd_take(&r, 6);", "rd_take(&r, 2);"),
    (S4, """	else
		msg_ip4(&m, "DSTIP", ip);
""", "")], fixtures=["socks4/reply/8-octets", "socks4/connect/ip"])

both("s4-userid-with-length", "socks4", "USERID follows a length octet and has no NUL", "SOCKS4 §1", [
    (C4, "	ob_put(out, c->user, strlen(c->user) + 1);\n",
         "	ob_u8(out, (unsigned)strlen(c->user));\n	ob_put(out, c->user, strlen(c->user));\n"),
    (S4, "	got = until_nul(s, &r, USERID_MAX, &q->userid);\n",
         "	q->userid = rd_take(&r, rd_u8(&r));\n	got = r.lack ? PART_LACKS : PART_WHOLE;\n")],
    fixtures=["socks4/request/layout", "socks4/connect/ip"])

both("s4a-marker-zero", "socks4a", "0.0.0.0 marks that a name follows", "SOCKS4A", [
    (C4, "name_follows[4] = {0, 0, 0, 1};", "name_follows[4] = {0, 0, 0, 0};"),
    (S4, "return srv_bug(s, BUG_S4A_ZERO_MARKER);", "return true;"),
    (S4, "return ip[3] == 1 || !srv_bug(s, BUG_S4A_MARKER_ONE);", "return false;")], fixtures=["socks4a/connect/name"])

both("s4a-marker-reversed", "socks4a", "x.0.0.0 marks that a name follows", "SOCKS4A", [
    (C4, "name_follows[4] = {0, 0, 0, 1};", "name_follows[4] = {1, 0, 0, 0};"),
    (S4, "bool zeros = ip[0] == 0 && ip[1] == 0 && ip[2] == 0;",
         "bool zeros = ip[0] != 0 && ip[1] == 0 && ip[2] == 0;"),
    (S4, "if (zeros && ip[3] == 0)", "if (zeros && ip[3] != 0)"),
    (S4, "return ip[3] == 1 || !srv_bug(s, BUG_S4A_MARKER_ONE);",
         "return ip[0] == 1 || !srv_bug(s, BUG_S4A_MARKER_ONE);")], fixtures=["socks4a/connect/name"])

both("s4a-domain-before-userid", "socks4a", "DOMAIN stands before USERID", "SOCKS4A", [
    (C4, """	ob_put(out, c->user, strlen(c->user) + 1);
	if (d->kind == DST_NAME)
		ob_put(out, d->host, strlen(d->host) + 1);
""", """	if (d->kind == DST_NAME)
		ob_put(out, d->host, strlen(d->host) + 1);
	ob_put(out, c->user, strlen(c->user) + 1);
"""),
    (S4, "until_nul(s, &r, USERID_MAX, &q->userid);", "until_nul(s, &r, USERID_MAX, q->named ? &q->name : &q->userid);"),
    (S4, "until_nul(s, &r, NAME_MAX_4A, &q->name);", "until_nul(s, &r, NAME_MAX_4A, &q->userid);")],
    fixtures=["socks4a/connect/name"])

both("s4a-domain-with-length", "socks4a", "DOMAIN follows a length octet and has no NUL", "SOCKS4A", [
    (C4, "		ob_put(out, d->host, strlen(d->host) + 1);\n",
         "		ob_u8(out, (unsigned)strlen(d->host)), ob_put(out, d->host, strlen(d->host));\n"),
    (S4, "		got = until_nul(s, &r, NAME_MAX_4A, &q->name);\n",
         "		q->name = rd_take(&r, rd_u8(&r));\n		got = r.lack ? PART_LACKS : PART_WHOLE;\n")],
    fixtures=["socks4a/connect/name"])

both("s5-nmethods-one-more", "socks5", "NMETHODS counts itself", "RFC 1928 §3", [
    (C5, "ob_u8(out, (unsigned)c->u.s5.n);", "ob_u8(out, (unsigned)c->u.s5.n + 1);"),
    (S5, "methods = rd_take(&r, nmethods);", "methods = rd_take(&r, nmethods != 0 ? nmethods - 1 : 0);")],
    fixtures=["socks5/client/method/layout", "socks5/connect/ip4"])

both("s5-selection-method-first", "socks5", "METHOD stands before VER in the selection", "RFC 1928 §3", [
    (C5, "	unsigned ver = rd_u8(&r), method;\n", "	unsigned method = rd_u8(&r), ver = rd_u8(&r);\n"),
    (C5, "	method = rd_u8(&r);\n", ""),
    (S5, """	msg_u8(&m, "VER", ver);
	msg_u8(&m, "METHOD", method);
""", """	msg_u8(&m, "METHOD", method);
	msg_u8(&m, "VER", ver);
""")], fixtures=["socks5/connect/ip4"])

both("s5-no-rsv", "socks5", "the request has no RSV", "RFC 1928 §4", [
    (C5, r'ob_put(out, "\005\001", 3);', r'ob_put(out, "\005\001", 2);'),
    (S5R, "q->rsv = rd_u8(&r);", "q->rsv = 0;")], fixtures=["socks5/client/request/layout", "socks5/connect/ip4"])

both("s5-connect-is-0", "socks5", "CMD of CONNECT is 0", "RFC 1928 §4", [
    (C5, r'ob_put(out, "\005\001", 3);', r'ob_put(out, "\005\000", 3);'),
    (S5R, "if (q->cmd != 1 &&", "if (q->cmd != 0 &&")], fixtures=["socks5/client/request/layout", "socks5/connect/ip4"])

both("s5-atyp-2-for-names", "socks5", "ATYP of a name is 2", "RFC 1928 §5", [
    (C5, "ob_u8(out, 3);", "ob_u8(out, 2);"),
    (S5R, "} else if (q->atyp == 3) {", "} else if (q->atyp == 2) {"),
    (S5R, "if (q->atyp != 3) {", "if (q->atyp != 2) {")],
    fixtures=["socks5/connect/name", "socks5/client/request/name-remote"])

both("s5-name-ends-with-nul", "socks5", "a name ends with a NUL that its length counts", "RFC 1928 §5", [
    (C5, "		ob_u8(out, (unsigned)len); /* at most 255, seen to before the greeting */\n		ob_put(out, d->host, len);\n",
         "		ob_u8(out, (unsigned)len + 1);\n		ob_put(out, d->host, len + 1);\n"),
    (S5R, "		q->addr = rd_take(&r, n);\n", "		q->addr = rd_take(&r, n);\n		q->addr.n -= q->addr.n != 0;\n")],
    fixtures=["socks5/connect/name", "socks5/client/request/name-remote"])

both("s5-dst-port-little-endian", "socks5", "DST.PORT with its least significant octet first", "RFC 1928 §4", [
    (C5, "put_u16(out, d->port);", "put_u16(out, (d->port & 0xffu) << 8 | (unsigned)d->port >> 8);"),
    (S5R, "q->port = port.p[0] * 256u + port.p[1];", "q->port = port.p[1] * 256u + port.p[0];")],
    fixtures=["socks5/connect/ip4", "socks5/client/request/layout"])

both("s5-no-bnd-port", "socks5", "the reply ends after BND.ADDR", "RFC 1928 §6", [
    (C5, "	rd_take(&r, 2);\n", ""),
    (S5R, '		msg_addr5(m, "BND", b.atyp, b.host, b.port);\n',
          '		msg_addr5(m, "BND", b.atyp, b.host, b.port);\n		m->o.n -= 2;\n')], fixtures=["socks5/connect/ip4"])

both("s5-rep-90-is-success", "socks5", "REP 90 is success", "RFC 1928 §6", [
    (C5, "	if (rep != 0) {\n", "	if (rep != 90) {\n"),
    (S5R, "	reply(s, 0, out);\n	return PEER_OPEN;\n", "	reply(s, 90, out);\n	return PEER_OPEN;\n")],
    fixtures=["socks5/connect/ip4"])

both("up-ver-5", "userpass", "VER of the sub-negotiation's request is 5", "RFC 1929 §2", [
    (C5, "ob_u8(out, 1);\n	ob_u8(out, (unsigned)ulen);", "ob_u8(out, 5);\n	ob_u8(out, (unsigned)ulen);"),
    (S5, "if (ver != 1 &&", "if (ver != 5 &&")], fixtures=["socks5/userpass/connect-name"])

both("up-no-plen", "userpass", "no PLEN: PASSWD ends with NUL", "RFC 1929 §2", [
    (C5, "	ob_u8(out, (unsigned)plen);\n	ob_put(out, c->pass, plen);\n", "	ob_put(out, c->pass, plen + 1);\n"),
    (S5, "	passwd = rd_take(&r, rd_u8(&r));\n", """	passwd = rd_take(&r, strnlen((const char *)r.p + r.at, r.n - r.at));
	rd_u8(&r);
""")], fixtures=["socks5/userpass/connect-name"])

both("up-lengths-first", "userpass", "ULEN and PLEN stand before UNAME", "RFC 1929 §2", [
    (C5, """	ob_put(out, c->user, ulen);
	ob_u8(out, (unsigned)plen);
""", """	ob_u8(out, (unsigned)plen);
	ob_put(out, c->user, ulen);
"""),
    (S5, """	uname = rd_take(&r, rd_u8(&r));
	passwd = rd_take(&r, rd_u8(&r));
""", """	uname.n = rd_u8(&r);
	passwd.n = rd_u8(&r);
	uname = rd_take(&r, uname.n);
	passwd = rd_take(&r, passwd.n);
""")], fixtures=["socks5/userpass/connect-name"])

both("up-status-1-is-success", "userpass", "STATUS 1 is success, 0 is failure", "RFC 1929 §2", [
    (C5, "	if (status != 0) {\n", "	if (status != 1) {\n"),
    (S5, "return login_result(s, ok, ok ? 0 : 1, out);", "return login_result(s, ok, ok ? 1 : 0, out);")],
    fixtures=["socks5/userpass/connect-name"])

both("http-host-sp-port", "http", "a blank instead of the colon between host and port", "RFC 9112 §3.2.3", [
    (CH, "	ob_u8(out, ':');\n	put_port(out, d->port);\n", "	ob_u8(out, ' ');\n	put_port(out, d->port);\n"),
    (SHQ, "	q->target = word(&rest);\n	version = rest;\n",
          "	q->target = word(&rest);\n	q->target.n += 1 + word(&rest).n;\n	version = rest;\n"),
    (SHQ, "if (q->target.p[i] <= 0x20 ||", "if (q->target.p[i] < 0x20 ||"),
    (SHQ, "end = t->n != 0 ? memchr(t->p, ':', t->n) : NULL;", "end = t->n != 0 ? memchr(t->p, ' ', t->n) : NULL;"),
    (SHQ, "if (t.n == 0 || t.p[0] != ':')", "if (t.n == 0 || t.p[0] != ' ')"),
    (SHQ, "if (v.n != 0 && v.p[0] != ':')", "if (v.n != 0 && v.p[0] != ' ')")],
    fixtures=["http/connect/authority-form", "http/connect/basic-tunnel"])

both("http-method-capitalised", "http", "the method is \"Connect\"", "RFC 9110 §9.1", [
    (CH, 'ob_str(out, "CONNECT ");', 'ob_str(out, "Connect ");'),
    (SH, 'if (method_is(q, "CONNECT"))', 'if (method_is(q, "Connect"))')],
    fixtures=["http/connect/authority-form", "http/connect/basic-tunnel"])

both("http-no-host", "http", "no Host in HTTP/1.1, and none is missed", "RFC 9112 §3.2", [
    (CH, r"""		ob_str(out, " HTTP/1.1\r\nHost: ");
		put_authority(out, &c->dst);
""", r"""		ob_str(out, " HTTP/1.1");
"""),
    (SH, "if (q->hosts == 0 && q->minor >= 1 &&", "if (q->hosts == 0 && q->minor > 1 &&")],
    fixtures=["http/connect/host-field", "http/connect/http11-no-host-400"])

both("http-opens-after-one-crlf", "http", "a 2xx ends with its status line, the tunnel begins at once", "RFC 9112 §2.1", [
    (CH, """	return client_enter(c, await_head, "rest of the HTTP response's header");
""", """	if (c->u.http.status / 100 == 2) {
		span_eat(in, n);
		return PEER_OPEN;
	}
	return client_enter(c, await_head, "rest of the HTTP response's header");
"""),
    (SHR, "	if (!srv_bug(s, BUG_HTTP_NO_EMPTY_LINE))\n		line_end(s, &o);\n", "")],
    fixtures=["http/connect/basic-tunnel"])

both("http-lf-cr", "http", "lines end with LF CR", "RFC 9112 §2.1", [
    (CH, r'''		ob_str(out, " HTTP/1.1\r\nHost: ");
		put_authority(out, &c->dst);
		ob_str(out, "\r\nUser-Agent: " USER_AGENT "\r\n");
	}
''', r'''		ob_str(out, " HTTP/1.1\n\rHost: ");
		put_authority(out, &c->dst);
		ob_str(out, "\n\rUser-Agent: " USER_AGENT "\n\r");
	}
'''),
    (CH, r'''		ob_str(out, "\r\n");
	}
	ob_str(out, "\r\n");
''', r'''		ob_str(out, "\n\r");
	}
	ob_str(out, "\n\r");
'''),
    (CHH, r"memchr(s.p, '\n', s.n)", r"memchr(s.p, '\r', s.n)"),
    (CHH, r"""	if (line.n > 0 && line.p[line.n - 1] == '\n')
		line.n--;
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
""", r"""	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n > 0 && line.p[line.n - 1] == '\n')
		line.n--;
"""),
    (SHQ, r"memchr(in->p, '\n', in->n)", r"memchr(in->p, '\r', in->n)"),
    (SHQ, r"line->p[line->n - 1] == '\r'", r"line->p[line->n - 1] == '\n'"),
    (SHR, r'srv_bug(s, BUG_HTTP_BARE_LF) ? "\n" : "\r\n"', r'srv_bug(s, BUG_HTTP_BARE_LF) ? "\n" : "\n\r"')],
    fixtures=["http/connect/crlf", "http/connect/basic-tunnel"])

both("http-authorisation", "basic", "the field is spelled Proxy-Authorisation", "RFC 9110 §11.7.2", [
    (CH, 'ob_str(out, "Proxy-Authorization: Basic ");', 'ob_str(out, "Proxy-Authorisation: Basic ");'),
    (SHQ, 'same_word(name, "proxy-authorization")', 'same_word(name, "proxy-authorisation")')],
    fixtures=["http/auth/basic-407-retry"])

both("http-proxy-authentication", "basic", "the challenge is in Proxy-Authentication", "RFC 9110 §11.7.1", [
    (CH, ': "Proxy-Authenticate";', ': "Proxy-Authentication";'),
    (SHR, ': "Proxy-Authenticate: ";', ': "Proxy-Authentication: ";')],
    fixtures=["http/auth/basic-407-retry"])

both("http-challenge-is-408", "basic", "credentials are asked for with 408", "RFC 9110 §15.5.8", [
    (CH, "c->u.http.status != 401 && c->u.http.status != 407", "c->u.http.status != 401 && c->u.http.status != 408"),
    (SHR, "int status = s->cf->http.use_401 ? 401 : 407;", "int status = s->cf->http.use_401 ? 401 : 408;")],
    fixtures=["http/auth/basic-407-retry"])

both("http-basic-nul", "basic", "NUL between user-id and password", "RFC 7617 §2", [
    (CB, "return i == a.n ? ':' :", r"return i == a.n ? '\0' :"),
    (SB, "memchr(pair, ':', (size_t)n)", r"memchr(pair, '\0', (size_t)n)")],
    fixtures=["http/auth/basic-407-retry"])

both("http-base64-url-alphabet", "basic", "base64 with - and _ instead of + and /", "RFC 4648 §4, RFC 7617 §2", [
    (CB, "0123456789+/", "0123456789-_"),
    (SB, "0123456789+/", "0123456789-_")],
    fixtures=["http/client/auth/basic-vector/plus-and-slash", "http/auth/basic-407-retry"], login=("ab", "xy>xy?"))

both("tn-codes-one-less", "telnet", "IAC is 254, and the other commands are one less too", "RFC 854", [
    (CT, "enum { SE = 240, SB = 250, WILL, WONT, DO, DONT, IAC };",
         "enum { SE = 239, SB = 249, WILL, WONT, DO, DONT, IAC };"),
    (SNH, "enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, GA = 249, NOP = 241, SE = 240 };",
          "enum { IAC = 254, DONT = 253, DO = 252, WONT = 251, WILL = 250, SB = 249, GA = 248, NOP = 240, SE = 239 };")],
    fixtures=["telnet/options/refused", "telnet/options/refused/server-unknown"])

both("tn-dont-wont-swapped", "telnet", "WILL is refused by WONT, DO by DONT", "RFC 854", [
    (CT, "ob_u8(out, verb == WILL ? DONT : WONT);", "ob_u8(out, verb == WILL ? WONT : DONT);"),
    (SN, "nvt_put(out, u->verb == DO ? WONT : DONT, u->value);", "nvt_put(out, u->verb == DO ? DONT : WONT, u->value);")],
    fixtures=["telnet/options/refused", "telnet/options/refused/server-unknown"])

both("tn-line-ends-cr", "telnet", "the command ends with CR alone", "RFC 854", [
    (CT, r'ob_str(out, "\r\n");', r'ob_str(out, "\r");'),
    (SN, "		if (in->n < 2 && !eof)\n			return unit(in, NVT_LACKS, 0);\n", ""),
    (SN, r"return unit(in, NVT_END, in->n >= 2 && (in->p[1] == '\n' || in->p[1] == '\0') ? 2 : 1);",
         "return unit(in, NVT_END, 1);")],
    fixtures=["telnet/command/default", "telnet/command/fwtk-connect", "sanity/first-and-last/telnet"])


# ---- errors of the client ---------------------------------------------------------------------------------------

client("c-s4-userid-without-nul", "socks4", "USERID is not ended", "SOCKS4 §1", [
    (C4, "ob_put(out, c->user, strlen(c->user) + 1);", "ob_put(out, c->user, strlen(c->user));")])

client("c-s4-name-without-nul", "socks4", "DOMAIN is not ended", "SOCKS4A", [
    (C4, "ob_put(out, d->host, strlen(d->host) + 1);", "ob_put(out, d->host, strlen(d->host));")])

client("c-s4-reply-of-7", "socks4", "takes 7 octets of the reply: the eighth goes into the tunnel", "SOCKS4 §1", [
    (C4, "rd_take(&r, 6);", "rd_take(&r, 5);")])

client("c-s4-any-cd-below-93", "socks4", "takes CD 92 for success", "SOCKS4 §1", [
    (C4, "if (cd != 90) {", "if (cd != 90 && cd != 92) {")])

client("c-s4-marker-is-asked-for", "socks4", "asks for the address 0.0.0.x, which says that a name follows", "SOCKS4A", [
    (C4, "d->addr[2] == 0 && d->addr[3] != 0)", "d->addr[2] == 0 && d->addr[3] > 200)")])

client("c-s5-nmethods-1", "socks5", "NMETHODS is 1 before two methods", "RFC 1928 §3", [
    (C5, "ob_u8(out, (unsigned)c->u.s5.n);", "ob_u8(out, 1);")])

client("c-s5-unoffered-method", "socks5", "takes method 2 that was not offered", "RFC 1928 §3", [
    (C5, "if (!offered(c, method)) {", "if (method != 2 && !offered(c, method)) {")])

client("c-s5-ff-is-none", "socks5", "takes METHOD FF for no authentication", "RFC 1928 §3", [
    (C5, "if (method == 0xff)\n", "if (method == 0xfe)\n"),
    (C5, "if (!offered(c, method)) {", "if (method != 0xff && !offered(c, method)) {")])

client("c-s5-ip6-is-atyp-6", "socks5", "ATYP of an IPv6 address is 6", "RFC 1928 §5", [
    (C5, "		ob_u8(out, 4);\n", "		ob_u8(out, 6);\n")])

client("c-s5-bnd-name-without-length", "socks5", "a BND.ADDR of ATYP 3 is taken for 4 octets", "RFC 1928 §5", [
    (C5, "rd_take(r, rd_u8(r));", "rd_take(r, 4);")])

client("c-s5-reply-ver-ignored", "socks5", "takes VER 4 in the reply", "RFC 1928 §6", [
    (C5, "	unsigned ver = rd_u8(&r), rep, atyp;\n", "	unsigned ver = rd_u8(&r) | 1, rep, atyp;\n")])

client("c-up-status-ff", "userpass", "takes STATUS FF for success", "RFC 1929 §2", [
    (C5, "	if (status != 0) {\n", "	if (status != 0 && status != 0xff) {\n")])

client("c-up-lengths-swapped", "userpass", "ULEN and PLEN exchanged", "RFC 1929 §2", [
    (C5, "	ob_u8(out, (unsigned)ulen);\n", "	ob_u8(out, (unsigned)plen);\n"),
    (C5, "	ob_u8(out, (unsigned)plen);\n	ob_put(out, c->pass, plen);\n",
         "	ob_u8(out, (unsigned)ulen);\n	ob_put(out, c->pass, plen);\n")])

client("c-http-no-brackets", "http", "an IPv6 address without brackets", "RFC 9112 §3.2.3, RFC 3986 §3.2.2", [
    (CH, "	if (d->kind == DST_IP6)\n		ob_u8(out, '[');\n", ""),
    (CH, "	if (d->kind == DST_IP6)\n		ob_u8(out, ']');\n", "")])

client("c-http-no-port-80", "http", "port 80 is left out", "RFC 9110 §9.3.6", [
    (CH, "	ob_u8(out, ':');\n	put_port(out, d->port);\n",
         "	if (d->port == 80)\n		return;\n	ob_u8(out, ':');\n	put_port(out, d->port);\n")])

client("c-http-1xx-opens", "http", "takes a 1xx for the final response", "RFC 9110 §15.2", [
    (CH, """"too many interim (1xx) responses");
		return client_enter(c, await_status, "HTTP status line");
""", """"too many interim (1xx) responses");
		return PEER_OPEN;
""")])

client("c-http-3xx-opens", "http", "takes a 3xx for success", "RFC 9110 §9.3.6", [
    (CH, "switch (c->u.http.status / 100) {", "switch (c->u.http.status / 100 == 3 ? 2 : c->u.http.status / 100) {")])

client("c-http-four-digits", "http", "takes a status of four digits", "RFC 9112 §4", [
    (CHH, "if (s.n < 3 || (s.n > 3 && !is_blank(s.p[3])))", "if (s.n < 3)")])

client("c-http-chunks-decimal", "basic", "reads the size of a chunk as decimal", "RFC 9112 §7.1", [
    (CBODY, "v = v * 16 + hex_digit(line.p[i]);", "v = v * 10 + hex_digit(line.p[i]);")])

client("c-http-base64-unpadded", "basic", "base64 without padding", "RFC 4648 §4, RFC 7617 §2", [
    (CB, """		ob_u8(o, have > 1 ? (unsigned char)alphabet[v >> 6 & 63] : '=');
		ob_u8(o, have > 2 ? (unsigned char)alphabet[v & 63] : '=');
""", """		if (have > 1)
			ob_u8(o, (unsigned char)alphabet[v >> 6 & 63]);
		if (have > 2)
			ob_u8(o, (unsigned char)alphabet[v & 63]);
""")])

client("c-tn-agrees", "telnet", "agrees to every option", "RFC 854, RFC 855", [
    (CT, "ob_u8(out, verb == WILL ? DONT : WONT);", "ob_u8(out, verb == WILL ? DO : WILL);")])

client("c-tn-command-ends-lf", "telnet", "the command ends with LF alone", "RFC 854", [
    (CT, r'ob_str(out, "\r\n");', r'ob_str(out, "\n");')])

client("c-tn-sb-is-two-octets", "telnet", "takes what is inside a sub-negotiation for text", "RFC 855", [
    (CT, "return subnegotiation(s);", "return subnegotiation(s) != 0 ? 2 : 0;")])


# ---- errors of the server ---------------------------------------------------------------------------------------

server("s-s4-reply-vn-4", "socks4", "VN of the reply is 4", "SOCKS4 §1", [
    (S4, "(unsigned)k->vn : 0, port = 0;", "(unsigned)k->vn : 4, port = 0;")])

server("s-s4-refused-92", "socks4", "CD 92, no identd, for a target that is not reached", "SOCKS4 §1", [
    (S4, 'return reject(s, 91, out, "the target was not reached");', 'return reject(s, 92, out, "the target was not reached");')])

server("s-s4-bind-is-connect", "socks4", "does CONNECT when asked for BIND", "SOCKS4 §2", [
    (S4, "if (q->cd != 1 &&", "if (q->cd > 2 &&")])

server("s-s4-reply-of-9", "socks4", "a ninth octet behind the reply", "SOCKS4 §1", [
    (S4, '		msg_ip4(&m, "DSTIP", ip);\n', '		msg_hex(&m, ip, 4), msg_u8(&m, "NUL", 0);\n')])

server("s-s4a-marker-one-only", "socks4", "only 0.0.0.1 marks a name", "SOCKS4A", [
    (S4, "return ip[3] == 1 || !srv_bug(s, BUG_S4A_MARKER_ONE);", "return ip[3] == 1;")])

server("s-s4-eats-early-data", "socks4", "drops what follows the request in the same segment", "SOCKS4 §1", [
    (S4, "if (in->n != 0 && srv_bug(s, BUG_S4_EARLY_LOST))", "if (in->n != 0)")])

server("s-s5-first-method-only", "socks5", "looks at the first method alone", "RFC 1928 §3", [
    (S5, "if (methods.n > 1 && methods.p[0] != accept.p[0] && srv_bug(s, BUG_S5_FIRST_METHOD))", "if (methods.n > 1)")])

server("s-s5-unoffered-method", "socks5", "chooses a method that was not offered", "RFC 1928 §3", [
    (S5, "	return 255;\n}\n\nstatic unsigned\nnot_offered", "	return accept.p[0];\n}\n\nstatic unsigned\nnot_offered")])

server("s-s5-refused-is-4", "socks5", "REP 4, host unreachable, for a refused connection", "RFC 1928 §6", [
    (S5R, "	case ECONNREFUSED:\n	case ECONNRESET:\n		return 5;\n", "	case ECONNREFUSED:\n	case ECONNRESET:\n		return 4;\n")])

server("s-s5-bnd-port-little-endian", "socks5", "BND.PORT with its least significant octet first", "RFC 1928 §6", [
    (S5R, "if (srv_bug(s, BUG_S5_BND_SWAPPED))\n", "")])

server("s-s5-failure-of-2", "socks5", "a refusal is VER and REP only", "RFC 1928 §6", [
    (S5R, "if (rep != 0 && srv_bug(s, BUG_S5_FAIL_TWO))", "if (rep != 0)")])

server("s-s5-cmd-unsupported-1", "socks5", "REP 1 for a command that is not supported", "RFC 1928 §6", [
    (S5R, 'return refuse(s, 7, out, "only CONNECT is offered");', 'return refuse(s, 1, out, "only CONNECT is offered");')])

server("s-s5-atyp-unsupported-1", "socks5", "REP 1 for an unknown ATYP", "RFC 1928 §6", [
    (S5R, 'return refuse(s, 8, out, "unknown ATYP");', 'return refuse(s, 1, out, "unknown ATYP");')])

server("s-s5-ip6-as-4-octets", "socks5", "BND.ADDR of ATYP 4 has 4 octets", "RFC 1928 §5", [
    (S5R, "b->host = span_of(b->ip, b->atyp == 4 ? 16 : 4);", "b->host = span_of(b->ip, 4);")])

server("s-up-reply-ver-5", "userpass", "VER of the status is 5", "RFC 1929 §2", [
    (S5, "	unsigned ver = 1;\n", "	unsigned ver = 5;\n")])

server("s-up-failure-is-0", "userpass", "STATUS 0 for a wrong password", "RFC 1929 §2", [
    (S5, "return login_result(s, ok, ok ? 0 : 1, out);", "return login_result(s, ok, 0, out);")])

server("s-http-length-in-2xx", "http", "Content-Length in a 2xx to CONNECT", "RFC 9110 §9.3.6", [
    (SHR, "	if (srv_bug(s, BUG_HTTP_2XX_LENGTH))\n		put_field", "	put_field")])

server("s-http-no-sp-after-status", "http", "no blank behind the status", "RFC 9112 §4", [
    (SHR, "	if (!srv_bug(s, BUG_HTTP_STATUS_NO_SP)) {\n", "	if (reason[0] == '\\0') {\n")])

server("s-http-lf", "http", "lines of the head end with LF", "RFC 9112 §2.1", [
    (SHR, r'srv_bug(s, BUG_HTTP_BARE_LF) ? "\n" : "\r\n"', r'srv_bug(s, BUG_HTTP_BARE_LF) ? "\r\n" : "\n"')])

server("s-http-407-www-authenticate", "basic", "407 with WWW-Authenticate", "RFC 9110 §15.5.8", [
    (SHR, '"WWW-Authenticate: " : "Proxy-Authenticate: ";', '"Proxy-Authenticate: " : "WWW-Authenticate: ";')])

server("s-http-two-hosts", "http", "takes two Host fields", "RFC 9112 §3.2", [
    (SH, "if (q->hosts > 1 && !srv_bug(s, BUG_HTTP_TWO_HOSTS)) {", "if (q->hosts > 2) {")])

server("s-http-default-port", "http", "a target without port is port 80", "RFC 9110 §9.3.6", [
    (SHQ, "if (t.n == 0 && srv_bug(s, BUG_HTTP_PORT_DEFAULT))", "if (t.n == 0)")])

server("s-http-no-allow", "http", "405 without Allow", "RFC 9110 §15.5.6", [
    (SHR, "if (status == 405)", "if (status == 406)")])

server("s-tn-wont-is-answered", "telnet", "answers WONT and DONT", "RFC 854", [
    (SN, "if (u->verb == WONT || u->verb == DONT)\n		return;", "if (u->verb == SB)\n		return;")])

server("s-tn-agrees", "telnet", "agrees to options that it does not know", "RFC 855", [
    (SN, "if (srv_bug(s, BUG_TN_UNKNOWN_AGREED))", "if (!srv_bug(s, BUG_TN_UNKNOWN_AGREED))")])

server("s-tn-nul-kept", "telnet", "the NUL of CR NUL goes into the tunnel", "RFC 854", [
    (SN, r"(in->p[1] == '\n' || in->p[1] == '\0') ? 2 : 1", r"in->p[1] == '\n' ? 2 : 1")])
