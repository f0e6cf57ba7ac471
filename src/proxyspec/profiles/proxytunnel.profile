# proxytunnel: HTTP CONNECT.
name: proxytunnel
can: noauth http basic http11
http noauth: proxytunnel -q -p {proxy_host}:{proxy_port} -d {host}:{port}
http basic: proxytunnel -q -p {proxy_host}:{proxy_port} -P {user}:{pass} -d {host}:{port}
