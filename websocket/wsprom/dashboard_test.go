package wsprom_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A dashboard is the part of a Grafana dashboard that the tests read.
type dashboard struct {
	UID, Title    string
	SchemaVersion int
	Templating    struct {
		List []struct {
			Name, Type string
			Query      any
			Datasource datasource
		}
	}
	Panels []panel
}

type panel struct {
	ID                       int
	Type, Title, Description string
	Datasource               datasource
	GridPos                  struct{ H, W, X, Y int }
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Targets                  []target
}

type target struct {
	RefID, Expr, LegendFormat string
	Datasource                datasource
}

type datasource struct{ Type, UID string }

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	data, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// Grafana imports the dashboard into any installation: the data source is a variable, and no panel
// hides another.
func TestDashboardImports(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.Title == "" || d.SchemaVersion < 36 {
		t.Errorf("uid %q, title %q, schemaVersion %d", d.UID, d.Title, d.SchemaVersion)
	}
	selected := datasource{"prometheus", "${datasource}"}
	variables := make(map[string]string)
	for _, v := range d.Templating.List {
		variables[v.Name] = v.Type
		if v.Type == "datasource" && v.Query != "prometheus" {
			t.Errorf("the data source is one of %v, want prometheus", v.Query)
		}
		if v.Type != "datasource" && v.Datasource != selected {
			t.Errorf("variable %q: the data source is %v", v.Name, v.Datasource)
		}
	}
	if variables["datasource"] != "datasource" {
		t.Errorf("variables %v have no datasource", variables)
	}
	variables["__rate_interval"] = "built in"
	ids, cells := make(map[int]bool), make(map[[2]int]string)
	for _, p := range d.Panels {
		if ids[p.ID] || p.Type != "timeseries" || p.Title == "" || p.Description == "" ||
			p.FieldConfig.Defaults.Unit == "" || p.Datasource != selected || len(p.Targets) == 0 {
			t.Errorf("panel %q is incomplete, or its ID %d is taken", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := cells[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("panel %q leaves the grid at column %d or covers %q", p.Title, x, other)
				}
				cells[[2]int{x, y}] = p.Title
			}
		}
		for i, target := range p.Targets {
			if target.RefID != string(rune('A'+i)) || target.Datasource != selected {
				t.Errorf("panel %q: target %d is %+v", p.Title, i, target)
			}
			for _, m := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				if variables[m[1]] == "" {
					t.Errorf("panel %q: no variable $%s", p.Title, m[1])
				}
			}
		}
	}
}

// A family is a metric of the registry.
type family struct {
	name    string
	counted bool     // a counter or a histogram, of which a panel shows the rate
	labels  []string // including those of the scrape
}

// allSeries returns the names of all series, such as that of a histogram's count.
func allSeries(t *testing.T) map[string]family {
	t.Helper()
	e, reg := newMetrics(t)
	useAll(e, newConn(t))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := make(map[string]family)
	for _, f := range families {
		m := f.GetMetric()[0]
		labels := []string{"instance", "job"}
		for _, l := range m.GetLabel() {
			labels = append(labels, l.GetName())
		}
		v := family{f.GetName(), m.Gauge == nil, labels}
		if m.Histogram == nil {
			series[v.name] = v
			continue
		}
		series[v.name+"_sum"], series[v.name+"_count"] = v, v
		v.labels = append(labels, "le")
		series[v.name+"_bucket"] = v
	}
	return series
}

// The dashboard shows every metric, and uses no name or label that does not exist.
func TestDashboardMetrics(t *testing.T) {
	name := regexp.MustCompile(`(\w*\()?(websocket_\w+)`)
	label := regexp.MustCompile(`(?:\bby \(|\{\{|[{,] ?)(\w+(?:, \w+)*)(?:\)|\}\}|=)`)
	series := allSeries(t)
	missing := make(map[string]bool)
	for _, f := range series {
		missing[f.name] = true
	}
	d := readDashboard(t)
	for _, v := range d.Templating.List {
		query, _ := json.Marshal(v.Query)
		for _, m := range name.FindAllStringSubmatch(string(query), -1) {
			if _, ok := series[m[2]]; !ok {
				t.Errorf("variable %q: no series %s", v.Name, m[2])
			}
		}
	}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			var labels []string
			for _, m := range name.FindAllStringSubmatch(target.Expr, -1) {
				f, ok := series[m[2]]
				if !ok || f.counted != (m[1] == "rate(") {
					t.Errorf("panel %q: no series %s, or not with %q", p.Title, m[2], m[1])
				}
				delete(missing, f.name)
				labels = append(labels, f.labels...)
			}
			for _, m := range label.FindAllStringSubmatch(target.Expr+" "+target.LegendFormat, -1) {
				for l := range strings.SplitSeq(m[1], ", ") {
					if !slices.Contains(labels, l) {
						t.Errorf("panel %q: %s has no label %s", p.Title, target.Expr, l)
					}
				}
			}
			if len(labels) == 0 {
				t.Errorf("panel %q: no metric in %s", p.Title, target.Expr)
			}
		}
	}
	for name := range missing {
		t.Errorf("no panel shows %s", name)
	}
}
