// SPDX-License-Identifier: GPL-2.0
/*
 * mutated_images NUMBER IMAGE... - "tdx_update check" reads so many images, made of good ones by
 * changing bytes, words, length or order. Most have no checksum, or nothing would be read after it.
 * Prints what refused how many. Build it with sanitizers; with libFuzzer (-DFUZZER
 * -fsanitize=fuzzer) that changes them.
 */
#define main tdx_update_main
#include "tdx_update.c"
#undef main

static struct {
	const char *what;
	unsigned int nr;
} refused_by[32];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image = { .name = "tdx_module_1.5.07.blob", .size = size };
	struct host host = { .text[MODULE_VERSION] = "1.5.06" };
	const char *what;
	unsigned int i = 0;

	/* Exactly as long, so that a sanitizer sees any byte that is read after it */
	image.blob = malloc(size);
	memcpy(image.blob, data, size);
	refusal = (struct check){};
	if (image_verify(&image))
		order_verify(&image, &host);
	json = !json;
	in_object = false;
	what = refusal.code ? refusal.key : "nothing";
	while (refused_by[i].what && strcmp(refused_by[i].what, what))
		i++;
	refused_by[i].what = what;
	refused_by[i].nr++;
	free(image.blob);
	return 0;
}

#ifndef FUZZER
int main(int argc, char *argv[])
{
	static uint8_t data[(1 << 20)];

	srand48(1);
	freopen("/dev/null", "w", stdout);
	for (long nr = atol(argv[1]); nr > 0; nr--) {
		FILE *file = fopen(argv[2 + lrand48() % (argc - 2)], "r");
		size_t size = fread(data, 1, sizeof(data), file);

		fclose(file);
		if (lrand48() % 8)
			data[2] = data[3] = 0;
		for (int n = lrand48() % 8; n >= 0; n--) {
			/* Header and sigstruct are read byte by byte, the rest is only hashed. */
			size_t i = (lrand48() % 4 ? 4096 : 0) + lrand48() % (lrand48() % 4 ? 2048 : 40);
			uint32_t word[] = { 0, 1, ~0U, 0x80000000, lrand48() };

			if (lrand48() % 2)
				data[i] ^= 1 << lrand48() % 8;
			else
				memcpy(data + i / 4 * 4, &word[lrand48() % 5], 4);
		}
		if (lrand48() % 16 == 0)
			memmove(data + lrand48() % 8192, data + lrand48() % 8192, lrand48() % 8192);
		if (lrand48() % 16 == 0)
			size = lrand48() % 2 ? lrand48() % size : size + lrand48() % 4096;
		LLVMFuzzerTestOneInput(data, size);
	}
	for (int i = 0; refused_by[i].what; i++)
		fprintf(stderr, "%s %u\n", refused_by[i].what, refused_by[i].nr);
	return 0;
}
#endif
