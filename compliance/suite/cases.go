package suite

import (
	"fmt"
)

// numberedGroups are functions that return Autobahn's cases, one group each, in Autobahn's order.
var numberedGroups = []func() []*Case{
	framingCases, pingCases, reservedBitCases, opcodeCases, fragmentCases, textCases, closeCases,
	performanceCases, autoFragmentCases, payloadCases, parameterCases,
}

// A letterSubgroup is a table of cases that Autobahn does not have. The first case of H.1 is H.1.1.
type letterSubgroup struct {
	id    string
	title string // in reports
	rows  func() []letterCase
	kind  Case // the sides that the cases test, and their cost
}

// letterSubgroups are the subgroups of H, the opening handshake of servers; L, lengths and masks;
// X, extensions; R, resources; and C, clients.
var letterSubgroups = []letterSubgroup{
	{"H.1", "The request line", requestLineRows, forServers},
	{"H.2", "The version", versionRows, forServers},
	{"H.3", "The key", keyRows, forServers},
	{"H.4", "Upgrade and Connection", upgradeRows, forServers},
	{"H.5", "Other fields", fieldRows, forServers},
	{"H.6", "How the request arrives", deliveryRows, forServers},
	{"H.7", "Subprotocols", subprotocolRows, forServers},
	{"H.8", "The response", responseRows, forServers},
	{"H.9", "Bytes in and after the request", earlyRequestRows, forServers},

	{"L.1", "Lengths with their top bit set", topBitRows, forBoth},
	{"L.2", "Lengths in more bytes than needed", longFormRows, forBoth},
	{"L.3", "Announced payloads that are never sent", announcedRows, forBoth},
	{"L.4", "Invalid control frames", controlLengthRows, forBoth},
	{"L.5", "Masks", maskRows, forServers},
	{"L.6", "Boundaries of fragments and writes", boundaryRows, forBoth},
	{"L.7", "Messages that grow without end", sumRows, heavy(forBoth)},
	{"L.8", "Text that must come back unchanged", payloadRows, forBoth},
	{"L.9", "A valid message, then an invalid frame", breachRows, forBoth},

	{"X.1", "Valid offers", goodOfferRows, forServers},
	{"X.2", "Offers to decline", badOfferRows, forServers},
	{"X.3", "Malformed offers", malformedOfferRows, forServers},
	{"X.4", "Windows and context takeover", windowRows, heavy(forBoth)},
	{"X.5", "Reserved bits", compressedBitRows, forBoth},
	{"X.6", "Rare forms of compressed messages", compressedRows, forBoth},
	{"X.7", "Data that does not inflate", garbageRows, forBoth},
	{"X.8", "Bombs", bombRows, heavy(forBoth)},
	{"X.9", "Extensions that use the same bit", sameBitRows, forServers},

	{"R.1", "Floods", floodRows, heavy(forBoth)},
	{"R.2", "Sending without reading", unreadRows, heavy(forBoth)},
	{"R.3", "Requests that stall", stalledRequestRows, idle(forServers)},
	{"R.4", "Frames that stall", stalledFrameRows, forBoth},
	{"R.5", "Slow reading, small writes", slowRows, heavy(forBoth)},
	{"R.6", "Connections that are dropped", droppedRows, forServers},
	{"R.7", "Connections that are half closed", halfClosedRows, forBoth},
	{"R.8", "How TCP ends", resetRows, forServers},
	{"R.9", "Close codes and reasons", closeFrameRows, forBoth},
	{"R.10", "Frames after the close frame", afterCloseRows, forBoth},
	{"R.11", "Closing handshakes that the server begins", closedByServerRows, forServers},
	{"R.12", "Pings with a large message", largeEchoRows, heavy(forBoth)},

	{"C.1", "The status of the response", statusRows, forClients},
	{"C.2", "Upgrade and Connection of the response", replyFieldRows, forClients},
	{"C.3", "Sec-WebSocket-Accept", acceptRows, forClients},
	{"C.4", "The subprotocol of the response", replyProtocolRows, forClients},
	{"C.5", "The extensions of the response", replyExtensionRows, forClients},
	{"C.6", "How the response arrives", replyDeliveryRows, forClients},
	{"C.7", "Masked frames", maskedRows, forClients},
	{"C.8", "The request and masking keys of the client", clientRequestRows, forClients},
	{"C.9", "A response that stalls", stalledReplyRows, idle(forClients)},
	{"C.10", "Redirects, 401 and 426", otherAnswerRows, forClients},
	{"C.11", "TLS", tlsRows, forClients},
	{"C.12", "Bytes in and after the response", earlyResponseRows, forClients},
}

// all is every case, in order. The cases are immutable.
var all = func() []*Case {
	var cases []*Case
	for _, g := range numberedGroups {
		cases = append(cases, g()...)
	}
	for _, g := range letterSubgroups {
		cases = append(cases, g.cases()...)
	}
	return cases
}()

// Titles returns the title of each subgroup of the letter groups, by its id, such as "H.1".
func Titles() map[string]string {
	titles := map[string]string{}
	for _, g := range letterSubgroups {
		titles[g.id] = g.title
	}
	return titles
}

// cases returns the cases of a subgroup. The number in an id is the position of the row, so new rows must
// be added at the end.
func (g letterSubgroup) cases() []*Case {
	var cases []*Case
	for i, r := range g.rows() {
		c := g.kind
		c.ID, c.Description, c.Expectation = fmt.Sprintf("%s.%d", g.id, i+1), r.what, r.want
		c.Rule, c.script = r.rule, r.play
		cases = append(cases, &c)
	}
	return cases
}

// numbers are the positions of the cases in Autobahn's numbering, from 1.
var numbers = func() map[string]int {
	m := map[string]int{}
	for _, c := range all {
		if '0' <= c.ID[0] && c.ID[0] <= '9' {
			m[c.ID] = len(m) + 1
		}
	}
	return m
}()

func (c *Case) number() int { return numbers[c.ID] }
