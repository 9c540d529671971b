/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs a TD that has the program of tdx_kvm_payload.S in its memory, a few instructions at a time.
 */
#ifndef TDX_KVM_RUN_H
#define TDX_KVM_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/kvm.h>

#define SHA384_SIZE	48
#define PAYLOAD_PAGES	4	/* the last ones below 4 GB */
#define MAX_VCPUS	2
#define TD_FREE		0xfffc0000ULL	/* private memory, 256 KB, but for the payload */

#define ATTR_SEPT_VE_DISABLE	0x10000000ULL	/* the one that KVM offers */

/* Code for the TD, first byte last: instructions and a return, or a jump to a helper of its own */
#define NOP		0xc3
#define TDCALL		0xc3cc010f66
#define LOAD		0x23ff

/* TDCALL: leaves */
#define VP_INFO			1
#define MR_RTMR_EXTEND		2
#define VP_VEINFO_GET		3
#define MR_REPORT		4
#define MEM_PAGE_ACCEPT		6
#define VM_RD			7

/* Parts of the payload that it does not use */
#define REPORT			0xffffd400ULL
#define REPORT_DATA		0xffffd800ULL
#define NOTHING			0xffffe000ULL
#define TOTAL			0xfffff000ULL	/* increments of all VCPUs */

/* TDREPORT_STRUCT */
struct td_report {
	uint8_t type[32], tcb_hash[48], info_hash[48], data[64], reserved[32], mac[32];
	uint8_t tcb[239], reserved2[17];
	uint8_t attributes[16], mrtd[48], ids[3][48], rtmr[4][48], reserved3[112];
	uint8_t rest[32];		/* not of it: reads are 48 bytes */
};

#define REPORT_SIZE	offsetof(struct td_report, rest)

struct vcpu {
	int fd;
	struct kvm_run *run;
};

/* A TD that can run */
struct td_run {
	int vm;
	struct vcpu vcpus[MAX_VCPUS];
	unsigned int nr_vcpus;
	uint8_t *shared;		/* the host's view of the memory from TD_FREE on */
	uint8_t mrtd[SHA384_SIZE];	/* what it must be */
};

/* What a TD can be run for */
struct td_task {
	const char *name;
	unsigned int nr_tests;	/* results that it tells */
	void (*run)(const struct td_run *td);
	uint64_t without;	/* ATTRIBUTES that the TD must not have */
};

#define NO_EXCEPTION	-1

/* Where in struct regs what is after some code */
enum reg { RAX, RCX, RDX, R8, R9, R10, R11, INTERRUPTS, NMIS, NR_REGS };

struct regs {
	int error;		/* -errno, or an unexpected KVM_EXIT_: no more is known then */
	int64_t exception;
	uint64_t r[NR_REGS];
};

extern const uint8_t payload[];

const struct td_task *td_task(const char *name);
void td_run(const struct td_task *task, struct td_run *td, void (*tell)(bool, const char *));

int run_until(const struct vcpu *vcpu, uint32_t reason);
int start(const struct vcpu *vcpu, uint64_t code, const uint64_t in[4]);
struct regs result_of(const struct vcpu *vcpu, int error);
struct regs execute(const struct vcpu *vcpu, uint64_t code, const uint64_t in[4]);
bool get_report(const struct vcpu *vcpu, struct td_report *report);
bool is_mrtd(const struct td_run *td, const struct td_report *report);
void result(bool good, const struct regs *r, const char *name);

/* RAX, RCX, RDX, R8 for it, as far as they matter */
#define EXECUTE(_vcpu, _code, ...)	execute(_vcpu, _code, (const uint64_t[4]) { __VA_ARGS__ })

#endif /* TDX_KVM_RUN_H */
