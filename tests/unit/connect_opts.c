/* SPDX-License-Identifier: ISC
 * connect_opts.c - the command line: letters, clusters, long options, and how it goes together with the environment.
 * One thing to know: a configuration is compared as one line of text, so that nothing in it changes unseen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/unit.h"
#include "opts.h"
#include "resolve.h"
#include "say.h"

static struct config cfg;
static char words[4096];
static char *argv[64];

/* Words between blanks; "_" stands for a blank in a word, "''" for an empty word. */
static int
split(const char *line)
{
	int n = 0;
	char *p = words;

	snprintf(words, sizeof words, "%s", line);
	while (*p != '\0') {
		while (*p == ' ')
			*p++ = '\0';
		if (*p == '\0')
			break;
		argv[n++] = p;
		for (; *p != ' ' && *p != '\0'; p++)
			*p = *p == '_' ? ' ' : *p;
		if (strncmp(argv[n - 1], "''", 2) == 0)
			argv[n - 1][0] = '\0';
	}
	argv[n] = NULL;
	return n;
}

/* An environment of its own: settings "NAME=VALUE" between blanks; HOME is an empty directory. */
static void
environment(const char *settings)
{
	static char copy[1024];
	char *p = copy, *next;

	clearenv();
	setenv("HOME", unit_dir(), 1);
	setenv("PATH", "/usr/bin:/bin", 1);
	snprintf(copy, sizeof copy, "%s", settings == NULL ? "" : settings);
	for (; *p != '\0'; p = next) {
		next = p + strcspn(p, " ");
		if (*next != '\0')
			*next++ = '\0';
		putenv(p);
	}
}

static int
parse(const char *settings, const char *line)
{
	environment(settings);
	debug_level = 0;
	return opts_parse(&cfg, split(line), argv);
}

static void
put(char *out, size_t cap, const char *fmt, const char *a)
{
	size_t n = strlen(out);

	snprintf(out + n, cap - n, fmt, a);
}

static void
put_int(char *out, size_t cap, const char *label, long v)
{
	size_t n = strlen(out);

	snprintf(out + n, cap - n, "%s%ld", label, v);
}

/* What differs from the defaults. */
static const char *
show(void)
{
	static const char *const methods[] = {"", "DIRECT", "SOCKS", "HTTP", "TELNET"};
	static char s[2048];
	char addr[NET_ADDRSTR];

	s[0] = '\0';
	put(s, sizeof s, "%s", methods[cfg.method]);
	if (cfg.method == METHOD_SOCKS)
		put_int(s, sizeof s, "", cfg.socks_version);
	if (cfg.method != METHOD_DIRECT) {
		put(s, sizeof s, " %s", cfg.proxy.host);
		put_int(s, sizeof s, ":", cfg.proxy.port);
		put(s, sizeof s, cfg.proxy.has_user ? " user=%s" : "", cfg.proxy.user);
	}
	put(s, sizeof s, " to %s", cfg.host);
	put_int(s, sizeof s, ":", cfg.port);
	if (cfg.resolving_given)
		put(s, sizeof s, " R=%s",
			cfg.has_ns			  ? net_str(&cfg.ns, addr)
			: cfg.resolving == RESOLVE_LOCAL  ? "local"
			: cfg.resolving == RESOLVE_REMOTE ? "remote"
							  : "both");
	if (cfg.method == METHOD_SOCKS && cfg.socks_version == 5) {
		put(s, sizeof s, "%s", " a=");
		for (size_t i = 0; i < cfg.nauth; i++)
			put_int(s, sizeof s, "", cfg.auth[i]);
	}
	if (cfg.listening)
		put(s, sizeof s, cfg.hold ? " hold=%s" : " listen=%s", net_str(&cfg.local, addr));
	put(s, sizeof s, "%s", cfg.forever ? " forever" : "");
	put(s, sizeof s, "%s", cfg.half_close ? "" : " no-half-close");
	put(s, sizeof s, "%s", cfg.http10 ? " http1.0" : "");
	put(s, sizeof s, "%s", cfg.pipeline ? " pipeline" : "");
	if (cfg.wait_ms != 0)
		put_int(s, sizeof s, " w=", cfg.wait_ms);
	if (cfg.connect_ms != 30000)
		put_int(s, sizeof s, " connect=", cfg.connect_ms);
	if (cfg.handshake_ms != 30000)
		put_int(s, sizeof s, " handshake=", cfg.handshake_ms);
	if (cfg.idle_ms != 0)
		put_int(s, sizeof s, " idle=", cfg.idle_ms);
	if (debug_level != 0)
		put_int(s, sizeof s, " d=", debug_level);
	return s;
}

static const struct {
	const char *env, *line, *want;
} good[] = {
	/* Letters. */
	{NULL, "connect h 22", "DIRECT to h:22"},
	{NULL, "connect -n h 22", "DIRECT to h:22"},
	{NULL, "connect -S px h 22", "SOCKS5 px:1080 to h:22 a=02"},
	{NULL, "connect -S px:99 -5 h 22", "SOCKS5 px:99 to h:22 a=02"},
	{NULL, "connect -4 -S px h 22", "SOCKS4 px:1080 to h:22"},
	{NULL, "connect -S px -4 h 22", "SOCKS4 px:1080 to h:22"},
	{NULL, "connect -4 h 22", "DIRECT to h:22"},
	{NULL, "connect -H px h 22", "HTTP px:80 to h:22"},
	{NULL, "connect -H u@px:8080 h 22", "HTTP px:8080 user=u to h:22"},
	{NULL, "connect -T px h 22", "TELNET px:23 to h:22"},
	{NULL, "connect -S px -n h 22", "DIRECT to h:22"},
	{NULL, "connect -w 5 -d -d h 22", "DIRECT to h:22 w=5000 d=2"},
	{NULL, "connect -w 0 h 22", "DIRECT to h:22"},
	{NULL, "connect -R LOCAL -S px h 22", "SOCKS5 px:1080 to h:22 R=local a=02"},
	{NULL, "connect -R Remote -S px h 22", "SOCKS5 px:1080 to h:22 R=remote a=02"},
	{NULL, "connect -R both -S px h 22", "SOCKS5 px:1080 to h:22 R=both a=02"},
	{NULL, "connect -R 192.0.2.53 -S px h 22", "SOCKS5 px:1080 to h:22 R=192.0.2.53:53 a=02"},
	{NULL, "connect -R 192.0.2.53:5353 -S px h 22", "SOCKS5 px:1080 to h:22 R=192.0.2.53:5353 a=02"},
	{NULL, "connect -R 2001:db8::53 -S px h 22", "SOCKS5 px:1080 to h:22 R=[2001:db8::53]:53 a=02"},
	{NULL, "connect -R [2001:db8::53]:5353 -S px h 22",
		"SOCKS5 px:1080 to h:22 R=[2001:db8::53]:5353 a=02"},
	{NULL, "connect -a none -S px h 22", "SOCKS5 px:1080 to h:22 a=0"},
	{NULL, "connect -a userpass,none -S px h 22", "SOCKS5 px:1080 to h:22 a=20"},
	{NULL, "connect -a u,n,_no_ -S px h 22", "SOCKS5 px:1080 to h:22 a=200"},
	{NULL, "connect -p 7000 h 22", "DIRECT to h:22 listen=127.0.0.1:7000"},
	{NULL, "connect -p 0 h 22", "DIRECT to h:22 listen=127.0.0.1:0"},
	{NULL, "connect -p 192.0.2.1:7000 h 22", "DIRECT to h:22 listen=192.0.2.1:7000"},
	{NULL, "connect -p 0.0.0.0:0 h 22", "DIRECT to h:22 listen=0.0.0.0:0"},
	{NULL, "connect -p [::1]:7000 h 22", "DIRECT to h:22 listen=[::1]:7000"},
	{NULL, "connect -p [::1]:0 h 22", "DIRECT to h:22 listen=[::1]:0"},
	{NULL, "connect -P 7000 h 22", "DIRECT to h:22 hold=127.0.0.1:7000"},
	{NULL, "connect -p 7000 --forever h 22", "DIRECT to h:22 listen=127.0.0.1:7000 forever"},

	/* Clusters: the argument is the next word. */
	{NULL, "connect -Sd px h 22", "SOCKS5 px:1080 to h:22 a=02 d=1"},
	{NULL, "connect -dSRw px local 5 h 22", "SOCKS5 px:1080 to h:22 R=local a=02 w=5000 d=1"},
	{NULL, "connect -dd4S px h 22", "SOCKS4 px:1080 to h:22 d=2"},
	{NULL, "connect -SS one two h 22", "SOCKS5 two:1080 to h:22 a=02"},
	{NULL, "connect -HS one two h 22", "SOCKS5 two:1080 to h:22 a=02"},
	{NULL, "connect -w -5 -S px h 22", NULL},
	{NULL, "connect -R -n h 22", NULL},

	/* The last method decides, and its server with it. */
	{"HTTP_PROXY=env:3128", "connect -S px -h h 22", "HTTP env:3128 to h:22"},
	{"HTTP_PROXY=env:3128", "connect -h h 22", "HTTP env:3128 to h:22"},
	{"http_proxy=low:1", "connect -h h 22", "HTTP low:1 to h:22"},
	{"http_proxy=low:1 HTTP_PROXY=up:2", "connect -h h 22", "HTTP up:2 to h:22"},
	{"HTTP_PROXY=http://u@env:3128/path", "connect -h h 22", "HTTP env:3128 user=u to h:22"},
	{"HTTP_PROXY=env", "connect -h -S px h 22", "SOCKS5 px:1080 to h:22 a=02"},
	{"HTTP_PROXY=env", "connect h 22", "DIRECT to h:22"},
	{"SOCKS_SERVER=a", "connect -s h 22", "SOCKS5 a:1080 to h:22 a=02"},
	{"SOCKS_SERVER=a SOCKS5_SERVER=b SOCKS4_SERVER=c", "connect -s h 22", "SOCKS5 b:1080 to h:22 a=02"},
	{"SOCKS_SERVER=a SOCKS5_SERVER=b SOCKS4_SERVER=c", "connect -s4 h 22", "SOCKS4 c:1080 to h:22"},
	{"SOCKS_SERVER=a SOCKS5_SERVER=b", "connect -4s h 22", "SOCKS4 a:1080 to h:22"},
	{"TELNET_PROXY=t:2323", "connect -t h 22", "TELNET t:2323 to h:22"},
	{"SOCKS5_RESOLVE=local", "connect -S px h 22", "SOCKS5 px:1080 to h:22 R=local a=02"},
	{"SOCKS5_RESOLVE=local SOCKS_RESOLVE=both", "connect -S px -4 h 22", "SOCKS4 px:1080 to h:22 R=both"},
	{"SOCKS5_RESOLVE=local", "connect -R remote -S px h 22", "SOCKS5 px:1080 to h:22 R=remote a=02"},
	{"SOCKS5_RESOLVE=nonsense", "connect -H px h 22", "HTTP px:80 to h:22"},
	{"SOCKS5_AUTH=none", "connect -S px h 22", "SOCKS5 px:1080 to h:22 a=0"},
	{"SOCKS5_AUTH=none", "connect -a userpass -S px h 22", "SOCKS5 px:1080 to h:22 a=2"},
	{"SOCKS5_AUTH=nonsense", "connect -H px h 22", "HTTP px:80 to h:22"},

	/* Long options. */
	{NULL, "connect --connect-timeout 5 --handshake-timeout=6 --idle-timeout 7 h 22",
		"DIRECT to h:22 connect=5000 handshake=6000 idle=7000"},
	{NULL, "connect --connect-timeout=0 --handshake-timeout 0 h 22",
		"DIRECT to h:22 connect=0 handshake=0"},
	{NULL, "connect --http1.0 --no-half-close -H px h 22", "HTTP px:80 to h:22 no-half-close http1.0"},
	{NULL, "connect -w 0.25 h 22", "DIRECT to h:22 w=250"},
	{NULL, "connect -w 1.005 h 22", "DIRECT to h:22 w=1005"},
	{NULL, "connect -w 0.0 h 22", "DIRECT to h:22"},
	{NULL, "connect -w 2073600.999 h 22", "DIRECT to h:22 w=2073600999"},
	{NULL, "connect --handshake-timeout 0.001 --idle-timeout 10.5 h 22",
		"DIRECT to h:22 handshake=1 idle=10500"},
	{NULL, "connect --pipeline -a none -S px h 22", "SOCKS5 px:1080 to h:22 a=0 pipeline"},
	{"SOCKS5_AUTH=userpass", "connect --pipeline -S px h 22", "SOCKS5 px:1080 to h:22 a=2 pipeline"},
	{NULL, "connect -- h 22", "DIRECT to h:22"},
	{NULL, "connect -S px -- -odd 22", "SOCKS5 px:1080 to -odd:22 a=02"},
	{NULL, "connect - h 22", "DIRECT to h:22"},
	{NULL, "connect -d - -- h 22", "DIRECT to h:22 d=1"},

	/* HOST and PORT. */
	{NULL, "connect h 22 extra -S px", "DIRECT to h:22"},
	{NULL, "connect [2001:db8::1] 22", "DIRECT to 2001:db8::1:22"},
	{NULL, "connect 2001:db8::1 22", "DIRECT to 2001:db8::1:22"},
	{NULL, "connect h 65535", "DIRECT to h:65535"},
	{NULL, "connect-25 h", "DIRECT to h:25"},
	{NULL, "/usr/bin/connect-2525 h", "DIRECT to h:2525"},
	{NULL, "connect-25.exe h", "DIRECT to h:25"},
	{NULL, "C:\\bin\\connect-25.exe h", "DIRECT to h:25"},
	{NULL, "connect-25 h 22", "DIRECT to h:22"},
	{NULL, "connect-proxy h 22", "DIRECT to h:22"},
};

START_TEST(accepted)
{
	int status;
	const char *text;

	catch_stderr();
	status = parse(good[_i].env, good[_i].line);
	text = caught();
	if (good[_i].want == NULL) {
		ck_assert_msg(status == ST_USAGE, "%s is accepted: %s", good[_i].line, show());
	} else {
		ck_assert_msg(status == -1, "%s: status %d, %s", good[_i].line, status, text);
		ck_assert_str_eq(show(), good[_i].want);
		ck_assert_msg(strstr(text, "ERROR") == NULL, "%s: %s", good[_i].line, text);
	}
	opts_free(&cfg);
}
END_TEST

/* Status 2, each of the texts between "|", and the usage. */
static const struct {
	const char *env, *line, *says;
} bad[] = {
	{NULL, "connect -x h 22", "unknown option '-x'"}, {NULL, "connect -xyz h 22", "'-x'|'-y'|'-z'"},
	{NULL, "connect -Spx h 22",
		"'-x'"}, /* no attached arguments: h is S's, 22 is p's, nothing is left for HOST */
	{NULL, "connect -S", "option '-S' needs argument."},
	{NULL, "connect -SH", "option '-S' needs argument.|option '-H' needs argument."},
	{NULL, "connect -c", "option '-c' needs argument."},
	{NULL, "connect -w", "option '-w' needs argument."}, {NULL, "connect -G -E h 22", "'-G'|'-E'"},
	{NULL, "connect -\x1b h 22", "\\x1b"},
	{NULL, "connect --nonsense h 22", "unknown option '--nonsense'"},
	{NULL, "connect --http1.0=1 h 22", "--http1.0"},
	{NULL, "connect --connect-timeout", "option '--connect-timeout' needs argument."},
	{NULL, "connect --connect-timeout=x h 22", "--connect-timeout|'x'"},
	{NULL, "connect --connect-timeout= h 22", "--connect-timeout"},
	{NULL, "connect -w abc h 22", "-w|'abc'"}, {NULL, "connect -w -5 h 22", "-w|'-5'"},
	{NULL, "connect -w 5s h 22", "'5s'"}, {NULL, "connect -w 0.0001 h 22", "'0.0001'|three decimals"},
	{NULL, "connect -w 1. h 22", "'1.'"}, {NULL, "connect -w .5 h 22", "'.5'"},
	{NULL, "connect -w 1.5.1 h 22", "'1.5.1'"}, {NULL, "connect -w 2073601 h 22", "'2073601'"},
	{NULL, "connect --pipeline -S px h 22", "--pipeline"},
	{NULL, "connect --pipeline h 22", "--pipeline"},
	{NULL, "connect --pipeline -4 -a none -S px h 22", "--pipeline"},
	{NULL, "connect --pipeline -a none -H px h 22", "--pipeline"},
	{NULL, "connect -F -p 7000 h 22", "-F"}, {NULL, "connect -FP 7000 h 22", "-F"},
	{NULL, "connect -F --idle-timeout 5 h 22", "-F"},
	{NULL, "connect -w 99999999999999999999 h 22", "'99999999999999999999'"},
	{NULL, "connect -R nowhere -S px h 22", "-R|'nowhere'"}, {NULL, "connect -R '' -S px h 22", "-R"},
	{NULL, "connect -R 1.2.3 -S px h 22", "'1.2.3'"},
	{"SOCKS5_RESOLVE=nowhere", "connect -S px h 22", "SOCKS5_RESOLVE|'nowhere'"},
	{NULL, "connect -a nonsense -S px h 22", "Unknown auth method|'nonsense'"},
	{NULL, "connect -a NONE -S px h 22", "'NONE'"}, {NULL, "connect -a nonex -S px h 22", "'nonex'"},
	{NULL, "connect -a gssapi -S px h 22", "not supported|'gssapi'"},
	{NULL, "connect -a none,c -S px h 22", "not supported|'c'"},
	{NULL, "connect -a none, -S px h 22", "missing"}, {NULL, "connect -a '' -S px h 22", "missing"},
	{NULL, "connect -a ,none -S px h 22", "missing"},
	{NULL, "connect -a n,n,n,n,n,n,n,n,n,n,n -S px h 22", "Too much auth method"},
	{"SOCKS5_AUTH=nonsense", "connect -S px h 22", "SOCKS5_AUTH|'nonsense'"},
	{NULL, "connect -s h 22", "Failed to determine SOCKS server."},
	{"SOCKS_SERVER=", "connect -s h 22", "Failed to determine SOCKS server."},
	{NULL, "connect -h h 22", "You must specify http proxy server"},
	{NULL, "connect -t h 22", "You must specify telnet proxy server"},
	{NULL, "connect -S px:0 h 22", "px:0"}, {NULL, "connect -S px:66616 h 22", "px:66616"},
	{NULL, "connect -S socks5://px h 22", "http://"},
	{NULL, "connect -S ::1:2:1080x h 22", "::1:2:1080x"},
	{"HTTP_PROXY=px:0", "connect -h h 22", "HTTP_PROXY|px:0"}, {NULL, "connect -p '' h 22", "-p"},
	{NULL,
		"connect -p "
		"127.0.0.1:"
		"000000000000000000000000000000000000000000000000000000000000000000000000000000000008080 h "
		"22",
		"-p"}, /* not 80 */
	{NULL, "connect -p 65536 h 22", "'65536'"}, {NULL, "connect -p name:70 h 22", "'name:70'"},
	{NULL, "connect -p 1.2.3.4 h 22", "'1.2.3.4'"}, {NULL, "connect -P x h 22", "-P"},
	{NULL, "connect --forever h 22", "--forever"}, {NULL, "connect --forever -P 7000 h 22", "--forever"},
	{NULL, "connect h", "You must specify the destination port correctly."},
	{NULL, "connect h 0", "'0'|destination port"}, {NULL, "connect h 65536", "'65536'"},
	{NULL, "connect h 65558", "'65558'"}, {NULL, "connect h 4294967318", "'4294967318'"},
	{NULL, "connect h 18446744073709551638", "'18446744073709551638'"}, {NULL, "connect h -1", "'-1'"},
	{NULL, "connect h +22", "'+22'"}, {NULL, "connect h 22x", "'22x'"},
	{NULL, "connect h no-such-service", "'no-such-service'"}, {NULL, "connect h ''", "destination port"},
	{NULL, "connect-proxy h", "destination port"}, {NULL, "connect '' 22", "empty"},
	{NULL, "connect a_b 22", "target"}, {NULL, "connect a\nb 22", "target|\\n"},
	{NULL, "connect a\rb 22", "target|\\r"}, {NULL, "connect -T px -c %x h 22", "-c"},
	{NULL, "connect -T px -c '' h 22", "empty"},
	{NULL, "connect --good-phrase= -T px h 22", "--good-phrase"},
	{"CONNECT_DIRECT=10.0.0.0/33", "connect -S px h 22", "CONNECT_DIRECT|10.0.0.0/33"},
	{NULL, "connect -x -w y -S px:0 h 99999", "'-x'|'y'|px:0|'99999'"}, /* each is reported */
};

START_TEST(refused)
{
	char says[256], *p = says, *next;
	const char *text, *usage;
	int status;

	catch_stderr();
	status = parse(bad[_i].env, bad[_i].line);
	text = caught();
	ck_assert_msg(status == ST_USAGE, "%s: status %d", bad[_i].line, status);
	usage = strstr(text, "usage: ");
	ck_assert_msg(usage != NULL, "%s: no usage in %s", bad[_i].line, text);
	snprintf(says, sizeof says, "%s", bad[_i].says);
	for (; p != NULL; p = next) {
		const char *at;

		next = strchr(p, '|');
		if (next != NULL)
			*next++ = '\0';
		at = strstr(text, p);
		ck_assert_msg(at != NULL && at < usage, "%s: no '%s' in %s", bad[_i].line, p, text);
	}
	for (; *text != '\0'; text++)
		ck_assert((*text >= 0x20 && *text <= 0x7e) || *text == '\n');
	opts_free(&cfg);
}
END_TEST

START_TEST(no_host_is_no_error)
{
	const char *text;

	catch_stderr();
	ck_assert_int_eq(parse(NULL, "connect"), ST_OK);
	text = caught();
	ck_assert_ptr_nonnull(strstr(text, "usage: connect "));
	ck_assert_ptr_nonnull(strstr(text, "Version "));
	catch_stderr();
	ck_assert_int_eq(parse(NULL, "connect -d -S px"), ST_OK);
	ck_assert_ptr_nonnull(strstr(caught(), "usage: "));
}
END_TEST

START_TEST(version_and_help)
{
	const char *text;
	int out = dup(STDOUT_FILENO);

	catch_stderr();
	ck_assert_int_eq(parse(NULL, "connect -V h 22"), ST_OK);
	text = caught();
	ck_assert_msg(strncmp(text, "connect --- simple relaying command via proxy.\nVersion ", 55) == 0,
		"%s", text);
	catch_stderr();
	ck_assert_int_eq(parse(NULL, "connect -dV"), ST_OK);
	ck_assert_ptr_nonnull(strstr(caught(), "Version "));
	catch_stderr();
	ck_assert_int_eq(dup2(STDERR_FILENO, STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(parse(NULL, "connect --help"), ST_OK);
	ck_assert_int_eq(parse(NULL, "connect --version"), ST_OK);
	fflush(stdout);
	ck_assert_int_eq(dup2(out, STDOUT_FILENO), STDOUT_FILENO);
	close(out);
	text = caught();
	ck_assert_ptr_nonnull(strstr(text, "usage: connect "));
	ck_assert_ptr_nonnull(strstr(text, "\nconnect " VERSION "\n"));
}
END_TEST

START_TEST(surplus_words_are_told)
{
	const char *text;

	catch_stderr();
	ck_assert_int_eq(parse(NULL, "connect h 22 surplus"), -1);
	text = caught();
	ck_assert(strstr(text, "ignored") != NULL && strstr(text, "surplus") != NULL);
	opts_free(&cfg);
}
END_TEST

START_TEST(program_names)
{
	static const struct {
		const char *name;
		unsigned port;
	} t[] = {{"connect-25", 25}, {"./connect-65535", 65535}, {"/a/connect-1.exe", 1},
		{"c:\\x\\connect-110.EXE", 110}, {"connect", 0}, {"connect-", 0}, {"connect-.exe", 0},
		{"connect-0", 0}, {"connect-65536", 0}, {"connect-proxy", 0}, {"connect-proxy.exe", 0},
		{"myconnect-25", 0}, {"connect-25/connect", 0}, {"connect_25", 0}, {"", 0},
		{"connect-no-such-service-at-all", 0}, {"Connect-25", 0}, {"connect-25.tar.gz", 25}};

	for (size_t i = 0; i < COUNT(t); i++)
		ck_assert_msg(opts_name_port(t[i].name) == t[i].port, "%s", t[i].name);
}
END_TEST

static const struct {
	const char *fmt, *want; /* NULL: refused */
} commands[] = {
	{"telnet %h %p", "telnet target.example 22"},
	{"%h:%p", "target.example:22"},
	{"%h%h%h%h%h%h%h%h",
		"target.exampletarget.exampletarget.exampletarget.exampletarget.exampletarget.exampletarget."
		"exampletarget.example"},
	{"a\\r\\n\\tb\\\\c", "a\r\n\tb\\c"},
	{"100%% %p", "100% 22"},
	{"%%h", "%h"},
	{"\\\\r", "\\r"},
	{"no inserts", "no inserts"},
	{"%", NULL},
	{"a%", NULL},
	{"%x", NULL},
	{"%H", NULL},
	{"\\", NULL},
	{"a\\", NULL},
	{"\\x", NULL},
	{"\\0", NULL},
	{"", NULL},
};

START_TEST(telnet_commands)
{
	char *out = NULL;
	const char *why = opts_expand(commands[_i].fmt, "target.example", 22, &out);

	if (commands[_i].want == NULL) {
		ck_assert_msg(why != NULL && why[0] != '\0', "%s is accepted", commands[_i].fmt);
	} else {
		ck_assert_msg(why == NULL, "%s: %s", commands[_i].fmt, why);
		ck_assert_str_eq(out, commands[_i].want);
	}
	free(out);
}
END_TEST

START_TEST(phrases)
{
	catch_stderr();
	ck_assert_int_eq(parse(NULL, "connect -T px h 22"), -1);
	ck_assert_str_eq(cfg.good[0], "connected to");
	ck_assert_ptr_null(cfg.good[1]);
	ck_assert_str_eq(cfg.bad[0], " failed");
	ck_assert_str_eq(cfg.bad[1], " refused");
	ck_assert_str_eq(cfg.bad[2], " rejected");
	ck_assert_str_eq(cfg.bad[3], " closed");
	ck_assert_ptr_null(cfg.bad[4]);
	opts_free(&cfg);
	ck_assert_int_eq(
		parse(NULL, "connect -T px --good-phrase one --good-phrase=two_words --bad-phrase x h 22"),
		-1);
	ck_assert_str_eq(cfg.good[0], "one");
	ck_assert_str_eq(cfg.good[1], "two words");
	ck_assert_ptr_null(cfg.good[2]);
	ck_assert_str_eq(cfg.bad[0], "x");
	ck_assert_ptr_null(cfg.bad[1]);
	opts_free(&cfg);
	(void)caught();
}
END_TEST

START_TEST(too_many_phrases)
{
	char line[1024] = "connect -T px";

	for (int i = 0; i < CLIENT_PHRASES; i++)
		put(line, sizeof line, "%s", " --bad-phrase x");
	catch_stderr();
	for (int over = 0; over < 2; over++) {
		char whole[1100];

		snprintf(whole, sizeof whole, "%s%s h 22", line, over ? " --bad-phrase=y" : "");
		ck_assert_int_eq(parse(NULL, whole), over ? ST_USAGE : -1);
		opts_free(&cfg);
	}
	ck_assert_ptr_nonnull(strstr(caught(), "too many phrases"));
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, accepted, good);
	LOOP(tc, refused, bad);
	tcase_add_test(tc, no_host_is_no_error);
	tcase_add_test(tc, version_and_help);
	tcase_add_test(tc, surplus_words_are_told);
	tcase_add_test(tc, program_names);
	LOOP(tc, telnet_commands, commands);
	tcase_add_test(tc, phrases);
	tcase_add_test(tc, too_many_phrases);
}

int
main(void)
{
	return unit_run("connect opts", fill);
}
