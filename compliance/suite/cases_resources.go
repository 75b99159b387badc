package suite

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

var ruleCleanly = rule("7.1.1", "SHOULD",
	"An endpoint SHOULD use a method that cleanly closes the TCP connection, as well as the TLS session, "+
		"if applicable, discarding any trailing bytes that may have been received.")

// ruleIdle permits a peer to stop waiting, but does not require that.
var ruleIdle = http9112("9.5", "MAY",
	"A client, server, or proxy MAY close the transport connection at any time.")

// overload are the codes with which a peer may refuse a flood.
var overload = []int{codePolicy, codeTooBig, codeProtocolError, codeTryLater}

// workTime limits how long a peer may work on what a script sends at once.
const workTime = 20 * time.Second

// flood sends a frame n times in one write, with the wire log off.
func (s *script) flood(n int, f frame) {
	f.payload = slices.Clone(f.payload)
	one := s.encode(f)
	s.hush()
	s.res.TxFrameStats[int(f.op)] += n
	s.write(bytes.Repeat(one, n), tempo{})
}

// survived sends a ping after a flood and waits for the pong, which shows that the peer has handled the
// flood. If the peer refuses the flood, survived ends the script.
func (s *script) survived() {
	s.attack = true
	s.send(ping("after the flood"))
	for deadline := time.Now().Add(workTime); ; {
		switch g := s.next(time.Until(deadline)); {
		case g.kind == gotPong && string(g.data) == "after the flood":
			return
		case g.kind == gotPong:
		case g.kind == gotClose, g.kind == gotEOF:
			s.alive()
			s.refusedBy(g, overload...)
			panic(stop{})
		case g.kind == gotNothing:
			s.against(rulePong,
				"The peer neither refused the flood nor answered the ping after it within %v.", workTime)
		default:
			s.against(ruleParse,
				"Expected a pong or the end of the connection; got %s.", g.words())
		}
	}
}

func floodRows() []letterCase {
	row := func(what string, r report.Rule, play func(*script)) letterCase {
		return letterCase{what,
			"The peer accepts it, or fails the connection with 1008, 1009, 1013 or 1002, or drops TCP.", r,
			func(s *script) {
				s.open()
				play(s)
			}}
	}
	const many = 300000
	return []letterCase{
		row("A message with 300,000 empty fragments.", ruleLimits, func(s *script) {
			s.send(moreText("Hel"))
			s.flood(many, moreCont(""))
			s.survived()
			s.send(cont("lo"))
			s.comesBack(wire.OpText, []byte("Hello"))
			s.setVerdict(report.Informational, "The peer accepted all of them.")
		}),
		row("A message in 100,000 fragments of 1 byte.", ruleLimits, func(s *script) {
			s.send(moreText(""))
			s.flood(100000, moreCont("x"))
			s.survived()
			s.send(cont("lo"))
			s.comesBack(wire.OpText, []byte(strings.Repeat("x", 100000)+"lo"))
			s.setVerdict(report.OK, "The message came back.")
		}),
		row("20,000 pings at once. The peer need only answer the newest.", rulePong, func(s *script) {
			s.flood(20000, ping("flood"))
			s.survived()
			s.setVerdict(report.OK, "The peer answered the last one.")
		}),
		row("100,000 unsolicited pongs, and a ping.", rulePong, func(s *script) {
			s.flood(100000, pongFrame("flood"))
			s.survived()
			s.setVerdict(report.OK, "The peer ignored the pongs.")
		}),
		{"10,000 empty messages at once.",
			"They come back; or the peer fails the connection with 1008, 1009, 1013 or 1002, or drops TCP.",
			ruleForms, func(s *script) {
				s.open()
				s.flood(10000, textFrame(""))
				s.attack = true
				for range 10000 {
					g := s.next(s.o.HandshakeTimeout)
					if g.kind == gotClose || g.kind == gotEOF {
						s.alive()
						s.refusedBy(g, overload...)
						return
					}
					s.checkEcho(g, wire.OpText, nil)
				}
			}},
	}
}

// unreadRows send without reading the answers.
func unreadRows() []letterCase {
	return []letterCase{
		{"Pings of 125 bytes, up to 16 MiB of them, whose pongs we do not read.",
			"The peer stops reading, drops pongs, or fails the connection. It does not keep all pongs.",
			rulePong, func(s *script) {
				s.open()
				const chunk, limit = 500, 16 << 20
				total := 0
				for total < limit && s.pour(chunk, ping(strings.Repeat("p", 125))) {
					total += chunk * 131
				}
				s.survived()
				if total < limit {
					s.setVerdict(report.OK,
						"The peer stopped reading after some %d KiB, and went on once we read.",
						total>>10)
					return
				}
				s.setVerdict(report.Informational, "The peer read all of them.")
			}},
		{"Messages of 64 KiB, up to 32 MiB of them, whose echoes we read only afterwards.",
			"The peer stops reading until we read, or gives up on the connection. The echoes are in order.",
			ruleParse, func(s *script) {
				s.open()
				const limit = 512
				n := 0
				for ; n < limit; n++ {
					if !s.pour(1, opFrame(2, strings.Repeat(string(rune('a'+n%26)), 64<<10))) {
						n++
						break
					}
				}
				for i := range n {
					g := s.next(workTime)
					s.gaveUp(g, "while we did not read")
					if g.kind == gotNothing {
						s.abandon("the peer was still at work")
						s.inform("Message %d of %d did not come back within %v. No RFC says how fast a "+
							"peer has to be.", i+1, n, workTime)
					}
					if g.kind != gotMessage || len(g.data) != 64<<10 || g.data[0] != byte('a'+i%26) {
						s.unexpected(g, fmt.Sprintf("message %d of %d", i+1, n))
					}
				}
				if n < limit {
					s.setVerdict(report.OK,
						"The peer stopped reading after some %d messages, and went on once we read.", n)
					return
				}
				s.setVerdict(report.Informational, "The peer read all 32 MiB before we read.")
			}},
	}
}

// pour is like flood, but reports whether the peer reads everything.
func (s *script) pour(n int, f frame) bool {
	s.flood(n, f)
	taken := s.flush(idleTime)
	s.res.Waited = s.res.Waited || !taken
	return taken
}

// stalledRequestRows begin a request and do not complete it.
func stalledRequestRows() []letterCase {
	row := func(what string, play func(*script)) letterCase {
		want := fmt.Sprintf("The server serves other connections meanwhile. It gives up within %v, "+
			"although no RFC requires that.", giveUpTime)
		return letterCase{what, want, ruleIdle, func(s *script) {
			play(s)
			s.alive()
			switch s.answer(giveUpTime) {
			case replyNothing:
				s.res.WasOpenHandshakeTimeout = false
				s.inform("The server still waits after %v. No RFC says when it has to give up.", giveUpTime)
			case replyHead:
				s.setVerdict(report.OK, "The server answered %s.", s.reply.line)
			default:
				s.setVerdict(report.OK, "The server dropped TCP.")
			}
		}}
	}
	cut := func(after string) func(*script) {
		return func(s *script) {
			raw := string(s.compose())
			s.write([]byte(raw[:strings.Index(raw, after)+len(after)]), tempo{})
		}
	}
	return []letterCase{
		row("TCP is connected, and nothing is sent.", func(*script) {}),
		row("A request stops in its first line.", cut("GET /")),
		row("A request stops in a field.", cut("Upgrade: web")),
		row("A request stops before the empty line at its end.", cut("Sec-WebSocket-Version: 13\r\n")),
		row("A request is sent at two bytes a second.", func(s *script) {
			s.write(s.compose()[:2*int(giveUpTime.Seconds())], tempo{size: 1, gap: time.Second / 2})
		}),
	}
}

// stalledFrameRows pause in the middle of a frame.
func stalledFrameRows() []letterCase {
	row := func(what string, cut int, raw func(s *script) []byte, after func(*script)) letterCase {
		return letterCase{what, "The peer waits for the rest and then goes on; or it gives up on the " +
			"connection without claiming a violation of the protocol.", ruleParse, func(s *script) {
			s.open()
			b := raw(s)
			s.write(b[:cut], tempo{})
			s.cut = true
			if g := s.next(idleTime); g.kind != gotNothing {
				s.gaveUp(g, fmt.Sprintf("within %v", idleTime))
				s.unexpected(g, "nothing before the frame is complete")
			}
			s.alive()
			s.write(b[cut:], tempo{})
			s.cut = false
			after(s)
		}}
	}
	long := strings.Repeat("x", 70000)
	one := func(f frame) func(*script) []byte { return func(s *script) []byte { return s.encode(f) } }
	back := func(data string) func(*script) {
		return func(s *script) { s.comesBack(wire.OpText, []byte(data)) }
	}
	return []letterCase{
		row("A frame stops for a second after its first byte.", 1, one(textFrame("Hello")), back("Hello")),
		row("A frame stops for a second within its 64-bit length.", 5, one(textFrame(long)), back(long)),
		row("A frame stops for a second before its payload.", 10, one(textFrame(long)), back(long)),
		row("A frame stops for a second within its payload.", 30000, one(textFrame(long)), back(long)),
		row("A ping stops for a second within its payload.", 4, one(ping("Hello")),
			func(s *script) { s.pong("Hello") }),
		{"A message stops for a second between two fragments, while pings are answered.",
			"The message comes back.", ruleInterleaved, func(s *script) {
				s.open()
				s.send(moreText("Hel"))
				for i := range 4 {
					s.pause(idleTime / 4)
					s.send(ping(fmt.Sprint(i)))
					s.pong(fmt.Sprint(i))
				}
				s.send(cont("lo"))
				s.comesBack(wire.OpText, []byte("Hello"))
			}},
	}
}

// byteTime is the pause before each byte of a message that is written byte by byte. A busy peer may get
// several bytes in one read, but should not get all of them at once.
const byteTime = time.Millisecond

// slowRows read and write slowly, but fast enough that a peer should not give up.
func slowRows() []letterCase {
	return []letterCase{
		{"A message of 8 MiB. We do not read for a second, and then 128 KiB every 10 ms.",
			"It comes back.", ruleForms, func(s *script) {
				s.open()
				s.hush()
				data := bytes.Repeat([]byte("slowly, "), 1<<20)
				s.sendMessage(wire.OpBinary, data)
				s.pause(idleTime)
				s.in.gulp, s.in.wait = 128<<10, 10*time.Millisecond
				s.in.buf = make([]byte, s.in.gulp)
				g := s.next(workTime)
				if g.code != codeTooBig {
					s.gaveUp(g, "while we did not read")
				}
				s.checkEcho(g, wire.OpBinary, data)
			}},
		{"A message of 1,000 bytes, written byte by byte with pauses of 1 ms, and read byte by byte.",
			"It comes back.", ruleParse, func(s *script) {
				s.open()
				s.hush()
				s.in.gulp = 1
				data := bytes.Repeat([]byte("0123456789"), 100)
				f := frame{op: wire.OpBinary, payload: data}
				s.write(s.encode(f), tempo{size: 1, gap: byteTime})
				s.logFrame(f)
				s.comesBack(wire.OpBinary, data)
			}},
		{"A message in 500 fragments, with a ping after each.",
			"The pings are answered in order, and the message comes back. A peer that limits such frames " +
				"may close with 1008 or 1013.", ruleInterleaved, func(s *script) {
				s.attack = true
				s.open()
				s.hush()
				for i := range 500 {
					f := moreCont("x")
					if i == 0 {
						f.op = wire.OpText
					}
					s.send(f, ping(fmt.Sprint(i)))
					s.pong(fmt.Sprint(i))
				}
				s.send(cont("."))
				s.comesBack(wire.OpText, []byte(strings.Repeat("x", 500)+"."))
			}},
	}
}

// droppedRows drop many connections in various states.
func droppedRows() []letterCase {
	row := func(what string, reset bool, before func(s *script, c net.Conn)) letterCase {
		return letterCase{what, "The server serves other connections.", ruleOpening, func(s *script) {
			s.hush()
			for range 100 {
				c, err := s.t.dial(s.ctx, s.o.HandshakeTimeout)
				if err != nil {
					s.broke("The server does not accept another connection: %v.", err)
				}
				before(s, c)
				if tcp, ok := c.(*net.TCPConn); ok && reset {
					_ = tcp.SetLinger(0)
				}
				c.Close()
			}
			s.alive()
		}}
	}
	write := func(c net.Conn, b []byte) {
		_ = c.SetDeadline(time.Now().Add(idleTime))
		_, _ = c.Write(b) // the server may have closed c already; alive checks the server
	}
	upgrade := func(s *script, c net.Conn, after []byte) {
		write(c, s.compose())
		_, _, _ = readHead(c, func([]byte) {})
		write(c, after)
	}
	half := func(s *script, c net.Conn) { upgrade(s, c, s.encode(textFrame("Hello, hello"))[:9]) }
	return []letterCase{
		row("A hundred connections are dropped at once.", false, func(*script, net.Conn) {}),
		row("A hundred connections are dropped within the request.", false,
			func(s *script, c net.Conn) { write(c, s.compose()[:40]) }),
		row("A hundred connections are dropped before the response.", true,
			func(s *script, c net.Conn) { write(c, s.compose()) }),
		row("A hundred connections are dropped when they are open.", false,
			func(s *script, c net.Conn) { upgrade(s, c, nil) }),
		row("A hundred connections are dropped within a frame.", false, half),
		row("A hundred connections are reset within a frame.", true, half),
		row("A hundred connections are reset while a message is on its way back.", true,
			func(s *script, c net.Conn) {
				upgrade(s, c, s.encode(textFrame(strings.Repeat("x", 100000))))
			}),
	}
}

// halfClosedRows close our direction of TCP.
func halfClosedRows() []letterCase {
	row := func(what string, before func(*script)) letterCase {
		return letterCase{what, "The peer drops TCP, whatever it sends before. No RFC says how soon.",
			ruleIdle, func(s *script) {
				s.open()
				before(s)
				s.flush(idleTime)
				c, ok := s.conn.(interface{ CloseWrite() error })
				if !ok || c.CloseWrite() != nil {
					s.inform("This transport has no half-closed connections.")
				}
				s.cut = true // nothing more can be sent
				s.ended()
			}}
	}
	return []letterCase{
		row("Our direction of TCP ends between frames.", func(*script) {}),
		row("Our direction of TCP ends after a message.", func(s *script) { s.send(textFrame("Hello")) }),
		row("Our direction of TCP ends within a message.", func(s *script) { s.send(moreText("Hel")) }),
		row("Our direction of TCP ends within a frame.",
			func(s *script) { s.write(s.encode(textFrame("Hello"))[:4], tempo{}) }),
	}
}

// resetRows check how a server drops TCP after the closing handshake. A reset may overtake the close
// frame, and the client then never reads the frame.
func resetRows() []letterCase {
	return []letterCase{{"The closing handshake is complete, and we read everything.",
		"The server ends TCP without a reset.", ruleCleanly, func(s *script) {
			s.open()
			s.echo(wire.OpText, []byte("Hello"))
			s.close()
			if s.in.reset {
				s.broke("The server reset TCP after its close frame, which the reset may overtake.")
			}
		}}}
}

// ended waits for the peer to drop TCP after we have closed our direction.
func (s *script) ended() {
	s.state = closed // we can no longer answer a close frame
	for deadline := time.Now().Add(reactionTime); ; {
		switch g := s.next(time.Until(deadline)); g.kind {
		case gotNothing:
			s.abandon("the suite had already closed its direction of TCP")
			s.inform("The peer keeps the connection for more than %v. No RFC says how soon it has to drop "+
				"it.",
				reactionTime)
		case gotEOF:
			s.setVerdict(report.OK, "The peer dropped TCP.")
			s.res.BehaviorClose, s.res.ResultClose = report.OK,
				"The suite ended TCP, and then the peer did."
			return
		}
	}
}
