package demo

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/node/eir"
	"github.com/openceir/openceir/internal/node/secret"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// people who sign, two in each of two organisations.
var people = []string{"ministry/first", "ministry/second", "regulator/first", "regulator/second"}

// found draws the keys, founds the register with a directory signed by two organisations, and
// starts the centre and one node for each operator, each with an empty list.
func (d *Demo) found(ctx context.Context) error {
	keys := d.keys()
	dir := &receipt.Directory{
		Organisations: map[string][]subscriber.PLMN{"ministry": nil, "regulator": nil},
		Persons:       map[string]ed25519.PublicKey{}, Nodes: map[string]ed25519.PublicKey{},
	}
	for _, p := range people {
		key, err := writeKey(keys, p)
		if err != nil {
			return err
		}
		d.people = append(d.people, centre.Signer{Person: p, Key: key})
		dir.Persons[p] = key.Public().(ed25519.PublicKey)
	}
	for _, op := range d.config.Operators {
		name := string(op.Name) + "/eir"
		key, err := writeKey(keys, name)
		if err != nil {
			return err
		}
		dir.Organisations[string(op.Name)] = []subscriber.PLMN{op.PLMN}
		dir.Nodes[name] = key.Public().(ed25519.PublicKey)
	}
	logKey := filepath.Join(keys, "log.key")
	if err := centre.NewLogKey(logKey, "demo.openceir", rand.Reader); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.Data, "ceir.yaml"), []byte(d.settings()), 0o600); err != nil {
		return err
	}
	c, err := config.ReadCentre("", d.Data)
	if err != nil {
		return err
	}
	if d.Centre, err = centre.Open(ctx, c, centre.Options{Now: d.now, Log: d.logger()}); err != nil {
		return err
	}
	founders, err := d.Centre.Found(ctx, dir, []centre.Signer{d.people[0], d.people[2]})
	if err != nil {
		return err
	}
	if err := d.serve(ctx); err != nil {
		return err
	}
	d.say("The ministry and the regulator founded the register: %d approvers, %d operators' nodes.", len(people), len(d.config.Operators))
	return d.openNodes(keys, founders)
}

// settings returns the centre's configuration. The log's key lies where it does by default.
func (d *Demo) settings() string {
	s := fmt.Sprintf("mcc: %q\ncountry_code: \"999\"\nzone: UTC\ntimed: true\n", d.config.Operators[0].PLMN.MCC())
	if d.Database != "" {
		s += fmt.Sprintf("database: %q\n", d.Database)
	}
	if d.Population < smallCountry {
		s += "gates: {country: {null_imei: 0.5, null_imsi: 0.5, null_msisdn: 0.5, null_rat: 0.5, null_any: 0.5}}\n"
	}
	return s
}

// smallCountry is a population below which single subscribers move the shares that gates look at.
const smallCountry = 2000

func writeKey(dir, name string) (ed25519.PrivateKey, error) {
	key, text, err := secret.NewKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return key, secret.Write(keyFile(dir, name), text)
}

func keyFile(dir, name string) string {
	return filepath.Join(dir, strings.ReplaceAll(name, "/", "-")+".key")
}

// serve starts the centre.
func (d *Demo) serve(ctx context.Context) error {
	ln, err := net.Listen("tcp", cmp.Or(d.Listen, "127.0.0.1:0"))
	if err != nil {
		if ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	d.URL = "http://" + ln.Addr().String()
	d.rogue = &rogue{honest: d.Centre.Handler()}
	done := make(chan error, 1)
	go func() { done <- d.Centre.ServeWith(ctx, ln, d.rogue, func() device.Day { return 0 }) }()
	d.running = append(d.running, done)
	return nil
}

// openNodes prepares each operator's node; they run once they have replayed.
func (d *Demo) openNodes(keys string, founders receipt.Digest) error {
	log, err := d.Centre.PublicKey()
	if err != nil {
		return err
	}
	for _, op := range d.config.Operators {
		name := string(op.Name) + "/eir"
		c := &config.EIR{Node: name, Key: keyFile(keys, name), Data: filepath.Join(d.Data, "nodes", string(op.Name)),
			Centre: d.URL, Log: log, Founders: founders.String()}
		c.S13.Listen, c.S13.Host, c.S13.Realm = "127.0.0.1:0", "eir."+string(op.Name)+".example", string(op.Name)+".example"
		c.N17.Listen = "127.0.0.1:0"
		c.Every = config.Duration(time.Minute) // beside the looks that the story takes
		c.Defaults()
		n, err := eir.Open(c, d.now, d.logger())
		if err != nil {
			return err
		}
		d.nodes = append(d.nodes, &node{n, op, c})
	}
	return nil
}

// take imports the lists and the operators' dumps.
func (d *Demo) take(ctx context.Context) error {
	kinds := []struct {
		kind device.FileKind
		file string
	}{{device.FileTAC, "gsma_tac.zip"}, {device.FileStolen, "stolen_list.zip"}}
	for _, k := range kinds {
		if _, err := d.Centre.Import(ctx, filepath.Join(d.dir, k.file), k.kind, "", nil); err != nil {
			return err
		}
	}
	var malformed int64
	for _, op := range d.config.Operators {
		dumps, err := filepath.Glob(filepath.Join(d.dir, "dumps", string(op.Name)+"_*.zip"))
		if err != nil {
			return err
		}
		for _, path := range dumps {
			r, err := d.Centre.Import(ctx, path, device.FileOperator, op.Name, nil)
			if err != nil {
				return err
			}
			d.Result.Sightings += r.File.Rows
			malformed += r.File.Malformed
		}
	}
	d.say("Their files are taken in: %d sightings; %d malformed ones are kept apart, nothing follows from them.", d.Result.Sightings, malformed)
	return nil
}

// observe lets each node answer the country's timed attaches and send up what it saw.
func (d *Demo) observe(ctx context.Context) error {
	checks, rows := 0, uint64(0)
	errs := make(chan error, len(d.nodes))
	counts := make([]int, len(d.nodes))
	for i, n := range d.nodes {
		go func() {
			var err error
			if counts[i], err = n.Replay(ctx, filepath.Join(d.dir, "attaches", string(n.operator.Name)+".csv.gz")); err == nil {
				err = n.Sync(ctx)
			}
			errs <- err
		}()
	}
	var err error
	for range d.nodes {
		err = errors.Join(err, <-errs)
	}
	if err != nil {
		return err
	}
	for i, n := range d.nodes {
		checks += counts[i]
		rows += n.Core.Stats.Spooled.Load()
		done := make(chan error, 1)
		go func() { done <- n.Run(ctx) }()
		d.running = append(d.running, done)
	}
	d.Result.Sightings += int64(rows)
	d.say("The operators' nodes answered %d timed attaches and sent up %d stays.", checks, rows)
	return nil
}

// nodeOf returns the node of an operator.
func (d *Demo) nodeOf(op device.Operator) *node {
	for _, n := range d.nodes {
		if n.operator.Name == op {
			return n
		}
	}
	return d.nodes[0]
}
