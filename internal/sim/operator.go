package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/eir"
	"github.com/openceir/openceir/internal/feed"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// skew is how far ahead of a node's clock a record may be: as the programs have it.
const skew = 5 * time.Minute

// operator is a network with its node.
type operator struct {
	w      *World
	number int
	name   string
	offset time.Duration // of its clock
	cutOff bool
	core   *eir.Core
	lists  *eir.Lists
	client *feed.Client
	wire   *wire
	held   string // why the last file was held
	files  []file // all that ever came
}

// file is a list file on its way.
type file struct {
	name           string
	manifest, body []byte
}

func (w *World) newOperator(number int) *operator {
	o := &operator{w: w, number: number, name: networks[number].name, offset: time.Duration(w.dice.IntN(241)-120) * time.Second}
	o.wire = &wire{w: w, old: map[string][]byte{}}
	o.client = &feed.Client{Centre: &url.URL{Scheme: "http", Host: "centre"}, Node: o.name + "/eir", Key: w.keys[o.name+"/eir"], Now: o.time,
		HTTP: &http.Client{Transport: o.wire}}
	return o
}

func (o *operator) time() time.Time { return o.w.now.Add(o.offset) }

// boot starts the node from its own files.
func (o *operator) boot() error {
	o.core = eir.NewCore(o.time)
	o.lists = &eir.Lists{Dir: filepath.Join(o.w.dir, o.name), Core: o.core, Seen: func() list.Seen { return o.w.nation.census(o.number) },
		Replica: &list.Replica{Stream: o.name, Log: o.w.log, Founders: o.w.founders, Skew: skew}}
	return o.lists.Load()
}

// Size implements feed.Lists.
func (o *operator) Size() uint64 { return o.lists.Size() }

// Take implements feed.Lists: it keeps a copy of what came, for somebody to bring it again.
func (o *operator) Take(name string, manifest, body []byte) error {
	if len(o.files) < 64 {
		o.files = append(o.files, file{name, bytes.Clone(manifest), bytes.Clone(body)})
	}
	return o.take(name, manifest, body)
}

func (o *operator) take(name string, manifest, body []byte) error {
	err := o.w.plant.take(o, manifest, body)
	o.held = ""
	if err != nil {
		o.held = err.Error()
		o.w.tally("held")
	}
	return err
}

// pull asks the centre for what is new.
func (o *operator) pull() string {
	if o.cutOff {
		return o.name + " is cut off"
	}
	from := o.Size()
	if err := o.client.Pull(o.w.ctx, o.name, o); err != nil {
		return fmt.Sprintf("%s pulls from %d: %v", o.name, from, err)
	}
	return fmt.Sprintf("%s pulls from %d to %d", o.name, from, o.Size())
}

// answer asks the node about a device.
func (o *operator) answer(q *list.Query) list.Answer {
	a := device.Attach{IMEI: q.IMEI.String(), IMSI: q.IMSI}
	if q.Version != list.AnyVersion {
		a.IMEI += fmt.Sprintf("%02d", q.Version)
	}
	return o.w.plant.answer(o, &a)
}

func (o *operator) head() receipt.Head { return o.lists.Replica.Head() }

// wire is the network between a node and the centre, with its weather.
type wire struct {
	w     *World
	old   map[string][]byte // answers of before, by path
	paths []string
	storm bool
}

// RoundTrip implements http.RoundTripper: it asks the centre's handler, and then perhaps loses,
// spoils or confuses the answer.
func (x *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &recorder{header: http.Header{}, status: http.StatusOK}
	x.w.anyProcess().handler().ServeHTTP(answer, r)
	body := answer.body.Bytes()
	if answer.status == http.StatusOK {
		if x.old[r.URL.Path] == nil {
			x.paths = append(x.paths, r.URL.Path)
			x.old[r.URL.Path] = bytes.Clone(body)
		}
		if x.storm && x.w.chance(4) {
			var err error
			if body, err = x.confuse(r.URL.Path, body); err != nil {
				return nil, err
			}
		}
	}
	return &http.Response{StatusCode: answer.status, Header: answer.header, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

// confuse is the weather: nothing comes, a bit flips, the end is missing, an older answer to this
// or to another question comes.
func (x *wire) confuse(path string, body []byte) ([]byte, error) {
	switch x.w.dice.IntN(5) {
	case 0:
		return nil, errors.New("the line is down")
	case 1:
		body = bytes.Clone(body)
		body[x.w.dice.IntN(len(body))] ^= 1 << x.w.dice.IntN(8)
		return body, nil
	case 2:
		return body[:x.w.dice.IntN(len(body))], nil
	case 3:
		return x.old[path], nil
	}
	return x.old[x.paths[x.w.dice.IntN(len(x.paths))]], nil
}

// recorder is an http.ResponseWriter that keeps the answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
