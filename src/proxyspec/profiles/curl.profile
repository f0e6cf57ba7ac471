# curl as a relay: the scheme telnet:// passes stdin and stdout through the tunnel.  Without -T . it waits in a read of
# stdin and does not look at the socket meanwhile.  An IPv6 address stands in brackets in a URL.
name: curl
can: socks4 userid socks4a socks5 noauth userpass http basic local-resolve remote-resolve timeout http11 ip6
socks4: curl -s -S -N -q --no-progress-meter -T . -x socks4://{proxy_host}:{proxy_port} telnet://{host}:{port}
socks4 userid: curl -s -S -N -q --no-progress-meter -T . -x socks4://{user%}@{proxy_host}:{proxy_port} telnet://{host}:{port}
socks4 timeout: curl -s -S -N -q --no-progress-meter -T . --connect-timeout {timeout} -x socks4://{proxy_host}:{proxy_port} telnet://{host}:{port}
socks4a: curl -s -S -N -q --no-progress-meter -T . -x socks4a://{proxy_host}:{proxy_port} telnet://{host}:{port}
socks5: sh -c 'h=$2; case $h in *:*) h="[$h]";; esac; exec curl -s -S -N -q --no-progress-meter -T . -x socks5h://$1 "telnet://$h:$3"' sh {proxy_host}:{proxy_port} {host} {port}
socks5 noauth local-resolve: curl -s -S -N -q --no-progress-meter -T . -x socks5://{proxy_host}:{proxy_port} telnet://{host}:{port}
socks5 noauth timeout: curl -s -S -N -q --no-progress-meter -T . --connect-timeout {timeout} -x socks5h://{proxy_host}:{proxy_port} telnet://{host}:{port}
socks5 userpass: curl -s -S -N -q --no-progress-meter -T . -x socks5h://{proxy_host}:{proxy_port} -U {user}:{pass} telnet://{host}:{port}
http noauth: sh -c 'h=$2; case $h in *:*) h="[$h]";; esac; exec curl -s -S -N -q --no-progress-meter -T . -p -x http://$1 "telnet://$h:$3"' sh {proxy_host}:{proxy_port} {host} {port}
http noauth timeout: curl -s -S -N -q --no-progress-meter -T . -p --connect-timeout {timeout} -x http://{proxy_host}:{proxy_port} telnet://{host}:{port}
http basic: curl -s -S -N -q --no-progress-meter -T . -p -x http://{proxy_host}:{proxy_port} --proxy-anyauth -U {user}:{pass} telnet://{host}:{port}
not http/client/auth/colon-in-user-refused: user and password are one word, and the first colon parts them
not tunnel/*/relay/all-octets: telnet:// is the TELNET protocol, in which octet 255 is no data (RFC 854)
not http/client/auth/only-unknown-scheme: curl knows Negotiate and NTLM
