# proxytunnel: HTTP CONNECT.  Not -q, which takes the message of a failure away.
name: proxytunnel
can: noauth http basic http11
http noauth: proxytunnel -p {proxy_host}:{proxy_port} -d {host}:{port}
http basic: proxytunnel -p {proxy_host}:{proxy_port} -P {user}:{pass} -d {host}:{port}
not http/client/auth/colon-in-user-refused: user and password are one word, and the first colon parts them
