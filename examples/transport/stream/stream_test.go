package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/wire"
	"github.com/hawser-ws/hawser/wire/wiretest"
)

// The package does not depend on net/http, and on no package of this project but wire.
func TestImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "github.com/hawser-ws/hawser/wire") {
		t.Error("the package does not depend on wire")
	}
	for _, dep := range deps {
		switch name, _, _ := strings.Cut(dep, "/"); {
		case dep == "net/http":
			t.Error("the package depends on net/http")
		case !strings.Contains(name, "."), // the standard library
			dep == "github.com/hawser-ws/hawser/wire",
			dep == "github.com/hawser-ws/hawser/examples/transport/stream":
		default:
			t.Errorf("the package depends on %s", dep)
		}
	}
}

// A script is the transport of a Stream. The other end sends the bytes of in, and receives those of out.
type script struct {
	in  io.Reader
	out bytes.Buffer
}

func (s *script) Read(p []byte) (int, error)  { return s.in.Read(p) }
func (s *script) Write(p []byte) (int, error) { return s.out.Write(p) }

// answers returns the frames in s.out, which role has sent.
func (s *script) answers(t *testing.T, role wire.Role) (all []string) {
	t.Helper()
	dec := wire.Decoder{Role: 1 - role, MaxControls: -1} // a server reads the frames of a client
	for b := s.out.Bytes(); len(b) > 0; {
		f, n, err := dec.Next(b)
		if err != nil || !f.EndsFrame() {
			t.Fatalf("the answer has an incomplete or invalid frame: %+v, %v", f, err)
		}
		b = b[n:]
		what := strconv.Quote(string(f.Payload))
		if f.Kind == wire.KindClose {
			code, _, _ := wire.ConsumeClose(f.Payload)
			what = code.String()
		}
		all = append(all, f.Kind.String()+" "+what)
	}
	return all
}

// For each stream of package wiretest, the error and the answers are as expected, whether it arrives at once
// or byte by byte.
func TestEnds(t *testing.T) {
	ran := 0
	for _, st := range wiretest.Streams() {
		d := &st.Decoder
		if d.RSV|d.FrameRSV != 0 || d.MaxFrame != 0 || d.MaxMessage != 0 ||
			d.MaxEmptyFragments != 0 || d.MaxControls != 0 || d.AllowInvalidUTF8 {
			continue // a Stream has the default limits, has no extension, and validates text
		}
		ran++
		t.Run(st.Name, func(t *testing.T) {
			testEnd(t, st, &script{in: bytes.NewReader(st.Bytes)})
			testEnd(t, st, &script{in: iotest.OneByteReader(bytes.NewReader(st.Bytes))})
		})
	}
	if ran < 100 {
		t.Errorf("tested %d streams, want at least 100", ran)
	}
}

func testEnd(t *testing.T, st wiretest.Stream, other *script) {
	t.Helper()
	s := New(other, st.Decoder.Role)
	var err error
	for err == nil {
		_, _, err = s.Receive()
	}
	if _, _, again := s.Receive(); again != err {
		t.Errorf("the second error is %v, want %v again", again, err)
	}

	var want []string // the answers
	for _, f := range st.Frames {
		if f.Kind == wire.KindPing {
			want = append(want, fmt.Sprintf("pong %q", f.Payload))
		}
	}
	var closed *CloseError
	switch {
	case st.Violation != 0:
		if !errors.Is(err, st.Violation) {
			t.Errorf("got %v, want %v", err, st.Violation)
		}
		want = append(want, "close "+st.Violation.Code().String())
	case st.Closed:
		code, reason, _ := wire.ConsumeClose(st.Frames[len(st.Frames)-1].Payload)
		if !errors.As(err, &closed) || closed.Code != code || closed.Reason != string(reason) {
			t.Errorf("got %v, want %v %q", err, code, reason)
		}
		want = append(want, "close "+code.String())
	case err != io.ErrUnexpectedEOF:
		t.Errorf("got %v, want %v", err, io.ErrUnexpectedEOF)
	}
	if diff := cmp.Diff(want, other.answers(t, st.Decoder.Role)); diff != "" {
		t.Errorf("answers differ (-want +got):\n%s", diff)
	}
}

// A message in fragments, with control frames between them, arrives complete, however the bytes are cut.
func TestFragments(t *testing.T) {
	for _, role := range []wire.Role{wire.Server, wire.Client} {
		var sent script
		other := New(&sent, 1-role)
		if err := errors.Join(
			other.Send(wire.OpText, []byte("Gr\xc3"), []byte("\xbc"), nil, []byte("ße")),
			other.Ping(nil),
			other.Send(wire.OpBinary, nil),
			other.Send(wire.OpBinary, bytes.Repeat([]byte{0xff}, 70_000)),
		); err != nil {
			t.Fatal(err)
		}
		for name, in := range map[string]io.Reader{
			"at once":      bytes.NewReader(sent.out.Bytes()),
			"byte by byte": iotest.OneByteReader(bytes.NewReader(sent.out.Bytes())),
			"with EOF":     iotest.DataErrReader(bytes.NewReader(sent.out.Bytes())),
		} {
			s := New(&script{in: in}, role)
			long := "binary " + strings.Repeat("\xff", 70_000)
			for _, want := range []string{"text Grüße", "binary ", long} {
				op, p, err := s.Receive()
				if diff := cmp.Diff(want, op.String()+" "+string(p)); err != nil || diff != "" {
					t.Errorf("%v, %s: %v; message differs (-want +got):\n%s", role, name, err, diff)
				}
			}
		}
	}
}

// RFC 6455, section 5.3: "The masking key is a 32-bit value chosen at random by the
// client. When preparing a masked frame, the client MUST pick a fresh masking key
// from the set of allowed 32-bit values."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.3
func TestMaskingKeys(t *testing.T) {
	var other script
	s := New(&other, wire.Client)
	for range 4 {
		if err := s.Send(wire.OpText, []byte("a"), []byte("b")); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[[4]byte]bool{}
	for b := other.out.Bytes(); len(b) > 0; {
		h, n, err := wire.ConsumeHeader(b)
		if err != nil {
			t.Fatal(err)
		}
		if !h.Masked || seen[h.Key] {
			t.Errorf("a frame is masked: %v, with a key that was used before: %v", h.Masked, seen[h.Key])
		}
		seen[h.Key] = true
		b = b[n+int(h.Length):]
	}
	if len(seen) != 8 {
		t.Errorf("8 frames have %d different masking keys, want 8", len(seen))
	}
}

// Messages of many senders arrive complete at one receiver.
func TestSenders(t *testing.T) {
	var sending sync.WaitGroup
	defer sending.Wait()
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	for _, c := range []net.Conn{client, server} {
		c.SetDeadline(time.Now().Add(time.Minute))
	}
	from, to := New(client, wire.Client), New(server, wire.Server)
	const senders, messages = 8, 20
	for i := range senders {
		text := []byte(strings.Repeat(string(rune('a'+i)), 1000))
		sending.Go(func() {
			for range messages {
				if err := from.Send(wire.OpText, text[:300], text[300:]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range senders * messages {
		_, p, err := to.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if len(p) == 0 {
			t.Fatal("received an empty message")
		}
		if diff := cmp.Diff(strings.Repeat(string(p[:1]), 1000), string(p)); diff != "" {
			t.Fatalf("message differs (-want +got):\n%s", diff)
		}
	}
}

// After a failed write, nothing more is sent, because the stream may have half a frame.
func TestBroken(t *testing.T) {
	client, server := net.Pipe()
	s := New(client, wire.Client)
	client.SetDeadline(time.Unix(1, 0))
	first := s.Send(wire.OpText, nil)
	server.Close() // a second write would return another error
	if err := s.Send(wire.OpText, nil); err == nil || err != first {
		t.Errorf("after %v: %v", first, err)
	}
}
