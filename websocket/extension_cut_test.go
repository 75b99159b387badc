package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A message that the extension has begun to encode is sent even if its context ends, so that
// both sides keep the same state. Meanwhile, pings contend for the turn to write, also
// between fragments.
func TestExtensionCutWrites(t *testing.T) {
	for minimum, limit := range map[int64]int64{0: 0, 1000: 0, 500: 700} {
		for _, kind := range []string{"pipe", "tcp"} {
			for _, role := range roles {
				t.Run(fmt.Sprintf("%s/%v/%d", kind, role, minimum), func(t *testing.T) {
					checkLeaks(t)
					client, server, cs, ss := runsPair(t, kind, Limits{MaxControls: -1, MaxWriteFrame: limit})
					cs.minimum, ss.minimum = minimum, minimum
					if role == wire.Server {
						testCutWrites(t, server, client)
					} else {
						testCutWrites(t, client, server)
					}
				})
			}
		}
	}
}

func testCutWrites(t *testing.T, from, to *Conn) {
	seed := rand.Uint64()
	ctx := bounded(t)
	got := start(func() []Message {
		var all []Message
		for m, err := range to.Messages(ctx) {
			if err != nil {
				t.Errorf("seed %d: after %d messages: %v", seed, len(all), err)
				break
			}
			if m.Type == Text {
				break
			}
			all = append(all, Message{Type: m.Type, Data: bytes.Clone(m.Data)})
		}
		return all
	})
	pinging, stop := context.WithCancel(ctx)
	go from.Read(pinging)
	pinged := start(func() int {
		n := 0
		for ; pinging.Err() == nil; n++ {
			from.Ping(pinging)
		}
		return n
	})
	random := rand.New(rand.NewPCG(seed, 0))
	var want [][]byte
	for i := range 100 {
		data := pattern(random.IntN([]int{100, 3000, 2 * blockSize}[random.IntN(3)]), uint32(i))
		cutting, cancel := context.WithCancel(ctx)
		if random.IntN(2) == 0 {
			go cancel()
		}
		err := from.Write(cutting, Binary, data)
		var e *Error
		if err == nil || errors.As(err, &e) && e.Accepted {
			want = append(want, data)
		} else if !errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) {
			t.Fatalf("seed %d: message %d: %v", seed, i, err)
		}
		cancel()
	}
	if err := from.Write(ctx, Text, nil); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	all := <-got
	stop()
	t.Logf("%d messages were accepted; %d pings", len(want), <-pinged)
	for i, m := range all {
		if i >= len(want) || !bytes.Equal(m.Data, want[i]) {
			t.Fatalf("seed %d: message %d differs from the accepted one", seed, i)
		}
	}
	if len(all) != len(want) {
		t.Errorf("seed %d: got %d messages, want %d", seed, len(all), len(want))
	}
}

// If the context ends just as the turn to write is acquired, nothing is encoded.
func TestExtensionContextEndsAtTurn(t *testing.T) {
	checkLeaks(t)
	c, p, ours, theirs := runsPeer(t, wire.Server, Limits{})
	ctx, cancel := context.WithCancel(bounded(t))
	cancel()
	e := wantError(t, c.EncodeText(ctx, "never"), "write", context.Canceled)
	if e.Accepted || ours.enc != 0 {
		t.Errorf("got %+v with encoder state %d, want Accepted: false and 0", e, ours.enc)
	}
	wrote := start(func() error { return c.Write(bounded(t), Text, []byte("next")) })
	if _, got := p.message(); string(got) != theirs.encode("next") {
		t.Errorf(`got message % x, want "next" encoded`, got)
	}
	noError(t, <-wrote)
}
