# SPDX-License-Identifier: ISC
"""What the manual of connect.c (2005) tells its reader to type or to write, word for word.

test_apps_manual.py runs each of them; a recipe that no test takes fails there.
"""

RECIPES = {
    "install": "cp connect /usr/local/bin",
    "one host": """Host remote.outside.net
  ProxyCommand connect -S socks.local.net %h %p
""",
    "ssh": "ssh remote.outside.net hostname",
    "outside by SOCKS": """## Outside of the firewall, use connect command with SOCKS conenction.
Host *
  ProxyCommand connect -S socks.local.net %h %p

## Inside of the firewall, use connect command with direct connection.
Host *.local.net
  ProxyCommand connect %h %p
""",
    "outside by HTTP": """## Outside of the firewall, with HTTP proxy
Host *
  ProxyCommand connect -H proxy.local.net:8080 %h %p

## Inside of the firewall, direct
Host *.local.net
  ProxyCommand connect %h %p
""",
    "debug": "connect -d -S socks.local.net unknown.remote.outside.net 110",
    "port in the name": "ln -s connect connect-25",
    "port in the name, use": "./connect-25 smtphost.outside.net",
    "wrapper": """#!/bin/sh
## ~/bin/myconnect --- Proxy server switching wrapper

if ifconfig eth0 |grep "inet addr:192\\.168\\.1" >/dev/null; then
	opts="-S 192.168.1.1:1080"  
elif ifconfig eth0 |grep "inet addr:10\\." >/dev/null; then
	opts="-H 10.1.1.1:80"
else
	opts="-s"
fi
exec /usr/local/bin/connect $opts $@
""",
    "hop": "ssh host1 connect host2 port",
    "news": "ssh host1 connect news 119",
    "fetchmail": 'poll mail-server protocol pop3 plugin "ssh %h connect localhost %p" '
                 'username "username" password "password"\n',
    "port 443": """Host home
  ProxyCommand connect -H firewall:8080 %h 443

Host server
  ProxyCommand ssh home connect %h %p
""",
    "port 443, first": "ssh home",
    "port 443, second": "ssh server",
    # without a text in the manual: the feature in its shortest use
    "local port": "connect -p 5433 host2 119",
    "askpass": "SSH_ASKPASS",
    "emacs": "relay-open-network-stream",
    "name server": "-R",
}
