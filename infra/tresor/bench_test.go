package main

import (
	"strings"
	"testing"
)

// The figures are the machine's; that they are all there, and that those which are counted keep to their budgets, is ours.
func TestBench(t *testing.T) {
	o := runCommand(t, "", "bench", "--quick", "--json", "--data", t.TempDir())
	if o.status != 0 {
		t.Fatalf("got %+v", o)
	}
	figures := object[map[string]benchFigure](t, o.stdout)
	for _, name := range []string{
		"read_requests_at_100", "read_requests_at_2000", "read_units_at_100", "read_units_at_2000", "create_requests_at_2000", "create_units_small_at_2000",
		"create_units_1kb_at_2000", "embedded_lost_or_doubled", "dynamodb_lost_or_doubled",
	} {
		if f, found := figures[name]; !found || f.Budget == nil || !f.OK {
			t.Errorf("%s: got %+v, %v", name, f, found)
		}
	}
	for _, name := range []string{
		"index_at_2000", "replay_at_2000", "tpm_list_page_at_2000", "tpm_search_two_words_at_2000", "syspass_search_word_at_2000", "embedded_reads", "embedded_reads_http",
		"export_of_2000", "import_of_2000", "backup_of_2000", "restore_of_2000", "restore_of_2000_peak", "snapshot_load", "import_of_syspass_own", "embedded_commits_of_4_processes", "dynamodb_commits_of_10_processes",
	} {
		if f, found := figures[name]; !found || f.Value <= 0 {
			t.Errorf("%s: got %+v, %v", name, f, found)
		}
	}
	if figures["read_requests_at_100"].Value != figures["read_requests_at_2000"].Value || figures["read_units_at_100"].Value != figures["read_units_at_2000"].Value {
		t.Error("a read takes more in a large vault")
	}
	if strings.Contains(o.stderr, "not measured") {
		t.Error(o.stderr)
	}
}
