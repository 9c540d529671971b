// SPDX-License-Identifier: GPL-2.0
/* "tdx_update check" reads the images that libFuzzer makes of good ones, and says what refused each. */
#define main tdx_update_main
#include "tdx_update.c"
#undef main

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image = { .name = "tdx_module_1.5.07.blob", .size = size };
	struct host host = { .text[MODULE_VERSION] = "1.5.06" };

	/* Exactly as long, so that a sanitizer sees any byte that is read after it */
	image.blob = malloc(size);
	memcpy(image.blob, data, size);
	refusal = (struct check){};
	if (image_verify(&image))
		order_verify(&image, &host);
	json = !json;
	in_object = false;
	fprintf(stderr, "%s\n", refusal.code ? refusal.key : "nothing");
	free(image.blob);
	return 0;
}
