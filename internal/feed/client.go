package feed

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
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
	Now    func() time.Time
	HTTP   *http.Client // nil for one with a timeout
}

// Lists is where list files are taken, and where the node stands.
type Lists interface {
	Size() uint64
	Take(name string, manifest, body []byte) error
}

// Pull brings the lists forward by what the stream offers: a node that has none begins with the
// snapshot and follows its deltas; one that has a list asks for the one delta from where it stands.
func (c *Client) Pull(ctx context.Context, stream string, to Lists) error {
	text, err := c.get(ctx, "/lists/"+stream+"/index")
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
	manifest, err := c.get(ctx, path+".note")
	if err != nil {
		return fmt.Errorf("fetching the manifest of %s: %w", path, err)
	}
	body, err := c.get(ctx, path)
	if err != nil {
		return fmt.Errorf("fetching %s: %w", path, err)
	}
	return to.Take(path, manifest, body)
}

// Push sends the segments of a spool, oldest first, and removes each that the centre has taken. A
// segment that the centre refuses for good is set aside, not lost.
func (c *Client) Push(ctx context.Context, spool string) (sent int, err error) {
	files, err := filepath.Glob(filepath.Join(spool, "*.segment"))
	if err != nil {
		return 0, err
	}
	slices.SortFunc(files, func(a, b string) int { return modified(a).Compare(modified(b)) })
	for _, path := range files {
		body, err := os.ReadFile(path)
		if err != nil {
			return sent, err
		}
		switch err := c.post(ctx, "/v1/observations", body); problem.Of(err) {
		case problem.Invalid, problem.Conflict:
			if err := os.Rename(path, path+".refused"); err != nil {
				return sent, err
			}
			return sent, fmt.Errorf("the centre refused %s, it is set aside as .refused: %w", filepath.Base(path), err)
		default:
			if err != nil {
				return sent, fmt.Errorf("sending %s: %w", filepath.Base(path), err)
			}
		}
		if err := os.Remove(path); err != nil {
			return sent, err
		}
		sent++
	}
	return sent, nil
}

func modified(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// Report tells the centre of the node's list.
func (c *Client) Report(ctx context.Context, r device.NodeReport) error {
	r.Node = c.Node
	return c.post(ctx, "/v1/reports", device.Encode(r))
}

func (c *Client) get(ctx context.Context, path string) ([]byte, error) {
	return c.do(ctx, http.MethodGet, path, nil)
}

func (c *Client) post(ctx context.Context, path string, body []byte) error {
	_, err := c.do(ctx, http.MethodPost, path, body)
	return err
}

func (c *Client) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Centre.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	m := message{method, req.URL.Path, c.Node, c.Now(), body}
	m.sign(req.Header, c.Key)
	client := c.HTTP
	if client == nil {
		client = &http.Client{Timeout: timeout}
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, problem.New(problem.Busy, "the centre does not answer: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxList))
	if err != nil {
		return nil, problem.New(problem.Busy, "the centre's answer broke off: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, refused(resp.StatusCode, answer)
	}
	return answer, nil
}

// refused turns a problem document into the failure it came from.
func refused(status int, answer []byte) error {
	var p struct{ Detail string }
	json.Unmarshal(answer, &p) // a proxy's page has no detail, which is as well
	for kind, s := range statuses {
		if s == status {
			return problem.New(kind, "the centre answers %d: %s", status, p.Detail)
		}
	}
	return problem.New(problem.Busy, "the centre answers %d: %s", status, p.Detail)
}
