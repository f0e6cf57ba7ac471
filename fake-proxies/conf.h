/* SPDX-License-Identifier: ISC
 * conf.h - what the command line asked for: roles, knobs, users, rules, faults, records.
 * One thing to know: it is read-only once the options are read; only the bugs keep notes of being shown. */
#ifndef FP_CONF_H
#define FP_CONF_H

#include "net.h"
#include "span.h"

enum fp_role { ROLE_SOCKS4, ROLE_SOCKS5, ROLE_SOCKS, ROLE_HTTP, ROLE_TELNET, ROLE_PASS, ROLE_COUNT };

enum fp_bug {
#define BUG(sym, name, role, req, text) BUG_##sym,
#include "bugs.def"
#undef BUG
	BUG_COUNT
};

struct fp_bugs {
	bool on[BUG_COUNT], shown[BUG_COUNT];
	bool any_tunnel; /* one of those that change the tunnel's octets */
};

#define FP_ANY (-1) /* a number that was not set */
#define FP_MAX 32   /* entries of each list below */
#define FP_NAME 256 /* a name of 255 octets and NUL */

struct fp_user {
	struct span name, pass; /* owned by the configuration, wiped at the end */
};

/* HOST:PORT as a pattern: host "*" and port 0 match all. */
struct fp_rule {
	char host[FP_NAME];
	uint16_t port;
	struct net_addr to; /* --redirect, --resolve */
};

/* HOST:PORT as a value, for BND and --to. */
struct fp_hostport {
	bool set, is_name;
	char host[FP_NAME];
	uint16_t port;
	struct net_addr addr; /* unless is_name */
};

struct fp_socks {
	int vn, cd, ident;
	char userid[FP_NAME];
	bool userid_set;
	int ver, up_status, rep, rsv, atyp, force_method;
	uint8_t methods[FP_MAX];
	int n_methods;
	struct fp_hostport bnd;
};

enum fp_framing { FRAME_LENGTH, FRAME_CHUNKED, FRAME_CLOSE };

struct fp_http {
	int status, minor, body;
	bool use_401, one_line, close_after;
	enum fp_framing framing;
	const char *reason, *realm;
	const char *header[FP_MAX], *challenge[FP_MAX];
	int interim[FP_MAX];
	int n_header, n_challenge, n_interim;
};

enum fp_dialect { TN_PLAIN, TN_DELEGATE, TN_FWTK };
enum fp_echo { ECHO_DEFAULT, ECHO_NEVER, ECHO_AGREED, ECHO_ALWAYS };

struct fp_telnet {
	enum fp_dialect dialect;
	enum fp_echo echo;
	int login, iac; /* FP_ANY, 0, 1 */
	const char *banner, *prompt, *success, *failure;
};

struct fp_flip {
	uint64_t at;
	uint8_t by;
};

struct fp_faults {
	bool any, bytes, coalesce, whole_stream;
	int64_t split, delay, stall, cut, reset; /* -1 = off */
	struct fp_flip flip[FP_MAX];
	int n_flip;
};

enum fp_log { LOG_OFF, LOG_TEXT, LOG_JSON };

struct fp_conf {
	enum fp_role role[FP_MAX];
	struct net_addr listen[FP_MAX];
	int n_role, n_listen;
	bool public_ok, list_bugs;
	bool no_memory;			   /* while the options were read */
	int64_t max_connections, lifetime; /* 0 = no limit */
	int64_t dial_timeout, handshake_timeout;
	struct fp_hostport to;
	struct fp_rule resolve[FP_MAX], redirect[FP_MAX], deny[FP_MAX];
	int n_resolve, n_redirect, n_deny;
	struct fp_user *user;
	size_t n_user;
	char *user_text[2]; /* the file and the environment's line, which the users point into */
	size_t user_size[2];
	struct fp_socks socks;
	struct fp_http http;
	struct fp_telnet telnet;
	struct fp_faults fault;
	struct fp_bugs bugs;
	enum fp_log log;
	const char *log_file, *trace_dir;
	bool show_secrets;
	size_t trace_payload;
};

/* The values without any option. */
void fp_conf_init(struct fp_conf *);

/* Read the command line.  Returns -1 to go on, or the exit status after having said why. */
int fp_options(struct fp_conf *, int argc, char **argv);

/* Wipe and free what the options allocated. */
void fp_conf_free(struct fp_conf *);

/* One -o NAME=VALUE; true, or false with a line on standard error. */
bool fp_knob(struct fp_conf *, char *text);

/* Users from a file or from one line; the same. */
bool fp_users_file(struct fp_conf *, const char *path);
bool fp_users_env(struct fp_conf *);

const char *fp_role_name(enum fp_role);
bool fp_role_of(const char *name, enum fp_role *out);
bool fp_has_role(const struct fp_conf *, enum fp_role);

/* bugs.c */
bool fp_bug_add(struct fp_conf *, const char *name);
void fp_bug_list(const struct fp_conf *);
const char *fp_bug_name(enum fp_bug);
/* False, with a line on standard error, if a bug belongs to a role that does not run. */
bool fp_bugs_fit(const struct fp_conf *);

/* parse.c: small values.  All return false if the text is not one; the caller says so. */
bool fp_number(
	const char *text, int64_t min, int64_t max, int64_t *out);   /* decimal, or hexadecimal with 0x */
bool fp_addr(const char *host, uint16_t port, struct net_addr *out); /* numeric, canonical */
bool fp_split(
	const char *text, char *host, size_t cap, const char **port); /* at the last colon; brackets go */
bool fp_hostport(const char *text, struct fp_hostport *out);
bool fp_rule(const char *text, struct fp_rule *out); /* HOST:PORT with stars */

/* "fakeproxy: TEXT" on standard error, control octets escaped; returns false. */
bool fp_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
