# SPDX-License-Identifier: ISC
"""Targets behind the proxies, each a thread of the test process."""
import contextlib
import hashlib
import http.server
import os
import pathlib
import socket
import subprocess
import tempfile
import threading

import server
import wire

BANNER = b"HELLO from the target\r\n"
ANSWER = bytes(range(256)) * 400


class Answerer:
    """Speaks first (BANNER), reads one line, answers with its digest and ANSWER, then waits for the end."""

    def __init__(self, host="127.0.0.1"):
        self.listener = wire.listen(0, host)
        self.port = wire.port_of(self.listener)
        self.listener.settimeout(None)
        self.threads, self.open = [], []
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            t = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self.open.append(sock)
            t.start()
            self.threads.append(t)

    def hang_up(self):
        """End every connection from this side; nc without -N waits for that."""
        for sock in self.open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.open.clear()

    def _serve(self, sock):
        with sock, contextlib.suppress(OSError, AssertionError):
            sock.settimeout(60)
            sock.sendall(BANNER)
            line = wire.read_until(sock, b"\n")
            sock.sendall(hashlib.sha256(line).digest() + ANSWER)
            wire.read_end(sock)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for t in (self.thread, *self.threads):
            t.join(wire.DEADLINE)
            assert not t.is_alive(), "a connection to the target has not ended"


QUESTION = b"question \x00\x01\x7f\x80\xfe\xff\r\n"
EXPECTED = BANNER + hashlib.sha256(QUESTION).digest() + ANSWER


class Document(http.server.BaseHTTPRequestHandler):
    DATA = os.urandom(300000)

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.DATA)))
        self.end_headers()
        self.wfile.write(self.DATA)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def web():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Document) as s:
        t = threading.Thread(target=s.serve_forever, args=(0.05,), daemon=True)
        t.start()
        try:
            yield s.server_address[1]
        finally:
            s.shutdown()
            t.join(wire.DEADLINE)


@contextlib.contextmanager
def sshd():
    """A real sshd on loopback with a key of its own; yields (port, ssh's options)."""
    with tempfile.TemporaryDirectory(prefix="fakeproxy-sshd-") as tmp:
        d = pathlib.Path(tmp)
        for key in ("host", "id"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", d / key], check=True)
        (d / "authorized_keys").write_bytes((d / "id.pub").read_bytes())
        port = wire.free_port()
        (d / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{port}\nHostKey {d}/host\nPidFile none\nAuthorizedKeysFile {d}/authorized_keys\n"
            "StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "PermitRootLogin yes\nMaxStartups 100\nUseDNS no\n")
        os.makedirs("/run/sshd", exist_ok=True)
        proc = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", d / "sshd_config"], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=server.die_with_parent)
        try:
            def up():
                assert proc.poll() is None, f"sshd ended with status {proc.returncode}"
                with contextlib.suppress(OSError):
                    wire.dial(port).close()
                    return True
            wire.until(up, what="sshd listens")
            yield port, ["-F", "none", "-i", str(d / "id"), "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
                         "-o", f"UserKnownHostsFile={d}/known_hosts", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
                         "-p", str(port)]
        finally:
            proc.terminate()
            proc.wait(wire.DEADLINE)
