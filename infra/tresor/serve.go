package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"tresor"
	"tresor/infra/localapi"
	"tresor/shared/compact"
	"tresor/shared/dialect"
	"tresor/shared/gateway"
	"tresor/shared/vault"
	"tresor/shared/wire"
)

// Timeouts of the server. A client on a slow line may take its time over a body of 10 MB; nobody may hold a connection open by
// sending a header byte a minute.
const (
	headerTimeout   = 10 * time.Second
	readTimeout     = 2 * time.Minute
	writeTimeout    = readTimeout + localapi.Timeout + 30*time.Second
	idleTimeout     = 2 * time.Minute
	maxHeaderBytes  = 512 << 10 // TeamPass carries whole items in the path; what is too long for it is answered in its own form
	shutdownTimeout = localapi.Timeout + 2*time.Second
	compactInterval = 10 * time.Minute
)

// serveFlags are the flags of serve.
type serveFlags struct {
	listen, cert, key string
	proxied, demo     bool
}

func serve(k *call) error {
	var f serveFlags
	k.flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "`HOST:PORT`; port 0 picks a free one")
	k.flags.StringVar(&f.cert, "tls-cert", "", "`file` with the certificate and its chain, PEM")
	k.flags.StringVar(&f.key, "tls-key", "", "`file` with the certificate's private key, PEM")
	k.flags.BoolVar(&f.proxied, "behind-tls-proxy", false, "every request comes through a proxy that ends TLS and appends to X-Forwarded-For")
	k.flags.BoolVar(&f.demo, "demo", false, "make the vault if there is none, and print its credentials and three calls to try")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	if err := f.check(k.json); err != nil {
		return err
	}
	s, d, err := k.openServed(f.demo)
	if err != nil {
		return err
	}
	defer s.close()
	k.warnKey()
	k.warnBucket()
	return k.serveOn(s, f, d)
}

func (f *serveFlags) check(json bool) error {
	host, _, err := net.SplitHostPort(f.listen)
	switch {
	case err != nil:
		return usagef("--listen takes HOST:PORT, not %q", f.listen)
	case (f.cert == "") != (f.key == ""):
		return usagef("--tls-cert and --tls-key belong together")
	case f.cert != "" && f.proxied:
		return usagef("--tls-cert and --behind-tls-proxy exclude each other")
	case f.demo && json:
		return usagef("--demo prints for people, without --json")
	case f.cert == "" && !f.proxied && !loopback(host):
		return usagef("%s is not this machine alone: passwords would cross the network in clear. Give --tls-cert and --tls-key, or --behind-tls-proxy", f.listen)
	}
	return nil
}

// loopback reports whether a host can only be reached from this machine. A name other than localhost may be anyone's.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// certificate loads the certificate before anything listens; nil if there is none.
func (f *serveFlags) certificate() (*tls.Config, error) {
	if f.cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, fmt.Errorf("load the certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// warnKey tells when a copy of the data folder is a copy of the key.
func (k *call) warnKey() {
	if k.place.store == "" && k.place.keyInside() {
		fmt.Fprintf(k.err, "tresor serve: warning: the key %s lies in the folder that it protects; --key-file keeps it elsewhere\n", k.place.keyPath())
	}
}

// warnBucket tells when config/backup and config/export will be refused.
func (k *call) warnBucket() {
	if k.place.store != "" && !wire.HasBucket() {
		fmt.Fprintln(k.err, "tresor serve: warning: TRESOR_BUCKET is not set; backups and exports have nowhere to go")
	}
}

// serveOn serves until the call's context ends (SIGTERM, SIGINT), then finishes what runs.
func (k *call) serveOn(s *system, f serveFlags, d *demo) error {
	ctx, stop := context.WithCancel(k.ctx)
	defer stop()
	parts, files, err := s.parts()
	if err != nil {
		return err
	}
	handler, err := newHandler(parts, newLog(k.err), f.proxied)
	if err != nil {
		return err
	}
	certificate, err := f.certificate()
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(k.ctx, "tcp", f.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes, TLSConfig: certificate, ErrorLog: slog.NewLogLogger(slog.NewJSONHandler(k.err, nil), slog.LevelWarn),
	}
	scheme, run := "http", func() error { return server.Serve(listener) }
	if server.TLSConfig != nil {
		scheme, run = "https", func() error { return server.ServeTLS(listener, "", "") }
	}
	ended := make(chan error, 1)
	go func() { ended <- run() }()
	var jobs sync.WaitGroup
	jobs.Go(func() { compactAll(ctx, s.vault, s.log, files, time.Now) })
	defer jobs.Wait() // the store is closed after it
	defer stop()
	k.ready(scheme+"://"+listener.Addr().String(), d)
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-k.ctx.Done():
	}
	return finish(server, ended)
}

// finish lets running requests end and takes no new ones.
func finish(server *http.Server, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout) // the call's is over
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return fmt.Errorf("finish what runs: %w", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// ready says where the server is: in one form, whatever else is printed, because scripts wait for it.
func (k *call) ready(url string, d *demo) {
	line, _ := json.Marshal(struct {
		Event string `json:"event"`
		URL   string `json:"url"`
	}{"ready", url})
	_, _ = fmt.Fprintf(k.out, "%s\n", line)
	if d != nil {
		d.people(k.out, url)
	}
}

// newHandler is the API Gateway of this process: the routes of the template that is deployed, and every function of it on the one vault.
func newHandler(p dialect.Parts, log *slog.Logger, proxied bool) (http.Handler, error) {
	functions := map[string]localapi.Invoke{}
	for id, construct := range dialect.Functions {
		functions[id] = gateway.New(construct(p), gateway.Options{Function: dialect.FunctionName(id), Log: log, Fail: dialect.Fail(id)}).Proxy
	}
	var options []localapi.Option
	if proxied {
		options = append(options, localapi.BehindProxy())
	}
	return localapi.NewHandler(tresor.Template, functions, options...)
}

func newLog(w io.Writer) *slog.Logger { return slog.New(slog.NewJSONHandler(w, nil)) }

// sweeper removes contents that no file names. attach.Store is one.
type sweeper interface {
	Sweep(ctx context.Context, v *vault.Vault, now time.Time) (removed int, err error)
}

// compactAll does what the compactor does on AWS, at once and then every ten minutes.
func compactAll(ctx context.Context, v *vault.Vault, log compact.Summariser, files sweeper, now func() time.Time) {
	ticker := time.NewTicker(compactInterval)
	defer ticker.Stop()
	for {
		if _, err := compact.Close(ctx, v, log, now()); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "close hours of access records", "error", err.Error())
		}
		if _, err := compact.Purge(ctx, v); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "purge the trash", "error", err.Error())
		}
		if _, err := files.Sweep(ctx, v, now()); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "sweep files", "error", err.Error())
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
