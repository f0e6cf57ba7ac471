# PuTTY's plink as a raw relay; the proxy is set by options on the command line.
name: plink
can: noauth http
http noauth: plink -batch -raw -proxycmd "corkscrew {proxy_host} {proxy_port} %host %port" -P {port} {host}
