# corkscrew: HTTP CONNECT only.  It reads name and password from a file, which is gone from the folder before it starts.
name: corkscrew
can: noauth http basic
http noauth: corkscrew {proxy_host} {proxy_port} {host} {port}
http basic: sh -c 'f=$(mktemp); printf "%s:%s\n" "$5" "$6" >$f; exec 3<$f; rm $f; exec corkscrew "$1" "$2" "$3" "$4" /dev/fd/3' sh {proxy_host} {proxy_port} {host} {port} {user} {pass}
not http/client/auth/colon-in-user-refused: user and password are one word, and the first colon parts them
