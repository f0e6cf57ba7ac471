# PuTTY's plink as a raw relay.  It takes a proxy from a saved session only; the session's folder is removed when the
# program has had time to read it.  Its telnet proxy waits for no phrase, so there is only one telnet case.  Its HTTP
# proxy looks at the octet behind the head before it goes on (docs/FINDINGS.md): where none comes, all cases would
# end in the same place.
name: plink
can: socks4 socks4a socks5 noauth userpass http basic http11 telnet putty
socks4: sh -c 'd=$(mktemp -d) && mkdir $d/sessions && printf "ProxyMethod=%s\nProxyHost=%s\nProxyPort=%s\nProxyUsername=%s\nProxyPassword=%s\nProxyDNS=0\nProxyLocalhost=1\n" 1 "$1" "$2" "$3" "$4" >$d/sessions/p; exec 4<&0; PUTTYDIR=$d plink -batch -load p -raw -P "$6" "$5" <&4 & p=$!; sleep 0.3; rm -rf $d; wait $p' sh {proxy_host} {proxy_port} {user} {pass} {host} {port}
socks4a: sh -c 'd=$(mktemp -d) && mkdir $d/sessions && printf "ProxyMethod=%s\nProxyHost=%s\nProxyPort=%s\nProxyUsername=%s\nProxyPassword=%s\nProxyDNS=2\nProxyLocalhost=1\n" 1 "$1" "$2" "$3" "$4" >$d/sessions/p; exec 4<&0; PUTTYDIR=$d plink -batch -load p -raw -P "$6" "$5" <&4 & p=$!; sleep 0.3; rm -rf $d; wait $p' sh {proxy_host} {proxy_port} {user} {pass} {host} {port}
socks5: sh -c 'd=$(mktemp -d) && mkdir $d/sessions && printf "ProxyMethod=%s\nProxyHost=%s\nProxyPort=%s\nProxyUsername=%s\nProxyPassword=%s\nProxyDNS=2\nProxyLocalhost=1\n" 2 "$1" "$2" "$3" "$4" >$d/sessions/p; exec 4<&0; PUTTYDIR=$d plink -batch -load p -raw -P "$6" "$5" <&4 & p=$!; sleep 0.3; rm -rf $d; wait $p' sh {proxy_host} {proxy_port} {user} {pass} {host} {port}
socks5 userpass: sh -c 'd=$(mktemp -d) && mkdir $d/sessions && printf "ProxyMethod=%s\nProxyHost=%s\nProxyPort=%s\nProxyUsername=%s\nProxyPassword=%s\nProxyDNS=2\nProxyLocalhost=1\n" 2 "$1" "$2" "$3" "$4" >$d/sessions/p; exec 4<&0; PUTTYDIR=$d plink -batch -load p -raw -P "$6" "$5" <&4 & p=$!; sleep 0.3; rm -rf $d; wait $p' sh {proxy_host} {proxy_port} {user} {pass} {host} {port}
http noauth: sh -c 'd=$(mktemp -d) && mkdir $d/sessions && printf "ProxyMethod=%s\nProxyHost=%s\nProxyPort=%s\nProxyUsername=%s\nProxyPassword=%s\nProxyDNS=2\nProxyLocalhost=1\n" 3 "$1" "$2" "$3" "$4" >$d/sessions/p; exec 4<&0; PUTTYDIR=$d plink -batch -load p -raw -P "$6" "$5" <&4 & p=$!; sleep 0.3; rm -rf $d; wait $p' sh {proxy_host} {proxy_port} {user} {pass} {host} {port}
http basic: sh -c 'd=$(mktemp -d) && mkdir $d/sessions && printf "ProxyMethod=%s\nProxyHost=%s\nProxyPort=%s\nProxyUsername=%s\nProxyPassword=%s\nProxyDNS=2\nProxyLocalhost=1\n" 3 "$1" "$2" "$3" "$4" >$d/sessions/p; exec 4<&0; PUTTYDIR=$d plink -batch -load p -raw -P "$6" "$5" <&4 & p=$!; sleep 0.3; rm -rf $d; wait $p' sh {proxy_host} {proxy_port} {user} {pass} {host} {port}
telnet putty: sh -c 'd=$(mktemp -d) && mkdir $d/sessions && printf "ProxyMethod=%s\nProxyHost=%s\nProxyPort=%s\nProxyUsername=%s\nProxyPassword=%s\nProxyDNS=2\nProxyLocalhost=1\n" 4 "$1" "$2" "$3" "$4" >$d/sessions/p; exec 4<&0; PUTTYDIR=$d plink -batch -load p -raw -P "$6" "$5" <&4 & p=$!; sleep 0.3; rm -rf $d; wait $p' sh {proxy_host} {proxy_port} {user} {pass} {host} {port}
not telnet/[!p]*: its TELNET proxy waits for no phrase
not tunnel/telnet/*: its TELNET proxy waits for no phrase
not http/*: behind the head it waits for an octet that does not come here; the sanity case tells that
not tunnel/http/*: behind the head it waits for an octet that does not come here; the sanity case tells that
not cross/*http*: behind the head it waits for an octet that does not come here; the sanity case tells that
but cross/wrong-proxy/client-http-server-socks*: an octet follows, or the head is not the last word
but http/client/101-not-a-tunnel: an octet follows, or the head is not the last word
but http/client/1xx-skipped: an octet follows, or the head is not the last word
but http/client/4xx-5xx-fail: an octet follows, or the head is not the last word
but http/client/4xx-5xx-fail/400: an octet follows, or the head is not the last word
but http/client/auth/407-close-reconnect/http10-te: an octet follows, or the head is not the last word
but http/client/eof-at-once: an octet follows, or the head is not the last word
but http/client/eof-in-head: an octet follows, or the head is not the last word
but http/client/head-coalesced-payload: an octet follows, or the head is not the last word
but http/client/head-split-every-octet: an octet follows, or the head is not the last word
but http/client/length-in-2xx-ignored*: an octet follows, or the head is not the last word
but http/client/not-http*: an octet follows, or the head is not the last word
but http/client/status-000-999: an octet follows, or the head is not the last word
but http/client/status-000-999/[!6]*: an octet follows, or the head is not the last word
but http/connect/no-injection*: an octet follows, or the head is not the last word
but http/client/obs-fold: it ends at the folded line
but tunnel/http/relay/16-mib-digest: an octet follows, or the head is not the last word
but tunnel/http/relay/target-speaks-first: an octet follows, or the head is not the last word
