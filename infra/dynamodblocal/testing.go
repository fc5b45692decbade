package dynamodblocal

import (
	"context"
	"sync"
	"testing"
)

// one is the server of this process, started by the first test that asks. It ends with the process.
var one struct {
	start  sync.Once
	server *Server
	tables Tables
	err    error
}

// Start returns the server and the tables that all tests of a test binary share, starting them at the first call. It fails the
// test where Java or Maven is missing. Tests keep apart by their vault's name, not by tables.
func Start(t testing.TB) (*Server, Tables) {
	t.Helper()
	one.start.Do(func() {
		ctx := context.Background() // not the test's: later tests use the server too
		if one.server, one.err = Run(ctx, Options{}); one.err == nil {
			one.tables, one.err = one.server.CreateTables(ctx, "", "-test")
		}
	})
	if one.err != nil {
		t.Fatalf("this test needs DynamoDB Local: %v", one.err)
	}
	return one.server, one.tables
}
