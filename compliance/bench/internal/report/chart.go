package report

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"
)

// Sizes of the charts in pixels.
const (
	barColumns = 3
	barWidth   = 340
	barLine    = 13
	barLabel   = 84
	barText    = 36
	barMost    = 3.0 // the longest bar; larger ratios are cut
	margin     = 14
)

// A canvas collects the elements of an SVG image.
type canvas struct{ strings.Builder }

func (c *canvas) rect(x, y, w, h float64, fill string) {
	fmt.Fprintf(c, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x, y, w, h, fill)
}

func (c *canvas) line(x1, y1, x2, y2 float64, stroke string) {
	fmt.Fprintf(c, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"%s\" fill=\"none\"/>\n", x1, y1, x2, y2, stroke)
}

// text writes text whose anchor is start, middle or end.
func (c *canvas) text(x, y float64, anchor, style, s string) {
	fmt.Fprintf(c, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>\n", x, y, anchor, style,
		html.EscapeString(s))
}

const bold = " font-weight=\"bold\""

// writeTo writes the image.
func (c *canvas) writeTo(w io.Writer, width, height float64) error {
	_, err := fmt.Fprintf(w, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "+
		"height=\"%.0f\" font-family=\"sans-serif\" font-size=\"10\">\n"+
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n%s</svg>\n", width, height, width, height, c.String())
	return err
}

// color returns the color of a server. That of hawser is conspicuous. A server without a library is gray.
func color(server string) string {
	switch server {
	case "hawser":
		return "#0b63c5"
	case "rawtcp", "rawtcp2", "hijack", "klauspost":
		return "#b9bec5"
	}
	return library
}

// library is the color of other libraries.
const library = "#8fb8de"

// WriteBars writes a chart of the ratios, with a bar for each server in each row, as SVG.
func (r *Report) WriteBars(w io.Writer) error {
	var c canvas
	c.text(margin, 22, "start", " font-size=\"14\""+bold, "CPU time of a message on the server, shorter is better")
	c.text(margin, 37, "start", "", "divided by that of the first server; lines are 95 % intervals; "+
		r.Date.Format("2006-01-02")+", "+r.Machine.CPU+", "+r.Machine.Go)
	var bottoms [barColumns]float64
	for i := range bottoms {
		bottoms[i] = 48
	}
	for _, row := range r.rowsOf(Micros) {
		col := slices.Index(bottoms[:], slices.Min(bottoms[:]))
		bottoms[col] = row.bars(&c, float64(margin+col*(barWidth+margin)), bottoms[col], r.serversOf([]*Row{row}))
	}
	return c.writeTo(w, margin+barColumns*(barWidth+margin), slices.Max(bottoms[:])+margin)
}

// bars draws a row at x and y, and returns the y below it.
func (row *Row) bars(c *canvas, x, y float64, servers []string) float64 {
	y += 18
	c.text(x, y, "start", bold, row.Title+" ("+row.base()+")")
	y += 5
	left, unit := x+barLabel, (barWidth-barLabel-barText)/barMost
	top := y
	for _, s := range servers {
		ratio := row.Ratio(s)
		if ratio == nil {
			continue
		}
		median := ratio.Median()
		low, high := ratio.Interval()
		c.text(left-4, y+barLine-3, "end", "", s)
		c.rect(left, y+2, unit*min(median, barMost), barLine-4, color(s))
		if s != row.Base && low < barMost {
			c.line(left+unit*low, y+barLine/2, left+unit*min(high, barMost), y+barLine/2, "#333")
		}
		c.text(left+unit*min(max(median, high), barMost)+4, y+barLine-3, "start", "", number(median))
		y += barLine
	}
	c.line(left+unit, top, left+unit, y, "#d33")
	return y
}

// palette has the colors of the lines of a chart.
var palette = []string{"#d9480f", "#2b8a3e", "#9c36b5", "#e8a200", "#0c8599", "#c2255c", "#5c3c11", "#66a80f", "#3b5bdb"}

// lineColor returns the color of the i-th server.
func lineColor(server string, i int) string {
	if c := color(server); c != library {
		return c
	}
	return palette[i%len(palette)]
}

const (
	plotWidth, plotHeight = 460.0, 300.0
	plotLeft, plotTop     = 60.0, 46.0
)

// WriteLines writes a chart of a scale with logarithmic axes as SVG.
func (s *Scale) WriteLines(w io.Writer, servers []string) error {
	var c canvas
	xs := s.xs()
	if len(xs) == 0 {
		return c.writeTo(w, plotWidth, plotHeight)
	}
	lowest, highest := math.Inf(1), 0.0
	for _, points := range s.Points {
		for _, p := range points {
			lowest, highest = min(lowest, p.Values.Median()), max(highest, p.Values.Median())
		}
	}
	x := logScale(xs[0], xs[len(xs)-1], plotLeft, plotLeft+plotWidth)
	y := logScale(lowest, highest, plotTop+plotHeight, plotTop)
	c.text(plotLeft, 22, "start", " font-size=\"14\""+bold, s.Title)
	c.text(plotLeft, 37, "start", "", string(s.Unit))
	for _, v := range xs {
		c.line(x(v), plotTop, x(v), plotTop+plotHeight, "#eee")
		c.text(x(v), plotTop+plotHeight+14, "middle", "", whole(v))
	}
	for _, v := range ticks(lowest, highest) {
		c.line(plotLeft, y(v), plotLeft+plotWidth, y(v), "#eee")
		c.text(plotLeft-6, y(v)+3, "end", "", whole(v))
	}
	c.text(plotLeft+plotWidth/2, plotTop+plotHeight+30, "middle", "", s.X)
	for i, server := range servers {
		points := s.Points[server]
		if len(points) == 0 {
			continue
		}
		var path strings.Builder
		for j, p := range points {
			fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(j, 1)], x(p.X), y(p.Values.Median()))
		}
		stroke := lineColor(server, i)
		fmt.Fprintf(&c, "<path d=\"%s\" stroke=\"%s\" stroke-width=\"1.5\" fill=\"none\"/>\n", path.String(), stroke)
		row := plotTop + float64(i)*barLine
		c.rect(plotLeft+plotWidth+12, row, 10, 3, stroke)
		c.text(plotLeft+plotWidth+26, row+5, "start", "", server)
	}
	return c.writeTo(w, plotLeft+plotWidth+100, plotTop+plotHeight+40)
}

// logScale maps low to from and high to to.
func logScale(low, high, from, to float64) func(float64) float64 {
	span := max(math.Log(high/low), 1e-9)
	return func(v float64) float64 { return from + (to-from)*math.Log(v/low)/span }
}

// ticks returns 1, 2 and 5 times the powers of ten from low to high.
func ticks(low, high float64) (all []float64) {
	for exp := math.Floor(math.Log10(low)); exp <= math.Log10(high); exp++ {
		for _, m := range []float64{1, 2, 5} {
			if v := m * math.Pow(10, exp); v >= low && v <= high {
				all = append(all, v)
			}
		}
	}
	return all
}
