package target

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// secrets are userinfo that url.Parse trips over, or takes for something else.
var secrets = []string{
	"u:hush", "pa%zzss", "%", "%2", ":%zz", "u:pa ss", "pa\tss", "pa\nss", "pa\x00ss", "pa\x7fss", "pa\xffss", "u:pässe",
	"u:pa/ss", "u:pa?ss", "u:pa#ss", "u:pa@ss", "u:pa:ss", "pa[ss", "u:pa]ss", "[::1", "u:[pa", "u:pa\\ss", `u:pa"ss`, `pa"s/s`,
	"u:pa<ss>", "pa^s/s", "u:pa`ss", "u:pa{ss}", "u:pa|ss", "@@", "/", "//x", "://x", "u:p://x", "hush://x", "hush://:x", "%zz://x",
	"/pa@ss", "p#a@s?s/", "u:1/pa", "u:65536/pa", "u:pa%ss", "pa%2fss%", "u:pa:1", "%5Bpa%zz", "pa\xff/ss", "u%zz:hush", "[u:hush", "u/v:hush",
}

// eachSecret calls f with the table and with random secrets.
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

// An error does not depend on what its reader could take for userinfo, even where RFC
// 3986 finds none: it is the error of the URL without that, or one of two that are
// always the same.
func TestParseHidesUserinfo(t *testing.T) {
	for _, form := range []string{
		"ws://%s@h/", "wss://%s@h:p/x", "https://%s@h h", "ws+unix://%s@/s:x", "ws://%s@", // with a scheme,
		"%s@h", "//%s@h", "ws:%s@h", "ftp://%s@h/", // and without one that helps
	} {
		_, _, plain := Parse(strings.Replace(form, "%s@", "", 1))
		eachSecret(func(secret string) {
			raw := fmt.Sprintf(form, secret)
			got, _, err := Parse(raw)
			switch {
			case err == nil: // ws://u:1/2@h, say, has no userinfo
			case got.URL != nil:
				t.Errorf("%q: %v with an error", raw, got.URL)
			case err == errUserinfo || err == errFragment:
			case strings.Contains(form, ":/") && plain != nil && err.Error() == plain.Error():
			default:
				t.Errorf("%q: %v", raw, err)
			}
		})
	}
}

// The same of a redirect's Location, of which the part without userinfo is shown.
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
				return // the secret is not only, or not at all, in the userinfo
			}
			why := fmt.Sprintf("redirect to %q, ", "..."+location[strings.LastIndexByte(location, '@'):])
			if err.Error() != want.Error() && !strings.HasPrefix(err.Error(), why) {
				t.Errorf("%q: %v, want %v", location, err, want)
			}
		})
	}
}

// A proxy's URL has an "@" at the end of its userinfo alone: any other is in a user name
// or a password that was not encoded. Errors show nothing of it.
func TestProxyHidesUserinfo(t *testing.T) {
	eachSecret(func(secret string) {
		for _, form := range []string{"http://%s@h/", "http://%s@h:p", "%s@h", "//%s@h", "ftp://%s@h"} {
			u, err := url.Parse(fmt.Sprintf(form, secret))
			if err != nil {
				continue // seen where the URL is parsed
			}
			got, err := Proxy(u)
			switch {
			case err == nil && got.Hostname() == "h":
			case err == errProxyUserinfo:
			case err != nil && strings.HasPrefix(err.Error(), fmt.Sprintf("scheme %q ", u.Scheme)) && u.Opaque == "":
			default:
				t.Errorf("%q: %v, %v", u, got, err)
			}
		}
		if _, err := Proxy(&url.URL{Scheme: "http", Host: secret + "@h"}); err != errProxyUserinfo {
			t.Errorf("as a host: %v", err)
		}
	})
}

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
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}
