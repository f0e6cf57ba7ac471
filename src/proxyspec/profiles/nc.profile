# OpenBSD netcat; -N passes the end of standard input on.  SOCKS4 takes addresses only; a password for SOCKS5 cannot be given; for HTTP it is asked on the
# terminal, which there is none of here.
name: nc (OpenBSD)
can: socks4 socks5 noauth http remote-resolve no-gssapi
socks4: nc -N -X 4 -x {proxy_host}:{proxy_port} {host} {port}
socks5: nc -N -X 5 -x {proxy_host}:{proxy_port} {host} {port}
http noauth: nc -N -X connect -x {proxy_host}:{proxy_port} {host} {port}
