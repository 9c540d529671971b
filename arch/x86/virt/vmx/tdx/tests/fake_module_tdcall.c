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

#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include <crypto/sha2.h>

#include "fake_module_run.h"

/* Fields of TDG.VM.RD, without the bits of an identifier that say how long they are */
#define FIELD_ID			(GENMASK_ULL(61, 56) | GENMASK_ULL(23, 0))
#define FIELD_ATTRIBUTES		0x1100000000000000ULL
#define FIELD_XFAM			0x1100000000000001ULL

#define PTE_ADDRESS			GENMASK_ULL(51, 12)

/* TDREPORT_STRUCT: REPORTMACSTRUCT, TEE_TCB_INFO of the module, reserved, TDINFO_STRUCT */
struct td_report {
	u8 type[4];
	u8 reserved0[12];
	u8 cpu_svn[16];
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

static void *mapped(const struct tdr *tdr, u64 gpa)
{
	void *va;

	return td_gpa(tdr, gpa, 0, &va) == TD_GPA_MAPPED ? va : NULL;
}

/* The TD's own page tables, in 64-bit mode. All ones if there is nothing. */
static u64 gpa_of(const struct tdr *tdr, u64 va)
{
	u64 table = vmcs_read(GUEST_CR3) & PTE_ADDRESS;

	for (int level = vmcs_read(GUEST_CR4) & X86_CR4_LA57 ? 4 : 3; ; level--) {
		u64 in_page = GENMASK_ULL(PAGE_SHIFT - 1 + 9 * level, 0);
		const u64 *p = mapped(tdr, table + (va >> (PAGE_SHIFT + 9 * level)) % 512 * 8);
		u64 pte = p ? READ_ONCE(*p) : 0;

		if (!(pte & _PAGE_PRESENT))
			return ~0ULL;
		if (!level || (pte & _PAGE_PSE))
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
		const u8 *byte = mapped(tdr, gpa_of(tdr, ip + i));

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
	return IS_ALIGNED(gpa, align) && !(gpa >> TD_SHARED_BIT);
}

static u64 no_access(struct vp_entry *e, u64 gpa)
{
	e->gpa = gpa;
	return TD_NO_ACCESS;
}

/* RCX: where the report goes, RDX: 64 bytes to put into it, R8: subtype, 0 */
static u64 mr_report(struct vp_entry *e, u64 *gprs)
{
	struct td_report *report = mapped(e->tdr, gprs[RCX]);
	const u8 *from = mapped(e->tdr, gprs[RDX]);
	u8 data[sizeof(report->data)];

	if (!is_private(gprs[RCX], sizeof(*report)))
		return operand_invalid(SEAM_OPERAND_RCX);
	if (!is_private(gprs[RDX], sizeof(data)))
		return operand_invalid(SEAM_OPERAND_RDX);
	if (!from)
		return no_access(e, gprs[RDX]);
	if (gprs[R8])
		return operand_invalid(SEAM_OPERAND_R8);
	if (!report)
		return no_access(e, gprs[RCX]);

	/* Both may be in one place. */
	memcpy(data, from, sizeof(data));
	memset(report, 0, sizeof(*report));
	memcpy(report->data, data, sizeof(data));
	fill_report(e->tdr, report);
	return SEAM_SUCCESS;
}

/* RCX: 48 bytes to extend it with, RDX: which one */
static u64 mr_rtmr_extend(struct vp_entry *e, u64 *gprs)
{
	const u8 *data = mapped(e->tdr, gprs[RCX]);
	u8 both[2][SHA384_DIGEST_SIZE];

	if (!is_private(gprs[RCX], 64))
		return operand_invalid(SEAM_OPERAND_RCX);
	if (gprs[RDX] >= NR_RTMRS)
		return operand_invalid(SEAM_OPERAND_RDX);
	if (!data)
		return no_access(e, gprs[RCX]);

	memcpy(both[0], e->tdr->rtmr[gprs[RDX]], SHA384_DIGEST_SIZE);
	memcpy(both[1], data, SHA384_DIGEST_SIZE);
	sha384(both[0], sizeof(both), e->tdr->rtmr[gprs[RDX]]);
	return SEAM_SUCCESS;
}

/* RCX: GPA, and level 0 or 1 of the entry. All pages here are of level 0. */
static u64 mem_page_accept(struct vp_entry *e, u64 *gprs)
{
	u64 level = gprs[RCX] & ~PAGE_MASK, gpa = gprs[RCX] & PAGE_MASK;
	enum td_gpa_state state;
	void *va;

	if (level > 1 || !is_private(gpa, PAGE_SIZE << (9 * level)))
		return operand_invalid(SEAM_OPERAND_RCX);
	state = td_gpa(e->tdr, gpa, level, &va);
	if (state == TD_GPA_ABSENT)
		return no_access(e, gpa);
	if (level)
		return SEAM_PAGE_SIZE_MISMATCH | level;
	if (state == TD_GPA_MAPPED)
		return SEAM_PAGE_ALREADY_ACCEPTED;
	td_accept(e->tdr, gpa);
	return SEAM_SUCCESS;
}

/* RCX: 0, this TD; RDX: field; R8 out: its value */
static u64 vm_rd(struct vp_entry *e, u64 *gprs)
{
	const u64 field = gprs[RDX] & FIELD_ID;

	gprs[R8] = 0;
	if (gprs[RCX])
		return operand_invalid(SEAM_OPERAND_RCX);
	if (field != FIELD_ATTRIBUTES && field != FIELD_XFAM)
		return SEAM_METADATA_FIELD_ID_INCORRECT;

	gprs[R8] = field == FIELD_XFAM ? e->tdr->params.xfam : e->tdr->params.attributes;
	return SEAM_SUCCESS;
}

/* RCX out: width of GPAs, RDX: ATTRIBUTES, R8: VCPUs, R9: which one, R10 and R11: 0 */
static u64 vp_info(struct vp_entry *e, u64 *gprs)
{
	gprs[RCX] = TD_SHARED_BIT + 1;
	gprs[RDX] = e->tdr->params.attributes;
	gprs[R8] = e->tdr->nr_vcpus | (u64)e->tdr->max_vcpus << 32;
	gprs[R9] = e->vp->index;
	gprs[R10] = 0;
	gprs[R11] = 0;
	return SEAM_SUCCESS;
}

/* Out: RCX: exit reason, RDX: qualification, R8: GLA, R9: GPA, R10: instruction */
static u64 vp_veinfo_get(struct vp_entry *e, u64 *gprs)
{
	static const enum gpr out[] = { RCX, RDX, R8, R9, R10 };

	if (!e->state->ve_valid)
		return SEAM_NO_VALID_VE_INFO;

	e->state->ve_valid = false;
	for (int i = 0; i < ARRAY_SIZE(out); i++)
		gprs[out[i]] = e->state->ve[i];
	return SEAM_SUCCESS;
}

/* Status of the TDCALL, or TD_NO_ACCESS with @e->gpa; no register has changed then. */
u64 td_call(struct vp_entry *e)
{
	static u64 (*const leaves[])(struct vp_entry *e, u64 *gprs) = {
		[TDG_VP_INFO] = vp_info,
		[TDG_MR_RTMR_EXTEND] = mr_rtmr_extend,
		[TDG_VP_VEINFO_GET] = vp_veinfo_get,
		[TDG_MR_REPORT] = mr_report,
		[TDG_MEM_PAGE_ACCEPT] = mem_page_accept,
		[TDG_VM_RD] = vm_rd,
	};
	u64 leaf = e->state->gprs[RAX];

	if (leaf >= ARRAY_SIZE(leaves) || !leaves[leaf])
		return operand_invalid(SEAM_OPERAND_RAX);
	return leaves[leaf](e, e->state->gprs);
}
