package wire_test

import (
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

func TestOpcode(t *testing.T) {
	names := []string{
		"continuation", "text", "binary", "reserved 0x3",
		"reserved 0x4", "reserved 0x5", "reserved 0x6", "reserved 0x7",
		"close", "ping", "pong", "reserved 0xb",
		"reserved 0xc", "reserved 0xd", "reserved 0xe", "reserved 0xf",
	}
	for i, name := range names {
		o := wire.Opcode(i)
		if o.String() != name {
			t.Errorf("opcode %d is %q, want %q", i, o, name)
		}
		if want := i >= 8; o.IsControl() != want {
			t.Errorf("%v: IsControl is not %v", o, want)
		}
		if want := i <= 2 || i >= 8 && i <= 10; o.IsDefined() != want {
			t.Errorf("%v: IsDefined is not %v", o, want)
		}
	}
	if got := wire.Opcode(0x1f).String(); got != "reserved 0x1f" {
		t.Errorf("an opcode of five bits is %q, want %q", got, "reserved 0x1f")
	}
}

func TestRole(t *testing.T) {
	if got := wire.Server.String() + " " + wire.Client.String(); got != "server client" {
		t.Error(got)
	}
	if wire.Server != 0 {
		t.Error("the zero Role is not Server")
	}
}
