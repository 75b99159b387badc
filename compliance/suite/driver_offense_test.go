package suite

import (
	"net"
	"testing"
)

// If a peer does not refuse an invalid frame, the offense is a byte that we sent.
func TestOffenseSent(t *testing.T) {
	t.Parallel()
	r := oneCase(t, serveRaw(t, swallow), "3.2")
	o := r.Offense
	if r.Passed() || o == nil || !o.Sent {
		t.Fatalf("%+v, offense %+v", r.Behavior, o)
	}
	// The second frame follows a header of six bytes and its payload.
	if at := o.Start + int64(o.Offset); at != 6+int64(len(hello)) || o.Octets[o.Offset] != 0xa1 {
		t.Errorf("the byte at %d is %#x", at, o.Octets[o.Offset])
	}
}

// If a peer sends an invalid frame, the offense is a byte that it sent.
func TestOffenseReceived(t *testing.T) {
	t.Parallel()
	r := oneCase(t, serveRaw(t, func(c net.Conn) {
		_, _ = c.Write([]byte{0x81, 2, 'o', 'k', 0x8b, 0})
		swallow(c)
	}), "1.1.1")
	o := r.Offense
	if r.Passed() || o == nil || o.Sent || o.Start != 0 || o.Offset != 4 || o.What == "" {
		t.Errorf("%s, offense %+v", r.Behavior, o)
	}
}

func TestNoOffense(t *testing.T) {
	r := oneCase(t, serveRaw(t, func(net.Conn) {}), "1.1.1")
	if r.Passed() || r.Offense != nil {
		t.Errorf("%s, offense %+v", r.Behavior, r.Offense)
	}
}

func TestRecordingIsBounded(t *testing.T) {
	var r recording
	r.add(make([]byte, maxRecorded))
	if len(r.data) != maxRecorded {
		t.Fatal(len(r.data))
	}
	r.add([]byte{1})
	r.add([]byte{1})
	if r.data != nil || !r.lost {
		t.Errorf("%d bytes are kept", len(r.data))
	}
}
