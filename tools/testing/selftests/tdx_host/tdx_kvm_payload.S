/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the TDs of tdx_kvm_run.c run: the last four pages below 4 GB. Every VCPU asks its VMM for
 * instructions and tells what became of them, for ever, by two TDVMCALLs that KVM shows to VMMs:
 *
 *   GetTdVmCallInfo   R10: eight bytes of code, called with RAX, RCX, RDX, R8 of R11 to R14
 *   ReportFatalError  RSI, RDI, RDX, R8, R9, R12, R13: RAX, RCX, RDX, R8 to R11 after it;
 *                     RBX: the exception, or all ones; R14: interrupts so far; R15: NMIs
 *
 * The code finds RBX at "helpers". Nothing has an address before it runs: see AT().
 */
#define PAGES			0xffffc000	/* where it is in the TD */
#define AT(label)		(PAGES + (label) - payload)

#define GET_TD_VM_CALL_INFO	0x10000
#define GET_REGISTERS		0x7c00		/* RCX: R10 to R14 */
#define REPORT_FATAL_ERROR	0x10003
#define REPORT_REGISTERS	0xffcc		/* all but RAX, RCX, RSP, RBP */

#define INTERRUPT		32		/* the vector of all interrupts */

	.macro	tdcall
	.byte	0x66, 0x0f, 0x01, 0xcc
	.endm

	.section .rodata
	.globl	payload
	.balign	4096
payload:

/* 4 GB one to one; then the last GB of it once more, shared. All of it for user mode, too. */
	.quad	AT(pdpt) + 7
	.org	payload + 0x1000
pdpt:	.quad	0x87, 0x40000087, 0x80000087, 0xc0000087, 0x8000c0000087

/*
 * 2 KB for each VCPU: a stack, and where RBP points, how many interrupts, NMIs and increments, and
 * the code.
 */
	.org	payload + 0x2000
vcpus:

	.org	payload + 0x3000
total:	.quad	0
helpers:
	.quad	AT(load), AT(count), AT(tdvmcall), AT(masked), AT(user)
/* Code, data, data and code of user mode, and the TSS */
gdt:	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff
	.word	0x67, 0xc000 + tss - payload, 0x89ff, 0xff00, 0, 0, 0, 0
gdtr:	.word	. - gdt - 1
	.long	AT(gdt)
idtr:	.word	16 * (INTERRUPT + 1) - 1
	.quad	AT(idt)
/* Exceptions in user mode begin with the stack of the first VCPU. */
tss:	.long	0
	.quad	AT(vcpus) + 0x7e0
	.balign	16
idt:
	.set	n, 0
	.rept	INTERRUPT + 1
	.word	0xc000 + exceptions + 8 * n - payload, 8, 0x8e00, 0xffff, 0, 0, 0, 0
	.set	n, n + 1
	.endr

	.code64
	.balign	8
exceptions:
	.set	n, 0
	.rept	INTERRUPT
	.if	n == 2
	incq	8(%rbp)
	iretq
	.else
	push	$n
	jmp	exception
	.endif
	.balign	8
	.set	n, n + 1
	.endr

	push	%rax
	push	%rcx
	push	%rdx
	incq	(%rbp)
	mov	$0x80b, %ecx			/* EOI */
	xor	%eax, %eax
	xor	%edx, %edx
	wrmsr
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq

/* It ends the code, with all registers as they were, but for RBX. */
exception:
	pop	%rbx
	jmp	report

start64:
	mov	$16, %eax
	mov	%eax, %ss
	lidt	idtr(%rip)
	shl	$11, %esi
	lea	vcpus + 0x7e0(%rip), %rbp
	add	%rsi, %rbp
next:
	mov	%rbp, %rsp
	sti
	mov	$GET_TD_VM_CALL_INFO, %eax
	mov	$1, %ecx
	call	tdvmcall
	mov	%r10, 24(%rbp)
	lea	helpers(%rip), %rbx
	lea	24(%rbp), %r9
	mov	%r11, %rax
	mov	%r12, %rcx
	mov	%r13, %rdx
	mov	%r14, %r8
	call	*%r9
	mov	$-1, %rbx
report:
	mov	%rax, %rsi
	mov	%rcx, %rdi
	mov	%r10, %r12
	mov	%r11, %r13
	mov	(%rbp), %r14
	mov	8(%rbp), %r15
	xor	%eax, %eax
	mov	$REPORT_REGISTERS, %ecx
	xor	%r10d, %r10d
	mov	$REPORT_FATAL_ERROR, %r11d
	tdcall
	jmp	next

/* 48 bytes at RCX, into RAX, RCX, RDX, R8, R9, R10 */
load:
	mov	(%rcx), %rax
	mov	16(%rcx), %rdx
	mov	24(%rcx), %r8
	mov	32(%rcx), %r9
	mov	40(%rcx), %r10
	mov	8(%rcx), %rcx
	ret

/* RCX times. Out: RAX: how often in all. All VCPUs together: see "total". */
count:
	lock incq total(%rip)
	incq	16(%rbp)
	loop	count
	mov	16(%rbp), %rax
	ret

/* R11 to R14 are RAX, RCX, RDX, R8. */
tdvmcall:
	mov	%rax, %r11
	mov	%rcx, %r12
	mov	%rdx, %r13
	mov	%r8, %r14
	xor	%r10d, %r10d
	xor	%eax, %eax
	mov	$GET_REGISTERS, %ecx
	tdcall
	ret

/* TDVMCALL with the mask RCX and a value in every register. Out: RDX: 0 if all have kept it */
masked:
	.set	n, 1
	.irp	reg, rdx, rbx, rsi, rdi, r8, r9, r12, r13, r14, r15
	mov	$(0x1111 * n), %\reg
	.set	n, n + 1
	.endr
	xor	%eax, %eax
	xor	%r10d, %r10d
	mov	$REPORT_FATAL_ERROR, %r11d
	tdcall
	.set	n, 1
	.irp	reg, rdx, rbx, rsi, rdi, r8, r9, r12, r13, r14, r15
	xor	$(0x1111 * n), %\reg
	or	%\reg, %rdx
	.set	n, n + 1
	.endr
	ret

/* TDCALL in user mode. Out: RCX: CS there. Once only: the TSS is in use then. */
user:
	mov	$0x28, %ecx
	ltr	%cx
	push	$0x1b
	push	%rbp
	push	$2
	push	$0x23
	lea	in_user(%rip), %rcx
	push	%rcx
	iretq
in_user:
	mov	%cs, %ecx
	tdcall
	ud2

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

	.org	payload + 0x3ff0
	jmp	start32
	.org	payload + 0x4000

	.section .note.GNU-stack, "", @progbits
