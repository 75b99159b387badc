package handshake

import (
	"regexp"
	"strings"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
)

// A Head is the head of a request, or what is wrong with it.
type Head struct {
	Faults     []Fault // of the first line with a fault, or of the whole head
	Incomplete bool    // there is no fault yet, but the end is missing

	Size           int // bytes up to the end of the empty line
	Method, Target string
	Host           string
	Fields         [][2]string // names and values
}

// The lines of a head.
var (
	aRequestLine = regexp.MustCompile("^([!#$%&'*+\\-.^_`|~0-9A-Za-z]+) ([^ ]*) HTTP/([0-9])\\.([0-9])$")
	aField       = regexp.MustCompile("^([!#$%&'*+\\-.^_`|~0-9A-Za-z]+):[ \t]*([^\\x00-\\x08\\x0a-\\x1f\\x7f]*)$")
	aPath        = regexp.MustCompile(`^/[^\x00-\x20\x7f]*$`)
	aURL         = regexp.MustCompile(`^(?i:https?)://([^\x00-\x20\x7f/?]*)(/[^\x00-\x20\x7f]*)?$`)
	anEscape     = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
	anAuthority  = regexp.MustCompile(
		`^(\[[0-9A-Fa-f:.]{2,}\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)(:[0-9]*)?$`)
)

// ReadHead reads the head of a request as RFC 9112 defines it, with the choices that package
// wire/handshake documents. The head may have max bytes.
func ReadHead(data string, max int) (h Head) {
	fault := func(wrong bool, status int, what string) {
		if wrong {
			h.Faults = append(h.Faults, Fault{status, what})
		}
	}
	hosts := 0
	for first := true; ; first = false {
		end := strings.IndexByte(data[h.Size:], '\n')
		if end < 0 || h.Size+end >= max {
			h.Incomplete = len(data) < max
			fault(!h.Incomplete && first, 414, "size")
			fault(!h.Incomplete && !first, 431, "size")
			return h
		}
		line, found := strings.CutSuffix(data[h.Size:h.Size+end], "\r")
		h.Size += end + 1
		// RFC 9112, section 2.2: "a recipient MAY recognize a single LF as a line
		// terminator".
		fault(!found, 400, "end of a line")
		switch {
		case first:
			h.requestLine(line, fault)
		case line != "":
			host := h.field(line, fault)
			// Section 3.2: "more than one Host header field line".
			fault(host && hosts > 0, 400, "two hosts")
			if host {
				hosts++
			}
		default:
			// Section 3.2: "that lacks a Host header field".
			fault(hosts == 0, 400, "no host")
			return h
		}
		if len(h.Faults) > 0 {
			return h
		}
	}
}

// requestLine reads the first line (section 3): "request-line = method SP request-target SP
// HTTP-version".
func (h *Head) requestLine(line string, fault func(bool, int, string)) {
	parts := aRequestLine.FindStringSubmatch(line)
	if parts == nil {
		fault(true, 400, "request line")
		return
	}
	h.Method, h.Target = parts[1], parts[2]
	version := parts[3] + "." + parts[4]
	fault(version == "1.0", 426, "HTTP version")
	fault(version != "1.0" && version != "1.1", 505, "HTTP version")
	if url := aURL.FindStringSubmatch(h.Target); url != nil {
		h.Host, h.Target = url[1], url[2]
		// RFC 6455, section 3: the resource name has "/" if the path is empty.
		if h.Target == "" {
			h.Target = "/"
		}
		valid := anAuthority.MatchString(h.Host) && !strings.ContainsAny(h.Host, "%[")
		fault(!valid, 400, "host of the target")
	}
	path, _, _ := strings.Cut(h.Target, "?")
	fault(!aPath.MatchString(h.Target), 400, "target")
	fault(strings.Contains(anEscape.ReplaceAllString(path, ""), "%"), 400, "escape in the target")
}

// field reads the line of a field. It reports whether it is Host.
func (h *Head) field(line string, fault func(bool, int, string)) (host bool) {
	parts := aField.FindStringSubmatch(line)
	if parts == nil {
		fault(true, 400, "field")
		return false
	}
	name, value := parts[1], strings.TrimRight(parts[2], " \t")
	h.Fields = append(h.Fields, [2]string{name, value})
	switch model.Lower(name) {
	case "content-length", "transfer-encoding":
		fault(true, 400, "body")
	case "expect":
		// RFC 9110, section 10.1.1: "containing a member other than 100-continue MAY respond
		// with a 417 (Expectation Failed) status code".
		fault(model.Lower(value) != "100-continue", 417, "expectation")
	case "host":
		fault(!anAuthority.MatchString(value), 400, "host")
		// Section 3.2.2: "the origin server MUST ignore the received Host header field
		// (if any) and instead replace it with the host information of the
		// request-target".
		if h.Host == "" {
			h.Host = value
		}
		return true
	}
	return false
}
