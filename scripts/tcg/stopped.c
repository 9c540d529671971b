// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU's TCG: counts the instructions that the guest executes while
 * stop_machine() has all CPUs.  Writes a line of three numbers for each time that the wanted
 * work is done then:
 *
 *	all of CPU 0's, waiting included
 *	those of them that are not inside of a SEAMCALL, which itself counts as one
 *	those of all CPUs together, from when CPU 0 starts the work
 *
 * Arguments, addresses being those of functions in the guest's kernel:
 *
 *	out=FILE	where the lines go
 *	stop=ADDR	starts the time: what runs on each CPU while all are stopped
 *	back=LOW-HIGH	ends it: what stop= returns to
 *	work=ADDR	the work that counts; other uses of stop_machine() do not
 *	trap=ADDR	starts a SEAMCALL: the handler of invalid opcodes
 *	seam=LOW-HIGH	ends it: the function with the SEAMCALL instruction, any number of times
 *
 * QEMU's header with the plugin interface is not packaged.  This is what is needed of
 * version 1 of it.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*tb_trans_fn)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*exec_fn)(unsigned int cpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_fn fn);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t n);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
/* flags: 0, the function does not touch the CPU's registers */
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_fn fn,
					    int flags, void *data);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define MAX_RANGES	8
#define KERNEL		0xffffffff80000000ULL

struct range {
	uint64_t low, high;
};

static FILE *out;
static uint64_t stop, work, trap;
static struct range back, seam[MAX_RANGES];
static int nr_seam;

/* CPU 0 */
static bool stopped, in_seam, worked;
static uint64_t all, outside, machine;

static bool within(struct range r, uint64_t addr)
{
	return addr >= r.low && addr < r.high;
}

static void count(unsigned int cpu, void *data)
{
	if (!stopped)
		return;
	machine++;
	if (cpu)
		return;
	all++;
	if (!in_seam)
		outside++;
}

/* Before the instruction is counted. */
static void enter_stop(unsigned int cpu, void *data)
{
	if (cpu)
		return;
	stopped = true;
	in_seam = false;
	worked = false;
	all = 0;
	outside = 0;
}

static void leave_stop(unsigned int cpu, void *data)
{
	if (cpu || !stopped)
		return;
	stopped = false;
	if (worked)
		fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", all, outside, machine);
	fflush(out);
}

static void do_work(unsigned int cpu, void *data)
{
	if (cpu)
		return;
	worked = true;
	machine = 0;
}

static void enter_seam(unsigned int cpu, void *data)
{
	if (!cpu)
		in_seam = true;
}

static void leave_seam(unsigned int cpu, void *data)
{
	if (!cpu)
		in_seam = false;
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t addr = qemu_plugin_insn_vaddr(insn);
		exec_fn fn = NULL;

		if (addr < KERNEL)
			continue;
		if (addr == stop)
			fn = enter_stop;
		else if (addr == work)
			fn = do_work;
		else if (addr == trap)
			fn = enter_seam;
		else if (within(back, addr))
			fn = leave_stop;
		for (int s = 0; s < nr_seam && !fn; s++)
			if (within(seam[s], addr))
				fn = leave_seam;
		if (fn)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, fn, 0, NULL);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, count, 0, NULL);
	}
}

static bool get_range(const char *text, struct range *r)
{
	return sscanf(text, "%" SCNx64 "-%" SCNx64, &r->low, &r->high) == 2 && r->low < r->high;
}

static bool get_addr(const char *text, uint64_t *addr)
{
	return sscanf(text, "%" SCNx64, addr) == 1 && *addr;
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		bool ok = false;

		if (!value++)
			ok = false;
		else if (!strncmp(argv[i], "out=", 4))
			ok = (out = fopen(value, "w"));
		else if (!strncmp(argv[i], "stop=", 5))
			ok = get_addr(value, &stop);
		else if (!strncmp(argv[i], "work=", 5))
			ok = get_addr(value, &work);
		else if (!strncmp(argv[i], "trap=", 5))
			ok = get_addr(value, &trap);
		else if (!strncmp(argv[i], "back=", 5))
			ok = get_range(value, &back);
		else if (!strncmp(argv[i], "seam=", 5) && nr_seam < MAX_RANGES)
			ok = get_range(value, &seam[nr_seam++]);
		if (!ok) {
			fprintf(stderr, "stopped: cannot make use of %s\n", argv[i]);
			return -1;
		}
	}
	if (!out || !stop || !work || !trap || !back.high || !nr_seam) {
		fprintf(stderr, "stopped: an argument is missing\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	return 0;
}
