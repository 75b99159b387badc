// Package proc measures processes from outside.
package proc

import "errors"

// ErrUnsupported means that the system does not tell.
var ErrUnsupported = errors.New("not available on this system")
