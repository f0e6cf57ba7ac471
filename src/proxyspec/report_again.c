/* SPDX-License-Identifier: ISC
 * report_again.c - the command that repeats a case, and the finding that decided it.
 * One thing to know: a word with octets that no report may show goes through printf, so that it can be copied. */
#include "report.h"

#include <stdlib.h>

static bool
plain(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@,%+{}",
			    *s) == NULL)
			return false;
	return true;
}

/* A word for sh. */
static void
put_word(struct px_buf *b, const char *s)
{
	unsigned long c;
	bool odd = false;

	if (plain(s)) {
		px_puts(b, s);
		return;
	}
	for (const char *p = s; *p != '\0'; p += odd ? strlen(p) : px_char(p, &c))
		odd = px_char(p, &c) == 0;
	px_puts(b, odd ? "\"$(printf '" : "'");
	for (const char *p = s; *p != '\0'; p++)
		if (odd && (*p < 0x20 || *p > 0x7e || strchr("'\\%", *p) != NULL))
			px_printf(b, "\\%03o", (unsigned)(unsigned char)*p);
		else if (*p == '\'')
			px_puts(b, "'\\''");
		else
			px_put(b, p, 1);
	px_puts(b, odd ? "')\"" : "'");
}

/* Options that select or report are replaced; those that say what is tested stay. */
static bool
dropped(const char *arg, bool *value)
{
	static const char *const names[] = {"--case", "--protocol", "--section", "--level", "--delivery",
		"--baseline", "--tap", "--junit", "--json", "--jobs"};
	size_t n = strcspn(arg, "=");

	*value = false;
	if (strcmp(arg, "--quiet") == 0)
		return true;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == n && strncmp(names[i], arg, n) == 0) {
			*value = arg[n] != '=';
			return true;
		}
	return false;
}

static void
put_choice(struct px_buf *b, const struct px_done *d)
{
	char mode[24];

	px_puts(b, " --case ");
	put_word(b, d->held_by != NULL ? d->held_by->id : d->c->id);
	if (d->held_by == NULL && d->worst != NULL && d->worst->how.delivery != PX_D_WHOLE)
		px_printf(b, " --delivery %s", px_mode_text(&d->worst->how, mode));
}

void
px_again_command(struct px_buf *b, const struct px_report *r, const struct px_done *d)
{
	static const char *const env[] = {"PROXYSPEC_FIXTURES", "PROXYSPEC_PROFILES"};
	bool value, told = false;

	for (unsigned i = 0; i < sizeof env / sizeof *env; i++) {
		const char *v = getenv(env[i]);

		if (v == NULL || *v == '\0')
			continue;
		px_printf(b, "%s=", env[i]);
		put_word(b, v);
		px_puts(b, " ");
	}
	put_word(b, r->o->self);
	for (int i = 1; i < r->o->argc; i++) {
		const char *a = r->o->argv[i];

		if (strcmp(a, "--") == 0 && !told) {
			put_choice(b, d);
			told = true;
		}
		if (!told && dropped(a, &value)) {
			i += value ? 1 : 0;
			continue;
		}
		px_puts(b, " ");
		put_word(b, a);
	}
	if (!told)
		put_choice(b, d);
}

const struct px_finding *
px_main_finding(const struct px_done *d)
{
	const struct px_result *r;

	if (d->worst == NULL || d->worst->res.n == 0)
		return NULL;
	r = &d->worst->res;
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].outcome == r->outcome)
			return &r->v[i];
	return &r->v[0];
}
