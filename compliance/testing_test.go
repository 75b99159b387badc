package compliance_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance"
	"github.com/hawser-ws/hawser/compliance/internal/selfsigned"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
	"github.com/hawser-ws/hawser/compliance/testee"
)

func TestHawserServer(t *testing.T) {
	dir := t.TempDir()
	compliance.TestServer(t, testee.Echo(), &compliance.Options{
		Cases: append(some(), "R.11.1"), Agent: "hawser", Report: dir, ClosePath: testee.ClosePath,
	})
	if filtered() {
		return
	}
	index, err := report.ReadIndex(dir)
	if err != nil || len(index["hawser"]) == 0 {
		t.Errorf("the report has %d cases: %v", len(index["hawser"]), err)
	}
	if v := index["hawser"]["R.11.1"].Behavior; v != report.OK { // UNIMPLEMENTED without ClosePath
		t.Errorf("case R.11.1: %s, want OK", v)
	}
	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if title := suite.Titles()["L.1"]; err != nil || !strings.Contains(string(page), title) {
		t.Errorf("the report does not name the subgroup %q: %v", title, err)
	}
}

func TestHawserClient(t *testing.T) {
	compliance.TestClient(t, hawserClient, &compliance.Options{Cases: some()})
}

// With a certificate, the suite serves wss at a host name.
func TestHawserClientTLS(t *testing.T) {
	cert, err := selfsigned.New()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	dir := t.TempDir()
	compliance.TestClient(t, echoes(&tls.Config{RootCAs: roots}, nil), &compliance.Options{
		Cases: []string{"1.1.1", "C.11.1", "C.11.2", "C.11.4"}, Agent: "hawser", Report: dir,
		TLS: &tls.Config{Certificates: []tls.Certificate{cert}},
	})
	if filtered() {
		return
	}
	index, err := report.ReadIndex(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"C.11.1", "C.11.2", "C.11.4"} {
		if v := index["hawser"][id].Behavior; v != report.OK { // INFORMATIONAL if there is nothing to test
			t.Errorf("case %s: %s, want OK", id, v)
		}
	}
}
