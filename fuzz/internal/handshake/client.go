package handshake

import (
	"bufio"
	"bytes"
	"net/http"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
)

// A Client holds the options of a client and its last request.
type Client struct {
	Key          string            // Sec-WebSocket-Key of the request
	Subprotocols []string          // the offered ones
	Offers       []model.Extension // of extensions
	MaxHeader    int               // bytes of the headers of all responses
}

// A Verdict says how a client must handle a response.
type Verdict struct {
	Accept      bool
	Final       bool   // there is a response other than interim ones
	Status      int    // of that response
	Why         string // the reason to refuse it
	Subprotocol string
	Extensions  []string // values of the field in the response
	Header      int      // bytes up to the end of the header
}

// Check checks the response of a server (section 4.1). It skips interim responses.
func (c *Client) Check(stream []byte) Verdict {
	src := bytes.NewReader(stream)
	br := bufio.NewReader(src)
	for {
		resp, err := http.ReadResponse(br, &http.Request{Method: "GET"})
		v := Verdict{Header: len(stream) - src.Len() - br.Buffered()}
		switch {
		case v.Header > c.MaxHeader:
			v.Why = "header too large"
			return v
		case err != nil:
			v.Why = err.Error()
			return v
		case resp.StatusCode/100 == 1 && resp.StatusCode != 101:
			continue
		}
		v.Final, v.Status = true, resp.StatusCode
		c.check(&v, resp)
		v.Accept = v.Why == ""
		return v
	}
}

func (c *Client) check(v *Verdict, resp *http.Response) {
	wrong := func(bad bool, why string) {
		if bad && v.Why == "" {
			v.Why = why
		}
	}
	h := resp.Header
	// Item 1. Only HTTP/1.1 switches protocols.
	wrong(resp.StatusCode != 101, "status")
	wrong(resp.ProtoMajor != 1 || resp.ProtoMinor < 1, "HTTP version")
	// Items 2 to 4.
	upgrade := Values(h, "Upgrade")
	wrong(len(upgrade) != 1 || model.Lower(upgrade[0]) != "websocket", "Upgrade")
	wrong(!model.Lists(Values(h, "Connection"), "upgrade"), "Connection")
	accept := Values(h, "Sec-WebSocket-Accept")
	wrong(len(accept) != 1 || accept[0] != model.AcceptKey(c.Key), "accept key")
	// Item 6, and section 11.3.4: at most once in a response. Unlike in section 4.2.2, a
	// field with only commas counts as absent.
	protocols := Values(h, "Sec-WebSocket-Protocol")
	wrong(len(protocols) > 1, "subprotocol")
	if len(protocols) == 1 && strings.Trim(protocols[0], ", \t") != "" {
		wrong(!slices.Contains(c.Subprotocols, protocols[0]), "subprotocol")
		v.Subprotocol = protocols[0]
	}
	// Item 5, and sections 9.1 and 11.3.2.
	v.Extensions = Values(h, "Sec-WebSocket-Extensions")
	all, fault := model.Extensions(v.Extensions)
	wrong(len(v.Extensions) > 1 || fault != nil || len(all) > 1, "extensions")
	wrong(len(all) > 0 && !Confirms(c.Offers, all[0]), "extension")
}
