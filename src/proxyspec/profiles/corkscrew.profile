# corkscrew: HTTP CONNECT only; a password would have to be in a file.
name: corkscrew
can: noauth http
http noauth: corkscrew {proxy_host} {proxy_port} {host} {port}
