package autobahn

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSpecWrite(t *testing.T) {
	tests := []struct {
		name string
		spec spec
		want string
	}{
		{
			"fuzzingclient",
			spec{
				OutDir: "/reports", Cases: []string{"1.1.1", "2.10"},
				Servers: []specServer{{Agent: "echo", URL: "wss://127.0.0.1:9001/a?b=c"}},
			},
			`{
  "outdir": "/reports",
  "cases": [
    "1.1.1",
    "2.10"
  ],
  "exclude-cases": [],
  "servers": [
    {
      "agent": "echo",
      "url": "wss://127.0.0.1:9001/a?b=c"
    }
  ]
}
`,
		},
		{
			"fuzzingserver",
			spec{
				OutDir: "/reports", Cases: []string{"7.1.1"},
				URL: "wss://127.0.0.1:9002", Key: "/config/key.pem", Cert: "/config/cert.pem",
			},
			`{
  "outdir": "/reports",
  "cases": [
    "7.1.1"
  ],
  "exclude-cases": [],
  "url": "wss://127.0.0.1:9002",
  "key": "/config/key.pem",
  "cert": "/config/cert.pem"
}
`,
		},
	}
	for _, tt := range tests {
		dir := t.TempDir()
		if err := tt.spec.write(dir); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, specName))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
