/* SPDX-License-Identifier: ISC
 * options_set.c - what each option does with its value; docs/fakeproxy.1.
 * The one thing to know: a value that is not wholly understood is refused, the caller says so. */
#include "options.h"

static bool
add_listen(struct fp_conf *cf, const char *v)
{
	struct fp_hostport hp;

	return cf->n_listen < FP_MAX && fp_hostport(v, &hp) && !hp.is_name &&
	       (cf->listen[cf->n_listen++] = hp.addr, true);
}

/* LEFT=RIGHT */
static bool
halves(const char *v, char *left, size_t cap, const char **right)
{
	const char *eq = strrchr(v, '=');

	if (eq == NULL || eq == v || (size_t)(eq - v) >= cap)
		return false;
	memcpy(left, v, (size_t)(eq - v));
	left[eq - v] = '\0';
	*right = eq + 1;
	return true;
}

static bool
add_resolve(struct fp_conf *cf, const char *v)
{
	struct fp_rule *r = &cf->resolve[cf->n_resolve];
	const char *right;

	return cf->n_resolve < FP_MAX && halves(v, r->host, sizeof r->host, &right) &&
	       fp_addr(right, 0, &r->to) && ++cf->n_resolve != 0;
}

static bool
add_redirect(struct fp_conf *cf, const char *v)
{
	struct fp_rule *r = &cf->redirect[cf->n_redirect];
	char left[FP_NAME + 8];
	struct fp_hostport hp;
	const char *right;

	if (cf->n_redirect == FP_MAX || !halves(v, left, sizeof left, &right) || !fp_rule(left, r) ||
		!fp_hostport(right, &hp) || hp.is_name || hp.port == 0)
		return false;
	r->to = hp.addr;
	cf->n_redirect++;
	return true;
}

static bool
add_flip(struct fp_conf *cf, const char *v)
{
	char left[24];
	const char *right;
	int64_t at, by;

	if (cf->fault.n_flip == FP_MAX || !fp_split(v, left, sizeof left, &right) ||
		!fp_number(left, 0, INT64_C(1) << 40, &at) || !fp_number(right, 1, 255, &by))
		return false;
	cf->fault.flip[cf->fault.n_flip++] = (struct fp_flip){(uint64_t)at, (uint8_t)by};
	return true;
}

static bool
on(bool *b)
{
	*b = true;
	return true;
}

static bool
set_log(struct fp_conf *cf, const char *v)
{
	cf->log = strcmp(v, "json") == 0 ? LOG_JSON : LOG_TEXT;
	return cf->log == LOG_JSON || strcmp(v, "text") == 0;
}

static bool
set_faults(struct fp_conf *cf, enum opt id, const char *v)
{
	struct fp_faults *f = &cf->fault;

	f->any = true;
	switch (id) {
	case O_SPLIT:
		return fp_number(v, 1, INT64_C(1) << 40, &f->split);
	case O_BYTES:
		return on(&f->bytes);
	case O_COALESCE:
		return on(&f->coalesce);
	case O_DELAY:
		return fp_number(v, 1, 3600000, &f->delay);
	case O_STALL:
		return fp_number(v, 0, INT64_C(1) << 40, &f->stall);
	case O_CUT:
		return fp_number(v, 0, INT64_C(1) << 40, &f->cut);
	case O_RESET:
		return fp_number(v, 0, INT64_C(1) << 40, &f->reset);
	case O_FLIP:
		return add_flip(cf, v);
	default:
		return false;
	}
}

static bool
set_limits(struct fp_conf *cf, enum opt id, const char *v)
{
	int64_t n;

	switch (id) {
	case O_MAX:
		return fp_number(v, 1, INT64_C(1) << 40, &cf->max_connections);
	case O_LIFETIME:
		return fp_number(v, 1, INT64_C(1) << 31, &cf->lifetime);
	case O_DIAL:
		return fp_number(v, 1, 86400, &cf->dial_timeout);
	case O_SHAKE:
		return fp_number(v, 0, 86400, &cf->handshake_timeout);
	case O_PAYLOAD:
		if (!fp_number(v, 0, INT64_C(1) << 30, &n))
			return false;
		cf->trace_payload = (size_t)n;
		return true;
	default:
		return false;
	}
}

bool
fp_set_option(struct fp_conf *cf, enum opt id, const char *v)
{
	switch (id) {
	case O_LISTEN:
		return add_listen(cf, v);
	case O_PUBLIC:
		return on(&cf->public_ok);
	case O_ONCE:
		cf->max_connections = 1;
		return true;
	case O_TO:
		return fp_hostport(v, &cf->to) && cf->to.port != 0;
	case O_RESOLVE:
		return add_resolve(cf, v);
	case O_REDIRECT:
		return add_redirect(cf, v);
	case O_DENY:
		return cf->n_deny < FP_MAX && fp_rule(v, &cf->deny[cf->n_deny]) && ++cf->n_deny != 0;
	case O_WHOLE:
		return on(&cf->fault.whole_stream);
	case O_BUGS:
		return on(&cf->list_bugs);
	case O_LOG:
		return set_log(cf, v);
	case O_LOGFILE:
		cf->log_file = v;
		return true;
	case O_TRACE:
		cf->trace_dir = v;
		return true;
	case O_SECRETS:
		return on(&cf->show_secrets);
	case O_MAX:
	case O_LIFETIME:
	case O_DIAL:
	case O_SHAKE:
	case O_PAYLOAD:
		return set_limits(cf, id, v);
	default:
		return set_faults(cf, id, v);
	}
}
