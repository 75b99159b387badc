package report

import (
	"bytes"
	"html/template"
	"os"
)

// singleSize bounds the cases that a report in one file has in full, in bytes. Its
// matrix adds about a kilobyte a case.
const singleSize = 4 << 20

// In one file a wire log is cut earlier than on a page of its own.
const (
	singleHead = 80
	singleTail = 20
)

// writeSingle writes a report in one file, and its index.json.
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
		p.Full = append(p.Full, template.HTML(text)) // a template made it
	}
	return writeIndex(root, s, p)
}

// choose fills s.full with as many of the cases that fell short as the bound allows,
// and returns those that go without their wire logs to leave room for others.
func (s *site) choose(bound int) (light map[int]bool, err error) {
	s.full, light = make(map[ref]bool), make(map[int]bool)
	var wanted []int
	for i, r := range s.results {
		if s.outcome(r) >= KnownShort || r.Varies() != "" {
			wanted = append(wanted, i)
			s.full[ref{r.Agent, r.ID}] = true // so that each has its links when it is measured
		}
	}
	left, kept := bound, 0
	var logs []int // their sizes
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

// one is the section of a case.
func (s *site) one(i int, light bool) (string, error) {
	p := s.casePage(i)
	p.Light = light
	var b bytes.Buffer
	err := pages().ExecuteTemplate(&b, "single.tmpl", p)
	return b.String(), err
}
