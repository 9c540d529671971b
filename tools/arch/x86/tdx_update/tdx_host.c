// SPDX-License-Identifier: GPL-2.0
/* The TDX host in sysfs, and whose TDs are being built */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tdx_update.h"

#define CPU		"devices/system/cpu/"

const char *sysfs = "/sys";

int sysfs_open(const char *file, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", *file == '/' ? "" : sysfs, file);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysfs_read(const char *file, char *line, size_t size)
{
	int fd = sysfs_open(file, O_RDONLY);
	ssize_t len = fd < 0 ? fd : read(fd, line, size - 1);

	if (fd >= 0 && len < 0)
		len = -errno;
	if (fd >= 0)
		close(fd);
	line[len < 0 ? 0 : len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	printable(line);
	return len < 0 ? len : 0;
}

int sysfs_number(const char *file, long *value)
{
	char line[32], *end;
	int ret = sysfs_read(file, line, sizeof(line));

	*value = strtol(line, &end, 10);
	if (!ret && (end == line || *end || *value < 0))
		ret = -EINVAL;
	if (ret)
		*value = -1;
	return ret;
}

int sysfs_write(const char *file, const char *text)
{
	int fd = sysfs_open(file, O_WRONLY), ret = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* What the P-SEAMLDR would have to say can fail in any way when TDX is lost. */
static int note(struct host *host, const char *file, int ret)
{
	if (ret && ret != -ENOENT && ret != -ENXIO && !host->file && host->state != LOST) {
		host->file = file;
		host->error = -ret;
	}
	return ret;
}

static int get(struct host *host, const char *file, char *line, size_t size)
{
	return note(host, file, sysfs_read(file, line, size));
}

void host_get(struct host *host)
{
	static const char builds[] = TDX_HOST "num_td_builds";
	static const char left[] = TDX_HOST "num_remaining_updates";
	int ret;

	*host = (struct host){ .updates_left = -1, .td_builds = -1 };
	ret = get(host, TDX_HOST "version", host->version, sizeof(host->version));
	host->state = ret == -ENXIO ? LOST : ret == -ENOENT || ret == -ENOTDIR ? NO_TDX : READY;
	if (host->state == NO_TDX)
		return;
	note(host, builds, sysfs_number(builds, &host->td_builds));
	ret = note(host, left, sysfs_number(left, &host->updates_left));
	if (ret == -ENOENT && host->state == READY)
		host->state = NO_UPDATES;
	get(host, TDX_HOST "seamldr_version", host->seamldr, sizeof(host->seamldr));
	/* "error" fails with EBUSY during an upload, which can begin after "idle" was read. */
	do {
		get(host, UPLOAD "status", host->upload_status, sizeof(host->upload_status));
		ret = sysfs_read(UPLOAD "error", host->upload_error, sizeof(host->upload_error));
	} while (ret == -EBUSY && !strcmp(host->upload_status, "idle"));
}

/*
 * Whose TDs are being built: KVM has a directory PID-FD in debugfs for each VM, since it was
 * made. Empty without debugfs, or with a KVM that does not tell.
 */
const char *td_builders(void)
{
	char pattern[PATH_MAX], proc[64], comm[32], cgroup[256];
	size_t skip = strlen(sysfs) + 1, len = 0;
	static char text[1024];
	struct stat st;
	glob_t vms;
	long nr;

	text[0] = '\0';
	snprintf(pattern, sizeof(pattern), "%s/kernel/debug/kvm/*-*/td_build_in_progress", sysfs);
	if (glob(pattern, 0, NULL, &vms))
		return text;
	for (size_t i = 0; i < vms.gl_pathc && len < sizeof(text); i++) {
		int pid = atoi(vms.gl_pathv[i] + skip + strlen("kernel/debug/kvm/"));

		if (sysfs_number(vms.gl_pathv[i] + skip, &nr) || !nr || stat(vms.gl_pathv[i], &st))
			continue;
		snprintf(proc, sizeof(proc), "/proc/%d/comm", pid);
		sysfs_read(proc, comm, sizeof(comm));
		snprintf(proc, sizeof(proc), "/proc/%d/cgroup", pid);
		sysfs_read(proc, cgroup, sizeof(cgroup));
		len += snprintf(text + len, sizeof(text) - len,
				"%s%s, PID %d, cgroup %s, for %ld s", len ? "; " : ": ",
				*comm ? comm : "?", pid, *cgroup ? cgroup : "?",
				(long)(time(NULL) - st.st_mtime));
	}
	globfree(&vms);
	return text;
}

/* The P-SEAMLDR installs a module when every CPU has called it, one that is offline as well. */
static bool all_cpus_online(void)
{
	char online[PAGE], present[PAGE];

	return !sysfs_read(CPU "online", online, sizeof(online)) &&
	       !sysfs_read(CPU "present", present, sizeof(present)) && !strcmp(online, present);
}

bool host_verify(const struct host *host, struct report *report, bool allow_undetected)
{
	if (host->state == LOST)
		return verdict(report, "host", EXIT_LOST,
			       "TDX is lost after an update that failed: reboot to get it back");
	if (host->state != READY)
		return verdict(report, "host", EXIT_UNSUPPORTED, host->state == NO_TDX ?
			       "it has no TDX, or its driver tdx-host is not loaded" :
			       "its TDX module or its CPU does not support updates");
	if (host->file)
		return verdict(report, "host", host->error == EACCES ? WARNING : EXIT_FAILED,
			       "%s/%s: %s: %s", sysfs, host->file, strerror(host->error),
			       host->error == EACCES ? "run this as root" : "see the kernel log");
	if (!host->updates_left)
		return verdict(report, "host", EXIT_UNSUPPORTED,
			       "no updates are left: only a reboot can bring new ones");
	if (!all_cpus_online())
		return verdict(report, "host", EXIT_UNSUPPORTED,
			       "a CPU is offline, and an update would lose TDX: bring all CPUs online");
	if (host->td_builds < 0)
		return verdict(report, "host", allow_undetected ? WARNING : EXIT_UNSUPPORTED,
			       "its kernel does not count TD builds: make sure that there are none%s",
			       allow_undetected ? "" : ", and use --allow-undetected");
	return verdict(report, "host", EXIT_DONE, "it can be updated");
}
