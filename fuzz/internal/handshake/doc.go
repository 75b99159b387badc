// Package handshake is a slow model of the opening handshake, written from the text of
// RFC 6455, section 4, and RFC 7692, section 7.1. It says which requests and responses
// are valid, and returns the faults of the others. It relies on net/http to parse them.
package handshake

import (
	"net/http"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
)

// Values returns the values of a field, with its name in any case.
func Values(h http.Header, name string) (all []string) {
	for n, v := range h {
		if model.Lower(n) == model.Lower(name) {
			all = append(all, v...)
		}
	}
	return all
}
