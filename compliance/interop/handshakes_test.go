package interop

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
)

// A handshake is a row of testdata/handshakes.txt: who asks whom for what, and what
// both sides then say, to the letter.
type handshake struct {
	peer       string
	role       string // of the peer: "client" or "server"
	asks       string // who asks for windows and takeover: "hawser" or "peer"
	serverBits int
	clientBits int // differs from serverBits only where the peer asks
	noTakeover bool
	unsized    bool // the peer, a client, cannot size its window
	large      bool // and we let it have one of 32 KiB, with takeover

	offer, answer string // the Sec-WebSocket-Extensions fields
	refused       string // part of the error of the side that refuses, if one does
}

// String returns the first line of a row.
func (h handshake) String() string {
	bits := strconv.Itoa(h.serverBits)
	if h.clientBits != h.serverBits {
		bits += "/" + strconv.Itoa(h.clientBits)
	}
	unsized, no := "", ""
	switch {
	case h.large:
		unsized = "unsized and large, "
	case h.unsized:
		unsized = "unsized, "
	}
	if h.noTakeover {
		no = "no "
	}
	return fmt.Sprintf("%s %s, %s%s asks %s, %stakeover", h.peer, h.role, unsized, h.asks, bits, no)
}

// options are those of our side. Where the peer asks, ours has all that it can.
func (h handshake) options() *deflate.Options {
	if h.asks == "peer" {
		return &deflate.Options{WindowBits: 15}
	}
	return &deflate.Options{
		WindowBits: h.serverBits, NoContextTakeover: h.noTakeover, AllowLargeWindow: h.large,
	}
}

// setup is that of the peer.
func (h handshake) setup() setup {
	s := setup{Role: h.role, Unsized: h.unsized}
	if h.asks == "peer" {
		s.ServerBits, s.ClientBits, s.NoTakeover = h.serverBits, h.clientBits, h.noTakeover
	}
	return s
}

// takesOver reports whether messages from that side ("server", "client") take their
// context over, by the answer.
func (h handshake) takesOver(side string) bool {
	return !strings.Contains(h.answer, side+"_no_context_takeover")
}

// bits returns the window that the messages from that side are compressed with: what
// the answer says, or less if our side wants less.
func (h handshake) bits(side string) int {
	bits := 15
	if m := windowBits[side].FindStringSubmatch(h.answer); m != nil {
		bits, _ = strconv.Atoi(m[1])
	}
	if side != h.role {
		bits = min(bits, h.options().WindowBits)
	}
	return bits
}

var windowBits = map[string]*regexp.Regexp{
	"client": regexp.MustCompile(`client_max_window_bits=(\d+)`),
	"server": regexp.MustCompile(`server_max_window_bits=(\d+)`),
}

var firstLine = regexp.MustCompile(
	`^(\w+) (client|server), (unsized, |unsized and large, )?(hawser|peer) asks (\d+)(?:/(\d+))?, (no )?takeover$`)

// parseHandshakes reads a table. Its rows have no defaults: what stands there is
// what is compared.
func parseHandshakes(table string) (rows []handshake, err error) {
	seen := map[string]bool{}
	for i, line := range strings.Split(table, "\n") {
		sign, value, _ := strings.Cut(strings.TrimLeft(line, "\t"), " ")
		indented := strings.HasPrefix(line, "\t") && len(rows) > 0
		switch {
		case line == "" || line[0] == '#':
		case indented && sign == ">":
			rows[len(rows)-1].offer = value
		case indented && sign == "<":
			rows[len(rows)-1].answer = value
		case indented && sign == "!":
			rows[len(rows)-1].refused = value
		default:
			m := firstLine.FindStringSubmatch(line)
			if m == nil || seen[line] {
				return nil, fmt.Errorf("line %d is no new row: %q", i+1, line)
			}
			seen[line] = true
			h := handshake{peer: m[1], role: m[2], asks: m[4], noTakeover: m[7] != ""}
			h.unsized, h.large = m[3] != "", m[3] == "unsized and large, "
			h.serverBits, _ = strconv.Atoi(m[5])
			if h.clientBits = h.serverBits; m[6] != "" {
				h.clientBits, _ = strconv.Atoi(m[6])
			}
			rows = append(rows, h)
		}
	}
	return rows, nil
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

// Every peer has a row for each window and both kinds of takeover in each of its
// roles, whoever asks.
func TestTableIsComplete(t *testing.T) {
	type key struct {
		peer, role, asks string
		bits             int
		noTakeover       bool
	}
	have := map[key]bool{}
	for peer := range roles {
		for _, h := range handshakesOf(t, peer) {
			have[key{peer, h.role, h.asks, max(h.serverBits, h.clientBits), h.noTakeover}] = true
			have[key{peer, h.role, h.asks, min(h.serverBits, h.clientBits), h.noTakeover}] = true
		}
	}
	for peer, r := range roles {
		for _, ra := range r {
			role, asks, _ := strings.Cut(ra, " ")
			for _, bits := range []int{8, 9, 10, 12, 15} {
				for _, noTakeover := range []bool{false, true} {
					if k := (key{peer, role, asks, bits, noTakeover}); !have[k] {
						t.Errorf("no row for %+v", k)
					}
				}
			}
		}
	}
}

// roles are what each peer can do, and who can ask. A page in a browser can ask for
// nothing.
var roles = map[string][]string{
	"gws":        {"client hawser", "client peer", "server hawser", "server peer"},
	"ws":         {"client hawser", "client peer", "server hawser", "server peer"},
	"websockets": {"client hawser", "client peer", "server hawser", "server peer"},
	"chromium":   {"client hawser"},
}
