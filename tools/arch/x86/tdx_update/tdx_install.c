// SPDX-License-Identifier: GPL-2.0
/* Installing an image: waiting, uploading, attempts, and how it has ended */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
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

/* What is waited for is looked at this often. The moment with no TD builds can be short. */
#define LOOK_US		5000

static const struct image *image;
static struct host before;
static unsigned int attempts;
static double deadline;
static bool uploading;
static int lock_fd = -1;
static FILE *log_to;		/* what happens meanwhile */
static sig_atomic_t stop;	/* only calls into libc make a difference to it */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

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
		write_text(UPLOAD "loading", "-1");
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	openlog("tdx_update", LOG_PID, LOG_DAEMON);
	syslog(code ? LOG_ERR : LOG_NOTICE, "%s: %s", image->name, text);
	if (code || !json)
		fprintf(code ? stderr : stdout, "%s%s\n", code ? "tdx_update: " : "", text);
	if (json) {
		output = ALL;
		host_get(&after);
		say("image", TEXT, "%s", image->name);
		say("exit_code", NUMBER, "%d", code);
		say("message", TEXT, "%s", text);
		say_file("version_before", &before, MODULE_VERSION);
		say_file("module_version", &after, MODULE_VERSION);
		say_file("updates_left", &after, UPDATES_LEFT);
		say("attempts", NUMBER, "%u", attempts);
		printf("\n}\n");
	}
	fflush(stdout);
	exit(code);
}

static __noreturn void fail(const char *file, int error)
{
	bool denied = error == EACCES || error == EPERM || error == EROFS;

	end(denied ? EXIT_USAGE : EXIT_FAILED, "/sys/%s: %s: nothing has changed, %s", file,
	    strerror(error), denied ? "run this as root, with sysfs writable" :
	    "see the kernel log");
}

static void end_if_stopped(void)
{
	if (stop)
		end(128 + stop, "stopped by a signal: nothing has changed");
}

struct wait {
	const char *what, *file, *free;		/* no file: the lock */
};

static const struct wait lock = { "another tdx_update is installing", NULL, NULL };
static const struct wait builds = { "TD builds in progress: ", TDX_HOST "num_td_builds", "0" };
static const struct wait others = { "another upload is under way: ", UPLOAD "status", "idle" };

/* Until it is not in the way any more. Says so, and ends the install if it takes too long. */
static void wait_for(const struct wait *wait)
{
	char line[32] = "", said[32] = "nothing";

	while (wait->file ? !read_line(wait->file, line, sizeof(line)) && strcmp(line, wait->free) :
	       flock(lock_fd, LOCK_EX | LOCK_NB)) {
		bool over = now() >= deadline, news = strcmp(line, said);
		const char *who = wait == &builds && (over || news) ? td_builders() : "";

		end_if_stopped();
		if (over)
			end(EXIT_BUSY, "%s%s%s; given up, nothing has changed: try again later",
			    wait->what, line, who);
		if (news)
			fprintf(log_to, "waiting; %s%s%s; giving up in %.0f s\n", wait->what, line,
				who, deadline - now());
		memcpy(said, line, sizeof(said));
		usleep(LOOK_US);
	}
}

/* One attempt. Returns what the kernel says of it: "" if it has worked. */
static const char *try_update(void)
{
	static char line[64];
	bool said = false;
	int fd, error;
	ssize_t len;

	wait_for(&builds);
	wait_for(&others);
	error = write_text(UPLOAD "loading", "1");
	if (error)
		fail(UPLOAD "loading", error);
	uploading = true;
	fd = open(UPLOAD "data", O_WRONLY | O_CLOEXEC);
	for (size_t done = 0; done < image->size; done += len) {
		len = fd < 0 ? -1 : write(fd, (char *)image->blob + done, image->size - done);
		if (len < 0)
			fail(UPLOAD "data", errno);
		end_if_stopped();
	}
	close(fd);
	attempts++;
	error = write_text(UPLOAD "loading", "0");
	if (error)
		fail(UPLOAD "loading", error);
	uploading = false;
	while (!(error = read_line(UPLOAD "status", line, sizeof(line))) && strcmp(line, "idle")) {
		if (stop && !said)
			fprintf(log_to, "waiting: the update cannot be stopped any more\n");
		said = stop;
		usleep(LOOK_US);
	}
	if (!error)
		error = read_line(UPLOAD "error", line, sizeof(line));
	if (error)
		end(EXIT_FAILED, "how the update ended is not known: %s: see the kernel log",
		    strerror(error));
	return line;
}

/* What was in the way, from the kernel's log, which not everybody may read: -1 is good, too. */
static const char *conflict(int fd)
{
	static char text[64];
	char record[8192], *found;
	ssize_t len;

	snprintf(text, sizeof(text), "a TD build or migration is in progress");
	/* EPIPE: records were lost, and there are more. */
	while ((len = read(fd, record, sizeof(record) - 1)) > 0 || (len < 0 && errno == EPIPE)) {
		record[len < 0 ? 0 : len] = '\0';
		found = strstr(record, "module update refused: ");
		if (found)
			sscanf(found, "module update refused: %63[^\n]", text);
	}
	close(fd);
	return text;
}

/* The kernel has said how it went, @error: is it so? */
static __noreturn void verify_and_end(const char *error)
{
	struct host after;
	bool other;

	host_get(&after);
	host_verify(&after);
	if (refusal.code == EXIT_LOST)
		end(EXIT_LOST, "TDX is lost, and its TDs as well, %s: reboot to get TDX back",
		    *error ? error : "because its new module does not work");
	if (refusal.code == EXIT_FAILED)
		end(EXIT_FAILED, "how the update ended is not known: %s", refusal.text);
	if (*error)
		end(EXIT_FAILED, "the update failed (%s), TDX works and module %s still runs: %s",
		    error, after.text[MODULE_VERSION], "see the kernel log");
	if (atol(after.text[UPDATES_LEFT]) >= atol(before.text[UPDATES_LEFT]))
		end(EXIT_FAILED, "no update has happened, module %s still runs: see the kernel log",
		    after.text[MODULE_VERSION]);
	other = *image->version && !order_verify(image, &after);
	end(EXIT_DONE, "done: module %s runs now, before it was %s; updates left: %s%s%s",
	    after.text[MODULE_VERSION], before.text[MODULE_VERSION], after.text[UPDATES_LEFT],
	    other ? "; warning: not as in " : "", other ? image->version_from : "");
}

void install(struct image *new_image)
{
	static const int signals[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGVTALRM, SIGPROF,
		SIGXCPU, SIGXFSZ, SIGIO, SIGPWR,
	};
	double pause = FIRST_PAUSE, until;
	const char *error;
	bool same;
	int log;

	image = new_image;
	log_to = json ? stderr : stdout;
	deadline = now() + timeout;
	/* A script reads the output while it runs. If that goes away, an upload goes on. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	/* What is ignored, as by nohup, stays so. */
	for (unsigned int i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (signal(signals[i], on_signal) == SIG_IGN)
			signal(signals[i], SIG_IGN);

	output = WARNINGS;
	image_verify(new_image);
	for (;;) {
		host_get(&before);
		same = order_verify(image, &before);
		host_verify(&before);
		output = NOTHING;
		if (refusal.code)
			end(refusal.code, "%s: %s", refusal.key, refusal.text);
		if (same && !reinstall)
			end(EXIT_DONE, "nothing to do: module %s runs already",
			    before.text[MODULE_VERSION]);
		/* Only root can open it, and make root wait. Meanwhile the host can change. */
		if (lock_fd < 0) {
			lock_fd = open(TDX_HOST "num_remaining_updates", O_RDONLY | O_CLOEXEC);
			if (lock_fd < 0)
				fail(TDX_HOST "num_remaining_updates", errno);
			wait_for(&lock);
			continue;
		}

		log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		lseek(log, 0, SEEK_END);
		error = try_update();
		if (strcmp(error, "transferring:device-busy"))
			verify_and_end(error);
		until = now() + pause;
		if (until > deadline && !stop)
			end(EXIT_BUSY, "refused: %s; given up after attempt %u: try again later",
			    conflict(log), attempts);
		fprintf(log_to, "refused: %s; attempt %u in %.0f s, giving up in %.0f s\n",
			conflict(log), attempts + 1, pause, deadline - now());
		while (now() < until) {
			end_if_stopped();
			usleep(LOOK_US);
		}
		pause = 2 * pause < LONGEST_PAUSE ? 2 * pause : LONGEST_PAUSE;
	}
}
