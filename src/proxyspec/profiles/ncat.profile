# Nmap's ncat.
name: ncat
can: socks4 socks4a socks5 noauth userpass http basic remote-resolve no-gssapi
socks4: ncat --proxy {proxy_host}:{proxy_port} --proxy-type socks4 {host} {port}
socks4a: ncat --proxy {proxy_host}:{proxy_port} --proxy-type socks4 --proxy-dns remote {host} {port}
socks5: ncat --proxy {proxy_host}:{proxy_port} --proxy-type socks5 --proxy-dns remote {host} {port}
socks5 userpass: ncat --proxy {proxy_host}:{proxy_port} --proxy-type socks5 --proxy-auth {user}:{pass} --proxy-dns remote {host} {port}
http noauth: ncat --proxy {proxy_host}:{proxy_port} --proxy-type http {host} {port}
http basic: ncat --proxy {proxy_host}:{proxy_port} --proxy-type http --proxy-auth {user}:{pass} {host} {port}
not http/client/auth/colon-in-user-refused: user and password are one word, and the first colon parts them
