package fanout

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/hawser/websocket"
)

// A model does what a Queue should do, with slices and without goroutines.
type model struct {
	Options
	writing  []string // at most one message
	waiting  []string
	calls    []*call // of SendContext that wait
	dropped  int64
	draining bool
	closed   bool // by the policy
}

// A call is a call of SendContext and what became of it.
type call struct {
	text   string
	cancel context.CancelFunc
	got    <-chan error
	want   error // nil if it is queued
}

func (m *model) fits(s string) bool {
	return len(m.waiting) < m.MaxMessages && len(strings.Join(m.waiting, "")+s) <= int(m.MaxBytes)
}

// send returns the error that Send should return.
func (m *model) send(s string, wait *call) error {
	switch {
	case m.draining:
		return errDraining
	case len(s) > int(m.MaxBytes):
		m.dropped++
		return ErrFull
	case len(m.writing) == 0:
		m.writing = []string{s}
		return nil
	case wait != nil && (len(m.calls) > 0 || !m.fits(s)):
		m.calls = append(m.calls, wait)
		return nil
	case m.fits(s):
	case m.WhenFull == DropNewest:
		m.dropped++
		return ErrFull
	case m.WhenFull == DropOldest:
		for !m.fits(s) {
			m.waiting = m.waiting[1:]
			m.dropped++
		}
	default:
		m.closed = true
		m.dropped += int64(len(m.waiting)) + 1
		m.waiting = nil
		m.dismiss(ErrFull)
		return ErrFull
	}
	m.waiting = append(m.waiting, s)
	m.admit()
	return nil
}

// admit queues the messages of calls for which there is room, and returns those calls.
func (m *model) admit() {
	for len(m.calls) > 0 && m.fits(m.calls[0].text) {
		m.waiting = append(m.waiting, m.calls[0].text)
		m.calls = m.calls[1:]
	}
}

func (m *model) dismiss(err error) {
	for _, c := range m.calls {
		c.want = err
	}
	m.calls = nil
}

// wrote ends a write.
func (m *model) wrote() {
	m.writing = m.writing[:0]
	if len(m.waiting) > 0 {
		m.writing, m.waiting = []string{m.waiting[0]}, m.waiting[1:]
		m.admit()
	}
}

// A Queue does what its model does, whatever the order of calls.
func TestQueueModel(t *testing.T) {
	for seed := range uint64(400) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) { testModel(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

func testModel(t *testing.T, rng *rand.Rand) {
	m := &model{Options: Options{
		MaxMessages: 1 + rng.IntN(4),
		MaxBytes:    int64(4 + rng.IntN(30)),
		WhenFull:    Policy(rng.IntN(4)),
	}}
	q, client := queuePair(t, &m.Options)
	var calls []*call
	for step := range 100 {
		if m.closed {
			break
		}
		text := fmt.Sprintf("%d%s", step, strings.Repeat(".", rng.IntN(6)))
		switch op := rng.IntN(100); {
		case op < 20:
			err := q.Send(websocket.Text, []byte(text))
			expectSame(t, text, err, m.send(text, nil))
		case op < 35:
			err := q.SendPrepared(prepare(t, text))
			expectSame(t, text, err, m.send(text, nil))
		case op < 55:
			ctx, cancel := context.WithCancel(background)
			defer cancel()
			c := &call{text: text, cancel: cancel, got: beginSend(ctx, q, text)}
			c.want = m.send(text, c)
			calls = append(calls, c)
		case op < 65 && len(m.calls) > 0:
			i := rng.IntN(len(m.calls))
			m.calls[i].cancel()
			m.calls[i].want = context.Canceled
			m.calls = slices.Delete(m.calls, i, i+1)
			m.admit()
		case op < 98:
			if len(m.writing) > 0 {
				expect(t, client, m.writing[0])
				m.wrote()
			}
		case step > 50 && !m.draining:
			defer func(ch <-chan error) { <-ch }(begin(func() error { return q.Drain(background) }))
			m.draining = true
			m.dismiss(errDraining)
		}
		expectDepth(t, q, len(m.waiting), int64(len(strings.Join(m.waiting, ""))), m.dropped)
		calls = slices.DeleteFunc(calls, func(c *call) bool {
			if slices.Contains(m.calls, c) {
				pending(t, c.got)
				return false
			}
			synctest.Wait()
			expectSame(t, c.text, result(t, c.got), c.want)
			return true
		})
	}
	for len(m.writing) > 0 {
		expect(t, client, m.writing[0])
		m.wrote()
	}
	expectDepth(t, q, 0, 0, m.dropped)
}

func expectSame(t *testing.T, text string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) || want == nil && got != nil {
		t.Fatalf("%s: got error %v, want %v", text, got, want)
	}
}
