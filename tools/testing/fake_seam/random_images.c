// SPDX-License-Identifier: GPL-2.0
/*
 * random_images SEED NUMBER FILE - what does "tdx_update check" say of random images?
 *
 * The images are those of the KUnit suite tdx_image with the same seed and number. So is the
 * output: its lines must be in the suite's output as they are, or tdx_update and the kernel
 * do not agree. FILE is where the images are written, one after the other.
 *
 * Build this with -fsanitize=address,undefined -fno-sanitize-recover=all. Every image gets a
 * process of its own. One that ends in any other way than tdx_update's manual page says is a
 * failure.
 */
#include "../../../arch/x86/virt/vmx/tdx/tests/random_image.h"

#define main tdx_update_main
#include "../../arch/x86/tdx_update/tdx_update.c"
#undef main

#include <sys/wait.h>

static void write_image(const char *file, const __u8 *image, __u32 size)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, image, size) != (ssize_t)size || close(fd))
		err(EXIT_FAILURE, "%s: cannot be written", file);
}

static int run_check(char *file)
{
	/* No host is there: a good image ends with "not supported here". */
	char name[] = "tdx_update", sysfs_option[] = "--sysfs=/nonexistent", command[] = "check";
	char *argv[5] = { name };
	int child, wstatus;

	argv[1] = sysfs_option;
	argv[2] = command;
	argv[3] = file;

	fflush(NULL);
	child = fork();
	if (child < 0)
		err(EXIT_FAILURE, "fork");
	if (!child) {
		int null = open("/dev/null", O_WRONLY);

		if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
			_exit(EXIT_FAILURE);
		exit(tdx_update_main(4, argv));
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
	unsigned int taken = 0, number;
	__u64 verdicts = 0;
	__u32 hash = 0;

	if (argc != 4)
		errx(EXIT_FAILURE, "usage: %s SEED NUMBER FILE", argv[0]);
	number = strtoul(argv[2], NULL, 0);
	check_pauses();

	for (unsigned int nr = 0; nr < number; nr++) {
		__u32 size = random_image(image, strtoul(argv[1], NULL, 0), nr);
		int code;

		write_image(argv[3], image, size);
		code = run_check(argv[3]);
		if (code != EXIT_IMAGE && code != EXIT_UNSUPPORTED)
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
