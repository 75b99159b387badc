package testee_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/hawser-ws/hawser/compliance/testee"
	"github.com/hawser-ws/hawser/websocket"
)

// At ClosePath, the server closes with the code and the reason in the query.
func TestClosePath(t *testing.T) {
	s := httptest.NewServer(testee.Echo())
	defer s.Close()
	for _, test := range []struct {
		code, reason string
		want         websocket.StatusCode
	}{
		{"1001", "bye", websocket.StatusGoingAway},
		{"4999", "Grüße", 4999},
		{"1006", "", websocket.StatusInternalError}, // 1006 must not be sent
	} {
		q := url.Values{"code": {test.code}, "reason": {test.reason}}
		c, _, err := websocket.Dial(t.Context(), s.URL+testee.ClosePath+"?"+q.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		_, _, err = c.Read(t.Context())
		var closed *websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != test.want || closed.Reason != test.reason {
			t.Errorf("code %s, reason %q: Read returns %v", test.code, test.reason, err)
		}
	}
	_, resp, err := websocket.Dial(t.Context(), s.URL+testee.ClosePath, nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("without a code: response %v, error %v; want status 400", resp, err)
	}
}
