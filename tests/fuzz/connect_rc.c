/* SPDX-License-Identifier: ISC
 * connect_rc.c - any parameter file (docs/connect.1, "FILES").
 * Input: the file.  One thing to know: no value may hold a line end, and what a file set is gone after conf_forget. */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "conf_param.h"
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static int fd = -1;
	static char path[64];

	if (fd < 0) {
		fd = memfd_create("rc", MFD_CLOEXEC);
		CLAIM(fd >= 0 && fchmod(fd, 0600) == 0, "no file");
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	CLAIM(ftruncate(fd, 0) == 0 && pwrite(fd, p, n, 0) == (ssize_t)n, "not written");
	CLAIM(conf_read_file(path) == 0 || n > 1024 * 1024, "a faulty line ends the program");
	for (size_t i = 0; i < conf_nparams; i++) {
		const char *v = conf_params[i].value;

		CLAIM(v == NULL || strchr(v, '\n') == NULL, "%s has a line end", conf_params[i].name);
		CLAIM(v == NULL || memmem(p, n, v, strlen(v)) != NULL, "%s is not in the file",
			conf_params[i].name);
	}
	conf_forget();
	for (size_t i = 0; i < conf_nparams; i++)
		CLAIM(conf_params[i].value == NULL, "%s is still there", conf_params[i].name);
	return 0;
}
