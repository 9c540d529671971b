// SPDX-License-Identifier: GPL-2.0
/*
 * Images of the TDX module.
 *
 * The P-SEAMLDR looks at an image when the running module has been shut down already. Whatever
 * it does not like costs the host its TDX, so all of it that a program can know is looked at
 * here. Which keys the P-SEAMLDR takes it does not know: a signature is right here if it is
 * that of the key which comes with it.
 */
#define _GNU_SOURCE

#include <assert.h>
#include <cpuid.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include "tdx_update.h"

#define PAGE		4096
#define MAX_IMAGE	(498 * PAGE)
#define MAX_CPUS	255

/* SEAM_SIGSTRUCT (SEAMLDR Interface Specification) */
struct sigstruct {
	uint32_t header_type, header_length, header_version, module_type, vendor, date, size;
	uint32_t key_size, modulus_size, exponent_size;
	uint8_t reserved0[88], modulus[384];
	uint32_t exponent;
	uint8_t signature[384], seamhash[SHA384_DIGEST_LENGTH], svn_minor, svn_major;
	uint16_t attributes[4];
	uint8_t reserved1[26];
	uint16_t module_hv, min_update_hv;
	uint8_t no_downgrade, reserved2[11];
	uint16_t update;			/* the module's version: 0 before 2.0 */
	uint8_t minor, major, reserved3[20];
	uint32_t nr_cpus, cpus[MAX_CPUS];	/* CPUID leaf 1, EAX */
};

/* An image (blob_structure.txt in Intel's repository of modules) */
struct blob {
	uint16_t version, checksum;
	char magic[8];
	uint32_t sigstruct_pages, module_pages;
	uint8_t reserved[PAGE - 20];
	struct sigstruct sig;
	uint8_t sig_page[PAGE - sizeof(struct sigstruct)];
	uint8_t module[];
};

static_assert(sizeof(struct blob) == 2 * PAGE, "two pages before the module");

void image_read(struct image *image, char *name)
{
	FILE *file = fopen(name, "r");

	printable(name);
	image->name = name;
	/* One byte more than the biggest image tells a bigger one. */
	image->blob = malloc(MAX_IMAGE + 1);
	if (!file || !image->blob)
		err(EXIT_USAGE, "%s: cannot be opened", name);
	image->size = fread(image->blob, 1, MAX_IMAGE + 1, file);
	if (ferror(file))
		err(EXIT_USAGE, "%s: cannot be read", name);
	fclose(file);
}

/* Numbers are in little endian, as OpenSSL wants them here. Only the signature is a string. */
static bool signature_is_right(struct sigstruct *sig)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, sig->modulus, sizeof(sig->modulus)),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, &sig->exponent, sizeof(sig->exponent)),
		OSSL_PARAM_END
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	uint8_t signature[sizeof(sig->signature)];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY *key = NULL;
	bool right;

	for (size_t i = 0; i < sizeof(signature); i++)
		signature[i] = sig->signature[sizeof(signature) - 1 - i];
	right = EVP_PKEY_fromdata_init(ctx) > 0 &&
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) > 0 &&
		EVP_DigestVerifyInit(md, NULL, EVP_sha384(), NULL, key) > 0 &&
		/* All but key and signature */
		EVP_DigestVerifyUpdate(md, sig, offsetof(struct sigstruct, modulus)) > 0 &&
		EVP_DigestVerifyUpdate(md, sig->seamhash, sizeof(*sig) -
				       offsetof(struct sigstruct, seamhash)) > 0 &&
		EVP_DigestVerifyFinal(md, signature, sizeof(signature)) > 0;
	EVP_MD_CTX_free(md);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return right;
}

/* What the kernel checks, init_seamldr_params(), and the checksum */
static void header_verify(const struct image *image)
{
	const struct blob *blob = image->blob;
	const uint16_t *words = (const uint16_t *)blob;
	uint16_t sum = 0;

	for (size_t i = 0; i < image->size / 2; i++)
		sum += words[i];
	say("format", TEXT, "%u.%u", blob->version >> 8, blob->version & 0xff);
	verdicts((struct check[]) {
		{ "header", !memcmp(blob->magic + 4, "TDX-", 4), EXIT_IMAGE,
		  "format 1.0, not 2.0: get the current image, or join .bin and .sigstruct anew" },
		{ "header", memcmp(blob->magic, "TDX-BLOB", 8) || blob->version != 0x200,
		  EXIT_IMAGE, "not of a TDX module image in format 2.0: get one" },
		{ "header", *blob->reserved ||
		  memcmp(blob->reserved, blob->reserved + 1, sizeof(blob->reserved) - 1),
		  EXIT_IMAGE, "a reserved byte is not 0: get another copy" },
		{ "header", blob->sigstruct_pages != 1 ||
		  blob->module_pages != image->size / PAGE - 2, EXIT_IMAGE,
		  "not of the size that it says: not copied whole, get another copy" },
		/* A checksum of 0 is none. */
		{ "checksum", sum && blob->checksum, EXIT_IMAGE, "it is wrong: get another copy" },
		{}
	});
}

bool image_verify(struct image *image)
{
	char cpus[9 * MAX_CPUS + 1] = "", named[40] = "", hex[2 * SHA384_DIGEST_LENGTH + 1];
	unsigned int eax = 0, ebx, ecx, edx, major, minor, update;
	const char *name = basename(image->name);
	bool listed = false, debug;
	uint8_t digest[SHA384_DIGEST_LENGTH];
	struct blob *blob = image->blob;
	struct sigstruct *sig = &blob->sig;
	int len;

	verdicts((struct check[]) {
		{ "size", image->size < 3 * PAGE || image->size > MAX_IMAGE || image->size % PAGE,
		  EXIT_IMAGE, "no TDX module image, or not copied whole: get another copy" },
		{}
	});
	if (!refusal.code)
		header_verify(image);
	if (refusal.code)
		return false;

	/*
	 * Modules from 2.0 on say which version they are. Of others a name as Intel gives it,
	 * tdx_module_1.5.06.blob, is believed.
	 */
	if (sscanf(name, "tdx_module_%5u.%5u.%5u%n", &major, &minor, &update, &len) == 3 &&
	    (!name[len] || name[len] == '.'))
		snprintf(named, sizeof(named), "%u.%u.%02u", major, minor, update);
	memcpy(image->version, named, sizeof(named));
	image->version_from = *named ? "the name of the file" : NULL;
	if (sig->major) {
		snprintf(image->version, sizeof(image->version), "%u.%u.%02u", sig->major,
			 sig->minor, sig->update);
		image->version_from = "the image itself";
	}
	say("version", TEXT, *image->version ? "%s" : NULL, image->version);
	say("version_from", TEXT, image->version_from ? "%s" : NULL, image->version_from);
	say("svn", TEXT, "%u.%u", sig->svn_major, sig->svn_minor);
	say("date", TEXT, "%04x-%02x-%02x", sig->date >> 16, sig->date >> 8 & 0xff,
	    sig->date & 0xff);
	/* All but the stepping has to be the same. All packages of a host with TDX are alike. */
	__get_cpuid(1, &eax, &ebx, &ecx, &edx);
	for (unsigned int i = 0; i < sig->nr_cpus && i < MAX_CPUS; i++) {
		sprintf(cpus + strlen(cpus), "%s%x", i ? " " : "", sig->cpus[i]);
		listed |= sig->cpus[i] >> 4 == eax >> 4;
	}
	say("cpuid_1_eax", TEXT, "%s", cpus);
	for (unsigned int i = 0; i < sizeof(digest); i++)
		sprintf(hex + 2 * i, "%02x", sig->seamhash[i]);
	say("seamhash", TEXT, "%s", hex);

	SHA384(blob->module, image->size - sizeof(*blob), digest);
	debug = sig->module_type >> 31;
	verdicts((struct check[]) {
		{ "name", *named && strcmp(named, image->version), WARNING,
		  "the image says that it is another version: see where it is from" },
		{ "sigstruct", sig->vendor != 0x8086, EXIT_IMAGE, "not Intel's: get another copy" },
		{ "sigstruct", sig->header_type != 6 || sig->header_length != 0xe1 ||
		  sig->header_version != 0x10000 || sig->size != 0x200 || sig->key_size != 0x60 ||
		  sig->modulus_size != 0x60 || sig->exponent_size != 1 ||
		  sig->exponent != 0x10001 || sig->attributes[0] || sig->attributes[1] ||
		  sig->attributes[2] || sig->attributes[3], EXIT_IMAGE,
		  "its fixed fields are not those of a TDX module: get another copy" },
		{ "sigstruct", !sig->svn_major || sig->nr_cpus > MAX_CPUS ||
		  sig->min_update_hv > sig->module_hv, EXIT_IMAGE,
		  "its SVN, handoff versions or CPUs make no sense: get another copy" },
		{ "cpus", !sig->nr_cpus && !debug, EXIT_IMAGE,
		  "no list, which only a debug module may lack: get another copy" },
		{ "cpus", sig->nr_cpus && !listed, EXIT_UNSUPPORTED,
		  "this one is not among them: get the image for this CPU" },
		{ "debug", debug, allow_debug ? WARNING : EXIT_UNSUPPORTED,
		  "for unlocked hosts, others lose TDX: get another, or use --allow-debug" },
		{ "hash", memcmp(digest, sig->seamhash, sizeof(digest)), EXIT_IMAGE,
		  "this module is not the one that the sigstruct is for: get another copy" },
		{ "signature", !signature_is_right(sig), EXIT_IMAGE,
		  "not for this sigstruct, which somebody has changed: get another copy" },
		{}
	});
	return true;
}

#define LOSES	\
	"; the P-SEAMLDR most likely refuses it, and TDX is lost: name it as Intel does, get another, or use --allow-downgrade"

bool order_verify(const struct image *image, const struct host *host)
{
	const char *new = image->version, *old = host->text[MODULE_VERSION];
	size_t line = *new ? strrchr(new, '.') + 1 - new : 0;
	int code = allow_downgrade ? WARNING : EXIT_UNSUPPORTED;

	verdicts((struct check[]) {
		{ "order", !*old, EXIT_DONE, "no module runs" },
		{ "order", !strcmp(new, old), EXIT_DONE,
		  "this version runs" },
		{ "order", !*new, code, "version not known, perhaps an older one" LOSES },
		{ "order", strncmp(new, old, line), code, "another line than what runs" LOSES },
		{ "order", strverscmp(new, old) < 0, code, "older than the one that runs" LOSES },
		{}
	});
	return *new && !strcmp(new, old);
}

int check(struct image *image)
{
	struct host host;

	say("image", TEXT, "%s", image->name);
	host_get(&host);
	if (image_verify(image))
		order_verify(image, &host);
	host_verify(&host);
	say("exit_code", NUMBER, "%d", refusal.code);
	return finish(refusal.code);
}
