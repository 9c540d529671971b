// SPDX-License-Identifier: GPL-2.0
/*
 * tdx_update - see, check and install updates of the TDX module
 *
 * A front end for /sys/class/firmware/tdx_module and /sys/devices/faux/tdx_host, as described
 * in Documentation/arch/x86/tdx.rst. What it adds to "cat" and "echo": it does not begin what
 * must fail, waits for TD builds and says whose they are, and says how it ended.
 */
#define _GNU_SOURCE

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "tdx_update.h"

/* An attempt that the module refuses stops all CPUs of the host: seconds to the next one */
#define FIRST_PAUSE	1.0
#define LONGEST_PAUSE	30.0

/* The number of TD builds is looked at this often. The moment with none can be short. */
#define LOOK		0.005
/* For so long a complete upload waits for that moment, and is in the way of others. */
#define HOLD		1.0

static int json, reinstall, allow_undetected, allow_debug, allow_downgrade;
static const char *expected;
static double timeout = 600;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* --- Output: "key: value" for people, or one object in JSON --- */

static bool in_object;

static void quoted(const char *text)
{
	putchar('"');
	for (; *text; text++)
		printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	putchar('"');
}

__printf(3, 4)
static void field(const char *key, bool number, const char *fmt, ...)
{
	char text[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt ? fmt : json ? "null" : "-", args);
	va_end(args);
	if (json)
		printf("%s\n  \"%s\": ", in_object ? "," : "{", key);
	else
		printf("%s:%*s", key, 18 - (int)strlen(key), "");
	in_object = json;
	if (json && fmt && !number)
		quoted(text);
	else
		printf(json ? "%s" : "%s\n", text);
}

static void string(const char *key, const char *text)
{
	field(key, false, text ? "%s" : NULL, text);
}

static void number(const char *key, long value)
{
	field(key, true, value < 0 ? NULL : "%ld", value);
}

/* The output is all that a command is for which changes nothing. */
static int flush(int code)
{
	if (in_object)
		printf("\n}\n");
	if (fflush(stdout) || ferror(stdout))
		errx(EXIT_FAILED, "not all of the output could be written: see where it goes to");
	return code;
}

/* --- status and check --- */

static bool runs_already(const struct image *image, const struct host *host)
{
	unsigned int old[3];
	size_t len;

	return image->version_from && parse_version(host->version, old, &len) &&
	       !memcmp(image->version, old, sizeof(old));
}

static bool version_verify(const struct image *image, const struct host *host,
			   struct report *report)
{
	const unsigned int *new = image->version;
	const char *problem = NULL, *fix = "get a newer one of its line";
	unsigned int old[3];
	size_t len;

	if (!parse_version(host->version, old, &len))
		return true;
	if (runs_already(image, host))
		return verdict(report, "order", EXIT_DONE,
			       "this version runs: nothing to do without --reinstall");
	if (!image->version_from) {
		problem = "version not known, perhaps an older one";
		fix = "use --expect VERSION";
	} else if (new[0] != old[0] || new[1] != old[1]) {
		problem = "of another line than the one that runs";
	} else if (new[2] < old[2]) {
		problem = "older than the one that runs";
	}
	if (!problem)
		return verdict(report, "order", EXIT_DONE, "newer than the one that runs");
	return verdict(report, "order", allow_downgrade ? WARNING : EXIT_UNSUPPORTED,
		       "%s; the P-SEAMLDR most likely refuses it, and TDX is lost: %s%s", problem,
		       fix, allow_downgrade ? "" : ", or use --allow-downgrade");
}

static int status(void)
{
	static const char *const states[] = { "ready", "no-tdx", "lost", "no-updates" };
	static const int codes[] = { EXIT_DONE, EXIT_UNSUPPORTED, EXIT_LOST, EXIT_UNSUPPORTED };
	struct report report = {};
	struct host host;

	host_get(&host);
	host_verify(&host, &report, allow_undetected);
	string("state", states[host.state]);
	string("module_version", host.version[0] ? host.version : NULL);
	string("seamldr_version", host.seamldr[0] ? host.seamldr : NULL);
	number("updates_left", host.updates_left);
	number("td_builds", host.td_builds);
	string("td_builders", host.td_builds > 0 && *td_builders() ? td_builders() + 2 : NULL);
	string("upload_status", host.upload_status[0] ? host.upload_status : NULL);
	string("upload_error", strcmp(host.upload_status, "idle") ? NULL : host.upload_error);
	string("host", report.verdicts[0].text);
	return flush(host.file && host.error != EACCES ? EXIT_FAILED : codes[host.state]);
}

static void show_image(const struct image *image)
{
	const uint8_t *sig = sigstruct(image);
	uint32_t nr = get32(sig + SIG_NR_CPUS), date = get32(sig + SIG_DATE);
	char cpus[MAX_CPUS * 10 + 1] = "", hash[2 * SIG_SEAMHASH_SIZE + 1];

	for (uint32_t i = 0; i < nr && i < MAX_CPUS; i++)
		sprintf(cpus + strlen(cpus), "%s%x", i ? " " : "", get32(sig + SIG_CPUS + 4 * i));
	for (int i = 0; i < SIG_SEAMHASH_SIZE; i++)
		sprintf(hash + 2 * i, "%02x", sig[SIG_SEAMHASH + i]);
	field("version", false, image->version_from ? "%u.%u.%02u" : NULL, image->version[0],
	      image->version[1], image->version[2]);
	string("version_from", image->version_from);
	field("svn", false, "%u.%u", sig[SIG_SEAMSVN + 1], sig[SIG_SEAMSVN]);
	field("date", false, "%04x-%02x-%02x", date >> 16, date >> 8 & 0xff, date & 0xff);
	field("handoff_versions", false, "%u-%u", get16(sig + SIG_MIN_UPDATE_HV),
	      get16(sig + SIG_MODULE_HV));
	string("cpuid_1_eax", cpus);
	string("seamhash", hash);
}

static int check(struct image *image)
{
	struct report report = {};
	const struct verdict *no;
	struct host host;

	host_get(&host);
	string("image", image->name);
	if (image_verify(image, &report, expected, allow_debug)) {
		show_image(image);
		version_verify(image, &host, &report);
	}
	host_verify(&host, &report, allow_undetected);
	for (unsigned int i = 0; i < report.nr; i++) {
		const struct verdict *v = &report.verdicts[i];

		if (!json) {
			field(v->what, false, "%s%s", v->code > 0 ? "NO: " :
			      v->code ? "warning: " : "", v->text);
			continue;
		}
		printf("%s { \"what\": \"%s\", \"code\": %d, \"text\": ",
		       i ? " },\n   " : ",\n  \"verdicts\": [\n   ", v->what, v->code);
		quoted(v->text);
	}
	if (json)
		printf(" } ]");
	no = refusal(&report);
	string("refused_by", no ? no->what : NULL);
	number("exit_code", no ? no->code : EXIT_DONE);
	return flush(no ? no->code : EXIT_DONE);
}

/* --- install --- */

static FILE *log_to;		/* what happens meanwhile */
static const char *image_name;
static struct host before;
static unsigned int attempts;
static double start;
static bool uploading;
static sig_atomic_t stop;	/* only calls into libc make a difference to it */

static void on_signal(int sig)
{
	stop = sig;
}

/* The end of an install, one way or the other */
__printf(2, 3)
static __noreturn void end(int code, const char *fmt, ...)
{
	char text[2048];
	struct host after;
	va_list args;

	if (uploading)
		sysfs_write(UPLOAD "loading", "-1");
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	openlog("tdx_update", LOG_PID, LOG_DAEMON);
	syslog(code ? LOG_ERR : LOG_NOTICE, "%s: %s", image_name, text);
	if (code || !json)
		fprintf(code ? stderr : stdout, "%s%s\n", code ? "tdx_update: " : "", text);
	if (json) {
		host_get(&after);
		string("image", image_name);
		number("exit_code", code);
		string("message", text);
		string("version_before", before.version[0] ? before.version : NULL);
		string("module_version", after.version[0] ? after.version : NULL);
		number("updates_left", after.updates_left);
		number("attempts", attempts);
		field("seconds", true, "%.1f", now() - start);
		printf("\n}\n");
	}
	fflush(stdout);
	if (code > 128) {
		signal(code - 128, SIG_DFL);
		raise(code - 128);
	}
	exit(code);
}

static __noreturn void fail(const char *file, int error)
{
	bool denied = error == EACCES || error == EPERM || error == EROFS;

	end(denied ? EXIT_USAGE : EXIT_FAILED, "%s/%s: %s: nothing has changed, %s", sysfs, file,
	    strerror(error), denied ? "run this as root, with sysfs writable" :
	    "see the kernel log");
}

static void pause_or_end(double seconds)
{
	double until = now() + seconds;

	do {
		if (stop)
			end(128 + stop, "stopped by a signal: nothing has changed");
		if (seconds)
			usleep(LOOK * 1e6);
	} while (now() < until);
}

/*
 * Only one of these tools at a time. The lock is on a file that only root can open, so nobody
 * else can keep root waiting, and it is gone with the process.
 */
static void lock(double deadline)
{
	int fd = sysfs_open(TDX_HOST "num_remaining_updates", O_RDONLY);

	if (fd < 0)
		fail(TDX_HOST "num_remaining_updates", -fd);
	for (bool said = false; flock(fd, LOCK_EX | LOCK_NB); said = true) {
		if (now() >= deadline)
			end(EXIT_BUSY, "another tdx_update is installing: try again later");
		if (!said)
			fprintf(log_to, "waiting for another tdx_update to end\n");
		pause_or_end(LOOK);
	}
}

/* Returns false if a complete upload has to be given up. */
static bool wait_for_builds(double until)
{
	long said = 0, nr;

	while (!sysfs_number(TDX_HOST "num_td_builds", &nr) && nr) {
		if (now() >= until && uploading)
			return false;
		if (now() >= until)
			end(EXIT_BUSY, "TD builds in progress: %ld%s; given up after %.0f s: %s",
			    nr, td_builders(), now() - start, "let them end and try again");
		if (nr != said && !uploading)
			fprintf(log_to, "%s: %ld%s; giving up in %.0f s\n",
				"waiting; TD builds in progress", nr, td_builders(), until - now());
		said = nr;
		pause_or_end(LOOK);
	}
	return true;
}

/* @deadline: for somebody else's upload. 0: for ours, which nothing can stop any more. */
static void wait_until_idle(double deadline)
{
	bool said = false;
	char line[32];
	int ret;

	while (!(ret = sysfs_read(UPLOAD "status", line, sizeof(line))) && strcmp(line, "idle")) {
		if (deadline && now() >= deadline)
			end(EXIT_BUSY, "somebody else's upload is under way: try again later");
		if (deadline)
			pause_or_end(0);
		if (!said && (deadline || stop)) {
			said = true;
			fprintf(log_to, "waiting for %s to end\n", deadline ?
				"somebody else's upload" :
				"the update, which cannot be stopped any more,");
		}
		usleep(LOOK * 1e6);
	}
	if (ret && deadline)
		fail(UPLOAD "status", -ret);
	if (ret)
		end(EXIT_FAILED, "%s/" UPLOAD "status: %s: how the update ended is not known: %s",
		    sysfs, strerror(-ret), "see the kernel log");
}

static void upload(const struct image *image)
{
	int fd, ret = sysfs_write(UPLOAD "loading", "1");
	ssize_t len;

	if (ret)
		fail(UPLOAD "loading", -ret);
	uploading = true;
	fd = sysfs_open(UPLOAD "data", O_WRONLY);
	if (fd < 0)
		fail(UPLOAD "data", -fd);
	for (size_t done = 0; done < image->size; done += len) {
		len = write(fd, image->data + done, image->size - done);
		if (len < 0)
			fail(UPLOAD "data", errno);
		pause_or_end(0);
	}
	close(fd);
}

/* One attempt. Returns what the kernel says of it: "" if it has worked. */
static const char *try_update(const struct image *image, double deadline)
{
	static char error[64];
	int ret;

	/* First nobody is kept from an upload, then ours has to be complete when there are none. */
	for (;;) {
		wait_for_builds(deadline);
		wait_until_idle(deadline);
		upload(image);
		if (wait_for_builds(now() + HOLD))
			break;
		sysfs_write(UPLOAD "loading", "-1");
		uploading = false;
	}
	attempts++;
	ret = sysfs_write(UPLOAD "loading", "0");
	if (ret)
		fail(UPLOAD "loading", -ret);
	uploading = false;
	wait_until_idle(0);
	ret = sysfs_read(UPLOAD "error", error, sizeof(error));
	if (ret)
		snprintf(error, sizeof(error), "unknown: %s", strerror(-ret));
	return error;
}

/* What was in the way, from the kernel's log, which not everybody may read: -1 is good, too. */
static const char *conflict(int fd)
{
	static const char key[] = "module update refused: ";
	static char text[64];
	char record[8192], *found;
	ssize_t len;

	snprintf(text, sizeof(text), "a TD build or migration is in progress");
	/* EPIPE: records were lost, and there are more. */
	while ((len = read(fd, record, sizeof(record) - 1)) > 0 || (len < 0 && errno == EPIPE)) {
		record[len < 0 ? 0 : len] = '\0';
		found = strstr(record, key);
		if (found)
			snprintf(text, sizeof(text), "%.*s", (int)strcspn(found, "\n") -
				 (int)strlen(key), found + strlen(key));
	}
	close(fd);
	return text;
}

/* The kernel says that it has worked: has it? */
static void verify_and_end(const struct image *image)
{
	struct host after;

	host_get(&after);
	if (after.state == LOST)
		end(EXIT_LOST, "TDX is lost: its new module does not work, reboot to get TDX back");
	if (after.file)
		end(EXIT_FAILED, "%s/%s: %s: how the update ended is not known: %s", sysfs,
		    after.file, strerror(after.error), "see the kernel log");
	if (after.updates_left >= before.updates_left)
		end(EXIT_FAILED, "no update has happened, module %s still runs: see the kernel log",
		    after.version);
	end(EXIT_DONE, "done: module %s runs now, before it was %s; updates left: %ld%s%s",
	    after.version, before.version, after.updates_left,
	    image->version_from && !runs_already(image, &after) ? "; warning: not as in " : "",
	    image->version_from && !runs_already(image, &after) ? image->version_from : "");
}

static void install(struct image *image)
{
	static const int signals[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGVTALRM, SIGPROF,
		SIGXCPU, SIGXFSZ, SIGIO, SIGPWR,
	};
	double deadline, pause = FIRST_PAUSE;
	struct report of_image = {};
	const struct verdict *no;
	const char *error = "";
	struct host after;
	int log;

	image_name = image->name;
	log_to = json ? stderr : stdout;
	start = now();
	deadline = start + timeout;
	/* What is ignored, as by nohup, stays so. */
	for (unsigned int i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (signal(signals[i], on_signal) == SIG_IGN)
			signal(signals[i], SIG_IGN);

	image_verify(image, &of_image, expected, allow_debug);
	for (unsigned int turn = 0; ; turn++) {
		/* Whoever had the lock, or does not care for it, can have changed the host. */
		struct report report = of_image;

		host_get(&before);
		version_verify(image, &before, &report);
		host_verify(&before, &report, allow_undetected);
		no = refusal(&report);
		if (no)
			end(no->code, "%s: %s", no->what, no->text);
		if (runs_already(image, &before) && !reinstall)
			end(EXIT_DONE, "nothing to do: module %s runs already", before.version);
		for (unsigned int i = 0; i < report.nr && !turn; i++)
			if (report.verdicts[i].code)
				fprintf(log_to, "warning: %s: %s\n", report.verdicts[i].what,
					report.verdicts[i].text);
		if (!turn) {
			lock(deadline);
			continue;
		}
		log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		lseek(log, 0, SEEK_END);
		error = try_update(image, deadline);
		if (!*error)
			verify_and_end(image);
		if (strcmp(error, "transferring:device-busy"))
			break;
		if (now() + pause > deadline && !stop)
			end(EXIT_BUSY, "refused: %s; given up after attempt %u, in %.0f s: %s",
			    conflict(log), attempts, now() - start,
			    "nothing has changed, let that end and try again");
		fprintf(log_to, "refused: %s; attempt %u in %.0f s, giving up in %.0f s\n",
			conflict(log), attempts + 1, pause, deadline - now());
		pause_or_end(pause);
		pause = 2 * pause < LONGEST_PAUSE ? 2 * pause : LONGEST_PAUSE;
	}
	host_get(&after);
	if (after.state == LOST)
		end(EXIT_LOST, "the update failed (%s) and TDX is lost, its TDs as well: %s", error,
		    "reboot to get TDX back");
	end(EXIT_FAILED, "the update failed (%s), TDX works and module %s still runs: %s", error,
	    after.version, "see the kernel log");
}

static const char usage[] =
"Usage: tdx_update status [--json]\n"
"       tdx_update check|install [OPTION]... IMAGE\n\n"
"status   shows the TDX module, whether it can be updated, and whose TDs are in the way\n"
"check    shows an image, and whether install would begin the update\n"
"install  replaces the TDX module; waits for the TDs that are being built\n\n"
"  -j, --json             one JSON object on standard output\n"
"  -t, --timeout SECONDS  try for so long (default 600); 0: once\n"
"  -e, --expect VERSION   what the module is, if the image does not say it itself\n"
"  --reinstall            even if this version runs already\n"
"  --allow-undetected     even if the kernel does not count TD builds\n"
"  --allow-debug          even a debug module\n"
"  --allow-downgrade      even an older module, or one of another line\n"
"  -h, --help; -V, --version\n\n"
"Exit codes: 0 done; 1 bad usage, or not root; 2 bad image; 3 not supported here; 4 still busy\n"
"at the timeout; 5 failed, but TDX works; 6 TDX is lost, only a reboot helps.\n";

int main(int argc, char *argv[])
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "timeout", required_argument, NULL, 't' },
		{ "expect", required_argument, NULL, 'e' },
		{ "reinstall", no_argument, &reinstall, 1 },
		{ "allow-undetected", no_argument, &allow_undetected, 1 },
		{ "allow-debug", no_argument, &allow_debug, 1 },
		{ "allow-downgrade", no_argument, &allow_downgrade, 1 },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{}
	};
	const char *root = getenv("TDX_UPDATE_SYSFS"), *command;
	struct image image;
	char *end;
	int opt;

	/* What is opened later must not become the output of a script that has closed its own. */
	do
		opt = open("/dev/null", O_RDWR);
	while (opt >= 0 && opt <= STDERR_FILENO);
	close(opt);
	if (root)
		sysfs = root;

	while ((opt = getopt_long(argc, argv, "jt:e:hV", long_options, NULL)) != -1) {
		switch (opt) {
		case 0:
			break;
		case 'j':
			json = 1;
			break;
		case 'e':
			expected = optarg;
			break;
		case 't':
			timeout = strtoul(optarg, &end, 10);
			if (end == optarg || *end || *optarg == '-' || timeout > 1e9)
				errx(EXIT_USAGE, "--timeout: not a number of seconds, as 600 is");
			break;
		case 'h':
		case 'V':
			fputs(opt == 'h' ? usage : "tdx_update 1.0\n", stdout);
			return flush(EXIT_DONE);
		default:
			return EXIT_USAGE;
		}
	}
	command = optind < argc ? argv[optind++] : "";
	if (!strcmp(command, "status") && optind == argc)
		return status();
	if (optind + 1 != argc || (strcmp(command, "check") && strcmp(command, "install")))
		errx(EXIT_USAGE, "use status, check IMAGE or install IMAGE: see --help");
	image_read(&image, argv[optind]);
	if (!strcmp(command, "check"))
		return check(&image);
	/* A script reads the output while it runs. If that goes away, an upload goes on. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	install(&image);
	return 0;
}
