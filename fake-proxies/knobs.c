/* SPDX-License-Identifier: ISC
 * knobs.c - the -o NAME=VALUE of each role; what they mean is in docs/fakeproxy.1, What to answer.
 * The one thing to know: one table; an entry says which roles have the knob and how its value is read. */
#include "conf.h"

#include <stddef.h>

enum how { NUMBER, TEXT, LIST, WORD, SPECIAL };
enum { R4 = 1, R5 = 2, RH = 4, RT = 8 };

struct knob {
	const char *name;
	unsigned roles;
	enum how how;
	size_t at, count_at; /* where in struct fp_conf */
	int64_t min, max;
	const char *words; /* WORD: separated by commas, in the order of the enum's values */
};

#define HEADERS_MAX 40000 /* octets of -o header together: http_resp.c has room for them */

#define AT(m) offsetof(struct fp_conf, m)

static bool set_method(struct fp_conf *, const char *), set_bnd(struct fp_conf *, const char *),
	set_userid(struct fp_conf *, const char *), set_interim(struct fp_conf *, const char *),
	set_version(struct fp_conf *, const char *), set_header(struct fp_conf *, const char *);

static const struct {
	const char *name;
	bool (*set)(struct fp_conf *, const char *);
} special[] = {{"method", set_method}, {"bnd", set_bnd}, {"userid", set_userid}, {"interim", set_interim},
	{"version", set_version}, {"header", set_header}};

static const struct knob table[] = {
	{"vn", R4, NUMBER, AT(socks.vn), 0, 0, 255, NULL},
	{"cd", R4, NUMBER, AT(socks.cd), 0, 0, 255, NULL},
	{"ident", R4, NUMBER, AT(socks.ident), 0, 1, 65535, NULL},
	{"userid", R4, SPECIAL, 0, 0, 0, 0, NULL},
	{"bnd", R4 | R5, SPECIAL, 0, 0, 0, 0, NULL},
	{"method", R5, SPECIAL, 0, 0, 0, 0, NULL},
	{"ver", R5, NUMBER, AT(socks.ver), 0, 0, 255, NULL},
	{"up-status", R5, NUMBER, AT(socks.up_status), 0, 0, 255, NULL},
	{"rep", R5, NUMBER, AT(socks.rep), 0, 0, 255, NULL},
	{"rsv", R5, NUMBER, AT(socks.rsv), 0, 0, 255, NULL},
	{"atyp", R5, WORD, AT(socks.atyp), 0, 0, 0, ",ip4,,domain,ip6"},
	{"status", RH, NUMBER, AT(http.status), 0, 200, 999, NULL},
	{"reason", RH, TEXT, AT(http.reason), 0, 0, 0, NULL},
	{"version", RH, SPECIAL, 0, 0, 0, 0, NULL},
	{"header", RH, SPECIAL, 0, 0, 0, 0, NULL},
	{"interim", RH, SPECIAL, 0, 0, 0, 0, NULL},
	{"auth", RH, WORD, AT(http.use_401), 1, 0, 0, "407,401"},
	{"realm", RH, TEXT, AT(http.realm), 0, 0, 0, NULL},
	{"challenge", RH, LIST, AT(http.challenge), AT(http.n_challenge), 0, 0, NULL},
	{"challenges", RH, WORD, AT(http.one_line), 1, 0, 0, "many-lines,one-line"},
	{"after-challenge", RH, WORD, AT(http.close_after), 1, 0, 0, "keep,close"},
	{"framing", RH, WORD, AT(http.framing), 0, 0, 0, "length,chunked,close"},
	{"body", RH, NUMBER, AT(http.body), 0, 0, 60000, NULL},
	{"dialect", RT, WORD, AT(telnet.dialect), 0, 0, 0, "plain,delegate,fwtk"},
	{"login", RT, WORD, AT(telnet.login), 0, 0, 0, "no,yes"},
	{"iac", RT, WORD, AT(telnet.iac), 0, 0, 0, "no,yes"},
	{"echo", RT, WORD, AT(telnet.echo), 0, 0, 0, ",never,agreed,always"},
	{"banner", RT, TEXT, AT(telnet.banner), 0, 0, 0, NULL},
	{"prompt", RT, TEXT, AT(telnet.prompt), 0, 0, 0, NULL},
	{"success", RT, TEXT, AT(telnet.success), 0, 0, 0, NULL},
	{"failure", RT, TEXT, AT(telnet.failure), 0, 0, 0, NULL},
};

static bool
set_method(struct fp_conf *cf, const char *v)
{
	char word[16];
	int64_t n;

	if (*v == '!') {
		if (!fp_number(v + 1, 0, 255, &n))
			return false;
		cf->socks.force_method = (int)n;
		return true;
	}
	cf->socks.n_methods = 0;
	for (;;) {
		size_t len = strcspn(v, ",");

		if (len == 0 || len >= sizeof word || cf->socks.n_methods == FP_MAX)
			return false;
		memcpy(word, v, len);
		word[len] = '\0';
		if (strcmp(word, "none") == 0)
			n = 0;
		else if (strcmp(word, "userpass") == 0)
			n = 2;
		else if (!fp_number(word, 0, 254, &n))
			return false;
		cf->socks.methods[cf->socks.n_methods++] = (uint8_t)n;
		if (v[len] == '\0')
			return true;
		v += len + 1;
	}
}

static bool
set_bnd(struct fp_conf *cf, const char *v)
{
	return fp_hostport(v, &cf->socks.bnd);
}

static bool
set_userid(struct fp_conf *cf, const char *v)
{
	if (strlen(v) >= sizeof cf->socks.userid)
		return false;
	memcpy(cf->socks.userid, v, strlen(v) + 1);
	cf->socks.userid_set = true;
	return true;
}

static bool
set_interim(struct fp_conf *cf, const char *v)
{
	int64_t n;

	if (!fp_number(v, 100, 199, &n) || cf->http.n_interim == FP_MAX)
		return false;
	cf->http.interim[cf->http.n_interim++] = (int)n;
	return true;
}

static bool
set_version(struct fp_conf *cf, const char *v)
{
	if (strcmp(v, "1.0") != 0 && strcmp(v, "1.1") != 0)
		return false;
	cf->http.minor = v[2] - '0';
	return true;
}

static bool
set_header(struct fp_conf *cf, const char *v)
{
	const char *colon = strchr(v, ':');
	size_t all = strlen(v);

	for (int i = 0; i < cf->http.n_header; i++)
		all += strlen(cf->http.header[i]);
	if (colon == NULL || colon == v || strpbrk(v, "\r\n") != NULL || strlen(v) > 8000 ||
		all > HEADERS_MAX || cf->http.n_header == FP_MAX)
		return false;
	cf->http.header[cf->http.n_header++] = v;
	return true;
}

static bool
set_word(const struct knob *k, void *at, const char *v)
{
	const char *w = k->words;
	int value = 0;

	for (;;) {
		size_t n = strcspn(w, ",");

		if (n != 0 && strlen(v) == n && memcmp(w, v, n) == 0)
			break;
		if (w[n] == '\0')
			return false;
		w += n + 1;
		value++;
	}
	if (k->count_at == 1) /* a bool */
		*(bool *)at = value != 0;
	else
		*(int *)at = value;
	return true;
}

static bool
set(struct fp_conf *cf, const struct knob *k, const char *v)
{
	void *at = (char *)cf + k->at;
	int *count = (int *)(void *)((char *)cf + k->count_at);
	int64_t n;

	switch (k->how) {
	case NUMBER:
		if (!fp_number(v, k->min, k->max, &n))
			return false;
		*(int *)at = (int)n;
		return true;
	case TEXT:
		*(const char **)at = v;
		return strlen(v) <= 800 && (k->roles != RH || strpbrk(v, "\r\n") == NULL);
	case LIST:
		if (*count == FP_MAX || strpbrk(v, "\r\n") != NULL || strlen(v) > 400 || *v == '\0')
			return false;
		((const char **)at)[(*count)++] = v;
		return true;
	case WORD:
		return set_word(k, at, v);
	case SPECIAL:
		break;
	}
	for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
		if (strcmp(special[i].name, k->name) == 0)
			return special[i].set(cf, v);
	return false;
}

static unsigned
roles_of(const struct fp_conf *cf)
{
	unsigned r = 0;

	r |= fp_has_role(cf, ROLE_SOCKS4) || fp_has_role(cf, ROLE_SOCKS) ? (unsigned)R4 : 0u;
	r |= fp_has_role(cf, ROLE_SOCKS5) || fp_has_role(cf, ROLE_SOCKS) ? (unsigned)R5 : 0u;
	r |= fp_has_role(cf, ROLE_HTTP) ? (unsigned)RH : 0u;
	r |= fp_has_role(cf, ROLE_TELNET) ? (unsigned)RT : 0u;
	return r;
}

bool
fp_knob(struct fp_conf *cf, char *text)
{
	const char *eq = strchr(text, '=');
	size_t n = eq != NULL ? (size_t)(eq - text) : 0;

	if (n == 0)
		return fp_complain("-o %s: NAME=VALUE is wanted", text);
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		const struct knob *k = &table[i];

		if (strlen(k->name) != n || memcmp(k->name, text, n) != 0)
			continue;
		if ((k->roles & roles_of(cf)) == 0)
			return fp_complain("-o %s: no role that runs has this knob", text);
		return set(cf, k, eq + 1) || fp_complain("-o %.300s%s: %s cannot be that", text,
						     strlen(text) > 300 ? "..." : "", k->name);
	}
	return fp_complain("-o %s: there is no such knob", text);
}
