# SPDX-License-Identifier: GPL-2.0
#
# The only entry point; README says what the targets do.  The work is in scripts/.

SHELL := /bin/bash
export BASE ?= 7.3
export KSRC FROM COMPILERS CONFIG SIGNOFF DISCARD ROUNDS SEED PLAIN TDS CPUS TIMES

.PHONY: demo kvm check check-all tree refresh series kernel kunit selftest stress coverage
.PHONY: mutants style bisect bench deb
.PHONY: clean help

demo:
	$(if $(filter-out 1,$(NO_BOCHS)),$(error NO_BOCHS=$(NO_BOCHS): use NO_BOCHS=1, or leave it out))
	@scripts/$(if $(NO_BOCHS),demo,kvm table)

kvm:
	@scripts/kvm

check:
	@scripts/check

check-all:
	@scripts/check all

tree:
	@scripts/deps
	@scripts/tree

refresh:
	@scripts/refresh

series:
	@scripts/deps
	@scripts/series

kernel:
	@scripts/deps $(if $(CONFIG),deb)
	@scripts/assemble
	@scripts/kernel user series $(if $(CONFIG),"$(abspath $(CONFIG))",host fake)
	@. scripts/lib.sh; echo "$${out#"$$top/"}/obj-user/arch/x86/boot/bzImage"

deb:
	@scripts/deps deb
	@scripts/assemble
	@scripts/deb $(if $(CONFIG),"$(abspath $(CONFIG))",host fake modules)

kunit:
	@scripts/deps
	@scripts/assemble
	@SHOW=. scripts/kunit kunit series

selftest:
	@scripts/deps
	@scripts/assemble
	@scripts/selftest

stress:
	@scripts/deps
	@scripts/assemble
	@scripts/stress

coverage:
	@scripts/deps coverage
	@scripts/assemble
	@scripts/coverage

mutants:
	@scripts/deps
	@scripts/assemble
	@scripts/mutants

bench:
	@scripts/bench

style:
	@scripts/check style

bisect:
	@scripts/deps bisect
	@scripts/assemble
	@scripts/bisect

clean:
	@scripts/clean

help:
	@sed -n '/^| command/,/^$$/p' README
