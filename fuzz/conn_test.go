package fuzz

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/play"
	"github.com/hawser-ws/hawser/fuzz/internal/script"
)

// FuzzConn runs scripts on the two ends of a connection: writes and reads of every kind,
// cancellation, pings, limits, compression, closes and breaks, over a transport that
// splits, stalls, and stops accepting writes. Messages must arrive unchanged and in order,
// the close must be clean unless the script prevents it, and no goroutine may be left.
// Each end must report how it ended: everything received before the end was delivered, the
// first event is the cause, both close frames are recorded, and all errors agree.
func FuzzConn(f *testing.F) {
	addScripts(f, 300)
	addCuts(f)
	addEnds(f)
	f.Fuzz(play.Conn)
}

// FuzzPeer connects a Conn of either role to a hostile peer, which sends valid and invalid
// frames, garbage, floods and false lengths, pauses, closes one direction and breaks the
// connection, in pieces of any size. The Conn must return, answer and close as the slow
// model does for the same bytes. It may send only frames that its role allows, and must
// end in time, with a limited amount of allocations. The end is checked as by FuzzConn.
func FuzzPeer(f *testing.F) {
	addScripts(f, 300)
	addAttacks(f)
	addPeerEnds(f)
	f.Fuzz(play.Peer)
}

// The sides of a connection, as indexes.
const (
	server = 0
	client = 1
)

// The extensions of package play that the seeds use.
const (
	plain    = 0
	deflated = 5
)

// The contents of messages; see script.Payload.
const (
	ascii = 0
	noise = 1
)

// addCuts adds scripts with large messages of every kind, with and without compression,
// in one frame and in fragments. In half of them a reader hangs, and a context cuts the
// message off. Other messages and a ping surround it. In the last scripts a message is
// abandoned before its first byte, and one after its first part.
func addCuts(f *testing.F) {
	for side := range 2 {
		for _, kind := range []script.Kind{
			script.Write, script.WritePlain, script.WritePrepared, script.Stream,
		} {
			for _, extension := range []int{plain, deflated} {
				for _, frame := range []int64{0, 100, 4096} {
					for i := range 4 {
						size, cut := []int{33000, 65536}[i&1], i>>1 == 1
						f.Add(cutScript(side, kind, extension, frame, size, cut).Input())
					}
				}
			}
		}
		for i, ops := range interruptedOps(side) {
			s := roomyScript(plain, []int64{4096, 0, 0, 0}[i])
			s.Ops = ops
			f.Add(s.Input())
		}
	}
}

// roomyScript returns a script without steps. Its transport buffers 4,096 bytes, messages
// may have any size, and every timeout is a minute.
func roomyScript(extension int, frame int64) *script.Conn {
	side := script.Side{
		Extension: extension, MaxMessage: -1, MaxWriteFrame: frame, WriteTimeout: time.Minute,
		CloseTimeout: time.Minute,
	}
	return &script.Conn{Link: script.Link{Room: 4096}, Sides: [2]script.Side{side, side}}
}

// cutScript returns a script in which a side writes a large message of a kind. A context
// cuts it off if cut is set.
func cutScript(side int, kind script.Kind, extension int, frame int64, size int, cut bool) *script.Conn {
	s := roomyScript(extension, frame)
	large := script.Op{Side: side, Kind: kind, Fill: noise, Slot: 3, Chunks: chunks(size)}
	switch kind {
	case script.Write:
		large.Kind = script.WriteBuffers
	case script.Stream:
		large.Slot, large.Chunks = 0, chunks(size, size, size)
		large.Chunks[0].Flush, large.Chunks[2].Flush = true, true
	}
	next := script.Op{Side: side, Kind: script.Write, Fill: noise, Chunks: chunks(33000)}
	s.Ops = []script.Op{text(side, 4095)}
	if cut {
		large.Context, large.Timeout = script.Timed, 10*time.Millisecond
		next.Context, next.Timeout = script.Timed, 10*time.Millisecond
		s.Ops = append(s.Ops, script.Op{Side: 1 - side, Kind: script.Hang})
	}
	last := text(side, 9000)
	last.Lane = script.Writer1
	s.Ops = append(s.Ops, large, script.Op{Side: side, Kind: script.Ping}, next, last)
	return s
}

// interruptedOps returns the steps of the last scripts of addCuts.
func interruptedOps(side int) [][]script.Op {
	soon := 10 * time.Millisecond
	rest := 10 // fills the buffer of 4,096 bytes, after 4,080 bytes and the headers of a server
	if side == client {
		rest = 2
	}
	full := []script.Op{
		{Side: 1 - side, Kind: script.Hang},
		{Side: side, Kind: script.Write, Fill: noise, Chunks: chunks(4080)},
		{Side: side, Kind: script.Write, Fill: noise, Chunks: chunks(rest)},
		{Side: side, Kind: script.Write, Fill: noise, Chunks: chunks(33000), Context: script.Timed,
			Timeout: soon},
		text(side, 9000),
	}
	slow := script.Op{Side: side, Kind: script.Stream, Text: true, Chunks: chunks(4095, 4095, 4095)}
	slow.Chunks[0].Flush, slow.Chunks[1].Flush, slow.Chunks[2].Flush = true, true, true
	slow.Chunks[1].Pause = 50 * time.Millisecond
	read := script.Op{Side: 1 - side, Kind: script.Read, Context: script.Timed, Timeout: soon}
	// The buffer for AppendRead has room for the whole message.
	appendRead := read
	appendRead.Kind, appendRead.Buffer = script.AppendRead, 100_000
	return [][]script.Op{
		full,
		// A Read gives up after the first of three chunks, and a Reader reads one byte.
		{slow, text(side, 9000), read, {Side: 1 - side, Kind: script.Reader}},
		{slow, text(side, 9000), appendRead},
		{text(side, 64), slowLoop(1 - side),
			{Side: 1 - side, Kind: script.Close, Code: 1000, Delay: 50 * time.Millisecond}},
	}
}

// text returns a step that writes text.
func text(side, size int) script.Op {
	return script.Op{Side: side, Kind: script.Write, Text: true, Chunks: chunks(size)}
}

// slowLoop returns a loop over Messages that takes 128 ms for each message.
func slowLoop(side int) script.Op {
	pause := 128 * time.Millisecond
	return script.Op{Side: side, Kind: script.Messages, Count: 4, Resume: true, Longer: pause}
}

func chunks(sizes ...int) (all []script.Chunk) {
	for _, n := range sizes {
		all = append(all, script.Chunk{Size: n})
	}
	return all
}

// addAttacks adds scripts in which a peer reaches a limit, or exceeds it by one. The Conns
// have both roles and read in every way. Their limits are small: three control frames,
// three empty fragments, and messages of 100 bytes.
func addAttacks(f *testing.F) {
	dots := strings.Repeat(".", 101)
	pong := script.SendPong("\x00\x00\x00\x00\x00\x00\x00\x01") // as an answer to a Ping
	for _, steps := range []string{
		script.SendPings(2), script.SendPings(3), script.SendPings(4),
		script.SendEmptyFragments(3), script.SendEmptyFragments(4), script.SendEmptyFragments(5),
		strings.Repeat(pong, 3), strings.Repeat(pong, 4), strings.Repeat(script.SendPong("a"), 4),
		script.SendStored(true, 1, dots[:100]), script.SendStored(true, 1, dots),
		script.SendStored(false, 2, dots[:100]), script.SendStored(false, 2, dots),
		script.SendStored(true, 1, "a\xe2\x82"),
		script.SendStored(true, 2, "caf\u00e9 and \u20ac") + script.SendStored(true, 1, "ok"),
		script.SendStored(true, 1, "\xed\xa0\x80"),
		script.SendBomb(0), script.SendBomb(1000), script.SendBomb(10), script.SendPing(125),
	} {
		for bits := range byte(2 * 6 * 2) {
			p := script.Peer{
				Link:   script.Link{Seed: uint64(bits)},
				Server: bits&1 == 1, Form: script.Form(bits >> 1 % 6), Empty: 3, Buffer: 4096,
			}
			p.Side = script.Side{Extension: []int{plain, deflated}[bits/12], MaxControls: 3, MaxMessage: 100}
			f.Add(p.Input(steps, script.SendMessage(false, 3)))
		}
	}
	for _, aServer := range []bool{false, true} { // the peer reads nothing; the Conn waits half a second
		large := script.Op{Kind: script.Write, Fill: noise, Chunks: chunks(65536)}
		p := script.Peer{
			Link: script.Link{Room: 100}, Server: aServer, Writes: []script.Op{large, large},
			Side: script.Side{WriteTimeout: 500 * time.Millisecond},
		}
		f.Add(p.Input(script.Step{Kind: script.StopsRead, Time: 40 * time.Second}.Input()))
	}
}

// addEnds adds scripts in which one side's writes fail, from the first byte on or later,
// while it reads, pauses or does not read. The other side has sent messages, and ends the
// connection in each way.
func addEnds(f *testing.F) {
	for bits := range 16 {
		side := bits & 1
		ends := script.Side{Extension: []int{plain, deflated}[bits>>2&1], MaxMessage: -1}
		s := script.Conn{Sides: [2]script.Side{ends, ends}}
		s.Link = script.Link{Room: 4096, HalfClose: bits>>1&1 == 1}
		begin := []script.Op{text(1-side, 127), text(1-side, 127)}
		if bits>>3 == 1 {
			tooMuch := text(1-side, 9000)
			tooMuch.Delay = time.Millisecond
			begin = append(begin, tooMuch)
		}
		for _, reads := range endReads(side) {
			for _, ends := range endOps(side) {
				for wear := range 3 {
					s.Ops = slices.Concat(begin, reads)
					if wear < 2 {
						most := []int64{0, 100}[wear]
						s.Ops = append(s.Ops, script.Op{
							Side: side, Kind: script.FailWrites, Max: most, Delay: time.Millisecond,
						})
					}
					late := text(side, 127)
					late.Delay = 10 * time.Millisecond
					ping := script.Op{Side: side, Kind: script.Ping, Lane: script.Writer1, Delay: late.Delay}
					s.Ops = append(append(s.Ops, ends...), late, ping)
					f.Add(s.Input())
				}
			}
		}
	}
}

// endReads returns the ways in which a side of addEnds reads.
func endReads(side int) [][]script.Op {
	hang := script.Op{Side: side, Kind: script.Hang}
	read := script.Op{Side: side, Kind: script.Read}
	inVain := script.Op{Side: side, Kind: script.Read, Context: script.Ended}
	loopInVain := script.Op{Side: side, Kind: script.Messages, Context: script.Ended}
	return [][]script.Op{nil, {hang}, {slowLoop(side)}, {read, hang}, {hang, inVain, loopInVain}}
}

// endOps returns the ways in which addEnds ends a connection: the other side closes with
// a valid or invalid code or reason, its transport breaks, it closes at once or aborts, or
// this side ends it.
func endOps(side int) [][]script.Op {
	at := func(side int, kind script.Kind) script.Op {
		return script.Op{Side: side, Kind: kind, Delay: 20 * time.Millisecond}
	}
	closeWith := func(side int, code uint16, reason string) script.Op {
		o := at(side, script.Close)
		o.Code, o.Reason = code, reason
		return o
	}
	aborted := func(side int) script.Op {
		o := at(side, script.Abort)
		o.Count = 2
		return o
	}
	other := 1 - side
	return [][]script.Op{
		{closeWith(other, 1009, "bye")},
		{closeWith(other, 1000, "")}, {closeWith(other, 999, "")}, {closeWith(other, 1000, script.BadReason)},
		{at(other, script.Vanish)}, {at(other, script.Drop)},
		{at(other, script.CloseNow)}, {aborted(other)}, {at(other, script.Abort)},
		{aborted(side)}, {closeWith(side, 1001, ""), closeWith(other, 1001, "bye")},
	}
}

// addPeerEnds adds scripts in which a peer sends messages and ends the connection, or the
// Conn closes it in each way, with writes that succeed or fail and a reader that is quick
// or slow.
func addPeerEnds(f *testing.F) {
	rooms := []int{1 << 20, 4096}
	forms := []script.Form{script.ByRead, script.ByReader, script.ByMessages, script.ByRacedReads}
	for i, steps := range peerEnds() {
		for bits := range byte(2 * 4 * 3) {
			p := script.Peer{
				Link:   script.Link{Room: rooms[bits>>1&1], HalfClose: i&1 == 1, Seed: uint64(bits)},
				Server: bits&1 == 1,
				Form:   forms[bits>>1&3],
				Side:   script.Side{Extension: i >> 1 & 1 * deflated, MaxMessage: int64(i >> 2 & 1 * 100)},
				Buffer: 16384,
				Lazy:   []time.Duration{0, 50 * time.Millisecond, 2 * time.Second}[bits>>3],
			}
			if i&1 == 1 {
				p.Writes = []script.Op{{Kind: script.Write, Text: true, Chunks: chunks(127)}}
			}
			f.Add(p.Input(steps))
		}
	}
}

// peerEnds returns the steps of addPeerEnds.
func peerEnds() (all []string) {
	do := func(kind script.StepKind, count int) string {
		return script.Step{Kind: kind, Count: count}.Input()
	}
	small, large, ping := script.SendMessage(true, 3), script.SendMessage(false, 9000), script.SendPing(5)
	wrong, bye, empty := script.SendFrame(0x83), script.SendClose(1009, "bye"), script.SendClose(0, "")
	wear, later := do(script.ConnFailWrites, 0), do(script.ConnFailWrites, 100)
	pause := script.Step{Kind: script.Pause, Time: 200 * time.Millisecond}.Input()
	shut, gone := do(script.Shuts, 0), do(script.Vanishes, 0)
	for _, end := range []string{
		do(script.HalfClose, 0), shut, gone, do(script.Breaks, 0),
		bye + shut, bye + gone, empty + gone, bye, wrong + bye + gone, wrong,
	} {
		all = append(all, small+ping+small+end, wear+small+ping+small+end)
		all = append(all, wear+ping+pause+small+large+end, later+small+large+ping+end)
	}
	closes := func(kind script.StepKind, code uint16) string {
		return script.Step{Kind: kind, Op: script.Op{Code: code}}.Input()
	}
	for _, end := range []string{
		do(script.ConnClosesNow, 0), do(script.ConnAborts, 0), do(script.ConnAborts, 1),
		closes(script.ConnCloses, 1005), closes(script.ConnCloses, 4000),
		closes(script.ConnClosesWith, 1006), closes(script.ConnClosesWith, 4001),
	} {
		all = append(all, small+ping+end+small+bye, wear+ping+small+pause+end+bye, small+bye+pause+end)
	}
	return all
}

// addScripts adds n random scripts, short and long. They are the same in every run. About a
// third of their bytes are small.
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
