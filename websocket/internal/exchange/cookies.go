package exchange

import (
	"net/http"
	"strings"
)

// AddCookies adds cookies to those that the caller has set, in one field (RFC 6265, section 5.4).
func AddCookies(req *http.Request, cookies []*http.Cookie) {
	if len(cookies) == 0 {
		return
	}
	var own []string
	for name, values := range req.Header {
		if strings.EqualFold(name, "Cookie") {
			own = append(own, values...)
			delete(req.Header, name)
		}
	}
	if own != nil {
		req.Header.Set("Cookie", strings.Join(own, "; "))
	}
	for _, c := range cookies {
		req.AddCookie(c) // drops characters that are not allowed in the field
	}
}
