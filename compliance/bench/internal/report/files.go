package report

import (
	"io"
	"os"
	"path/filepath"
)

// Begin and End are the lines of a document around the summary.
const (
	Begin = "<!-- wsbench begin -->"
	End   = "<!-- wsbench end -->"
)

// WriteFiles writes report.json, report.md, chart.svg, and a chart for each scale to a directory.
func (r *Report) WriteFiles(dir string) error {
	files := map[string]func(io.Writer) error{
		"report.json": r.WriteJSON,
		"report.md":   r.WriteMarkdown,
		"chart.svg":   r.WriteBars,
	}
	for _, s := range r.Scales {
		files[s.Name+".svg"] = func(w io.Writer) error { return s.WriteLines(w, r.Servers) }
	}
	for name, write := range files {
		if err := writeFile(filepath.Join(dir, name), write); err != nil {
			return err
		}
	}
	return nil
}

// UpdateReadme replaces the summary in a document, and writes the charts beside it.
func (r *Report) UpdateReadme(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	doc, err := Insert(string(b), Begin, End, r.Summary()+"\n![The ratios as bars](chart.svg)\n"+r.charts()+r.million())
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := writeFile(filepath.Join(dir, "chart.svg"), r.WriteBars); err != nil {
		return err
	}
	for _, s := range r.Scales {
		err := writeFile(filepath.Join(dir, s.Name+".svg"), func(w io.Writer) error { return s.WriteLines(w, r.Servers) })
		if err != nil {
			return err
		}
	}
	return os.WriteFile(path, []byte(doc), 0o666)
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
