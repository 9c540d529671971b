// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM: TDCALL, but for TDG.VP.VMCALL.
 *
 * Operands in memory are private addresses. One that the TD could not access itself is as if it
 * had tried.
 */
#include <linux/array_size.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <asm/shared/tdx.h>
#include <asm/vmx.h>

#include <crypto/sha2.h>

#include "fake_module_run.h"

/* Fields of TDG.VM.RD */
#define FIELD_ATTRIBUTES	0x1110000300000000ULL
#define FIELD_XFAM		0x1110000300000001ULL

#define PTE_ADDRESS		GENMASK_ULL(51, 12)

/* TDREPORT_STRUCT: REPORTMACSTRUCT, TEE_TCB_INFO of the module, reserved, TDINFO_STRUCT */
struct td_report {
	u8 type[32];			/* and CPUSVN */
	u8 tcb_info_hash[SEAM_MRTD_SIZE];
	u8 td_info_hash[SEAM_MRTD_SIZE];
	u8 data[64];
	u8 reserved1[32];
	u8 mac[32];			/* of all before it */
	u8 tcb_valid[8];
	u8 tcb_svn[16];
	u8 mrseam[SEAM_MRTD_SIZE];
	u8 tcb_rest[167];
	u8 reserved2[17];
	u64 attributes;
	u64 xfam;
	u8 mrtd[SEAM_MRTD_SIZE];
	u8 mrconfigid[SEAM_MRTD_SIZE];
	u8 mrowner[SEAM_MRTD_SIZE];
	u8 mrownerconfig[SEAM_MRTD_SIZE];
	u8 rtmr[NR_RTMRS][SEAM_MRTD_SIZE];
	u8 reserved3[112];
} __packed;

static_assert(sizeof(struct td_report) == 1024);

/* The TD's own page tables, four levels of them, in 64-bit mode. All ones if there is nothing. */
static u64 gpa_of(const struct tdr *tdr, u64 va)
{
	u64 table = vmcs_read(GUEST_CR3) & PTE_ADDRESS;

	for (int shift = PAGE_SHIFT + 3 * 9; ; shift -= 9) {
		const u64 *p = td_va(tdr, table + (va >> shift) % 512 * 8, false);
		u64 pte = p ? READ_ONCE(*p) : 0, in_page = BIT_ULL(shift) - 1;

		if (!(pte & _PAGE_PRESENT))
			return ~0ULL;
		if (shift == PAGE_SHIFT || (pte & _PAGE_PSE))
			return (pte & PTE_ADDRESS & ~in_page) | (va & in_page);
		table = pte & PTE_ADDRESS;
	}
}

/* Is the instruction at which the VCPU has left a TDCALL, of 64-bit mode? */
bool is_tdcall(const struct tdr *tdr)
{
	static const u8 tdcall[] = { 0x66, 0x0f, 0x01, 0xcc };
	u64 ip = vmcs_read(GUEST_RIP);

	if (!(vmcs_read(GUEST_CS_AR_BYTES) & VMX_AR_L_MASK))
		return false;
	for (int i = 0; i < ARRAY_SIZE(tdcall); i++) {
		const u8 *byte = td_va(tdr, gpa_of(tdr, ip + i), false);

		if (!byte || *byte != tdcall[i])
			return false;
	}
	return true;
}

/* What there is without a key, and without code that could be measured */
static void fill_report(const struct tdr *tdr, struct td_report *r)
{
	const struct fake_module *module = &fake_module.module;
	const struct seam_td_params *td = &tdr->params;
	const u16 version[] = { module->major, module->minor, module->update };
	u8 hash[SHA384_DIGEST_SIZE];

	r->type[0] = 0x81;	/* TDX */

	/* Assumption: which fields are valid. */
	r->tcb_valid[0] = 0xff;
	r->tcb_valid[1] = 0x01;
	r->tcb_svn[0] = module->svn_minor;
	r->tcb_svn[1] = module->svn_major;
	sha384((const u8 *)version, sizeof(version), r->mrseam);
	sha384(r->tcb_valid, offsetof(struct td_report, reserved2) -
	       offsetof(struct td_report, tcb_valid), r->tcb_info_hash);

	r->attributes = td->attributes;
	r->xfam = td->xfam;
	memcpy(r->mrtd, tdr->mrtd, sizeof(r->mrtd));
	memcpy(r->mrconfigid, td->mrconfigid, sizeof(r->mrconfigid));
	memcpy(r->mrowner, td->mrowner, sizeof(r->mrowner));
	memcpy(r->mrownerconfig, td->mrownerconfig, sizeof(r->mrownerconfig));
	memcpy(r->rtmr, tdr->rtmr, sizeof(r->rtmr));
	sha384((u8 *)&r->attributes, sizeof(*r) - offsetof(struct td_report, attributes),
	       r->td_info_hash);

	sha384((u8 *)r, offsetof(struct td_report, mac), hash);
	memcpy(r->mac, hash, sizeof(r->mac));
}

static bool is_private(u64 gpa, u64 align)
{
	return IS_ALIGNED(gpa, align) && !(gpa >> SEPT_GPA_BITS);
}

/* RCX: where the report goes, RDX: 64 bytes to put into it, R8: subtype, 0 */
static u64 mr_report(struct tdvpr *vp, u64 *gprs)
{
	struct td_report *report = td_va(vp->tdr, gprs[RCX], false);
	const u8 *from = td_va(vp->tdr, gprs[RDX], false);
	struct td_report r = {};

	if (!is_private(gprs[RCX], sizeof(*report)))
		return operand_invalid(SEAM_OPERAND_RCX);
	if (!is_private(gprs[RDX], sizeof(r.data)))
		return operand_invalid(SEAM_OPERAND_RDX);
	if (!from)
		return TD_NO_ACCESS | gprs[RDX];
	if (gprs[R8])
		return operand_invalid(SEAM_OPERAND_R8);
	if (!report)
		return TD_NO_ACCESS | gprs[RCX];

	memcpy(r.data, from, sizeof(r.data));
	fill_report(vp->tdr, &r);
	*report = r;
	return SEAM_SUCCESS;
}

/* RCX: 48 bytes to extend it with, RDX: which one */
static u64 mr_rtmr_extend(struct tdvpr *vp, u64 *gprs)
{
	const u8 *data = td_va(vp->tdr, gprs[RCX], false);
	u8 both[2][SHA384_DIGEST_SIZE];

	if (!is_private(gprs[RCX], 64))
		return operand_invalid(SEAM_OPERAND_RCX);
	if (gprs[RDX] >= NR_RTMRS)
		return operand_invalid(SEAM_OPERAND_RDX);
	if (!data)
		return TD_NO_ACCESS | gprs[RCX];

	memcpy(both[0], vp->tdr->rtmr[gprs[RDX]], SHA384_DIGEST_SIZE);
	memcpy(both[1], data, SHA384_DIGEST_SIZE);
	sha384(both[0], sizeof(both), vp->tdr->rtmr[gprs[RDX]]);
	return SEAM_SUCCESS;
}

/* RCX: 0, this TD; RDX: field; R8 out: its value */
static u64 vm_rd(struct tdvpr *vp, u64 *gprs)
{
	gprs[R8] = 0;
	if (gprs[RCX])
		return operand_invalid(SEAM_OPERAND_RCX);
	if (gprs[RDX] != FIELD_ATTRIBUTES && gprs[RDX] != FIELD_XFAM)
		return SEAM_METADATA_FIELD_ID_INCORRECT;

	gprs[R8] = gprs[RDX] == FIELD_XFAM ? vp->tdr->params.xfam : vp->tdr->params.attributes;
	return SEAM_SUCCESS;
}

/* RCX out: width of GPAs, RDX: ATTRIBUTES, R8: VCPUs, R9: which one, R10 and R11: 0 */
static u64 vp_info(struct tdvpr *vp, u64 *gprs)
{
	gprs[RCX] = SEPT_GPA_BITS + 1;
	gprs[RDX] = vp->tdr->params.attributes;
	gprs[R8] = vp->tdr->nr_vcpus | (u64)vp->tdr->max_vcpus << 32;
	gprs[R9] = vp->index;
	gprs[R10] = 0;
	gprs[R11] = 0;
	return SEAM_SUCCESS;
}

/* Out: RCX: exit reason, RDX: qualification, R8: GLA, R9: GPA, R10: instruction */
static u64 vp_veinfo_get(struct tdvpr *vp, u64 *gprs)
{
	static const enum gpr out[] = { RCX, RDX, R8, R9, R10 };

	if (!vp->ve[0])
		return SEAM_NO_VALID_VE_INFO;

	for (int i = 0; i < ARRAY_SIZE(out); i++)
		gprs[out[i]] = vp->ve[i];
	vp->ve[0] = 0;
	return SEAM_SUCCESS;
}

/* All but TDG.VP.VMCALL. Status of the TDCALL, or TD_NO_ACCESS with a GPA. */
u64 td_call(struct tdvpr *vp)
{
	static u64 (*const leaves[])(struct tdvpr *vp, u64 *gprs) = {
		[TDG_VP_INFO] = vp_info,
		[TDG_MR_RTMR_EXTEND] = mr_rtmr_extend,
		[TDG_VP_VEINFO_GET] = vp_veinfo_get,
		[TDG_MR_REPORT] = mr_report,
		[TDG_MEM_PAGE_ACCEPT] = mem_page_accept,
		[TDG_VM_RD] = vm_rd,
	};
	u64 leaf = vp->gprs[RAX];

	if (leaf >= ARRAY_SIZE(leaves) || !leaves[leaf])
		return operand_invalid(SEAM_OPERAND_RAX);
	return leaves[leaf](vp, vp->gprs);
}
