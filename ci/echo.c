/* SPDX-License-Identifier: ISC
 * echo.c - a target for demonstrations and tests: greets, then sends back what it gets, until end of file.
 * Prints its port on loopback; ends when its standard input does. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
serve(int fd)
{
	static const char hello[] = "hello from the target\n";
	char buf[65536];
	ssize_t n = write(fd, hello, sizeof hello - 1);

	while (n > 0 && (n = read(fd, buf, sizeof buf)) > 0) {
		for (ssize_t at = 0, w; at < n; at += w) {
			w = write(fd, buf + at, (size_t)(n - at));
			if (w <= 0)
				_exit(1);
		}
	}
	_exit(0);
}

int
main(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int lfd = socket(AF_INET, SOCK_STREAM, 0);
	struct pollfd p[2] = {{.fd = lfd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};

	signal(SIGCHLD, SIG_IGN);
	if (lfd < 0 || bind(lfd, (struct sockaddr *)&a, len) < 0 || listen(lfd, 64) < 0 ||
		getsockname(lfd, (struct sockaddr *)&a, &len) < 0) {
		perror("echo");
		return 1;
	}
	printf("%u\n", (unsigned)ntohs(a.sin_port));
	fflush(stdout);
	while (poll(p, 2, -1) >= 0 && !p[1].revents) {
		int fd = accept(lfd, NULL, NULL);

		if (fd < 0)
			continue;
		if (fork() == 0) {
			close(lfd);
			serve(fd);
		}
		close(fd);
	}
	return 0;
}
