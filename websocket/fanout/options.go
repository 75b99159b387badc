package fanout

// Default values of the fields of [Options].
const (
	defaultMaxMessages = 1024
	defaultMaxBytes    = 1 << 20
)

// A Policy is what a [Queue] does with a message for which it has no room.
type Policy uint8

const (
	// CloseTryAgainLater drops all messages that wait and closes the connection with 1013 (Try
	// Again Later).
	CloseTryAgainLater Policy = iota

	// ClosePolicyViolation drops all messages that wait and closes the connection with 1008 (Policy
	// Violation).
	ClosePolicyViolation

	// DropNewest drops the new message.
	DropNewest

	// DropOldest drops the oldest messages that wait until there is room for the new one.
	DropOldest
)

// Options configure a [Queue]. A nil pointer means the zero value. [NewQueue] copies them.
type Options struct {
	// MaxMessages limits how many messages wait. Negative: no limit. Default: 1,024.
	MaxMessages int

	// MaxBytes limits the total size of the messages that wait, before compression. A single
	// message that is larger is refused. Negative: no limit. Default: 1 MiB.
	MaxBytes int64

	// WhenFull says what to do if there is no room for a message. Default: CloseTryAgainLater.
	WhenFull Policy
}
