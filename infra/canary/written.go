package canary

import (
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

// Written runs f and returns all that this process wrote meanwhile: stdout, stderr, package log and slog, at every level. It must not run beside
// other tests.
func Written(t testing.TB, f func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "written"))
	if err != nil {
		t.Fatal(err)
	}
	defer func(out, errs *os.File, l *slog.Logger, lw io.Writer) {
		os.Stdout, os.Stderr = out, errs
		slog.SetDefault(l)
		log.SetOutput(lw)
		_ = file.Close()
	}(os.Stdout, os.Stderr, slog.Default(), log.Writer())
	os.Stdout, os.Stderr = file, file
	slog.SetDefault(slog.New(slog.NewJSONHandler(file, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.SetOutput(file)
	f()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
