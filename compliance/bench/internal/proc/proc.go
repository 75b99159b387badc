// Package proc measures processes from outside.
package proc

import "errors"

// ErrUnsupported means that the system does not provide a measurement.
var ErrUnsupported = errors.New("not available on this system")
