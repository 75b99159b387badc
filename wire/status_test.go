package wire_test

import (
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// The registered codes and the ends of the ranges are those of RFC 6455, section 7.4, and
// IANA's registry.
func TestStatusCode(t *testing.T) {
	tests := []struct {
		code     wire.StatusCode
		sendable bool
		text     string
	}{
		{0, false, "0"},
		{999, false, "999"},
		{wire.StatusNormalClosure, true, "1000 (normal closure)"},
		{wire.StatusGoingAway, true, "1001 (going away)"},
		{wire.StatusProtocolError, true, "1002 (protocol error)"},
		{wire.StatusUnsupportedData, true, "1003 (unsupported data)"},
		{1004, false, "1004"},
		{wire.StatusNoStatusReceived, false, "1005 (no status received)"},
		{wire.StatusAbnormalClosure, false, "1006 (abnormal closure)"},
		{wire.StatusInvalidPayload, true, "1007 (invalid payload)"},
		{wire.StatusPolicyViolation, true, "1008 (policy violation)"},
		{wire.StatusMessageTooBig, true, "1009 (message too big)"},
		{wire.StatusMandatoryExtension, true, "1010 (mandatory extension)"},
		{wire.StatusInternalError, true, "1011 (internal error)"},
		{wire.StatusServiceRestart, true, "1012 (service restart)"},
		{wire.StatusTryAgainLater, true, "1013 (try again later)"},
		{wire.StatusBadGateway, true, "1014 (bad gateway)"},
		{wire.StatusTLSHandshake, false, "1015 (TLS handshake failed)"},
		{1016, false, "1016"},
		{2999, false, "2999"},
		{3000, true, "3000"},
		{3999, true, "3999"},
		{4000, true, "4000"},
		{4999, true, "4999"},
		{5000, false, "5000"},
		{65535, false, "65535"},
	}
	for _, tt := range tests {
		if got := tt.code.String(); got != tt.text {
			t.Errorf("%d is %q, want %q", int(tt.code), got, tt.text)
		}
		if got := tt.code.IsSendable(); got != tt.sendable {
			t.Errorf("%v: IsSendable is %v", tt.code, got)
		}
	}
}
