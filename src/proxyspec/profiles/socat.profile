# socat 1.7: SOCKS4, SOCKS4A and HTTP CONNECT.  A colon or comma in a value is not escaped here.
name: socat
can: socks4 socks4a noauth http basic userid local-resolve
socks4: socat - SOCKS4:{proxy_host}:{host}:{port},socksport={proxy_port},socksuser={user}
socks4a: socat - SOCKS4A:{proxy_host}:{host}:{port},socksport={proxy_port},socksuser={user}
http noauth: socat - PROXY:{proxy_host}:{host}:{port},proxyport={proxy_port}
http basic: socat - PROXY:{proxy_host}:{host}:{port},proxyport={proxy_port},proxyauth={user}:{pass}
not http/client/auth/colon-in-user-refused: user and password are one word, and the first colon parts them
