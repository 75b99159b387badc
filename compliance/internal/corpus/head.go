package corpus

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

// maxHead is how many octets a head of the corpus has: longer ones are left out.
const maxHead = 2048

// The key and its answer in all heads (RFC 6455, section 1.3), and what else is fixed.
const (
	fixedNonce = "dGhlIHNhbXBsZSBub25jZQ=="
	fixedDate  = "Date: Sun, 06 Nov 1994 08:49:37 GMT"
	fixedHost  = "server.example.com"
)

var (
	nonceField = regexp.MustCompile(`(?i)sec-websocket-key:[ \t]*([^\r\n]*[^\r\n \t])`)
	dateField  = regexp.MustCompile(`(?m)^Date: [^\r\n]*`)
	deflate    = regexp.MustCompile(`(?i)sec-websocket-extensions:[^\r\n]*permessage-deflate`)
	blank      = regexp.MustCompile(`\n\r?\n`) // ends a head
)

// ends returns where a head ends, which is where b ends if there is no blank line.
func ends(b []byte) int {
	if m := blank.FindIndex(b); m != nil {
		return m[1]
	}
	return len(b)
}

// An exchange is the parts of a recording, in the form of the corpus.
type exchange struct {
	request, response []byte // up to the blank line, or all if there is no connection
	client, server    []byte // behind that
	deflated          bool
}

// parts takes a recording apart.
func (r *recording) parts() exchange {
	client, server := r.octets()
	e := exchange{request: client, response: server}
	if i := bytes.Index(server, []byte("HTTP/1.1 101")); i >= 0 {
		i += ends(server[i:])
		e.response, e.server = server[:i], server[i:]
		i = ends(client)
		e.request, e.client = client[:i], client[i:]
	}
	e.deflated = deflate.Match(e.response)
	e.client = r.stream(e.client, wire.Server, e.deflated)
	e.server = r.stream(e.server, wire.Client, e.deflated)
	e.request, e.response = r.heads(e.request, e.response)
	return e
}

// stream brings what reader reads into the form of the corpus.
func (r *recording) stream(raw []byte, reader wire.Role, deflated bool) []byte {
	switch ours := r.ourClient == (reader == wire.Server); {
	case ours && deflated:
		return nil // it depends on which of our shared compressors was at hand
	case ours:
	case r.chopped:
		raw = raw[:refused(raw, reader, deflated)]
	default:
		raw = withoutAnswer(raw, reader, deflated)
	}
	return canonical(raw, deflated)
}

// heads replaces what is random in both heads.
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

// otherCase is the wrong answer that case C.3.5 gives.
func otherCase(answer string) string {
	return strings.ToLower(answer[:14]) + strings.ToUpper(answer[14:])
}
