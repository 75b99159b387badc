package websocket_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// WriteBuffers sends a header and a body as one message, without concatenating them.
func ExampleConn_WriteBuffers() {
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		header, body := []byte("id=7;"), []byte("how are you?")
		return c.WriteBuffers(ctx, websocket.Text, header, body)
	})
	defer end()

	_, p, err := c.Read(context.Background())
	fmt.Printf("%s %v\n", p, err)
	// Output: id=7;how are you? <nil>
}

// Some servers mistake each frame for a message. A frame size of -1 sends the message in a
// single frame.
func ExampleMessageWriter_SetFrameSize() {
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		_, _, err := c.Read(ctx)
		return err
	})
	defer end()

	w, err := c.Writer(context.Background(), websocket.Binary)
	if err != nil {
		log.Fatal(err)
	}
	w.SetFrameSize(-1)
	for range 10 {
		if _, err := w.Write(make([]byte, 10_000)); err != nil {
			log.Fatal(err)
		}
	}
	err = w.Close()
	fmt.Println(c.Stats().FramesWritten, err)
	// Output: 1 <nil>
}

// Each part of a long message has its own timeout.
func ExampleMessageWriter_SetContext() {
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		w, err := c.Writer(ctx, websocket.Text)
		if err != nil {
			return err
		}
		for _, part := range []string{"one, ", "two, ", "three"} {
			partCtx, cancel := context.WithTimeout(ctx, 10*time.Second)
			w.SetContext(partCtx)
			_, err := w.Write([]byte(part))
			cancel()
			if err != nil {
				_ = w.Close()
				return err
			}
		}
		w.SetContext(ctx)
		return w.Close()
	})
	defer end()

	_, p, err := c.Read(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", p)
	// Output: one, two, three
}
