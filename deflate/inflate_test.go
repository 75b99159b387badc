package deflate_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// checkAgreement checks that the decoder agrees with strict on z, including where it fails,
// and with compress/flate, unless there is a final block in the message.
func checkAgreement(t testing.TB, z []byte, f feeding) {
	t.Helper()
	s, _ := both(t, 15, true)
	got, err := decode(t, s, z, f)
	w := strict{size: 1 << 15}
	want, strictErr := w.message(z)
	if (err == nil) != (strictErr == nil) || !bytes.Equal(got, want) {
		t.Fatalf("%x, %v: read %d bytes, %v; strict reads %d, %v", z, f, len(got), err, len(want), strictErr)
	}
	if err == nil && w.finals == 0 && !w.early {
		if want, err = inflateStd(z, nil); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%x, %v: read %d bytes; compress/flate reads %d, %v", z, f, len(got), len(want), err)
		}
	}
}

// The decoder agrees with other inflaters on messages of many kinds, with and without random
// changes.
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
		piece, most := rnd.IntN(2)*(1+rnd.IntN(100)), rnd.IntN(3)*rnd.IntN(300)
		checkAgreement(t, z, feeding{piece: piece, most: most, lastNil: true})
	}
}

// FuzzDecode compares the decoder with other inflaters.
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
