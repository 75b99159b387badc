package fuzz

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/fuzz/internal/play"
)

// FuzzConn performs scripts on the two ends of a connection: writes of every kind,
// reads of every kind, cancels, pings, limits, compression, closes and breaks, over a
// transport that cuts, stalls, and stops taking writes. Messages arrive equal and in
// order, the close is clean unless the script has spoilt it, and nothing is left. Each
// end knows how it ended: what its transport brought before was delivered, the first
// fact is the cause, both close frames are known, and all errors agree.
func FuzzConn(f *testing.F) {
	addScripts(f, 300)
	addCuts(f)
	addEnds(f)
	// A Close whose context is the connection's own times out as the connection ends.
	f.Add([]byte("\xee119\xdf70 Z7+YC9\x050\x81$017\x9b"))
	f.Fuzz(play.Conn)
}

// FuzzPeer has a Conn of either role meet a hostile peer: frames right and wrong,
// garbage, floods, claims, pauses, half a close and a break, in any chops. What the
// Conn returns, answers and closes with is what the slow model makes of the same bytes,
// what it sends is legal for its role, and it ends in time, with bounded allocations. So
// it is with how the Conn ends, as for FuzzConn, whoever closes, fails or goes first.
func FuzzPeer(f *testing.F) {
	addScripts(f, 300)
	addAttacks(f)
	addPeerEnds(f)
	f.Fuzz(play.Peer)
}

// addCuts adds scripts of package script in which large messages of every kind come,
// with and without compression, in one frame and in fragments; in half of them a reader
// hangs, and they are cut. Others go before them and follow, and a ping. In the last
// scripts a message is given up before its first byte, and one after its first part.
func addCuts(f *testing.F) {
	const (
		server, client     = 0, 1 << 7
		plain, deflated    = 0, 5
		write, plainly     = 0, 4
		prepared, streamed = 5, 7
		read, reader       = 11, 15
		appendRead, loop   = 13, 18
		ping, hang         = 20, 27
		end                = 24      // with Close
		after10ms          = 11 << 4 // its context ends
		text, noise        = 1, 2
		threeChunks        = 3 << 3
		of4095, of9000     = 17, 20
		of33000, of65536   = 28, 30
		other              = 1 << 6 // of the two writers
	)
	begin := func(extension, frame byte) []byte {
		side := []byte{extension, frame<<3 | 4, 7<<3 | 7} // messages of any size, a minute for all
		return append(append(append([]byte{2, 0, 0}, side...), side...), 0)
	}
	for _, side := range []byte{server, client} {
		for _, kind := range []byte{write, plainly, prepared, streamed} {
			for _, extension := range []byte{plain, deflated} {
				for _, frame := range []byte{0, 4, 6} { // of any size, 100, 4096
					for i := range byte(4) {
						size, context := []byte{of33000, of65536}[i&1], []byte{0, after10ms}[i>>1]
						b := append(begin(extension, frame), side|write, 0, text, of4095, 0)
						if context > 0 {
							b = append(b, side^client|hang, 0)
						}
						b = append(b, side|kind, context, noise|threeChunks, size, 0)
						if kind == streamed {
							b = append(b, 1, size, 0, 0, size, 0, 1)
						}
						f.Add(append(b, side|ping, 0, side|write, context, noise, of33000, 0, side|other|write, 0, text, of9000, 0))
					}
				}
			}
		}
		// What is sent fills the room of 4,096 to the byte, whoever sends it.
		rest := byte(10)
		if side == client {
			rest = 2
		}
		f.Add(append(begin(plain, 6), side^client|hang, 0, side|write, 0, noise, 0x84, 255, side|write, 0, noise, 0x80, rest,
			side|write, after10ms, noise, of33000, 0, side|write, 0, text, of9000, 0))
		// A Read gives up after the first of three chunks, a Reader takes a byte of it.
		slow := append(begin(plain, 0), side|streamed, 0, text|threeChunks, of4095, 0, 1, of4095, 0, 0xcf, of4095, 0, 1, side|write, 0, text, of9000, 0)
		f.Add(append(slow[:len(slow):len(slow)], side^client|read, after10ms, 0, side^client|reader, 0, 0))
		f.Add(append(slow, side^client|appendRead, after10ms, 7<<3)) // into a buffer with room
		// A loop over Messages takes 128 ms for each; after 50 there is a Close.
		f.Add(append(begin(plain, 0), side|write, 0, text, 5, 0, side^client|loop, 0, 0xc7, side^client|end, 12, 0))
	}
}

// addAttacks adds scripts of package script in which a peer goes up to a limit, and one
// beyond it, against Conns of both roles that read in every form, and whose limits are
// small: three control frames, three empty fragments, messages of 100 bytes.
func addAttacks(f *testing.F) {
	stored := func(kind byte, text string) (step string) { // a compressed message, in blocks
		step = string(kind)
		for ; len(text) > 31; text = text[31:] {
			step += "\x7c" + text[:31] + "\x00"
		}
		return step + string(rune(len(text)<<2)) + text + "\x00\x01"
	}
	const (
		text, binary, twoFrames = 26, 27, 1 << 5
		ascii                   = "....................................................................................................."
		pong                    = "\x0d\x08\x00\x00\x00\x00\x00\x00\x00\x01"
	)
	for _, steps := range []string{
		"\x18\x01", "\x18\x02", "\x18\x03", "\x38\x02", "\x38\x03", "\x38\x04", // pings; empty fragments
		strings.Repeat(pong, 3), strings.Repeat(pong, 4), strings.Repeat("\x0d\x01a", 4),
		stored(text, ascii[:100]), stored(text, ascii[:101]), stored(binary|twoFrames, ascii[:100]), stored(binary|twoFrames, ascii[:101]),
		stored(text, "a\xe2\x82"), stored(text|twoFrames, "caf\u00e9 and \u20ac") + stored(text, "ok"), stored(text, "\xed\xa0\x80"),
		"\x1e\x00", "\x1e\x01", "\x1e\x02", "\x0a\x7d", // bombs; a ping of 125
	} {
		for bits := range byte(2 * 6 * 2) {
			role, form, extension := bits&1, bits>>1%6, []byte{0, 5}[bits/12]
			b := []byte{0, 0, bits, role | 3<<2 | form<<4, 7<<4 | extension, 7, 0, 5, 0}
			f.Add(append(append(b, steps...), "\x01\x00\x03\x00"...)) // and a good message
		}
	}
	for role := range byte(2) { // the peer does not read what is written to it, half a second of which is enough
		f.Add([]byte{4, 0, 0, role, 0, 0, 5, 0, 2, 2, 30, 0, 2, 30, 0, 0x75})
	}
}

// addEnds adds scripts of package script in which one side's writes fail, from the first
// byte on or later, while it reads, pauses or does not read at all, and the other side
// has sent messages and ends in each way.
func addEnds(f *testing.F) {
	const (
		write, ping, end, hang, now, drop = 0, 20, 24, 27, 28, 29
		read, loop, slowly                = 11, 18, 0xc7
		after1ms, after10ms, after20ms    = 5, 10, 11
		text, of126, of9000               = 1, 9, 20
		ended                             = 6 << 4 // a context
	)
	for bits := range byte(16) {
		side, halves, extension := bits<<7, bits>>1&1<<4, []byte{0, 5}[bits>>2&1]
		other := side ^ 1<<7
		b := []byte{2 | halves, 0, 0, extension, 4, 0, extension, 4, 0, 0}
		for range 2 {
			b = append(b, other|write, 0, text, of126, 0)
		}
		if bits>>3 == 1 { // too much for the room
			b = append(b, other|write, after1ms, text, of9000, 0)
		}
		for _, reads := range []string{"", string([]byte{side | hang, 0}), string([]byte{side | loop, 0, slowly}), string([]byte{side | read, 0, 0, side | hang, 0}),
			string([]byte{side | hang, 0, side | read, ended, 0, side | loop, ended, 0})} {
			for _, ends := range []string{
				string([]byte{other | end, after20ms, 2<<4 | 7}), // 1009 "bye"
				string([]byte{other | end, after20ms, 0}), string([]byte{other | end, after20ms, 0xff, 1}), string([]byte{other | end, after20ms, 14 << 4}),
				string([]byte{other | drop, 5<<4 | after20ms}), string([]byte{other | drop, after20ms}),
				string([]byte{other | now, after20ms}), string([]byte{other | now, 6<<4 | after20ms}), string([]byte{other | now, 8<<4 | after20ms}),
				string([]byte{side | now, 6<<4 | after20ms}), string([]byte{side | end, after20ms, 1, other | end, after20ms, 2<<4 | 1}),
			} {
				for wear := range byte(3) {
					c := append(b[:len(b):len(b)], reads...)
					if wear < 2 {
						c = append(c, side|drop, (8+4*wear)<<4|after1ms)
					}
					f.Add(append(append(c, ends...), side|write, after10ms, text, of126, 0, side|1<<6|ping, after10ms))
				}
			}
		}
	}
}

// addPeerEnds adds scripts of package script in which a peer sends messages, and what
// ends a connection, and is gone, or the Conn closes in each way, with writes that
// work or fail and a reader that is quick or slow.
func addPeerEnds(f *testing.F) {
	const (
		small, large = "\x00\x00\x03\x00", "\x01\x00\x14\x00" // messages, of 9,000 bytes
		ping, wrong  = "\x0a\x05", "\x0f\x83\x01\x00"
		bye, empty   = "\x0e\x07\x1a", "\x0e\x00\x00" // 1009 "bye"
		wear         = "\x76"                         // at once
		half, shut   = "\x16", "\x36"
		gone, broken = "\x56", "\x17"
		pause        = "\xb4" // 200 ms
	)
	var ends []string
	for _, end := range []string{half, shut, gone, broken, bye + shut, bye + gone, empty + gone, bye, wrong + bye + gone, wrong} {
		ends = append(ends, small+ping+small+end, wear+small+ping+small+end, wear+ping+pause+small+large+end, "\xf6"+small+large+ping+end)
	}
	for how := byte(1); how < 8; how++ { // by the Conn
		end := string([]byte{how<<5 | 23})
		ends = append(ends, small+ping+end+small+bye, wear+ping+small+pause+end+bye, small+bye+pause+end)
	}
	for i, steps := range ends {
		for bits := range byte(2 * 4 * 3) {
			role, form, lazy := bits&1, []byte{0, 2, 3, 5}[bits>>1&3], []byte{0, 6, 7}[bits>>3]
			b := []byte{byte(i)&1<<4 | bits&2, 0, bits, role | form<<4, byte(i>>1&1) * 5, byte(i>>2&1) * 7, 0, 6, lazy<<2 | byte(i)&1}
			if i&1 == 1 {
				b = append(b, 1, 9, 0) // the Conn writes
			}
			f.Add(append(b, steps...))
		}
	}
}

// addScripts adds n scripts, the same each time: some short, some long, with bytes of
// which every third is small.
func addScripts(f *testing.F, n int) {
	f.Add([]byte{})
	rnd := rand.New(rand.NewPCG(6455, 7692))
	for i := range n {
		b := make([]byte, 12+i%40*6)
		for j := range b {
			b[j] = byte(rnd.Uint32())
			if rnd.IntN(3) == 0 {
				b[j] &= 7
			}
		}
		f.Add(b)
	}
}
