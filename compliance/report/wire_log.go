package report

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Shown is the largest number of bytes that an event or a log entry shows of a payload, a read or
// a write.
const Shown = 64

// more follows text that was cut.
const more = " ..."

// Text formats a payload for an [Event] or for the [LogEntry] of a frame: unchanged if it is UTF-8,
// otherwise in hexadecimal after 0x. As in the original suite, a payload of more than 60 bytes is
// cut to at most 64 bytes and an ellipsis. If the cut splits a character, the text is hexadecimal.
func Text(payload []byte) string {
	shown, tail := cut(payload)
	if !utf8.Valid(shown) {
		return "0x" + hex.EncodeToString(shown) + tail
	}
	return string(shown) + tail
}

// Hex formats bytes for the [LogEntry] of a read or a write in hexadecimal. It cuts them like
// [Text].
func Hex(b []byte) string {
	shown, tail := cut(b)
	return hex.EncodeToString(shown) + tail
}

func cut(p []byte) (shown []byte, tail string) {
	if len(p) <= Shown-len(more) {
		return p, ""
	}
	return p[:min(len(p), Shown)], more
}

// Message returns the event of a complete message.
func Message(payload []byte, binary bool) Event {
	return Event{Kind: "message", Data: Text(payload), Binary: binary}
}

// Pong returns the event of a pong.
func Pong(payload []byte) Event { return Event{Kind: "pong", Data: Text(payload)} }

// Timeout returns the event of a wait that ended while the connection was open.
func Timeout(tag string) Event { return Event{Kind: "timeout", Data: tag} }

// MarshalJSON encodes an array such as ["message", "payload", false] or ["pong", ""].
func (e Event) MarshalJSON() ([]byte, error) {
	if e.Kind == "message" {
		return marshal([]any{e.Kind, e.Data, e.Binary})
	}
	return marshal([]any{e.Kind, e.Data})
}

// UnmarshalJSON decodes an array in the form of MarshalJSON.
func (e *Event) UnmarshalJSON(data []byte) error {
	*e = Event{}
	var tag *string // null for a timeout without a tag
	fields := []any{&e.Kind, &tag}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	if len(raw) == 3 {
		fields = append(fields, &e.Binary)
	}
	if err := fill(raw, fields); err != nil {
		return fmt.Errorf("report: event %s: %w", data, err)
	}
	e.Data = value(tag)
	return nil
}

// MarshalJSON encodes an array that begins with the kind of the entry.
func (l LogEntry) MarshalJSON() ([]byte, error) {
	shown := []any{l.Size, l.Text}
	switch l.Kind {
	case RxBytes:
		return marshal([]any{l.Kind, shown})
	case TxBytes:
		return marshal([]any{l.Kind, shown, l.Sync})
	case RxFrame:
		return marshal([]any{l.Kind, shown, l.Opcode, l.Fin, l.RSV, l.Masked, orNull(l.Mask)})
	case TxFrame:
		return marshal([]any{l.Kind, shown, l.Opcode, l.Fin, l.RSV, orNull(l.Mask),
			codeOrNull(l.Repeat, false), codeOrNull(l.Chop, false), l.Sync})
	case Delay:
		return marshal([]any{l.Kind, l.Seconds, orNull(l.Tag)})
	case DelayOver:
		return marshal([]any{l.Kind, orNull(l.Tag)})
	case KillAfter, CloseAfter:
		return marshal([]any{l.Kind, l.Seconds})
	case Kill, CloseNow:
		return marshal([]any{l.Kind})
	case WirelogMode:
		return marshal([]any{l.Kind, l.On})
	}
	return nil, fmt.Errorf("report: log entry of unknown kind %q", l.Kind)
}

// UnmarshalJSON decodes an array in the form of MarshalJSON.
func (l *LogEntry) UnmarshalJSON(data []byte) error {
	*l = LogEntry{}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	if len(raw) == 0 {
		return errors.New("report: empty log entry")
	}
	if err := json.Unmarshal(raw[0], &l.Kind); err != nil {
		return err
	}
	var (
		shown        []json.RawMessage
		tag, mask    *string
		repeat, chop *int
		fields       []any
	)
	switch l.Kind {
	case RxBytes:
		fields = []any{&shown}
	case TxBytes:
		fields = []any{&shown, &l.Sync}
	case RxFrame:
		fields = []any{&shown, &l.Opcode, &l.Fin, &l.RSV, &l.Masked, &mask}
	case TxFrame:
		fields = []any{&shown, &l.Opcode, &l.Fin, &l.RSV, &mask, &repeat, &chop, &l.Sync}
	case Delay:
		fields = []any{&l.Seconds, &tag}
	case DelayOver:
		fields = []any{&tag}
	case KillAfter, CloseAfter:
		fields = []any{&l.Seconds}
	case Kill, CloseNow:
	case WirelogMode:
		fields = []any{&l.On}
	default:
		return fmt.Errorf("report: log entry of unknown kind %q", l.Kind)
	}
	err := fill(raw[1:], fields)
	if err == nil && shown != nil {
		err = fill(shown, []any{&l.Size, &l.Text})
	}
	if err != nil {
		return fmt.Errorf("report: log entry %s: %w", data, err)
	}
	l.Tag, l.Mask, l.Repeat, l.Chop = value(tag), value(mask), value(repeat), value(chop)
	return nil
}

// fill decodes an array of values of different types.
func fill(raw []json.RawMessage, fields []any) error {
	if len(raw) != len(fields) {
		return fmt.Errorf("%d values, want %d", len(raw), len(fields))
	}
	for i, field := range fields {
		if err := json.Unmarshal(raw[i], field); err != nil {
			return err
		}
	}
	return nil
}
