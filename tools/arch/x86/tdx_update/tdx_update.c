// SPDX-License-Identifier: GPL-2.0
/*
 * tdx_update - see whether the TDX module can be updated
 *
 * A front end for /sys/class/firmware/tdx_module and /sys/devices/faux/tdx_host, as described
 * in Documentation/arch/x86/tdx.rst. What it adds to "cat": it says what an update must
 * fail with, and whose TDs are being built.
 */
#define _GNU_SOURCE

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tdx_update.h"

static const struct {
	const char *file, *key;
} host_files[] = {
	[MODULE_VERSION] = { TDX_HOST "version", "module_version" },
	[SEAMLDR_VERSION] = { TDX_HOST "seamldr_version", "seamldr_version" },
	[UPDATES_LEFT] = { TDX_HOST "num_remaining_updates", "updates_left" },
	[TD_BUILDS] = { TDX_HOST "num_td_builds", "td_builds" },
	[UPLOAD_STATUS] = { UPLOAD "status", "upload_status" },
	[UPLOAD_ERROR] = { UPLOAD "error", "upload_error" },
};

int json;
struct check refusal;
static bool in_object;

void say(const char *key, int code, const char *fmt, ...)
{
	const char *quote = fmt && code != NUMBER ? "\"" : "";
	char text[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt ? fmt : json ? "null" : "-", args);
	va_end(args);
	if (!json) {
		printf("%s:%*s%s%s\n", key, 18 - (int)strlen(key), "",
		       code > 0 ? "NO: " : code == WARNING ? "warning: " : "", text);
		return;
	}
	printf("%s\n  \"%s\": ", in_object ? "," : "{", key);
	in_object = true;
	if (code >= WARNING)
		printf("{ \"code\": %d, \"text\": ", code);
	printf("%s", quote);
	for (const char *p = text; *p; p++)
		printf(*p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
	printf("%s%s", quote, code >= WARNING ? " }" : "");
}

void verdicts(const struct check *check)
{
	for (const struct check *wrong = NULL; check->key; check++) {
		if (check->is_wrong && !wrong)
			wrong = check;
		if (check[1].key && !strcmp(check[1].key, check->key))
			continue;
		say(check->key, wrong ? wrong->code : EXIT_DONE, "%s", wrong ? wrong->text : "ok");
		if (wrong && wrong->code > 0 && !refusal.code)
			refusal = *wrong;
		wrong = NULL;
	}
}

int finish(int code)
{
	if (in_object)
		printf("\n}\n");
	if (fflush(stdout) || ferror(stdout))
		errx(EXIT_FAILED, "not all of the output could be written: see where it goes to");
	return code;
}

static void printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

int read_line(const char *file, char *line, size_t size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, line, size - 1);
	int error = len < 0 ? errno : 0;

	close(fd);
	line[error ? 0 : len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	printable(line);
	return error;
}

void host_get(struct host *host)
{
	for (int i = 0; i < NR_FILES; i++)
		host->error[i] = read_line(host_files[i].file, host->text[i],
					   sizeof(host->text[i]));
	host->state = host->error[MODULE_VERSION] == ENXIO ? LOST :
		      host->error[MODULE_VERSION] == ENOENT ? NO_TDX :
		      host->error[UPDATES_LEFT] == ENOENT ? NO_UPDATES : READY;
}

/*
 * Whose TDs are being built: KVM has a directory PID-FD in debugfs for each VM, since it was
 * made. Empty without debugfs, or with a KVM that does not tell.
 */
const char *td_builders(void)
{
	static const char pattern[] = "kernel/debug/kvm/*-*/td_build_in_progress";
	char proc[64], building[8], command[256], cgroup[256];
	static char text[1024];
	size_t len = 0;
	struct stat st;
	glob_t vms;

	text[0] = '\0';
	if (glob(pattern, 0, NULL, &vms))
		return text;
	for (size_t i = 0; i < vms.gl_pathc && len < sizeof(text); i++) {
		const char *vm = vms.gl_pathv[i];
		int pid = atoi(vm + strcspn(pattern, "*"));

		if (read_line(vm, building, sizeof(building)) || !atoi(building) || stat(vm, &st))
			continue;
		/* comm ends after 15 bytes. This ends after the path of the program. */
		snprintf(proc, sizeof(proc), "/proc/%d/cmdline", pid);
		read_line(proc, command, sizeof(command));
		snprintf(proc, sizeof(proc), "/proc/%d/cgroup", pid);
		read_line(proc, cgroup, sizeof(cgroup));
		len += snprintf(text + len, sizeof(text) - len,
				"%s%s, PID %d, cgroup %s, for %ld s", len ? "; " : ": ",
				basename(command), pid, cgroup,
				(long)(time(NULL) - st.st_mtime));
	}
	globfree(&vms);
	return text;
}

void host_verify(const struct host *host)
{
	char online[1024], present[1024];
	static char bad[256];
	int error = 0;

	/* A file can be missing, and the last error cannot be read during an upload. */
	for (int i = NR_FILES - 1; i >= 0; i--) {
		if (!host->error[i] || host->error[i] == ENOENT || host->error[i] == EBUSY)
			continue;
		error = host->error[i];
		snprintf(bad, sizeof(bad), "/sys/%s: %s: %s", host_files[i].file, strerror(error),
			 error == EACCES ? "run this as root" : "see the kernel log");
	}
	/* The P-SEAMLDR installs a module when every CPU has called it, also an offline one. */
	read_line("devices/system/cpu/online", online, sizeof(online));
	read_line("devices/system/cpu/present", present, sizeof(present));

	verdicts((struct check[]) {
		{ "host", host->state == LOST, EXIT_LOST,
		  "TDX is lost after an update that failed: reboot to get it back" },
		{ "host", host->state == NO_TDX, EXIT_UNSUPPORTED,
		  "it has no TDX, or its driver tdx-host is not loaded" },
		{ "host", host->state == NO_UPDATES, EXIT_UNSUPPORTED,
		  "its TDX module or its CPU does not support updates" },
		{ "host", error, error == EACCES ? WARNING : EXIT_FAILED, bad },
		{ "host", !strcmp(host->text[UPDATES_LEFT], "0"), EXIT_UNSUPPORTED,
		  "no updates are left: only a reboot can bring new ones" },
		{ "host", !*online || strcmp(online, present), EXIT_UNSUPPORTED,
		  "a CPU is offline, and an update would lose TDX: bring all CPUs online" },
		{ "host", !*host->text[TD_BUILDS], EXIT_UNSUPPORTED,
		  "its kernel does not count TD builds: make sure that there are none" },
		{}
	});
}

void say_file(const char *key, const struct host *host, int file)
{
	say(key, file == UPDATES_LEFT || file == TD_BUILDS ? NUMBER : TEXT,
	    host->error[file] ? NULL : "%s", host->text[file]);
}

static int show_status(void)
{
	static const char *const states[] = { "ready", "no-tdx", "lost", "no-updates" };
	static const int codes[] = { EXIT_DONE, EXIT_UNSUPPORTED, EXIT_LOST, EXIT_UNSUPPORTED };
	const char *who = td_builders();
	struct host host;

	host_get(&host);
	say("state", TEXT, "%s", states[host.state]);
	for (int i = 0; i < NR_FILES; i++)
		say_file(host_files[i].key, &host, i);
	say("td_builders", TEXT, *who ? "%s" : NULL, who + 2);
	host_verify(&host);
	return finish(refusal.code == EXIT_FAILED ? EXIT_FAILED : codes[host.state]);
}

static const char usage[] =
"Usage: tdx_update status [--json]\n\n"
"status   shows the TDX module, whether it can be updated, and whose TDs are in the way\n\n"
"  --json              one JSON object on standard output\n"
"  --help, --version\n\n"
"The exit codes are in tdx_update(8).\n";

int main(int argc, char *argv[])
{
	static const struct option long_options[] = {
		{ "json", no_argument, &json, 1 },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{}
	};
	const char *sysfs = getenv("TDX_UPDATE_SYSFS") ?: "/sys";
	int opt;

	/* What is opened later must not become the output of a script that has closed its own. */
	do
		opt = open("/dev/null", O_RDWR);
	while (opt >= 0 && opt <= STDERR_FILENO);
	close(opt);

	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (opt) {
		case 0:
			break;
		case 'h':
		case 'V':
			fputs(opt == 'h' ? usage : "tdx_update 1.0\n", stdout);
			return finish(EXIT_DONE);
		default:
			return EXIT_USAGE;
		}
	}
	if (optind + 1 != argc || strcmp(argv[optind], "status"))
		errx(EXIT_USAGE, "use status: see --help");
	if (chdir(sysfs))
		err(EXIT_USAGE, "%s: cannot be entered, mount sysfs there", sysfs);
	return show_status();
}
