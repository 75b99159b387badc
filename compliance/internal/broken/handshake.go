package broken

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"strings"
)

// A head is the first line and the fields of a request or a response.
type head struct {
	defect
	line   string
	fields map[string][]string // names in lower case
}

var errTooLarge = errors.New("handshake too large")

// readHead reads up to the empty line.
func (d defect) readHead(br *bufio.Reader) (head, error) {
	h := head{defect: d, fields: map[string][]string{}}
	left := maxHandshake
	if d.broken("handshake-unlimited") {
		left <<= 8
	}
	if d.broken("handshake-cut-4096") {
		br = bufio.NewReader(io.LimitReader(br, 4096))
	}
	for first := true; ; first = false {
		line, err := readLine(br, &left)
		switch {
		case err == io.ErrUnexpectedEOF && d.broken("handshake-cut-4096"):
			return h, nil
		case err != nil:
			return h, err
		case first:
			h.line = line
			continue
		case line == "":
			if d.broken("handshake-line-skipped") && br.Buffered() >= 2 {
				_, err = readLine(br, &left)
			}
			return h, err
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") && !d.broken("handshake-field-space") {
			return h, errors.New("invalid field: " + line)
		}
		name = strings.TrimSpace(name)
		if !d.broken("handshake-field-case") {
			name = strings.ToLower(name)
		}
		h.fields[name] = append(h.fields[name], strings.TrimSpace(value))
		if d.broken("handshake-one-read") && br.Buffered() == 0 {
			return h, nil
		}
	}
}

// readLine reads a line and returns it without the line ending. It may read *left bytes.
func readLine(br *bufio.Reader, left *int) (string, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		if *left -= len(part); *left < 0 {
			return "", errTooLarge
		}
		line = append(line, part...)
		if err == nil {
			return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
		}
		if err != bufio.ErrBufferFull {
			return "", io.ErrUnexpectedEOF
		}
	}
}

// values returns the values of all fields with a name.
func (h head) values(name string) []string {
	if h.broken("handshake-field-case") {
		return h.fields[name] // only if the peer uses our spelling
	}
	return h.fields[strings.ToLower(name)]
}

// value returns the value of the only field with a name.
func (h head) value(name string) (string, bool) {
	all := h.values(name)
	if len(all) == 0 || len(all) > 1 && !h.broken("handshake-field-twice") {
		return "", false
	}
	return all[0], true
}

// list returns the list elements of all fields with a name.
func (h head) list(name string) (elements []string) {
	for _, value := range h.values(name) {
		for element := range strings.SplitSeq(value, ",") {
			if element = strings.TrimSpace(element); element != "" {
				elements = append(elements, element)
			}
		}
	}
	return elements
}

// has reports whether a list contains a token, ignoring case.
func (h head) has(name, token string) bool {
	if h.broken("handshake-list-ignored") {
		all := h.values(name)
		return len(all) == 1 && strings.EqualFold(all[0], token)
	}
	if h.broken("handshake-token-substring") {
		return strings.Contains(strings.ToLower(strings.Join(h.values(name), ",")), strings.ToLower(token))
	}
	for _, element := range h.list(name) {
		if element == token || strings.EqualFold(element, token) && !h.broken("handshake-token-case") {
			return true
		}
	}
	return false
}

// acceptKey returns the Sec-WebSocket-Accept for a key, RFC 6455, section 4.2.2.
func (d defect) acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
