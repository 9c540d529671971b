/* SPDX-License-Identifier: GPL-2.0 */
/* Lets a TD run that has the program of tdx_kvm_payload.S in its first pages. */
#ifndef TDX_KVM_RUN_H
#define TDX_KVM_RUN_H

#include <stdbool.h>
#include <stdint.h>

#define SHA384_SIZE		48
#define HEX_SIZE		(2 * SHA384_SIZE + 1)

#define PAYLOAD_PAGES		4
#define TD_GPA			0xffffc000ULL	/* where the TD's memory begins */
#define TD_INITIAL_RCX		TD_GPA		/* of its VCPUs: any number */
#define ATTR_SEPT_VE_DISABLE	0x10000000ULL	/* the attribute that KVM offers */
#define MAX_VCPUS		2

/* A TD that can run */
struct td_run {
	int vm;
	const int *vcpus;
	unsigned int nr_vcpus;
	uint8_t *shared;	/* the host's view of its memory */
	const char *mrtd;	/* what it must be */
};

/* What a TD can be run for */
struct td_task {
	const char *name;
	const struct td_case *cases;
	unsigned int nr_cases;
	uint64_t without;	/* ATTRIBUTES that the TD must not have */
};

extern const uint8_t payload[];

const struct td_task *td_task(const char *name);
void td_run(const struct td_task *task, const struct td_run *run, void (*tell)(bool, const char *));

#endif /* TDX_KVM_RUN_H */
