# SPDX-License-Identifier: ISC
"""Names and passwords on the wire: RFC 1929, the USERID of SOCKS4 (and RFC 1413), Basic of RFC 7617."""
import base64
import socket
import threading

import pytest
import wire

USERS = "# who may\n\nuser:pass\nalice:s3cret\ncolon:a:b\ntest:123\u00a3\n\u7528\u6237:\u5bc6\nhello:world\nAladdin:open sesame\n" \
        + "u" * 255 + ":" + "p" * 255 + "\n"


@pytest.fixture(scope="module")
def users(tmp_path_factory):
    path = tmp_path_factory.mktemp("users") / "users"
    path.write_text(USERS, encoding="utf-8")
    return str(path)


def octets(text):
    return bytes.fromhex(text)


def modes(data):
    return ["whole", "bytes", *range(1, len(data))]


# ---- RFC 1929

def login(name, password):
    """| VER=1 | ULEN | UNAME | PLEN | PASSWD |"""
    return b"\x01" + bytes([len(name)]) + name + bytes([len(password)]) + password


RIGHT = [
    ("UP-V01 user pass", octets("01 04 75736572 04 70617373")),
    ("UP-V05 UTF-8", octets("01 06 e794a8e688b7 03 e5af86")),
    ("colon in the password", login(b"colon", b"a:b")),
    ("255 octets each", login(b"u" * 255, b"p" * 255)),
]
WRONG = [
    ("UP-M01 both empty", octets("01 00 00")),
    ("UP-M02 no password", octets("01 04 75736572 00")),
    ("no name", login(b"", b"pass")),
    ("wrong password", login(b"user", b"past")),
    ("prefix", login(b"user", b"pas")),
    ("longer", login(b"user", b"passs")),
    ("capitals", login(b"user", b"PASS")),
    ("wrong name", login(b"resu", b"pass")),
    ("another's password", login(b"user", b"s3cret")),
    ("NUL and more", login(b"user\0junk", b"pass")),
    ("NUL behind the password", login(b"user", b"pass\0")),
    ("a comment is no user", login(b"# who may", b"")),
    ("255 wrong", login(b"u" * 255, b"q" * 255)),
]
REQUEST = octets("05 01 00 01 7f000001 0016")


def selected(f):
    client = wire.dial(f.port)
    client.sendall(octets("05 02 00 02"))
    assert wire.read_n(client, 2) == b"\x05\x02"
    return client


@pytest.mark.parametrize("role", ["socks5", "socks"])
@pytest.mark.parametrize("name,data", RIGHT, ids=[r[0] for r in RIGHT])
def test_right_password(shared, users, role, name, data):
    f = shared("--user-file", users, role)
    with wire.listen(22) as listener:
        for mode in modes(data) if len(data) < 40 else ["whole", "bytes", 1, 2, 257, 258, len(data) - 1]:
            with selected(f) as client:
                wire.send(client, data, mode)
                assert wire.read_n(client, 2) == b"\x01\x00", mode
                client.sendall(REQUEST)
                assert wire.socks5_reply(client)[:3] == (5, 0, 0)
                wire.accept(listener)[0].close()


@pytest.mark.parametrize("name,data", WRONG, ids=[w[0] for w in WRONG])
def test_wrong_password(shared, users, name, data):
    """STATUS is not 0, the server closes, and a request behind it is not served."""
    f = shared("--user-file", users, "socks5")
    with wire.listen(22) as listener:
        for mode in modes(data) if len(data) < 40 else ["whole", "bytes", 258]:
            with selected(f) as client:
                wire.send(client, data, mode)
                ver, status = wire.read_n(client, 2)
                assert ver == 1 and status != 0, mode
                assert wire.read_eof(client) == b"", mode
        with selected(f) as client:
            client.sendall(data + REQUEST + b"x" * 60000)
            ver, status = wire.read_n(client, 2)
            assert ver == 1 and status != 0
            assert wire.read_eof(client) == b""
        assert wire.refused(listener)


def test_wrong_name_and_wrong_password_look_the_same(shared, users):
    f, seen = shared("--user-file", users, "socks5"), set()
    for data in (login(b"nobody", b"pass"), login(b"user", b"wrong")):
        with selected(f) as client:
            client.sendall(data)
            seen.add(wire.read_n(client, 2))
    assert len(seen) == 1


def test_other_version_of_the_negotiation(shared, users):
    """UP-M03: VER 5 instead of 1 is no success."""
    data = octets("05 04 75736572 04 70617373")
    for mode in modes(data):
        with selected(shared("--user-file", users, "socks5")) as client:
            wire.send(client, data, mode)
            got = wire.read_eof(client)
            assert got[1:2] != b"\x00", (mode, got)


def test_a_request_instead_of_the_password(shared, users):
    with wire.listen(22) as listener:
        with selected(shared("--user-file", users, "socks5")) as client:
            client.sendall(REQUEST)
            assert wire.read_eof(client)[1:2] != b"\x00"
        assert wire.refused(listener)


def test_all_joined(shared, users):
    """Greeting, password, request and payload in one segment, and cut anywhere in it."""
    f = shared("--user-file", users, "socks5")
    data = octets("05 02 00 02") + RIGHT[0][1] + REQUEST
    with wire.listen(22) as listener:
        for cut in range(0, len(data)):
            with wire.dial(f.port) as client:
                if cut:
                    client.sendall(data[:cut])
                    wire.drained(client)
                client.sendall(data[cut:] + b"EARLY")
                assert wire.read_n(client, 4) == b"\x05\x02\x01\x00"
                assert wire.socks5_reply(client)[:3] == (5, 0, 0)
                target, _ = wire.accept(listener)
                with target:
                    assert wire.read_n(target, 5) == b"EARLY"


def test_users_make_method_2_necessary(shared, users):
    for greeting in ("05 01 00", "05 02 00 01", "05 01 01"):
        with wire.dial(shared("--user-file", users, "socks5").port) as client:
            client.sendall(octets(greeting))
            assert wire.read_n(client, 2) == b"\x05\xff"
            assert wire.read_eof(client) == b""


def test_the_environment_names_a_user(fake):
    f = fake("socks5", env={"FAKEPROXY_USER": "bob:s:3"})
    for data, status in ((login(b"bob", b"s:3"), 0), (login(b"bob", b"s"), 1)):
        with selected(f) as client:
            client.sendall(data)
            assert wire.read_n(client, 2)[0] == 1
            client.sendall(b"")
    with selected(f) as client:
        client.sendall(login(b"bob", b"s:3"))
        assert wire.read_n(client, 2) == b"\x01\x00"
    with open(f"/proc/{f.pid}/environ", "rb") as environ:
        assert b"s:3" not in environ.read()


# ---- SOCKS4

def test_userid_of_the_list(shared, users):
    for role in ("socks4", "socks"):
        f = shared("--user-file", users, role)
        with wire.listen(22) as listener:
            for userid, cd in ((b"alice", 90), (b"mallory", 93), (b"", 93), (b"alic", 93), (b"alicee", 93), (b"ALICE", 93)):
                data = octets("04 01 0016 7f000001") + userid + b"\0"
                for mode in modes(data):
                    with wire.dial(f.port) as client:
                        wire.send(client, data, mode)
                        assert wire.socks4_reply(client)[:2] == (0, cd), (userid, mode)
                        if cd == 90:
                            wire.accept(listener)[0].close()
                        else:
                            assert wire.read_eof(client) == b""
            assert wire.refused(listener)


def test_userid_knob(fake):
    f = fake("-o", "userid=fred", "socks4")
    with wire.listen(22) as listener:
        for userid, cd in ((b"fred", 90), (b"", 93), (b"freddy", 93)):
            with wire.dial(f.port) as client:
                client.sendall(octets("04 01 0016 7f000001") + userid + b"\0")
                assert wire.socks4_reply(client)[:2] == (0, cd)
        wire.accept(listener)[0].close()


class Identd:
    """RFC 1413: "PORT-ON-SERVER , PORT-ON-CLIENT CR LF" is answered with the user's name."""

    def __init__(self, answer):
        self.sock, self.answer, self.asked = wire.listen(), answer, []
        self.port = wire.port_of(self.sock)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        self.sock.settimeout(None)
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            with sock:
                sock.settimeout(wire.DEADLINE)
                line = wire.read_until(sock, b"\n")
                self.asked.append(line)
                sock.sendall(line.strip().replace(b",", b" , ") + b" : " + self.answer + b"\r\n")

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.thread.join(wire.DEADLINE)


@pytest.mark.parametrize("answer,cd", [(b"USERID : UNIX : fred", 90), (b"USERID : UNIX : mallory", 93), (b"ERROR : NO-USER", 92)])
def test_ident(fake, answer, cd):
    identd = Identd(answer)
    f = fake("-o", f"ident={identd.port}", "socks4")
    try:
        with wire.listen(22) as listener, wire.dial(f.port) as client:
            own = client.getsockname()[1]
            client.sendall(octets("04 01 0016 7f000001 66726564 00"))
            got = wire.socks4_reply(client)[:2]
            if answer.startswith(b"ERROR"):
                assert got[0] == 0 and got[1] in (92, 93)
            else:
                assert got == (0, cd)
            if cd == 90:
                wire.accept(listener)[0].close()
        # RFC 1413: the port on the host asked first (the client's), then the one on the asking host
        assert [[int(n) for n in line.split(b",")] for line in identd.asked] == [[own, f.port]]
    finally:
        identd.close()


@pytest.mark.parametrize("userid,named", [(255, 255), (256, 255), (255, 256), (300, 300)])
def test_ident_compares_whole_names(fake, userid, named):
    identd = Identd(b"USERID : UNIX : " + b"u" * named)
    f = fake("-o", f"ident={identd.port}", "socks4")
    try:
        with wire.listen(22) as listener, wire.dial(f.port) as client:
            client.sendall(octets("04 01 0016 7f000001") + b"u" * userid + b"\0")
            granted = userid == named == 255            # longer ones are compared with nothing
            assert wire.socks4_reply(client)[:2] == (0, 90 if granted else 93)
            if granted:
                wire.accept(listener)[0].close()
    finally:
        identd.close()


def test_no_identd(fake):
    f = fake("-o", f"ident={wire.free_port()}", "socks4")
    with wire.listen(22) as listener, wire.dial(f.port) as client:
        client.sendall(octets("04 01 0016 7f000001 66726564 00"))
        assert wire.socks4_reply(client)[:2] == (0, 92)
        assert wire.read_eof(client) == b""
        assert wire.refused(listener)


# ---- Basic

TARGET = b"127.0.0.1:22"


def request(credentials=None, version=b"HTTP/1.1", field=b"Proxy-Authorization", more=b""):
    head = b"CONNECT " + TARGET + b" " + version + b"\r\nHost: " + TARGET + b"\r\n" + more
    if credentials is not None:
        head += field + b": " + credentials + b"\r\n"
    return head + b"\r\n"


def basic(user, password):
    return b"Basic " + base64.b64encode(user + b":" + password)


GOOD = [
    ("user", basic(b"user", b"pass")),
    ("HT-V04 lower case", b"basic aGVsbG86d29ybGQ="),
    ("mixed case", b"bAsIc aGVsbG86d29ybGQ="),
    ("several blanks", b"Basic   aGVsbG86d29ybGQ="),
    ("HT-V16 Aladdin", b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
    ("HT-V17 pound sign", b"Basic dGVzdDoxMjPCow=="),
    ("colon in the password", basic(b"colon", b"a:b")),
    ("long", basic(b"u" * 255, b"p" * 255)),
]
BAD = [
    ("none", None),
    ("wrong password", basic(b"user", b"past")),
    ("prefix", basic(b"user", b"pas")),
    ("longer", basic(b"user", b"passs")),
    ("wrong name", basic(b"resu", b"pass")),
    ("no colon", b"Basic " + base64.b64encode(b"user")),
    ("NUL", basic(b"user\0", b"pass")),
    ("no base64", b"Basic !!!!"),
    ("nothing behind Basic", b"Basic"),
    ("another scheme", b"Bearer dXNlcjpwYXNz"),
    ("empty", b""),
]


def check_challenge(head, status=407, field=b"Proxy-Authenticate"):
    """RFC 9110, 15.5.8 and RFC 7617, 2: a Basic challenge with a quoted realm."""
    assert head.status == status, head.raw
    challenges = b", ".join(head.all(field))
    assert b'Basic realm="' in challenges, head.raw


@pytest.mark.parametrize("name,credentials", GOOD, ids=[g[0] for g in GOOD])
def test_basic_accepted(shared, users, name, credentials):
    """At once, without a challenge before; the credentials do not reach the target."""
    f, data = shared("--user-file", users, "http"), request(credentials)
    with wire.listen(22) as listener:
        for mode in modes(data) if name == "user" else ["whole", "bytes", 1, len(data) - 1]:
            with wire.dial(f.port) as client:
                wire.send(client, data, mode)
                assert wire.http_head(client).status == 200, mode
                target, _ = wire.accept(listener)
                with target:
                    client.sendall(b"x")
                    assert wire.read_n(target, 1) == b"x"


@pytest.mark.parametrize("name,credentials", BAD, ids=[b[0] for b in BAD])
def test_basic_refused(shared, users, name, credentials):
    f, data = shared("--user-file", users, "http"), request(credentials)
    with wire.listen(22) as listener:
        for mode in ["whole", "bytes", 1, len(data) - 1]:
            with wire.dial(f.port) as client:
                wire.send(client, data, mode)
                head = wire.http_head(client)
                if name in ("no base64", "nothing behind Basic", "empty"):
                    assert head.status in (407, 400), head.raw
                else:
                    check_challenge(head)
                wire.http_body(client, head)
        assert wire.refused(listener)


def test_authorization_is_not_proxy_authorization(shared, users):
    with wire.dial(shared("--user-file", users, "http").port) as client:
        client.sendall(request(basic(b"user", b"pass"), field=b"Authorization"))
        check_challenge(wire.http_head(client))


def test_retry_on_the_same_connection(shared, users):
    """HTTP/1.1 persists (RFC 9112, 9.3): challenge, right credentials, tunnel; also when both requests come in one segment."""
    f = shared("--user-file", users, "http")
    with wire.listen(22) as listener:
        for joined in (False, True):
            with wire.dial(f.port) as client:
                second = request(basic(b"user", b"pass"))
                client.sendall(request() + (second if joined else b""))
                head = wire.http_head(client)
                check_challenge(head)
                assert head.all(b"Content-Length") and b"close" not in [v.lower() for v in head.all(b"Connection")]
                wire.http_body(client, head)
                if not joined:
                    client.sendall(second)
                assert wire.http_head(client).status == 200
                target, _ = wire.accept(listener)
                with target:
                    client.sendall(b"x")
                    assert wire.read_n(target, 1) == b"x"


def test_three_wrong_then_right(shared, users):
    with wire.listen(22) as listener, wire.dial(shared("--user-file", users, "http").port) as client:
        for credentials in (None, basic(b"user", b"1"), basic(b"user", b"2")):
            client.sendall(request(credentials))
            head = wire.http_head(client)
            check_challenge(head)
            wire.http_body(client, head)
        client.sendall(request(basic(b"user", b"pass")))
        assert wire.http_head(client).status == 200
        wire.accept(listener)[0].close()


@pytest.mark.parametrize("how", [{"version": b"HTTP/1.0"}, {"more": b"Connection: close\r\n"}], ids=["HTTP/1.0", "Connection: close"])
def test_challenge_then_close(shared, users, how):
    """An HTTP/1.0 client that did not ask to keep the connection, and one that said close: closed after the challenge."""
    with wire.dial(shared("--user-file", users, "http").port) as client:
        client.sendall(request(**how))
        head = wire.http_head(client)
        check_challenge(head)
        assert b"close" in [v.lower() for v in head.all(b"Connection")]
        wire.http_body(client, head)
        assert wire.read_eof(client) == b""


def test_http10_keep_alive(shared, users):
    with wire.listen(22) as listener, wire.dial(shared("--user-file", users, "http").port) as client:
        client.sendall(request(version=b"HTTP/1.0", more=b"Connection: keep-alive\r\n"))
        head = wire.http_head(client)
        check_challenge(head)
        assert b"keep-alive" in [v.lower() for v in head.all(b"Connection")], head.raw
        wire.http_body(client, head)
        client.sendall(request(basic(b"user", b"pass"), version=b"HTTP/1.0"))
        assert wire.http_head(client).status == 200
        wire.accept(listener)[0].close()


def test_malformed_request_is_400_before_407(shared, users):
    """A request that is none is not worth a challenge; the connection ends."""
    with wire.dial(shared("--user-file", users, "http").port) as client:
        client.sendall(b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost : a\r\n\r\n")
        assert wire.http_head(client).status == 400
