# proxychains-ng with OpenBSD netcat behind it; the list of proxies is made by a shell for each case.
name: proxychains4
can: socks4 socks5 noauth userpass http basic
socks4: sh -c "printf 'strict_chain\nquiet_mode\nlocalnet 128.0.0.0/255.0.0.0\n[ProxyList]\nsocks4 {proxy_host} {proxy_port} {user}\n' >/tmp/pxc.$$; trap 'rm -f /tmp/pxc.$$' 0; proxychains4 -q -f /tmp/pxc.$$ nc -N {host} {port}"
socks5 noauth: sh -c "printf 'strict_chain\nquiet_mode\nproxy_dns\nlocalnet 128.0.0.0/255.0.0.0\n[ProxyList]\nsocks5 {proxy_host} {proxy_port}\n' >/tmp/pxc.$$; trap 'rm -f /tmp/pxc.$$' 0; proxychains4 -q -f /tmp/pxc.$$ nc -N {host} {port}"
socks5 userpass: sh -c "printf 'strict_chain\nquiet_mode\nproxy_dns\nlocalnet 128.0.0.0/255.0.0.0\n[ProxyList]\nsocks5 {proxy_host} {proxy_port} {user} {pass}\n' >/tmp/pxc.$$; trap 'rm -f /tmp/pxc.$$' 0; proxychains4 -q -f /tmp/pxc.$$ nc -N {host} {port}"
http noauth: sh -c "printf 'strict_chain\nquiet_mode\nlocalnet 128.0.0.0/255.0.0.0\n[ProxyList]\nhttp {proxy_host} {proxy_port}\n' >/tmp/pxc.$$; trap 'rm -f /tmp/pxc.$$' 0; proxychains4 -q -f /tmp/pxc.$$ nc -N {host} {port}"
http basic: sh -c "printf 'strict_chain\nquiet_mode\nlocalnet 128.0.0.0/255.0.0.0\n[ProxyList]\nhttp {proxy_host} {proxy_port} {user} {pass}\n' >/tmp/pxc.$$; trap 'rm -f /tmp/pxc.$$' 0; proxychains4 -q -f /tmp/pxc.$$ nc -N {host} {port}"
