package feed

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
)

// Client is the node's side.
type Client struct {
	Centre *url.URL           // for instance http://127.0.0.1:8080
	Node   string             // ORGANISATION/NAME
	Key    ed25519.PrivateKey // the node's
	Now    func() time.Time   // stamps requests
	HTTP   *http.Client       // nil for the usual one
}

// Lists is where list files are taken, and where the node stands: the ledger size of its table, 0 for
// none.
type Lists interface {
	Size() uint64
	Take(name string, manifest, body []byte) error
}

// Pull brings the lists forward by what the stream offers: a node that has none begins with the
// snapshot and follows its deltas; one that has a list asks for the one delta from where it stands.
func (c *Client) Pull(ctx context.Context, stream string, to Lists) error {
	text, err := c.get(ctx, "/lists/"+stream+"/index", maxIndex)
	if problem.Of(err) == problem.NotFound && err != nil {
		return nil // nothing is published yet
	}
	if err != nil {
		return fmt.Errorf("asking what the stream %s offers: %w", stream, err)
	}
	x, err := list.ParseIndex(text)
	if err != nil || x.Size == 0 || x.Size == to.Size() {
		return err
	}
	if to.Size() > 0 {
		return c.take(ctx, fmt.Sprintf("/lists/%s/from/%d", stream, to.Size()), to)
	}
	for _, name := range append([]string{x.Snapshot}, x.Deltas...) {
		if err := c.take(ctx, "/lists/"+stream+"/"+name, to); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) take(ctx context.Context, path string, to Lists) error {
	manifest, err := c.get(ctx, path+".note", maxManifest)
	if err != nil {
		return fmt.Errorf("fetching the manifest of %s: %w", path, err)
	}
	body, err := c.get(ctx, path, maxList)
	if err != nil {
		return fmt.Errorf("fetching %s: %w", path, err)
	}
	return to.Take(path, manifest, body)
}

// Push sends the segments of a spool, oldest first, and removes each that the centre has taken. A
// segment that the centre refuses for good is set aside, not lost; one that it fails at stays, and does
// not hold up those behind it. One Push sends no more than maxPush, so that a node which was long alone
// comes to other things too.
func (c *Client) Push(ctx context.Context, spool string) (sent int, err error) {
	files, err := segments(spool)
	if err != nil {
		return 0, fmt.Errorf("reading the spool: %w", err)
	}
	var failed []error
	for _, path := range files[:min(len(files), maxPush)] {
		err := c.send(ctx, path)
		if err == nil {
			sent++
			continue
		}
		failed = append(failed, err)
		if kind := problem.Of(err); kind == problem.Busy || kind == problem.Refused || len(failed) == maxFailed {
			break // the next would fare no better
		}
	}
	return sent, errors.Join(failed...)
}

// send sends one segment. If we crash after the centre took it, it is sent again and taken once.
func (c *Client) send(ctx context.Context, path string) error {
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	err = c.post(ctx, "/v1/observations", body)
	switch kind := problem.Of(err); {
	case err == nil:
		return os.Remove(path)
	case kind == problem.Invalid || kind == problem.Conflict:
		if err := os.Rename(path, path+".refused"); err != nil {
			return err
		}
		return fmt.Errorf("the centre refused %s, it is set aside as .refused: %w", filepath.Base(path), err)
	}
	return fmt.Errorf("sending %s: %w", filepath.Base(path), err)
}

// segments returns the paths of a spool's segments, oldest first; none if there is no spool yet.
func segments(spool string) (paths []string, err error) {
	all, err := os.ReadDir(spool)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	made := map[string]time.Time{}
	for _, e := range all {
		if path := filepath.Join(spool, e.Name()); strings.HasSuffix(path, ".segment") {
			paths = append(paths, path)
			if info, err := e.Info(); err == nil {
				made[path] = info.ModTime()
			}
		}
	}
	slices.SortStableFunc(paths, func(a, b string) int { return made[a].Compare(made[b]) })
	return paths, err
}

// Report tells the centre of the node's list.
func (c *Client) Report(ctx context.Context, r device.NodeReport) error {
	r.Node = c.Node
	return c.post(ctx, "/v1/reports", device.Encode(r))
}

func (c *Client) get(ctx context.Context, path string, most int64) ([]byte, error) {
	return c.do(ctx, http.MethodGet, path, nil, most)
}

func (c *Client) post(ctx context.Context, path string, body []byte) error {
	_, err := c.do(ctx, http.MethodPost, path, body, maxAnswer)
	return err
}

// do makes a signed request and returns the answer, of at most so many bytes. It waits for as long as
// bytes come or go, for a large list takes its time, but not for a centre that says nothing.
func (c *Client) do(ctx context.Context, method, path string, body []byte, most int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	silence := time.AfterFunc(timeout, func() { giveUp(errSilent) })
	defer silence.Stop()
	req, err := http.NewRequestWithContext(ctx, method, c.Centre.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if send := req.Body; send != http.NoBody {
		req.Body = heard{send, silence}
	}
	m := message{method, req.URL.Path, c.Node, c.Now(), body}
	m.sign(req.Header, c.Key)
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, problem.New(problem.Busy, "the centre does not answer: %w", because(ctx, err))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(heard{resp.Body, silence}, most+1))
	if err != nil {
		return nil, problem.New(problem.Busy, "the centre's answer broke off: %w", because(ctx, err))
	}
	if resp.StatusCode/100 != 2 {
		return nil, refused(resp.StatusCode, answer)
	}
	if int64(len(answer)) > most {
		return nil, problem.New(problem.Broken, "the centre's answer to %s is longer than %d bytes: it is none of ours; check the address of the centre", path, most)
	}
	return answer, nil
}

var errSilent = fmt.Errorf("nothing was heard of it for %s", timeout)

// because prefers why a request was given up to how that showed.
func because(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSilent) {
		return errSilent
	}
	return err
}

// heard is a body that begins the waiting anew with everything that passes.
type heard struct {
	io.ReadCloser
	silence *time.Timer
}

// Read implements io.Reader.
func (h heard) Read(b []byte) (int, error) {
	n, err := h.ReadCloser.Read(b)
	if n > 0 {
		h.silence.Reset(timeout)
	}
	return n, err
}

// refused turns a problem document into the failure it came from.
func refused(status int, answer []byte) error {
	var p struct{ Detail string }
	json.Unmarshal(answer, &p) // a proxy's page has no detail, which is as well
	if p.Detail == "" {
		p.Detail = "it says no more; if this goes on, see whether that is the centre's address"
	}
	for kind, s := range statuses {
		if s == status {
			return problem.New(kind, "the centre answers %d: %s", status, p.Detail)
		}
	}
	return problem.New(problem.Busy, "the centre answers %d: %s", status, p.Detail)
}
