# SPDX-License-Identifier: ISC
"""Mail servers with one message each, as scripts of fakes.FakeServer: POP3 (RFC 1939) and IMAP4rev1 (RFC 3501)."""

BODY = "a line of the message"
MESSAGE = ("From: a@mail.example\r\nTo: c@mail.example\r\nSubject: hello\r\n\r\n%s\r\n" % BODY).encode()


def words(c):
    return c.until(b"\n").decode().split()


def pop3(user, password):
    def script(c):
        c.send(b"+OK ready\r\n")
        said = []
        while True:
            w = words(c)
            verb = w[0].upper()
            if verb == "USER" or (verb == "PASS" and said[-1:] == [user] and w[1] == password):
                said.append(w[1])
                c.send(b"+OK\r\n")
            elif verb == "CAPA":
                c.send(b"+OK\r\nTOP\r\nUIDL\r\nUSER\r\n.\r\n")
            elif said != [user, password] and verb != "QUIT":
                c.send(b"-ERR no\r\n")
            elif verb == "STAT":
                c.send(b"+OK 1 %d\r\n" % len(MESSAGE))
            elif verb in ("LIST", "UIDL"):
                what = b"%d" % len(MESSAGE) if verb == "LIST" else b"u1"
                c.send(b"+OK 1 " + what + b"\r\n" if len(w) > 1 else b"+OK\r\n1 " + what + b"\r\n.\r\n")
            elif verb in ("RETR", "TOP"):
                c.send(b"+OK\r\n" + MESSAGE + b".\r\n")
            elif verb in ("DELE", "RSET", "NOOP", "QUIT"):
                c.send(b"+OK\r\n")
                if verb == "QUIT":
                    return
            else:
                c.send(b"-ERR what?\r\n")
    return script


def imap(user, password):
    def script(c):
        c.send(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
        while True:
            w = words(c)
            tag, verb, answer = w[0], w[1].upper(), ""
            if verb == "UID":
                verb = w[2].upper()
            ok = "OK done"
            if verb == "CAPABILITY":
                answer = "* CAPABILITY IMAP4rev1\r\n"
            elif verb == "LOGIN":
                if [x.strip('"') for x in w[2:]] != [user, password]:
                    ok = "NO wrong"
            elif verb in ("SELECT", "EXAMINE"):
                answer = "* FLAGS (\\Seen)\r\n* 1 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 1]\r\n"
            elif verb == "SEARCH":
                answer = "* SEARCH 1\r\n"
            elif verb == "EXPUNGE":
                answer = ""
            elif verb == "FETCH":
                what = " ".join(w[3:]).upper()
                head, _, body = MESSAGE.decode().partition("\r\n\r\n")
                if "RFC822.SIZE" in what:
                    answer = "* 1 FETCH (RFC822.SIZE %d)\r\n" % len(MESSAGE)
                elif "HEADER" in what:
                    answer = "* 1 FETCH (RFC822.HEADER {%d}\r\n%s\r\n\r\n)\r\n" % (len(head) + 4, head)
                elif "TEXT" in what:
                    answer = "* 1 FETCH (BODY[TEXT] {%d}\r\n%s)\r\n" % (len(body), body)
                else:
                    answer = "* 1 FETCH (UID 1 FLAGS ())\r\n"
            elif verb == "LOGOUT":
                c.send(("* BYE\r\n%s OK\r\n" % tag).encode())
                return
            c.send(("%s%s %s\r\n" % (answer, tag, ok)).encode())
    return script
