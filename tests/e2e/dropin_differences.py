# SPDX-License-Identifier: ISC
"""Where connect does not do what connect.c 1.105 did: the table of test_dropin.py.

TABLE maps the id of a recording to its differences.  A difference names the decision that makes it, says
why in a few words, and edits the recording into what is expected of connect: octets on the wire, stdout,
exit status, stderr.  The test fails when an edit changes nothing, when connect differs from the edited
recording, and when it does what the unedited one says although a difference is listed.

The decisions, in short:
  D1  usage errors are all reported, then the usage line            D13 what -R means
  D2  exit status 2 for errors of usage                             D14 literals: ATYP 1 and 4, brackets
  D7  SOCKS_PASSWORD is used                                        D17 HTTP/1.1, Host, User-Agent; 1xx, 2xx
  D9  user and password that do not fit are refused                 D18 authentication of HTTP
  D10 no way to ask for a password is an error                      D19 SOCKS replies are checked
  D11 which authentication methods may be offered and chosen        D20 telnet: escapes, phrases, IAC
  D22 errors say who did what                                       D23 exit statuses
  D24 every wait has a deadline
"""
import base64
import re

HELLO, BYE = b"hello from server\n", b"hello from client\n"
PX = "proxy 127.0.0.1:{P}"
FATAL = {"s4": "FATAL: failed to begin relaying via SOCKS.", "s5": "FATAL: failed to begin relaying via SOCKS.",
         "http": "FATAL: failed to begin relaying via HTTP.", "tel": "FATAL: failed to begin relaying via telnet."}
TAIL = ["DEBUG: connected", "DEBUG: start relaying.",
        "SESSION: recv 18, sent 18; connection closed by peer; local input is EOF",
        "DEBUG: relaying done.", "DEBUG: that's all, bye."]


class Difference:
    def __init__(self, decision, reason, edit):
        self.decision, self.reason, self.edit = decision, reason, edit


def protocol(case):
    p = case["id"].split("-")[0]
    return "s4" if p.startswith("s4") else p


def debugging(case):
    return "-d" in case["argv"]


# -- edits: each is a function that changes a recording in place

def _request_11(b):
    m = re.match(rb"CONNECT (\S+) HTTP/1\.0\r\n(.*)\r\n$", b, re.S)
    return b"CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: connect\r\n%s\r\n" % (m.group(1), m.group(1), m.group(2))


def http11(case):
    for e in case["wire"]:
        if e.get("kind") == "http-request" and e["hex"] and not e.get("new"):
            e["hex"] = _request_11(bytes.fromhex(e["hex"])).hex()
    out = []
    for line in case["stderr"]:
        m = re.match(r'DEBUG: >>> "CONNECT (\S+) HTTP/1\.0\\r\\n"$', line)
        if m:
            out += ['DEBUG: >>> "CONNECT %s HTTP/1.1\\r\\n"' % m.group(1),
                    'DEBUG: >>> "Host: %s\\r\\n"' % m.group(1), 'DEBUG: >>> "User-Agent: connect\\r\\n"']
        else:
            out.append(line)
    case["stderr"] = out


def status(n):
    def edit(case):
        case["exit"] = n
    return edit


def sentence(pattern):
    """The ERROR lines become one that matches; then connect.c's last line."""
    def edit(case):
        keep = [x for x in case["stderr"] if not x.startswith(("ERROR: ", "FATAL: ")) and x.startswith("DEBUG: ")]
        case["stderr"] = keep + [re.compile("ERROR: " + pattern.replace("PX", re.escape(PX))), FATAL[protocol(case)]]
    return edit


def wire(conn, kind, old, new):
    """One message of connect: octets old become new, on the wire and in the dump of -d."""
    def edit(case):
        for e in case["wire"]:
            if e.get("from") == "C" and e["conn"] == conn and e["kind"] == kind:
                b = bytes.fromhex(e["hex"])
                assert old in b, (case["id"], b)
                e["hex"] = b.replace(old, new).hex()
                dump(case, b, bytes.fromhex(e["hex"]))
    return edit


def dump(case, old, new):
    for i, line in enumerate(case["stderr"]):
        if line == "DEBUG: >>> " + old.hex(" "):
            case["stderr"][i] = "DEBUG: >>> " + new.hex(" ")
            case["stderr"][i - 1] = case["stderr"][i - 1].replace("[%d bytes]" % len(old), "[%d bytes]" % len(new))


def lines(old, new):
    """In the output of -d the lines old become new (old [] and new: at the end, before ERROR and FATAL)."""
    def edit(case):
        s = case["stderr"]
        for i in range(len(s) - len(old) + 1):
            if s[i:i + len(old)] == old:
                s[i:i + len(old)] = new
                return
        raise AssertionError("%s: %r is not in the recording" % (case["id"], old))
    return edit


def all_lines(old, new):
    def edit(case):
        while old in case["stderr"]:
            i = case["stderr"].index(old)
            case["stderr"][i:i + 1] = new
    return edit


def nothing_sent(case):
    """connect does not even connect."""
    case["wire"] = []


def stops(conn, kind, n=1):
    """connect sends nothing after its n-th message of that kind: the tunnel is not opened."""
    def edit(case):
        out, k = [], n
        for e in case["wire"]:
            if k == 0 and e.get("from") == "C":
                out.append({"conn": conn, "from": "C", "kind": "rest", "hex": ""})
                break
            if e.get("event") and e["conn"] > conn:
                continue
            out.append(e)
            if e.get("from") == "C" and e["conn"] == conn and e["kind"] == kind:
                k -= 1
        case["wire"] = out
        case["stdout"] = ""
        s = case["stderr"]
        if debugging(case):
            cut = min([s.index(x) for x in TAIL if x in s] or [len(s)])
            case["stderr"] = s[:cut]
    return edit


def session(case):
    """The tunnel opens: what connect sends passes, and what the recorded server sent, if it did."""
    for e in case["wire"]:
        if e.get("kind") == "rest":
            last = e
    last["hex"] = BYE.hex()
    greets = any(e.get("from") == "S" and e["hex"] == HELLO.hex() for e in case["wire"])
    case["stdout"] = HELLO.hex() if greets else ""
    case["exit"] = 0
    case["stderr"] = [x for x in case["stderr"] if x.startswith("DEBUG: ")]
    if debugging(case):
        case["stderr"] += TAIL if greets else [x.replace("recv 18", "recv 0") for x in TAIL]


def goes_on(*events):
    """The recorded server stopped where connect.c did; here it goes on: (conn, "C", kind, octets) or
    (conn, "S", octets).  They come in place of the last wait for the end of the stream."""
    def edit(case):
        w = case["wire"]
        while w and (w[-1].get("kind") == "rest" or w[-1].get("from") == "S" and not w[-1]["hex"]):
            w.pop()
        for x in events:
            if x[1] == "C":
                w.append({"conn": x[0], "from": "C", "kind": x[2], "hex": x[3].hex(), "new": 1})
            else:
                w.append({"conn": x[0], "from": "S", "hex": x[2].hex()})
                if len(x) > 3:
                    w[-1]["end"] = x[3]
    return edit


def tunnel(conn):
    return [(conn, "S", HELLO), (conn, "C", "rest", BYE)]


def second_try(conn, user, password, first=1):
    """After the 407: the same request with Proxy-Authorization, over connection conn, and a 200."""
    cred = base64.b64encode(("%s:%s" % (user, password)).encode())
    req = _request_11(b"CONNECT target.test:22 HTTP/1.0\r\nProxy-Authorization: Basic " + cred + b"\r\n\r\n")
    ok = b"HTTP/1.0 200 Connection established\r\n\r\n"
    close = [(first, "C", "rest", b""), (first, "S", b"", "close")] if conn != first else []
    wire_edit = goes_on(*close, (conn, "C", "http-request", req), (conn, "S", ok), *tunnel(conn))

    def edit(case):
        wire_edit(case)
        session(case)
        if debugging(case):
            s = case["stderr"]
            at = len(s) - len(TAIL)
            s[at:at] = ['DEBUG: connecting to 127.0.0.1:{P}', 'DEBUG: begin_http_relay()',
                        'DEBUG: >>> "CONNECT target.test:22 HTTP/1.1\\r\\n"', 'DEBUG: >>> "Host: target.test:22\\r\\n"',
                        'DEBUG: >>> "User-Agent: connect\\r\\n"', 'DEBUG: >>> "Proxy-Authorization: Basic xxxxx\\r\\n"',
                        'DEBUG: >>> "\\r\\n"', 'DEBUG: <<< "HTTP/1.0 200 Connection established\\r\\n"',
                        'DEBUG: connected, start user session.', 'DEBUG: <<< "\\r\\n"']
    return edit


def usage(pattern):
    def edit(case):
        case["wire"] = []
        case["stdout"] = ""
        case["exit"] = 2
        case["stderr"] = [re.compile("ERROR: " + pattern), "USAGE"]
    return edit


def argv(*words):
    def edit(case):
        case["argv"] = list(words) + case["argv"]
    return edit


def stdin_eof(case):
    case["stdin_end"] = "EOF"


def questions(*q):
    def edit(case):
        case["dns"] = [list(x) for x in q]
    return edit


def both(*edits):
    def edit(case):
        for e in edits:
            e(case)
    return edit


# -- the table

D = Difference
HTTP11 = D("D17", "the request is HTTP/1.1 with Host and User-Agent", http11)
ASKED_ONCE = D("D15", "the route is chosen once, not again for the second connection",
               lines(["DEBUG: <<< \"\\r\\n\"", "DEBUG: checking target.test is for direct?",
                      "DEBUG: target.test is for not direct.", "DEBUG: connecting to 127.0.0.1:{P}"],
                     ["DEBUG: <<< \"\\r\\n\"", "DEBUG: connecting to 127.0.0.1:{P}"]))


def fails(n, pattern, decision="D22", reason="the error says who did what; the exit status says which kind"):
    return [D(decision, reason, both(status(n), sentence(pattern)))]


def checked(kind, pattern, decision, reason, n=5):
    """connect.c went on; connect does not."""
    return [D(decision, reason, both(stops(1, kind), status(n), sentence(pattern)))]


EOF_EMPTY = D("D21", "no line is dumped where none was read", all_lines('DEBUG: <<< ""', []))

TABLE = {}


def add(ids, *differences):
    for i in ids.split():
        TABLE.setdefault(i, []).extend(differences)


# HTTP
add("http-01-200 http-02-200-http11-headers http-03-ipv4 http-04-ipv6 http-05-ipv6-bracket http-06-env "
    "http-07-data-same-segment http-08-1byte http-10-407-basic http-11-407-twice http-12-407-multi "
    "http-13-407-basic-first http-14-407-one-line http-15-407-nospace http-16-407-tab http-17-407-norealm "
    "http-18-407-digest-only http-19-407-noheader http-1a-407-basicfoo http-1b-407-lower http-1c-401 "
    "http-1d-401-proxyauth http-1e-407-wwwauth http-1f-auth-utf8 http-20-auth-colon-user http-21-auth-order "
    "http-22-auth-connect http-23-auth-notty http-24-preemptive http-25-407-eof http-30-302 http-31-302-nolocation "
    "http-32-301 http-33-302-eof http-4x-201 http-4x-204 http-4x-400 http-4x-403 http-4x-404 http-4x-405 http-4x-500 "
    "http-4x-501 http-4x-502 http-4x-503 http-4x-504 http-50-100 http-51-garbage-nospace http-52-ssh-banner "
    "http-53-fake-200 http-54-icy http-55-200x http-56-2000 http-57-socks-answer http-58-eof-at-once http-59-rst "
    "http-5a-status-eof http-5b-status-noeol-eof http-5c-lf-only http-5d-endless-headers http-5e-endless-w1 "
    "http-5f-long-status http-6x-header-1021 http-6x-header-1022 http-6x-header-1023 http-6x-header-1024 http-70-nul "
    "http-71-folded http-72-status-2sp http-73-silent http-74-chunked-200 http-76-keepalive-auth", HTTP11)
add("http-04-ipv6", D("D14", "an IPv6 literal goes in brackets",
                      wire(1, "http-request", b"2001:db8::1:22", b"[2001:db8::1]:22")))
add("http-09-header-injection", D("D17", "control octets and blanks in HOST are refused",
                                  usage("target .*(blank|control)")))
add("http-10-407-basic http-11-407-twice http-12-407-multi http-17-407-norealm http-1c-401", ASKED_ONCE)
add("http-11-407-twice",
    D("D18", "the header of the second 407 is read to its end",
      lines(["DEBUG: >>> \"Proxy-Authorization: Basic xxxxx\\r\\n\"", "DEBUG: >>> \"\\r\\n\"",
             "DEBUG: <<< \"HTTP/1.0 407 Proxy Authentication Required\\r\\n\""],
            ["DEBUG: >>> \"Proxy-Authorization: Basic xxxxx\\r\\n\"", "DEBUG: >>> \"\\r\\n\"",
             "DEBUG: <<< \"HTTP/1.0 407 Proxy Authentication Required\\r\\n\"",
             "DEBUG: <<< \"Proxy-Authenticate: Basic realm=\"squid\"\\r\\n\"", "DEBUG: <<< \"Content-Length: 5\\r\\n\"",
             "DEBUG: <<< \"\\r\\n\""])), *fails(6, "PX: authentication failed .*407"))
add("http-14-407-one-line", D("D18", "every challenge of a header is seen", both(
    all_lines("DEBUG: Can't find Proxy-Authenticate: in response header.", []), second_try(2, "tester", "secret"))))
add("http-15-407-nospace", D("D18", "no blank is needed after the colon", both(
    all_lines('DEBUG: Unsupported authentication type: realm="r"', []),
    all_lines("DEBUG: Can't find Proxy-Authenticate: in response header.", []), second_try(2, "tester", "secret"))))
add("http-16-407-tab", D("D18", "a TAB after the colon is white space too", both(
    all_lines('DEBUG: Unsupported authentication type: realm="r"', []),
    all_lines("DEBUG: Can't find Proxy-Authenticate: in response header.", []), second_try(2, "tester", "secret"))))
add("http-18-407-digest-only", *fails(6, "PX: .*Basic.*Digest"))
add("http-19-407-noheader http-1d-401-proxyauth http-1e-407-wwwauth", *fails(6, "PX: .*-Authenticate"))
add("http-1a-407-basicfoo", D("D18", "BasicFoo is not Basic",
                              both(stops(1, "http-request"), status(6), sentence("PX: .*BasicFoo"))))
add("http-1f-auth-utf8", D("D18", "base64 of octets, not of signed chars",
                           wire(2, "http-request", b"dGVzdGVyOn/DpHNzd8+2cmQ=",
                                base64.b64encode("tester:pässwörd".encode()))))
add("http-20-auth-colon-user", D("D18", "a user with a colon is no Basic user (RFC 7617 section 2): refused, not sent",
                                 both(stops(1, "http-request"), status(2), sentence(".*user.*colon"))))
add("http-23-auth-notty", D("D10", "nobody to ask is an error, nothing is sent",
                            both(stops(1, "http-request"), status(6), sentence("PX .*password"),
                                 lambda c: c["stderr"].insert(0, re.compile("ERROR: .*terminal.*askpass")))))
add("http-25-407-eof http-33-302-eof http-5a-status-eof",
    *fails(5, "PX closed the connection while .*header", "D23", "the end of the stream inside the header is an error"))
add("http-30-302", D("D17", "a redirection is never followed", both(
    lines(["DEBUG: checking target.test is for direct?", "DEBUG: target.test is for not direct.",
           "DEBUG: resolving host by name: 127.0.0.1:9/x", "DEBUG: failed to resolve locally."], []),
    status(7), sentence("PX refused: .*302.*http://127.0.0.1:9/x"))))
add("http-31-302-nolocation", D("D17", "a redirection is never followed",
                                both(stops(1, "http-request"), status(7), sentence("PX refused: .*302"))))
add("http-32-301", D("D17", "the Location of a redirection is reported, so its header is read", both(
    lines(["DEBUG: http proxy is not allowed."],
          ['DEBUG: <<< "Location: http://127.0.0.1:9/x\\r\\n"', 'DEBUG: <<< "\\r\\n"']),
    status(7), sentence("PX refused: .*301.*http://127.0.0.1:9/x"))))
add("http-4x-201 http-4x-204", D("D17", "any 2xx opens the tunnel", both(
    lambda c: c["wire"][-2].update(hex=BYE.hex()), status(0), lambda c: c.update(stderr=[]))))
for code in (400, 403, 404, 405, 500, 501, 502, 503, 504):
    add("http-4x-%d" % code, *fails(7, "PX refused: .*%d" % code))
add("http-50-100", D("D17", "1xx answers are skipped", both(
    all_lines("DEBUG: http proxy is not allowed.",
              ['DEBUG: <<< "\\r\\n"', 'DEBUG: <<< "HTTP/1.0 200 Connection established\\r\\n"',
               'DEBUG: connected, start user session.', 'DEBUG: <<< "\\r\\n"']), session)))
add("http-51-garbage-nospace", *fails(5, "PX broke the protocol: .*garbage"))
add("http-52-ssh-banner", *fails(5, "PX broke the protocol: .*SSH-2.0"))
add("http-53-fake-200", *checked("http-request", "PX broke the protocol: .*SMTP 200", "D17", "a status line is HTTP/1.x"))
add("http-54-icy", *checked("http-request", "PX broke the protocol: .*ICY", "D17", "a status line is HTTP/1.x"))
add("http-55-200x", *checked("http-request", "PX broke the protocol: .*200xyz", "D17", "a status has three digits"))
add("http-56-2000", D("D17", "a status has three digits", both(
    all_lines("DEBUG: http proxy is not allowed.", []), status(5), sentence("PX broke the protocol: .*2000"))))
add("http-57-socks-answer", *fails(5, "PX broke the protocol", "D17", "what does not begin like HTTP is an error at once"))
add("http-58-eof-at-once", EOF_EMPTY, *fails(5, "PX closed the connection while .*status line"))
add("http-59-rst", D("D22", "the error says who did what", both(
    all_lines("DEBUG: failed to read http response.", []), status(5), sentence("PX.*reset.*while .*status line"))))
add("http-5b-status-noeol-eof", *fails(5, "PX closed the connection while .*status line", "D23",
                                       "the end of the stream inside the header is an error"))
add("http-5c-lf-only", D("D17", "lines may end with LF alone", both(session, stdin_eof)))
add("http-5d-endless-headers http-5e-endless-w1",
    *fails(5, "PX broke the protocol: .*too long", "D17", "the header is bounded"))
add("http-6x-header-1023", D("D17", "a line of any length is one line", lambda c: c.update(stdout=HELLO.hex())))
add("http-71-folded", D("D18", "folded header lines are understood", both(
    all_lines("DEBUG: Invalid format of Proxy-Authenticate: field.",
              ['DEBUG: <<< " Basic realm="r"\\r\\n"', 'DEBUG: <<< "\\r\\n"']), second_try(2, "tester", "secret"))))
add("http-73-silent", *fails(8, "timed out: PX", "D24", "the deadline says what was awaited"))
add("http-75-long-host", D("D17", "a host that no name can have is refused, not cut", usage("target .*too long")))
add("http-76-keepalive-auth", D("D18", "a proxy that keeps the connection gets the second request over it",
                                lambda c: c.update(wire=[
                                    dict(e, conn=1) for e in c["wire"]
                                    if not e.get("event") and e.get("end") != "close" and
                                    not (e.get("kind") == "rest" and not e["hex"])])))

# SOCKS4
add("s4-10-reply-91 s4a-06-rejected", *fails(7, r"PX refused: request rejected or failed \(SOCKS4 reply 91\)"))
add("s4-11-reply-92", *fails(7, r"PX refused: cannot connect identd \(SOCKS4 reply 92\)"))
add("s4-12-reply-93", *fails(7, r"PX refused: user id not matched \(SOCKS4 reply 93\)"))
add("s4-13-reply-94", *fails(7, r"PX refused: .*unknown.* \(SOCKS4 reply 94\)"))
add("s4-14-reply-0", *fails(7, r"PX refused: .*unknown.* \(SOCKS4 reply 0\)"))
add("s4-15-reply-200", *fails(7, r"PX refused: .*unknown.* \(SOCKS4 reply 200\)", "D19", "codes are unsigned"))
add("s4-21-reply-vn5", *checked("s4-request", "PX broke the protocol: .*SOCKS4", "D19", "VN is checked"))
add("s4-24-eof-in-reply", *fails(5, "PX closed the connection while .*SOCKS4 reply"))
add("s4-25-eof-at-once", *fails(5, "PX.*(reset|closed).*while .*SOCKS4 reply"))
add("s4-30-name-local s4-31-v6only-name s4a-02-name-unresolvable",
    D("D12", "getaddrinfo also asks for AAAA", lambda c: c["dns"].append([c["dns"][0][0], "AAAA"])))
add("s4-32-0.0.0.0", D("D14", "a literal is sent as the address it is",
                       wire(1, "s4-request", b"\0\0\0\1tester\0000.0.0.0\0", b"\0\0\0\0tester\0")))
add("s4-33-bad-octet", D("D13", "999.1.1.1 is no address: a name, which the proxy is asked to resolve", both(
    wire(1, "s4-request", b"\xff\xff\xff\xfftester\0", b"\0\0\0\1tester\000999.1.1.1\0"),
    questions(["999.1.1.1", "A"], ["999.1.1.1", "AAAA"]))))
add("s4-40-long-user", D("D19", "a long user name is sent whole", both(
    lambda c: c.update(wire=c["wire"][:1]),
    goes_on((1, "C", "s4-request", bytes.fromhex("04010016c0000201") + b"A" * 300 + b"\0"),
            (1, "S", bytes.fromhex("005a000000000000")), *tunnel(1)), session)))
add("s4-41-long-host", D("D19", "a long host name is sent whole", session))
add("s4a-03-both", D("D13", "both asks the local resolver first", both(
    wire(1, "s4-request", b"\0\0\0\1tester\0target.test\0", b"\xc0\0\2\x0atester\0"),
    lines(["DEBUG: checking target.test is for direct?", "DEBUG: target.test is for not direct."],
          ["DEBUG: resolving host by name: target.test", "DEBUG: resolved: target.test (192.0.2.10)",
           "DEBUG: not matched, addr to be relayed: 192.0.2.10", "DEBUG: 192.0.2.10 is for not direct."]),
    questions(["target.test", "A"], ["target.test", "AAAA"]))))
add("s4a-04-ip-remote", D("D14", "SOCKS4 sends the address of a literal",
                          wire(1, "s4-request", b"\0\0\0\1tester\000192.0.2.1\0", b"\xc0\0\2\1tester\0")))
add("s4a-05-ipv6-literal", D("D14", "SOCKS4 has no IPv6: an error before anything is sent", both(
    lambda c: c.update(wire=[{"conn": 1, "event": "accept"}, {"conn": 1, "from": "C", "kind": "rest", "hex": ""}],
                       stdout=""), status(2), sentence(".*SOCKS4.*IPv6"))))

# SOCKS5
V6 = bytes.fromhex("20010db8000000000000000000000001")
add("s5-01-noauth-ipv4", D("D14", "an IPv4 literal is ATYP 1",
                           wire(1, "s5-request", b"\3\x09192.0.2.1", b"\1\xc0\0\2\1")))
add("s5-04-domain-local", D("D12", "getaddrinfo also asks for AAAA", questions(["target.test", "A"],
                                                                            ["target.test", "AAAA"])))
add("s5-05-domain-both", D("D13", "both asks the local resolver first", both(
    wire(1, "s5-request", b"\3\x0btarget.test", b"\1\xc0\0\2\x0a"),
    lines(["DEBUG: checking target.test is for direct?", "DEBUG: target.test is for not direct."],
          ["DEBUG: resolving host by name: target.test", "DEBUG: resolved: target.test (192.0.2.10)",
           "DEBUG: not matched, addr to be relayed: 192.0.2.10", "DEBUG: 192.0.2.10 is for not direct."]),
    questions(["target.test", "A"], ["target.test", "AAAA"]))))
add("s5-06-domain-local-fails", D("D13", "an explicit -R local that fails is an error", both(
    nothing_sent, lambda c: c.update(stdout="", stderr=c["stderr"][:c["stderr"].index("DEBUG: failed to resolve locally.") + 1]),
    status(3), sentence(".*resolve.*nosuch.test"),
    questions(["nosuch.test", "A"], ["nosuch.test", "AAAA"]))))
add("s5-07-ipv6-literal", D("D14", "an IPv6 literal is ATYP 4", both(
    wire(1, "s5-request", b"\3\x0b2001:db8::1", b"\4" + V6),
    lines(["DEBUG: checking 2001:db8::1 is for direct?", "DEBUG: 2001:db8::1 is for not direct."],
          [re.compile(r"DEBUG: not matched, addr to be relayed: \[?2001:db8::1\]?$"),
           re.compile(r"DEBUG: \[?2001:db8::1\]? is for not direct\.")]))))
add("s5-08-ipv6-literal-local", D("D14", "an IPv6 literal is ATYP 4 and needs no resolver", both(
    wire(1, "s5-request", b"\3\x0b2001:db8::1", b"\4" + V6),
    lines(["DEBUG: resolving host by name: 2001:db8::1", "DEBUG: failed to resolve locally.",
           "DEBUG: checking 2001:db8::1 is for direct?", "DEBUG: 2001:db8::1 is for not direct."],
          [re.compile(r"DEBUG: not matched, addr to be relayed: \[?2001:db8::1\]?$"),
           re.compile(r"DEBUG: \[?2001:db8::1\]? is for not direct\.")]))))
add("s5-09-ipv6-bracket", D("D14", "brackets are not part of an IPv6 literal", both(
    wire(1, "s5-request", b"\3\x0d[2001:db8::1]", b"\4" + V6),
    lines(["DEBUG: dest_host=[2001:db8::1]"], ["DEBUG: dest_host=2001:db8::1"]),
    lines(["DEBUG: checking [2001:db8::1] is for direct?", "DEBUG: [2001:db8::1] is for not direct."],
          [re.compile(r"DEBUG: not matched, addr to be relayed: \[?2001:db8::1\]?$"),
           re.compile(r"DEBUG: \[?2001:db8::1\]? is for not direct\.")]))))
add("s5-11-userpass-fail-1 s5-12-userpass-fail-ff", *fails(6, "PX: authentication failed"))
add("s5-14-no-method", *fails(6, "PX: .*method"))
add("s5-15-gssapi", *fails(5, "PX broke the protocol: .*not offered .*1.*GSSAPI", "D11",
                           "a method that was not offered is a protocol error"))
add("s5-16-method-80", *fails(5, "PX broke the protocol: .*not offered .*128", "D11",
                              "a method that was not offered is a protocol error"))
add("s5-17-method-ver4", *fails(5, "PX broke the protocol: .*VER"))
add("s5-20-a-list", D("D11", "gssapi and chap are refused until they are supported", usage(".*not supported.*gssapi")))
add("s5-21-a-none-server-forces-userpass", *checked("s5-methods", "PX broke the protocol: .*not offered", "D11",
                                                    "a method that was not offered is a protocol error"))
add("s5-22-a-userpass-server-picks-none", *checked("s5-methods", "PX broke the protocol: .*not offered", "D11",
                                                   "a method that was not offered is a protocol error"))
add("s5-23-a-bogus", D("D2", "a wrong -a is an error of usage", usage(".*bogus")))
add("s5-24-a-empty s5-25-a-trailing-comma s5-27-a-11 s5-28-a-case",
    D("D2", "a wrong -a is an error of usage", usage(".*-a.*")))
REP = {1: "general SOCKS server failure", 2: "connection not allowed by ruleset", 3: "[Nn]etwork unreachable",
       4: "[Hh]ost unreachable", 5: "[Cc]onnection refused", 6: "TTL expired", 7: "[Cc]ommand not supported",
       8: "[Aa]ddress (type )?not supported", 9: "", 10: "", 255: ""}
for rep, name in zip((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255),
                     "31-rep-01 32-rep-02 33-rep-03 34-rep-04 35-rep-05 36-rep-06 37-rep-07 38-rep-08 39-rep-09 "
                     "3a-rep-0a 3f-rep-ff".split()):
    add("s5-" + name, *fails(7, r"PX refused: .*%s.*\(SOCKS5 reply %d\)" % (REP[rep], rep)))
add("s5-43-bnd-atyp-unknown", *checked("s5-request", "PX broke the protocol: .*ATYP", "D19", "an unknown ATYP is an error"))
add("s5-47-rep-badver", *checked("s5-request", "PX broke the protocol: .*VER", "D19", "VER is checked"))
add("s5-53-eof-method", *fails(5, "PX closed the connection while .*method"))
add("s5-54-eof-reply-4 s5-55-eof-reply-0", *fails(5, "PX closed the connection while .*reply"))
add("s5-56-rst-reply", *fails(5, "PX.*reset.*while .*reply"))
add("s5-57-short-failure", *fails(7, r"PX refused: connection refused \(SOCKS5 reply 5\)", "D19",
                                  "a short failure reply still has its code"))
add("s5-58-http-server s5-59-socks4-server", *fails(5, "PX broke the protocol: .*VER"))
for n in (253, 255):
    def long_name(case, n=n):
        name = case["argv"][-2].encode()
        goes_on((1, "C", "s5-request", b"\5\1\0\3" + bytes([n]) + name + b"\0\x16"),
                (1, "S", bytes.fromhex("050000017f0000011234")), *tunnel(1))(case)
        session(case)
    add("s5-6x-host-%d" % n, D("D19", "a name of up to 255 octets is sent whole", long_name))
for n in (256, 300):
    add("s5-6x-host-%d" % n, D("D19", "a name that does not fit is refused before anything is sent",
                               both(nothing_sent, status(2), sentence(".*(255|too long)"))))
add("s5-71-user-256", D("D9", "a user name that does not fit is refused; no part of a message is sent",
                        both(stops(1, "s5-methods"), status(2), sentence(".*user.*255"))))
add("s5-72-pass-1100", D("D9", "a password that does not fit is refused; no part of a message is sent",
                         both(stops(1, "s5-methods"), status(2), sentence(".*password.*255"))))
add("s5-75-socks-password", D("D7", "SOCKS_PASSWORD is read", both(
    wire(1, "s5-userpass", b"\x2aEnter SOCKS5 password for root@127.0.0.1: ", b"\x0adocumented"),
    lambda c: c.update(stderr=[]))))

# telnet
add("tel-02-escape-line", D("D20", "the line after success is not delivered", lambda c: c.update(stdout=HELLO.hex())))
add("tel-10-bad", *fails(7, "PX refused: .*Connection failed"))
add("tel-11-bad", *fails(7, "PX refused: .*Connection refused"))
add("tel-12-bad", *fails(7, "PX refused: .*request rejected by policy"))
add("tel-13-bad", *fails(7, "PX refused: .*Connection closed by foreign host"))
add("tel-14-bad-not-matched", *fails(7, "PX refused: .*Failed!", "D20", "bad phrases need no leading blank"))
add("tel-15-unknown-then-eof", EOF_EMPTY, *fails(5, "PX closed the connection while .*answer"))
add("tel-16-good-and-bad", D("D20", "`not connected to' is not success", both(
    stops(1, "telnet-line"), all_lines("DEBUG: good phrase is detected: 'connected to'", ["DEBUG: bad phrase is detected: ' refused'"]),
    status(7), sentence("PX refused: .*not connected to target: refused"))))
add("tel-18-prompt", D("D24", "every wait has a deadline (here shortened)",
                       both(argv("--handshake-timeout", "1"), status(8), sentence("timed out: PX.*login: "))))
add("tel-17-greeting-trap", D("D20", "the greeting is read before the command is sent", lines(
    ['DEBUG: >>> "telnet target.test 22\\r\\n"', 'DEBUG: <<< "You are connected to the ACME firewall.\\r\\n"',
     "DEBUG: good phrase is detected: 'connected to'"],
    ['DEBUG: <<< "You are connected to the ACME firewall.\\r\\n"', "DEBUG: good phrase is detected: 'connected to'",
     'DEBUG: >>> "telnet target.test 22\\r\\n"'])))
add("tel-19-iac", D("D20", "IAC is stripped; options that come with the line of success get no answer: it would reach "
                    "the target", both(
    lines(['DEBUG: <<< "\\xFF\\xFD\\x18\\xFF\\xFB\\x01Connected to target.test\\r\\n"'],
          ['DEBUG: <<< "Connected to target.test\\r\\n"']))))
add("tel-20-nul", D("D20", "a NUL is not the end", both(
    lines(['DEBUG: <<< ""', "DEBUG: error reading from telnet proxy"],
          ['DEBUG: <<< "\\r\\n"', 'DEBUG: <<< "Connected to target.test\\r\\n"',
           "DEBUG: good phrase is detected: 'connected to'"]), session)))
add("tel-22-eof", EOF_EMPTY, *fails(5, "PX closed the connection while .*answer"))
add("tel-24-long-line", D("D20", "a line of any length is one line", session))
add("tel-33-c", D("D20", "%% is a percent sign", wire(1, "telnet-line", b"100 target", b"100% target")))
add("tel-34-c", D("D20", "unknown escapes are errors of usage", usage(".*-c.*%x")))
add("tel-35-c", D("D20", "a lone % is an error of usage", usage(".*-c.*")))
add("tel-36-c", D("D20", "an empty command is an error of usage", usage(".*-c.*")))


def four_hosts(case):
    h = case["argv"][-2]
    case["wire"] = case["wire"][:1]
    goes_on((1, "C", "telnet-line", ("%s %s %s %s\r\n" % (h, h, h, h)).encode()),
            (1, "S", b"Connected to it.\r\n"), *tunnel(1))(case)
    session(case)


add("tel-37-c tel-38-c-heap-overflow", D("D20", "%h may come as often as one likes", four_hosts))
