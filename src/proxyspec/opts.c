/* SPDX-License-Identifier: ISC
 * opts.c - see opts.h. */
#include "opts.h"
#include "text.h"

#include <arpa/inet.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static char room[200];

static bool
bad(const char **why, const char *a, const char *b)
{
	snprintf(room, sizeof room, "%s%s", a, b);
	*why = room;
	return false;
}

static void
add(struct px_arena *a, struct px_text **list, const char *s)
{
	struct px_text *t = px_alloc(a, sizeof *t);

	t->s = s;
	while (*list != NULL)
		list = &(*list)->next;
	*list = t;
}

static void
add_commas(struct px_arena *a, struct px_text **list, const char *s)
{
	for (;;) {
		size_t n = strcspn(s, ",");

		if (n != 0)
			add(a, list, px_dup(a, s, n));
		if (s[n] == '\0')
			return;
		s += n + 1;
	}
}

/* 1 to 65535, or 0: it is no such number.  strtoul would take blanks and signs, too. */
static unsigned
number(const char *s)
{
	unsigned long n = strspn(s, "0123456789") == strlen(s) ? strtoul(s, NULL, 10) : 0;

	return n <= 65535 ? (unsigned)n : 0;
}

static bool
modes_ok(const struct px_text *m, const char **why)
{
	for (; m != NULL; m = m->next) {
		if (strcmp(m->s, "whole") == 0 || strcmp(m->s, "bytes") == 0 || strcmp(m->s, "split") == 0 ||
			strcmp(m->s, "coalesce") == 0)
			continue;
		if (strncmp(m->s, "split:", 6) == 0 && number(m->s + 6) != 0)
			continue;
		return bad(why, "unknown delivery: ", m->s);
	}
	return true;
}

enum kind { FLAG, WORD, LIST, COMMAS, NUMBER, SCALE };
struct option {
	const char *name;
	enum kind kind;
	size_t at; /* offset in px_opts */
};
#define AT(field) offsetof(struct px_opts, field)
static const struct option options[] = {
	{"fixtures", LIST, AT(fixtures)},
	{"case", LIST, AT(cases)},
	{"protocol", COMMAS, AT(protocols)},
	{"section", LIST, AT(sections)},
	{"level", COMMAS, AT(levels)},
	{"delivery", COMMAS, AT(modes)},
	{"can", COMMAS, AT(can)},
	{"given", LIST, AT(given)},
	{"proxy-port", NUMBER, AT(proxy_port)},
	{"profile", WORD, AT(profile)},
	{"baseline", WORD, AT(baseline)},
	{"target-host", WORD, AT(target_host)},
	{"target-name", WORD, AT(target_name)},
	{"pcap", WORD, AT(pcap)},
	{"tap", WORD, AT(tap)},
	{"junit", WORD, AT(junit)},
	{"json", WORD, AT(json)},
	{"strict", FLAG, AT(strict)},
	{"quiet", FLAG, AT(quiet)},
	{"verbose", FLAG, AT(verbose)},
	{"i-may-test-this-host", FLAG, AT(any_host)},
	{"jobs", NUMBER, AT(jobs)},
	{"time-scale", SCALE, AT(scale)},
};

static bool
take(struct px_arena *a, struct px_opts *o, const struct option *d, const char *value, const char **why)
{
	char *slot = (char *)o + d->at, *end;
	unsigned n;
	double *s = (double *)(void *)slot;

	switch (d->kind) {
	case FLAG:
		memcpy(slot, &(bool){true}, sizeof(bool));
		return true;
	case WORD:
		memcpy(slot, &value, sizeof value);
		return true;
	case LIST:
		add(a, (struct px_text **)(void *)slot, value);
		return true;
	case COMMAS:
		add_commas(a, (struct px_text **)(void *)slot, value);
		return true;
	case NUMBER:
		n = number(value);
		if (n == 0)
			return bad(why, "a number from 1 to 65535 is wanted, not ", value);
		*(unsigned *)(void *)slot = n;
		return true;
	case SCALE:
		*s = strtod(value, &end);
		if (*value == '\0' || *end != '\0' || !(*s > 0 && *s <= 1000))
			return bad(why, "a factor above 0, at most 1000, is wanted, not ", value);
		return true;
	}
	return false;
}

/* "--name value" or "--name=value". */
static bool
option(struct px_arena *a, struct px_opts *o, int argc, char **argv, int *i, const char **why)
{
	const char *name = argv[*i] + 2, *eq = strchr(name, '=');
	size_t n = eq == NULL ? strlen(name) : (size_t)(eq - name);

	for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
		if (strlen(options[k].name) != n || strncmp(options[k].name, name, n) != 0)
			continue;
		if (options[k].kind == FLAG)
			return eq == NULL ? take(a, o, &options[k], "", why)
					  : bad(why, "no value is wanted for ", argv[*i]);
		if (eq == NULL && *i + 1 >= argc)
			return bad(why, "a value is missing for ", argv[*i]);
		return take(a, o, &options[k], eq != NULL ? eq + 1 : argv[++*i], why);
	}
	return bad(why, "unknown option ", argv[*i]);
}

/* As it goes into a request: at most what a length octet of SOCKS5 says, and no address. */
static bool
is_name(const char *s)
{
	unsigned char room6[sizeof(struct in6_addr)];

	for (size_t i = 0; s[i] != '\0'; i++)
		if (i == 255 || s[i] <= 0x20 || s[i] == 0x7f)
			return false;
	return s[0] != '\0' && inet_pton(AF_INET, s, room6) != 1 && inet_pton(AF_INET6, s, room6) != 1;
}

/* What a command would not look at is not taken in silence. */
static bool
fits(const struct px_opts *o, const char **why)
{
	static const char *const protocols[] = {"socks4", "socks4a", "socks5", "http", "telnet", "other"};
	bool runs = strcmp(o->command, "server") == 0 || strcmp(o->command, "client") == 0;
	const char *report = o->tap != NULL	   ? "--tap"
			     : o->junit != NULL	   ? "--junit"
			     : o->json != NULL	   ? "--json"
			     : o->baseline != NULL ? "--baseline"
						   : NULL;

	if (!runs && report != NULL)
		return bad(why, report, " is for server and client");
	if (o->pcap != NULL && strcmp(o->command, "self") != 0 && strcmp(o->command, "lint") != 0)
		return bad(why, "--pcap is for self", "");
	if (strcmp(o->command, "server") != 0 && (o->target_host != NULL || o->target_name != NULL))
		return bad(why, o->target_host != NULL ? "--target-host" : "--target-name", " is for server");
	if (o->target_name != NULL && !is_name(o->target_name))
		return bad(why, "--target-name wants a name that can be resolved, not ", o->target_name);
	for (const struct px_text *p = o->protocols; p != NULL; p = p->next) {
		bool known = false;

		for (unsigned i = 0; i < sizeof protocols / sizeof *protocols; i++)
			known = known || strcmp(protocols[i], p->s) == 0;
		if (!known)
			return bad(why, "unknown protocol: ", p->s);
	}
	for (const struct px_text *g = o->given; g != NULL; g = g->next) {
		size_t n = strcspn(g->s, "=");

		if (n == 0 || n > 63 || g->s[n] == '\0')
			return bad(why, "--given wants NAME=VALUE, not ", g->s);
	}
	for (const struct px_text *l = o->levels; l != NULL; l = l->next)
		if (px_level_of(l->s, strlen(l->s)) == PX_L_NONE)
			return bad(why, "unknown level: ", l->s);
	return true;
}

bool
px_opts_read(struct px_arena *a, struct px_opts *o, int argc, char **argv, const char **why)
{
	memset(o, 0, sizeof *o);
	o->self = argc > 0 ? argv[0] : "proxyspec";
	o->argc = argc;
	o->argv = argv;
	o->jobs = 4;
	o->scale = 1;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc)
				add(a, &o->template, argv[i]);
		} else if (strncmp(argv[i], "--", 2) == 0) {
			if (!option(a, o, argc, argv, &i, why))
				return false;
		} else if (o->command == NULL) {
			o->command = argv[i];
		} else {
			add(a, &o->args, argv[i]);
		}
	}
	if (o->command == NULL)
		return bad(why, "a command is missing", "");
	if (o->modes == NULL)
		add(a, &o->modes, "whole");
	return fits(o, why) && modes_ok(o->modes, why);
}

void
px_usage(void)
{
	fputs("usage: proxyspec server [options] URL\n"
	      "       proxyspec client [options] [--profile FILE] [-- COMMAND TEMPLATE]\n"
	      "       proxyspec self [--pcap OUT.pcapng] | lint FILE ... | wire CAPTURE\n"
	      "       proxyspec list | explain ID | coverage\n"
	      "options: --fixtures DIR  --case ID  --protocol P  --section S  --level L  --can WORDS\n"
	      "         --delivery whole,bytes,split,coalesce  --strict  --baseline FILE  --jobs N  "
	      "--time-scale F\n"
	      "         --tap FILE  --junit FILE  --json FILE  --target-host ADDRESS  --target-name NAME\n"
	      "         --i-may-test-this-host  --quiet  --verbose; see proxyspec(1)\n",
		stderr);
}

const char *
px_protocol(const struct px_case *c)
{
	static const char *const names[] = {"socks5", "socks4a", "socks4", "http", "telnet"};

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (px_has_word(c->needs, names[i]))
			return names[i];
	return "other";
}

static bool
any_glob(const struct px_text *g, const char *s)
{
	for (; g != NULL; g = g->next)
		if (fnmatch(g->s, s, 0) == 0)
			return true;
	return false;
}

static bool
any_spec(const struct px_text *want, const struct px_case *c)
{
	for (; want != NULL; want = want->next)
		for (const struct px_text *t = c->spec; t != NULL; t = t->next)
			if (strstr(t->s, want->s) != NULL)
				return true;
	return false;
}

bool
px_selected(const struct px_opts *o, const struct px_case *c)
{
	if (o->cases != NULL && !any_glob(o->cases, c->id))
		return false;
	if (o->protocols != NULL && !px_has_word(o->protocols, px_protocol(c)))
		return false;
	if (o->sections != NULL && !any_spec(o->sections, c))
		return false;
	return o->levels == NULL || px_has_word(o->levels, px_level_name(c->level));
}

/* A typing error in one of many ids must not go unseen. */
static bool
names_one(const struct px_set *s, const struct px_text *g)
{
	const struct px_case *c = s->first;

	while (c != NULL && fnmatch(g->s, c->id, 0) != 0)
		c = c->next;
	return c != NULL;
}

bool
px_opts_load(const struct px_opts *o, struct px_set *s)
{
	bool ok = true;

	if (o->fixtures == NULL && px_load_builtin(s) == 0) {
		fputs("proxyspec: no traces are built in; --fixtures DIR names a folder of them\n", stderr);
		return false;
	}
	for (const struct px_text *f = o->fixtures; f != NULL; f = f->next)
		ok = px_load(s, f->s) && ok;
	for (const struct px_error *e = s->errs.first; e != NULL; e = e->next)
		px_say(stderr, e->text);
	for (const struct px_text *g = o->cases; g != NULL && ok && s->errs.n == 0; g = g->next)
		if (!names_one(s, g)) {
			fputs("proxyspec: no trace has the id ", stderr);
			px_say(stderr, g->s);
		}
	return ok && s->errs.n == 0;
}
