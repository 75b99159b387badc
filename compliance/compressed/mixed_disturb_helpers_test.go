package compressed

import (
	"bytes"
	"strconv"

	"github.com/hawser-ws/hawser/wire"
)

// others are the other connections that send during a plan.
type others struct {
	whole, streamed wire.Session
	open            wire.MessageEncoder // the open message of streamed, or nil
}

// disturb makes another connection use the compressor between writes of the Conn.
func (pl *plan) disturb(d disturbance) {
	o := &pl.others
	switch d {
	case byMessage:
		if o.whole == nil {
			o.whole = pl.otherSession()
		}
		sendDisturbance(o.whole.Encode(wire.MessageInfo{Size: -1}), true)
	case byStream:
		if o.streamed == nil {
			o.streamed = pl.otherSession()
		}
		if o.open != nil {
			sendDisturbance(o.open, true)
			o.open = nil
			return
		}
		o.open = o.streamed.Encode(wire.MessageInfo{Size: -1})
		sendDisturbance(o.open, false)
	}
}

func (pl *plan) otherSession() wire.Session {
	s, err := mixers[pl.threshold].Confirm(wire.ExtensionSpec{
		Name:   "permessage-deflate",
		Params: []wire.Param{{Name: "client_max_window_bits", Value: strconv.Itoa(pl.ours.bits)}},
	})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return s
}

func sendDisturbance(e wire.MessageEncoder, fin bool) {
	if _, err := e.Append(nil, bytes.Repeat([]byte("disturbance"), 100), fin); err != nil {
		panic("BUG: " + err.Error())
	}
}
