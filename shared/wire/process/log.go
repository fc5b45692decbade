package process

import (
	"io"
	"log/slog"
)

// NewLogger writes one JSON object a line, with the names that Lambda's JSON log format looks for:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
func NewLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 {
			return a
		}
		switch a.Key {
		case slog.TimeKey:
			a = slog.String("timestamp", a.Value.Time().UTC().Format(Timestamp))
		case slog.MessageKey:
			a.Key = "message"
		}
		return a
	}}))
}

// Timestamp is a time in milliseconds, which is what CloudWatch keeps.
const Timestamp = "2006-01-02T15:04:05.000Z"
