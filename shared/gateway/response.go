package gateway

import "net/http"

// writer gives the adapter's response writer the manners of net/http: the first status holds, informational ones do not count, and
// headers changed after it are not sent.
type writer struct {
	http.ResponseWriter
	status int
	sent   http.Header
}

// Header returns the headers to send, or after WriteHeader a copy that nobody reads.
func (w *writer) Header() http.Header {
	if w.status == 0 {
		return w.ResponseWriter.Header()
	}
	if w.sent == nil {
		w.sent = w.ResponseWriter.Header().Clone()
	}
	return w.sent
}

// WriteHeader sends the status, once.
func (w *writer) WriteHeader(status int) {
	if w.status != 0 || status < http.StatusOK {
		return
	}
	w.status = status
	for _, name := range []string{"Content-Length", "Transfer-Encoding", "Connection"} { // the gateway's to set
		w.ResponseWriter.Header().Del(name)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends part of the body. Statuses that have no body swallow it.
func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap serves http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
