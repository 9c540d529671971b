/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TDX_UPDATE_H
#define _TDX_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/compiler.h>

/* Scripts act on these: they are in the manual page. */
enum {
	EXIT_DONE, EXIT_USAGE, EXIT_IMAGE, EXIT_UNSUPPORTED, EXIT_BUSY, EXIT_FAILED, EXIT_LOST,
	/* In place of one: no reason not to begin an update, and values */
	WARNING = -1, NUMBER = -2, TEXT = -3,
};

/* One thing that can be wrong. Those with the same key make one verdict: the first that is. */
struct check {
	const char *key;
	bool is_wrong;
	int code;
	const char *text;
};

extern int json;
/* The first reason not to begin an update. With a code of 0 there is none. */
extern struct check refusal;

/* A line, or a field in JSON. Without @fmt the value is not known. */
__printf(3, 4) void say(const char *key, int code, const char *fmt, ...);
/* @checks ends with an empty one. Texts of refusals have to stay. */
void verdicts(const struct check *checks);
/* Ends the output, and the program if not all of it was written. Returns @code. */
int finish(int code);

/* --- The host; files are relative to /sys, the working directory --- */

#define TDX_HOST	"devices/faux/tdx_host/"
#define UPLOAD		"class/firmware/tdx_module/"

enum {
	MODULE_VERSION, SEAMLDR_VERSION, UPDATES_LEFT, TD_BUILDS, UPLOAD_STATUS, UPLOAD_ERROR,
	NR_FILES,
};

struct host {
	enum { READY, NO_TDX, LOST, NO_UPDATES } state;
	char text[NR_FILES][64];
	int error[NR_FILES];		/* why it could not be read, an errno */
};

/* Returns an errno if it fails. */
int read_line(const char *file, char *line, size_t size);

void host_get(struct host *host);
/* Can an update be begun on this host, with any image? */
void host_verify(const struct host *host);
void say_file(const char *key, const struct host *host, int file);
/* ": " and whose TDs are being built, or "" */
const char *td_builders(void);

#endif /* _TDX_UPDATE_H */
