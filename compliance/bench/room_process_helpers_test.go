//go:build unix

package bench

import (
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/internal/measure"
)

// A roomProcess is a room in a process of its own.
type roomProcess struct {
	*measure.Server
	tb testing.TB
}

// startRoom starts the room of that name. stalls says whether some of its connections will stop reading.
func startRoom(tb testing.TB, name string, stalls bool) roomProcess {
	tb.Helper()
	return roomProcess{measure.StartServer(tb, fmt.Sprint("room ", name, " ", stalls)), tb}
}

// runRoom runs the room that startRoom named.
func runRoom(ln net.Listener, args string) error {
	var name string
	var stalls bool
	if _, err := fmt.Sscan(args, &name, &stalls); err != nil {
		return err
	}
	if stalls {
		ln = smallBuffers{ln}
	}
	for _, s := range rooms {
		if s.name == name {
			r := s.open()
			go serveHTTP(ln, r)
			return measure.Answer(ln.Addr(), func(question string) (string, error) { return ask(r, question) })
		}
	}
	return fmt.Errorf("no room is named %q", name)
}

// ask answers a question to a room.
func ask(r room, question string) (string, error) {
	var first uint64
	var n, size int
	switch _, err := fmt.Sscanf(question, "broadcast %d %d %d", &first, &n, &size); {
	case err == nil:
		for i := range uint64(n) {
			r.broadcast(message(first+i, size))
		}
		return "done", nil
	case question == "size":
		return strconv.Itoa(r.size()), nil
	case question == "cpu":
		return cpuTime()
	}
	return "", fmt.Errorf("unknown question %q", question)
}

// broadcast makes the room send n messages of size bytes, with ids from first.
func (p roomProcess) broadcast(first uint64, n, size int) {
	p.tb.Helper()
	p.Ask(fmt.Sprintf("broadcast %d %d %d", first, n, size))
}

// await waits until the room has n connections.
func (p roomProcess) await(n int) {
	p.tb.Helper()
	awaitSize(p.tb, n, func() int {
		size, err := strconv.Atoi(p.Ask("size"))
		if err != nil {
			p.tb.Fatal(err)
		}
		return size
	})
}

func awaitSize(tb testing.TB, n int, size func() int) {
	tb.Helper()
	for end := time.Now().Add(patience); size() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("the room has %d connections, want %d", size(), n)
		}
	}
}

// message returns a message of size bytes, with its id and the time.
func message(id uint64, size int) []byte {
	p := binary.BigEndian.AppendUint64(make([]byte, 0, size), id)
	p = binary.BigEndian.AppendUint64(p, uint64(time.Now().UnixNano()))
	return p[:size]
}

// parse returns the id of a message, and the time since it was made.
func parse(p []byte) (id uint64, age time.Duration) {
	sent := time.Unix(0, int64(binary.BigEndian.Uint64(p[8:])))
	return binary.BigEndian.Uint64(p), time.Since(sent)
}
