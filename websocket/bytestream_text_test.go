package websocket_test

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

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// Text is cut between runes, at 64 KiB and at the end of a Write. The first bytes of an
// incomplete rune are sent with the next Write.
func TestByteStreamTextCutsAtRunes(t *testing.T) {
	full := strings.Repeat("x", AdapterMessage-1)
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
		// Invalid UTF-8 is sent, as by Conn.Write, and is for the peer to find.
		{[]string{"\xe2", "\xe2", "("}, []string{"\xe2", "\xe2("}},
		{[]string{"\x80\x80", "\xff", "\xed\xa0", "\xc3("},
			[]string{"\x80\x80", "\xff", "\xed\xa0", "\xc3("}},
	} {
		for _, role := range roles {
			checkLeaks(t)
			c, p := newPeerWith(t, "tcp", role)
			nc := c.ByteStream(Text)
			wrote := start(func() error {
				for _, s := range row.writes {
					b := []byte(s)
					if n, err := nc.Write(b); n != len(s) || err != nil || string(b) != s {
						return errors.Join(errors.New("short Write, or one that changed its argument"), err)
					}
					clear(b) // the caller may reuse it
				}
				return nil
			})
			for _, want := range row.want {
				p.Expect(wire.OpText, true, want)
			}
			if err := <-wrote; err != nil {
				t.Errorf("%.20q: %v", row.writes, err)
			}
			closed := start(nc.Close)
			p.ExpectClose(StatusNormalClosure)
			p.answer()
			p.nc.Close()
			if err := <-closed; err != nil {
				t.Errorf("%.20q: Close: %v", row.writes, err)
			}
		}
	}
}

// Text arrives however it is divided into Writes, and every message is valid UTF-8.
func TestByteStreamTextStream(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	runes := []rune("a\u00fc\u20ac\U0001f600\u007f\u0800\uffff\U0010ffff")
	for _, most := range []int{2, 5, 100, 3 * AdapterMessage} {
		var text []byte
		for len(text) < min(2000*most, 3*AdapterMessage) {
			text = utf8.AppendRune(text, runes[random.IntN(len(runes))])
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
		for m, err := range server.Messages(bounded(t)) { // Messages validates each
			if err != nil || len(m.Data) > AdapterMessage || len(m.Data) == 0 {
				t.Fatalf("seed %d: got a message of %d bytes, %v; want 1 to %d",
					seed, len(m.Data), err, AdapterMessage)
			}
			got = append(got, m.Data...)
		}
		if !bytes.Equal(got, text) {
			t.Errorf("seed %d: got %d bytes, want the %d bytes sent", seed, len(got), len(text))
		}
	}
}

// If the text ends within a rune, Close returns an error and sends 1011.
func TestByteStreamTextEndsInRune(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Server)
	nc := c.ByteStream(Text)
	if n, err := io.WriteString(nc, "10 \xe2\x82"); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	p.Expect(wire.OpText, true, "10 ")
	closed := start(nc.Close)
	if reason := p.ExpectClose(StatusInternalError); reason != "text ends within a rune" {
		t.Errorf(`got reason %q, want "text ends within a rune"`, reason)
	}
	p.SendClose(StatusInternalError, "")
	p.nc.Close()
	if err := <-closed; err != ErrHalfRune {
		t.Errorf("Close: got %v, want %v", err, ErrHalfRune)
	}
	if err := nc.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second Close: got %v, want net.ErrClosed", err)
	}
}

// If a Write times out, the incomplete rune of the Write before is kept for the next one.
func TestByteStreamTextCutByDeadline(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		nc := c.ByteStream(Text)
		io.WriteString(nc, "\xe2\x82")
		nc.SetWriteDeadline(transport.LongAgo)
		n, err := io.WriteString(nc, "\xac")
		if wantTimeout(t, err); n != 0 {
			t.Errorf("Write accepted %d bytes, want 0", n)
		}
		nc.SetWriteDeadline(time.Time{})
		go io.WriteString(nc, "\xac!")
		p.Expect(wire.OpText, true, "\u20ac!")
	})
}
