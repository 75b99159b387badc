package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/exchange"
	"github.com/hawser-ws/hawser/wire"
)

// A responseFault changes a valid response. section is that of the rule that it breaks, or
// "" if the response is no longer HTTP. The error must contain want.
type responseFault struct {
	change  func(string) string
	section string
	want    string
}

// replaced returns a function that replaces old by new once.
func replaced(old, new string) func(string) string {
	return func(s string) string {
		if !strings.Contains(s, old) {
			panic(old + " is not in the response")
		}
		return strings.Replace(s, old, new, 1)
	}
}

// added returns a function that adds one or more lines.
func added(line string) func(string) string { return replaced("\r\n\r\n", "\r\n"+line+"\r\n\r\n") }

// wantResponseFaults checks that Dial finds each fault. It offers the subprotocols a and b,
// and the extensions x-one, x-two and x-bad, whose Confirm always fails.
func wantResponseFaults(t *testing.T, rows map[string]responseFault) {
	bad := errors.New("not like that")
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			one := &offeredExtension{name: "x-one"}
			_, _, err := verdict(t, DialOptions{
				Subprotocols: []string{"a", "b"},
				Extensions: []wire.Extension{
					one, &offeredExtension{name: "x-two"}, &offeredExtension{name: "x-bad", err: bad},
				},
			}, func(rc *scriptConn) string { return row.change(rc.accept()) })
			var he *HandshakeError
			if !errors.As(err, &he) || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("got error %v, want one with %q", err, row.want)
			}
			if (he.Section == "") != (row.section == "") || !strings.HasSuffix(he.Section, row.section) {
				t.Errorf("got section %q, want %q", he.Section, row.section)
			}
			if n := len(one.answers); n != one.closed {
				t.Errorf("%d sessions were made, but %d closed", n, one.closed)
			}
		})
	}
}

// A response with a single fault in the upgrade to WebSocket fails the handshake.
func TestResponseUpgradeFaults(t *testing.T) {
	checkLeaks(t)
	wantResponseFaults(t, map[string]responseFault{
		"status 200": {
			replaced("101 Switching Protocols", "200 OK"), "4.1", "server answered 200 OK",
		},
		"status 100": {
			replaced("101 Switching Protocols", "100 Continue"), "", "HandshakeTimeout",
		},
		"status 1010":            {replaced("101 ", "1010 "), "", "malformed HTTP status"},
		"HTTP/1.0":               {replaced("HTTP/1.1", "HTTP/1.0"), "7.8", `"HTTP/1.0"`},
		"HTTP/2.0":               {replaced("HTTP/1.1", "HTTP/2.0"), "7.8", `"HTTP/2.0"`},
		"not HTTP":               {replaced("HTTP/1.1", "SSH-2.0-x"), "", "malformed HTTP version"},
		"a line without a colon": {added("Evil"), "", "malformed MIME header"},
		"a space before a colon": {replaced("Upgrade:", "Upgrade :"), "4.1", "Upgrade is []"},
		"no Upgrade":             {replaced("Upgrade: websocket\r\n", ""), "4.1", "Upgrade is []"},
		"another Upgrade":        {replaced("websocket", "h2c"), "4.1", `Upgrade is ["h2c"]`},
		"a longer Upgrade":       {replaced("websocket", "websocket2"), "4.1", "Upgrade is"},
		"Upgrade list":           {replaced("websocket", "websocket, h2c"), "4.1", "Upgrade is"},
		"Upgrade version":        {replaced("websocket", "websocket/13"), "4.1", "Upgrade is"},
		"Upgrade twice":          {added("Upgrade: websocket"), "4.1", "Upgrade is"},
		"Upgrade: Kelvin sign":   {replaced("websocket", "websoc\u212aet"), "4.1", "Upgrade is"},
		"Upgrade: long s":        {replaced("websocket", "web\u017focket"), "4.1", "Upgrade is"},
		"no Connection":          {replaced("Connection: Upgrade\r\n", ""), "4.1", "Connection is []"},
		"another Connection": {
			replaced("Connection: Upgrade", "Connection: keep-alive"), "4.1", "Connection is",
		},
		"similar Connections": {
			replaced("Connection: Upgrade", "Connection: upgrades, xupgrade"), "4.1", "Connection is",
		},
		"no accept": {
			replaced("Sec-WebSocket-Accept", "X-Accept"), "4.1", "Sec-WebSocket-Accept is []",
		},
		"accept of another key": {
			replaced("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: "+wire.AcceptKey("x")+"\r\nX: "),
			"4.1", "Sec-WebSocket-Accept is",
		},
		"accept twice": {
			added("Sec-WebSocket-Accept: " + wire.AcceptKey("x")), "11.3.3", "has 2 values",
		},
		"accept and a byte more": {replaced("=\r\n", "=x\r\n"), "4.1", "Sec-WebSocket-Accept is"},
		"accept in another case": {strings.ToUpper, "4.1", "Sec-WebSocket-Accept is"},
	})
}

// A response with a single fault in the choice of a subprotocol or an extension fails the
// handshake.
func TestResponseChoiceFaults(t *testing.T) {
	checkLeaks(t)
	wantResponseFaults(t, map[string]responseFault{
		"unoffered subprotocol":   {added("Sec-WebSocket-Protocol: c"), "4.1", `subprotocol "c"`},
		"subprotocol, other case": {added("Sec-WebSocket-Protocol: A"), "4.1", `subprotocol "A"`},
		"two subprotocols":        {added("Sec-WebSocket-Protocol: a, b"), "4.1", `subprotocol "a, b"`},
		"subprotocol and nothing": {added("Sec-WebSocket-Protocol: a,"), "4.1", `subprotocol "a,"`},
		"two empty subprotocols": {
			added("Sec-WebSocket-Protocol:\r\nSec-WebSocket-Protocol:"), "11.3.4", "has 2 values",
		},
		"two subprotocol fields": {
			added("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a"), "11.3.4", "has 2 values",
		},
		"unoffered extension": {
			added("Sec-WebSocket-Extensions: permessage-deflate"),
			"4.1", `"permessage-deflate", which was not offered`,
		},
		"extension, other case": {
			added("Sec-WebSocket-Extensions: X-ONE"), "4.1", `"X-ONE", which was not offered`,
		},
		"unoffered, second": {
			added("Sec-WebSocket-Extensions: x-one, bogus"), "4.1", `"bogus", which was not offered`,
		},
		"two extensions":     {added("Sec-WebSocket-Extensions: x-one, x-two"), "9.1", "chose 2 extensions"},
		"an extension twice": {added("Sec-WebSocket-Extensions: x-one, x-one"), "9.1", "chose 2 extensions"},
		"two extension fields": {
			added("Sec-WebSocket-Extensions: x-one\r\nSec-WebSocket-Extensions: x-two"),
			"11.3.2", "has 2 values",
		},
		"extension syntax":  {added("Sec-WebSocket-Extensions: x-one; =1"), "9.1", "at byte"},
		"a semicolon alone": {added("Sec-WebSocket-Extensions: ;"), "9.1", `Sec-WebSocket-Extensions is ";"`},
		"two empty extensions": {
			added("Sec-WebSocket-Extensions:\r\nSec-WebSocket-Extensions:"), "11.3.2", "has 2 values",
		},
		"unconfirmed extension": {added("Sec-WebSocket-Extensions: x-bad"), "4.1", "not like that"},
	})
}

// Unusual responses that conform to the RFCs are accepted.
func TestResponseAccepted(t *testing.T) {
	checkLeaks(t)
	rows := map[string]func(rc *scriptConn) string{
		"other cases": func(rc *scriptConn) string {
			return "HTTP/1.1 101\r\nuPGRADE: WebSocket\r\nCONNECTION: keep-alive , UPGRADE\r\n" +
				"sec-websocket-accept:  \t" + wire.AcceptKey(rc.field(FieldKey)) + " \r\n\r\n"
		},
		"line feeds alone": func(rc *scriptConn) string { return strings.ReplaceAll(rc.accept(), "\r", "") },
		"two Connection fields": func(rc *scriptConn) string {
			return strings.Replace(rc.accept(), "Connection: Upgrade",
				"Connection: keep-alive\r\nConnection: upgrade", 1)
		},
		"interim responses": func(rc *scriptConn) string {
			return "HTTP/1.1 100 Continue\r\n\r\n" +
				"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 5\r\n\r\n" + rc.accept()
		},
		// RFC 9112, section 6.3: a 1xx response has no body, whatever its header says.
		"Content-Length":    func(rc *scriptConn) string { return rc.accept("Content-Length: 7") },
		"Transfer-Encoding": func(rc *scriptConn) string { return rc.accept("Transfer-Encoding: chunked") },
		"another field": func(rc *scriptConn) string {
			return rc.accept("Sec-WebSocket-Version: 13", "Date: today")
		},
	}
	for name, f := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mustHello(t, "ws://host/", pipeOptions(t, func(rc *scriptConn) {
					rc.say(f(rc) + helloFrame)
					waitClosed(rc)
				}))
			})
		})
	}
}

// Some servers send empty fields to choose nothing. Dial accepts them.
func TestResponseEmptyFields(t *testing.T) {
	checkLeaks(t)
	for _, row := range []struct{ peer, response string }{
		{".NET HttpListener", "HTTP/1.1 101 Switching Protocols\r\n" +
			"Sec-WebSocket-Protocol: \r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Server: Microsoft-HTTPAPI/2.0\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"},
		{"Kitura", "HTTP/1.1 101 Switching Protocols\r\n" +
			"Sec-WebSocket-Extensions: \r\nupgrade: websocket\r\n" +
			"sec-websocket-accept: {accept}\r\nconnection: upgrade\r\n\r\n"},
		{"both", "HTTP/1.1 101 x\r\n" +
			"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n" +
			"Sec-WebSocket-Protocol: , ,\t,\r\nSec-WebSocket-Extensions:,\t,,\r\n\r\n"},
	} {
		x := &offeredExtension{name: "x-one"}
		offers := DialOptions{Subprotocols: []string{"a"}, Extensions: []wire.Extension{x}}
		for _, opts := range []DialOptions{{}, offers} {
			got, _, err := verdict(t, opts, func(rc *scriptConn) string {
				return strings.Replace(row.response, "{accept}", wire.AcceptKey(rc.field(FieldKey)), 1)
			})
			if got != "" || err != nil || len(x.answers) != 0 {
				t.Errorf("%s: got subprotocol %q, answers %v, error %v; want none",
					row.peer, got, x.answers, err)
			}
		}
	}
}

// Dial returns the subprotocol that the server has chosen, and confirms the extension with
// its parameters.
func TestResponseChoices(t *testing.T) {
	checkLeaks(t)
	for _, want := range []string{"", "a", "b"} {
		got, _, err := verdict(t, DialOptions{Subprotocols: []string{"a", "b"}}, func(rc *scriptConn) string {
			if want == "" {
				return rc.accept()
			}
			return rc.accept("Sec-WebSocket-Protocol: " + want)
		})
		if got != want || err != nil {
			t.Errorf("got subprotocol %q, %v; want %q", got, err, want)
		}
	}
	one, two := &offeredExtension{name: "x-one"}, &offeredExtension{name: "x-two"}
	_, _, err := verdict(t, DialOptions{Extensions: []wire.Extension{one, two}}, func(rc *scriptConn) string {
		return rc.accept(`Sec-WebSocket-Extensions: x-two; q="3"; z`)
	})
	want := []wire.Param{{Name: "q", Value: "3"}, {Name: "z"}}
	if err != nil || len(one.answers) != 0 || len(two.answers) != 1 ||
		!slices.Equal(two.answers[0].Params, want) {
		t.Errorf("got answers %v and %v, %v; want x-two with %v", one.answers, two.answers, err, want)
	}
	if two.closed != 1 {
		t.Errorf("the session was closed %d times, want 1", two.closed)
	}
}

// If the context ends while the extension is confirmed, Dial closes the session.
func TestResponseTooLate(t *testing.T) {
	checkLeaks(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		x := &offeredExtension{name: "x-one"}
		opts := pipeOptions(t, func(rc *scriptConn) {
			rc.say(rc.accept("Sec-WebSocket-Extensions: x-one"))
			waitClosed(rc)
		})
		opts.Extensions = []wire.Extension{canceling{x, cancel}}
		_, resp, err := Dial(ctx, "ws://host/", opts)
		if !errors.Is(err, context.Canceled) || resp == nil {
			t.Errorf("Dial: got response %v, error %v; want a response, context.Canceled", resp, err)
		}
		if len(x.answers) != 1 || x.closed != 1 {
			t.Errorf("%d sessions were made, and %d closed; want 1 and 1", len(x.answers), x.closed)
		}
	})
}

// A canceling extension cancels the context of Dial in Confirm.
type canceling struct {
	*offeredExtension
	cancel context.CancelFunc
}

func (x canceling) Confirm(answer wire.ExtensionSpec) (wire.Session, error) {
	x.cancel()
	return x.offeredExtension.Confirm(answer)
}

// Dial returns the start of a refusal's body, whatever its framing. The error quotes text
// that is meant for people.
func TestResponseBody(t *testing.T) {
	checkLeaks(t)
	long := strings.Repeat("0123456789abcdef", 1000)
	const plain = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\n"
	const no = "403 Forbidden (RFC"
	rows := map[string]struct{ answer, body, text string }{
		"length": {plain + "Content-Length: 4\r\n\r\nno!\n", "no!\n", `403 Forbidden: "no!" (RFC`},
		"chunked": {
			plain + "Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n1\r\n!\r\n0\r\n\r\n", "no!", `: "no!"`,
		},
		"cut short":   {plain + "Content-Length: 40\r\n\r\nno!", "no!", `: "no!"`},
		"left open":   {plain + "\r\nno!\nsecond", "no!\nsecond", `: "no!"`},
		"none":        {plain + "Content-Length: 0\r\n\r\n", "", no},
		"large":       {plain + "\r\n" + long, long[:1024], `: "` + long[:120] + `..." (RFC`},
		"not shown":   {plain + "\r\na\x1b[31m\u202e", "a\x1b[31m\u202e", `: "a\x1b[31m\u202e"`},
		"bad chunks":  {plain + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "", no},
		"bare status": {"HTTP/1.1 403\r\n\r\n", "", no},
		"a phrase":    {"HTTP/1.1 403 Go away\r\n\r\n", "", `server answered 403 "Go away" (RFC`},
		"JSON": {
			"HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\n\r\n" +
				"{\n  \"title\": \"no\"\n}",
			"{\n  \"title\": \"no\"\n}",
			"403 Forbidden: `{\"title\":\"no\"}` (RFC",
		},
		"HTML": {
			"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\r\n" +
				"<html>\r\n<head><title>403 Forbidden</title></head>\r\n",
			"<html>\r\n<head><title>403 Forbidden</title></head>\r\n",
			`403 Forbidden: "403 Forbidden" (RFC`,
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			_, body, err := verdict(t, DialOptions{}, func(*scriptConn) string { return row.answer })
			if body != row.body {
				t.Errorf("got body %.50q (%d bytes), want %.50q (%d bytes)",
					body, len(body), row.body, len(row.body))
			}
			var he *HandshakeError
			if !errors.As(err, &he) || he.Status != 403 || !strings.Contains(err.Error(), row.text) {
				t.Errorf("got error %v, want one with %q", err, row.text)
			}
		})
	}
}

// Limits.MaxResponseHeader does not apply to the body.
func TestResponseBodyUnderHeaderLimit(t *testing.T) {
	checkLeaks(t)
	want := strings.Repeat("x", exchange.MaxBody)
	_, body, _ := verdict(t, DialOptions{Limits: Limits{MaxResponseHeader: 100}}, func(*scriptConn) string {
		return "HTTP/1.1 403 No\r\n\r\n" + want
	})
	if body != want {
		t.Errorf("got a body of %d bytes, want %d", len(body), len(want))
	}
}

// Dial waits only a second for the body of a refusal, not for the whole HandshakeTimeout.
func TestResponseBodyLate(t *testing.T) {
	checkLeaks(t)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		mustFail(t, "ws://host/", pipeOptions(t, func(rc *scriptConn) {
			rc.say("HTTP/1.1 503 Busy\r\nContent-Length: 10\r\n\r\n")
			waitClosed(rc)
		}), "503")
		if took := time.Since(start); took != exchange.BodyTimeout {
			t.Errorf("took %v, want %v", took, exchange.BodyTimeout)
		}
	})
}

// Dial reads a response header up to MaxResponseHeader. Interim responses count.
func TestResponseHeaderLimit(t *testing.T) {
	checkLeaks(t)
	rows := map[string]struct {
		limit int64
		extra int // bytes in an additional header field
		front string
		ok    bool
	}{
		"default, 60 KiB more": {0, 60 << 10, "", true},
		"default, 64 KiB more": {0, 64 << 10, "", false},
		"no limit, 1 MiB":      {-1, 1 << 20, "", true},
		"at the limit":         {200 + 129, 200 - len("X: \r\n"), "", true},
		"beyond the limit":     {200 + 129, 201 - len("X: \r\n"), "", false},
		"interim responses":    {0, 10, strings.Repeat("HTTP/1.1 103 Hints\r\n\r\n", 4000), false},
		"interim, unlimited":   {-1, 10, strings.Repeat("HTTP/1.1 103 Hints\r\n\r\n", 4000), true},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			opts := DialOptions{Limits: Limits{MaxResponseHeader: row.limit}}
			_, _, err := verdict(t, opts, func(rc *scriptConn) string {
				if n := len(rc.accept()); n != 129 {
					t.Errorf("the plain response has %d bytes, want 129", n)
				}
				return row.front + rc.accept("X: "+strings.Repeat("x", row.extra)) + helloFrame
			})
			if row.ok != (err == nil) ||
				!row.ok && !strings.Contains(err.Error(), "Limits.MaxResponseHeader") {
				t.Errorf("got error %v, want one that names the limit: %v", err, !row.ok)
			}
		})
	}
}

// An error is brief even if the response has a long line or many lines.
func TestResponseErrorIsBrief(t *testing.T) {
	for name, response := range map[string]string{
		"line":    strings.Repeat("é", 10_000) + "\r\n\r\n",
		"Upgrade": "HTTP/1.1 101 x\r\n" + strings.Repeat("Upgrade: x\r\n", 1000) + "\r\n",
		"Connection": "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n" +
			strings.Repeat("Connection: x\r\n", 1000) + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			_, _, err := verdict(t, DialOptions{}, func(*scriptConn) string { return response })
			if n := len(fmt.Sprint(err)); err == nil || n > 400 {
				t.Errorf("got an error of %d bytes, want 400 at most: %.100v", n, err)
			}
		})
	}
}
