# SPDX-License-Identifier: ISC
"""A small root directory for tests that need an /etc of their own.

chroot(8) into it gives a program its own /etc/connectrc, hosts, resolv.conf, passwd and home without
touching the machine's; chroot needs root but, unlike mounts and namespaces, also works in a plain
container.  Under a sanitizer the program wants /proc: then it is mounted in a mount namespace of the
run's own.
"""
import os
import shutil
import stat
import subprocess

import runner

PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
GROUP = "root:x:0:\nnogroup:x:65534:\n"
NSSWITCH = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\n"


def libraries(program):
    out = subprocess.run(["ldd", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()
    libs = []
    for line in out.splitlines():
        for w in line.split():
            if w.startswith("/") and os.path.exists(w):
                libs.append(w)
                break
    return libs


class Jail:
    def __init__(self, root, program=None, extra=()):
        self.root = str(root)
        for d in ("etc", "root", "tmp", "dev", "bin", "proc", "var/run", "home"):
            os.makedirs(self.path(d), exist_ok=True)
        os.chmod(self.root, 0o755)
        os.chmod(self.path("tmp"), 0o1777)
        for name, dev in (("null", (1, 3)), ("zero", (1, 5)), ("tty", (5, 0)), ("random", (1, 8)), ("urandom", (1, 9))):
            p = self.path("dev/" + name)
            if not os.path.exists(p):
                os.mknod(p, 0o666 | stat.S_IFCHR, os.makedev(*dev))
                os.chmod(p, 0o666)
        self.write("etc/passwd", PASSWD)
        self.write("etc/group", GROUP)
        self.write("etc/nsswitch.conf", NSSWITCH)
        self.write("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
        self.write("etc/resolv.conf", "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n")
        shutil.copy("/etc/services", self.path("etc/services"))
        self.program = program or runner.CONNECT
        self.install(self.program, "bin/" + os.path.basename(self.program))
        for p in extra:
            self.install(p, p.lstrip("/"))
        # loaded on demand by the C library
        for lib in libraries(self.program):
            if os.path.basename(lib).startswith("libc.so"):
                for n in os.listdir(os.path.dirname(lib)):
                    if n.startswith(("libnss_files", "libnss_dns", "libresolv.so", "libgcc_s.so", "libcares.so.2")):
                        self.copy(os.path.join(os.path.dirname(lib), n))

    def path(self, p):
        return os.path.join(self.root, p.lstrip("/"))

    def write(self, p, text, mode=0o644):
        p = self.path(p)
        os.makedirs(os.path.dirname(p), exist_ok=True)
        with open(p, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(p, mode)
        return p

    def copy(self, src):
        dst = self.path(src)
        if not os.path.exists(dst):
            os.makedirs(os.path.dirname(dst), exist_ok=True)
            shutil.copy(os.path.realpath(src), dst)

    def install(self, program, dst):
        os.makedirs(os.path.dirname(self.path(dst)), exist_ok=True)
        if not os.path.exists(self.path(dst)):
            shutil.copy(program, self.path(dst))
        os.chmod(self.path(dst), 0o755)
        for lib in libraries(program):
            self.copy(lib)

    def command(self, uid=None):
        """The argv prefix that runs the program inside."""
        c = ["chroot"]
        if uid is not None:
            c.append("--userspec=%d:%d" % (uid, uid))
        c += [self.root, "/bin/" + os.path.basename(self.program)]
        if runner.sanitized(self.program):
            c = ["unshare", "-m", "sh", "-c", "mount -t proc proc \"$0\"/proc && exec \"$@\"", self.root] + c
        return c

    def run(self, *args, env=None, uid=None, **kw):
        return runner.run(*args, env=dict({"HOME": "/root"}, **(env or {})), command=self.command(uid), **kw)

    def start(self, *args, env=None, uid=None, **kw):
        return runner.Running(*args, env=dict({"HOME": "/root"}, **(env or {})), command=self.command(uid), **kw)
