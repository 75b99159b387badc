package fuzz

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	model "github.com/hawser-ws/hawser/fuzz/internal/handshake"
	"github.com/hawser-ws/hawser/wire/handshake"
)

// The server of net/http refuses more than http.ReadRequest. It serves every seed of FuzzHandshake
// that package handshake accepts.
func TestHandshakeServer(t *testing.T) {
	served := make(chan bool, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		served <- true
	}))
	defer s.Close()
	heads := headSeeds()
	for i := range 256 {
		heads = append(heads, model.Request([]byte{byte(i / 16), byte(max(0, i-200)), byte(i)}))
	}
	accepted := 0
	for _, head := range heads {
		var r handshake.Request
		n, err := r.Consume(bytes.Clone(head))
		if err != nil {
			continue
		}
		accepted++
		nc, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Write(head[:n]); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
		nc.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 200 {
			t.Errorf("%q: net/http answers %s", head, resp.Status)
			continue
		}
		<-served
	}
	if accepted < 50 {
		t.Errorf("%d of %d heads were accepted: too few", accepted, len(heads))
	}
}
