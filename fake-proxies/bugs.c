/* SPDX-License-Identifier: ISC
 * bugs.c - the table of bugs.def by name; see there. */
#include "conf.h"

#include <stdio.h>

static const struct {
	const char *name, *role, *req, *text;
} table[BUG_COUNT] = {
#define BUG(sym, name, role, req, text) {name, role, req, text},
#include "bugs.def"
#undef BUG
};

const char *
fp_bug_name(enum fp_bug b)
{
	return table[b].name;
}

bool
fp_bug_add(struct fp_conf *cf, const char *name)
{
	for (int i = 0; i < BUG_COUNT; i++) {
		if (strcmp(table[i].name, name) == 0) {
			cf->bugs.on[i] = true;
			if (i >= BUG_TUN_FIRST_LOST && i <= BUG_TUN_IAC_DOUBLED)
				cf->bugs.any_tunnel = true;
			return true;
		}
	}
	return fp_complain("--bug %s: no such bug (--list-bugs names them)", name);
}

/* Whether one of the roles that run has this bug. */
static bool
fits(const struct fp_conf *cf, int i)
{
	enum fp_role r;

	if (strcmp(table[i].role, "all") == 0)
		return true;
	if (!fp_role_of(table[i].role, &r))
		return false;
	return fp_has_role(cf, r) || (fp_has_role(cf, ROLE_SOCKS) && (r == ROLE_SOCKS4 || r == ROLE_SOCKS5));
}

bool
fp_bugs_fit(const struct fp_conf *cf)
{
	bool ok = true;

	for (int i = 0; i < BUG_COUNT; i++)
		if (cf->bugs.on[i] && !fits(cf, i))
			ok = fp_complain(
				"--bug %s is a bug of %s, which does not run", table[i].name, table[i].role);
	return ok;
}

void
fp_bug_list(const struct fp_conf *cf)
{
	for (int i = 0; i < BUG_COUNT; i++)
		if (cf->n_role == 0 || fits(cf, i))
			printf("%s\t%s\t%s\t%s\n", table[i].name, table[i].role, table[i].req, table[i].text);
}
