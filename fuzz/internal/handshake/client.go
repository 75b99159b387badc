package handshake

import (
	"bufio"
	"bytes"
	"net/http"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
)

// A Client is what the model knows of a client: its options and its last request.
type Client struct {
	Key          string            // Sec-WebSocket-Key of the request
	Subprotocols []string          // that were offered
	Offers       []model.Extension // that were made
	MaxHeader    int               // octets of the response's header, interim ones included
}

// A Verdict is what a client must make of a response.
type Verdict struct {
	Accept      bool
	Final       bool   // there was a response that is not an interim one
	Status      int    // of that
	Why         string // it is refused
	Subprotocol string
	Extensions  []string // values of the field as they stand in the response
	Header      int      // octets up to the end of the header
}

// Check judges what a server has sent (section 4.1). Interim responses are passed
// over.
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
	// Item 1. The protocol is switched in HTTP/1.1 alone.
	wrong(resp.StatusCode != 101, "status")
	wrong(resp.ProtoMajor != 1 || resp.ProtoMinor < 1, "HTTP version")
	// Items 2 to 4.
	upgrade := Values(h, "Upgrade")
	wrong(len(upgrade) != 1 || model.Lower(upgrade[0]) != "websocket", "Upgrade")
	wrong(!model.Lists(Values(h, "Connection"), "upgrade"), "Connection")
	accept := Values(h, "Sec-WebSocket-Accept")
	wrong(len(accept) != 1 || accept[0] != model.AcceptKey(c.Key), "accept key")
	// Item 6, and section 11.3.4: at most once in a response. Unlike section 4.2.2 has
	// it, a field with nothing but commas is none.
	protocols := Values(h, "Sec-WebSocket-Protocol")
	wrong(len(protocols) > 1, "subprotocol")
	if len(protocols) == 1 && strings.Trim(protocols[0], ", \t") != "" {
		wrong(!slices.Contains(c.Subprotocols, protocols[0]), "subprotocol")
		v.Subprotocol = protocols[0]
	}
	// Item 5, and section 11.3.2. The same of section 9.1.
	v.Extensions = Values(h, "Sec-WebSocket-Extensions")
	all, fault := model.Extensions(v.Extensions)
	wrong(len(v.Extensions) > 1 || fault != nil || len(all) > 1, "extensions")
	wrong(len(all) > 0 && !Confirms(c.Offers, all[0]), "extension")
}
