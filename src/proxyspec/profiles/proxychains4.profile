# proxychains-ng with OpenBSD netcat behind it.  It reads its proxies from a file; the file is gone from the folder
# before the program starts.
name: proxychains4
can: socks4 socks5 noauth userpass http basic
socks4: sh -c 'f=$(mktemp); printf "strict_chain\nproxy_dns\nlocalnet 128.0.0.0/255.0.0.0\n[ProxyList]\n%s\n" "socks4 $1 $2 $3" >$f; exec 3<$f; rm $f; exec proxychains4 -f /dev/fd/3 nc -N "$5" "$6"' sh {proxy_host} {proxy_port} {user} {pass} {host} {port}
socks5: sh -c 'f=$(mktemp); printf "strict_chain\nproxy_dns\nlocalnet 128.0.0.0/255.0.0.0\n[ProxyList]\n%s\n" "socks5 $1 $2" >$f; exec 3<$f; rm $f; exec proxychains4 -f /dev/fd/3 nc -N "$5" "$6"' sh {proxy_host} {proxy_port} {user} {pass} {host} {port}
socks5 userpass: sh -c 'f=$(mktemp); printf "strict_chain\nproxy_dns\nlocalnet 128.0.0.0/255.0.0.0\n[ProxyList]\n%s\n" "socks5 $1 $2 $3 $4" >$f; exec 3<$f; rm $f; exec proxychains4 -f /dev/fd/3 nc -N "$5" "$6"' sh {proxy_host} {proxy_port} {user} {pass} {host} {port}
http noauth: sh -c 'f=$(mktemp); printf "strict_chain\nproxy_dns\nlocalnet 128.0.0.0/255.0.0.0\n[ProxyList]\n%s\n" "http $1 $2" >$f; exec 3<$f; rm $f; exec proxychains4 -f /dev/fd/3 nc -N "$5" "$6"' sh {proxy_host} {proxy_port} {user} {pass} {host} {port}
http basic: sh -c 'f=$(mktemp); printf "strict_chain\nproxy_dns\nlocalnet 128.0.0.0/255.0.0.0\n[ProxyList]\n%s\n" "http $1 $2 $3 $4" >$f; exec 3<$f; rm $f; exec proxychains4 -f /dev/fd/3 nc -N "$5" "$6"' sh {proxy_host} {proxy_port} {user} {pass} {host} {port}
not http/client/auth/long-credentials: it takes no user and no password of more than 255 octets, and says so
not http/connect/no-injection: nc behind it reads the text as 127.0.0.1 and hands on the address
