package watch

import (
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"

	"tresor/shared/vault"
)

// Namespace is where CloudWatch shows the metrics.
const Namespace = "tresor"

// Interval is the least time between two lines of a Meter.
const Interval = time.Minute

// Meter sums the figures of a process's requests and writes them as lines in CloudWatch's embedded metric format, at most one a minute and none where there
// is nothing to say: a line per request would cost more than what it tells, and a metric that is not written costs nothing. What was counted since the last line
// is lost with the process.
//
// The one dimension is the stack: CloudWatch bills every combination of dimensions as a metric of its own.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type Meter struct {
	out   io.Writer
	stack string
	now   func() time.Time

	mu   sync.Mutex
	sums sums
	last time.Time // of the last line
}

// sums are the metrics, by their names. The order is that of the line.
type sums struct {
	Reveals    int `json:",omitempty"` // secrets handed out
	Denials    int `json:",omitempty"` // requests refused for who sent them
	Conflicts  int `json:",omitempty"` // races lost for a place in a journal
	CatchUp    int `json:",omitempty"` // the most records that a request had to read first
	ColdStarts int `json:",omitempty"`
}

// NewMeter returns a Meter that writes to out. A nil one counts nothing.
func NewMeter(out io.Writer, stack string, now func() time.Time) *Meter {
	return &Meter{out: out, stack: stack, now: now}
}

// denials are the outcomes that count as such.
var denials = []vault.Kind{vault.Unauthenticated, vault.Disabled, vault.Forbidden, vault.Throttled}

func denied(outcome string) bool {
	return slices.ContainsFunc(denials, func(k vault.Kind) bool { return k.Error() == outcome })
}

// Request counts one request, the first of its process or not, and writes a line if one is due.
func (m *Meter) Request(f Figures, first bool) {
	m.count(func(s *sums) {
		s.add(f)
		s.CatchUp = max(s.CatchUp, f.CatchUp)
		if first {
			s.ColdStarts++
		}
	})
	m.flush(Interval)
}

// Job counts one run of a job, and writes what there is: the next run may be another process's. How cold it began and how far it was behind
// keeps nobody waiting: that is not counted, or an idle vault would have metrics.
func (m *Meter) Job(f Figures) {
	m.count(func(s *sums) { s.add(f) })
	m.flush(0)
}

func (s *sums) add(f Figures) {
	s.Reveals += f.Reveals
	s.Conflicts += f.Conflicts
	if denied(f.Outcome) {
		s.Denials++
	}
}

func (m *Meter) count(change func(*sums)) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.sums)
}

// flush writes a line if the last one is long enough ago and there is something in it.
func (m *Meter) flush(after time.Duration) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if m.sums == (sums{}) || now.Sub(m.last) < after {
		return
	}
	_, _ = m.out.Write(append(line(now, m.stack, m.sums), '\n'))
	m.sums, m.last = sums{}, now
}

// The embedded metric format.
type (
	metric    struct{ Name, Unit string }
	directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metric
	}
	metadata struct {
		Timestamp         int64
		CloudWatchMetrics []directive
	}
)

func line(now time.Time, stack string, s sums) []byte {
	d := directive{Namespace: Namespace, Dimensions: [][]string{{"Stack"}}}
	for _, m := range []struct {
		name  string
		value int
	}{{"Reveals", s.Reveals}, {"Denials", s.Denials}, {"Conflicts", s.Conflicts}, {"CatchUp", s.CatchUp}, {"ColdStarts", s.ColdStarts}} {
		if m.value != 0 {
			d.Metrics = append(d.Metrics, metric{m.name, "Count"})
		}
	}
	text, _ := json.Marshal(struct { // of strings and numbers: it always does
		AWS   metadata `json:"_aws"`
		Stack string
		sums
	}{metadata{now.UnixMilli(), []directive{d}}, stack, s})
	return text
}
