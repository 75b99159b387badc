package suite

import (
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// otherAnswerRows are responses that do not open the connection, but on which a client may act.
func otherAnswerRows() []letterCase {
	row := func(what, want string, edits ...edit) letterCase {
		return letterCase{what, want, ruleNot101, func(s *script) {
			s.asked()
			s.respond(edits...)
			s.refusedReply(ruleConform, true)
		}}
	}
	plain := func(status string, lines ...string) []edit {
		return []edit{first("HTTP/1.1 " + status), set("Upgrade"), set("Connection", "Connection: close"),
			set("Sec-WebSocket-Accept"), add("Content-Length: 0"), add(lines...)}
	}
	open := func(status string, lines ...string) []edit {
		return []edit{first("HTTP/1.1 " + status), add(lines...)}
	}
	const (
		authenticate = `WWW-Authenticate: Basic realm="wscheck"`
		noMessage    = "The client accepts no message. It may send another request with credentials."
		version      = "Sec-WebSocket-Version: 8"
		noVersion    = "The client accepts no message. It may send another request with version 8."
	)
	rows := []letterCase{
		redirectRow("301 Moved Permanently", false), redirectRow("302 Found", false),
		redirectRow("307 Temporary Redirect", false),
		redirectRow("308 Permanent Redirect", false), redirectRow("302 Found", true),
		row("A response of 401 that requires credentials.", noMessage,
			plain("401 Unauthorized", authenticate)...),
		row("A response of 401 that requires credentials and has all fields of a 101.", noMessage,
			open("401 Unauthorized", authenticate)...),
		row("A response of 426 with version 8.", noVersion, plain("426 Upgrade Required", version)...),
		row("A response of 426 with version 8 that has all fields of a 101.", noVersion,
			open("426 Upgrade Required", version)...),
	}
	return rows
}

// redirectRow returns a case that redirects the client to another path of the suite's server, which
// accepts the connection. If open is true, the redirect has all fields of a 101.
func redirectRow(status string, open bool) letterCase {
	what, edits := "A response of "+status+" to another path.",
		[]edit{first("HTTP/1.1 " + status), add("Content-Length: 0")}
	if open {
		what = "A response of " + status + " to another path that has all fields of a 101."
	} else {
		edits = append(edits, set("Upgrade"), set("Connection", "Connection: close"),
			set("Sec-WebSocket-Accept"))
	}
	return letterCase{what,
		"The client accepts no message. It may follow the redirect, and then the connection works.",
		ruleNot101, func(s *script) {
			s.asked()
			s.respond(append(edits, add("Location: "+s.asking.redirect()))...)
			s.refusedReply(ruleConform, true)
			if _, again := s.askedAgain(); again {
				return // on the same connection
			}
			s.setVerdict(report.Informational, "The client did not follow the redirect.")
			select {
			case q := <-s.asking.followers:
				s.serveFollower(q)
				s.setVerdict(report.Informational,
					"The client followed the redirect, and the connection worked.")
			case <-time.After(doubtTime):
			}
		}}
}

// serveFollower plays a valid connection with a client that followed a redirect. It ends the case if
// the client does not pass.
func (s *script) serveFollower(q *clientRequest) {
	defer close(q.served)
	s.nested(newFollower(s, q), q.conn, func(o *script) {
		o.open()
		o.echo(wire.OpText, []byte("Hello"))
	})
}

func newFollower(s *script, q *clientRequest) *script {
	o := newScript(s.ctx, s.c, s.o, nil)
	o.asking, o.request, o.rest = q, q.head, q.rest
	o.key = q.head.fields.Get("Sec-Websocket-Key")
	o.res.HTTPRequest = string(q.raw)
	return o
}
