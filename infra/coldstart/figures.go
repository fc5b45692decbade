package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is what was measured of one subject, in the form that tresor bench prints too.
type figure struct {
	name   string
	Value  float64  `json:"value"`
	Unit   string   `json:"unit"`
	Budget *float64 `json:"budget,omitempty"`
	OK     bool     `json:"ok"`

	Least     float64 `json:"least"`         // ms
	Processor float64 `json:"processor"`     // ms
	Times     float64 `json:"times_a_hello"` // ratio of the medians
}

func figuresOf(all []*subject) []figure {
	var figures []figure
	base := ms(all[0].median(sample.ofStart))
	for _, s := range all {
		f := figure{name: "cold_start_" + strings.ReplaceAll(s.name, "-", "_"), Unit: "ms", OK: true, Value: ms(s.median(sample.ofStart)), Least: ms(s.least()), Processor: ms(s.median(sample.ofProcessor))}
		f.Times = f.Value / base
		if s.budget > 0 {
			limit := s.budget * base
			f.Budget, f.OK = &limit, f.Value <= limit
		}
		figures = append(figures, f)
	}
	return figures
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func objectOf(figures []figure) map[string]figure {
	out := make(map[string]figure, len(figures))
	for _, f := range figures {
		out[f.name] = f
	}
	return out
}

func table(w io.Writer, figures []figure) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "start to first poll\tmedian ms\tleast ms\tprocessor ms\ttimes hello\tbudget\t\t")
	for _, f := range figures {
		limit, verdict := "", ""
		if f.Budget != nil {
			limit, verdict = fmt.Sprintf("<= %d", budget), "ok"
			if !f.OK {
				verdict = "MISSED"
			}
		}
		_, _ = fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.1f\t%.2f\t%s\t%s\t\n", f.name, f.Value, f.Least, f.Processor, f.Times, limit, verdict)
	}
	return t.Flush()
}
