// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM: TDCALL, but for TDG.VP.VMCALL.
 *
 * Operands in memory are private addresses. One that the TD could not access itself is as if it
 * had tried.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include <crypto/sha2.h>

#include "fake_module_run.h"

/* Leaves */
#define TDG_VP_INFO			1
#define TDG_MR_RTMR_EXTEND		2
#define TDG_VP_VEINFO_GET		3
#define TDG_MR_REPORT			4
#define TDG_MEM_PAGE_ACCEPT		6
#define TDG_VM_RD			7

/* Fields of TDG.VM.RD, without the bits of an identifier that say how long they are */
#define FIELD_ID			(GENMASK_ULL(61, 56) | GENMASK_ULL(23, 0))
#define FIELD_ATTRIBUTES		0x1100000000000000ULL
#define FIELD_XFAM			0x1100000000000001ULL
#define FIELD_MAX_VCPUS			0x1100000000000002ULL
#define FIELD_CONFIG_FLAGS		0x1100000000000016ULL

#define PTE_PRESENT			BIT_ULL(0)
#define PTE_LARGE			BIT_ULL(7)
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

/* The TD's own page tables, in 64-bit mode or without paging. All ones if there is nothing. */
static u64 gpa_of(const struct tdr *tdr, u64 va)
{
	u64 table = vmcs_read(GUEST_CR3) & PTE_ADDRESS;

	if (!(vmcs_read(GUEST_CR0) & X86_CR0_PG))
		return va;
	if (!(vmcs_read(GUEST_IA32_EFER) & EFER_LMA))
		return ~0ULL;
	for (int level = vmcs_read(GUEST_CR4) & X86_CR4_LA57 ? 4 : 3; ; level--) {
		u64 in_page = GENMASK_ULL(PAGE_SHIFT - 1 + 9 * level, 0);
		u64 *pte = mapped(tdr, table + (va >> (PAGE_SHIFT + 9 * level)) % 512 * 8);

		if (!pte || !(*pte & PTE_PRESENT))
			return ~0ULL;
		if (!level || (*pte & PTE_LARGE))
			return (*pte & PTE_ADDRESS & ~in_page) | (va & in_page);
		table = *pte & PTE_ADDRESS;
	}
}

/* Is the instruction at which the VCPU has left a TDCALL? */
bool is_tdcall(const struct tdr *tdr)
{
	static const u8 tdcall[TDCALL_LENGTH] = { 0x66, 0x0f, 0x01, 0xcc };
	u64 ip = vmcs_read(GUEST_CS_BASE) + vmcs_read(GUEST_RIP);

	for (int i = 0; i < TDCALL_LENGTH; i++) {
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

	r->attributes = tdr->attributes;
	r->xfam = tdr->xfam;
	memcpy(r->mrtd, tdr->mrtd, sizeof(r->mrtd));
	memcpy(r->mrconfigid, tdr->mrconfigid, sizeof(r->mrconfigid));
	memcpy(r->mrowner, tdr->mrowner, sizeof(r->mrowner));
	memcpy(r->mrownerconfig, tdr->mrownerconfig, sizeof(r->mrownerconfig));
	memcpy(r->rtmr, tdr->rtmr, sizeof(r->rtmr));
	sha384((u8 *)&r->attributes, sizeof(*r) - offsetof(struct td_report, attributes),
	       r->td_info_hash);

	sha384((u8 *)r, offsetof(struct td_report, mac), hash);
	memcpy(r->mac, hash, sizeof(r->mac));
}

/* Leaves return true with a status, or false if the TD has no access to @gpa. */

static bool is_private(u64 gpa, u64 align)
{
	return IS_ALIGNED(gpa, align) && !(gpa >> TD_SHARED_BIT);
}

/* RCX: where the report goes, RDX: 64 bytes to put into it, R8: subtype, 0 */
static bool mr_report(const struct tdr *tdr, const u64 *gprs, u64 *status, u64 *gpa)
{
	struct td_report *report = mapped(tdr, gprs[RCX]);
	const u8 *from = mapped(tdr, gprs[RDX]);
	u8 data[sizeof(report->data)];

	if (!is_private(gprs[RCX], sizeof(*report))) {
		*status = operand_invalid(SEAM_OPERAND_RCX);
	} else if (!is_private(gprs[RDX], sizeof(data))) {
		*status = operand_invalid(SEAM_OPERAND_RDX);
	} else if (gprs[R8]) {
		*status = operand_invalid(SEAM_OPERAND_R8);
	} else if (from && report) {
		/* Both may be in one place. */
		memcpy(data, from, sizeof(data));
		memset(report, 0, sizeof(*report));
		memcpy(report->data, data, sizeof(data));
		fill_report(tdr, report);
	}
	*gpa = gprs[from ? RCX : RDX];
	return *status || (from && report);
}

/* RCX: 48 bytes to extend it with, RDX: which one */
static bool mr_rtmr_extend(struct tdr *tdr, const u64 *gprs, u64 *status, u64 *gpa)
{
	const u8 *data = mapped(tdr, gprs[RCX]);
	u8 both[2][SHA384_DIGEST_SIZE];

	if (!is_private(gprs[RCX], 64)) {
		*status = operand_invalid(SEAM_OPERAND_RCX);
	} else if (gprs[RDX] >= NR_RTMRS) {
		*status = operand_invalid(SEAM_OPERAND_RDX);
	} else if (data) {
		memcpy(both[0], tdr->rtmr[gprs[RDX]], SHA384_DIGEST_SIZE);
		memcpy(both[1], data, SHA384_DIGEST_SIZE);
		sha384(both[0], sizeof(both), tdr->rtmr[gprs[RDX]]);
	}
	*gpa = gprs[RCX];
	return *status || data;
}

/* RCX: GPA, and level 0 or 1 of the entry. All pages here are of level 0. */
static bool mem_page_accept(const struct tdr *tdr, const u64 *gprs, u64 *status, u64 *gpa)
{
	u64 level = gprs[RCX] & ~PAGE_MASK;
	enum td_gpa_state state;
	void *va;

	*gpa = gprs[RCX] & PAGE_MASK;
	if (level > 1 || !is_private(*gpa, PAGE_SIZE << (9 * level))) {
		*status = operand_invalid(SEAM_OPERAND_RCX);
		return true;
	}

	state = td_gpa(tdr, *gpa, level, &va);
	if (state == TD_GPA_ABSENT)
		return false;
	if (level)
		*status = SEAM_PAGE_SIZE_MISMATCH | level;
	else if (state == TD_GPA_MAPPED)
		*status = SEAM_PAGE_ALREADY_ACCEPTED;
	else
		td_accept(tdr, *gpa);
	return true;
}

/* RCX: 0, this TD; RDX: field; R8 out: its value */
static u64 vm_rd(const struct tdr *tdr, u64 *gprs)
{
	gprs[R8] = 0;
	if (gprs[RCX])
		return operand_invalid(SEAM_OPERAND_RCX);
	switch (gprs[RDX] & FIELD_ID) {
	case FIELD_ATTRIBUTES:
		gprs[R8] = tdr->attributes;
		break;
	case FIELD_XFAM:
		gprs[R8] = tdr->xfam;
		break;
	case FIELD_MAX_VCPUS:
		gprs[R8] = tdr->max_vcpus;
		break;
	case FIELD_CONFIG_FLAGS:
		gprs[R8] = tdr->config_flags;
		break;
	default:
		return SEAM_METADATA_FIELD_ID_INCORRECT | SEAM_OPERAND_RDX;
	}
	return SEAM_SUCCESS;
}

/* RCX out: width of GPAs, RDX: ATTRIBUTES, R8: VCPUs, R9: which one, R10 and R11: 0 */
static u64 vp_info(const struct vp_entry *e, u64 *gprs)
{
	gprs[RCX] = TD_SHARED_BIT + 1;
	gprs[RDX] = e->tdr->attributes;
	gprs[R8] = e->tdr->nr_vcpus | (u64)e->tdr->max_vcpus << 32;
	gprs[R9] = e->vp->index;
	gprs[R10] = 0;
	gprs[R11] = 0;
	return SEAM_SUCCESS;
}

/* Out: RCX: exit reason, RDX: qualification, R8: GLA, R9: GPA, R10: instruction */
static u64 vp_veinfo_get(struct vp_state *s, u64 *gprs)
{
	if (!s->ve.valid)
		return SEAM_NO_VALID_VE_INFO;
	s->ve.valid = false;
	gprs[RCX] = s->ve.reason;
	gprs[RDX] = s->ve.qualification;
	gprs[R8] = s->ve.gla;
	gprs[R9] = s->ve.gpa;
	gprs[R10] = s->ve.instruction;
	return SEAM_SUCCESS;
}

/* What a TDCALL does. False: the TD has no access to @gpa, and no register has changed. */
bool td_call(struct vp_entry *e, u64 *gpa)
{
	u64 *gprs = e->state->gprs;
	u64 status = SEAM_SUCCESS;
	bool done = true;

	switch (gprs[RAX]) {
	case TDG_VP_INFO:
		status = vp_info(e, gprs);
		break;
	case TDG_MR_RTMR_EXTEND:
		done = mr_rtmr_extend(e->tdr, gprs, &status, gpa);
		break;
	case TDG_VP_VEINFO_GET:
		status = vp_veinfo_get(e->state, gprs);
		break;
	case TDG_MR_REPORT:
		done = mr_report(e->tdr, gprs, &status, gpa);
		break;
	case TDG_MEM_PAGE_ACCEPT:
		done = mem_page_accept(e->tdr, gprs, &status, gpa);
		break;
	case TDG_VM_RD:
		status = vm_rd(e->tdr, gprs);
		break;
	default:
		status = operand_invalid(SEAM_OPERAND_RAX);
	}
	if (done)
		gprs[RAX] = status;
	return done;
}
