package websocket

import (
	"context"
	"encoding/json"
)

// ReadJSON reads the next message, text or binary, and stores its JSON value in v
// as [json.Unmarshal] does. An error of its own leaves the connection open.
func (c *Conn) ReadJSON(ctx context.Context, v any) error {
	_, p, err := c.Read(ctx)
	if err != nil {
		return err
	}
	return json.Unmarshal(p, v)
}

// WriteJSON sends v as a text message that holds its JSON form, as [json.Marshal]
// makes it.
func (c *Conn) WriteJSON(ctx context.Context, v any) error {
	p, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.Write(ctx, Text, p)
}
