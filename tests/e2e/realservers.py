# SPDX-License-Identifier: ISC
"""Real servers for the tests of connect, each on a loopback port of its own, ended by pid.

A program that is missing fails the test (ci/deps installs them all).  Dante's user/password check reads
/etc/shadow, so it runs in a small root directory with a passwd and a shadow of its own.
"""
import glob
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

import jail
import runner

USER, PASSWORD = "alice", "s3cret"
LIMIT = 30


def program(name):
    p = shutil.which(name, path=runner.PATH)
    if not p:
        pytest.fail("%s is not installed (ci/deps installs what the tests need)" % name)
    return p


def free_port(host="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


class Server:
    """Started by start(port); tried again on another port when it ends before it listens."""

    def __init__(self, work):
        self.work = str(work)
        os.makedirs(self.work, exist_ok=True)
        os.chmod(self.work, 0o755)
        self.log = os.path.join(self.work, "output")
        for _ in range(5):
            self.port = free_port()
            self.spec = "127.0.0.1:%d" % self.port
            with open(self.log, "ab") as log:
                self.p = subprocess.Popen(self.argv(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=self.env(), start_new_session=True)
            if self._ready():
                return
            self.stop()
        pytest.fail("%s does not start:\n%s" % (type(self).__name__, self.output()))

    def argv(self):
        raise NotImplementedError

    def env(self):
        return {"PATH": runner.PATH, "HOME": self.work, "LC_ALL": "C"}

    def output(self):
        with open(self.log, errors="replace") as f:
            return f.read()[-4000:]

    def write(self, name, text, mode=0o644):
        p = os.path.join(self.work, name)
        with open(p, "w") as f:
            f.write(text)
        os.chmod(p, mode)
        return p

    def _ready(self):
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            if self.p.poll() is not None:
                return False
            if self._listens():
                return True
            time.sleep(0.005)
        return False

    def _listens(self):
        """Is it this server that has the port?  Another one may have been given it between two looks."""
        own = set()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.getpgid(int(pid)) == self.p.pid:
                    own.update(os.readlink(fd) for fd in glob.glob("/proc/%s/fd/*" % pid))
            except OSError:             # gone meanwhile
                pass
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(table) as f:
                for line in f:
                    w = line.split()
                    if w[3] == "0A" and w[1].endswith(":%04X" % self.port) and "socket:[%s]" % w[9] in own:
                        return True
        return False

    def stop(self):
        """End the program and its children: they are in a session of their own."""
        for sig in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.p.pid, sig)
            except ProcessLookupError:
                break
            try:
                self.p.wait(5)
                os.killpg(self.p.pid, 0)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                pass
        self.p.wait()


class Dante(Server):
    """SOCKS4 and 5 (no 4a); method "none" or "username"."""
    method = "none"
    extra = ""

    def argv(self):
        danted = program("danted")
        self.jail = jail.Jail(os.path.join(self.work, "root"), program=danted)
        h = subprocess.run([program("openssl"), "passwd", "-6", PASSWORD], stdout=subprocess.PIPE,
                           check=True).stdout.decode().strip()
        self.jail.write("etc/passwd", jail.PASSWD + "%s:x:1000:1000::/:/bin/sh\n" % USER)
        self.jail.write("etc/shadow", "root:*:1:0:99999:7:::\n%s:%s:1:0:99999:7:::\n" % (USER, h), 0o600)
        self.jail.write("etc/danted.conf", """logoutput: stderr
internal: 127.0.0.1 port = %d
external: 127.0.0.1
clientmethod: none
socksmethod: %s
user.privileged: root
user.unprivileged: nobody
client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0
%s}
""" % (self.port, self.method, self.extra))
        return self.jail.command() + ["-f", "/etc/danted.conf"]


class DanteUserPass(Dante):
    """The passwords of system users."""
    method = "username"


class DantePam(Dante):
    """Passwords from a file of PAM's, for names that no system knows."""
    method = "pam.username"
    extra = "pam.servicename: tunnel\n"
    modules = ("pam_pwdfile.so", "pam_permit.so")

    def argv(self):
        command = super().argv()
        self.jail.write("etc/passwd", jail.PASSWD)
        h = subprocess.run([program("openssl"), "passwd", "-6", PASSWORD], stdout=subprocess.PIPE,
                           check=True).stdout.decode().strip()
        self.jail.write("etc/tunnel.passwords", "%s:%s:\n" % (USER, h), 0o600)
        self.jail.write("etc/pam.d/tunnel", "auth required pam_pwdfile.so pwdfile=/etc/tunnel.passwords nodelay\n"
                                            "account required pam_permit.so\n")
        for m in self.modules:
            found = glob.glob("/lib/*/security/" + m) + glob.glob("/usr/lib/*/security/" + m)
            if not found:
                pytest.fail("%s is not installed (ci/deps installs what the tests need)" % m)
            self.jail.install(found[0], found[0])
        return command


class Microsocks(Server):
    """SOCKS5 alone; tears the tunnel down at the first end of stream."""
    words = ()

    def argv(self):
        return [program("microsocks"), "-i", "127.0.0.1", "-p", str(self.port), *self.words]


class MicrosocksUserPass(Microsocks):
    words = ("-u", USER, "-P", PASSWORD)


class Apache(Server):
    """mod_proxy_connect."""
    auth = "Require all granted"
    modules = "mpm_event authn_core authz_core authz_user authn_file auth_basic proxy proxy_connect"

    def argv(self):
        load = "".join("LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n" % (m, m) for m in self.modules.split())
        conf = self.write("apache.conf", """ServerRoot %(work)s
ServerName localhost
Listen %(spec)s
PidFile %(work)s/pid
ErrorLog /dev/stderr
%(load)sUser nobody
Group nogroup
StartServers 1
ServerLimit 2
ThreadsPerChild 8
MaxRequestWorkers 16
GracefulShutdownTimeout 1
ProxyRequests On
AllowCONNECT 0-65535
<Proxy "*">
%(auth)s
</Proxy>
""" % {"work": self.work, "spec": self.spec, "load": load, "auth": self.auth % {"work": self.work}})
        return [program("apache2"), "-DFOREGROUND", "-f", conf]


class ApacheBasic(Apache):
    auth = """AuthType Basic
AuthName testrealm
AuthBasicProvider file
AuthUserFile %(work)s/passwords
Require valid-user"""

    def argv(self):
        h = subprocess.run([program("openssl"), "passwd", "-apr1", PASSWORD], stdout=subprocess.PIPE,
                           check=True).stdout.decode()
        self.write("passwords", "%s:%s" % (USER, h))
        return super().argv()


class Squid(Server):
    auth = ""
    allow = "http_access allow localhost"

    def argv(self):
        conf = self.write("squid.conf", """http_port 127.0.0.1:%d
cache deny all
pid_filename none
access_log none
cache_log %s/cache.log
coredump_dir none
shutdown_lifetime 0 seconds
visible_hostname localhost
netdb_filename none
pinger_enable off
%s%s
http_access deny all
""" % (self.port, self.work, self.auth % {"work": self.work}, self.allow))
        shutil.chown(self.work, "proxy")
        return [program("squid"), "-N", "-n", "e2e%d" % self.port, "-f", conf]     # -n names its shared memory

    def output(self):
        try:
            with open(self.work + "/cache.log", errors="replace") as f:
                return super().output() + f.read()[-2000:]
        except FileNotFoundError:
            return super().output()


class SquidBasic(Squid):
    auth = """auth_param basic program /usr/lib/squid/basic_ncsa_auth %(work)s/passwords
auth_param basic realm testrealm
auth_param basic children 1 startup=1
acl a proxy_auth REQUIRED
"""
    allow = "http_access allow a"

    def argv(self):
        h = subprocess.run([program("openssl"), "passwd", "-apr1", PASSWORD], stdout=subprocess.PIPE,
                           check=True).stdout.decode()
        self.write("passwords", "%s:%s" % (USER, h))
        return super().argv()


class Tinyproxy(Server):
    auth = ""

    def argv(self):
        conf = self.write("tinyproxy.conf", """User nobody
Group nogroup
Port %d
Listen 127.0.0.1
Timeout 60
LogLevel Info
MaxClients 50
Allow 127.0.0.1
%s
""" % (self.port, self.auth))
        return [program("tinyproxy"), "-d", "-c", conf]


class TinyproxyBasic(Tinyproxy):
    auth = "BasicAuth %s %s" % (USER, PASSWORD)


class Sshd(Server):
    """An OpenSSH server with throw-away keys; config is the ssh_config that reaches it.

    Sessions have an empty home (no .bashrc), and the key exchange is the quick one: nothing here is about either.
    """

    def argv(self):
        os.makedirs("/run/sshd", exist_ok=True)         # sshd wants its privilege separation directory
        for k in ("host", "id"):
            p = os.path.join(self.work, k)
            if not os.path.exists(p):
                subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", p], check=True)
        shutil.copy(self.work + "/id.pub", self.work + "/authorized_keys")
        conf = self.write("sshd_config", """ListenAddress 127.0.0.1:%(port)d
ListenAddress [::1]:%(port)d
HostKey %(work)s/host
PidFile none
AuthorizedKeysFile %(work)s/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
AllowTcpForwarding yes
MaxStartups 100
KexAlgorithms curve25519-sha256
SetEnv HOME=%(work)s
PrintMotd no
PrintLastLog no
Subsystem sftp internal-sftp
""" % {"port": self.port, "work": self.work})
        with open(self.work + "/host.pub") as f:
            self.write("known_hosts", "*,[127.0.0.1]:%d %s" % (self.port, f.read()))
        self.config = self.write("ssh_config", """Host *
  IdentityFile %(work)s/id
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile %(work)s/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  LogLevel ERROR
""" % {"work": self.work})
        return [program("sshd"), "-D", "-e", "-f", conf]


class SshD(Server):
    """ssh -D: SOCKS4, 4a and 5 without authentication."""

    def __init__(self, work, sshd):
        self.sshd = sshd
        super().__init__(work)

    def argv(self):
        return [program("ssh"), "-F", self.sshd.config, "-N", "-o", "ExitOnForwardFailure=yes",
                "-D", self.spec, "-p", str(self.sshd.port), "127.0.0.1"]
