package corpus

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

// maxHead is the size of the longest head in the corpus, in bytes. Longer ones are left out.
const maxHead = 2048

// Fixed parts of all heads. The key is that of RFC 6455, section 1.3.
const (
	fixedNonce = "dGhlIHNhbXBsZSBub25jZQ=="
	fixedDate  = "Date: Sun, 06 Nov 1994 08:49:37 GMT"
	fixedHost  = "server.example.com"
)

var (
	nonceField = regexp.MustCompile(`(?i)sec-websocket-key:[ \t]*([^\r\n]*[^\r\n \t])`)
	dateField  = regexp.MustCompile(`(?m)^Date: [^\r\n]*`)
	deflate    = regexp.MustCompile(`(?i)sec-websocket-extensions:[^\r\n]*permessage-deflate`)
	blank      = regexp.MustCompile(`\n\r?\n`) // the end of a head
)

// headEnd returns the offset at which a head ends: len(b) if there is no blank line.
func headEnd(b []byte) int {
	if m := blank.FindIndex(b); m != nil {
		return m[1]
	}
	return len(b)
}

// An exchange has the parts of a recording in the form of the corpus.
type exchange struct {
	request, response []byte // up to the blank line, or all bytes if no WebSocket opened
	client, server    []byte // after that
	deflated          bool
}

// parts splits a recording into its parts.
func (r *recording) parts() exchange {
	client, server := r.bytes()
	e := exchange{request: client, response: server}
	if i := bytes.Index(server, []byte("HTTP/1.1 101")); i >= 0 {
		i += headEnd(server[i:])
		e.response, e.server = server[:i], server[i:]
		i = headEnd(client)
		e.request, e.client = client[:i], client[i:]
	}
	e.deflated = deflate.Match(e.response)
	e.client = r.stream(e.client, wire.Server, e.deflated)
	e.server = r.stream(e.server, wire.Client, e.deflated)
	e.request, e.response = r.heads(e.request, e.response)
	return e
}

// stream converts the bytes that reader reads to the form of the corpus.
func (r *recording) stream(raw []byte, reader wire.Role, deflated bool) []byte {
	switch ours := r.ourClient == (reader == wire.Server); {
	case ours && deflated:
		return nil // the bytes depend on which shared compressor was free
	case ours:
	case r.chopped:
		raw = raw[:refused(raw, reader, deflated)]
	default:
		raw = withoutAnswer(raw, reader, deflated)
	}
	return canonical(raw, deflated)
}

// heads replaces the random parts of both heads.
func (r *recording) heads(request, response []byte) ([]byte, []byte) {
	for _, m := range nonceField.FindAllSubmatch(request, -1) {
		nonce := m[1]
		if b, err := base64.StdEncoding.DecodeString(string(nonce)); err != nil || len(b) != 16 {
			continue
		}
		answer, fixed := wire.AcceptKey(string(nonce)), wire.AcceptKey(fixedNonce)
		response = bytes.ReplaceAll(response, []byte(answer), []byte(fixed))
		response = bytes.ReplaceAll(response, []byte(otherCase(answer)), []byte(otherCase(fixed)))
		response = bytes.ReplaceAll(response, nonce, []byte(fixedNonce))
		request = bytes.ReplaceAll(request, nonce, []byte(fixedNonce))
	}
	for _, head := range []*[]byte{&request, &response} {
		*head = bytes.ReplaceAll(*head, []byte(r.addr), []byte(fixedHost))
		*head = dateField.ReplaceAll(*head, []byte(fixedDate))
	}
	return request, response
}

// otherCase returns the wrong accept value that case C.3.5 sends.
func otherCase(answer string) string {
	return strings.ToLower(answer[:14]) + strings.ToUpper(answer[14:])
}
