package target

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// secrets are userinfo that url.Parse refuses or misinterprets.
var secrets = []string{
	"u:hush", "pa%zzss", "%", "%2", ":%zz", "u:pa ss", "pa\tss", "pa\nss", "pa\x00ss", "pa\x7fss",
	"pa\xffss", "u:pässe", "u:pa/ss", "u:pa?ss", "u:pa#ss", "u:pa@ss", "u:pa:ss", "pa[ss", "u:pa]ss",
	"[::1", "u:[pa", "u:pa\\ss", `u:pa"ss`, `pa"s/s`, "u:pa<ss>", "pa^s/s", "u:pa`ss", "u:pa{ss}",
	"u:pa|ss", "@@", "/", "//x", "://x", "u:p://x", "hush://x", "hush://:x", "%zz://x", "/pa@ss",
	"p#a@s?s/", "u:1/pa", "u:65536/pa", "u:pa%ss", "pa%2fss%", "u:pa:1", "%5Bpa%zz", "pa\xff/ss",
	"u%zz:hush", "[u:hush", "u/v:hush",
}

// eachSecret calls f with each of the secrets above and with random ones.
func eachSecret(f func(secret string)) {
	for _, s := range secrets {
		f(s)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	const alphabet = "%%%@@//##??::[]\\\"' \x00\n\x7f\xff&=+;0123456789abQX"
	for range 20_000 {
		s := make([]byte, 1+rng.IntN(8))
		for i := range s {
			s[i] = alphabet[rng.IntN(len(alphabet))]
		}
		f(string(s))
	}
}

// The error of Parse does not depend on bytes that a person could take for userinfo, even if they are
// not userinfo under RFC 3986. The error is that of the URL without these bytes, or one of two fixed
// errors.
func TestParseHidesUserinfo(t *testing.T) {
	for _, form := range []string{
		"ws://%s@h/", "wss://%s@h:p/x", "https://%s@h h", "ws+unix://%s@/s:x", "ws://%s@",
		"%s@h", "//%s@h", "ws:%s@h", "ftp://%s@h/", // these lack a valid scheme or authority
	} {
		_, _, plain := Parse(strings.Replace(form, "%s@", "", 1))
		eachSecret(func(secret string) {
			raw := fmt.Sprintf(form, secret)
			got, _, err := Parse(raw)
			switch {
			case err == nil: // for example, ws://u:1/2@h has no userinfo
			case got.URL != nil:
				t.Errorf("%q: got both the URL %v and error %v", raw, got.URL, err)
			case err == errUserinfo || err == errFragment:
			case strings.Contains(form, ":/") && plain != nil && err.Error() == plain.Error():
			default:
				t.Errorf("%q: got %v, want an error without the secret", raw, err)
			}
		})
	}
}

// The error of Follow shows only the part of a redirect's Location without userinfo.
func TestFollowHidesUserinfo(t *testing.T) {
	home, _, err := Parse("wss://home/")
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"ftp://%s@h/", "https://%s@h h/", "ws://%s@h/", "//%s@h:p/", "//%s@[h/"} {
		plain := strings.Replace(form, "%s@", "", 1)
		_, want := home.Follow(plain)
		eachSecret(func(secret string) {
			location := fmt.Sprintf(form, secret)
			_, err := home.Follow(location)
			if u, e := url.Parse(location); err == nil || e == nil && u.User == nil && u.Opaque == "" {
				return // the secret is not userinfo, or not only userinfo
			}
			why := fmt.Sprintf("redirect to %q, ", "..."+location[strings.LastIndexByte(location, '@'):])
			if err.Error() != want.Error() && !strings.HasPrefix(err.Error(), why) {
				t.Errorf("%q: got %v, want %v", location, err, want)
			}
		})
	}
}

// The only "@" in a proxy's URL ends its userinfo. Any other "@" is in a user name or a password that
// was not encoded. Errors show nothing of it.
func TestProxyHidesUserinfo(t *testing.T) {
	eachSecret(func(secret string) {
		for _, form := range []string{"http://%s@h/", "http://%s@h:p", "%s@h", "//%s@h", "ftp://%s@h"} {
			u, err := url.Parse(fmt.Sprintf(form, secret))
			if err != nil {
				continue // the caller gets this error when it parses the URL
			}
			got, err := Proxy(u)
			switch {
			case err == nil && got.Hostname() == "h":
			case err == errProxyUserinfo:
			case err != nil && u.Opaque == "" &&
				strings.HasPrefix(err.Error(), fmt.Sprintf("scheme %q ", u.Scheme)):
			default:
				t.Errorf("%q: got %v, %v, want the host h or an error without the secret", u, got, err)
			}
		}
		if _, err := Proxy(&url.URL{Scheme: "http", Host: secret + "@h"}); err != errProxyUserinfo {
			t.Errorf("in the host: got %v, want %v", err, errProxyUserinfo)
		}
	})
}

// WithoutUserinfo removes userinfo, and also everything before the last "@" if the URL is ambiguous.
func TestWithoutUserinfo(t *testing.T) {
	for raw, want := range map[string]string{
		"":                                "",
		"/a?b#c":                          "/a?b#c",
		"//h/@x":                          "//h/@x",
		"https://h/@x?a@b":                "https://h/@x?a@b",
		"https://u:p@h/x?y#z":             "https://h/x?y#z",
		"https://u:p@h/@x":                "...@x",
		"https://u:pa%zz@h/x":             "...@h/x",
		"http:u:p@h":                      "...@h",
		"https://[/x":                     "https://[/x",
		"http://" + "\n" + "u:p@" + "h\n": "...@h\n",
	} {
		if got := WithoutUserinfo(raw); got != want {
			t.Errorf("WithoutUserinfo(%q) = %q, want %q", raw, got, want)
		}
	}
}
