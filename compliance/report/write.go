package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// Options describe a run for its report.
type Options struct {
	Title     string    // "WebSocket conformance" if empty
	Tool      string    // name and version of the tool, such as "wscheck v1.2.3"
	Generated time.Time // time of the report; now if zero
	Partial   bool      // the run was interrupted
	Quick     bool      // cases ran with fewer messages than usual
	// Titles maps groups and subgroups of cases, such as "H.2", to titles. It adds to those
	// that [Title] returns and overrides them.
	Titles map[string]string

	URL     string   // URL of the server under test, or of the suite's server
	Command string   // such as "wscheck fuzzingclient"; derived from URL if empty
	Flags   []string // words of the flags of Command, without -cases, -exclude and -out
	Exclude []string // patterns of the cases that were excluded
	// Elapsed is the duration of the run. If it is zero, the report uses the time from the
	// start of the first case to the end of the last.
	Elapsed time.Duration
	// Verdict is the verdict on the run in one line, such as "PASS: 517 cases". If it is
	// empty, it is derived from the results.
	Verdict string
	// Policy decides which results fell short, and lists the known cases.
	Policy Policy
	// Single puts the report into index.html, which is easy to send. It has a row for each
	// case, and the full results, with wire logs, of the cases that fell short, up to a few
	// megabytes. The files that index.json names do not exist, so that [ReadIndex] can read
	// the report but [Read] cannot.
	Single bool
}

//go:embed assets
var assets embed.FS

// pages returns the templates of both kinds of page. They are parsed on first use.
var pages = sync.OnceValue(func() *template.Template {
	files := make(map[string]string)
	for _, name := range []string{"page.css", "index.css", "case.css", "index.js", "case.js"} {
		files[name] = asset(name)
	}
	return template.Must(template.New("").Funcs(template.FuncMap{
		"style": func(names ...any) template.CSS {
			text := files["page.css"]
			for _, name := range names {
				switch name := name.(type) {
				case string:
					text += files[name]
				case *indexPage: // for the number of columns of the matrix
					text += fmt.Sprintf(":root { --n: %d; }\n", name.Agents)
				}
			}
			return template.CSS(text)
		},
		"script": func(names ...string) (js template.JS) {
			for _, name := range names {
				js += template.JS(files[name])
			}
			return js
		},
		"csp":   contentPolicy,
		"words": func(s string) []string { return strings.Split(s, " ") },
	}).ParseFS(assets, "assets/*.tmpl"))
})

// contentPolicy returns the Content-Security-Policy of a page. It allows only the style and the
// script of the page, because a report shows untrusted data.
func contentPolicy(style template.CSS, script template.JS) string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + hash(string(style)) + "; script-src " + hash(string(script)) +
		"; base-uri 'none'; form-action 'none'"
}

// asset returns a file without indentation and blank lines.
func asset(name string) string {
	data, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Write writes a report to dir, which it creates if necessary: index.json and a JSON file for each
// case, in the form of the original suite, and index.html and an HTML page for each case. With
// opts.Single, it writes only index.json and index.html. If an agent has several results of a
// case, the last one counts.
//
// Write replaces existing files atomically and writes the index last. If it is interrupted, some
// cases may be new and others old, but the index never names an incomplete file. Concurrent calls
// for the same directory are not allowed. Write does not remove files of earlier reports.
func Write(dir string, results []*Result, opts Options) error {
	if opts.Title == "" {
		opts.Title = "WebSocket conformance"
	}
	if opts.Generated.IsZero() {
		opts.Generated = time.Now()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("report: cannot write: %w", err)
	}
	root, err := os.OpenRoot(dir) // so that no file name leads out of it
	if err != nil {
		return fmt.Errorf("report: cannot write: %w", err)
	}
	defer root.Close()
	write := writeAll
	if opts.Single {
		write = writeSingle
	}
	if err := write(root, newSite(latest(results), opts)); err != nil {
		return fmt.Errorf("report: cannot write to %s: %w", dir, err)
	}
	return nil
}

// writeAll writes the files of the cases, in parallel, and then the index.
func writeAll(root *os.Root, s *site) error {
	var (
		next   atomic.Int64
		group  sync.WaitGroup
		failed atomic.Pointer[error]
	)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(s.results) {
					return
				}
				if err := writeCase(root, s, i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return writeIndex(root, s, s.indexPage())
}

func writeIndex(root *os.Root, s *site, p *indexPage) error {
	if err := putPage(root, "index.html", "index.tmpl", p); err != nil {
		return err
	}
	data, err := encode(s.index)
	if err != nil {
		return err
	}
	return put(root, "index.json", data)
}

func writeCase(root *os.Root, s *site, i int) error {
	r := s.results[i]
	data, err := encode(r)
	if err != nil {
		return fmt.Errorf("case %s of %q: %w", r.ID, r.Agent, err)
	}
	if err := put(root, s.file(r)+".json", data); err != nil {
		return err
	}
	return putPage(root, s.file(r)+".html", "case.tmpl", s.casePage(i))
}

func putPage(root *os.Root, name, tmpl string, data any) error {
	var b bytes.Buffer
	if err := pages().ExecuteTemplate(&b, tmpl, data); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return put(root, name, escapeInvalid(b.Bytes()))
}

// escapeInvalid replaces each byte that is not UTF-8 with an escape such as \xff.
func escapeInvalid(page []byte) []byte {
	if utf8.Valid(page) {
		return page
	}
	var out []byte
	for len(page) > 0 {
		c, n := utf8.DecodeRune(page)
		if c == utf8.RuneError && n == 1 {
			out = fmt.Appendf(out, `\x%02x`, page[0])
		} else {
			out = append(out, page[:n]...)
		}
		page = page[n:]
	}
	return out
}

// put writes a file. It replaces an existing file atomically. A new file need not be written
// atomically, because no index names it yet.
func put(root *os.Root, name string, data []byte) error {
	err := create(root, name, data)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	tmp := name + ".tmp"
	err = root.WriteFile(tmp, data, 0o644)
	if err == nil {
		err = root.Rename(tmp, name)
	}
	if err != nil {
		root.Remove(tmp)
	}
	return err
}

// create writes a file that must not exist.
func create(root *os.Root, name string, data []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		root.Remove(name)
	}
	return err
}
