// SPDX-License-Identifier: GPL-2.0
/*
 * Images of the TDX module.
 *
 * The P-SEAMLDR looks at an image when the running module has been shut down already. Whatever
 * it does not like costs the host its TDX, so all of it that a program can know is looked at
 * here. Which keys the P-SEAMLDR takes it does not know: a signature is right here if it is
 * that of the key which comes with it.
 */
#include <cpuid.h>
#include <err.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sha384.h"
#include "tdx_update.h"

#define MAX_MODULE_PAGES	496U
#define MAX_IMAGE		((2 + MAX_MODULE_PAGES) * PAGE)

/* Offsets in the header of an image (blob_structure.txt in Intel's repository of modules) */
#define HDR_VERSION		0
#define HDR_CHECKSUM		2
#define HDR_MAGIC		4
#define HDR_1_0_MAGIC		8	/* in format 1.0 */
#define HDR_SIG_PAGES		12
#define HDR_MODULE_PAGES	16
#define HDR_RESERVED		20

/* More of the SEAM_SIGSTRUCT. The version is 0 in modules before 2.0. */
#define SIG_HEADER_SIZE		128
#define SIG_MODULUS		128
#define SIG_SIGNATURE		516
#define SIG_UPDATE_VERSION	1000
#define SIG_MINOR_VERSION	1002
#define SIG_MAJOR_VERSION	1003
#define SIG_SIZE		2048

bool verdict(struct report *report, const char *what, int code, const char *fmt, ...)
{
	struct verdict *v = &report->verdicts[report->nr++];
	va_list args;

	v->what = what;
	v->code = code;
	va_start(args, fmt);
	vsnprintf(v->text, sizeof(v->text), fmt, args);
	va_end(args);
	return code <= 0;
}

const struct verdict *refusal(const struct report *report)
{
	for (unsigned int i = 0; i < report->nr; i++)
		if (report->verdicts[i].code > 0)
			return &report->verdicts[i];
	return NULL;
}

void printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

bool parse_version(const char *text, unsigned int version[3], size_t *len)
{
	const char *p = text;

	for (int i = 0; i < 3; i++) {
		const char *digits = p;

		version[i] = 0;
		/* Each part is a 16-bit field. */
		for (; *p >= '0' && *p <= '9' && p - digits < 5; p++)
			version[i] = version[i] * 10 + *p - '0';
		if (p == digits || (i < 2 && *p++ != '.'))
			return false;
	}
	*len = p - text;
	return true;
}

void image_read(struct image *image, const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t len = 1;

	memset(image, 0, sizeof(*image));
	snprintf(image->name, sizeof(image->name), "%s", name);
	printable(image->name);
	/* One byte more than the biggest image tells a bigger one. */
	image->data = malloc(MAX_IMAGE + 1);
	if (fd < 0 || !image->data)
		err(EXIT_USAGE, "%s: cannot be opened", image->name);
	while (len && image->size <= MAX_IMAGE) {
		len = read(fd, image->data + image->size, MAX_IMAGE + 1 - image->size);
		if (len < 0)
			err(EXIT_USAGE, "%s: cannot be read", image->name);
		image->size += len;
	}
	close(fd);
}

/* What the kernel checks, init_seamldr_params(), and the checksum */
static bool check_header(const struct image *image, struct report *report)
{
	const uint8_t *data = image->data;
	uint32_t sig_pages, pages;
	uint16_t sum = 0;

	if (image->size >= HDR_SIG_PAGES && get16(data + HDR_VERSION) == 0x100 &&
	    !memcmp(data + HDR_1_0_MAGIC, "TDX-", 4))
		return verdict(report, "format", EXIT_IMAGE, "1.0, and the kernel takes 2.0: %s",
			       "get the current image, or join .bin and .sigstruct anew");
	if (image->size < PAGE || memcmp(data + HDR_MAGIC, "TDX-BLOB", 8))
		return verdict(report, "format", EXIT_IMAGE,
			       "no TDX module image, which has TDX-BLOB in its header: get one");
	if (get16(data + HDR_VERSION) != 0x200)
		return verdict(report, "format", EXIT_IMAGE,
			       "%u.%u, and the kernel takes 2.0: get the image in that format",
			       data[HDR_VERSION + 1], data[HDR_VERSION]);
	for (unsigned int i = HDR_RESERVED; i < PAGE; i++)
		if (data[i])
			return verdict(report, "format", EXIT_IMAGE,
				       "byte %u of the header is reserved and not 0: get another copy",
				       i);

	sig_pages = get32(data + HDR_SIG_PAGES);
	pages = get32(data + HDR_MODULE_PAGES);
	if (sig_pages != 1 || !pages || pages > MAX_MODULE_PAGES)
		return verdict(report, "size", EXIT_IMAGE,
			       "%u pages of signature and %u of module, not 1 and 1 to %u: get another copy",
			       sig_pages, pages, MAX_MODULE_PAGES);
	if (image->size != (2 + pages) * PAGE)
		return verdict(report, "size", EXIT_IMAGE,
			       "not the %u bytes that its header says: not copied whole, get another copy",
			       (2 + pages) * PAGE);
	verdict(report, "format", EXIT_DONE, "2.0");

	/* A checksum of 0 is none. */
	for (size_t i = 0; i < image->size; i += 2)
		sum += get16(data + i);
	if (get16(data + HDR_CHECKSUM) && sum)
		return verdict(report, "checksum", EXIT_IMAGE,
			       "wrong: damaged on its way, get another copy");
	return verdict(report, "checksum", EXIT_DONE, "%s",
		       get16(data + HDR_CHECKSUM) ? "right" : "none");
}

/* What all sigstructs of Intel's modules have in common. The signature protects the rest. */
static bool check_sigstruct(const uint8_t *sig, struct report *report)
{
	static const struct {
		uint16_t offset;
		uint32_t value;
		const char *name;
	} fields[] = {
		{ 0, 0x6, "type" }, { 4, 0xe1, "header length" }, { 8, 0x10000, "header version" },
		{ 16, 0x8086, "vendor" }, { 24, 0x200, "size" }, { 28, 0x60, "key size" },
		{ 32, 0x60, "modulus size" }, { 36, 1, "exponent size" },
		{ 512, 0x10001, "exponent" }, { 950, 0, "attributes" }, { 954, 0, "attributes" },
		{}
	};

	for (unsigned int i = 0; fields[i].name; i++)
		if (get32(sig + fields[i].offset) != fields[i].value)
			return verdict(report, "sigstruct", EXIT_IMAGE,
				       "its %s is 0x%x, and not 0x%x as Intel's: get another copy",
				       fields[i].name, get32(sig + fields[i].offset),
				       fields[i].value);
	if (!sig[SIG_SEAMSVN + 1] || get16(sig + SIG_MIN_UPDATE_HV) > get16(sig + SIG_MODULE_HV) ||
	    get32(sig + SIG_NR_CPUS) > MAX_CPUS)
		return verdict(report, "sigstruct", EXIT_IMAGE,
			       "its SVN, handoff versions or CPUs make no sense: get another copy");
	return verdict(report, "sigstruct", EXIT_DONE, "like those of Intel's modules");
}

/* All but the stepping has to be the same. All packages of a host with TDX are alike. */
static bool check_cpus(const uint8_t *sig, struct report *report)
{
	uint32_t nr = get32(sig + SIG_NR_CPUS);
	unsigned int eax = 0, ebx, ecx, edx;

	if (!nr && !(get32(sig + SIG_MODULE_TYPE) & MODULE_TYPE_DEBUG))
		return verdict(report, "cpus", EXIT_IMAGE,
			       "no list, which only a debug module may lack: get another copy");
	__get_cpuid(1, &eax, &ebx, &ecx, &edx);
	for (uint32_t i = 0; i < nr && i < MAX_CPUS; i++)
		if (get32(sig + SIG_CPUS + 4 * i) >> 4 == eax >> 4)
			return verdict(report, "cpus", EXIT_DONE, "this one is among them");
	if (nr)
		return verdict(report, "cpus", EXIT_UNSUPPORTED,
			       "this one is not among them: get the image for this CPU");
	return verdict(report, "cpus", EXIT_DONE, "any");
}

static bool sha384_is(const void *data, size_t len, const void *more, size_t more_len,
		      const uint8_t *want)
{
	uint8_t digest[SHA384_SIZE];
	struct sha384 hash;

	sha384_init(&hash);
	sha384_update(&hash, data, len);
	sha384_update(&hash, more, more_len);
	sha384_final(&hash, digest);
	return !memcmp(digest, want, sizeof(digest));
}

/* --- RSA-3072; numbers are in little endian, as in the sigstruct --- */

#define RSA_SIZE	384
#define RSA_WORDS	(RSA_SIZE / 8)

/* a = (a + b) mod n, with both less than n. Returns whether a + b was not. */
static bool add_mod(uint64_t *a, const uint64_t *b, const uint64_t *n)
{
	bool carry = false, borrow = false, over;
	uint64_t less[RSA_WORDS];

	for (int i = 0; i < RSA_WORDS; i++) {
		over = __builtin_add_overflow(a[i], b[i], &a[i]);
		carry = __builtin_add_overflow(a[i], carry, &a[i]) || over;
		over = __builtin_sub_overflow(a[i], n[i], &less[i]);
		borrow = __builtin_sub_overflow(less[i], borrow, &less[i]) || over;
	}
	if (borrow && !carry)
		return false;
	memcpy(a, less, sizeof(less));
	return true;
}

/* a = a * b mod n, a bit at a time: fast enough for one signature */
static void mul_mod(uint64_t *a, const uint64_t *b, const uint64_t *n)
{
	uint64_t product[RSA_WORDS] = {};

	for (int bit = 8 * RSA_SIZE - 1; bit >= 0; bit--) {
		add_mod(product, product, n);
		if (a[bit / 64] >> bit % 64 & 1)
			add_mod(product, b, n);
	}
	memcpy(a, product, sizeof(product));
}

/* RSASSA-PKCS1-v1_5 (RFC 8017) of all of the sigstruct but key and signature */
static bool signature_is_right(const uint8_t *sig)
{
	/* The same for all messages: 00 01 ff ... ff 00, and DigestInfo of SHA-384 */
	static const uint8_t info[] = {
		0x00, 0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
		0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30,
	};
	uint8_t want[RSA_SIZE], message[RSA_SIZE];
	uint64_t n[RSA_WORDS], s[RSA_WORDS], m[RSA_WORDS] = {};

	memcpy(n, sig + SIG_MODULUS, RSA_SIZE);
	memcpy(s, sig + SIG_SIGNATURE, RSA_SIZE);
	/* Not less than the modulus? */
	if (add_mod(s, m, n))
		return false;
	memcpy(m, s, RSA_SIZE);
	for (int i = 0; i < 16; i++)
		mul_mod(m, m, n);
	mul_mod(m, s, n);
	for (int i = 0; i < RSA_SIZE; i++)
		message[i] = ((const uint8_t *)m)[RSA_SIZE - 1 - i];

	memset(want, 0xff, sizeof(want));
	want[0] = 0;
	want[1] = 1;
	memcpy(want + RSA_SIZE - SHA384_SIZE - sizeof(info), info, sizeof(info));
	return !memcmp(message, want, RSA_SIZE - SHA384_SIZE) &&
	       sha384_is(sig, SIG_HEADER_SIZE, sig + SIG_SEAMHASH, SIG_SIZE - SIG_SEAMHASH,
			 message + RSA_SIZE - SHA384_SIZE);
}

/*
 * Modules from 2.0 on say which version they are. Of others --expect and a name as Intel gives
 * it, tdx_module_1.5.06.blob, are believed.
 */
static bool find_version(struct image *image, struct report *report, const char *expected)
{
	const char *base = strrchr(image->name, '/');
	const uint8_t *sig = sigstruct(image);
	unsigned int version[3];
	size_t len;

	base = base ? base + 1 : image->name;
	if (expected) {
		if (!parse_version(expected, version, &len) || expected[len])
			errx(EXIT_USAGE, "--expect: not a version: write it like 1.5.06");
		image->version_from = "--expect";
	} else if (!strncmp(base, "tdx_module_", 11) && parse_version(base + 11, version, &len)) {
		base += 11 + len;
		if (*base == '.' ? base[1] < '0' || base[1] > '9' : !*base)
			image->version_from = "the name of the file";
	}
	if (image->version_from)
		memcpy(image->version, version, sizeof(version));
	if (!sig[SIG_MAJOR_VERSION])
		return true;

	version[0] = sig[SIG_MAJOR_VERSION];
	version[1] = sig[SIG_MINOR_VERSION];
	version[2] = get16(sig + SIG_UPDATE_VERSION);
	if (image->version_from && memcmp(version, image->version, sizeof(version)))
		verdict(report, "name", expected ? EXIT_IMAGE : WARNING,
			"it is %u.%u.%02u, and %s says something else: see where it is from",
			version[0], version[1], version[2], image->version_from);
	memcpy(image->version, version, sizeof(version));
	image->version_from = "the image itself";
	return true;
}

bool image_verify(struct image *image, struct report *report, const char *expected,
		  bool allow_debug)
{
	const uint8_t *sig = sigstruct(image);
	bool right;

	if (!check_header(image, report))
		return false;
	if (check_sigstruct(sig, report))
		check_cpus(sig, report);
	if (get32(sig + SIG_MODULE_TYPE) & MODULE_TYPE_DEBUG)
		verdict(report, "debug", allow_debug ? WARNING : EXIT_UNSUPPORTED,
			"a debug module costs a host its TDX that is not unlocked for it%s",
			allow_debug ? "" : ": get the production module, or use --allow-debug");
	right = sha384_is(sig + PAGE, image->size - 2 * PAGE, NULL, 0, sig + SIG_SEAMHASH);
	verdict(report, "hash", right ? EXIT_DONE : EXIT_IMAGE, "%s", right ? "right" :
		"this module is not the one that the sigstruct is for: get another copy");
	/* This takes by far the longest. */
	if (!refusal(report)) {
		right = signature_is_right(sig);
		verdict(report, "signature", right ? EXIT_DONE : EXIT_IMAGE, "%s", right ? "right" :
			"not for this sigstruct, which somebody has changed: get another copy");
	}
	return find_version(image, report, expected);
}
