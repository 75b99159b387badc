package websocket

import (
	"context"
	"encoding/json"
)

// ReadJSON reads the next message, text or binary, and stores its JSON value in v
// as [json.Unmarshal] does. A message that is not such a value is an [*Error] that
// wraps json's and leaves the connection open. A [Handler] whose Serve returns it
// closes with StatusInvalidPayload and does not send the error's text.
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

// WriteJSON sends v as a text message that holds its JSON form, as [json.Marshal]
// makes it. An error of json.Marshal is returned as it is, and nothing is sent.
func (c *Conn) WriteJSON(ctx context.Context, v any) error {
	p, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.Write(ctx, Text, p)
}
