package portal

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Charts are drawn 400 units wide, about what a phone shows and what half a page is wide, so that
// their text is as large as the text around them. Every text goes through text, which escapes it.

const (
	chartWidth  = 400
	chartHeight = 210
	leftMargin  = 46
	topMargin   = 10
	footMargin  = 24
)

// The colours differ in lightness too, so that they are told apart on grey paper.
var (
	seriesColours = []string{"#0b5fa5", "#d1581a", "#3f8f5f", "#6b4fa0"}
	good, hint    = "#3f8f5f", "#e0a526"
	bad           = "#a32020"
)

// series is one line of a chart.
type series struct {
	name   string
	values []int64
}

type svg struct{ strings.Builder }

func begin(height int, label string) *svg {
	s := new(svg)
	fmt.Fprintf(s, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, chartWidth, height, html.EscapeString(label))
	return s
}

func (s *svg) end() template.HTML {
	s.WriteString("</svg>")
	return template.HTML(s.String()) // made here, texts escaped
}

func (s *svg) text(x, y float64, class, words string) {
	fmt.Fprintf(s, `<text x="%.1f" y="%.1f" class="%s">%s</text>`, x, y, class, html.EscapeString(words))
}

func (s *svg) rect(x, y, w, h float64, colour, title string) {
	fmt.Fprintf(s, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"><title>%s</title></rect>`, x, y, max(w, 0), max(h, 0), colour, html.EscapeString(title))
}

// steps returns round values for an axis up to a largest value.
func steps(largest int64) []int64 {
	if largest <= 0 {
		return []int64{0, 1}
	}
	unit := math.Pow(10, math.Floor(math.Log10(float64(largest)/4)))
	for _, k := range []float64{1, 2, 5, 10} {
		if unit*k*4 >= float64(largest) {
			unit *= k
			break
		}
	}
	step := max(1, int64(unit))
	out := []int64{0}
	for out[len(out)-1] < largest {
		out = append(out, out[len(out)-1]+step)
	}
	return out
}

// brief prints a number for an axis: 1.2 M, 340 k, 17.
func brief(n int64) string {
	f := float64(n)
	switch {
	case n >= 1_000_000_000:
		return trim(f/1e9) + " G"
	case n >= 1_000_000:
		return trim(f/1e6) + " M"
	case n >= 10_000:
		return trim(f/1e3) + " k"
	}
	return grouped(n)
}

func trim(f float64) string { return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0") }

// grouped prints a number with narrow spaces between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

func percent(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	p := 100 * float64(part) / float64(whole)
	switch {
	case part == 0:
		return "0 %"
	case p < 0.01:
		return "< 0.01 %"
	case p < 1:
		return strconv.FormatFloat(p, 'f', 2, 64) + " %"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + " %"
}

// axis draws the lines and values of the vertical axis and returns where a value lies.
func (s *svg) axis(largest int64) func(int64) float64 {
	marks := steps(largest)
	top := marks[len(marks)-1]
	at := func(v int64) float64 {
		return chartHeight - footMargin - float64(v)/float64(top)*(chartHeight-footMargin-topMargin)
	}
	for _, m := range marks {
		fmt.Fprintf(s, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" class="grid"/>`, leftMargin, chartWidth-4, at(m), at(m))
		s.text(leftMargin-6, at(m)+4, "y", brief(m))
	}
	return at
}

// lineChart draws one line for each series; labels stand below those points that have one.
func lineChart(label string, labels []string, all []series) template.HTML {
	s := begin(chartHeight, label)
	largest := int64(0)
	for _, l := range all {
		for _, v := range l.values {
			largest = max(largest, v)
		}
	}
	y := s.axis(largest)
	x := func(i int) float64 {
		return leftMargin + 8 + float64(i)*(chartWidth-leftMargin-32)/float64(max(1, len(labels)-1))
	}
	for i, l := range labels {
		if l != "" {
			s.text(x(i), chartHeight-8, "x", l)
		}
	}
	for k, l := range all {
		var points []string
		for i, v := range l.values {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(i), y(v)))
		}
		fmt.Fprintf(s, `<polyline points="%s" class="line" stroke="%s"%s/>`, strings.Join(points, " "), seriesColours[k], dash(k))
		if len(l.values) <= 12 {
			for i, v := range l.values {
				fmt.Fprintf(s, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"><title>%s</title></circle>`, x(i), y(v), seriesColours[k],
					html.EscapeString(l.name+", "+labels[i]+": "+grouped(v)))
			}
		}
	}
	return s.end()
}

func dash(k int) string {
	return []string{"", ` stroke-dasharray="7 3"`, ` stroke-dasharray="2 3"`, ""}[k]
}

// column is one column of a chart, of one part or of several on top of one another.
type column struct {
	label string
	parts []int64
}

// columnChart draws columns. With roots, heights are by the square root, so that few are seen
// beside many; each column then carries its number.
func columnChart(label string, columns []column, colours []string, names []string, roots bool) template.HTML {
	s := begin(chartHeight, label)
	largest := int64(0)
	for _, c := range columns {
		sum := int64(0)
		for _, p := range c.parts {
			sum += p
		}
		largest = max(largest, sum)
	}
	left, y := 8.0, func(v int64) float64 {
		return chartHeight - footMargin - math.Sqrt(float64(v))/math.Sqrt(float64(max(1, largest)))*(chartHeight-footMargin-topMargin-14)
	}
	if !roots {
		left, y = leftMargin+4, s.axis(largest)
	}
	slot := (chartWidth - left - 8) / float64(max(1, len(columns)))
	wide := min(slot*0.72, 44)
	for i, c := range columns {
		x, sum := left+slot*(float64(i)+0.5)-wide/2, int64(0)
		for k, p := range c.parts {
			s.rect(x, y(sum+p), wide, y(sum)-y(sum+p), colours[k], strings.TrimSpace(names[k]+" "+c.label)+": "+grouped(p))
			sum += p
		}
		if roots && slot >= 20 {
			s.text(x+wide/2, y(sum)-4, "x n", brief(sum))
		}
		if slot >= 20 || i%int(math.Ceil(24/slot)) == 0 {
			s.text(x+wide/2, chartHeight-8, "x", c.label)
		}
	}
	if roots {
		fmt.Fprintf(s, `<line x1="8" x2="%d" y1="%d" y2="%d" class="base"/>`, chartWidth-8, chartHeight-footMargin, chartHeight-footMargin)
	}
	return s.end()
}

// bars draws horizontal bars with their names above them.
func bars(label string, rows []column, colour string) template.HTML {
	const row = 34
	s := begin(max(1, len(rows))*row+4, label)
	largest := int64(1)
	for _, r := range rows {
		largest = max(largest, r.parts[0])
	}
	for i, r := range rows {
		y := float64(i * row)
		s.text(0, y+14, "name", r.label)
		s.text(chartWidth, y+14, "y", grouped(r.parts[0]))
		fmt.Fprintf(s, `<rect class="track" x="0" y="%.1f" width="%d" height="8"/>`, y+19, chartWidth)
		s.rect(0, y+19, float64(r.parts[0])/float64(largest)*chartWidth, 8, colour, r.label+": "+grouped(r.parts[0]))
	}
	return s.end()
}

// shares draws one bar cut into shares.
func shares(label string, parts []int64, colours, names []string) template.HTML {
	s := begin(22, label)
	whole := int64(0)
	for _, p := range parts {
		whole += p
	}
	x := 0.0
	for k, p := range parts {
		if whole == 0 {
			break
		}
		w := float64(p) / float64(whole) * chartWidth
		if p > 0 {
			w = max(w, 1.5) // nobody is too few to be seen
		}
		s.rect(min(x, chartWidth-w), 2, w, 18, colours[k], names[k]+": "+grouped(p))
		x += w
	}
	return s.end()
}

// spark draws a small line without axes.
func spark(label string, values []int64) template.HTML {
	s := new(svg)
	fmt.Fprintf(s, `<svg class="spark" viewBox="0 0 80 22" role="img" aria-label="%s">`, html.EscapeString(label))
	largest := int64(1)
	for _, v := range values {
		largest = max(largest, v)
	}
	var points []string
	x, y := 0.0, 0.0
	for i, v := range values {
		x, y = 3+float64(i)*74/float64(max(1, len(values)-1)), 19-float64(v)/float64(largest)*16
		points = append(points, fmt.Sprintf("%.1f,%.1f", x, y))
	}
	fmt.Fprintf(s, `<polyline points="%s" class="line" stroke="%s"/><circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>`, strings.Join(points, " "), seriesColours[0], x, y, seriesColours[0])
	return s.end()
}
