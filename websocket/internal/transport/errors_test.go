package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

// IsInterrupt recognizes an interrupt, which wraps the error of the context.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	err := Ended(ctx)
	if !IsInterrupt(err) || IsInterrupt(io.EOF) || IsInterrupt(Ended(context.Background())) ||
		!errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v is not recognized as an interrupt, or another error is", err)
	}
}

// A timeout of the system's TCP is not a deadline of the Conn. It means that the peer is gone.
func TestSystemTimeoutIsALoss(t *testing.T) {
	for _, row := range []struct {
		err  error
		want bool
	}{
		{os.ErrDeadlineExceeded, true},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, true},
		{muxTimeout{}, true},
		{fmt.Errorf("mux: %w", muxTimeout{}), true},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ETIMEDOUT)}, false},
		{net.ErrClosed, false},
	} {
		if got := IsDeadline(row.err); got != row.want {
			t.Errorf("IsDeadline(%v) = %v, want %v", row.err, got, row.want)
		}
	}
}

// A muxTimeout is a timeout of a multiplexer.
type muxTimeout struct{}

func (muxTimeout) Error() string { return "i/o deadline reached" }
func (muxTimeout) Timeout() bool { return true }
