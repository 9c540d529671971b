/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TDX_UPDATE_H
#define _TDX_UPDATE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/compiler.h>

/* Scripts act on these: they are in the manual page. */
enum {
	EXIT_DONE, EXIT_USAGE, EXIT_IMAGE, EXIT_UNSUPPORTED, EXIT_BUSY, EXIT_FAILED, EXIT_LOST,
	WARNING = -1,		/* of a verdict: no reason not to begin */
};

/* One thing that was looked at: what came out, and what to do about it */
struct verdict {
	const char *what;
	int code;		/* EXIT_DONE, WARNING, or why an update is not begun */
	char text[256];
};

struct report {
	unsigned int nr;
	struct verdict verdicts[16];
};

/* Returns false if it is a reason not to begin an update. */
__printf(4, 5)
bool verdict(struct report *report, const char *what, int code, const char *fmt, ...);
/* The first reason not to begin, or NULL */
const struct verdict *refusal(const struct report *report);

struct image {
	char name[PATH_MAX];		/* of the file, fit for a terminal */
	uint8_t *data;
	size_t size;
	unsigned int version[3];
	const char *version_from;	/* what says so, NULL: nothing does */
};

/* Offsets in the SEAM_SIGSTRUCT, the page after the header (SEAMLDR Interface Specification) */
#define SIG_MODULE_TYPE		12
#define SIG_DATE		20
#define SIG_SEAMHASH		900
#define SIG_SEAMHASH_SIZE	48
#define SIG_SEAMSVN		948
#define SIG_MODULE_HV		984
#define SIG_MIN_UPDATE_HV	986
#define SIG_NR_CPUS		1024
#define SIG_CPUS		1028

#define PAGE			4096U
#define MAX_CPUS		255U
#define MODULE_TYPE_DEBUG	0x80000000U

static inline uint32_t get16(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static inline uint32_t get32(const uint8_t *p)
{
	return get16(p) | get16(p + 2) << 16;
}

static inline const uint8_t *sigstruct(const struct image *image)
{
	return image->data + PAGE;
}

/* Nobody's file name gets to move the cursor. */
void printable(char *text);
bool parse_version(const char *text, unsigned int version[3], size_t *len);
/* Ends the program if the file cannot be read. */
void image_read(struct image *image, const char *name);
/* Returns false if the image has no sigstruct to read anything from. */
bool image_verify(struct image *image, struct report *report, const char *expected,
		  bool allow_debug);

/* --- The host --- */

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

#endif /* _TDX_UPDATE_H */
