package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/echo"
	"github.com/hawser-ws/hawser/compliance/bench/internal/proc"
	"github.com/hawser-ws/hawser/compliance/bench/internal/report"
)

// newReport returns a report without rows.
func newReport(candidates []*candidate) *report.Report {
	cpu, kernel := proc.Machine()
	r := &report.Report{
		Date:    time.Now(),
		Command: strings.Join(append([]string{"wsbench"}, os.Args[1:]...), " "),
		Machine: report.Machine{CPU: cpu, Cores: runtime.NumCPU(), Kernel: kernel, Go: runtime.Version()},
	}
	modules := map[string]string{}
	for _, s := range echo.Servers() {
		modules[s.Name] = s.Module
	}
	r.Versions = map[string]string{}
	for _, c := range candidates {
		r.Servers = append(r.Servers, c.name)
		v := c.version
		if c.command == "" {
			v = version(modules[c.name])
		}
		if v != "" {
			r.Versions[c.name] = v
		}
	}
	return r
}

// version returns the version of a module in this program.
func version(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok || module == "" {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == module {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	return ""
}
