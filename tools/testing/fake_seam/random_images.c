// SPDX-License-Identifier: GPL-2.0
/*
 * random_images SEED NUMBER FILE - what does "tdx_update check" say of random images?
 *
 * The images are those of the KUnit suite tdx_image with the same seed and number. So is the
 * output: its lines must be in the suite's output as they are, or tdx_update and the kernel
 * do not agree. FILE is where the images are written, one after the other; in FILE.sys is what
 * the tool takes for sysfs.
 *
 * Build this with -fsanitize=address,undefined -fno-sanitize-recover=all. Every image gets a
 * process of its own. One that ends in any other way than tdx_update's manual page says is a
 * failure.
 */
#include "../../../arch/x86/virt/vmx/tdx/tests/random_image.h"

#define main tdx_update_main
#include "../../arch/x86/tdx_update/tdx_update.c"
#undef main

#include <sys/stat.h>
#include <sys/wait.h>

static void write_file(const char *file, const void *data, size_t size)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd))
		err(EXIT_FAILURE, "%s: cannot be written", file);
}

/* A host that would take a good image, if it were not for the CPU */
static void make_host(const char *root)
{
	static const struct {
		const char *name, *text;
	} files[] = {
		{ "/devices/faux/tdx_host/version", "1.5.06\n" },
		{ "/devices/faux/tdx_host/num_remaining_updates", "7\n" },
		{ "/devices/faux/tdx_host/seamldr_version", "1.5.99\n" },
		{ "/devices/faux/tdx_host/num_td_builds", "0\n" },
		{ "/class/firmware/tdx_module/status", "idle\n" },
		{ "/class/firmware/tdx_module/error", "" },
		{ "/devices/system/cpu/online", "0-3\n" },
		{ "/devices/system/cpu/present", "0-3\n" },
		{ NULL, NULL }
	};
	char path[PATH_MAX];

	for (int i = 0; files[i].name; i++) {
		snprintf(path, sizeof(path), "%s%s", root, files[i].name);
		for (char *p = path + 1; (p = strchr(p, '/')); p++) {
			*p = '\0';
			if (mkdir(path, 0700) && errno != EEXIST)
				err(EXIT_FAILURE, "%s: cannot be made", path);
			*p = '/';
		}
		write_file(path, files[i].text, strlen(files[i].text));
	}
}

static int run_check(char *file, char *root)
{
	char name[] = "tdx_update", option[] = "--sysfs", command[] = "check";
	char *argv[6] = { name };
	int child, wstatus;

	argv[1] = option;
	argv[2] = root;
	argv[3] = command;
	argv[4] = file;

	fflush(NULL);
	child = fork();
	if (child < 0)
		err(EXIT_FAILURE, "fork");
	if (!child) {
		int null = open("/dev/null", O_WRONLY);

		if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
			_exit(EXIT_FAILURE);
		exit(tdx_update_main(5, argv));
	}
	if (waitpid(child, &wstatus, 0) != child)
		err(EXIT_FAILURE, "waitpid");
	return WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : -WTERMSIG(wstatus);
}

/* The pauses of install, which nobody wants to wait for */
static void check_pauses(void)
{
	for (unsigned int nr = 1; nr < 1000; nr++) {
		double shortest = next_pause(nr, 0), longest = next_pause(nr, 0.999999);

		if (shortest < 1 || longest > 30 || longest <= shortest ||
		    next_pause(nr + 1, 0) < shortest)
			errx(EXIT_FAILURE, "pause %u is %f to %f s", nr, shortest, longest);
	}
	if (next_pause(5, 0.999999) < 29)
		errx(EXIT_FAILURE, "pauses do not grow");
}

int main(int argc, char *argv[])
{
	static __u8 image[RANDOM_IMAGE_MAX];
	char root[PATH_MAX];
	unsigned int taken = 0, number;
	__u64 verdicts = 0;
	__u32 hash = 0;

	if (argc != 4)
		errx(EXIT_FAILURE, "usage: %s SEED NUMBER FILE", argv[0]);
	number = strtoul(argv[2], NULL, 0);
	check_pauses();
	snprintf(root, sizeof(root), "%s.sys", argv[3]);
	make_host(root);

	for (unsigned int nr = 0; nr < number; nr++) {
		__u32 size = random_image(image, strtoul(argv[1], NULL, 0), nr);
		int code;

		write_file(argv[3], image, size);
		code = run_check(argv[3], root);
		if (code != EXIT_DONE && code != EXIT_IMAGE && code != EXIT_UNSUPPORTED)
			errx(EXIT_FAILURE, "image %u: exit code %d", nr, code);
		taken += code != EXIT_IMAGE;

		verdicts = verdicts << 1 | (code != EXIT_IMAGE);
		hash = random_image_hash(hash, image, size);
		if (random_image_line_ends(nr, number))
			printf("images to %u: %016llx, bytes %08x\n", nr,
			       (unsigned long long)verdicts, hash);
	}
	printf("%u were good\n", taken);
	return 0;
}
