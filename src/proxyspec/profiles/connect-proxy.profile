# connect.c 1.105 (Debian's connect-proxy): the same letters; passwords in the environment.
name: connect-proxy
can: socks4 socks4a socks5 noauth userpass http basic telnet userid local-resolve remote-resolve template debug no-gssapi
socks4: SOCKS4_USER={user} connect-proxy -4 -S {proxy_host}:{proxy_port} {host} {port}
socks4 userid: SOCKS4_USER={user} connect-proxy -4 -S {proxy_host}:{proxy_port} {host} {port}
socks4 local-resolve: connect-proxy -4 -R local -S {proxy_host}:{proxy_port} {host} {port}
socks4a: SOCKS4_USER={user} connect-proxy -4 -R remote -S {proxy_host}:{proxy_port} {host} {port}
socks5: connect-proxy -S {proxy_host}:{proxy_port} {host} {port}
socks5 noauth local-resolve: connect-proxy -R local -S {proxy_host}:{proxy_port} {host} {port}
socks5 noauth remote-resolve: connect-proxy -R remote -S {proxy_host}:{proxy_port} {host} {port}
socks5 userpass: SOCKS5_USER={user} SOCKS5_PASSWORD={pass} connect-proxy -S {proxy_host}:{proxy_port} {host} {port}
socks5 userpass debug: SOCKS5_USER={user} SOCKS5_PASSWORD={pass} connect-proxy -d -S {proxy_host}:{proxy_port} {host} {port}
http noauth: connect-proxy -H {proxy_host}:{proxy_port} {host} {port}
http basic: HTTP_PROXY_USER={user} HTTP_PROXY_PASSWORD={pass} connect-proxy -H {proxy_host}:{proxy_port} {host} {port}
http basic debug: HTTP_PROXY_USER={user} HTTP_PROXY_PASSWORD={pass} connect-proxy -d -H {proxy_host}:{proxy_port} {host} {port}
telnet: connect-proxy -T {proxy_host}:{proxy_port} {host} {port}
telnet template: connect-proxy -T {proxy_host}:{proxy_port} -c {template} {host} {port}
