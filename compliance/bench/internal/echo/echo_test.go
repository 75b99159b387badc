package echo

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/bench/internal/load"
	"github.com/hawser-ws/hawser/compliance/internal/measure"
	"github.com/hawser-ws/hawser/wire"
)

// start runs a server until the test ends, and returns its address.
func start(t *testing.T, s Server, o Options) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go Serve(s.Name, ln, o)
	return ln.Addr().String()
}

// batches are messages of all forms and sizes that the benchmarks have.
func batches(t *testing.T, s Server) (all []load.Batch) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	add := func(op wire.Opcode, fragments ...[]byte) {
		var b load.Batch
		b.Add(op, fragments...)
		all = append(all, b)
	}
	for _, n := range []int{0, 1, 125, 126, 1 << 10, 64 << 10, 1 << 18} {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(random.Uint32())
		}
		add(wire.OpBinary, p)
		add(wire.OpText, []byte(strings.Repeat("häwser", n/len("häwser"))))
		if s.Can&Fragments != 0 && n >= 125 {
			add(wire.OpBinary, slices.Collect(slices.Chunk(p, n/16))...)
			add(wire.OpText, []byte("gr\xc3"), []byte("\xbc\xc3"), []byte("\x9fe"))
		}
	}
	return all
}

func TestEcho(t *testing.T) {
	for _, s := range Servers() {
		if s.Can&Echo == 0 {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			all := batches(t, s)
			l, err := load.Dial(start(t, s, Options{}), 3, all)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			for range len(all) + 3 { // again from the beginning
				if _, err := l.Run(0); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// Many messages in one write.
func TestPipelined(t *testing.T) {
	var b load.Batch
	for i := range 100 {
		b.Add(wire.OpBinary, bytes.Repeat([]byte{byte(i)}, 64))
	}
	for _, s := range Servers() {
		if s.Can&Echo == 0 {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			l, err := load.Dial(start(t, s, Options{}), 3, []load.Batch{b})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			for range 2 {
				if _, err := l.Run(0); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// Every library's server checks text: it does not send invalid text back.
func TestInvalidText(t *testing.T) {
	var b load.Batch
	b.Add(wire.OpText, []byte(strings.Repeat("valid ", 100)+"\xff"))
	for _, s := range Servers() {
		if s.Can&Echo == 0 || strings.HasPrefix(s.Name, "rawtcp") {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			l, err := load.Dial(start(t, s, Options{}), 1, []load.Batch{b})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if _, err := l.Run(0); err == nil {
				t.Error("the server sent invalid text back")
			}
		})
	}
}

// Every server that can be measured with handshakes ends a connection properly.
func TestVisits(t *testing.T) {
	for _, s := range Servers() {
		for can, o := range map[Can]Options{HTTP: {}, Bare: {Bare: true}} {
			if s.Can&can == 0 {
				continue
			}
			t.Run(fmt.Sprintf("%s/bare=%v", s.Name, o.Bare), func(t *testing.T) {
				t.Parallel()
				l, err := load.Visit(start(t, s, o), 5)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				for range 3 {
					if _, err := l.Run(0); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

// hawser reads the handshake from a net.Conn only if it is asked to. A request that net/http refuses in its own
// way shows which of them has read it.
func TestBare(t *testing.T) {
	for _, bare := range []bool{false, true} {
		nc, err := net.Dial("tcp", start(t, Server{Name: "hawser"}, Options{Bare: bare}))
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		if _, err := io.WriteString(nc, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(nc) // an error ends it, too
		if date := bytes.Contains(b, []byte("\r\nDate: ")); date == bare {
			t.Errorf("bare=%v: the answer is %q", bare, b)
		}
	}
}

// Every server that compresses echoes messages, with and without context takeover.
func TestDeflate(t *testing.T) {
	messages := measure.JSONMessages(64, 1024)
	for _, s := range Servers() {
		for can, test := range map[Can]struct {
			options Options
			offer   load.Compression
		}{
			Deflate:  {Options{Deflate: true}, load.NoTakeover},
			Takeover: {Options{Deflate: true, Takeover: true}, load.Takeover},
		} {
			if s.Can&can == 0 {
				continue
			}
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				l, err := load.DialDeflate(start(t, s, test.options), 3, test.offer, messages)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				for range len(messages) + 3 { // again from the beginning
					if _, err := l.Run(0); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

func TestUnknown(t *testing.T) {
	if err := Serve("nobody", nil, Options{}); err == nil {
		t.Error("no error")
	}
}

// The program compiles with the version of the library that this module has.
func TestGobwasProgram(t *testing.T) {
	files := GobwasProgram("1.2.3")
	if want := "require github.com/gobwas/ws v1.2.3\n"; !strings.HasSuffix(files["go.mod"], want) {
		t.Errorf("go.mod is %q, want %q at its end", files["go.mod"], want)
	}
	var all []*ast.File
	fset := token.NewFileSet()
	for _, name := range []string{"gobwas.go", "main.go"} {
		f, err := parser.ParseFile(fset, name, files[name], 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	pkg, err := conf.Check("main", fset, all, nil)
	if err != nil {
		t.Fatal(err)
	}
	if pkg.Scope().Lookup("main") == nil {
		t.Error("the program has no function main")
	}
}
