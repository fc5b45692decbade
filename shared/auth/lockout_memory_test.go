package auth

import (
	"fmt"
	"testing"
	"time"
)

func TestLockoutMemoryIsBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := (&Service{now: func() time.Time { return now }}).Lockout("test")
	for i := range maxSources + 10 {
		l.count(fmt.Sprintf("2001:db8:0:%x::/64", i))
	}
	if len(l.sources) > maxSources {
		t.Errorf("%d sources are remembered", len(l.sources))
	}
	l.count("192.0.2.1")
	now = now.Add(failureWindow + time.Second)
	for i := range maxSources {
		l.count(fmt.Sprintf("2001:db8:1:%x::/64", i))
	}
	if len(l.recent("192.0.2.1")) != 0 || len(l.sources) > maxSources {
		t.Error("what is over is remembered")
	}
}
