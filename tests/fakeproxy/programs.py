# SPDX-License-Identifier: ISC
"""Programs by other hands, and how each is told to use a proxy.

One entry: name, Debian package, role of the server, what the server needs (auth), the argument list, and what the
program is known to put on the wire (checked against the server's trace):
   socks4: userid, address  ("name": 4a with the name; "ip": the address)
   socks5: methods offered, address, whether user and password are sent
   http:   version, whether Host is sent, number of requests with and without credentials
   telnet: the command line
(PuTTY offers CHAP, 3, too; proxychains looks into /etc/hosts itself, so its name is one that only DNS has.)
Placeholders: {proxy} port of the proxy, {host} {port} the target, {tmp} a directory, {here} this folder.
kind: "stdio" relays stdin and stdout, "fetch" prints the document of an HTTP target."""
import dataclasses
import os
import pathlib
import pwd

USER, PASSWORD = "alice", "s3cret"
HERE = str(pathlib.Path(__file__).resolve().parent)


@dataclasses.dataclass
class Program:
    name: str
    package: str
    role: str
    argv: list
    wire: dict
    auth: bool = False
    kind: str = "stdio"
    host: str = "target.example"
    env: dict = dataclasses.field(default_factory=dict)
    proxy_command: bool = True       # also usable as ssh's ProxyCommand
    chatter: bool = False            # the program hands the proxy's own lines on to its user
    note: str = ""

    def words(self, proxy, host, port, tmp):
        return [w.format(proxy=proxy, host=host, port=port, tmp=tmp, here=HERE) for w in self.argv]


def login():
    return os.environ.get("LOGNAME") or os.environ.get("USER") or pwd.getpwuid(os.getuid()).pw_name


def curl(name, role, option, wire, auth=False, host="target.example"):
    argv = ["curl", "-q", "-sS", "--max-time", "20", *option, "http://{host}:{port}/data"]
    return Program(f"curl {name}", "curl", role, argv, wire, auth, "fetch", host, proxy_command=False)


NAME4A = {"userid": b"", "address": "name"}
CURL = [
    curl("--socks4", "socks4", ["--socks4", "127.0.0.1:{proxy}"], {"userid": b"", "address": "ip"}),
    curl("--socks4a", "socks4", ["--socks4a", "127.0.0.1:{proxy}"], NAME4A),
    curl("-x socks4a://user@", "socks4", ["-x", "socks4a://fred@127.0.0.1:{proxy}"], {"userid": b"fred", "address": "name"}),
    curl("--socks5", "socks5", ["--socks5", "127.0.0.1:{proxy}"], {"methods": {0, 1}, "address": "ip"}),
    curl("--socks5-hostname", "socks5", ["--socks5-hostname", "127.0.0.1:{proxy}"], {"methods": {0, 1}, "address": "name"}),
    curl("-x socks5h://user:password@", "socks5", ["-x", f"socks5h://{USER}:{PASSWORD}@127.0.0.1:{{proxy}}"],
         {"methods": {0, 1, 2}, "address": "name", "userpass": True}, auth=True),
    curl("-p -x http://", "http", ["-p", "-x", "http://127.0.0.1:{proxy}"], {"version": b"1.1", "host": True, "plain": 1, "basic": 0}),
    curl("-p --proxy-basic -U", "http", ["-p", "-x", "http://127.0.0.1:{proxy}", "--proxy-basic", "-U", f"{USER}:{PASSWORD}"],
         {"version": b"1.1", "host": True, "plain": 0, "basic": 1}, auth=True),
    curl("-p --proxy-anyauth -U", "http", ["-p", "-x", "http://127.0.0.1:{proxy}", "--proxy-anyauth", "-U", f"{USER}:{PASSWORD}"],
         {"version": b"1.1", "host": True, "plain": 1, "basic": 1}, auth=True),
]

NC = [
    Program("nc -X 4", "netcat-openbsd", "socks4", ["nc.openbsd", "-X", "4", "-x", "127.0.0.1:{proxy}", "{host}", "{port}"],
            {"userid": b"", "address": "ip"}, host="127.0.0.1"),
    Program("nc -X 5", "netcat-openbsd", "socks5", ["nc.openbsd", "-X", "5", "-x", "127.0.0.1:{proxy}", "{host}", "{port}"],
            {"methods": {0}, "address": "name"}),
    Program("nc -X connect", "netcat-openbsd", "http", ["nc.openbsd", "-X", "connect", "-x", "127.0.0.1:{proxy}", "{host}", "{port}"],
            {"version": b"1.0", "host": False, "plain": 1, "basic": 0}),
]

_ncat = ["ncat", "--proxy", "127.0.0.1:{proxy}", "--proxy-dns", "remote", "--proxy-type"]
NCAT = [
    Program("ncat socks4", "ncat", "socks4", [*_ncat, "socks4", "{host}", "{port}"], {"userid": b"", "address": "name"}),
    Program("ncat socks5", "ncat", "socks5", [*_ncat, "socks5", "{host}", "{port}"], {"methods": {0}, "address": "name"}),
    Program("ncat socks5, user and password", "ncat", "socks5", [*_ncat, "socks5", "--proxy-auth", f"{USER}:{PASSWORD}", "{host}", "{port}"],
            {"methods": {0, 2}, "address": "name", "userpass": True}, auth=True),
    Program("ncat http", "ncat", "http", [*_ncat, "http", "{host}", "{port}"],
            {"version": b"1.0", "host": False, "plain": 1, "basic": 0}),
    Program("ncat http, Basic", "ncat", "http", [*_ncat, "http", "--proxy-auth", f"{USER}:{PASSWORD}", "{host}", "{port}"],
            {"version": b"1.0", "host": False, "plain": 1, "basic": 1}, auth=True),
]

SOCAT = [
    Program("socat SOCKS4", "socat", "socks4", ["socat", "-", "SOCKS4:127.0.0.1:{host}:{port},socksport={proxy},socksuser=fred"],
            {"userid": b"fred", "address": "ip"}, host="127.0.0.1"),
    Program("socat SOCKS4A", "socat", "socks4", ["socat", "-", "SOCKS4A:127.0.0.1:{host}:{port},socksport={proxy},socksuser=fred"],
            {"userid": b"fred", "address": "name"}),
    Program("socat PROXY", "socat", "http", ["socat", "-", "PROXY:127.0.0.1:{host}:{port},proxyport={proxy}"],
            {"version": b"1.0", "host": False, "plain": 1, "basic": 0}),
    Program("socat PROXY, Basic", "socat", "http", ["socat", "-", f"PROXY:127.0.0.1:{{host}}:{{port}},proxyport={{proxy}},proxyauth={USER}:{PASSWORD}"],
            {"version": b"1.0", "host": False, "plain": 0, "basic": 1}, auth=True),
]


def chains(name, role, wire, auth=False):
    conf = "{tmp}/proxychains.conf"
    return Program(f"proxychains4 {name}", "proxychains4", role, ["proxychains4", "-q", "-f", conf, "nc.openbsd", "{host}", "{port}"],
                   wire, auth, host="four.example", env={"CHAIN": name.split(",")[0]})


CHAINS = [
    chains("socks4", "socks4", {"userid": b"", "address": "name"}),
    chains("socks5", "socks5", {"methods": {0}, "address": "name"}),
    chains("socks5, user and password", "socks5", {"methods": {0, 2}, "address": "name", "userpass": True}, auth=True),
    chains("http", "http", {"version": b"1.0", "host": True, "plain": 1, "basic": 0}),
    chains("http, Basic", "http", {"version": b"1.0", "host": True, "plain": 0, "basic": 1}, auth=True),
]


def plink(name, method, role, wire, auth=False, chatter=False):
    """The session's own proxy settings; the session file is written by the test (plink_session)."""
    return Program(f"plink {name}", "putty-tools", role,
                   ["plink", "-load", "s", "-raw", "-batch", "-P", "{port}", "{host}"], wire, auth,
                   env={"HOME": "{tmp}", "PLINK": str(method)}, chatter=chatter)


PLINK = [
    plink("socks4", 1, "socks4", {"userid": b"", "address": "name"}),
    plink("socks5", 2, "socks5", {"methods": {0, 2, 3}, "address": "name"}),
    plink("socks5, user and password", 2, "socks5", {"methods": {0, 2, 3}, "address": "name", "userpass": True}, auth=True),
    plink("http", 3, "http", {"version": b"1.1", "host": True, "plain": 1, "basic": 0}),
    plink("http, Basic", 3, "http", {"version": b"1.1", "host": True, "plain": 1, "basic": 1}, auth=True),
    plink("telnet", 4, "telnet", {"command": b"connect target.example {port}\n"}, chatter=True),
    Program("plink -proxycmd nc -X 5", "putty-tools", "socks5",
            ["plink", "-raw", "-batch", "-proxycmd", "nc.openbsd -X 5 -x 127.0.0.1:{proxy} %host %port", "-P", "{port}", "{host}"],
            {"methods": {0}, "address": "name"}, env={"HOME": "{tmp}"}),
]


def socksio(how, role, wire, auth=False, host="target.example"):
    return Program(f"python3-socksio {how}", "python3-socksio", role,
                   ["/usr/bin/python3", "{here}/socksio_client.py", how, "{proxy}", "{host}", "{port}"], wire, auth, host=host)


SOCKSIO = [
    socksio("socks4", "socks4", {"userid": b"alice", "address": "ip"}, host="127.0.0.1"),
    socksio("socks4a", "socks4", {"userid": b"alice", "address": "name"}),
    socksio("socks5", "socks5", {"methods": {0}, "address": "name"}),
    socksio("socks5auth", "socks5", {"methods": {2}, "address": "name", "userpass": True}, auth=True),
]

CONNECT = [
    Program("connect-proxy -4", "connect-proxy", "socks4", ["connect-proxy", "-4", "-S", "fred@127.0.0.1:{proxy}", "{host}", "{port}"],
            {"userid": b"fred", "address": "ip"}, host="127.0.0.1"),
    Program("connect-proxy -4 -R remote", "connect-proxy", "socks4",
            ["connect-proxy", "-4", "-R", "remote", "-S", "fred@127.0.0.1:{proxy}", "{host}", "{port}"],
            {"userid": b"fred", "address": "name"}),
    Program("connect-proxy -5", "connect-proxy", "socks5", ["connect-proxy", "-5", "-S", "127.0.0.1:{proxy}", "{host}", "{port}"],
            {"methods": {0, 2}, "address": "name"}),
    Program("connect-proxy -5, user and password", "connect-proxy", "socks5",
            ["connect-proxy", "-5", "-S", f"{USER}@127.0.0.1:{{proxy}}", "{host}", "{port}"],
            {"methods": {0, 2}, "address": "name", "userpass": True}, auth=True, env={"SOCKS5_PASSWD": PASSWORD}),
    Program("connect-proxy -H", "connect-proxy", "http", ["connect-proxy", "-H", "127.0.0.1:{proxy}", "{host}", "{port}"],
            {"version": b"1.0", "host": False, "plain": 1, "basic": 0}),
    Program("connect-proxy -H, Basic", "connect-proxy", "http",
            ["connect-proxy", "-H", f"{USER}@127.0.0.1:{{proxy}}", "{host}", "{port}"],
            {"version": b"1.0", "host": False, "plain": 1, "basic": 1}, auth=True, env={"HTTP_PROXY_PASSWORD": PASSWORD}),
    Program("connect-proxy -T", "connect-proxy", "telnet", ["connect-proxy", "-T", "127.0.0.1:{proxy}", "{host}", "{port}"],
            {"command": b"telnet target.example {port}\r\n"}),
]

OTHERS = [
    Program("corkscrew", "corkscrew", "http", ["corkscrew", "127.0.0.1", "{proxy}", "{host}", "{port}"],
            {"version": b"1.0", "host": False, "plain": 1, "basic": 0}),
    Program("corkscrew, Basic", "corkscrew", "http", ["corkscrew", "127.0.0.1", "{proxy}", "{host}", "{port}", "{tmp}/corkscrew.auth"],
            {"version": b"1.0", "host": False, "plain": 0, "basic": 1}, auth=True),
    Program("proxytunnel", "proxytunnel", "http", ["proxytunnel", "-q", "-p", "127.0.0.1:{proxy}", "-d", "{host}:{port}"],
            {"version": b"1.1", "host": True, "plain": 1, "basic": 0}),
    Program("proxytunnel, Basic", "proxytunnel", "http",
            ["proxytunnel", "-q", "-p", "127.0.0.1:{proxy}", "-P", f"{USER}:{PASSWORD}", "-d", "{host}:{port}"],
            {"version": b"1.1", "host": True, "plain": 0, "basic": 1}, auth=True),
]

ALL = CURL + NC + NCAT + SOCAT + CHAINS + PLINK + SOCKSIO + CONNECT + OTHERS


def prepare(program, proxy, tmp):
    """The files and the environment a program needs."""
    env = {k: v.format(tmp=tmp) for k, v in program.env.items()}
    if "CHAIN" in env:
        kind = env.pop("CHAIN")
        with open(f"{tmp}/proxychains.conf", "w") as f:
            login_words = f" {USER} {PASSWORD}" if program.auth else ""
            f.write(f"strict_chain\nproxy_dns\n[ProxyList]\n{kind} 127.0.0.1 {proxy}{login_words}\n")
    if "PLINK" in env:
        method = env.pop("PLINK")
        os.makedirs(f"{tmp}/.putty/sessions", exist_ok=True)
        with open(f"{tmp}/.putty/sessions/s", "w") as f:
            f.write("Present=1\nProtocol=raw\nProxyExcludeList=\nProxyDNS=2\nProxyLocalhost=1\n"
                    f"ProxyMethod={method}\nProxyHost=127.0.0.1\nProxyPort={proxy}\n")
            if program.auth:
                f.write(f"ProxyUsername={USER}\nProxyPassword={PASSWORD}\n")
    if program.name == "corkscrew, Basic":
        with open(f"{tmp}/corkscrew.auth", "w") as f:
            f.write(f"{USER}:{PASSWORD}\n")
    return env
