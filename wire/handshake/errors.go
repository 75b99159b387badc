package handshake

// An Error is the reason to refuse a request. [Request.Consume] and [Request.Check] return
// Errors. A server can make others for its own reasons, such as a target that does not
// exist. [AppendRefusal] writes the response.
type Error struct {
	// Status is the status code of the response, from 400 to 599. AppendRefusal sends 500
	// for any other.
	Status int

	// Section is the section that the request violates, such as "RFC 6455, section
	// 4.2.1". It may be empty.
	Section string

	// Reason says what is wrong. The client sees it. In the Errors of this package, it
	// never contains bytes of the request.
	Reason string

	// Err is the cause, if there is one: a [*wire.Error] for an invalid list of
	// extensions. The client does not see it.
	Err error

	noContent bool // the request was HEAD, so that the response has no content
}

// Error returns the reason, the section and the cause.
func (e *Error) Error() string {
	s := "handshake: " + e.text()
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// text returns what the client may see.
func (e *Error) text() string {
	if e.Section == "" {
		return e.Reason
	}
	return e.Reason + " (" + e.Section + ")"
}

// The status codes of refusals.
const (
	statusBadRequest        = 400
	statusForbidden         = 403
	statusMethodNotAllowed  = 405
	statusURITooLong        = 414
	statusExpectationFailed = 417
	statusUpgradeRequired   = 426
	statusFieldsTooLarge    = 431
	statusInternalError     = 500
	statusVersion           = 505
)

// Sections that several errors cite.
const (
	section421 = "RFC 6455, section 4.2.1"
	section32  = "RFC 9112, section 3.2"
)

func refuse(status int, section, reason string) *Error {
	return &Error{Status: status, Section: section, Reason: reason}
}

func badRequest(section, reason string) *Error {
	return refuse(statusBadRequest, section, reason)
}
