package localapi

import "testing"

// TestBytesThatAreNoTextStayWhatTheyAre: an event is JSON, which would replace them.
func TestBytesThatAreNoTextStayWhatTheyAre(t *testing.T) {
	for in, want := range map[string]string{"/a/\xe9;p\xff": "/a/%E9;p%FF", "/a/é\ufffd%e9": "/a/é\ufffd%e9"} {
		if got := event(Request{Target: in}, match{}, nil).Path; got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
