/* SPDX-License-Identifier: GPL-2.0 */
/* The TDX host in sysfs */
#ifndef _TDX_UPDATE_TDX_HOST_H
#define _TDX_UPDATE_TDX_HOST_H

#include "tdx_image.h"

#define TDX_HOST	"devices/faux/tdx_host/"
#define UPLOAD		"class/firmware/tdx_module/"

struct host {
	enum { READY, NO_TDX, LOST, NO_UPDATES } state;
	char version[32], seamldr[32], upload_status[32], upload_error[64];
	long updates_left, td_builds;	/* -1: not known, or not counted */

	/* The first file that is there and could not be read */
	const char *file;
	int error;
};

/* Where it is: /sys, if it is not for tests */
extern const char *sysfs;

/* These return a negative errno if they fail. A number that is not there is -1. */
int sysfs_open(const char *file, int flags);
int sysfs_read(const char *file, char *line, size_t size);
int sysfs_number(const char *file, long *value);
int sysfs_write(const char *file, const char *text);

void host_get(struct host *host);
/* Whether an update can be begun on this host, with any image */
bool host_verify(const struct host *host, struct report *report, bool allow_undetected);
const char *td_builders(void);

#endif /* _TDX_UPDATE_TDX_HOST_H */
