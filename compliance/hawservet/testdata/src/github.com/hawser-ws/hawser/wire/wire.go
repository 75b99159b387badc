// Package wire has the signatures of the real one that the cases here need. A test
// compares the two.
package wire

type Header struct {
	Fin    bool
	RSV    byte
	Opcode Opcode
	Masked bool
	Key    [4]byte
	Length int64
}

type Opcode uint8

const (
	OpText   Opcode = 0x1
	OpBinary Opcode = 0x2
	OpClose  Opcode = 0x8
	OpPing   Opcode = 0x9
)

type Kind uint8

type Role uint8

const (
	Server Role = iota
	Client
)

type StatusCode uint16

const StatusNormalClosure StatusCode = 1000

type Decoder struct {
	Role       Role
	MaxMessage int64
}

func (d *Decoder) Next(b []byte) (f Frame, n int, err error) { return }

type Frame struct {
	Header  Header
	Kind    Kind
	Payload []byte
	Offset  int64
}

func (f *Frame) EndsMessage() bool { return false }

func ConsumeClose(payload []byte) (code StatusCode, reason []byte, err error) { return }
