# curl as a relay: the scheme telnet:// passes stdin and stdout through the tunnel.
name: curl
can: socks4 socks4a socks5 noauth userpass http basic local-resolve remote-resolve timeout http11
socks4: curl -s -S -N -q -x socks4://{proxy_host}:{proxy_port} telnet://{host}:{port}
socks4 timeout: curl -s -S -N -q --connect-timeout {timeout} -x socks4://{proxy_host}:{proxy_port} telnet://{host}:{port}
socks4a: curl -s -S -N -q -x socks4a://{proxy_host}:{proxy_port} telnet://{host}:{port}
socks5 noauth: curl -s -S -N -q -x socks5h://{proxy_host}:{proxy_port} telnet://{host}:{port}
socks5 noauth local-resolve: curl -s -S -N -q -x socks5://{proxy_host}:{proxy_port} telnet://{host}:{port}
socks5 noauth timeout: curl -s -S -N -q --connect-timeout {timeout} -x socks5h://{proxy_host}:{proxy_port} telnet://{host}:{port}
socks5 userpass: curl -s -S -N -q -x socks5h://{proxy_host}:{proxy_port} -U {user}:{pass} telnet://{host}:{port}
http noauth: curl -s -S -N -q -p -x http://{proxy_host}:{proxy_port} telnet://{host}:{port}
http noauth timeout: curl -s -S -N -q -p --connect-timeout {timeout} -x http://{proxy_host}:{proxy_port} telnet://{host}:{port}
http basic: curl -s -S -N -q -p -x http://{proxy_host}:{proxy_port} --proxy-anyauth -U {user}:{pass} telnet://{host}:{port}
