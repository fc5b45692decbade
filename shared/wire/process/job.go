package process

import (
	"context"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"tresor/shared/vault"
	"tresor/shared/watch"
)

// NewMeter returns what counts metrics under the stack's name; nil, which counts nothing, where the environment has none.
func NewMeter(out io.Writer) *watch.Meter {
	stack := os.Getenv(EnvStack)
	if stack == "" {
		return nil
	}
	return watch.NewMeter(out, stack, time.Now)
}

// Job returns do with what each run of a job leaves: a line in the log, another one for an error, and metrics.
func Job[Event, Answer any](function string, meter *watch.Meter, do func(context.Context, Event) (Answer, error)) func(context.Context, Event) (Answer, error) {
	return func(ctx context.Context, event Event) (Answer, error) {
		began := time.Now()
		ctx, ledger := watch.With(ctx)
		answer, err := do(ctx, event)
		done := Done(ledger, err)
		if err != nil {
			slog.ErrorContext(ctx, "job failed", "function", function, "error", err.Error())
		}
		slog.LogAttrs(ctx, slog.LevelInfo, "job", Line(ctx, function, done, time.Since(began))...)
		meter.Job(done)
		return answer, err
	}
}

// Done returns what a ledger has gathered, and as its outcome what became of it. What somebody has said in the ledger is not overruled by success.
func Done(ledger *watch.Ledger, err error) watch.Figures {
	done := ledger.Figures()
	switch {
	case err != nil:
		done.Outcome = vault.KindOf(err).Error()
	case done.Outcome == "":
		done.Outcome = watch.OK
	}
	return done
}

// Line is what the one line of a job, or of a start, says.
func Line(ctx context.Context, function string, done watch.Figures, took time.Duration) []slog.Attr {
	attrs := []slog.Attr{slog.String("function", function), slog.String("outcome", done.Outcome), slog.Int64("ms", took.Milliseconds())}
	if c, ok := lambdacontext.FromContext(ctx); ok {
		attrs = append(attrs, slog.String("request_id", c.AwsRequestID))
	}
	return append(attrs, done.Attrs()...)
}
