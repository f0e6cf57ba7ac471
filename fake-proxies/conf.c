/* SPDX-License-Identifier: ISC
 * conf.c - the configuration without any option, and the names of the roles; see conf.h.
 * The one thing to know: FP_ANY is "not set", so that 0 can be asked for. */
#include "conf.h"

static const char *const role_names[ROLE_COUNT] = {"socks4", "socks5", "socks", "http", "telnet", "pass"};

const char *
fp_role_name(enum fp_role r)
{
	return role_names[r];
}

bool
fp_role_of(const char *name, enum fp_role *out)
{
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (strcmp(role_names[i], name) == 0) {
			*out = (enum fp_role)i;
			return true;
		}
	}
	return false;
}

bool
fp_has_role(const struct fp_conf *cf, enum fp_role r)
{
	for (int i = 0; i < cf->n_role; i++)
		if (cf->role[i] == r)
			return true;
	return false;
}

void
fp_conf_init(struct fp_conf *cf)
{
	memset(cf, 0, sizeof *cf);
	cf->dial_timeout = 30;
	cf->handshake_timeout = 60;
	cf->socks.vn = cf->socks.cd = cf->socks.ident = cf->socks.ver = cf->socks.up_status = FP_ANY;
	cf->socks.rep = cf->socks.rsv = cf->socks.atyp = cf->socks.force_method = FP_ANY;
	cf->http.status = cf->http.body = FP_ANY;
	cf->http.minor = 1;
	cf->telnet.login = cf->telnet.iac = FP_ANY;
	cf->fault.split = cf->fault.delay = cf->fault.stall = cf->fault.cut = cf->fault.reset = -1;
}
