package exchange

import (
	"net/http"
	"strings"
	"testing"
)

// Status describes a response in a few words, without secrets.
func TestStatus(t *testing.T) {
	long := strings.Repeat("é", 200)
	for _, row := range []struct {
		status string
		header http.Header
		want   string
	}{
		{"404 Not Found", nil, "404 Not Found"},
		{"404 NOT FOUND", nil, "404 Not Found"},
		{"404", nil, "404 Not Found"},
		{"404 ", nil, "404 Not Found"},
		{"404 No such room", nil, `404 "No such room"`},
		{"521 Web Server Is Down", nil, `521 "Web Server Is Down"`},
		{"599", nil, "599"},
		{"200 OK", nil, "200 OK, not 101"},
		{"400 a\x1b[31m\u202e\xff", nil, `400 "a\x1b[31m\u202e\xff"`},
		{"400 " + long, nil, `400 "` + long[:120] + `"`},
		// 3xx shows the Location.
		{"302 Found", http.Header{"Location": {"/login?a=b"}}, `302 Found (Location: "/login?a=b")`},
		{"300 Multiple Choices", http.Header{"Location": {"https://u:p@h/\n"}},
			`300 Multiple Choices (Location: "...@h/\n")`},
		{"308 Permanent Redirect", http.Header{"Location": {"https://u:p@h/x"}},
			`308 Permanent Redirect (Location: "https://h/x")`},
		{"301 Moved Permanently", http.Header{"Location": {"/" + strings.Repeat("x", 500)}},
			`301 Moved Permanently (Location: "/` + strings.Repeat("x", 99) + `")`},
		{"302 Found", nil, "302 Found"},
		{"404 Not Found", http.Header{"Location": {"/"}}, "404 Not Found"},
		// 401 and 407 show the schemes of the challenges.
		{"401 Unauthorized", http.Header{"Www-Authenticate": {`Basic realm="x"`}},
			"401 Unauthorized (WWW-Authenticate: Basic)"},
		{"407 x", http.Header{"Proxy-Authenticate": {"Negotiate", "NTLM"}},
			`407 "x" (Proxy-Authenticate: Negotiate, NTLM)`},
		{"407 Proxy Authentication Required", http.Header{"Www-Authenticate": {"Basic"}},
			"407 Proxy Authentication Required"},
		{"401 Unauthorized", nil, "401 Unauthorized"},
		{"403 Forbidden", http.Header{"Www-Authenticate": {"Basic"}}, "403 Forbidden"},
	} {
		resp := &http.Response{Status: row.status, Header: row.header}
		for _, c := range row.status[:3] {
			resp.StatusCode = resp.StatusCode*10 + int(c-'0')
		}
		if got := (&Response{HTTP: resp}).Status(); got != row.want {
			t.Errorf("%q %v: got %s, want %s", row.status, row.header, got, row.want)
		}
	}
}

// An error shows only the scheme of a challenge (RFC 9110, section 11.3).
func TestSchemes(t *testing.T) {
	for _, row := range []struct {
		values []string
		want   string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{"Negotiate"}, "Negotiate"},
		{[]string{"Negotiate YWJj=="}, "Negotiate"},
		{[]string{`Newauth realm="apps, Evil x", type=1, ` +
			`title="Login to \"apps\", Evil", Basic realm="simple"`},
			"Newauth, Basic"},
		{[]string{`Digest realm = "a" ,qop="auth, auth-int", Basic`, "basic, Bearer"},
			"Digest, Basic, Bearer"},
		{[]string{`Digest realm="a \" b, Evil", Basic`}, "Digest, Basic"},
		{[]string{" , Basic ,, ,\tNTLM"}, "Basic, NTLM"},
		{[]string{`Basic realm="no end, Evil`}, "Basic"},
		{[]string{`"Evil", <Evil>, Ev\il x, é, Basic`}, "Basic"},
		{[]string{"A, B, C, D, E, F, G"}, "A, B, C, D"},
		{[]string{strings.Repeat("x", 33) + ", " + strings.Repeat("y", 32)}, strings.Repeat("y", 32)},
	} {
		if got := strings.Join(schemes(row.values), ", "); got != row.want {
			t.Errorf("%q: got %s, want %s", row.values, got, row.want)
		}
	}
}

// Text shows the first line, the JSON or the HTML title of a body, shortened and quoted.
func TestText(t *testing.T) {
	long := strings.Repeat("0123456789", 100)
	for _, row := range []struct{ kind, body, want string }{
		{"text/plain", "no!\nsecond", `: "no!"`},
		{"text/plain; charset=utf-8", " \r\n no\t!\r\n", `: "no\t!"`},
		{"TEXT/PLAIN", long, `: "` + long[:120] + `..."`},
		{"text/plain", strings.Repeat("é", 200), `: "` + strings.Repeat("é", 60) + `..."`},
		{"text/plain", "x" + strings.Repeat("é", 200), `: "x` + strings.Repeat("é", 59) + `..."`},
		{"text/plain", "a\x1b[31m\u202e", `: "a\x1b[31m\u202e"`},
		{"text/plain", " \n", ""},
		{"", "no!", ""},
		{"image/png", "no!", ""},

		{"application/json", "{\n\t\"error\" : \"no such room\",\r\n  \"code\": 4 }",
			": `{\"error\":\"no such room\",\"code\":4}`"},
		{"application/problem+json; charset=utf-8", `{"title": "a \" : b\\", "x" : 1}`,
			": `{\"title\":\"a \\\" : b\\\\\",\"x\":1}`"},
		{"application/json", `{"a": "b` + "`" + `"}`, ": \"{\\\"a\\\":\\\"b`\\\"}\""},
		{"application/json", "{\"a\": \"\u202e\"}", `: "{\"a\":\"\u202e\"}"`},
		{"application/json", "[" + strings.Repeat("1, ", 300), ": \"[" + strings.Repeat("1,", 59) + "1...\""},
		{"application/json", `{"cut": "of`, ": `{\"cut\":\"of`"},
		{"application/json", " \n", ""},
		{"application/jsonp", "x()", ""},

		{"text/html", "<html><head><title>502 Bad Gateway</title></head>", `: "502 Bad Gateway"`},
		{"text/html; charset=x", "<HTML>\n<TITLE lang=en>\n  No\n  such room \n</TITLE >",
			`: "No such room"`},
		{"application/xhtml+xml", "<title>a</title>", `: "a"`},
		{"text/html", "<title>cut of", `: "cut of"`},
		{"text/html", "<title>" + long + "</title>", `: "` + long[:120] + `..."`},
		{"text/html", "<title>a<b\x1b</title>", `: "a<b\x1b"`},
		{"text/html", "İ<titles>no</titles><title >yes</title>", `: "yes"`},
		{"text/html", "<title", ""},
		{"text/html", "<title lang=en", ""},
		{"text/html", "<title></title>", ""},
		{"text/html", "<p>no!", ""},
		{"text/html", "", ""},
	} {
		header := http.Header{"Content-Type": {row.kind}}
		r := &Response{HTTP: &http.Response{Header: header}, Body: []byte(row.body)}
		if got := r.Text(); got != row.want {
			t.Errorf("%s %.50q: got %s, want %s", row.kind, row.body, got, row.want)
		}
	}
}
