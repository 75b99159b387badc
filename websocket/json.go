package websocket

import (
	"context"
	"encoding/json"
)

// ReadJSON reads the next message, text or binary, and stores its JSON value in v as
// [json.Unmarshal] does. If the message is not valid JSON for v, the error is an [*Error] that
// wraps the error of package json, and the connection stays open. A [Handler] whose Serve returns
// that error closes with StatusInvalidPayload and does not send the error's text.
func (c *Conn) ReadJSON(ctx context.Context, v any) error {
	_, p, err := c.Read(ctx)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(p, v); err != nil {
		return &Error{Op: "read", Err: &payloadError{err, c}} // whatever became of the connection
	}
	return nil
}

// WriteJSON sends the JSON encoding of v, as [json.Marshal] returns it, as a text message. If
// json.Marshal fails, WriteJSON returns its error unchanged and sends nothing.
func (c *Conn) WriteJSON(ctx context.Context, v any) error {
	p, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.Write(ctx, Text, p)
}
