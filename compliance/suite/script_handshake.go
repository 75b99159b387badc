package suite

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// An editKind is the part of a head that an edit changes.
type editKind int

const (
	editFirst editKind = iota // the request line or the status line
	editField                 // a field
	editAdd                   // the end of the head
	editTail                  // the bytes after the head
)

// An edit changes the head of a valid request or response. In its lines, {scheme}, {path}, {host}, {key} and
// {accept} are replaced by their values.
type edit struct {
	kind  editKind
	field string // of editField
	lines []string
	tail  string // of editTail
}

// first replaces the request line or the status line.
func first(line string) edit { return edit{kind: editFirst, lines: []string{line}} }

// set replaces a field by lines, or adds them if there is no such field. Without lines, it removes the
// field.
func set(field string, lines ...string) edit {
	return edit{kind: editField, field: field, lines: lines}
}

// add adds lines after the other fields.
func add(lines ...string) edit { return edit{kind: editAdd, lines: lines} }

// trailing adds bytes after the head.
func trailing(raw string) edit { return edit{kind: editTail, tail: raw} }

// compose applies edits to the lines of a head. raw[from:to] has the lines of the first edit that has any.
func compose(lines []string, edits []edit, fill *strings.Replacer) (raw []byte, from, to int) {
	lines = slices.Clone(lines)
	var mine, tail string
	for _, e := range edits {
		switch e.kind {
		case editTail:
			tail += e.tail
			continue
		case editFirst:
			lines = slices.Replace(lines, 0, 1, e.lines...)
		case editAdd:
			lines = append(lines, e.lines...)
		case editField:
			lines = replaceField(lines, e.field, e.lines)
		}
		if mine == "" {
			mine = fill.Replace(strings.Join(e.lines, "\r\n"))
		}
	}
	raw = []byte(fill.Replace(strings.Join(lines, "\r\n")) + "\r\n\r\n" + tail)
	if from = bytes.Index(raw, []byte(mine)); mine == "" || from < 0 {
		return raw, 0, 0
	}
	return raw, from, from + len(mine)
}

// replaceField replaces the first line of a field, or adds the new lines if there is none.
func replaceField(lines []string, field string, by []string) []string {
	at := slices.IndexFunc(lines, func(l string) bool {
		name, _, _ := strings.Cut(l, ":")
		return strings.EqualFold(name, field)
	})
	if at < 0 {
		return append(lines, by...)
	}
	return slices.Replace(lines, at, at+1, by...)
}

// ask sends the request of an opening handshake.
func (s *script) ask(edits ...edit) { s.askBy(tempo{}, edits...) }

// askBy sends a request in pieces.
func (s *script) askBy(how tempo, edits ...edit) { s.put(s.compose(edits...), how) }

// compose returns a request. It marks what the edits changed as the bytes that the server has to refuse.
func (s *script) compose(edits ...edit) []byte {
	lines := []string{
		"GET {path} HTTP/1.1", "Host: {host}", "User-Agent: " + userAgent, "Upgrade: websocket",
		"Connection: Upgrade", "Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
	}
	var extra bytes.Buffer
	_ = s.o.Header.Write(&extra) // a bytes.Buffer does not fail
	for l := range strings.Lines(extra.String()) {
		lines = append(lines, strings.TrimSpace(l))
	}
	raw, from, to := compose(lines, edits, strings.NewReplacer("{scheme}", s.t.scheme(),
		"{path}", s.t.path, "{host}", s.t.host, "{key}", newKey()))
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	s.request = parseHead(head)
	s.key = s.request.fields.Get("Sec-Websocket-Key")
	s.res.HTTPRequest = string(head[:min(len(head), maxHead)]) + "\r\n\r\n"
	s.markHead(raw, from, to, "the request")
	return raw
}

// respond sends the response of an opening handshake to a client.
func (s *script) respond(edits ...edit) { s.respondBy(tempo{}, edits...) }

func (s *script) respondBy(how tempo, edits ...edit) {
	s.put(s.composeReply(edits...), how)
}

// composeReply returns a response. It marks what the edits changed as the bytes that the client has to
// refuse.
func (s *script) composeReply(edits ...edit) []byte {
	lines := []string{
		"HTTP/1.1 101 Switching Protocols", "Server: " + userAgent, "Upgrade: websocket",
		"Connection: Upgrade", "Sec-WebSocket-Accept: {accept}",
	}
	raw, from, to := compose(lines, edits, strings.NewReplacer("{accept}", wire.AcceptKey(s.key)))
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	s.res.HTTPResponse = string(head[:min(len(head), maxHead)]) + "\r\n\r\n"
	s.markHead(raw, from, to, "the response")
	return raw
}

// markHead marks raw[from:to], a part of a head.
func (s *script) markHead(raw []byte, from, to int, where string) {
	s.suspect = nil
	if from == to {
		return
	}
	start := max(0, min(from-64, len(raw)-256))
	end := min(len(raw), start+256)
	s.suspect = &report.Offense{
		Sent: true, Start: int64(start), Octets: raw[start:end], Offset: from - start,
		Length: min(to, end) - from,
		What:   fmt.Sprintf("This part of %s, counted from its beginning.", where),
	}
}

// put sends a head. The offsets of what is sent later count from its end.
func (s *script) put(raw []byte, how tempo) {
	s.write(raw, how)
	s.release()
	s.last = sent{}
	if _, tail, ok := bytes.Cut(raw, []byte("\r\n\r\n")); ok {
		s.last.raw = tail
	}
}

// A replyKind is how much of a response was received.
type replyKind int

const (
	replyHead    replyKind = iota // a whole head
	replyPart                     // TCP ended within the head
	replyEOF                      // TCP ended before it
	replyNothing                  // the wait for the whole head has timed out
)

// answer reads the head of a response. A head that is not complete within d counts as none.
func (s *script) answer(d time.Duration) replyKind {
	s.release()
	deadline := time.Now().Add(d)
	var have []byte
	defer func() { s.res.HTTPResponse = string(have) }()
	for {
		_ = s.conn.SetReadDeadline(deadline)
		n, err := s.conn.Read(s.in.buf)
		if n > 0 {
			s.logRx(s.in.buf[:n])
		}
		have = append(have, s.in.buf[:n]...)
		if i := bytes.Index(have, []byte("\r\n\r\n")); i >= 0 {
			s.rest = slices.Clone(have[i+4:])
			have = have[:i+4]
			s.remember(s.rest)
			s.reply = parseHead(have)
			if v := s.reply.fields.Get("Server"); s.res.Agent == "" {
				s.res.Agent = v
			}
			return replyHead
		}
		switch {
		case len(have) > maxHead:
			s.inform("The head of the response is larger than the 64 KiB that the suite reads.")
		case err == nil:
		case timedOut(err):
			s.res.WasOpenHandshakeTimeout, s.in.waited = true, true
			return replyNothing
		case len(have) > 0:
			s.in.ended = true
			s.reply = parseHead(have)
			return replyPart
		default:
			s.in.ended = true
			return replyEOF
		}
	}
}

// status returns the status code of the response, or 0 if its first line is not a status line of HTTP/1.
func (s *script) status() (code int) {
	version, rest, _ := strings.Cut(s.reply.line, " ")
	digits, _, _ := strings.Cut(rest, " ")
	if len(version) != 8 || !strings.HasPrefix(version, "HTTP/1.") || !isDigits(version[7:]) ||
		len(digits) != 3 || !isDigits(digits) {
		return 0
	}
	code, _ = strconv.Atoi(digits)
	return code
}

func isDigits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// open performs a valid opening handshake, which must succeed.
func (s *script) open(edits ...edit) {
	if s.server {
		if why := s.checkRequest(); why != "" {
			s.against(ruleAsk, "The client sent an invalid request: %s.", why)
		}
		s.respond(edits...)
		s.suspect = nil
		s.establish()
		return
	}
	s.ask(edits...)
	s.suspect = nil
	s.opened(s.unopened)
}

// unopened ends the script because a server refused a valid request.
func (s *script) unopened(format string, args ...any) { s.against(ruleOpening, format, args...) }

// opened reads the response to a request, which must open the connection. It calls refused for a server that
// refuses the request.
func (s *script) opened(refused func(string, ...any)) {
	s.openedBy(s.answer(s.o.HandshakeTimeout), refused)
}

// openedBy is like opened, but the response was read already.
func (s *script) openedBy(kind replyKind, refused func(string, ...any)) {
	switch {
	case kind == replyEOF:
		refused("The server dropped TCP without a response.")
	case kind == replyNothing:
		s.against(ruleOpening, "The server did not respond in time.")
	case s.status() == 0:
		s.against(ruleGenerate, "The response does not begin with a status line of HTTP/1.1 but with %q.",
			report.Text([]byte(s.reply.line)))
	case kind == replyPart:
		s.against(ruleGenerate,
			"The server dropped TCP within the head of the response, which begins with %q.",
			report.Text([]byte(s.reply.line)))
	case s.status() != 101:
		refused("The server refused the upgrade: %s.", s.reply.line)
	}
	if b := checkUpgrade(s.reply, s.key, s.request); b.why != "" {
		s.against(b.rule, "The response is invalid: %s.", b.why)
	}
	s.establish()
}

// A breach is a rule that was broken, and how.
type breach struct {
	rule report.Rule
	why  string // "" if no rule was broken
}

// checkUpgrade checks a 101 response as a client has to (RFC 6455, section 4.1). It accepts HTTP/1.0, which
// case H.8.1 reports. If extensions were offered, the script checks the answer.
func checkUpgrade(reply head, key string, request head) breach {
	f := reply.fields
	accept, protocols := f.Values("Sec-Websocket-Accept"), f.Values("Sec-Websocket-Protocol")
	offered := wire.ParseProtocols(request.fields.Values("Sec-Websocket-Protocol"))
	wrong := func(r report.Rule, format string, args ...any) breach {
		return breach{r, fmt.Sprintf(format, args...)}
	}
	switch {
	case !strings.HasPrefix(reply.line, "HTTP/1.1 101") && !strings.HasPrefix(reply.line, "HTTP/1.0 101"):
		return wrong(stepStatus, "%q is not a status line with 101", reply.line)
	case len(f.Values("Upgrade")) != 1 || !strings.EqualFold(f.Get("Upgrade"), "websocket"):
		return wrong(stepUpgrade, "Upgrade is %s, not websocket", quoted(f.Values("Upgrade")))
	case !wire.HasToken(f.Values("Connection"), "upgrade"):
		return wrong(stepConnection, "Connection is %s, which lacks the token Upgrade",
			quoted(f.Values("Connection")))
	case len(accept) > 1:
		return wrong(ruleOneAccept, "Sec-WebSocket-Accept is repeated: %s", quoted(accept))
	case len(accept) == 0 || accept[0] != wire.AcceptKey(key):
		return wrong(stepAccept, "Sec-WebSocket-Accept is %s, not %q", quoted(accept), wire.AcceptKey(key))
	case len(protocols) > 1:
		return wrong(ruleOneProtocol, "Sec-WebSocket-Protocol is repeated: %s", quoted(protocols))
	case len(protocols) == 1 && protocols[0] != "" && !wire.IsToken(protocols[0]):
		return wrong(ruleGenerate, "the subprotocol %q is not a token", protocols[0])
	case len(protocols) == 1 && !slices.Contains(offered, protocols[0]):
		return wrong(ruleProtocol, "the subprotocol %q was not offered", protocols[0])
	case len(request.fields.Values("Sec-Websocket-Extensions")) == 0 &&
		len(f.Values("Sec-Websocket-Extensions")) > 0:
		if _, err := parseExtensions(f.Values("Sec-Websocket-Extensions")); err != nil {
			return wrong(ruleGenerate,
				"no extension was offered, and Sec-WebSocket-Extensions is malformed: %s",
				quoted(f.Values("Sec-Websocket-Extensions")))
		}
		return wrong(ruleListed, "the extension %s was not offered",
			quoted(f.Values("Sec-Websocket-Extensions")))
	}
	return breach{}
}

// checkRequest checks a request as a server has to (RFC 6455, section 4.2.1). It returns what is wrong,
// or "".
func (s *script) checkRequest() (why string) {
	f := s.request.fields
	keys, versions := f.Values("Sec-Websocket-Key"), f.Values("Sec-Websocket-Version")
	words := strings.Split(s.request.line, " ")
	switch {
	case len(words) != 3 || words[0] != http.MethodGet || words[2] != "HTTP/1.1":
		return fmt.Sprintf("the request line is %q, not a GET request of HTTP/1.1", s.request.line)
	case len(f.Values("Host")) != 1 || f.Get("Host") == "":
		return fmt.Sprintf("Host is %q, not one value", f.Values("Host"))
	case !wire.HasToken(f.Values("Upgrade"), "websocket"):
		return fmt.Sprintf("Upgrade is %q, which lacks the token websocket", f.Values("Upgrade"))
	case !wire.HasToken(f.Values("Connection"), "upgrade"):
		return fmt.Sprintf("Connection is %q, which lacks the token Upgrade", f.Values("Connection"))
	case len(keys) != 1 || !wire.IsKey(keys[0]):
		return fmt.Sprintf("Sec-WebSocket-Key is %q, not 16 bytes in base64", keys)
	case len(versions) != 1 || versions[0] != "13":
		return fmt.Sprintf("Sec-WebSocket-Version is %q, not 13", versions)
	}
	return ""
}

// establish begins the WebSocket connection. Its decoder has no limits, because scripts have a time limit.
func (s *script) establish() {
	s.established, s.state = true, open
	s.res.BehaviorClose, s.res.ResultClose = report.Failed, "TCP was dropped without a closing handshake."
	s.dec = wire.Decoder{MaxMessage: -1, MaxEmptyFragments: -1, MaxControls: -1, Role: wire.Client}
	if s.server {
		s.dec.Role = wire.Server
		s.remember(s.rest)
	}
	if s.deflate != nil {
		s.dec.RSV = wire.RSV1
	}
	if s.turn != nil {
		s.done = s.turn(s.c)
	}
}
