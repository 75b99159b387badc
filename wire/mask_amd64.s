//go:build !purego && !tinygo && !race

#include "textflag.h"

// func maskVectors(p *byte, n int, k uint32)
//
// Both ends are read first and written last. The bytes written between may therefore overlap
// both ends, and no loop over single bytes is needed.
TEXT ·maskVectors(SB), NOSPLIT, $0-20
	MOVQ p+0(FP), DI
	MOVQ n+8(FP), SI
	MOVL k+16(FP), AX

	// Y0: the first 32 bytes, masked with Y2.
	VMOVD        AX, X2
	VPBROADCASTD X2, Y2
	VPXOR        (DI), Y2, Y0

	// R8: the last 32 bytes. Y1: the same, masked with Y3, which is the key rotated by n.
	LEAQ         -32(DI)(SI*1), R8
	LEAL         (SI*8), CX
	MOVL         AX, BX
	RORL         CX, BX
	VMOVD        BX, X3
	VPBROADCASTD X3, Y3
	VPXOR        (R8), Y3, Y1
	CMPQ         SI, $64
	JA           more
	VMOVDQU      Y0, (DI)
	VMOVDQU      Y1, (R8)
	VZEROUPPER
	RET

more:
	CMPQ    SI, $128
	JA      long
	VPXOR   32(DI), Y2, Y4
	VPXOR   -32(R8), Y3, Y5
	VMOVDQU Y0, (DI)
	VMOVDQU Y4, 32(DI)
	VMOVDQU Y5, -32(R8)
	VMOVDQU Y1, (R8)
	VZEROUPPER
	RET

long:
	// R9: the first multiple of 32 after p. Y2: the key rotated to it.
	LEAQ         32(DI), R9
	ANDQ         $~31, R9
	MOVL         R9, CX
	SUBL         DI, CX
	SHLL         $3, CX
	RORL         CX, AX
	VMOVD        AX, X2
	VPBROADCASTD X2, Y2

	// R10: the last address from which 128 bytes end at or before R8.
	LEAQ -128(R8), R10
	CMPQ R9, R10
	JA   vectors

blocks:
	VPXOR   (R9), Y2, Y4
	VPXOR   32(R9), Y2, Y5
	VPXOR   64(R9), Y2, Y6
	VPXOR   96(R9), Y2, Y7
	VMOVDQA Y4, (R9)
	VMOVDQA Y5, 32(R9)
	VMOVDQA Y6, 64(R9)
	VMOVDQA Y7, 96(R9)
	ADDQ    $128, R9
	CMPQ    R9, R10
	JBE     blocks

vectors:
	CMPQ    R9, R8
	JAE     ends
	VPXOR   (R9), Y2, Y4
	VMOVDQA Y4, (R9)
	ADDQ    $32, R9
	JMP     vectors

ends:
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, (R8)
	VZEROUPPER
	RET
