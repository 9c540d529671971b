// SPDX-License-Identifier: GPL-2.0
/*
 * tdx_update - see, check and install updates of the TDX module
 *
 * A front end for /sys/class/firmware/tdx_module and /sys/devices/faux/tdx_host, as described
 * in Documentation/arch/x86/tdx.rst. What it adds to "cat" and "echo": it does not begin what
 * must fail, tries again when the module is busy, and says how it ended.
 */

#define _GNU_SOURCE

#include <cpuid.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* Scripts act on these: they are in the manual page. */
enum {
	EXIT_DONE	= 0,
	EXIT_USAGE	= 1,
	EXIT_IMAGE	= 2,
	EXIT_UNSUPPORTED = 3,
	EXIT_BUSY	= 4,
	EXIT_FAILED	= 5,
	EXIT_LOST	= 6,
};

#define PAGE		4096U
#define MAX_SIG_PAGES	1
#define MAX_MOD_PAGES	496
#define MAX_IMAGE	((1 + MAX_SIG_PAGES + MAX_MOD_PAGES) * PAGE)

/* Every attempt stops all CPUs of the host: none here is less than a second after another. */
#define FIRST_PAUSE	2.0
#define LONGEST_PAUSE	30.0
#define SHORTEST_PAUSE	1.0

/* To look how many TDs are being built costs nothing, and the moment with none can be short. */
#define LOOK		0.1

static const char *sysfs = "/sys";

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/*
 * The signals that ask to stop. While a module is installed they are blocked, and looked for
 * where it is possible to stop.
 */
static sigset_t signals;
static int stop;

/* What nohup or a shell has ignored stays ignored. */
static void add_signal(int sig)
{
	struct sigaction old;

	if (!sigaction(sig, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaddset(&signals, sig);
}

static void block_signals(void)
{
	sigemptyset(&signals);
	add_signal(SIGINT);
	add_signal(SIGTERM);
	add_signal(SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

/* Has there been one, or is there one in the next seconds? */
static bool stopped(double seconds)
{
	double end = now() + seconds;

	while (!stop) {
		double left = end > now() ? end - now() : 0;
		struct timespec ts = {
			.tv_sec = left,
			.tv_nsec = (left - (time_t)left) * 1e9,
		};
		int sig = sigtimedwait(&signals, NULL, &ts);

		if (sig > 0)
			stop = sig;
		else if (errno != EINTR)	/* stopped by a shell, and let go on */
			break;
	}
	return stop;
}

/* End as the signal would have done it, with nothing left half done. */
static void die_of_signal(void)
{
	signal(stop, SIG_DFL);
	raise(stop);
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
	_exit(128 + stop);
}

/* --- Files in sysfs --- */

#define TDX_HOST	"devices/faux/tdx_host/"
#define UPLOAD		"class/firmware/tdx_module/"

static int sysfs_open(const char *file, int flags)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", sysfs, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Read one line without its end. Returns 0 or a negative errno. */
static int sysfs_read(const char *file, char *line, size_t size)
{
	int fd = sysfs_open(file, O_RDONLY);
	ssize_t len;

	line[0] = '\0';
	if (fd < 0)
		return fd;
	len = read(fd, line, size - 1);
	if (len < 0)
		len = -errno;
	close(fd);
	if (len < 0)
		return len;
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return 0;
}

static int sysfs_write(const char *file, const char *text)
{
	int fd = sysfs_open(file, O_WRONLY);
	ssize_t len;

	if (fd < 0)
		return fd;
	len = write(fd, text, strlen(text));
	if (len < 0)
		len = -errno;
	close(fd);
	return len < 0 ? len : 0;
}

/* --- The host --- */

struct host {
	enum { READY, NO_TDX, LOST, NO_UPDATES } state;
	char version[32];
	char seamldr[32];
	unsigned long updates_left;

	/* TDs that are being built, or -1 if the kernel does not count them */
	long td_builds;
	char upload_status[32];
	char upload_error[64];
};

static const char *const state_names[] = {
	[READY]		= "ready",
	[NO_TDX]	= "no-tdx",
	[LOST]		= "lost",
	[NO_UPDATES]	= "no-updates",
};

/*
 * Read what must be there. Only its absence can be explained by the host, or that TDX is lost:
 * what the P-SEAMLDR would have to say can fail in any way then.
 */
static bool host_read(const struct host *host, const char *file, char *line, size_t size)
{
	int ret = sysfs_read(file, line, size);

	if (host->state == LOST)
		return !ret;
	if (ret == -EACCES || ret == -EPERM)
		errx(EXIT_USAGE, "%s/%s: permission denied: run this as root", sysfs, file);
	if (ret && ret != -ENOENT && ret != -ENXIO)
		errx(EXIT_FAILED, "%s/%s: %s: see the kernel log", sysfs, file, strerror(-ret));
	return !ret;
}

/* A kernel that has this file refuses updates while the number in it is not 0. */
static long get_td_builds(void)
{
	char line[32], *end;
	long nr;

	if (sysfs_read(TDX_HOST "num_td_builds", line, sizeof(line)))
		return -1;
	nr = strtol(line, &end, 10);
	if (end == line || *end || nr < 0)
		errx(EXIT_FAILED,
		     "%s/" TDX_HOST "num_td_builds: \"%s\" is no number: is this sysfs?",
		     sysfs, line);
	return nr;
}

static void host_get(struct host *host)
{
	char line[32], *end;
	int ret;

	memset(host, 0, sizeof(*host));
	ret = sysfs_read(TDX_HOST "version", host->version, sizeof(host->version));
	if (ret == -ENOENT || ret == -ENOTDIR) {
		host->state = NO_TDX;
		return;
	}
	if (ret && ret != -ENXIO)
		errx(EXIT_FAILED, "%s/" TDX_HOST "version: %s: see the kernel log", sysfs,
		     strerror(-ret));
	host->state = ret ? LOST : READY;
	host->td_builds = get_td_builds();

	if (!host_read(host, TDX_HOST "num_remaining_updates", line, sizeof(line))) {
		if (host->state == READY)
			host->state = NO_UPDATES;
		return;
	}
	host->updates_left = strtoul(line, &end, 10);
	if (end == line || *end)
		errx(EXIT_FAILED,
		     "%s/" TDX_HOST "num_remaining_updates: \"%s\" is no number: is this sysfs?",
		     sysfs, line);
	host_read(host, TDX_HOST "seamldr_version", host->seamldr, sizeof(host->seamldr));

	/* "error" fails with EBUSY during an upload, which can begin after "idle" was read. */
	do {
		if (!host_read(host, UPLOAD "status", host->upload_status,
			       sizeof(host->upload_status))) {
			if (host->state == READY)
				host->state = NO_UPDATES;
			return;
		}
		ret = sysfs_read(UPLOAD "error", host->upload_error, sizeof(host->upload_error));
	} while (ret == -EBUSY && !strcmp(host->upload_status, "idle"));
}

/* --- Images --- */

struct image {
	const char *name;
	uint8_t *data;
	size_t size;

	/* More bytes were there than an image can have */
	bool cut;

	/* The version that must run afterwards, if it is known */
	bool has_version;
	unsigned int version[3];
	const char *version_from;
};

/* Offsets in the header of an image (blob_structure.txt in Intel's repository of modules) */
#define HDR_VERSION		0
#define HDR_CHECKSUM		2
#define HDR_SIGNATURE		4
#define HDR_SIG_PAGES		12
#define HDR_MOD_PAGES		16
#define HDR_RESERVED		20

/* Offsets in the SEAM_SIGSTRUCT, the page after it (SEAMLDR Interface Specification) */
#define SIG_MODULE_TYPE		12
#define SIG_DATE		20
#define SIG_SEAMSVN		948
#define SIG_MODULE_HV		984
#define SIG_MIN_UPDATE_HV	986
#define SIG_CPUID_TABLE_SIZE	1024
#define SIG_CPUID_TABLE		1028

#define MODULE_TYPE_DEBUG	0x80000000U
#define MAX_CPUS		255
#define CPU_STEPPING		0xfU

static uint16_t get16(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static const uint8_t *sigstruct(const struct image *image)
{
	return image->data + PAGE;
}

static bool parse_version(const char *text, unsigned int version[3], size_t *len)
{
	const char *p = text;

	for (int i = 0; i < 3; i++) {
		const char *digits = p;

		version[i] = 0;
		/* Each part is a 16-bit field. */
		for (; *p >= '0' && *p <= '9' && p - digits < 5; p++)
			version[i] = version[i] * 10 + *p - '0';
		if (p == digits || (i < 2 && *p++ != '.'))
			return false;
	}
	*len = p - text;
	return true;
}

/*
 * An image does not say which version it is. Intel names them tdx_module_1.5.06.blob, after
 * the version, so believe a name like that.
 */
static void image_version(struct image *image, const char *expected)
{
	static const char prefix[] = "tdx_module_";
	const char *base = strrchr(image->name, '/');
	size_t len;

	if (expected) {
		image->has_version = parse_version(expected, image->version, &len) &&
				     !expected[len];
		if (!image->has_version)
			errx(EXIT_USAGE, "--expect %s: not a version: write it like 1.5.06",
			     expected);
		image->version_from = "--expect";
		return;
	}
	base = base ? base + 1 : image->name;
	if (strncmp(base, prefix, strlen(prefix)))
		return;
	base += strlen(prefix);
	if (!parse_version(base, image->version, &len))
		return;
	base += len;
	if (*base == '.' ? base[1] >= '0' && base[1] <= '9' : *base)
		return;
	image->has_version = true;
	image->version_from = "the name of the file";
}

static void image_read(struct image *image, const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	memset(image, 0, sizeof(*image));
	image->name = name;
	/* One byte more than the biggest image tells a bigger one. */
	image->data = malloc(MAX_IMAGE + 1);
	if (!image->data)
		err(EXIT_USAGE, "%s", name);
	if (fd < 0)
		err(EXIT_USAGE, "%s: cannot be opened", name);
	while (image->size <= MAX_IMAGE) {
		len = read(fd, image->data + image->size, MAX_IMAGE + 1 - image->size);
		if (len < 0)
			err(EXIT_USAGE, "%s: cannot be read", name);
		if (!len)
			break;
		image->size += len;
	}
	image->cut = image->size > MAX_IMAGE;
	close(fd);
}

/* What the kernel checks, init_seamldr_params(). NULL: it takes the image. */
static const char *image_problem(const struct image *image)
{
	static char text[160];
	const uint8_t *data = image->data;
	uint32_t sig_pages, mod_pages;
	uint64_t want;
	uint16_t sum = 0;

	if (image->cut) {
		snprintf(text, sizeof(text), "it is bigger than %u bytes", MAX_IMAGE);
		return text;
	}
	if (!image->size)
		return "it is empty";
	if (image->size < PAGE) {
		snprintf(text, sizeof(text), "it has %zu bytes, less than a header", image->size);
		return text;
	}
	if (memcmp(data + HDR_SIGNATURE, "TDX-BLOB", 8))
		return "it does not say TDX-BLOB, so it is no TDX module image";
	if (get16(data + HDR_VERSION) != 0x200) {
		snprintf(text, sizeof(text), "its format is version 0x%x, and not 0x200",
			 get16(data + HDR_VERSION));
		return text;
	}

	sig_pages = get32(data + HDR_SIG_PAGES);
	mod_pages = get32(data + HDR_MOD_PAGES);
	if (!sig_pages || sig_pages > MAX_SIG_PAGES) {
		snprintf(text, sizeof(text), "it says that it has %u signature pages, and not %u",
			 sig_pages, MAX_SIG_PAGES);
		return text;
	}
	if (!mod_pages || mod_pages > MAX_MOD_PAGES) {
		snprintf(text, sizeof(text),
			 "it says that it has %u module pages, and not 1 to %u", mod_pages,
			 MAX_MOD_PAGES);
		return text;
	}
	want = (1ULL + sig_pages + mod_pages) * PAGE;
	if (image->size != want) {
		snprintf(text, sizeof(text),
			 "it has %zu bytes, and its header says %llu: it was not copied whole",
			 image->size, (unsigned long long)want);
		return text;
	}

	for (size_t i = HDR_RESERVED; i < PAGE; i++)
		if (data[i]) {
			snprintf(text, sizeof(text), "reserved byte %zu of its header is not 0", i);
			return text;
		}
	/* A checksum of 0 is none. */
	if (get16(data + HDR_CHECKSUM)) {
		for (size_t i = 0; i + 1 < image->size; i += 2)
			sum += get16(data + i);
		if (sum)
			return "its checksum is wrong: it was damaged on its way";
	}
	return NULL;
}

static uint32_t this_cpu(void)
{
	unsigned int eax, ebx, ecx, edx;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
		return 0;
	return eax;
}

/*
 * The P-SEAMLDR does not take a module that is not for this CPU, and finds out when the running
 * module is gone. No list of CPUs at all says nothing. NULL: this CPU is good.
 */
static const char *cpu_problem(const struct image *image)
{
	const uint8_t *sig = sigstruct(image);
	uint32_t nr = get32(sig + SIG_CPUID_TABLE_SIZE);

	if (!nr)
		return NULL;
	if (nr > MAX_CPUS)
		return "the image's list of CPUs is damaged: get another copy";
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t cpu = get32(sig + SIG_CPUID_TABLE + 4 * i);

		if ((cpu & ~CPU_STEPPING) == (this_cpu() & ~CPU_STEPPING))
			return NULL;
	}
	return "the image is not for this CPU: get the one that is";
}

/*
 * The P-SEAMLDR installs a module when every CPU has called it, those that are offline as well,
 * and finds out that one is missing when the running module is gone.
 */
static bool all_cpus_online(void)
{
	static const char *const files[] = {
		"devices/system/cpu/online", "devices/system/cpu/present",
	};
	char lists[2][PAGE];

	for (int i = 0; i < 2; i++) {
		int ret = sysfs_read(files[i], lists[i], sizeof(lists[i]));

		if (ret)
			errx(EXIT_FAILED, "%s/%s: %s: is this sysfs?", sysfs, files[i],
			     strerror(-ret));
	}
	return !strcmp(lists[0], lists[1]);
}

/* Why the host would not take a good image, and what exit code that is. NULL: it would. */
static const char *host_problem(const struct host *host, const struct image *image, int *code)
{
	*code = EXIT_UNSUPPORTED;
	switch (host->state) {
	case NO_TDX:
		return "this host has no TDX, or its driver tdx-host is not loaded";
	case LOST:
		*code = EXIT_LOST;
		return "TDX is lost after an update that failed: reboot to get it back";
	case NO_UPDATES:
		return "the TDX module or the CPU of this host does not support updates";
	case READY:
		break;
	}
	if (!host->updates_left)
		return "no updates are left: only a reboot can bring new ones";
	if (!all_cpus_online())
		return "a CPU is offline, and an update would lose TDX: bring all CPUs online";
	return cpu_problem(image);
}

/* --- status --- */

static void json_string(const char *key, const char *text, bool known)
{
	printf("  \"%s\": ", key);
	if (!known) {
		printf("null");
		return;
	}
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			printf("\\u%04x", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static int status(bool json)
{
	bool updates;
	struct host host;

	host_get(&host);
	updates = host.seamldr[0];
	if (json) {
		printf("{\n");
		json_string("state", state_names[host.state], true);
		printf(",\n");
		json_string("module_version", host.version, host.version[0]);
		printf(",\n");
		json_string("seamldr_version", host.seamldr, updates);
		if (updates)
			printf(",\n  \"updates_left\": %lu", host.updates_left);
		else
			printf(",\n  \"updates_left\": null");
		if (host.td_builds >= 0)
			printf(",\n  \"td_builds\": %ld,\n", host.td_builds);
		else
			printf(",\n  \"td_builds\": null,\n");
		json_string("upload_status", host.upload_status, host.upload_status[0]);
		printf(",\n");
		json_string("upload_error", host.upload_error,
			    !strcmp(host.upload_status, "idle"));
		printf("\n}\n");
	} else if (host.state == NO_TDX) {
		printf("TDX module:         none: no TDX, or the driver tdx-host is not loaded\n");
	} else {
		printf("TDX module:         %s\n", host.state == LOST ?
		       "lost after an update that failed: reboot to get it back" : host.version);
		if (!updates && host.state != LOST) {
			printf("updates:            not supported by the module or the CPU\n");
		} else if (updates) {
			printf("P-SEAMLDR:          %s\n", host.seamldr);
			printf("updates left:       %lu\n", host.updates_left);
			if (host.td_builds >= 0)
				printf("TD builds:          %ld\n", host.td_builds);
			else
				printf("TD builds:          %s\n",
				       "not counted by this kernel, do not update during one");
			printf("upload:             %s\n", host.upload_status);
			if (!strcmp(host.upload_status, "idle"))
				printf("last upload:        %s\n", host.upload_error[0] ?
				       host.upload_error : "no error");
		}
	}
	if (host.state == LOST)
		return EXIT_LOST;
	return host.state == READY ? EXIT_DONE : EXIT_UNSUPPORTED;
}

/* --- check --- */

static void show_image(const struct image *image)
{
	const uint8_t *sig = sigstruct(image);
	uint32_t nr = get32(sig + SIG_CPUID_TABLE_SIZE);

	printf("checksum:          %s\n", get16(image->data + HDR_CHECKSUM) ? "right" : "none");
	if (image->has_version)
		printf("module version:    %u.%u.%02u, by %s\n", image->version[0],
		       image->version[1], image->version[2], image->version_from);
	else
		printf("module version:    not known: only the name from Intel has it\n");
	printf("security version:  %u.%u\n", sig[SIG_SEAMSVN + 1], sig[SIG_SEAMSVN]);
	printf("handoff versions:  %u to %u\n", get16(sig + SIG_MIN_UPDATE_HV),
	       get16(sig + SIG_MODULE_HV));
	printf("date:              %08x\n", get32(sig + SIG_DATE));
	printf("debug module:      %s\n",
	       get32(sig + SIG_MODULE_TYPE) & MODULE_TYPE_DEBUG ? "yes" : "no");
	printf("pages:             %u of signature, %u of module\n",
	       get32(image->data + HDR_SIG_PAGES), get32(image->data + HDR_MOD_PAGES));
	printf("CPUs:             ");
	if (!nr || nr > MAX_CPUS)
		printf(" %s", nr ? "the list is damaged" : "none named");
	for (uint32_t i = 0; nr <= MAX_CPUS && i < nr; i++) {
		uint32_t cpu = get32(sig + SIG_CPUID_TABLE + 4 * i) & ~CPU_STEPPING;

		/* CPUID leaf 1 EAX: family and model, each with its extension */
		printf("%s %u/%u", i ? "," : "", (cpu >> 8 & 0xf) + (cpu >> 20 & 0xff),
		       (cpu >> 4 & 0xf) | (cpu >> 12 & 0xf0));
	}
	printf("%s\n", nr && nr <= MAX_CPUS ? " (family/model)" : "");
}

static int check_image(const struct image *image)
{
	const char *problem = image_problem(image);
	struct host host;
	int code;

	printf("image:             %s\n", image->name);
	if (problem) {
		printf("bad image:         %s\n", problem);
		return EXIT_IMAGE;
	}
	printf("the kernel:        takes it\n");
	show_image(image);

	host_get(&host);
	problem = host_problem(&host, image, &code);
	if (problem) {
		printf("this host:         does not take it: %s\n", problem);
		return code;
	}
	printf("this host:         takes it%s\n", host.td_builds >= 0 ? "" :
	       ", with install --allow-undetected: its kernel does not count TD builds");
	return EXIT_DONE;
}

static int check(const char *name, const char *expected)
{
	struct image image;
	int code;

	image_read(&image, name);
	image_version(&image, expected);
	code = check_image(&image);
	free(image.data);
	return code;
}

/* --- install --- */

struct options {
	bool allow_undetected;
	bool no_wait;
	bool dry_run;
	double timeout;
	const char *expected;
};

/*
 * Only one of these tools at a time. The lock is on a file that only root can open, so nobody
 * else can keep root waiting, and it is gone with the process. It is a file of the host itself,
 * so everybody who would use the same interface uses the same lock.
 */
static void lock(const struct options *options, double deadline)
{
	int fd = sysfs_open(TDX_HOST "num_remaining_updates", O_RDONLY);
	bool said = false;

	if (fd < 0)
		errx(EXIT_FAILED, "%s/" TDX_HOST "num_remaining_updates: %s: see the kernel log",
		     sysfs, strerror(-fd));
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			err(EXIT_FAILED, "%s/" TDX_HOST "num_remaining_updates: cannot be locked",
			    sysfs);
		if (options->no_wait)
			errx(EXIT_BUSY, "another tdx_update is installing: try again later");
		if (now() >= deadline)
			errx(EXIT_BUSY, "another tdx_update is still installing: try again later");
		if (!said)
			printf("waiting for another tdx_update to end\n");
		said = true;
		if (stopped(0.5))
			die_of_signal();
	}
	/* Locked until the process ends. */
}

/* The kernel says there what is in the way. Not everybody has this file: -1 is good, too. */
static int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* What was in the way of the update, from the kernel's log since log_open(). */
static const char *log_conflict(int fd)
{
	static const char key[] = "module update refused: ";
	static char text[64];
	char record[8192];
	ssize_t len;

	snprintf(text, sizeof(text), "a TD build or migration is in progress");
	/* EPIPE: records were lost, and there are more. */
	for (;;) {
		char *found;

		len = fd < 0 ? 0 : read(fd, record, sizeof(record) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			break;
		record[len] = '\0';
		found = strstr(record, key);
		if (!found)
			continue;
		found += strlen(key);
		found[strcspn(found, "\n")] = '\0';
		snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, found);
	}
	if (fd >= 0)
		close(fd);
	return text;
}

/* Drop what was given to the upload interface so far, and end. */
static void abort_upload(const char *file, int error)
{
	sysfs_write(UPLOAD "loading", "-1");
	if (stop) {
		warnx("stopped before the update: nothing has changed");
		die_of_signal();
	}
	errx(EXIT_FAILED, "%s/%s: %s: nothing has changed, see the kernel log", sysfs, file,
	     strerror(error));
}

static void wait_until_idle(double deadline, const char *who)
{
	char line[32];
	bool said = false;
	int ret;

	for (;;) {
		ret = sysfs_read(UPLOAD "status", line, sizeof(line));
		if (ret)
			errx(EXIT_FAILED, "%s/" UPLOAD "status: %s: see the kernel log", sysfs,
			     strerror(-ret));
		if (!strcmp(line, "idle"))
			return;
		/* Our own upload cannot be stopped any more: its end is waited for. */
		if (who) {
			if (stopped(0))
				die_of_signal();
			if (now() >= deadline)
				errx(EXIT_BUSY, "%s is still under way: try again later", who);
			if (!said)
				printf("waiting for %s to end\n", who);
			said = true;
		}
		usleep(20000);
	}
}

/* One attempt. @error is what the kernel says of it, and empty if it has worked. */
static void try_update(const struct image *image, double deadline, char *error, size_t size)
{
	bool tty = isatty(STDOUT_FILENO);
	char line[32];
	int fd, ret;

	wait_until_idle(deadline, "an upload that somebody else has started");
	ret = sysfs_write(UPLOAD "loading", "1");
	if (!ret)
		ret = sysfs_read(UPLOAD "loading", line, sizeof(line));
	if (ret)
		errx(EXIT_FAILED, "%s/" UPLOAD "loading: %s: see the kernel log", sysfs,
		     strerror(-ret));
	if (strcmp(line, "1"))
		errx(EXIT_FAILED,
		     "%s/" UPLOAD "loading stays %s: try again, or reboot if it stays so",
		     sysfs, line);

	fd = sysfs_open(UPLOAD "data", O_WRONLY);
	if (fd < 0)
		abort_upload(UPLOAD "data", -fd);
	if (!tty)
		printf("uploading %zu bytes\n", image->size);
	for (size_t done = 0; done < image->size; ) {
		size_t chunk = image->size - done < PAGE ? image->size - done : PAGE;
		ssize_t len = write(fd, image->data + done, chunk);

		if (len < 0)
			abort_upload(UPLOAD "data", errno);
		done += len;
		if (tty)
			printf("\ruploading %3zu%%", done * 100 / image->size);
		if (stopped(0))
			abort_upload(UPLOAD "data", EINTR);
	}
	close(fd);
	if (tty)
		printf(", updating\n");

	ret = sysfs_write(UPLOAD "loading", "0");
	if (ret)
		abort_upload(UPLOAD "loading", -ret);
	wait_until_idle(0, NULL);
	ret = sysfs_read(UPLOAD "error", error, size);
	if (ret)
		snprintf(error, size, "unknown: %s", strerror(-ret));
}

static bool same_version(const char *text, const struct image *image)
{
	unsigned int version[3];
	size_t len;

	return parse_version(text, version, &len) && !text[len] &&
	       !memcmp(version, image->version, sizeof(version));
}

/* The kernel says that it has worked: has it? */
static int verify(const struct image *image, const struct host *before)
{
	struct host after;

	host_get(&after);
	if (after.state == LOST)
		errx(EXIT_LOST,
		     "TDX is lost: its new module does not work, reboot to get TDX back");
	if (after.updates_left >= before->updates_left)
		errx(EXIT_FAILED,
		     "no update has happened, module %s still runs: see the kernel log",
		     after.version);
	if (image->has_version && !same_version(after.version, image))
		errx(EXIT_FAILED,
		     "module %s runs now, and not %u.%u.%02u as in %s: check where the image is from",
		     after.version, image->version[0], image->version[1], image->version[2],
		     image->version_from);
	printf("done: module %s runs now, before it was %s; updates left: %lu\n", after.version,
	       before->version, after.updates_left);
	return EXIT_DONE;
}

/* How long to wait after attempt @nr, counted from 1. @random is in [0, 1). */
static double next_pause(unsigned int nr, double random)
{
	double pause = FIRST_PAUSE;

	while (--nr && pause < LONGEST_PAUSE)
		pause *= 2;
	if (pause > LONGEST_PAUSE)
		pause = LONGEST_PAUSE;
	/* Hosts that were told to update at the same time do not go on in step. */
	pause *= 0.5 + random / 2;
	return pause < SHORTEST_PAUSE ? SHORTEST_PAUSE : pause;
}

/* Everything that can be known before an attempt. */
static void may_install(struct host *host, const struct image *image,
			const struct options *options)
{
	const char *problem;
	int code;

	host_get(host);
	problem = host_problem(host, image, &code);
	if (problem)
		errx(code, "%s", problem);
	if (host->td_builds < 0 && !options->allow_undetected)
		errx(EXIT_UNSUPPORTED,
		     "this kernel does not count TD builds: make sure that there are none, and use --allow-undetected");
}

/* Returns false if there was nothing to wait for. */
static bool wait_for_td_builds(long nr, double start, double deadline)
{
	long said = 0;

	if (nr <= 0)
		return false;
	for (; nr > 0; nr = get_td_builds()) {
		if (now() >= deadline)
			errx(EXIT_BUSY,
			     "TD builds in progress: %ld, given up after %.0f s: nothing has changed, let them end and try again",
			     nr, now() - start);
		if (nr != said)
			printf("waiting; TD builds in progress: %ld, giving up in %.0f s\n", nr,
			       deadline - now());
		said = nr;
		if (stopped(LOOK))
			die_of_signal();
	}
	return true;
}

static int install_image(const struct image *image, const struct options *options)
{
	double start = now(), deadline = start + options->timeout, pause;
	const char *problem, *conflict;
	struct host host;
	char error[64];
	int log;

	problem = image_problem(image);
	if (problem)
		errx(EXIT_IMAGE, "%s: not a good image: %s", image->name, problem);
	may_install(&host, image, options);
	if (options->dry_run) {
		printf("would install %s over %s; updates left: %lu, TD builds in progress: ",
		       image->name, host.version, host.updates_left);
		if (host.td_builds >= 0)
			printf("%ld\n", host.td_builds);
		else
			printf("not counted\n");
		return EXIT_DONE;
	}
	lock(options, deadline);

	srand48(getpid() ^ time(NULL));
	for (unsigned int nr = 1; ; nr++) {
		/* Whoever had the lock, or does not care for it, can have changed all of it. */
		do
			may_install(&host, image, options);
		while (wait_for_td_builds(host.td_builds, start, deadline));
		log = log_open();
		try_update(image, deadline, error, sizeof(error));
		conflict = log_conflict(log);
		if (!error[0])
			return verify(image, &host);
		if (strcmp(error, "transferring:device-busy"))
			break;

		pause = next_pause(nr, drand48());
		if (pause > deadline - now())
			pause = deadline - now();
		if (pause < SHORTEST_PAUSE) {
			if (stopped(0))
				die_of_signal();
			errx(EXIT_BUSY,
			     "refused: %s, given up after %u attempt%s in %.0f s: nothing has changed, let that end and try again",
			     conflict, nr, nr == 1 ? "" : "s", now() - start);
		}
		printf("refused: %s; attempt %u in %.1f s, giving up in %.0f s\n",
		       conflict, nr + 1, pause, deadline - now());
		if (stopped(pause))
			die_of_signal();
	}

	host_get(&host);
	if (host.state == LOST)
		errx(EXIT_LOST,
		     "the update failed (%s) and TDX is lost, its TDs as well: reboot to get TDX back",
		     error);
	errx(EXIT_FAILED,
	     "the update failed (%s), TDX works and module %s still runs: see the kernel log",
	     error, host.version);
}

static int install(const char *name, const struct options *options)
{
	struct image image;
	int code;

	image_read(&image, name);
	image_version(&image, options->expected);
	block_signals();
	code = install_image(&image, options);
	free(image.data);
	return code;
}

/* --- Command line --- */

static int show_usage(void)
{
	printf("Usage: tdx_update [--sysfs ROOT] status [--json]\n"
	       "       tdx_update [--sysfs ROOT] check [--expect VERSION] IMAGE\n"
	       "       tdx_update [--sysfs ROOT] install [OPTION]... IMAGE\n"
	       "\n"
	       "status   shows the TDX module, and whether and how it can be updated\n"
	       "check    shows an image, and whether the kernel and this host would take it\n"
	       "install  replaces the TDX module; while TDs are being built, waits for their end\n"
	       "\n"
	       "  -u, --allow-undetected  install though the kernel does not count TD builds\n"
	       "  -t, --timeout SECONDS   try for so long (default 600); 0: once\n"
	       "  -n, --no-wait           leave if another tdx_update is installing\n"
	       "  -d, --dry-run           say what would be done, and do not do it\n"
	       "  -e, --expect VERSION    the version in the image (default: by its name, if that\n"
	       "                          is tdx_module_VERSION, or that and .blob or the like)\n"
	       "  -j, --json              status for machines\n"
	       "  -s, --sysfs ROOT        where sysfs is (default /sys)\n"
	       "  -h, --help              this text\n"
	       "\n"
	       "Exit codes: 0 done; 1 bad usage; 2 bad image; 3 not supported here; 4 still busy\n"
	       "at the timeout; 5 failed, but TDX works; 6 TDX is lost, only a reboot helps.\n");
	return EXIT_DONE;
}

int main(int argc, char *argv[])
{
	static const struct option long_options[] = {
		{ "allow-undetected",	no_argument,		NULL, 'u' },
		{ "timeout",		required_argument,	NULL, 't' },
		{ "no-wait",		no_argument,		NULL, 'n' },
		{ "dry-run",		no_argument,		NULL, 'd' },
		{ "expect",		required_argument,	NULL, 'e' },
		{ "json",		no_argument,		NULL, 'j' },
		{ "sysfs",		required_argument,	NULL, 's' },
		{ "help",		no_argument,		NULL, 'h' },
		{}
	};
	/* Which options a command has */
	static const struct {
		const char *name, *options;
		int nr_args;
	} commands[] = {
		{ "status", "js", 0 },
		{ "check", "es", 1 },
		{ "install", "utndes", 1 },
	};
	struct options options = { .timeout = 600 };
	char given[16] = "";
	unsigned int i;
	bool json = false;
	char *end;
	int opt, code;

	while ((opt = getopt_long(argc, argv, "ut:nde:js:h", long_options, NULL)) != -1) {
		switch (opt) {
		case 'u':
			options.allow_undetected = true;
			break;
		case 't':
			options.timeout = strtoul(optarg, &end, 10);
			if (end == optarg || *end || *optarg == '-' || options.timeout > 1e9)
				errx(EXIT_USAGE,
				     "--timeout %s: not a number of seconds: write it like 600",
				     optarg);
			break;
		case 'n':
			options.no_wait = true;
			break;
		case 'd':
			options.dry_run = true;
			break;
		case 'e':
			options.expected = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 's':
			sysfs = optarg;
			break;
		case 'h':
			return show_usage();
		default:
			exit(EXIT_USAGE);
		}
		if (!strchr(given, opt))
			given[strlen(given)] = opt;
	}
	if (optind == argc)
		errx(EXIT_USAGE,
		     "no command: use status, check or install, or see tdx_update --help");
	for (i = 0; i < 3; i++)
		if (!strcmp(argv[optind], commands[i].name))
			break;
	if (i == 3)
		errx(EXIT_USAGE, "%s: not a command: use status, check or install", argv[optind]);
	for (char *p = given; *p; p++)
		if (!strchr(commands[i].options, *p))
			errx(EXIT_USAGE, "%s does not have the option -%c: see tdx_update --help",
			     commands[i].name, *p);
	if (argc - optind - 1 != commands[i].nr_args)
		errx(EXIT_USAGE, "%s takes %s: see tdx_update --help", commands[i].name,
		     commands[i].nr_args ? "one image" : "no arguments");

	/* A script reads it while it runs. */
	setvbuf(stdout, NULL, isatty(STDOUT_FILENO) ? _IONBF : _IOLBF, 0);
	/* If the script goes away, that does not stop an upload. */
	if (i == 2) {
		signal(SIGPIPE, SIG_IGN);
		return install(argv[optind + 1], &options);
	}

	code = i == 0 ? status(json) : check(argv[optind + 1], options.expected);
	/* The output is all that these are for. */
	if (fflush(stdout) || ferror(stdout))
		errx(EXIT_FAILED, "not all of the output could be written: see where it goes to");
	return code;
}
