/* SPDX-License-Identifier: ISC
 * fake_knobs.c - the small languages of fakeproxy's command line (docs/fakeproxy.1): knobs, HOST:PORT, rules, numbers,
 * names of bugs, users.
 * Input: 1 octet chooses one; then its text. */
#include "conf.h"
#include "lib/fuzz.h"

#include <inttypes.h>

static struct fp_conf conf;

static void
users(const char *s)
{
	if (setenv("FAKEPROXY_USER", s, 1) != 0)
		abort();
	if (fp_users_env(&conf))
		CLAIM(conf.n_user <= 1, "%zu users in one line", conf.n_user);
}

static void
hostport(const char *s)
{
	struct fp_hostport hp = {0};
	struct fp_rule rule = {0};

	if (fp_hostport(s, &hp))
		CLAIM(memchr(hp.host, '\0', sizeof hp.host) != NULL, "no end");
	if (fp_rule(s, &rule))
		CLAIM(memchr(rule.host, '\0', sizeof rule.host) != NULL && rule.host[0] != '\0', "\"%s\"", s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of(p, n);
	unsigned which = fuzz_u8(&in) % 9;
	char *s = fuzz_string(in);
	int64_t v = 0;

	fp_conf_init(&conf);
	if (which < ROLE_COUNT) {
		conf.role[0] = (enum fp_role)which;
		conf.n_role = 1;
		(void)fp_knob(&conf, s);
	} else if (which == ROLE_COUNT) {
		users(s);
	} else if (which == ROLE_COUNT + 1) {
		hostport(s);
	} else {
		(void)fp_bug_add(&conf, s);
		if (fp_number(s, -5, 70000, &v))
			CLAIM(v >= -5 && v <= 70000, "%" PRId64, v);
	}
	free(s);
	fp_conf_free(&conf);
	return 0;
}
