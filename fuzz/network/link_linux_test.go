package network

import (
	"bytes"
	"math/bits"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A link does to packets what its impairment says.
func TestLink(t *testing.T) {
	packet := slices.Repeat([]byte{0x45}, 100)
	for _, tt := range []struct {
		impairment
		packets, bits int // that arrive, and are changed in each
	}{
		{impairment{}, 1, 0},
		{impairment{Loss: 100}, 0, 0},
		{impairment{Duplicate: 100}, 2, 0},
		{impairment{Corrupt: 100}, 1, 1},
		{impairment{Delay: time.Second, Jitter: 100 * time.Millisecond}, 1, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			wire := make(packets, 10)
			l := &link{impairment: tt.impairment, to: wire}
			l.forward(packet)
			l.forward(slices.Repeat([]byte{0x60}, 100)) // of IPv6
			for range tt.packets {
				p := <-wire
				if took := time.Since(began); took < tt.Delay-tt.Jitter || took > tt.Delay+tt.Jitter {
					t.Errorf("%+v: packet took %v", tt.impairment, took)
				}
				n := bitsChanged(packet, p)
				if n != tt.bits || !bytes.Equal(p[:ipHeader], packet[:ipHeader]) {
					t.Errorf("%+v: %d bits have changed, want %d, after the header", tt.impairment, n, tt.bits)
				}
			}
			time.Sleep(time.Minute)
			if n := len(wire); n > 0 {
				t.Errorf("%+v: %d more packets than %d", tt.impairment, n, tt.packets)
			}
		})
	}
}

// bitsChanged returns how many bits differ.
func bitsChanged(a, b []byte) (n int) {
	for i := range a {
		n += bits.OnesCount8(a[i] ^ b[i])
	}
	return n
}

// packets are the packets that have been written.
type packets chan []byte

func (c packets) Write(p []byte) (int, error) {
	c <- p
	return len(p), nil
}
