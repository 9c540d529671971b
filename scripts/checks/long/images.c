// SPDX-License-Identifier: GPL-2.0
/* "tdx_update check" reads the images that libFuzzer makes of good ones, and says what refused each. */
#define main tdx_update_main
#include "tdx_update.c"
#undef main

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	/* Header and sigstruct are read byte by byte, the rest is only hashed. */
	size_t start = seed % 4 ? 4096 : 0, length = start ? 2048 : 64;

	if (seed % 16 == 0 || size < start + length)
		return LLVMFuzzerMutate(data, size, max);
	LLVMFuzzerMutate(data + start, length, length);
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image = { .name = "tdx_module_1.5.07.blob", .size = size };
	struct host host = { .version = "1.5.06", .updates_left = 1 };
	struct report report = {};
	const struct verdict *no;

	/* Exactly as long, so that a sanitizer sees any byte that is read after it */
	image.data = malloc(size);
	memcpy(image.data, data, size);
	if (image_verify(&image, &report, NULL, false)) {
		show_image(&image);
		version_verify(&image, &host, &report);
	}
	json = !json;
	in_object = false;
	no = refusal(&report);
	fprintf(stderr, "%s\n", no ? no->what : "nothing");
	free(image.data);
	return 0;
}
