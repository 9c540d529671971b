# SPDX-License-Identifier: GPL-2.0
#
# The only entry point; README says what the targets do.  The work is in scripts/.

SHELL := /bin/bash
export BASE ?= 7.3
export KSRC CONFIG SIGNOFF DISCARD

.PHONY: demo check tree refresh series kernel style clean help

demo:
	@scripts/demo

check:
	@scripts/check

tree:
	@scripts/deps
	@scripts/tree

refresh:
	@scripts/refresh

series:
	@scripts/deps
	@scripts/series

kernel:
	@scripts/deps
	@scripts/assemble
	@scripts/kernel user series $(if $(CONFIG),"$(abspath $(CONFIG))",host fake)
	@echo "build/$(BASE)/obj-user/arch/x86/boot/bzImage"

style:
	@scripts/deps check
	@scripts/check style

clean:
	@scripts/clean

help:
	@sed -n '/^| command/,/^$$/p' README
