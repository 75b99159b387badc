package suite

import (
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// fragmentCases are group 5: fragmented messages.
func fragmentCases() []*Case {
	const one, two, three, four = "fragment1", "fragment2", "fragment3", "fragment4"
	const asked, lone = "ping payload", "non-continuation payload"
	halves := []frame{moreText(one), cont(two)}
	pinged := []frame{moreText(one), ping(asked), cont(two)}
	var cases []*Case
	for i, f := range []frame{ping(one), pongFrame(one)} {
		cases = append(cases, violates([]string{"5.1", "5.2"}[i], ruleControl,
			[]string{"A ping in two fragments.", "A pong in two fragments."}[i], together,
			[]frame{f.unfinished(), cont(two)}))
	}
	for i, id := range []string{"5.3", "5.4", "5.5"} {
		cases = append(cases, answers(id, ruleForms, "A text message in two fragments.", writeMode(i), halves,
			time.Second, asText(one+two)))
	}
	for i, id := range []string{"5.6", "5.7", "5.8"} {
		cases = append(cases, answers(id, ruleInterleaved,
			"A text message in two fragments, with a ping between them.", writeMode(i), pinged,
			time.Second, asPong(asked), asText(one+two)))
	}
	for i, id := range []string{"5.9", "5.10", "5.11"} {
		cases = append(cases, violates(id, ruleContinues,
			"A continuation that is final, with nothing to continue, and a text message.", writeMode(i),
			[]frame{cont(lone), textFrame(hello)}))
	}
	for i, id := range []string{"5.12", "5.13", "5.14"} {
		cases = append(cases, violates(id, ruleContinues,
			"A continuation that is not final, with nothing to continue, and a text message.", writeMode(i),
			[]frame{moreCont(lone), textFrame(hello)}))
	}
	return append(cases,
		violates("5.15", ruleContinues,
			"A text message in two fragments, a continuation that is not final, and a text message.",
			together,
			[]frame{moreText(one), cont(two), moreCont(three), textFrame(four)}, asText(one+two)),
		violates("5.16", ruleContinues, "Twice: a continuation that is not final, with nothing to "+
			"continue, and a text message in two fragments.", together,
			repeat(2, moreCont(one), moreText(two), cont(three))),
		violates("5.17", ruleContinues, "Twice: a continuation that is final, with nothing to continue, "+
			"and a text message in two fragments.", together,
			repeat(2, cont(one), moreText(two), cont(three))),
		violates("5.18", ruleContinues, "A text message whose second fragment has the opcode of text, too.",
			together,
			[]frame{moreText(one), textFrame(two)}),
		slowPings("5.19", together),
		slowPings("5.20", frameByFrame),
	)
}

// slowPings returns a case with a fragmented message that takes one second, and a ping in each half of it.
// The peer answers the first ping before the message is complete.
func slowPings(id string, way writeMode) *Case {
	description := "A text message in five fragments, with pings after fragments 2 and 4, and a pause of " +
		"one second after the first ping." + way.words()
	return both(id, ruleInterleaved, description,
		"The pings are answered as they arrive, and then the message; then a clean close with 1000.",
		func(p *driver) {
			p.expect(report.OK, asPong("pongme 1!"), asPong("pongme 2!"),
				asText("fragment1fragment2fragment3fragment4fragment5"))
			p.byUs(codeNormal)
			p.by(way, moreText("fragment1"), moreCont("fragment2"), ping("pongme 1!"))
			p.later(time.Second, "", func() {
				p.by(way, moreCont("fragment3"), moreCont("fragment4"), ping("pongme 2!"), cont("fragment5"))
				p.closeAfter(time.Second)
			})
		})
}

// autoFragmentCases are group 10: a message that its sender cuts into fragments.
func autoFragmentCases() []*Case {
	const size, cut = 65536, 1300
	payload := make([]byte, size)
	for i := range payload {
		payload[i] = '*'
	}
	c := both("10.1.1", ruleForms, "A text message of 65,536 bytes in fragments of 1,300.",
		"It comes back; then a clean close with 1000.", func(p *driver) {
			p.expect(report.OK, asText(string(payload)))
			p.byUs(codeNormal)
			p.sendMessage(wire.OpText, payload, cut)
			p.killAfter(10 * time.Second)
		})
	c.end = func(p *driver) {
		if got := p.res.TxFrameStats[0]; p.wasOpen && got != size/cut {
			p.setVerdict(report.Failed, "The suite did not send the right number of fragments.")
		}
	}
	return []*Case{c}
}
