/* SPDX-License-Identifier: ISC
 * options.c - the command line; docs/fakeproxy.1.
 * The one thing to know: every error is told, the first ends nothing; knobs are read last, when the roles are known. */
#include "options.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define VERSION "0.1"

static const char help[] = "usage: fakeproxy [options] ROLE...   socks4 socks5 socks http telnet pass\n"
			   "  -l, --listen ADDR:PORT   where to listen (127.0.0.1:0); once for each role\n"
			   "  --once  --max-connections N  --lifetime SEC       end after that\n"
			   "  --to HOST:PORT           where pass connects to\n"
			   "  --resolve NAME=ADDR      a name of our own\n"
			   "  --redirect HOST:PORT=ADDR:PORT   another target; * matches all\n"
			   "  --deny HOST:PORT         refuse by rule; * matches all\n"
			   "  --dial-timeout SEC (30)  --handshake-timeout SEC (60)\n"
			   "  --user-file FILE         NAME:PASSWORD lines; FAKEPROXY_USER holds one more\n"
			   "  -o, --option NAME=VALUE  what to answer; socks4: vn cd userid ident bnd\n"
			   "     socks5: method ver up-status rep rsv atyp bnd\n"
			   "     http: status reason version header interim auth realm challenge\n"
			   "           challenges after-challenge framing body\n"
			   "     telnet: dialect login echo iac banner prompt success failure\n"
			   "faults on the way to the client (exit status 4 if one did not happen):\n"
			   "  --split N  --bytes  --coalesce  --delay MS  --flip OFFSET:XOR\n"
			   "  --stall-after N  --cut-after N  --reset-after N  --whole-stream\n"
			   "  --bug NAME               violate one requirement; see --list-bugs\n"
			   "  --log text|json  --log-file FILE  --trace DIR  --trace-payload N\n"
			   "  --show-secrets           in traces\n"
			   "  --i-know-this-is-public  listen where others can reach it\n"
			   "  --help  --version        everything else: fakeproxy(1)\n";

static const struct {
	const char *name;
	enum opt id;
	bool value;
} table[] = {{"listen", O_LISTEN, true}, {"i-know-this-is-public", O_PUBLIC, false}, {"once", O_ONCE, false},
	{"max-connections", O_MAX, true}, {"lifetime", O_LIFETIME, true}, {"to", O_TO, true},
	{"resolve", O_RESOLVE, true}, {"redirect", O_REDIRECT, true}, {"deny", O_DENY, true},
	{"dial-timeout", O_DIAL, true}, {"handshake-timeout", O_SHAKE, true}, {"user-file", O_USERS, true},
	{"option", O_KNOB, true}, {"split", O_SPLIT, true}, {"bytes", O_BYTES, false},
	{"coalesce", O_COALESCE, false}, {"delay", O_DELAY, true}, {"stall-after", O_STALL, true},
	{"cut-after", O_CUT, true}, {"reset-after", O_RESET, true}, {"flip", O_FLIP, true},
	{"whole-stream", O_WHOLE, false}, {"bug", O_BUG, true}, {"list-bugs", O_BUGS, false},
	{"log", O_LOG, true}, {"log-file", O_LOGFILE, true}, {"trace", O_TRACE, true},
	{"show-secrets", O_SECRETS, false}, {"trace-payload", O_PAYLOAD, true}, {"help", O_HELP, false},
	{"version", O_VERSION, false}};

/* The option in argv[*i]; its value, if it has one, may be the next word. */
static enum opt
find(int argc, char **argv, int *i, const char **value)
{
	const char *word = argv[*i], *eq;
	size_t n;

	*value = NULL;
	if (strcmp(word, "-l") == 0)
		word = "--listen";
	else if (strcmp(word, "-o") == 0)
		word = "--option";
	else if (strcmp(word, "-h") == 0)
		word = "--help";
	if (strncmp(word, "--", 2) != 0)
		return O_NONE;
	word += 2;
	eq = strchr(word, '=');
	n = eq != NULL ? (size_t)(eq - word) : strlen(word);
	for (size_t k = 0; k < sizeof table / sizeof table[0]; k++) {
		if (strlen(table[k].name) != n || memcmp(table[k].name, word, n) != 0)
			continue;
		if (eq != NULL && table[k].value)
			*value = eq + 1;
		else if (table[k].value && *i + 1 < argc)
			*value = argv[++*i];
		return (eq != NULL && !table[k].value) || (table[k].value && *value == NULL) ? O_NONE
											     : table[k].id;
	}
	return O_NONE;
}

static bool
loopback(const struct net_addr *a)
{
	if (a->ss.ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)&a->ss)->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&a->ss)->sin6_addr) != 0;
}

static bool
check(struct fp_conf *cf)
{
	const struct fp_faults *f = &cf->fault;
	bool ok = true;
	char text[NET_ADDRSTR];

	if (cf->n_role == 0)
		ok = fp_complain("no role; one of socks4 socks5 socks http telnet pass is wanted");
	if (cf->n_listen > cf->n_role && cf->n_role != 0)
		ok = fp_complain("more addresses to listen on than roles");
	for (int i = 0; i < cf->n_listen; i++)
		if (!cf->public_ok && !loopback(&cf->listen[i]))
			ok = fp_complain("%s is not loopback: this is a fake, and others could reach it "
					 "(--i-know-this-is-public)",
				net_str(&cf->listen[i], text));
	if (fp_has_role(cf, ROLE_PASS) && !cf->to.set)
		ok = fp_complain("the role pass needs --to HOST:PORT");
	if (!fp_has_role(cf, ROLE_PASS) && cf->to.set)
		ok = fp_complain("--to is for the role pass, which does not run");
	if ((f->stall >= 0) + (f->cut >= 0) + (f->reset >= 0) > 1)
		ok = fp_complain("--stall-after, --cut-after and --reset-after exclude each other");
	if ((f->split >= 0) + f->bytes + f->coalesce > 1)
		ok = fp_complain("--split, --bytes and --coalesce exclude each other");
	if (f->whole_stream && !f->any)
		ok = fp_complain("--whole-stream needs a fault");
	if (cf->socks.bnd.set && cf->socks.bnd.is_name && !fp_has_role(cf, ROLE_SOCKS5) &&
		!fp_has_role(cf, ROLE_SOCKS))
		ok = fp_complain("-o bnd=%s: SOCKS4 has addresses only", cf->socks.bnd.host);
	if (cf->trace_payload != 0 && cf->trace_dir == NULL)
		ok = fp_complain("--trace-payload needs --trace");
	return fp_bugs_fit(cf) && ok;
}

static void
default_listen(struct fp_conf *cf)
{
	if (cf->n_listen == 0)
		(void)fp_addr("127.0.0.1", 0, &cf->listen[cf->n_listen++]);
	for (; cf->n_listen < cf->n_role; cf->n_listen++)
		cf->listen[cf->n_listen] = cf->listen[cf->n_listen - 1];
}

static bool
one_word(struct fp_conf *cf, int argc, char **argv, int *i, char **knobs, int *n_knobs)
{
	const char *value;
	int first = *i;
	enum opt id = find(argc, argv, i, &value);

	if (id == O_NONE && strcmp(argv[first], "--user") == 0)
		return fp_complain("--user: a password does not belong on a command line; see --user-file "
				   "and FAKEPROXY_USER");
	if (id == O_NONE && strchr(argv[first], '=') != NULL)
		return fp_complain("%s: there is no such option, or it takes no value", argv[first]);
	if (id == O_NONE)
		return fp_complain("%s: there is no such option, or its value is missing", argv[first]);
	if (id == O_KNOB) {
		knobs[(*n_knobs)++] = (char *)(uintptr_t)value;
		return true;
	}
	if (id == O_USERS)
		return fp_users_file(cf, value);
	if (id == O_BUG)
		return fp_bug_add(cf, value);
	if (fp_set_option(cf, id, value))
		return true;
	return fp_complain("%s: \"%s\" is no value for it", argv[first], value != NULL ? value : "");
}

/* --help and --version win over everything. */
static bool
just_tell(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			fputs(help, stdout);
			return true;
		}
		if (strcmp(argv[i], "--version") == 0) {
			puts("fakeproxy " VERSION);
			return true;
		}
	}
	return false;
}

static bool
add_role(struct fp_conf *cf, const char *word)
{
	enum fp_role r;

	if (!fp_role_of(word, &r) || cf->n_role == FP_MAX)
		return fp_complain("%s: there is no such role (socks4 socks5 socks http telnet pass)", word);
	cf->role[cf->n_role++] = r;
	return true;
}

int
fp_options(struct fp_conf *cf, int argc, char **argv)
{
	char **knobs = calloc((size_t)argc + 1, sizeof(char *));
	int n_knobs = 0;
	bool ok = true, only_roles = false;

	if (knobs == NULL) {
		fp_complain("out of memory");
		return 1;
	}
	if (just_tell(argc, argv)) {
		free(knobs);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	for (int i = 1; i < argc; i++) {
		if (!only_roles && strcmp(argv[i], "--") == 0)
			only_roles = true;
		else if (!only_roles && argv[i][0] == '-')
			ok &= one_word(cf, argc, argv, &i, knobs, &n_knobs);
		else
			ok &= add_role(cf, argv[i]);
	}
	for (int i = 0; i < n_knobs; i++)
		ok &= cf->n_role == 0 || fp_knob(cf, knobs[i]);
	free(knobs);
	if (ok && cf->list_bugs) {
		fp_bug_list(cf);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	ok &= fp_users_env(cf) && check(cf);
	if (cf->no_memory)
		return 1;
	if (!ok) {
		fp_complain("fakeproxy --help tells what there is");
		return 2;
	}
	if (cf->log_file != NULL && cf->log == LOG_OFF)
		cf->log = LOG_TEXT;
	default_listen(cf);
	return -1;
}
