# SPDX-License-Identifier: GPL-2.0
#
# The only entry point; README says what the targets do.  The work is in scripts/.

SHELL := /bin/bash
export BASE ?= 7.3
export KSRC DISCARD

build := scripts/build
boot := scripts/boot
queue := scripts/queue
deps := @$(build)/deps

# What is given as NAME=VALUE and is an option of a script: 1, or nothing.
flag = $(if $(filter-out 1,$($(1))),$(error $(1)=$($(1)): use $(1)=1, or leave it out),$(if $($(1)),$(2)))

.PHONY: demo run kvm qemu check check-all style bisect tree refresh series kunit selftest stress coverage
.PHONY: mutants clean help

demo:
	$(deps) bochs
	@$(boot)/run

run:
	$(deps) bochs
	@$(boot)/run $(or $(UPDATES),300)

kvm:
	$(deps) bochs
	@$(boot)/kvm $(or $(TDS),100) $(SEED)

qemu:
	$(deps) bochs
	@$(boot)/qemu

check:
	@scripts/checks/run $(C)

check-all:
	@scripts/checks/run all

style:
	@scripts/checks/run style

bisect:
	$(deps) bisect
	@$(build)/commits -a

tree:
	$(deps)
	@$(queue)/tree

refresh:
	@$(queue)/refresh

series:
	$(deps)
	@$(queue)/series $(call flag,SIGNOFF,-s) $(THREAD)

kunit:
	$(deps)
	@$(boot)/kunit -s . patched

selftest:
	$(deps)
	@$(boot)/selftest

stress:
	$(deps)
	@$(boot)/stress $(call flag,PLAIN,-p) $(or $(ROUNDS),100000) $(SEED)

coverage:
	$(deps)
	@$(boot)/coverage

mutants:
	@scripts/checks/run long/mutants

clean:
	@$(queue)/clean

help:
	@sed -n '/^| command/,/^$$/p' README
