// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM: CPUID of TDs. What their host can choose, and what comes of it.
 */
#include <linux/array_size.h>
#include <linux/bits.h>

#include <asm/cpuid/api.h>

#include "fake_module_internal.h"

#define NO_SUBLEAF		0xffffffffULL
#define CONFIG(_leaf, _subleaf, _eax, _ebx, _ecx, _edx)			\
	{ (u64)(_subleaf) << 32 | (_leaf),				\
	  { (u64)(_ebx) << 32 | (_eax), (u64)(_edx) << 32 | (_ecx) } }

/*
 * As a module of the 1.5 line lists them, by the table of CPUID in the TDX Module ABI
 * Specification. Assumption: which bits, where that depends on the module's version.
 */
const struct cpuid_config cpuid_configs[NR_CPUID_CONFIGS] = {
	/* Family, model, stepping; number of logical processors, CLFLUSH; features */
	CONFIG(0x1, NO_SUBLEAF, 0x0fff3fff, 0x00ff0000, 0x0104c18c, 0x10400000),
	/* Caches: all of the deterministic parameters */
	CONFIG(0x4, 0, 0xfc00c3ff, 0xffffffff, 0xffffffff, 0x7),
	CONFIG(0x4, 1, 0xfc00c3ff, 0xffffffff, 0xffffffff, 0x7),
	CONFIG(0x4, 2, 0xfc00c3ff, 0xffffffff, 0xffffffff, 0x7),
	CONFIG(0x4, 3, 0xfc00c3ff, 0xffffffff, 0xffffffff, 0x7),
	CONFIG(0x4, 4, 0xfc00c3ff, 0xffffffff, 0xffffffff, 0x7),
	/* Structured extended features */
	CONFIG(0x7, 0, 0, 0x021008fa, 0x1b415f66, 0x00804410),
	CONFIG(0x7, 1, 0x00401c30, 0, 0, 0x00004030),
	CONFIG(0x7, 2, 0, 0, 0, 0x0000001f),
	/* Topology */
	CONFIG(0xb, 0, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0xb, 1, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0x1f, 0, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0x1f, 1, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0x1f, 2, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0x1f, 3, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0x1f, 4, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0x1f, 5, 0x1f, 0xffff, 0xff00, 0),
	/* Extended features */
	CONFIG(0x80000001, NO_SUBLEAF, 0, 0, 0x121, 0x04000000),
	/* WBNOINVD. KVM adds the width of guest physical addresses, and takes it out again. */
	CONFIG(0x80000008, NO_SUBLEAF, 0, 0x200, 0, 0),
};

bool read_cpuid_config(u64 field, u64 *value)
{
	if (field == SEAM_FIELD_NR_CPUID_CONFIGS) {
		*value = NR_CPUID_CONFIGS;
		return true;
	}
	for (int i = 0; i < NR_CPUID_CONFIGS; i++) {
		u64 n = field - SEAM_FIELD_CPUID_CONFIG_VALUES;

		if (field == SEAM_FIELD_CPUID_CONFIG_LEAVES + i)
			*value = cpuid_configs[i].leaf;
		else if (n / 2 == i)
			*value = cpuid_configs[i].mask[n % 2];
		else
			continue;
		return true;
	}
	return false;
}

/* Bits that TDX fixes, whatever the CPU has: leaf and subleaf, bits that are 0 and that are 1 */
static const struct {
	u32 leaf;
	u32 subleaf;
	u64 fixed0[2];
	u64 fixed1[2];
} cpuid_fixed[] = {
	/* No VMX, SMX, MONITOR, DTES64, DS-CPL; x2APIC, AES, XSAVE, RDRAND, a hypervisor */
	{ 0x1, 0, { 0, 0x7c },
	  { 0, BIT_ULL(21) | BIT_ULL(25) | BIT_ULL(26) | BIT_ULL(30) | BIT_ULL(31) } },
	/* No SGX, TSC_ADJUST, MPX, RDT; no SGX_LC */
	{ 0x7, 0, { (BIT_ULL(1) | BIT_ULL(2) | BIT_ULL(12) | BIT_ULL(14) | BIT_ULL(15)) << 32,
		    BIT_ULL(30) }, { 0, 0 } },
	/* SYSCALL, NX, pages of 1 GB, RDTSCP, 64 bits */
	{ 0x80000001, 0, { 0, 0 },
	  { 0, (BIT_ULL(11) | BIT_ULL(20) | BIT_ULL(26) | BIT_ULL(27) | BIT_ULL(29)) << 32 } },
};

/* How many subleaves there are to read; 0: what the leaf says does not depend on ECX. */
static u32 nr_subleaves(u32 leaf)
{
	switch (leaf) {
	case 0x4:
		return 5;
	case 0x7:
		return 3;
	case 0xb:
		return 2;
	case 0xd:
		return 19;
	case 0x1f:
		return 6;
	}
	return 0;
}

/*
 * CPUID_VALUES. Bit 16: bit 31 of the leaf; 15:9: its bits 6:0; 8: it has no subleaves; 7:1: the
 * subleaf, all ones if there are none; 0: EAX and EBX, or ECX and EDX. The values are those of the
 * CPU, with the bits that TDX fixes and those that TD_PARAMS had.
 */
bool td_cpuid(const struct tdr *tdr, u64 field, u64 *value)
{
	u32 leaf = (field & BIT(16) ? BIT(31) : 0) | ((field >> 9) & GENMASK(6, 0));
	bool no_subleaf = field & BIT(8);
	u32 subleaf = no_subleaf ? 0 : (field >> 1) & GENMASK(6, 0);
	unsigned int eax, ebx, ecx, edx;

	if (no_subleaf ? nr_subleaves(leaf) : subleaf >= nr_subleaves(leaf))
		return false;
	if (no_subleaf && (field & GENMASK_ULL(7, 1)) != GENMASK_ULL(7, 1))
		return false;
	if (leaf > 0xd && leaf != 0x1f && (leaf < BIT(31) || leaf > 0x80000008))
		return false;
	if (leaf > cpuid_eax(leaf & BIT(31)))
		return false;

	cpuid_count(leaf, subleaf, &eax, &ebx, &ecx, &edx);
	*value = field & 1 ? (u64)edx << 32 | ecx : (u64)ebx << 32 | eax;

	for (int i = 0; i < ARRAY_SIZE(cpuid_fixed); i++) {
		if (cpuid_fixed[i].leaf != leaf || cpuid_fixed[i].subleaf != subleaf)
			continue;
		*value &= ~cpuid_fixed[i].fixed0[field & 1];
		*value |= cpuid_fixed[i].fixed1[field & 1];
	}
	for (int i = 0; i < NR_CPUID_CONFIGS; i++) {
		u64 mask = cpuid_configs[i].mask[field & 1];

		if (cpuid_configs[i].leaf != (leaf | (no_subleaf ? NO_SUBLEAF : subleaf) << 32))
			continue;
		*value = (*value & ~mask) | ((const u64 *)tdr->cpuid[i])[field & 1];
	}
	return true;
}
