/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model behind the fake SEAM: what its layers offer each other and the tests.
 */
#ifndef _X86_VIRT_TDX_TESTS_FAKE_MODEL_H
#define _X86_VIRT_TDX_TESTS_FAKE_MODEL_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

#include <asm/tdx.h>

#include "fake_seam.h"

/*
 * Layer 2, the P-SEAMLDR: SEAMLDR.INFO and SEAMLDR.INSTALL.
 */

#define SEAM_LEAF_SEAMLDR_INFO		(SEAM_LEAF_SEAMLDR | 0)
#define SEAM_LEAF_SEAMLDR_INSTALL	(SEAM_LEAF_SEAMLDR | 1)

/* Status codes of the P-SEAMLDR (SEAM Loader Interface Specification) */
#define SEAMLDR_EBADPARAM		0x8000000000000000ULL
#define SEAMLDR_EUNSPECERR		0x8000000000010003ULL
#define SEAMLDR_EBADHASH		0x8000000000020001ULL

/**
 * struct fake_module - What tells one TDX module from another.
 * @major: first part of the version.
 * @minor: second part of the version.
 * @update: third part of the version.
 * @hash_layout: how the module keeps the running hash of a TD that is being built;
 *		 0 to 3. A module misreads what one with another layout has written.
 * @features0: TDX_FEATURES0 metadata field.
 * @module_hv: handoff version the module writes at best, and the highest it reads.
 * @min_update_hv: the lowest handoff version it writes and reads.
 */
struct fake_module {
	u16 major;
	u16 minor;
	u16 update;
	u16 hash_layout;
	u64 features0;
	u16 module_hv;
	u16 min_update_hv;
};

void fake_seamldr_set_loader(u64 (*load)(const struct fake_module *module));
void fake_seamldr_forget_session(void);
void fake_seamldr_set_remaining_updates(u32 nr);
u32 fake_seamldr_remaining_updates(void);

/*
 * Layer 3, the TDX module.
 */

/* Status codes (TDX Module ABI Specification, completion status codes) */
#define SEAM_SUCCESS				0ULL
#define SEAM_KEY_CONFIGURED			0x0000081500000000ULL
#define SEAM_SYS_BUSY				0x8000020200000000ULL
#define SEAM_UPDATE_COMPATIBILITY_SENSITIVE	0x8000051200000000ULL
#define SEAM_VCPU_ASSOCIATED			0x8000070100000000ULL
#define SEAM_VCPU_NOT_ASSOCIATED		0x8000070200000000ULL
#define SEAM_NO_HKID_READY_TO_WBCACHE		0x0000082100000000ULL
#define SEAM_WBCACHE_NOT_COMPLETE		0x8000081700000000ULL
#define SEAM_FLUSHVP_NOT_DONE			0x8000082400000000ULL
#define SEAM_OPERAND_INVALID			0xC000010000000000ULL
#define SEAM_PAGE_METADATA_INCORRECT		0xC000030000000000ULL
#define SEAM_TD_ASSOCIATED_PAGES_EXIST		0xC000040000000000ULL
#define SEAM_SYS_INIT_NOT_PENDING		0xC000050000000000ULL
#define SEAM_SYS_LP_INIT_NOT_DONE		0xC000050200000000ULL
#define SEAM_SYS_LP_INIT_DONE			0xC000050300000000ULL
#define SEAM_SYS_NOT_READY			0xC000050500000000ULL
#define SEAM_SYS_SHUTDOWN			0xC000050600000000ULL
#define SEAM_SYS_KEY_CONFIG_NOT_PENDING		0xC000050700000000ULL
#define SEAM_SYS_STATE_INCORRECT		0xC000050800000000ULL
#define SEAM_SYS_INVALID_HANDOFF		0xC000050900000000ULL
#define SEAM_SYS_LP_INIT_NOT_PENDING		0xC000050B00000000ULL
#define SEAM_SYS_CONFIG_NOT_PENDING		0xC000050C00000000ULL
#define SEAM_TDCS_NOT_ALLOCATED			0xC000060600000000ULL
#define SEAM_LIFECYCLE_STATE_INCORRECT		0xC000060700000000ULL
#define SEAM_OP_STATE_INCORRECT			0xC000060800000000ULL
#define SEAM_NO_VCPUS				0xC000060900000000ULL
#define SEAM_TDCX_NUM_INCORRECT			0xC000061000000000ULL
#define SEAM_VCPU_STATE_INCORRECT		0xC000070000000000ULL
#define SEAM_MAX_VCPUS_EXCEEDED			0xC000070500000000ULL
#define SEAM_HKID_NOT_FREE			0xC000082000000000ULL
#define SEAM_EPT_WALK_FAILED			0xC0000B0000000000ULL
#define SEAM_TLB_TRACKING_NOT_DONE		0xC0000B0800000000ULL
#define SEAM_EPT_ENTRY_STATE_INCORRECT		0xC0000B0D00000000ULL
#define SEAM_METADATA_FIELD_NOT_WRITABLE	0xC0000C0100000000ULL
#define SEAM_METADATA_FIELD_NOT_READABLE	0xC0000C0200000000ULL

/* Details in RAX 31:0: the operand that is wrong */
#define SEAM_OPERAND_RAX			0
#define SEAM_OPERAND_RCX			1
#define SEAM_OPERAND_RDX			2
#define SEAM_OPERAND_R8				8
#define SEAM_OPERAND_R9				9

/* Details of SEAM_UPDATE_COMPATIBILITY_SENSITIVE: bits 15:0; 31:16 are the number */
#define SEAM_SENSITIVE_TD_BUILD			0
#define SEAM_SENSITIVE_MIGRATION		1

/* TDX_FEATURES0 */
#define SEAM_FEATURES0_TD_PRESERVING		BIT_ULL(1)
#define SEAM_FEATURES0_NO_RBP_MOD		BIT_ULL(18)
#define SEAM_FEATURES0_TOPOLOGY_ENUM		BIT_ULL(20)
#define SEAM_FEATURES0_UPDATE_COMPATIBILITY	BIT_ULL(47)

/* Leaves (RAX bits 15:0) */
#define SEAM_LEAF_MNG_ADDCX			1
#define SEAM_LEAF_MEM_PAGE_ADD			2
#define SEAM_LEAF_MEM_SEPT_ADD			3
#define SEAM_LEAF_VP_ADDCX			4
#define SEAM_LEAF_MEM_PAGE_AUG			6
#define SEAM_LEAF_MEM_RANGE_BLOCK		7
#define SEAM_LEAF_MNG_KEY_CONFIG		8
#define SEAM_LEAF_MNG_CREATE			9
#define SEAM_LEAF_VP_CREATE			10
#define SEAM_LEAF_MNG_RD			11
#define SEAM_LEAF_MR_EXTEND			16
#define SEAM_LEAF_MR_FINALIZE			17
#define SEAM_LEAF_VP_FLUSH			18
#define SEAM_LEAF_MNG_VPFLUSHDONE		19
#define SEAM_LEAF_MNG_KEY_FREEID		20
#define SEAM_LEAF_MNG_INIT			21
#define SEAM_LEAF_VP_INIT			22
#define SEAM_LEAF_PHYMEM_PAGE_RDMD		24
#define SEAM_LEAF_VP_RD				26
#define SEAM_LEAF_PHYMEM_PAGE_RECLAIM		28
#define SEAM_LEAF_MEM_PAGE_REMOVE		29
#define SEAM_LEAF_SYS_KEY_CONFIG		31
#define SEAM_LEAF_SYS_INIT			33
#define SEAM_LEAF_SYS_RD			34
#define SEAM_LEAF_SYS_LP_INIT			35
#define SEAM_LEAF_SYS_TDMR_INIT			36
#define SEAM_LEAF_MEM_TRACK			38
#define SEAM_LEAF_PHYMEM_CACHE_WB		40
#define SEAM_LEAF_PHYMEM_PAGE_WBINVD		41
#define SEAM_LEAF_VP_WR				43
#define SEAM_LEAF_SYS_CONFIG			45
#define SEAM_LEAF_SYS_SHUTDOWN			52
#define SEAM_LEAF_SYS_UPDATE			53
#define SEAM_LEAF_SYS_DISABLE			69

/* What TDH.MR.EXTEND measures at a time, in bytes */
#define SEAM_EXTEND_CHUNK			256

/* EPTP_CONTROLS of a TD with a 4-level secure EPT: write-back memory, page walk length - 1 */
#define SEAM_EPTP_4_LEVELS			(6 | 3 << 3)

/* Bits of CONFIG_FLAGS that do not ask for a 5-level secure EPT: NO_RBP_MOD */
#define SEAM_CONFIG_FLAGS			BIT_ULL(2)

/* A TD's TSC has 100 MHz to 10 GHz, in units of 25 MHz */
#define SEAM_TSC_FREQUENCY_MIN			4
#define SEAM_TSC_FREQUENCY_MAX			400

/* SHA-384, of which the measurements are */
#define FAKE_MRTD_SIZE				48

/**
 * struct seam_td_params - TD_PARAMS, the input of TDH.MNG.INIT. Aligned to its size.
 * @attributes: ATTRIBUTES of the TD.
 * @xfam: features that XSAVE saves; bits 0 and 1 are always set.
 * @max_vcpus: how many VCPUs the TD may have.
 * @reserved0: 0.
 * @eptp_controls: %SEAM_EPTP_4_LEVELS, nothing else here.
 * @config_flags: bits of %SEAM_CONFIG_FLAGS.
 * @tsc_frequency: of the TD's virtual TSC, in 25 MHz.
 * @reserved1: 0.
 * @mrconfigid: any number that the host wants in the TD's report.
 * @mrowner: another one.
 * @mrownerconfig: another one.
 * @reserved2: 0.
 * @cpuid: EAX to EDX of the CPUID leaves that can be configured; then 0.
 */
struct seam_td_params {
	u64 attributes;
	u64 xfam;
	u16 max_vcpus;
	u8 reserved0[6];
	u64 eptp_controls;
	u64 config_flags;
	u16 tsc_frequency;
	u8 reserved1[38];
	u8 mrconfigid[FAKE_MRTD_SIZE];
	u8 mrowner[FAKE_MRTD_SIZE];
	u8 mrownerconfig[FAKE_MRTD_SIZE];
	u8 reserved2[32];
	u32 cpuid[48][4];
} __packed;

static_assert(sizeof(struct seam_td_params) == 1024);

/**
 * struct fake_module_state - The TDX module, seen from outside of SEAM.
 * @module: the module that runs.
 * @ready: it accepts all leaves.
 * @builds: TDs that it counts as being built.
 * @migrations: migrations that it counts as interrupted.
 */
struct fake_module_state {
	struct fake_module module;
	bool ready;
	u32 builds;
	u32 migrations;
};

/**
 * struct fake_td_info - A TD, seen from outside of SEAM.
 * @mrconfigid: what its host has called it, in TD_PARAMS.
 * @finalized: it has a measurement.
 * @mrtd: the measurement.
 */
struct fake_td_info {
	u8 mrconfigid[FAKE_MRTD_SIZE];
	bool finalized;
	u8 mrtd[FAKE_MRTD_SIZE];
};

u64 fake_module_load(const struct fake_module *module);
void fake_module_revive(void);
void fake_module_get_state(struct fake_module_state *state);
void fake_module_set_migrations(u32 nr);
unsigned int fake_module_get_tds(struct fake_td_info *infos, unsigned int max);
int fake_module_get_mrtd(u64 tdr_pa, u8 mrtd[FAKE_MRTD_SIZE]);

/*
 * Outside of SEAM: a host that builds TDs as KVM does.
 */

/* GPAs of a TD start at 0 and end here: one last-level secure EPT page */
#define FAKE_TD_GPA_END				0x200000ULL
#define FAKE_TD_PAGES				(FAKE_TD_GPA_END / 4096)

/**
 * struct fake_td - A TD as its host sees it.
 * @td: what KVM keeps in struct kvm_tdx.
 * @vp: its one VCPU.
 * @hkid: its KeyID.
 * @blocked: TDH.MNG.VPFLUSHDONE has succeeded.
 * @sept: secure EPT pages, top down.
 * @pages: private pages by GPA.
 */
struct fake_td {
	struct tdx_td td;
	struct tdx_vp vp;
	int hkid;
	bool blocked;
	struct page *sept[3];
	struct page **pages;
};

struct fake_td *fake_td_create(void);
int fake_td_add_vcpu(struct fake_td *ftd);
int fake_td_add_page(struct fake_td *ftd, u64 gpa, const void *data, bool measure);
int fake_td_finalize(struct fake_td *ftd);
int fake_td_destroy(struct fake_td *ftd);
int fake_td_mrtd(const struct fake_td *ftd, u8 mrtd[FAKE_MRTD_SIZE]);

#endif /* _X86_VIRT_TDX_TESTS_FAKE_MODEL_H */
