package deflate_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// checkAgreement checks that z is read as a second reading of RFC 1951 has it, or
// fails at the same byte; and that compress/flate, which knows no final blocks within
// a message, agrees.
func checkAgreement(t testing.TB, z []byte, f feeding) {
	t.Helper()
	s, _ := both(t, 15, true)
	got, err := decode(t, s, z, f)
	w := strict{size: 1 << 15}
	want, strictErr := w.message(z)
	if (err == nil) != (strictErr == nil) || !bytes.Equal(got, want) {
		t.Fatalf("%x, %v: %d bytes, %v; want %d, %v", z, f, len(got), err, len(want), strictErr)
	}
	if err == nil && w.finals == 0 && !w.early {
		if want, err = judge(z, nil); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%x, %v: %d bytes; compress/flate has %d, %v", z, f, len(got), len(want), err)
		}
	}
}

// randomBlocks returns a message of blocks of all kinds.
func randomBlocks(rnd *rand.Rand) []byte {
	c := &crafter{}
	for range 1 + rnd.IntN(4) {
		final := uint(rnd.IntN(8) / 7)
		switch rnd.IntN(3) {
		case 0:
			c.stored(final, string(mixedMessage(rnd, rnd.IntN(100))))
		case 1:
			c.fixed(final)
			randomSymbols(c, rnd, nil, nil)
		default:
			randomDynamic(c.bits(final, 1).bits(2, 2), rnd)
		}
		if final == 1 {
			c.align()
		}
	}
	return c.message()
}

func TestDecodeAgrees(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	p := peer{window: 1 << 15, rnd: rnd}
	for range messages(3000) {
		var z []byte
		switch rnd.IntN(3) {
		case 0:
			z = p.message(t, mixedMessage(rnd, rnd.IntN(2000)))
		case 1:
			z = randomBlocks(rnd)
		default:
			z = make([]byte, rnd.IntN(60))
			for i := range z {
				z[i] = byte(rnd.Uint32())
			}
		}
		for range rnd.IntN(3) {
			if len(z) > 0 {
				z[rnd.IntN(len(z))] ^= 1 << rnd.IntN(8)
			}
		}
		checkAgreement(t, z, feeding{piece: rnd.IntN(2) * (1 + rnd.IntN(100)), most: rnd.IntN(3) * rnd.IntN(300), lastNil: true})
	}
}

// randomDynamic writes a block with codes of random lengths, up to 15 bits.
func randomDynamic(c *crafter, rnd *rand.Rand) {
	literals := randomLengths(rnd, 257+rnd.IntN(30), 256)
	distances := randomLengths(rnd, 1+rnd.IntN(30), 0)
	c.bits(uint(len(literals)-257), 5).bits(uint(len(distances)-1), 5).bits(19-4, 4)
	for i := range 19 { // the lengths 0 to 15 have codes of 4 bits, repetitions none
		c.bits(uint(min(i/3, 1)*4), 3)
	}
	for _, n := range append(literals[:len(literals):len(literals)], distances...) {
		c.huffman(n, 4)
	}
	randomSymbols(c, rnd, literals, distances)
}

// randomLengths returns lengths of a complete code for at most n symbols, among them
// symbol must.
func randomLengths(rnd *rand.Rand, n, must int) []uint {
	leaves := []uint{1, 1}
	if n == 1 {
		leaves = leaves[:1]
	}
	for want := 2 + rnd.IntN(max(1, n-1)); len(leaves) < min(want, n); {
		i := rnd.IntN(len(leaves))
		if rnd.IntN(3) == 0 {
			i = len(leaves) - 1
		}
		if leaves[i] < 15 {
			leaves[i]++
			leaves = append(leaves, leaves[i])
		}
	}
	lengths := make([]uint, n)
	for i, symbol := range rnd.Perm(n)[:len(leaves)] {
		lengths[symbol] = leaves[i]
	}
	if lengths[must] == 0 {
		for symbol, length := range lengths {
			if length > 0 {
				lengths[must], lengths[symbol] = length, 0
				break
			}
		}
	}
	return lengths
}

// codesOf returns the canonical codes of a code with these lengths.
func codesOf(lengths []uint) []uint {
	codes, next := make([]uint, len(lengths)), uint(0)
	for n := uint(1); n < 16; n++ {
		for symbol, length := range lengths {
			if length == n {
				codes[symbol] = next
				next++
			}
		}
		next <<= 1
	}
	return codes
}

// randomSymbols writes literals and matches that have codes, and the end of the
// block. Some matches reach too far.
func randomSymbols(c *crafter, rnd *rand.Rand, literals, distances []uint) {
	if literals == nil {
		literals, distances = make([]uint, 286), make([]uint, 30)
		for i := range literals {
			literals[i] = 8
			if i >= 144 && i < 256 {
				literals[i] = 9
			} else if i >= 256 && i < 280 {
				literals[i] = 7
			}
		}
		for i := range distances {
			distances[i] = 5
		}
	}
	put := func(lengths []uint, symbol int) bool {
		if lengths[symbol] > 0 {
			c.huffman(codesOf(lengths)[symbol], lengths[symbol])
		}
		return lengths[symbol] > 0
	}
	made := 0
	for range rnd.IntN(200) {
		symbol := rnd.IntN(len(literals))
		if symbol == 256 || symbol > 256 && (made < 10 || rnd.IntN(3) > 0) {
			symbol = rnd.IntN(256)
		}
		if symbol > 256 && distances[0] == 0 {
			continue // keep it simple: the first few distances have codes or none is used
		}
		if !put(literals, symbol) {
			continue
		}
		if made++; symbol < 256 {
			continue
		}
		if symbol > 264 && symbol < 285 {
			c.bits(uint(rnd.Uint32()), uint(symbol-261)/4)
		}
		far := 0
		for far+1 < min(len(distances), 2+rnd.IntN(12)) && distances[far+1] > 0 {
			far++
		}
		put(distances, far)
		if far > 3 {
			c.bits(uint(rnd.Uint32()), uint(far)/2-1)
		}
	}
	put(literals, 256)
}

// FuzzDecode lets the fuzzer look for messages that are read otherwise.
//
//	go test -run '^$' -fuzz Decode
func FuzzDecode(f *testing.F) {
	rnd := rand.New(rand.NewPCG(9, 9))
	for _, e := range endings {
		f.Add(e.payload, uint8(0), uint8(0))
	}
	for _, g := range garbage {
		f.Add(g.payload, uint8(1), uint8(1))
	}
	for range 20 {
		f.Add(randomBlocks(rnd), uint8(3), uint8(100))
	}
	f.Fuzz(func(t *testing.T, z []byte, piece, most uint8) {
		if len(z) > 1<<12 {
			return
		}
		checkAgreement(t, z, feeding{piece: int(piece), most: int(most), lastNil: piece > 100})
	})
}
