package centre

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/feed"
	"github.com/openceir/openceir/internal/portal"
	"github.com/openceir/openceir/receipt"
)

// stepEvery is how often the stages look for something to do while the centre serves.
const stepEvery = 2 * time.Second

// Handler returns the centre's routes: the feed to operators' nodes, the read-only API, the paths of
// cases, the metrics and the status page.
func (t *Centre) Handler() http.Handler {
	f := &feed.Server{Lists: t.publisher.Dir, Now: t.Sequencer.Now, Directory: func() *receipt.Directory { return t.state().Guard.Directory() },
		Accept: t.Accept, Report: t.Report, Delta: t.Delta}
	mux := http.NewServeMux()
	mux.Handle("/lists/", f.Handler())
	mux.Handle("/v1/", f.Handler())
	api := t.api()
	mux.Handle("/api/", api)
	mux.Handle("/api/v3/", t.cases())
	mux.Handle("/metrics", &portal.Metrics{Gather: func(ctx context.Context) ([]portal.Metric, error) {
		measured, err := t.metrics(ctx)
		return append(measured, api.Metrics()...), err
	}})
	mux.Handle("/", &portal.Portal{Status: t.Status, Check: t.Check})
	return mux
}

// Serve answers on the listener and keeps stepping the stages, until ctx ends.
func (t *Centre) Serve(ctx context.Context, ln net.Listener) error {
	if _, err := t.Sweep(ctx); err != nil {
		return err
	}
	complete := func() device.Day {
		return device.DayOf(t.Sequencer.Now().Add(-time.Duration(t.Config.DayAfter)), t.Zone) - 1
	}
	return t.ServeWith(ctx, ln, t.Handler(), complete)
}

// leaveWait is how long requests under way may take to be answered when the centre stops. What then
// remains is closed by force: a connection that never asked anything, or a reader that is too slow.
// Whatever was not answered was not acknowledged, so that its sender sends it again.
const leaveWait = 5 * time.Second

// ServeWith is Serve with another handler in front of, or instead of, the centre's, and with the
// last complete day told by the caller (0 for not yet).
func (t *Centre) ServeWith(ctx context.Context, ln net.Listener, h http.Handler, complete func() device.Day) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
		WriteTimeout: 5 * time.Minute, MaxHeaderBytes: 16 << 10}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	tick := time.NewTicker(stepEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-served:
			return err
		case <-tick.C:
			if err := t.Run(ctx, complete()); err != nil && ctx.Err() == nil {
				t.Log.Error("the stages stopped; they try again", "error", err)
			}
		case <-ctx.Done():
			return leave(srv, served)
		}
	}
}

// leave stops the server; served is where its Serve ends.
func leave(srv *http.Server, served <-chan error) error {
	stop, cancel := context.WithTimeout(context.Background(), leaveWait)
	defer cancel()
	err := srv.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}
