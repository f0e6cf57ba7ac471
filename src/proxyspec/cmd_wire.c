#include "opts.h"
int
px_cmd_wire(struct px_opts *o, struct px_arena *a)
{
	(void)o;
	(void)a;
	return 0;
}
