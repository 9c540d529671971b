/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the TDs of tdx_kvm_run.c run: the last four pages below 4 GB. Every VCPU asks its VMM for
 * instructions and tells what became of them, for ever, by two TDVMCALLs that KVM shows to VMMs:
 *
 *   GetTdVmCallInfo   R10: eight bytes of code, called with R11 to R14, which are also RAX, RDX,
 *                     R8, RCX, and with interrupts off
 *   ReportFatalError  RSI, RDI, RDX, R8, R9, R12: RAX, RCX, RDX, R8, R9, R10 after it;
 *                     RBX: what has ended it, an exception or an interrupt, or all ones
 *
 * Nothing has an address before it runs: see AT().
 */
#define PAGES			0xffffc000	/* where it is in the TD */
#define AT(label)		(PAGES + (label) - payload)

#define GET_TD_VM_CALL_INFO	0x10000
#define GET_REGISTERS		0x7c00		/* RCX: R10 to R14 */
#define REPORT_FATAL_ERROR	0x10003
#define REPORT_REGISTERS	0xffcc		/* all but RAX, RCX, RSP, RBP */

#define VECTORS			33		/* exceptions, and the one of all interrupts */

	.macro	tdcall
	.byte	0x66, 0x0f, 0x01, 0xcc
	.endm

	.section .rodata
	.globl	payload
	.balign	4096
payload:

/* 5 GB one to one; then the last GB of it once more, shared. All of it for user mode, too. */
	.quad	AT(pdpt) + 7
	.org	payload + 0x1000
pdpt:	.quad	0x87, 0x40000087, 0x80000087, 0xc0000087, 0x100000087, 0x800100000087

/* 2 KB for each VCPU: a stack, and where RBP points, the code, and RCX as it was at first */
	.org	payload + 0x2000
vcpus:

/* The VMM's own: a number that all VCPUs count in */
	.org	payload + 0x3000
	.quad	0
/* Code, and the TSS */
gdt:	.quad	0, 0x00af9b000000ffff
	.word	0x67, 0xc000 + tss - payload, 0x89ff, 0xff00, 0, 0, 0, 0
gdtr:	.word	. - gdt - 1
	.long	AT(gdt)
idtr:	.word	16 * VECTORS - 1
	.quad	AT(idt)
/* Exceptions in user mode begin with the stack of the first VCPU. */
tss:	.long	0
	.quad	AT(vcpus) + 0x7e0
	.balign	16
idt:
	.set	n, 0
	.rept	VECTORS
	.word	0xc000 + vectors + 8 * n - payload, 8, 0x8e00, 0xffff, 0, 0, 0, 0
	.set	n, n + 1
	.endr

	.code64
	.balign	8
vectors:
	.set	n, 0
	.rept	VECTORS
	push	$n
	jmp	ended
	.balign	8
	.set	n, n + 1
	.endr

start64:
	lidt	idtr(%rip)
	shl	$11, %esi
	lea	vcpus + 0x7e0(%rip), %rbp
	add	%rsi, %rbp
	mov	%rcx, 8(%rbp)
next:
	mov	%rbp, %rsp
	mov	$0x80b, %ecx			/* EOI: it may have been an interrupt */
	xor	%eax, %eax
	xor	%edx, %edx
	wrmsr
	mov	$GET_REGISTERS, %ecx
	xor	%r10d, %r10d
	mov	$GET_TD_VM_CALL_INFO, %r11d
	mov	$1, %r12d
	tdcall
	mov	%r10, (%rbp)
	/* The code's return address. It is called by IRET, which lets NMIs in again. */
	lea	done(%rip), %rax
	push	%rax
	mov	%rsp, %rax
	push	$0
	push	%rax
	push	$2
	push	$8
	push	%rbp
	mov	%r11, %rax
	mov	%r14, %rcx
	mov	%r12, %rdx
	mov	%r13, %r8
	xor	%r10d, %r10d
	iretq
done:
	push	$-1
ended:
	pop	%rbx
	mov	%rax, %rsi
	mov	%rcx, %rdi
	mov	%r10, %r12
report:
	mov	$REPORT_REGISTERS, %ecx
	xor	%eax, %eax
	xor	%r10d, %r10d
	mov	$REPORT_FATAL_ERROR, %r11d
	tdcall
	jmp	next

	.code32
start32:
	mov	%cr4, %eax
	or	$0x220, %eax			/* PAE, OSFXSR */
	mov	%eax, %cr4
	mov	$PAGES, %eax
	mov	%eax, %cr3
	mov	%cr0, %eax
	or	$0x80000002, %eax		/* PG, MP */
	mov	%eax, %cr0
	lgdt	AT(gdtr)
	ljmp	$8, $AT(start64)

	.code64
/* TDVMCALL with the mask RCX and a value in every register, and all of them as they are then */
	.org	payload + 0x3e00
	.set	n, 1
	.irp	reg, rdx, rbx, rsi, rdi, r8, r9, r12, r13, r14, r15
	mov	$(0x1111 * n), %\reg
	.set	n, n + 1
	.endr
	xor	%eax, %eax
	xor	%r10d, %r10d
	mov	$REPORT_FATAL_ERROR, %r11d
	tdcall
	jmp	report

/* TDCALL in user mode */
	.org	payload + 0x3f00
	mov	%cs, %ecx
	tdcall
	ud2

	.code32
	.org	payload + 0x3ff0
	jmp	start32
	.org	payload + 0x4000

	.section .note.GNU-stack, "", @progbits
