/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random TDX module images, most of them almost good. The same seed and number give the same
 * bytes in the kernel and in userspace: tdx_image_kunit.c and random_images.c in
 * tools/testing/fake_seam compare what the kernel and tdx_update say of them.
 */
#ifndef _X86_VIRT_TDX_TESTS_RANDOM_IMAGE_H
#define _X86_VIRT_TDX_TESTS_RANDOM_IMAGE_H

#include <linux/types.h>

#define RANDOM_IMAGE_PAGE	4096U
#define RANDOM_IMAGE_MAX_PAGES	20U
#define RANDOM_IMAGE_MAX	(RANDOM_IMAGE_MAX_PAGES * RANDOM_IMAGE_PAGE)

/* Random bytes of the sigstruct: what a sigstruct can have, and no more */
#define RANDOM_IMAGE_PAYLOAD	2048U

static inline __u32 random_image_next(__u64 *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

static inline void random_image_put16(__u8 *p, __u32 value)
{
	p[0] = value & 0xff;
	p[1] = value >> 8 & 0xff;
}

static inline void random_image_put32(__u8 *p, __u32 value)
{
	random_image_put16(p, value);
	random_image_put16(p + 2, value >> 16);
}

static inline __u32 random_image_get32(const __u8 *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (__u32)p[3] << 24;
}

/* A number that is likely to be near a border */
static inline __u32 random_image_number(__u64 *state)
{
	/* 16 of them; ARRAY_SIZE() is not everywhere. */
	static const __u32 numbers[16] = {
		0, 1, 2, 3, 255, 256, 496, 497, 498, 0x200, 0xffff, 0x10000, 0x100000, 0x100001,
		0x80000000, 0xffffffff,
	};
	__u32 r = random_image_next(state);

	if (r % 8 == 0)
		return random_image_next(state) << 1;
	return numbers[r / 8 % 16];
}

/*
 * Make image number @nr of the sequence that @seed gives. @image has RANDOM_IMAGE_MAX bytes, and
 * was zero before the first one. Returns the size of the image.
 */
static inline __u32 random_image(__u8 *image, __u32 seed, __u32 nr)
{
	__u64 state = ((__u64)seed << 32 | nr) ^ 0x5851f42d4c957f2dULL;
	__u32 pages, size, changes, i, sum = 0;

	/* Numbers that are close to each other must not have similar images. */
	for (i = 0; i < 4; i++)
		random_image_next(&state);

	pages = 1 + random_image_next(&state) % 8;
	size = (2 + pages) * RANDOM_IMAGE_PAGE;

	for (i = 0; i < RANDOM_IMAGE_PAGE; i++)
		image[i] = 0;
	random_image_put16(image, 0x200);
	for (i = 0; i < 8; i++)
		image[4 + i] = "TDX-BLOB"[i];
	random_image_put32(image + 12, 1);
	random_image_put32(image + 16, pages);
	for (i = 0; i < RANDOM_IMAGE_PAYLOAD; i++)
		image[RANDOM_IMAGE_PAGE + i] = random_image_next(&state) >> 8;
	/* The size of its table of CPUs, which tdx_update follows */
	random_image_put32(image + RANDOM_IMAGE_PAGE + 1024, random_image_number(&state));

	for (changes = random_image_next(&state) % 3; changes; changes--) {
		switch (random_image_next(&state) % 7) {
		case 0:
			random_image_put16(image, random_image_number(&state));
			break;
		case 1:
			image[4 + random_image_next(&state) % 8] ^=
				1 << random_image_next(&state) % 8;
			break;
		case 2:
			random_image_put32(image + 12, random_image_number(&state));
			break;
		case 3:
			random_image_put32(image + 16, random_image_number(&state));
			break;
		case 4:
			image[20 + random_image_next(&state) % 4076] = random_image_next(&state);
			break;
		case 5:
			size = random_image_next(&state) % (10 * RANDOM_IMAGE_PAGE);
			break;
		case 6:
			/* As big as it says that it is, if that is not too big */
			pages = random_image_get32(image + 12) + random_image_get32(image + 16);
			if (pages < RANDOM_IMAGE_MAX_PAGES)
				size = (1 + pages) * RANDOM_IMAGE_PAGE;
			break;
		}
	}

	switch (random_image_next(&state) % 4) {
	case 0:
		random_image_put16(image + 2, random_image_next(&state));
		break;
	case 1:
		break;
	default:
		for (i = 0; i + 1 < size; i += 2)
			sum += image[i] | image[i + 1] << 8;
		random_image_put16(image + 2, -sum);
	}
	return size;
}

/* Have both sides seen the same bytes? FNV-1a, goes on from @hash. */
static inline __u32 random_image_hash(__u32 hash, const __u8 *image, __u32 size)
{
	__u32 i;

	for (i = 0; i < size; i++)
		hash = (hash ^ image[i]) * 16777619U;
	return (hash ^ size) * 16777619U;
}

/* 64 verdicts are printed in one line. Is it full, or was that the last one? */
static inline int random_image_line_ends(__u32 nr, __u32 number)
{
	return nr % 64 == 63 || nr + 1 == number;
}

#endif /* _X86_VIRT_TDX_TESTS_RANDOM_IMAGE_H */
