package suite

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

const (
	// eleven bytes: the second character has three bytes, the others have two
	validText = "\u03ba\u1f79\u03c3\u03bc\u03b5"
	latinText = "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!"
)

// textCases are group 6: UTF-8.
func textCases() []*Case {
	cases := validTextCases()
	cases = append(cases,
		badText("6.3.1", invalidText, 0, time.Second),
		badText("6.3.2", invalidText, 1, time.Second))
	cases = append(cases, failFastCases()...)
	for i, s := range sequences() {
		for j, bytes := range s.bytes {
			cases = append(cases, sequence(fmt.Sprintf("6.%d.%d", i+5, j+1), s.what, bytes))
		}
	}
	return cases
}

func validTextCases() []*Case {
	const middle = "middle frame payload"
	c := func(id, description, want string, frames ...frame) *Case {
		return answers(id, ruleTextEcho, description, together, frames, time.Second, asText(want))
	}
	half := strings.Index(latinText, "\u00fc")
	return []*Case{
		c("6.1.1", "An empty text message.", "", textFrame("")),
		c("6.1.2", "An empty text message in three fragments.", "", moreText(""), moreCont(""), cont("")),
		c("6.1.3", "A text message in three fragments, the first and the last empty.", middle, moreText(""),
			moreCont(middle), cont("")),
		c("6.2.1", "Text with characters of two bytes, in one frame.", latinText, textFrame(latinText)),
		c("6.2.2", "Text in two fragments, cut between characters.", latinText, moreText(latinText[:half]),
			cont(latinText[half:])),
		c("6.2.3", "Text in fragments of one byte, many cut within a character.", latinText,
			split(latinText)...),
		c("6.2.4", "Greek text in fragments of one byte, most cut within a character.", validText,
			split(validText)...),
	}
}

// split returns a text message in fragments of one byte, and an empty last one.
func split(s string) []frame {
	var frames []frame
	for i := range len(s) {
		f := moreCont(s[i : i+1])
		if i == 0 {
			f.op = wire.OpText
		}
		frames = append(frames, f)
	}
	return append(frames, cont(""))
}

const refusesText = "The peer fails the connection at once, with 1007 or by dropping TCP."

// badText returns a case with text that is not UTF-8.
func badText(id, text string, size int, wait time.Duration) *Case {
	description := "Text that is not UTF-8: " + hex.EncodeToString([]byte(text)) + "."
	if size > 0 {
		description += fmt.Sprintf(" In fragments of %d byte.", size)
	}
	return both(id, ruleText, description, refusesText, func(p *driver) {
		p.refusedText()
		p.sendMessage(wire.OpText, []byte(text), size)
		p.killAfter(wait)
	})
}

// refusedText declares that the peer refuses text. If we have to close the connection, the case fails.
func (p *driver) refusedText() {
	p.expect(ok)
	p.byPeer(codeInvalidPayload)
	p.fatal = true
}

// sequence returns a case with a sequence of bytes that is valid UTF-8 or not.
func sequence(id, what, bytes string) *Case {
	if !utf8.ValidString(bytes) {
		c := badText(id, bytes, 0, 500*time.Millisecond)
		c.Description = what + ": text that is not UTF-8, " + hex.EncodeToString([]byte(bytes)) + "."
		return c
	}
	return both(id, ruleTextEcho, what+": text that is UTF-8, "+hex.EncodeToString([]byte(bytes))+".",
		"It comes back; then a clean close with 1000.", func(p *driver) {
			p.expect(ok, asText(bytes))
			p.byUs(codeNormal)
			p.sendMessage(wire.OpText, []byte(bytes), 0)
			p.killAfter(500 * time.Millisecond)
		})
}

// failFastCases are 6.4: text that becomes invalid in its middle, in fragments and in pieces of one
// frame. The peer has a second to refuse it before the rest is sent.
func failFastCases() []*Case {
	const above = "\xf4\x90\x80\x80" // beyond U+10FFFF, which the second byte shows
	all := validText + above + "edited"
	bySequence := []string{validText, above, "edited"}
	byByte := []string{all[:12], all[12:13], all[13:]}
	parts := [][]string{bySequence, byByte, bySequence, byByte}
	var cases []*Case
	for i, part := range parts {
		inFrame := i >= 2
		description := "Text that turns invalid in the second of three fragments"
		if inFrame {
			description = "Text in one frame that turns invalid in the second of its three pieces"
		}
		if i%2 == 1 {
			description += ", which ends with the first invalid byte"
		}
		description += fmt.Sprintf(": %x, %x, %x. There is a second between them.", part[0], part[1], part[2])
		cases = append(cases, both(fmt.Sprintf("6.4.%d", i+1), ruleText, description,
			"The peer fails the connection once it has received the second. A peer that waits for the "+
				"end of the message is NON-STRICT.",
			func(p *driver) { failFast(p, part, inFrame) }))
	}
	return cases
}

func failFast(p *driver, part []string, inFrame bool) {
	p.expect(report.OK, asTimeout("A"))
	p.expect(report.NonStrict, asTimeout("A"), asTimeout("B"))
	p.byPeer(codeInvalidPayload)
	p.fatal = true
	send := func(i int) {
		if inFrame {
			p.framePart([]byte(part[i]))
			if i == 2 {
				p.send(cont(""))
			}
			return
		}
		p.send([]frame{moreText(part[0]), moreCont(part[1]), cont(part[2])}[i])
	}
	if inFrame {
		p.beginFrame(wire.OpText, true, len(part[0])+len(part[1])+len(part[2]))
	}
	send(0)
	p.later(time.Second, "A", func() {
		if p.state != open {
			return
		}
		p.record(asTimeout("A"))
		send(1)
		p.later(time.Second, "B", func() {
			if p.state != open {
				return
			}
			p.record(asTimeout("B"))
			p.res.Waited = true
			send(2)
			p.killAfter(time.Second)
		})
	})
}
