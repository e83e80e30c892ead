// Package feed carries observations up and lists down between an operator's node and the centre,
// over HTTP.
//
// Down go static files, which prove themselves and may pass through any cache:
//
//	GET /lists/head                        signed head of the ledger
//	GET /lists/STREAM/index                what there is (list.Index)
//	GET /lists/STREAM/FILE[.note]          a snapshot or delta, and its manifest
//	GET /lists/STREAM/from/SIZE[.note]     the delta from any earlier size to the newest
//
// The national stream is open. An operator's stream holds pairs, which name subscribers: its files
// are given to that operator's nodes only.
//
// Up go messages signed by a node's key, which the directory of approvers names:
//
//	POST /v1/observations                  a segment; answered 201, or 200 if it was known already
//	POST /v1/reports                       what list is in force at the node, or was held and why
//
// A request is signed in its headers: Openceir-Node the node's name, Openceir-Time the instant,
// Openceir-Signature the Ed25519 signature in base64 over
//
//	openceir feed 1
//	METHOD PATH
//	NODE
//	TIME
//	SHA-256 of the body, 64 hex digits
//
// each on a line. What is sent twice is taken once: a segment is known by its digest, a report by
// its content.
package feed

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/receipt"
)

// Bounds, each with its reason.
const (
	maxBody     = 16<<20 + 1<<10   // bytes: a segment of the largest size
	maxReport   = 64 << 10         // bytes: a report is a sentence
	maxSkew     = 5 * time.Minute  // between a node's clock and the centre's
	maxIndex    = 1 << 20          // bytes: an index has a line for each delta since the snapshot
	maxManifest = 8 << 20          // bytes: as package list has it
	maxList     = 4 << 30          // bytes of a list file
	maxAnswer   = 64 << 10         // bytes of an answer to what was sent: a problem is a sentence
	maxPush     = 64               // segments in one go: half a day of a quiet node, a gigabyte of a busy one
	maxFailed   = 3                // segments that the centre may fail at in one go before it is left in peace
	timeout     = 30 * time.Second // without a byte
	patience    = time.Hour        // for one request, however slowly its bytes come
)

// message is a request as a node signs it.
type message struct {
	method, path, node string
	time               time.Time
	body               []byte
}

func (m *message) text() []byte {
	return fmt.Appendf(nil, "openceir feed 1\n%s %s\n%s\n%s\n%x\n", m.method, m.path, m.node, receipt.FormatTime(m.time), sha256.Sum256(m.body))
}

func (m *message) sign(h http.Header, key ed25519.PrivateKey) {
	h.Set("Openceir-Node", m.node)
	h.Set("Openceir-Time", receipt.FormatTime(m.time))
	h.Set("Openceir-Signature", base64.StdEncoding.EncodeToString(ed25519.Sign(key, m.text())))
}

// verify checks the signature of a request and returns the node that made it.
func verify(r *http.Request, body []byte, now time.Time, d *receipt.Directory) (string, error) {
	m := message{r.Method, r.URL.Path, r.Header.Get("Openceir-Node"), time.Time{}, body}
	if d == nil || m.node == "" || d.Nodes[m.node] == nil {
		return "", problem.New(problem.Refused, "the node %q is not in the directory: ask two organisations to add its key", m.node)
	}
	var err error
	if m.time, err = receipt.ParseTime(r.Header.Get("Openceir-Time")); err != nil {
		return "", problem.New(problem.Invalid, "the header Openceir-Time: %w", err)
	}
	if skew := now.Sub(m.time).Abs(); skew > maxSkew {
		return "", problem.New(problem.Refused, "the request was signed %s away from our time: set the node's clock", skew.Round(time.Second))
	}
	sig, err := base64.StdEncoding.DecodeString(r.Header.Get("Openceir-Signature"))
	if err != nil || !ed25519.Verify(d.Nodes[m.node], m.text(), sig) {
		return "", problem.New(problem.Refused, "the signature is not that of the node %s for this request: sign with the key that the directory names for it", m.node)
	}
	return m.node, nil
}
