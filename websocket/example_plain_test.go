package websocket_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/hawser-ws/hawser/websocket"
)

// A token is sent uncompressed even if the connection has compression. It must not share a
// compression context with text of strangers.
func ExampleConn_WritePlain() {
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		if err := c.Write(ctx, websocket.Text, []byte("text of strangers")); err != nil {
			return err
		}
		return c.WritePlain(ctx, websocket.Text, []byte("token 6d1f0c"))
	})
	defer end()

	for range 2 {
		_, p, err := c.Read(context.Background())
		fmt.Printf("%s %v\n", p, err)
	}
	// Output:
	// text of strangers <nil>
	// token 6d1f0c <nil>
}

// A picture is already compressed. Compressing it again would only take time.
func ExampleConn_PlainWriter() {
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		w, err := c.PlainWriter(ctx, websocket.Binary)
		if err != nil {
			return err
		}
		picture := strings.NewReader("a JPEG")
		if _, err := io.Copy(w, picture); err != nil {
			return err
		}
		return w.Close()
	})
	defer end()

	_, p, err := c.Read(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", p)
	// Output: a JPEG
}
