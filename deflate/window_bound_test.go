package deflate_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// A peer that refers further back than the window that was agreed on is in error, on
// either side; what is held is no more. (Of 512 bytes, where it is told 256.)
func TestWindowIsNoLarger(t *testing.T) {
	for bits := 8; bits < 15; bits++ {
		client := deflate.MustNew(&deflate.Options{MaxReceiveWindowBits: bits})
		c, err := confirm(t, client, fmt.Sprintf("permessage-deflate; server_max_window_bits=%d", bits))
		if err != nil {
			t.Fatal(err)
		}
		server := deflate.MustNew(&deflate.Options{MaxReceiveWindowBits: bits})
		answer, s := accept(t, server, "permessage-deflate; client_max_window_bits")
		if !strings.Contains(answer, fmt.Sprintf("client_max_window_bits=%d", bits)) {
			t.Fatal(answer)
		}
		held := max(bits, 9)
		for side, s := range map[string]wire.Session{"server's": c, "client's": s} {
			first := strings.Repeat("0123456789abcdef", 4<<held/16)
			for range 2 {
				if _, err := decode(t, s, new(crafter).stored(0, first[:1<<held]).message(), feeding{}); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := decode(t, s, new(crafter).fixed(0).match3(1<<held).end().message(), feeding{}); err != nil || len(got) != 3 {
				t.Errorf("%s window of %d bits: distance %d: %q, %v", side, bits, 1<<held, got, err)
			}
			var e *deflate.Error
			got, err := decode(t, s, new(crafter).fixed(0).match3(2<<held).end().message(), feeding{})
			if bits < 14 && (!errors.As(err, &e) || len(got) > 0) { // there is no distance of 64 KiB
				t.Errorf("%s window of %d bits: distance %d: %q, %v", side, bits, 2<<held, got, err)
			}
		}
	}
}
