/* SPDX-License-Identifier: ISC
 * spec_url.c - any text as the URL of a proxy, and as a profile of a client (docs/proxyspec.1).
 * Input: 1 octet: 0 URL, 1 profile; then the text.  One thing to know: names are looked up here in no network. */
#include <netdb.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cast.h"
#include "lib/fuzz.h"

/* In place of the C library's: every name is 127.0.0.1. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	static struct sockaddr_in a;
	static struct addrinfo ai;

	(void)hints;
	if (node == NULL || node[0] == '\0' || service == NULL)
		return EAI_NONAME;
	a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ai = (struct addrinfo){
		.ai_family = AF_INET, .ai_addr = (struct sockaddr *)&a, .ai_addrlen = sizeof a};
	*res = &ai;
	return 0;
}

void
freeaddrinfo(struct addrinfo *res)
{
	(void)res;
}

static void
url(struct px_arena *a, const char *text)
{
	struct px_subject s = {0};
	const char *why = NULL;

	if (px_subject_url(a, &s, text, false, &why))
		CLAIM(s.can != NULL && strstr(text, "://") != NULL, "\"%s\" is accepted", text);
	else
		CLAIM(why != NULL && why[0] != '\0', "\"%s\" is refused without a word", text);
}

static void
profile(struct px_arena *a, struct span text)
{
	static int fd = -1;
	static char path[64];
	struct px_errors errs;
	const struct px_profile *p;

	if (fd < 0) {
		fd = memfd_create("profile", MFD_CLOEXEC);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	CLAIM(ftruncate(fd, 0) == 0 && pwrite(fd, text.p, text.n, 0) == (ssize_t)text.n, "not written");
	px_errors_init(&errs, a);
	p = px_profile_read(a, path, &errs);
	CLAIM(p != NULL || errs.n > 0, "refused without a word");
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of(p, n);
	unsigned which = fuzz_u8(&in) & 1;
	struct px_arena *a = px_arena_new();
	char *text = fuzz_string(in);

	if (which == 0)
		url(a, text);
	else
		profile(a, in);
	free(text);
	px_arena_free(a);
	return 0;
}
