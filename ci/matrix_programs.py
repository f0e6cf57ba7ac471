# SPDX-License-Identifier: ISC
"""The programs of the matrix: how each server is started and what it can do; which profile each client has.

{port} is the server's port, {port2} a second one, {dir} its folder, {hash} {carol} {test} hashes of the passwords, {bin} the
folder of this project's programs.  The folder holds the files; etc/NAME of them is seen as /etc/NAME, by the server alone."""
import dataclasses

USER, PASS = "alice", "s3cret"
LOGIN = f"{USER}:{PASS}"
UP = LOGIN + "@"
# Every network namespace has routes that make these true.
WORLD = "net-unreachable host-unreachable blackhole slow ip6"
# The users of the traces, for servers that can have several.
CREDENTIALS = {"hash": PASS, "carol": "a:b", "test": "123\u00a3"}
HASHES = USER + ":{hash}\ncarol:{carol}\ntest:{test}\n"
USERS = " colon-password utf8-password"
NO_KDC = {"socks5/method/gssapi-supported": "it has GSSAPI; there is no key distribution centre in this set-up"}


@dataclasses.dataclass
class Server:
	id: str
	name: str
	package: str
	role: str
	url: str
	argv: list
	files: dict = dataclasses.field(default_factory=dict)
	before: list = dataclasses.field(default_factory=list)
	can: str = WORLD
	env: dict = dataclasses.field(default_factory=dict)
	note: str = ""
	ours: bool = False
	jobs: int = 8
	skip: dict = dataclasses.field(default_factory=dict)  # case: why its question cannot be put here
	baseline: str = ""  # ours: the file below tests/conform with the reasons

	kind = "server"


@dataclasses.dataclass
class Client:
	id: str
	name: str
	package: str
	role: str
	note: str = ""
	ours: bool = False
	jobs: int = 4
	skip: dict = dataclasses.field(default_factory=dict)
	baseline: str = ""

	kind = "client"


PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/:/usr/sbin/nologin
proxy:x:13:13:proxy:/:/usr/sbin/nologin
sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
alice:x:1000:1000::/:/usr/sbin/nologin
"""
SHADOW = "root:*:1:0:99999:7:::\nalice:{hash}:1:0:99999:7:::\n"


def dante(id, role, method, url, can):
	return Server(id, "Dante", "dante-server", role, url, ["danted", "-f", "{dir}/danted.conf"], {
		"danted.conf": "logoutput: stderr\ninternal: 127.0.0.1 port = {port}\nexternal: lo\n"
			f"external.rotation: route\nclientmethod: none\nsocksmethod: {method}\nuser.privileged: root\n"
			"user.unprivileged: nobody\nclient pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}\n"
			"socks block {{ from: 127.0.0.0/8 to: 192.0.2.66/32 }}\n"
			"socks pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}\n"
			"socks pass {{ from: 127.0.0.0/8 to: ::/0 }}\n"
			"socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 command: bindreply udpreply }}\n",
		"etc/passwd": PASSWD, "etc/shadow": SHADOW}, can=can, skip=NO_KDC)


def openssh(id, role, url, can):
	return Server(id, "OpenSSH", "openssh-client", role, url, [
		["/usr/sbin/sshd", "-D", "-e", "-f", "{dir}/sshd_config"],
		["ssh", "-F", "none", "-N", "-D", "127.0.0.1:{port}", "-i", "{dir}/id", "-o", "StrictHostKeyChecking=no",
			"-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-p", "{port2}",
			"root@127.0.0.1"]], {
		"sshd_config": "ListenAddress 127.0.0.1:{port2}\nHostKey {dir}/host\nPidFile none\n"
			"AuthorizedKeysFile {dir}/id.pub\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
			"KbdInteractiveAuthentication no\nPermitRootLogin yes\nAllowTcpForwarding yes\nMaxSessions 200\n",
		"etc/passwd": PASSWD}, [
		["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "{dir}/host"],
		["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "{dir}/id"]], can=can)


def microsocks(id, role, url, *more):
	return Server(id, "microsocks", "microsocks", role, url, ["microsocks", "-i", "127.0.0.1", "-p", "{port}", *more],
		can=WORLD + " no-bind no-udp no-socks4 no-http")


def squid(id, role, url, access):
	return Server(id, "Squid", "squid", role, url, ["squid", "-N", "-n", "matrix{port}", "-f", "{dir}/squid.conf"], {
		"squid.conf": "http_port 127.0.0.1:{port}\ncache deny all\npid_filename none\naccess_log none\n"
			"cache_log {dir}/cache.log\ncoredump_dir none\nshutdown_lifetime 0 seconds\nvisible_hostname localhost\n"
			"unique_hostname localhost\nnetdb_filename none\npinger_enable off\ndns_nameservers 127.0.0.1\n"
			"acl mail port 25\nhttp_access deny CONNECT mail\n" + access + "http_access deny all\n",
		"users": HASHES}, [["chown", "-R", "proxy", "{dir}"]], can=WORLD + " port-policy" + USERS)


def tinyproxy(id, role, url, access):
	return Server(id, "tinyproxy", "tinyproxy-bin", role, url, ["tinyproxy", "-d", "-c", "{dir}/tinyproxy.conf"], {
		"tinyproxy.conf": "Port {port}\nListen 127.0.0.1\nTimeout 90\nLogLevel Info\nMaxClients 200\nAllow 127.0.0.1\n"
			+ access})


MODULES = ("mpm_event authn_core authz_core authz_host authz_user authn_file auth_basic proxy proxy_connect").split()


def apache(id, role, url, access):
	return Server(id, "Apache httpd", "apache2-bin", role, url, ["apache2", "-DFOREGROUND", "-f", "{dir}/apache.conf"], {
		"apache.conf": "ServerRoot {dir}\nServerName localhost\nListen 127.0.0.1:{port}\nPidFile {dir}/pid\n"
			"ErrorLog {dir}/error.log\nDefaultRuntimeDir {dir}\n"
			+ "".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n" for m in MODULES)
			+ "User nobody\nGroup nogroup\nProxyRequests On\nAllowCONNECT 1-24 26-65535\n<Proxy \"*\">\n" + access + "</Proxy>\n",
		"users": HASHES}, can=WORLD + " port-policy" + USERS)


def ncat(id, role, url, *more):
	return Server(id, "ncat", "ncat", role, url, ["ncat", "-l", "127.0.0.1", "{port}", "--proxy-type", "http", *more],
		can=WORLD, note="as a proxy it listens on every address, whatever it is told")


def fake(id, role, url, argv, can, baseline, users=False):
	return Server(id, "fakeproxy", "", role, url, ["{bin}/fakeproxy", "-l", "127.0.0.1:{port}", "--deny", "192.0.2.66:*",
		"--deny", "*:25", *(["--user-file", "{dir}/users"] if users else []), *argv], can=can, ours=True, baseline=baseline,
		files={"users": "".join(f"{u}:{p}\n" for u, p in ((USER, PASS), ("carol", "a:b"), ("test", CREDENTIALS["test"])))})


S5OURS = WORLD + " ruleset no-bind no-udp"
SERVERS = [
	dante("dante-socks4", "socks4", "none", "socks4://127.0.0.1:{port}", WORLD + " bind no-socks4a"),
	dante("dante-socks5", "socks5", "none", "socks5://127.0.0.1:{port}", WORLD + " bind ruleset no-http"),
	dante("dante-socks5-userpass", "socks5, user and password", "username", f"socks5://{UP}127.0.0.1:{{port}}",
		WORLD + " bind ruleset no-http"),
	openssh("ssh-D-socks4", "ssh -D, socks4 and socks4a", "socks4a://127.0.0.1:{port}", WORLD + " no-bind"),
	openssh("ssh-D-socks5", "ssh -D, socks5", "socks5://127.0.0.1:{port}", WORLD + " no-bind no-udp no-http"),
	microsocks("microsocks-socks5", "socks5", "socks5://127.0.0.1:{port}"),
	microsocks("microsocks-socks5-userpass", "socks5, user and password", f"socks5://{UP}127.0.0.1:{{port}}", "-u", USER, "-P", PASS),
	squid("squid-http", "http", "http://127.0.0.1:{port}", "http_access allow localhost\n"),
	squid("squid-http-basic", "http, Basic", f"http://{UP}127.0.0.1:{{port}}",
		"auth_param basic program /usr/lib/squid/basic_ncsa_auth {dir}/users\nauth_param basic realm matrix\n"
		"auth_param basic children 1 startup=1\nacl a proxy_auth REQUIRED\nhttp_access allow a\n"),
	tinyproxy("tinyproxy-http", "http", "http://127.0.0.1:{port}", ""),
	tinyproxy("tinyproxy-http-basic", "http, Basic", f"http://{UP}127.0.0.1:{{port}}", f"BasicAuth {USER} {PASS}\n"),
	apache("apache-http", "mod_proxy_connect", "http://127.0.0.1:{port}", "Require ip 127.0.0.1\n"),
	apache("apache-http-basic", "mod_proxy_connect, Basic", f"http://{UP}127.0.0.1:{{port}}",
		"AuthType Basic\nAuthName matrix\nAuthBasicProvider file\nAuthUserFile {dir}/users\nRequire valid-user\n"),
	Server("privoxy-http", "Privoxy", "privoxy", "http", "http://127.0.0.1:{port}", ["privoxy", "--no-daemon", "{dir}/config"], {
		"config": "confdir {dir}\ntempldir /etc/privoxy/templates\nlogdir {dir}\nlogfile log\n"
			"listen-address 127.0.0.1:{port}\ntoggle 0\nactionsfile connect.action\nmax-client-connections 250\n",
		"connect.action": "{{+limit-connect{{1-}}}}\n/\n"}, can=WORLD),
	ncat("ncat-http", "ncat -l --proxy-type http", "http://127.0.0.1:{port}"),
	ncat("ncat-http-basic", "ncat -l --proxy-type http --proxy-auth", f"http://{UP}127.0.0.1:{{port}}", "--proxy-auth", LOGIN),
	fake("fakeproxy-socks4", "socks4 and socks4a", "socks4a://127.0.0.1:{port}", ["socks4"], WORLD + " no-bind", "server-socks4a"),
	fake("fakeproxy-socks5", "socks5", "socks5://127.0.0.1:{port}", ["socks5"], S5OURS + " no-socks4 no-http", "server-socks5"),
	fake("fakeproxy-socks5-userpass", "socks5, user and password", f"socks5://{UP}127.0.0.1:{{port}}", ["socks5"],
		S5OURS + " no-socks4 no-http", "server-socks5-users", True),
	fake("fakeproxy-http", "http", "http://127.0.0.1:{port}", ["http"], WORLD + " port-policy", "server-http"),
	fake("fakeproxy-http-basic", "http, Basic", f"http://{UP}127.0.0.1:{{port}}", ["http"], WORLD + " port-policy" + USERS,
		"server-http-users", True),
	fake("fakeproxy-telnet", "telnet, dialect fwtk", "telnet://127.0.0.1:{port}",
		["-o", "dialect=fwtk", "telnet"], WORLD + " noauth fwtk template", "server-telnet-fwtk"),
]
CLIENTS = [
	Client("connect", "connect", "", "socks4, socks4a, socks5, http, telnet", ours=True, baseline="client-*"),
	Client("connect-proxy", "connect.c", "connect-proxy", "socks4, socks4a, socks5, http, telnet"),
	Client("nc", "nc", "netcat-openbsd", "socks4, socks5, http"),
	Client("ncat", "ncat", "ncat", "socks4, socks4a, socks5, http"),
	Client("socat", "socat", "socat", "socks4, socks4a, http"),
	Client("curl", "curl", "curl", "socks4, socks4a, socks5, http", note="as a relay: the scheme telnet:// passes octets through"),
	Client("corkscrew", "corkscrew", "corkscrew", "http"),
	Client("proxytunnel", "proxytunnel", "proxytunnel", "http"),
	Client("plink", "plink", "putty-tools", "socks4, socks4a, socks5, http", note="as a raw relay"),
	Client("proxychains4", "proxychains4", "proxychains4", "socks4, socks5, http", note="with OpenBSD's nc behind it"),
]
PROGRAMS = SERVERS + CLIENTS
