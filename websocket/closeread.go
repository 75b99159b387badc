package websocket

// CloseRead is for programs that only send. It reads in the background until the connection ends.
func (c *Conn) CloseRead() { panic("TODO") }
