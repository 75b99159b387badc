package interop

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
	"github.com/hawser-ws/hawser/deflate"
)

// A handshake is a row of testdata/handshakes.txt: the settings of both sides and their fields,
// verbatim.
type handshake struct {
	peer       string
	role       string // of the peer: "client" or "server"
	asks       string // the side that asks for windows and takeover: "hawser" or "peer"
	offers     string // Options.Offers of hawser as a client, which then asks for nothing else
	serverBits int    // 0 if hawser has its default options
	clientBits int    // differs from serverBits only if the peer asks
	noTakeover bool
	unsized    bool // the peer is a client that does not offer a size for its window

	offer, answer string // the Sec-WebSocket-Extensions fields
	refused       string // part of the error of the side that refuses; "" if neither does

	// If broken is not empty the connection fails after echoes messages, with a close frame
	// with the code status, and with an error that includes broken.
	broken         string
	echoes, status int
}

// String returns the first line of a row.
func (h handshake) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s, ", h.peer, h.role)
	if h.offers != "" {
		fmt.Fprintf(&b, "hawser offers %s", h.offers)
		return b.String()
	}
	if h.unsized {
		b.WriteString("unsized, ")
	}
	switch {
	case h.serverBits == 0:
		b.WriteString("hawser defaults, ")
	case h.clientBits == h.serverBits:
		fmt.Fprintf(&b, "%s asks %d, ", h.asks, h.serverBits)
	default:
		fmt.Fprintf(&b, "%s asks %d/%d, ", h.asks, h.serverBits, h.clientBits)
	}
	if h.noTakeover {
		b.WriteString("no ")
	}
	b.WriteString("takeover")
	return b.String()
}

// options returns the options of our side. If the peer asks, ours accepts everything.
func (h handshake) options() *deflate.Options {
	if h.asks == "peer" {
		return &deflate.Options{WindowBits: 15}
	}
	return &deflate.Options{
		WindowBits:           h.serverBits,
		MaxReceiveWindowBits: h.serverBits,
		NoContextTakeover:    h.noTakeover,
		Offers:               h.offers,
	}
}

// setup returns the setup of the peer.
func (h handshake) setup() peers.Setup {
	s := peers.Setup{Role: h.role, Unsized: h.unsized}
	if h.asks == "peer" {
		s.ServerBits, s.ClientBits, s.NoTakeover = h.serverBits, h.clientBits, h.noTakeover
	}
	return s
}

// sample reports whether the row is tested by default.
func (h handshake) sample(traits traits) bool {
	defaults := h.serverBits == 0 && !h.noTakeover && h.offers == ""
	return defaults && !(traits.slow && h.role == "server")
}

// takesOver reports whether a side ("server" or "client") compresses with context takeover.
// The answer decides, and for our side also the options.
func (h handshake) takesOver(side string) bool {
	if side != h.role && h.options().NoContextTakeover {
		return false
	}
	return !strings.Contains(h.answer, side+"_no_context_takeover")
}

// windowOf returns the size of a side's window in a Sec-WebSocket-Extensions field.
func windowOf(side, field string) int {
	if m := windowBits[side].FindStringSubmatch(field); m != nil {
		bits, _ := strconv.Atoi(m[1])
		return bits
	}
	return 15
}

var windowBits = map[string]*regexp.Regexp{
	"client": regexp.MustCompile(`client_max_window_bits=(\d+)`),
	"server": regexp.MustCompile(`server_max_window_bits=(\d+)`),
}

var (
	firstLine = regexp.MustCompile(
		`^(\w+) (client|server), (unsized, )?` +
			`(hawser|peer) (?:defaults|asks (\d+)(?:/(\d+))?), (no )?takeover$`)
	offersLine = regexp.MustCompile(`^(\w+) (server), hawser offers (.+)$`)
	brokenLine = regexp.MustCompile(`^after (\d+), (\d+): (.+)$`)
)

// parseFirstLine reads the first line of a row.
func parseFirstLine(line string) (h handshake, ok bool) {
	if m := offersLine.FindStringSubmatch(line); m != nil {
		return handshake{peer: m[1], role: m[2], asks: "hawser", offers: m[3]}, true
	}
	m := firstLine.FindStringSubmatch(line)
	if m == nil {
		return h, false
	}
	h = handshake{peer: m[1], role: m[2], unsized: m[3] != "", asks: m[4], noTakeover: m[7] != ""}
	h.serverBits, _ = strconv.Atoi(m[5])
	if h.clientBits = h.serverBits; m[6] != "" {
		h.clientBits, _ = strconv.Atoi(m[6])
	}
	return h, h.String() == line
}

// parseHandshakes parses a table. Rows have no defaults.
func parseHandshakes(table string) (rows []handshake, err error) {
	seen := map[string]bool{}
	for i, line := range strings.Split(table, "\n") {
		bad := fmt.Errorf("line %d is not part of a row, or repeats one: %q", i+1, line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] != '\t':
			h, ok := parseFirstLine(line)
			if !ok || seen[line] {
				return nil, bad
			}
			seen[line] = true
			rows = append(rows, h)
		case len(rows) == 0 || !rows[len(rows)-1].add(line[1:]):
			return nil, bad
		}
	}
	return rows, nil
}

// add parses another line of the row.
func (h *handshake) add(line string) bool {
	sign, value, _ := strings.Cut(line, " ")
	switch sign {
	case ">":
		h.offer = value
	case "<":
		h.answer = value
	case "!":
		h.refused = value
	case "x":
		m := brokenLine.FindStringSubmatch(value)
		if m == nil {
			return false
		}
		h.echoes, _ = strconv.Atoi(m[1])
		h.status, _ = strconv.Atoi(m[2])
		h.broken = m[3]
	default:
		return false
	}
	return true
}

// handshakesOf returns the rows of one peer.
func handshakesOf(t *testing.T, peer string) (rows []handshake) {
	t.Helper()
	table, err := os.ReadFile("testdata/handshakes.txt")
	if err != nil {
		t.Fatal(err)
	}
	all, err := parseHandshakes(strings.ReplaceAll(string(table), "\r\n", "\n"))
	if err != nil {
		t.Fatal("testdata/handshakes.txt: ", err)
	}
	for _, h := range all {
		if h.peer == peer {
			rows = append(rows, h)
		}
	}
	return rows
}

// Every peer has rows for our default options, with and without takeover, in each of its
// roles. A server also has one for an offer without parameters. A peer with variable windows
// has a row for each window that either side asks for.
func TestTableIsComplete(t *testing.T) {
	have := map[string]bool{}
	for peer, r := range roles {
		for _, h := range handshakesOf(t, peer) {
			have[h.String()] = true
			if h.serverBits != h.clientBits { // the peer has different limits for its windows
				h.serverBits = min(h.serverBits, h.clientBits)
				h.clientBits = h.serverBits
				have[h.String()] = true
			}
		}
		for _, takeover := range []string{"takeover", "no takeover"} {
			for role := range strings.FieldsSeq(r.roles) {
				want(t, have, "%s %s, hawser defaults, %s", peer, role, takeover)
				for side := range strings.FieldsSeq(r.windows) {
					for _, bits := range []int{8, 9, 10, 12, 15} {
						want(t, have, "%s %s, %s asks %d, %s", peer, role, side, bits, takeover)
					}
				}
			}
		}
		if strings.Contains(r.roles, "server") {
			want(t, have, "%s server, hawser offers permessage-deflate", peer)
		}
	}
}

func want(t *testing.T, have map[string]bool, format string, args ...any) {
	t.Helper()
	if row := fmt.Sprintf(format, args...); !have[row] {
		t.Errorf("the table lacks the row %q", row)
	}
}

// roles has the roles of each peer and the sides that can ask for a window. A page in a
// browser cannot. netty118 has rows only for bugs that later releases of Netty fix.
var roles = map[string]struct{ roles, windows string }{
	"gws":            {"client server", "hawser peer"},
	"ws":             {"client server", "hawser peer"},
	"websockets":     {"client server", "hawser peer"},
	"chromium":       {"client", "hawser"},
	"jetty11":        {"client server", ""},
	"jetty12":        {"client server", ""},
	"tyrus":          {"client server", ""},
	"netty":          {"client server", ""},
	"nettyjdk":       {"client server", ""},
	"tornado":        {"client server", ""},
	"safari15":       {"client", ""},
	"websocketsharp": {"client", ""},
}
