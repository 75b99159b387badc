package suite

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// invalidText is text whose twelfth byte begins a surrogate, which is invalid in UTF-8.
const invalidText = validText + "\xed\xa0\x80edited"

// closeBody returns the payload of a close frame.
func closeBody(code int, reason string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
}

// closingCase returns a case of group 7 in which we close first. A wrong status code in the answer
// fails the case.
func closingCase(id string, r ruleT, description, expectation string, start func(*driver)) *Case {
	c := both(id, r, description, expectation, start)
	c.end = wrongCodeFails
	return c
}

func wrongCodeFails(p *driver) {
	if p.res.BehaviorClose == report.WrongCode {
		p.setVerdict(report.Failed, p.res.ResultClose)
	}
}

const (
	cleanClose   = "A clean close with 1000, and no other answer."
	refusesClose = "The peer refuses the close frame: it closes with 1002, or drops TCP."
)

// closeCases are group 7: the closing handshake.
func closeCases() []*Case {
	cases := append([]*Case{
		closingCase("7.1.1", ruleCloseAnswer, "A text message, then a close.",
			"The message comes back; then a clean close with 1000.", func(p *driver) {
				p.expect(ok, asText("Hello World!"))
				p.byUs(codeNormal)
				p.send(textFrame("Hello World!"))
				p.killAfter(time.Second)
			}),
		closeThen("7.1.2", ruleCloseAnswer, "Two close frames.", opFrame(8, "")),
		closeThen("7.1.3", ruleAfterClose, "A close frame, then a ping.", ping("")),
		closeThen("7.1.4", ruleAfterClose, "A close frame, then a text message.", textFrame("Hello World!")),
		closingCase("7.1.5", ruleAfterClose,
			"The first fragment of a message, a close frame, and the last fragment.", cleanClose,
			func(p *driver) {
				p.send(moreText("fragment1"))
				closeFirst(p, closeBody(codeNormal, ""))
				p.send(cont("fragment2"))
			}),
		bigThenClose(),
	}, closeBodyCases()...)
	for i, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000,
		4999} {
		cases = append(cases, closingCase(fmt.Sprintf("7.7.%d", i+1), ruleCloseAnswer,
			fmt.Sprintf("A close frame with code %d, which is valid.", code),
			"A clean close with 1000 or the same code.", func(p *driver) {
				closeFirst(p, closeBody(code, ""))
				p.byUs(codeNormal, code)
			}))
	}
	for i, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		cases = append(cases, badClose(fmt.Sprintf("7.9.%d", i+1), ruleOfCode(code),
			fmt.Sprintf("A close frame with code %d, which is invalid.", code), closeBody(code, "")))
	}
	for i, code := range []int{5000, 65535} {
		c := badClose(fmt.Sprintf("7.13.%d", i+1), ruleCodeFree,
			fmt.Sprintf("A close frame with code %d, beyond the range of codes.", code),
			closeBody(code, ""))
		c.Expectation = "The RFC defines no reaction. The report says what the peer does."
		c.end = informational
		cases = append(cases, c)
	}
	return cases
}

// ruleOfCode returns the rule against a code in a close frame.
func ruleOfCode(code int) ruleT {
	switch {
	case code < 1000:
		return ruleCodeUnused
	case code == 1005 || code == 1006:
		return ruleCodeNever(code)
	}
	return ruleCodeLater
}

// closeFirst closes with a payload and gives the peer a second to answer.
func closeFirst(p *driver, payload []byte) {
	p.closeOnly = true
	p.expect(ok)
	p.byUs(codeNormal)
	p.closeRaw(payload)
	p.killAfter(time.Second)
}

// closeThen returns a case that closes and then sends a frame that the peer must not answer.
func closeThen(id string, r ruleT, description string, f frame) *Case {
	return closingCase(id, r, description, cleanClose, func(p *driver) {
		closeFirst(p, closeBody(codeNormal, ""))
		p.send(f)
	})
}

// badClose returns a case that closes with an invalid payload. The peer may answer with 1002 or a code in
// also, or drop TCP.
func badClose(id string, r ruleT, description string, payload []byte, also ...int) *Case {
	return closingCase(id, r, description, refusesClose, func(p *driver) {
		closeFirst(p, payload)
		p.byUsOrDrop(append([]int{codeProtocolError}, also...)...)
	})
}

func closeBodyCases() []*Case {
	body := func(id, description string, payload []byte) *Case {
		return closingCase(id, ruleCloseBody, description, cleanClose,
			func(p *driver) { closeFirst(p, payload) })
	}
	return []*Case{
		body("7.3.1", "A close frame without payload.", nil),
		badClose("7.3.2", ruleCloseBody, "A close frame with a payload of one byte.", []byte("a")),
		body("7.3.3", "A close frame with a code and no reason.", closeBody(codeNormal, "")),
		body("7.3.4", "A close frame with a code and a reason.", closeBody(codeNormal, "Hello World!")),
		body("7.3.5", "A close frame with a reason of 123 bytes, the maximum.",
			closeBody(codeNormal, strings.Repeat("*", 123))),
		badClose("7.3.6", ruleControl, "A close frame with a reason of 124 bytes: 126 bytes in all.",
			closeBody(codeNormal, strings.Repeat("*", 124))),
		badClose("7.5.1", ruleText, "A close frame whose reason is not UTF-8.",
			closeBody(codeNormal, invalidText), codeInvalidPayload),
	}
}

func informational(p *driver) {
	p.res.Behavior, p.res.BehaviorClose = report.Informational, report.Informational
	p.res.Result = "There is no wrong answer."
}

// bigThenClose returns a case that sends a large message and closes. The peer may handle the close
// frame first.
func bigThenClose() *Case {
	c := both("7.1.6", ruleCloseAnswer,
		"A message of 256 KiB, a small one, a close frame and a ping, in one write.",
		"A peer may answer the messages first, or close at once.", func(p *driver) {
			p.closeOnly = true
			p.expect(ok, asText("Hello World!"))
			p.expect(report.NonStrict)
			p.byUs(codeNormal)
			p.send(frame{op: 1, payload: []byte("BAsd7&jh23"), repeat: 256 << 10})
			p.send(textFrame("Hello World!"))
			p.close(codeNormal, "")
			p.send(ping(""))
			p.killAfter(time.Second)
		})
	c.end = func(p *driver) {
		was := p.res.Behavior
		informational(p)
		switch was {
		case report.OK:
			p.res.Result = "The peer answered the messages before the close."
		case report.NonStrict:
			p.res.Result = "The peer handled the close first and answered no message."
		}
	}
	return c
}
