package report

import (
	"bytes"
	"html/template"
	"os"
)

// singleSize limits the total size, in bytes, of the cases that a report in one file shows in
// full. The table of all cases adds about 1 KB per case.
const singleSize = 4 << 20

// Limits of a wire log in a report in one file.
const (
	singleHead = 80
	singleTail = 20
)

// writeSingle writes a report in one file and its index.json.
func writeSingle(root *os.Root, s *site) error {
	light, err := s.choose(singleSize)
	if err != nil {
		return err
	}
	p := s.indexPage()
	for i, r := range s.results {
		if !s.full[ref{r.Agent, r.ID}] {
			continue
		}
		text, err := s.one(i, light[i])
		if err != nil {
			return err
		}
		p.Full = append(p.Full, template.HTML(text)) // safe: output of a template
	}
	return writeIndex(root, s, p)
}

// choose fills s.full with cases that fell short, up to bound bytes in total. It returns the
// cases that are shown without their wire logs to leave room for others.
func (s *site) choose(bound int) (light map[int]bool, err error) {
	s.full, light = make(map[ref]bool), make(map[int]bool)
	var wanted []int
	for i, r := range s.results {
		if s.outcome(r) >= KnownShort || r.Varies() != "" {
			wanted = append(wanted, i)
			s.full[ref{r.Agent, r.ID}] = true // because the links add to the size
		}
	}
	left, kept := bound, 0
	var logs []int // sizes of the logs
	for _, i := range wanted {
		brief, err := s.one(i, true)
		if err != nil {
			return nil, err
		}
		whole, err := s.one(i, false)
		if err != nil {
			return nil, err
		}
		if len(brief) > left {
			break
		}
		left -= len(brief)
		logs = append(logs, len(whole)-len(brief))
		kept++
	}
	for _, i := range wanted[kept:] {
		delete(s.full, ref{s.results[i].Agent, s.results[i].ID})
	}
	for n, size := range logs {
		if light[wanted[n]] = size > left; size <= left {
			left -= size
		}
	}
	return light, nil
}

// one returns the section of a case.
func (s *site) one(i int, light bool) (string, error) {
	p := s.casePage(i)
	p.Light = light
	var b bytes.Buffer
	err := pages().ExecuteTemplate(&b, "single.tmpl", p)
	return b.String(), err
}
