/* SPDX-License-Identifier: ISC
 * play_unread.c - has the program at the other end taken what it was sent?
 * One thing to know: the kernel tells of sockets of its own network namespace only (sock_diag(7)); of a peer that is
 * elsewhere nothing is known, and "unread" is then not said. */
#include "play.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct question {
	struct nlmsghdr head;
	struct inet_diag_req_v2 diag;
};

static bool
address(const struct net_addr *a, __be16 *port, __be32 to[4])
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&a->ss;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->ss;

	if (a->ss.ss_family == AF_INET) {
		*port = in->sin_port;
		memcpy(to, &in->sin_addr, sizeof in->sin_addr);
	} else if (a->ss.ss_family == AF_INET6) {
		*port = in6->sin6_port;
		memcpy(to, &in6->sin6_addr, sizeof in6->sin6_addr);
	} else {
		return false;
	}
	return true;
}

/* The octets that wait in the socket of q; 0, too, where there is no such socket or nobody who would tell. */
static uint32_t
waiting(const struct question *q)
{
	static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	union {
		struct nlmsghdr head;
		char room[1024];
	} a;
	struct inet_diag_msg m;
	ssize_t n = -1;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return 0;
	if (sendto(fd, q, sizeof *q, 0, (const struct sockaddr *)&kernel, sizeof kernel) ==
		(ssize_t)sizeof *q)
		n = recv(fd, &a, sizeof a, 0);
	close(fd);
	if (n < (ssize_t)NLMSG_LENGTH(sizeof m) || a.head.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return 0;
	memcpy(&m, NLMSG_DATA(&a.head), sizeof m);
	return m.idiag_rqueue;
}

bool
px_left_unread(int fd)
{
	struct question q = {
		.head = {.nlmsg_len = sizeof q,
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST},
		.diag = {.sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0u},
	};
	struct inet_diag_sockid *id = &q.diag.id;
	struct net_addr here, there;

	if (net_addr_of(fd, true, &here) < 0 || net_addr_of(fd, false, &there) < 0 ||
		!address(&there, &id->idiag_sport, id->idiag_src) ||
		!address(&here, &id->idiag_dport, id->idiag_dst))
		return false;
	q.diag.sdiag_family = (__u8)here.ss.ss_family;
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return waiting(&q) != 0;
}
