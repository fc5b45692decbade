package cost

import (
	"fmt"
	"strconv"
	"strings"

	"tresor/infra/template"
)

// month is one of 30 days.
const month = 30

// Jobs returns the functions of a template that run on a schedule.
func Jobs(t *template.Template) (jobs []Job, _ error) {
	for id, r := range t.Resources {
		if r.Type != "AWS::Serverless::Function" {
			continue
		}
		runs := 0.0
		for name, e := range template.Map(r.Properties["Events"]) {
			event := template.Map(e)
			if kind, _ := event["Type"].(string); kind != "Schedule" && kind != "ScheduleV2" {
				continue
			}
			text, _ := template.Map(event["Properties"])["Schedule"].(string)
			if text == "" {
				text, _ = template.Map(event["Properties"])["ScheduleExpression"].(string)
			}
			perDay, err := timesADay(text)
			if err != nil {
				return nil, fmt.Errorf("%s, event %s: %w", id, name, err)
			}
			runs += perDay * month
		}
		if runs > 0 {
			purposes, _ := template.Map(template.Map(r.Properties["Environment"])["Variables"])["TRESOR_PURPOSES"].(string)
			jobs = append(jobs, Job{Name: id, Runs: runs, MemoryMB: Memory(t, id), Keysets: float64(len(strings.Fields(purposes)))})
		}
	}
	return jobs, nil
}

// Memory returns the MB of a function.
func Memory(t *template.Template, id string) float64 {
	for _, properties := range []map[string]any{t.Resources[id].Properties, template.Map(t.Globals["Function"])} {
		if mb, ok := properties["MemorySize"].(int); ok {
			return float64(mb)
		}
	}
	return 128 // Lambda's own default
}

// timesADay reads rate(1 hour) and cron(5 * * * ? *), which is minute, hour, day of the month, month, day of the week, year.
func timesADay(schedule string) (float64, error) {
	if text, ok := strings.CutPrefix(schedule, "rate("); ok {
		fields := strings.Fields(strings.TrimSuffix(text, ")"))
		if len(fields) == 2 {
			n, err := strconv.ParseFloat(fields[0], 64)
			if per := map[string]float64{"minute": 24 * 60, "hour": 24, "day": 1}[strings.TrimSuffix(fields[1], "s")]; err == nil && n > 0 && per > 0 {
				return per / n, nil
			}
		}
		return 0, fmt.Errorf("no schedule: %q", schedule)
	}
	text, ok := strings.CutPrefix(schedule, "cron(")
	fields := strings.Fields(strings.TrimSuffix(text, ")"))
	if !ok || len(fields) != 6 {
		return 0, fmt.Errorf("no schedule: %q", schedule)
	}
	return times(fields[0], 60) * times(fields[1], 24), nil // on some days only: that much at most
}

// times returns how many values of a range a field of cron names.
func times(field string, of float64) (n float64) {
	for part := range strings.SplitSeq(field, ",") {
		base, step, stepped := strings.Cut(part, "/")
		from, to, ranged := strings.Cut(base, "-")
		count := 1.0
		if base == "*" || stepped {
			count = of
		}
		if ranged {
			a, _ := strconv.ParseFloat(from, 64)
			b, _ := strconv.ParseFloat(to, 64)
			count = b - a + 1
		}
		if s, err := strconv.ParseFloat(step, 64); err == nil && s > 0 {
			count /= s
		}
		n += count
	}
	return n
}

// AlarmMetrics returns how many metrics the template's alarms look at: each is billed. Those of a condition that is not the default's count too.
func AlarmMetrics(t *template.Template) (n float64) {
	for _, r := range t.Resources {
		if r.Type != "AWS::CloudWatch::Alarm" {
			continue
		}
		list, ok := r.Properties["Metrics"].([]any)
		if !ok {
			n++
		}
		for _, m := range list {
			if template.Map(m)["MetricStat"] != nil {
				n++
			}
		}
	}
	return n
}

// Dashboards returns how many there are by default.
func Dashboards(t *template.Template) (n float64) {
	for _, r := range t.Resources {
		if r.Type == "AWS::CloudWatch::Dashboard" && (r.Condition == "" || template.Map(t.Parameters["EnableDashboard"])["Default"] == "true") {
			n++
		}
	}
	return n
}

// Days returns the default of a parameter that is a number of days.
func Days(t *template.Template, parameter string) float64 {
	days, _ := template.Map(t.Parameters[parameter])["Default"].(int)
	return float64(days)
}
