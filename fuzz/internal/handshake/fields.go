// Package handshake is a slow model of the opening handshake, written from the text
// of RFC 6455, section 4, and RFC 7692, section 7.1: it says which requests and
// responses are right, and what is wrong with the rest. What net/http makes of the
// octets is taken as it is.
package handshake

import (
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
)

// Values returns the values of a field whose name is written in any case.
func Values(h http.Header, name string) (all []string) {
	for n, v := range h {
		if lower(n) == lower(name) {
			all = append(all, v...)
		}
	}
	return all
}

// lower changes ASCII letters alone.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// elements are those of a list in several values, but for the empty ones.
func elements(values []string) (all []string) {
	for _, e := range strings.Split(strings.Join(values, ","), ",") {
		if e = strings.Trim(e, " \t"); e != "" {
			all = append(all, e)
		}
	}
	return all
}

// lists reports whether a list names a value, in any case.
func lists(values []string, value string) bool {
	for _, e := range elements(values) {
		if lower(e) == lower(value) {
			return true
		}
	}
	return false
}

const (
	token  = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
	quoted = "\"(?:\\\\?[!#$%&'*+\\-.^_`|~0-9A-Za-z])+\""
	space  = `[ \t]*`
	param  = token + "(?:" + space + "=" + space + "(?:" + token + "|" + quoted + "))?"
)

var (
	aToken       = regexp.MustCompile("^" + token + "$")
	anExtension  = regexp.MustCompile("^" + token + "(?:" + space + ";" + space + param + ")*$")
	aKey         = regexp.MustCompile(`^[A-Za-z0-9+/]{22}==$`)
	betweenParam = regexp.MustCompile(space + ";" + space)
	betweenValue = regexp.MustCompile(space + "=" + space)
)

// Protocols reads the fields of a list of subprotocols (section 11.3.4). ok is false
// if they break the grammar.
func Protocols(values []string) (names []string, ok bool) {
	names = elements(values)
	for _, n := range names {
		if !aToken.MatchString(n) {
			return nil, false
		}
	}
	return names, len(names) > 0 || len(values) == 0
}

// An Extension is an element of a list of extensions, with the parameters in order.
type Extension struct {
	Name   string
	Params [][2]string // name and value, "" if it has none
}

// Extensions reads the fields of a list of extensions (section 9.1). ok is false if
// they break the grammar.
func Extensions(values []string) (all []Extension, ok bool) {
	for _, element := range elements(values) {
		if !anExtension.MatchString(element) {
			return nil, false
		}
		parts := betweenParam.Split(element, -1)
		e := Extension{Name: parts[0]}
		for _, p := range parts[1:] {
			pair := append(betweenValue.Split(p, 2), "")
			value := strings.NewReplacer(`"`, "", `\`, "").Replace(pair[1])
			e.Params = append(e.Params, [2]string{pair[0], value})
		}
		all = append(all, e)
	}
	return all, len(all) > 0 || len(values) == 0
}

// AcceptKey is the answer to a key (section 4.2.2, step 5.4).
func AcceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
