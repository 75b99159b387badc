package websocket

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/wire"
)

// Text is cut at runes: at 64 KiB, and where a Write ends within one. What has been cut
// off goes out with the next Write.
func TestByteStreamTextCutsAtRunes(t *testing.T) {
	full := strings.Repeat("x", adapterMessage-1)
	for _, row := range []struct {
		writes, want []string
	}{
		{[]string{""}, nil},
		{[]string{"gr\u00fc\u00df"}, []string{"gr\u00fc\u00df"}},
		{[]string{"\u20ac\xe2", "\x82\xac\xe2\x82", "\xac."}, []string{"\u20ac", "\u20ac", "\u20ac."}},
		{[]string{"\xf0", "\x9f", "\x98", "", "\x80"}, []string{"\U0001f600"}},
		{[]string{"\xf0\x9f", "\x98\x80\xf0\x9f\x98", "\x80"}, []string{"\U0001f600", "\U0001f600"}},
		{[]string{full + "xyz"}, []string{full + "x", "yz"}},
		{[]string{full + "\u00fc", "z"}, []string{full, "\u00fc", "z"}},
		{[]string{full + "\xc3", "\xbcz"}, []string{full, "\u00fcz"}},
		{[]string{full + "\U0001f600" + full}, []string{full, "\U0001f600" + full[3:], "xxx"}},
		{[]string{"\xc3", "\xbc" + full}, []string{"\u00fc" + full[1:], "x"}},
		// Not UTF-8: as with Conn.Write it is for the peer to find.
		{[]string{"\xe2", "\xe2", "("}, []string{"\xe2", "\xe2("}},
		{[]string{"\x80\x80", "\xff", "\xed\xa0", "\xc3("}, []string{"\x80\x80", "\xff", "\xed\xa0", "\xc3("}},
	} {
		for _, role := range roles {
			checkLeaks(t)
			c, p := newPeerWith(t, "tcp", role)
			nc := c.ByteStream(Text)
			wrote := start(func() error {
				for _, s := range row.writes {
					b := []byte(s)
					if n, err := nc.Write(b); n != len(s) || err != nil || string(b) != s {
						return errors.Join(errors.New("a short Write"), err)
					}
					clear(b) // it is the caller's again
				}
				return nil
			})
			for _, want := range row.want {
				p.expect(wire.OpText, true, want)
			}
			if err := <-wrote; err != nil {
				t.Errorf("%.20q: %v", row.writes, err)
			}
			closed := start(nc.Close)
			p.expectClose(StatusNormalClosure)
			p.answer()
			p.nc.Close()
			if err := <-closed; err != nil {
				t.Errorf("%.20q: Close: %v", row.writes, err)
			}
		}
	}
}

// However text is divided into Writes, it arrives, and every message is whole text.
func TestByteStreamTextStream(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for _, most := range []int{2, 5, 100, 3 * adapterMessage} {
		var text []byte
		for len(text) < min(2000*most, 3*adapterMessage) {
			text = utf8.AppendRune(text, []rune("a\u00fc\u20ac\U0001f600\u007f\u0800\uffff\U0010ffff")[random.IntN(8)])
		}
		checkLeaks(t)
		client, server := connPair(t, "tcp", Limits{})
		go func() {
			nc := client.ByteStream(Text)
			for b := text; len(b) > 0; {
				n := min(len(b), 1+random.IntN(most))
				if m, err := nc.Write(b[:n]); m != n || err != nil {
					t.Errorf("seed %d: Write: %d, %v", seed, m, err)
				}
				b = b[n:]
			}
			nc.Close()
		}()
		var got []byte
		for m, err := range server.Messages(bounded(t)) { // which checks each
			if err != nil || len(m.Data) > adapterMessage || len(m.Data) == 0 {
				t.Fatalf("seed %d: message of %d bytes, %v", seed, len(m.Data), err)
			}
			got = append(got, m.Data...)
		}
		if !bytes.Equal(got, text) {
			t.Errorf("seed %d: %d bytes came, or others, of %d", seed, len(got), len(text))
		}
	}
}

// A stream of text that ends within a rune does not end well, and both sides know.
func TestByteStreamTextEndsInRune(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Server)
	nc := c.ByteStream(Text)
	if n, err := io.WriteString(nc, "10 \xe2\x82"); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	p.expect(wire.OpText, true, "10 ")
	closed := start(nc.Close)
	if reason := p.expectClose(StatusInternalError); reason != "text ends within a rune" {
		t.Errorf("the peer was told %q", reason)
	}
	p.sendClose(StatusInternalError, "")
	p.nc.Close()
	if err := <-closed; err != errHalfRune {
		t.Errorf("Close: %v", err)
	}
	if err := nc.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a second Close: %v", err)
	}
}

// Half a rune whose other half is not sent in time is kept for the next Write.
func TestByteStreamTextCutByDeadline(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		nc := c.ByteStream(Text)
		io.WriteString(nc, "\xe2\x82")
		nc.SetWriteDeadline(longAgo)
		n, err := io.WriteString(nc, "\xac")
		if wantTimeout(t, err); n != 0 {
			t.Errorf("%d bytes were taken", n)
		}
		nc.SetWriteDeadline(time.Time{})
		go io.WriteString(nc, "\xac!")
		p.expect(wire.OpText, true, "\u20ac!")
	})
}
