# connect, this project's relay.  Passwords travel in the environment; -w is the time limit of a handshake.
name: connect
can: socks4 socks4a socks5 noauth userpass http basic telnet fwtk delegate userid local-resolve remote-resolve ip6 timeout template debug http11 no-gssapi no-password utf8-password
socks4: SOCKS4_USER={user} connect -w 20 -4 -S {proxy_host}:{proxy_port} {host} {port}
socks4 userid: SOCKS4_USER={user} connect -w 20 -4 -S {proxy_host}:{proxy_port} {host} {port}
socks4 local-resolve: connect -w 20 -4 -R local -S {proxy_host}:{proxy_port} {host} {port}
socks4 timeout: connect -w {timeout} -4 -S {proxy_host}:{proxy_port} {host} {port}
socks4a: SOCKS4_USER={user} connect -w 20 -4 -R remote -S {proxy_host}:{proxy_port} {host} {port}
socks5: connect -w 20 -S {proxy_host}:{proxy_port} {host} {port}
socks5 noauth: connect -w 20 -S {proxy_host}:{proxy_port} {host} {port}
socks5 noauth local-resolve: connect -w 20 -R local -S {proxy_host}:{proxy_port} {host} {port}
socks5 noauth remote-resolve: connect -w 20 -R remote -S {proxy_host}:{proxy_port} {host} {port}
socks5 noauth timeout: connect -w {timeout} -S {proxy_host}:{proxy_port} {host} {port}
socks5 userpass: SOCKS5_USER={user} SOCKS5_PASSWORD={pass} connect -w 20 -S {proxy_host}:{proxy_port} {host} {port}
socks5 userpass debug: SOCKS5_USER={user} SOCKS5_PASSWORD={pass} connect -d -w 20 -S {proxy_host}:{proxy_port} {host} {port}
socks5 no-password: SOCKS5_USER={user} connect -w 20 -a userpass -S {proxy_host}:{proxy_port} {host} {port}
http noauth: connect -w 20 -H {proxy_host}:{proxy_port} {host} {port}
http noauth timeout: connect -w {timeout} -H {proxy_host}:{proxy_port} {host} {port}
http basic: HTTP_PROXY_USER={user} HTTP_PROXY_PASSWORD={pass} connect -w 20 -H {proxy_host}:{proxy_port} {host} {port}
http basic debug: HTTP_PROXY_USER={user} HTTP_PROXY_PASSWORD={pass} connect -d -w 20 -H {proxy_host}:{proxy_port} {host} {port}
telnet: connect -w 20 -T {proxy_host}:{proxy_port} {host} {port}
telnet timeout: connect -w {timeout} -T {proxy_host}:{proxy_port} {host} {port}
telnet template: connect -w 20 -T {proxy_host}:{proxy_port} -c {template} {host} {port}
