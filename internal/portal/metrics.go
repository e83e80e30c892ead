package portal

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Metric is one family of measurements.
type Metric struct {
	Name, Help, Type string // Type is gauge or counter
	Samples          []Sample
}

// Sample is a value with its labels: names and values in turn. No label holds an identifier of a
// device or a subscriber.
type Sample struct {
	Labels []string
	Value  float64
}

// Metrics serves measurements in the text form of Prometheus (version 0.0.4).
type Metrics struct {
	Gather func(context.Context) ([]Metric, error)
}

// ServeHTTP implements http.Handler.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "only GET is answered here", http.StatusMethodNotAllowed)
		return
	}
	all, err := m.Gather(r.Context())
	if err != nil {
		http.Error(w, "The register can not be read at the moment.", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(exposition(all))
}

// exposition writes the families by name, and the samples of each by their labels.
func exposition(all []Metric) []byte {
	var b bytes.Buffer
	slices.SortFunc(all, func(x, y Metric) int { return cmp.Compare(x.Name, y.Name) })
	for _, m := range all {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", m.Name, helpText.Replace(m.Help), m.Name, m.Type)
		slices.SortFunc(m.Samples, func(x, y Sample) int { return slices.Compare(x.Labels, y.Labels) })
		for _, s := range m.Samples {
			b.WriteString(m.Name)
			for i := 0; i+1 < len(s.Labels); i += 2 {
				open := ","
				if i == 0 {
					open = "{"
				}
				fmt.Fprintf(&b, `%s%s="%s"`, open, s.Labels[i], labelText.Replace(s.Labels[i+1]))
			}
			if len(s.Labels) > 1 {
				b.WriteByte('}')
			}
			fmt.Fprintf(&b, " %s\n", strconv.FormatFloat(s.Value, 'g', -1, 64))
		}
	}
	return b.Bytes()
}

var (
	helpText  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelText = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)
