//go:build !purego && !tinygo && !race

#include "textflag.h"

DATA low4<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL low4<>(SB), RODATA|NOPTR, $8
DATA third<>+0(SB)/8, $0x6060606060606060
GLOBL third<>(SB), RODATA|NOPTR, $8
DATA fourth<>+0(SB)/8, $0x7070707070707070
GLOBL fourth<>(SB), RODATA|NOPTR, $8
DATA top<>+0(SB)/8, $0x8080808080808080
GLOBL top<>(SB), RODATA|NOPTR, $8
DATA whole<>+0(SB)/8, $0xffffffffffffffff
DATA whole<>+8(SB)/8, $0xffffffffffffffff
DATA whole<>+16(SB)/8, $0xffffffffffffffff
DATA whole<>+24(SB)/8, $0xbfdfefffffffffff
GLOBL whole<>(SB), RODATA|NOPTR, $32

#define FIRSTHIGH  Y15 // vectorTables
#define FIRSTLOW   Y14
#define SECONDHIGH Y13
#define LOW4       Y12 // the low half of a byte
#define THIRD      Y11 // E0 less 80: after saturating subtraction, E0..FF have the top bit
#define FOURTH     Y10 // F0 less 80: the same for F0..FF
#define TOP        Y9
#define WHOLE      Y8  // the largest bytes at the end of a vector that no rune exceeds
#define OPEN       Y7  // not zero if the bytes before AX end within a rune
#define TMP        Y6

#define CONSTANTS \
	VBROADCASTI128 ·vectorTables+0(SB), FIRSTHIGH   \
	VBROADCASTI128 ·vectorTables+16(SB), FIRSTLOW   \
	VBROADCASTI128 ·vectorTables+32(SB), SECONDHIGH \
	VPBROADCASTQ   low4<>(SB), LOW4                 \
	VPBROADCASTQ   third<>(SB), THIRD               \
	VPBROADCASTQ   fourth<>(SB), FOURTH             \
	VPBROADCASTQ   top<>(SB), TOP

// FAULTS sets prev3 to zero if the bytes in are valid after the bytes prev1, prev2 and prev3,
// which are one, two and three before them. It overwrites prev1 and prev2.
//
// A byte must be the third or fourth of a rune if the byte two before it is E0 or more, or the
// byte three before it is F0 or more. Only there may the tables have the fault twoContinue, and
// there they must. Both are the top bit, so an exclusive or finds the difference.
#define FAULTS(in, prev1, prev2, prev3) \
	VPSUBUSB FOURTH, prev3, prev3     \
	VPSUBUSB THIRD, prev2, prev2      \
	VPOR     prev2, prev3, prev3      \
	VPAND    TOP, prev3, prev3        \
	VPSRLW   $4, prev1, TMP           \
	VPAND    LOW4, TMP, TMP           \
	VPSHUFB  TMP, FIRSTHIGH, TMP      \
	VPAND    LOW4, prev1, prev1       \
	VPSHUFB  prev1, FIRSTLOW, prev1   \
	VPAND    prev1, TMP, TMP          \
	VPSRLW   $4, in, prev2            \
	VPAND    LOW4, prev2, prev2       \
	VPSHUFB  prev2, SECONDHIGH, prev2 \
	VPAND    prev2, TMP, TMP          \
	VPXOR    TMP, prev3, prev3

// FIRST sets prev1 to prev3 for Y0, the first 32 bytes: zeros come before them.
#define FIRST(prev1, prev2, prev3) \
	VPERM2I128 $0x08, Y0, Y0, TMP    \ // zeros, and the low half of Y0
	VPALIGNR   $15, TMP, Y0, prev1   \
	VPALIGNR   $14, TMP, Y0, prev2   \
	VPALIGNR   $13, TMP, Y0, prev3

// func validVectors(p *byte, n int) int
//
// SI: p. DX: n. AX: how many bytes are valid. CX: the last AX that 64 bytes follow.
// Except for the first vector, prev1 to prev3 are loaded from memory, which is faster than
// combining registers.
TEXT ·validVectors(SB), NOSPLIT, $0-24
	MOVQ    p+0(FP), SI
	MOVQ    n+8(FP), DX
	XORL    AX, AX
	LEAQ    -64(DX), CX
	VMOVDQU -32(SI)(DX*1), Y1
	CMPQ    DX, $64
	JB      short
	CMPQ    DX, $128
	JB      ascii64

	// Most texts begin with ASCII, and many have nothing else.
ascii128:
	VMOVDQU   (SI)(AX*1), Y0
	VMOVDQU   64(SI)(AX*1), Y2
	VPOR      32(SI)(AX*1), Y0, Y0
	VPOR      96(SI)(AX*1), Y2, Y2
	VPOR      Y0, Y2, Y2
	VPMOVMSKB Y2, BX
	TESTL     BX, BX
	JNZ       ascii64
	SUBQ      $-128, AX
	LEAQ      128(AX), R8
	CMPQ      R8, DX
	JBE       ascii128
	CMPQ      AX, CX
	JA        asciilast

ascii64:
	VMOVDQU   (SI)(AX*1), Y0
	VPOR      32(SI)(AX*1), Y0, Y0
	VPMOVMSKB Y0, BX
	TESTL     BX, BX
	JNZ       runes
	ADDQ      $64, AX
	CMPQ      AX, CX
	JBE       ascii64

asciilast:
	VPOR      -64(SI)(DX*1), Y1, Y0
	VPMOVMSKB Y0, BX
	TESTL     BX, BX
	JZ        all

runes:
	CONSTANTS
	VMOVDQU whole<>(SB), WHOLE
	VPXOR   OPEN, OPEN, OPEN
	TESTQ   AX, AX
	JNZ     loop
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	FIRST(Y3, Y4, Y5)
	JMP     block

loop:
	CMPQ      AX, CX
	JA        rest
	VMOVDQU   (SI)(AX*1), Y0
	VMOVDQU   32(SI)(AX*1), Y1
	VPOR      Y0, Y1, Y2
	VPMOVMSKB Y2, BX
	TESTL     BX, BX
	JZ        ascii
	VMOVDQU   -1(SI)(AX*1), Y3
	VMOVDQU   -2(SI)(AX*1), Y4
	VMOVDQU   -3(SI)(AX*1), Y5

block:
	FAULTS(Y0, Y3, Y4, Y5)
	VMOVDQU  31(SI)(AX*1), Y3
	VMOVDQU  30(SI)(AX*1), Y4
	VMOVDQU  29(SI)(AX*1), Y2
	FAULTS(Y1, Y3, Y4, Y2)
	VPOR     Y2, Y5, Y5
	VPTEST   Y5, Y5
	JNZ      done
	VPSUBUSB WHOLE, Y1, OPEN
	ADDQ     $64, AX
	JMP      loop

ascii:
	VPTEST OPEN, OPEN
	JNZ    done
	ADDQ   $64, AX
	JMP    loop

	// The rest is checked as part of the last 32 or 64 bytes.
rest:
	CMPQ    AX, DX
	JEQ     done
	VMOVDQU -32(SI)(DX*1), Y1
	VMOVDQU -33(SI)(DX*1), Y3
	VMOVDQU -34(SI)(DX*1), Y4
	VMOVDQU -35(SI)(DX*1), Y2
	FAULTS(Y1, Y3, Y4, Y2)
	LEAQ    32(AX), R8
	CMPQ    R8, DX
	JAE     last
	VMOVDQU -64(SI)(DX*1), Y0
	VMOVDQU -65(SI)(DX*1), Y3
	VMOVDQU -66(SI)(DX*1), Y4
	VMOVDQU -67(SI)(DX*1), Y5
	FAULTS(Y0, Y3, Y4, Y5)
	VPOR    Y5, Y2, Y2

last:
	VPTEST Y2, Y2
	JNZ    done

all:
	MOVQ DX, AX

done:
	MOVQ AX, ret+16(FP)
	VZEROUPPER
	RET

	// Fewer than 64 bytes: the first and the last 32.
short:
	VMOVDQU   (SI), Y0
	VPOR      Y0, Y1, Y2
	VPMOVMSKB Y2, BX
	TESTL     BX, BX
	JZ        all
	CONSTANTS
	FIRST(Y3, Y4, Y5)
	FAULTS(Y0, Y3, Y4, Y5)
	VMOVDQU   -33(SI)(DX*1), Y3
	VMOVDQU   -34(SI)(DX*1), Y4
	VMOVDQU   -35(SI)(DX*1), Y2
	FAULTS(Y1, Y3, Y4, Y2)
	VPOR      Y5, Y2, Y2
	JMP       last
