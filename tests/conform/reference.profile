# tests/conform/reference_client.py, which ci/conform's runs client-reference-* put on PATH.
name: reference
can: socks4 userid telnet telnet-auth putty
socks4 userid: reference_client.py socks4 {proxy_host} {proxy_port} {host} {port} {user%}
telnet telnet-auth: reference_client.py login {proxy_host} {proxy_port} {host} {port} {user} {pass}
telnet putty: reference_client.py putty {proxy_host} {proxy_port} {host} {port}
