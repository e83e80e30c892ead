package tidy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/feed"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/replay"
	"github.com/openceir/openceir/internal/segment"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

var update = flag.Bool("update", false, "write the examples of docs/formats anew")

// example finds a worked example of a page: its mark and the block under it.
var example = regexp.MustCompile("(?s)<!-- example: ([a-z0-9 -]+) -->\n```\n(.*?)```\n")

// Every worked example in docs/formats is what the code writes for the sample, byte for byte, and
// every example the code writes stands on a page.
func TestFormats(t *testing.T) {
	want := examples(t)
	shown := map[string]bool{}
	pages, err := filepath.Glob(root + "/docs/formats/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages", err)
	}
	for _, name := range pages {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		now := example.ReplaceAllFunc(page, func(block []byte) []byte {
			m := example.FindSubmatch(block)
			text, ok := want[string(m[1])]
			if !ok {
				t.Errorf("%s shows an example %q, of which the code knows nothing", name, m[1])
				return block
			}
			shown[string(m[1])] = true
			if text == string(m[2]) {
				return block
			}
			if !*update {
				t.Errorf("%s: the example %q is not what the code writes now; if the format was meant to change, run go test ./internal/tidy -run TestFormats -update\n%s", name, m[1], text)
			}
			return fmt.Appendf(nil, "<!-- example: %s -->\n```\n%s```\n", m[1], text)
		})
		if *update && !bytes.Equal(now, page) {
			if err := os.WriteFile(name, now, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name := range want {
		if !shown[name] {
			t.Errorf("no page of docs/formats shows the example %q:\n%s", name, want[name])
		}
	}
}

func examples(t *testing.T) map[string]string {
	s := newSample(t)
	out := map[string]string{}
	s.acts(out)
	s.proofs(t, out)
	s.lists(t, out)
	observed(t, out)
	s.requests(t, out)
	for name, text := range out {
		if !strings.HasSuffix(text, "\n") {
			out[name] = text + "\n"
		}
	}
	return out
}

func (s *sample) acts(out map[string]string) {
	e := &s.entries[3]
	c := &e.Record.Content
	out["directory"] = string(s.directory.Bytes())
	out["effect"] = string(e.Effect.Body)
	salt := sha256.Sum256(append(e.Effect.Salt[:], 0, 0, 0, 0, 0, 0, 0, 0))
	first := sha256.Sum256(slices.Concat([]byte{0}, salt[:16], e.Effect.Body))
	out["commitment"] = fmt.Sprintf("salt          %x\nline 0        %x\nits salt      %x\nits leaf      %x\ncommitment    %s\n",
		e.Effect.Salt, e.Effect.Body, salt[:16], first, c.Effect)
	out["content"] = string(c.Bytes())
	out["content digest"] = c.Digest().String()
	out["record"] = string(e.Record.Bytes())
	leaf := e.Record.LeafHash()
	out["leaf"] = fmt.Sprintf("%x\n%s\n", leaf[:], leaf)
	by := s.entries[2].Record
	a := by.Approvals[0]
	out["approval"] = fmt.Sprintf("openceir approval 1\n%s\n%s\n%s\n", a.Verdict, a.Person, by.Content.Digest())
	out["approval line"] = "approval " + a.String()
	out["policy"] = string(s.entries[2].Effect.Body)
	out["denominator"] = string(s.entries[1].Effect.Body)
}

func (s *sample) proofs(t *testing.T, out map[string]string) {
	_, head := s.head(t, 6)
	out["log key"] = s.logKey
	out["head"] = string(head)
	b := s.bundle(t, 6, true, 0, 2, 3)
	text := b.Bytes()
	cut := bytes.LastIndex(text, []byte("proof "))
	out["proof"] = string(text[cut:])
	var tree strings.Builder
	for i := range s.entries {
		fmt.Fprintf(&tree, "leaf %d  %s\n", i, s.entries[i].Record.LeafHash())
	}
	h, _ := s.head(t, 6)
	fmt.Fprintf(&tree, "root    %s\n", h.Root)
	out["leaves"] = tree.String()
	r := &receipt.Receipt{IMEI: sampleDevice, Head: head, Bundle: b}
	if _, err := r.Verify(s.log); err != nil {
		t.Fatal(err)
	}
	out["receipt"] = string(r.Bytes())
}

func (s *sample) lists(t *testing.T, out map[string]string) {
	snapshot, snapshotNote, delta, deltaNote, table := s.files(t)
	var lines strings.Builder
	for l := range table.Lines() {
		fmt.Fprintf(&lines, "%d %s\n", l.Act, l)
	}
	out["lines"] = lines.String()
	empty, full := list.NewTable(nil).Digest(), table.Digest()
	out["table digests"] = fmt.Sprintf("no lines             %x\nthe lines above      %x\n", empty, full)
	out["manifest"] = string(snapshotNote)
	out["delta manifest"] = string(deltaNote)
	out["delta"] = string(delta)
	end := bytes.Index(snapshot, []byte("openceir bundle 1"))
	out["snapshot"] = hex.Dump(snapshot[:end])
	x := list.Index{Size: 6, Snapshot: "5.snapshot", Deltas: []string{"5-6.delta"}}
	out["index"] = string(x.Bytes())
}

func observed(t *testing.T, out map[string]string) {
	zone := time.UTC
	from := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	area := device.AreaOf(0.05, 10.25)
	day := device.DayOf(from, zone)
	minute := device.Minute(from.Unix() / 60)
	rows := []segment.Row{
		{IMEI: sampleDevice.String(), IMSI: 1010123456789, Radio: device.Radio4G, Area: area, From: minute, To: minute + 30, First: day, Last: day},
		{IMEI: "n/a", IMSI: 1010123456790, From: minute + 5, To: minute + 5, First: day, Last: day},
	}
	var b bytes.Buffer
	w, err := segment.NewWriter(&b, "north")
	for _, r := range rows {
		if err == nil {
			err = w.Write(r)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	out["segment"] = hex.Dump(b.Bytes())
	out["segment digest"] = fmt.Sprintf("%x", sha256.Sum256(b.Bytes()))

	var text bytes.Buffer
	rw := replay.NewWriter(&text)
	for _, a := range []device.Attach{
		{Time: from.UnixMicro(), IMEI: sampleDevice.String() + "01", IMSI: 1010123456789, Radio: device.Radio4G, Node: "mme-1", Area: area},
		{Time: from.UnixMicro() + 1, IMEI: "n/a", MSISDN: 240222123456},
	} {
		if err == nil {
			err = rw.Write(&a)
		}
	}
	if err == nil {
		err = rw.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	out["timed attaches"] = text.String()
	out["lake"] = lakeExample(t)
}

func lakeExample(t *testing.T) string {
	l := &lake.Lake{Dir: t.TempDir()}
	m := sampleDevice
	month, _ := device.Date(2026, 11, 1).Month()
	rows := []*device.Days{
		{IMEI: m, IMSI: 1010123456789, Operator: "north", Month: month, Seen: [device.RadioCount]uint32{device.Radio4G: 1<<0 | 1<<22}},
		{IMEI: m, IMSI: 1010123456790, MSISDN: 240222123456, Operator: "north", Month: month, Seen: [device.RadioCount]uint32{device.RadioUnknown: 1 << 4}},
		{IMEI: m, IMSI: 1017392115408 | subscriber.Mark, MSISDN: 240904417263 | subscriber.Mark, Operator: "north", Month: month, Seen: [device.RadioCount]uint32{device.Radio2G: 1}},
	}
	p, err := l.WriteDays(t.Context(), month, device.BucketOf(m), slices.Values(rows))
	if err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Rel(l.Dir, l.Path(p))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat(os.DirFS(l.Dir), path); err != nil {
		t.Fatal(err)
	}
	// The name's digest depends on the release of the compressor; its form does not.
	path = strings.Replace(path, p.Digest, "DIGEST", 1)
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nimei            imsi                  msisdn                operator  month       seen_unknown  seen_2g  seen_3g  seen_4g  seen_5g\n", path)
	for _, r := range rows {
		msisdn := "null"
		if r.MSISDN != 0 {
			msisdn = fmt.Sprint(int64(r.MSISDN))
		}
		fmt.Fprintf(&b, "%-15d %-21d %-21s %-9s %-11s %-13d %-8d %-8d %-8d %d\n", uint64(r.IMEI), int64(r.IMSI), msisdn, r.Operator, r.Month.First(),
			r.Seen[0], r.Seen[1], r.Seen[2], r.Seen[3], r.Seen[4])
	}
	return b.String()
}

// requests shows a signed request, made as the page says, and lets the server judge it.
func (s *sample) requests(t *testing.T, out map[string]string) {
	body := device.Encode(device.NodeReport{Node: node1, Size: 6, State: device.InForce})
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	when := receipt.FormatTime(now)
	text := fmt.Sprintf("openceir feed 1\nPOST /v1/reports\n%s\n%s\n%x\n", node1, when, sha256.Sum256(body))
	out["request text"] = text
	sig := ed25519.Sign(sampleKey(node1), []byte(text))
	out["request"] = fmt.Sprintf("POST /v1/reports HTTP/1.1\nContent-Length: %d\nOpenceir-Node: %s\nOpenceir-Time: %s\nOpenceir-Signature: %s\n\n%s",
		len(body), node1, when, base64.StdEncoding.EncodeToString(sig), body)
	server := feed.Server{
		Now:       func() time.Time { return now },
		Directory: func() *receipt.Directory { return s.directory },
		Report:    func(context.Context, device.NodeReport) error { return nil },
	}
	wire := strings.ReplaceAll(out["request"], "\n", "\r\n")
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wire)))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	server.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusCreated {
		t.Fatalf("the server answers the request of the page %d: %s", w.Code, w.Body)
	}
}
