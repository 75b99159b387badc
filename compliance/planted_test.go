package compliance_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
)

// plant and plantReport are the environment variables that TestPlanted reads.
const (
	plant       = "HAWSER_COMPLIANCE_PLANT"
	plantReport = "HAWSER_COMPLIANCE_REPORT"
)

// TestPlanted runs with the fault that the environment names. TestFaults runs it in
// another process.
func TestPlanted(t *testing.T) {
	name := os.Getenv(plant)
	cases := []string{"1.1.1", "1.1.2", "1.2.2"} // only 1.1.2 sends text that is not empty
	o := &compliance.Options{Cases: cases, Report: os.Getenv(plantReport)}
	switch name {
	case "":
		t.Skip("runs only in TestFaults")
	case "none":
		compliance.TestServer(t, testee.Echo(), o)
	case "liar":
		compliance.TestServer(t, liar, o)
	case "lying client":
		compliance.TestClient(t, lyingClient, o)
	case "known":
		o.Known = map[string]string{"1.1.2": "appends to text"}
		compliance.TestServer(t, liar, o)
	case "known, but passes":
		o.Known = map[string]string{"1.1.1": "appends to text", "1.1.2": "appends here too"}
		compliance.TestServer(t, liar, o)
	case "known, but does not run":
		o.Known = map[string]string{"9.9.9": "no such case"}
		compliance.TestServer(t, testee.Echo(), o)
	case "unknown pattern":
		compliance.TestServer(t, testee.Echo(), &compliance.Options{Cases: []string{"8.*"}})
	case "no case":
		compliance.TestClient(t, hawserClient, &compliance.Options{Cases: []string{"H.*"}})
	case "no server":
		compliance.TestServerURL(t, "ws://127.0.0.1:1", o)
	case "no certificate", "wss":
		s := httptest.NewTLSServer(testee.Echo())
		defer s.Close()
		if name == "wss" {
			o.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
			o.TLS.RootCAs.AddCert(s.Certificate())
		}
		compliance.TestServerURL(t, "wss"+strings.TrimPrefix(s.URL, "https"), o)
	case "client does not connect":
		compliance.TestClient(t, func(context.Context, string) error { return errors.New("no network") }, o)
	case "report cannot be written":
		o.Report = filepath.Join(os.Args[0], "below")
		compliance.TestServer(t, testee.Echo(), o)
	case "client lies once":
		var n atomic.Int64
		compliance.TestClient(t, func(ctx context.Context, url string) error {
			if strings.Contains(url, "case=2&") || strings.HasSuffix(url, "case=2") {
				if n.Add(1) == 1 {
					return lyingClient(ctx, url)
				}
			}
			return hawserClient(ctx, url)
		}, o)
	default:
		t.Fatalf("unknown fault %q", name)
	}
}

// A fault fails go test, and only the subtests of the cases that it affects.
func TestFaults(t *testing.T) {
	const first, second, third = "1.1.1 pass", "1.1.2 pass", "1.2.2 pass"
	tests := []struct {
		fault, filter string
		fails         bool
		cases         []string
		says          string
	}{
		{fault: "none", cases: []string{first, second, third}},
		{fault: "none", filter: "/^1.1.2$", cases: []string{second}},
		{fault: "wss", cases: []string{first, second, third}},
		{fault: "liar", fails: true, cases: []string{first, "1.1.2 fail", third}, says: "RFC 6455"},
		{fault: "liar", filter: "/^1.1.1$", cases: []string{first}},
		{fault: "lying client", fails: true, cases: []string{first, "1.1.2 fail", third},
			says: "behavior FAILED: "},
		{fault: "client lies once", cases: []string{first, second, third}},
		{fault: "known", cases: []string{first, second, third}, says: "known to fall short: appends to text"},
		{fault: "known, but passes", fails: true, cases: []string{"1.1.1 fail", second, third},
			says: "passes, but is known to fall short: appends to text"},
		{fault: "known, but does not run", fails: true, cases: []string{first, second, third},
			says: "Known lists case 9.9.9, which does not run"},
		{fault: "unknown pattern", fails: true, says: `no case matches "8.*"`},
		{fault: "no case", fails: true, says: "no cases to run"},
		{fault: "no server", fails: true, says: "cannot test ws://127.0.0.1:1: "},
		{fault: "no certificate", fails: true, says: "certificate"},
		{fault: "client does not connect", fails: true, says: "it returned the error no network"},
		{fault: "report cannot be written", fails: true, cases: []string{first, second, third},
			says: "cannot write"},
	}
	for _, tt := range tests {
		t.Run(tt.fault+tt.filter, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPlanted$"+tt.filter, "-test.v")
			c.Env = append(os.Environ(), plant+"="+tt.fault, plantReport+"="+dir)
			b, err := c.CombinedOutput()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if (err != nil) != tt.fails || !strings.Contains(string(b), tt.says) {
				t.Errorf("fails: %v; want %v, and the text %q in\n%s", err != nil, tt.fails, tt.says, b)
			}
			if diff := cmp.Diff(tt.cases, outcomes(b)); diff != "" {
				t.Errorf("subtests (-want +got):\n%s", diff)
			}
			if tt.cases == nil || tt.fault == "report cannot be written" {
				return
			}
			index, err := report.ReadIndex(dir)
			if err != nil || len(index["TestPlanted"]) != len(tt.cases) {
				t.Errorf("the report has the cases %v (error %v), want %d", index, err, len(tt.cases))
			}
		})
	}
}

var subtest = regexp.MustCompile(`(?m)^    --- (PASS|FAIL): TestPlanted/(\S+) `)

// outcomes returns the ids and outcomes of the subtests, sorted.
func outcomes(output []byte) (all []string) {
	for _, m := range subtest.FindAllSubmatch(output, -1) {
		all = append(all, fmt.Sprintf("%s %s", m[2], strings.ToLower(string(m[1]))))
	}
	slices.Sort(all)
	return all
}
