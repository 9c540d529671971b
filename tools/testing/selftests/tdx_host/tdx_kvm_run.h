/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs a TD that has the program of tdx_kvm_payload.S in its memory.
 */
#ifndef TDX_KVM_RUN_H
#define TDX_KVM_RUN_H

#include <stdbool.h>
#include <stdint.h>

#define SHA384_SIZE	48
#define PAYLOAD_PAGES	4	/* the last ones below 4 GB */
#define MAX_VCPUS	2
#define TD_FREE		0xfffc0000ULL	/* private memory, 256 KB, but for the payload */

/* A TD that can run */
struct td_run {
	int vm;
	const int *vcpus;
	unsigned int nr_vcpus;
	uint8_t *shared;		/* the host's view of the memory from TD_FREE on */
	uint8_t mrtd[SHA384_SIZE];	/* what it must be */
};

/* What a TD can be run for */
struct td_task {
	const char *name;
	unsigned int nr_tests;	/* results that it prints */
	void (*run)(const struct td_run *td);
	uint64_t without;	/* ATTRIBUTES that the TD must not have */
};

extern const uint8_t payload[];

const struct td_task *td_task(const char *name);
void td_result(bool good, const char *name);

#endif /* TDX_KVM_RUN_H */
