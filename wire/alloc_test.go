//go:build !race

package wire_test

import (
	"runtime"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// wantNoMallocs checks that f does not allocate in 10,000 calls. Because the rest of the
// process may allocate at the same time, one attempt of ten without allocations is enough.
func wantNoMallocs(t *testing.T, f func()) {
	t.Helper()
	f()
	var mallocs uint64
	for range 10 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 10_000 {
			f()
		}
		runtime.ReadMemStats(&after)
		if mallocs = after.Mallocs - before.Mallocs; mallocs == 0 {
			return
		}
	}
	t.Errorf("%d allocations in 10,000 calls, want none", mallocs)
}

// A decoder allocates nothing, however the stream is cut.
func TestDecoderAllocations(t *testing.T) {
	e := wire.Encoder{Role: wire.Client}
	var stream []byte
	for _, f := range []sent{
		{h: finText, payload: "Hello \u20ac"},
		{h: opBin, payload: string(make([]byte, 5000))},
		{h: opPing, payload: "ping"},
		{h: finCont, payload: "end"},
	} {
		var err error
		if stream, err = e.AppendFrame(stream, f.h, []byte(f.payload)); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []int{len(stream), 3, 100} {
		var d wire.Decoder
		buf := make([]byte, len(stream))
		messages := 0
		wantNoMallocs(t, func() {
			copy(buf, stream)
			for at := 0; at < len(buf); at += step {
				for b := buf[at:min(at+step, len(buf))]; len(b) > 0; {
					f, n, err := d.Next(b)
					if err != nil {
						t.Fatal(err)
					}
					if f.EndsMessage() {
						messages++
					}
					b = b[n:]
				}
			}
		})
		if messages == 0 || messages%3 != 0 {
			t.Errorf("%d messages, want a positive multiple of 3", messages)
		}
	}
}

// An encoder allocates nothing if dst has enough capacity.
func TestEncoderAllocations(t *testing.T) {
	for _, role := range []wire.Role{wire.Server, wire.Client} {
		e := wire.Encoder{Role: role}
		payload := make([]byte, 5000)
		buf := make([]byte, 0, 2*len(payload))
		wantNoMallocs(t, func() {
			b, err := e.AppendFrame(buf, opText, payload)
			if err == nil {
				b, err = e.AppendFrame(b, opPing, payload[:10])
			}
			if err == nil {
				_, err = e.AppendHeader(b, finCont)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// The pure functions allocate nothing if their input is valid.
func TestFunctionAllocations(t *testing.T) {
	head := wire.AppendHeader(nil, wire.Header{Fin: true, Opcode: wire.OpBinary, Masked: true, Length: 70000})
	text := samples(4000)["mixed"]
	buf := make([]byte, 0, 200)
	connection := []string{"keep-alive, Upgrade"}
	wantNoMallocs(t, func() {
		_, _, errHead := wire.ConsumeHeader(head)
		b, errClose := wire.AppendClose(buf, wire.StatusNormalClosure, "a reason \u20ac")
		_, _, errConsume := wire.ConsumeClose(b)
		var u wire.UTF8
		_, ok := u.Check(text)
		ok = ok && wire.HasToken(connection, "upgrade") && wire.IsKey("dGhlIHNhbXBsZSBub25jZQ==")
		if errHead != nil || errClose != nil || errConsume != nil || !ok {
			t.Fatal(errHead, errClose, errConsume, ok)
		}
	})
}
