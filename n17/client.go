package n17

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// Query is one question.
type Query struct {
	IMEI   imei.IMEI         // sent as imei- and 15 digits, or imeisv- and 16 if there is an SVN
	SVN    imei.SVN          // imei.NoSVN for none; 0 is the version 00
	PEI    string            // sent instead, as it is, if not empty
	IMSI   subscriber.IMSI   // sent as supi unless 0
	MSISDN subscriber.MSISDN // sent as gpsi unless 0
}

// Client asks a 5G-EIR, with many questions under way at once. It is made by NewClient.
type Client struct {
	root string
	http *http.Client
}

// NewClient returns a client of the API below root, such as http://127.0.0.1:7777: over HTTP/2
// with prior knowledge, or over TLS with that configuration (nil for the system's roots) if root
// begins with https. Nothing is connected yet.
func NewClient(root string, config *tls.Config) *Client {
	t := &http.Transport{TLSClientConfig: config, Protocols: new(http.Protocols)}
	t.Protocols.SetHTTP2(true)
	t.Protocols.SetUnencryptedHTTP2(true)
	return &Client{root: strings.TrimSuffix(root, "/"), http: &http.Client{Transport: t, Timeout: defaultTimeout}}
}

// Close closes the connections that no question uses.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Check asks for the status of a device. The answer is Allowed, Prohibited, Tracked or Unknown;
// any other is a *Problem.
func (c *Client) Check(ctx context.Context, q Query) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.root+Resource+"?"+q.encode(), nil)
	if err != nil {
		return 0, fmt.Errorf("asking the 5G-EIR: %w", err)
	}
	r.Header.Set("Accept", "application/json, application/problem+json")
	r.Header.Set("User-Agent", "AMF") // TS 29.500 §5.2.2.2: the type of the asking function
	w, err := c.http.Do(r)
	if err != nil {
		return 0, fmt.Errorf("asking the 5G-EIR: %w", err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(io.LimitReader(w.Body, maxAnswer))
	if err != nil {
		return 0, fmt.Errorf("reading the answer of the 5G-EIR: %w", err)
	}
	return verdict(w.StatusCode, body)
}

// verdict reads an answer. The cause tells an unknown device from a wrong path.
func verdict(code int, body []byte) (Answer, error) {
	if code != http.StatusOK {
		p := Problem{}
		if err := json.Unmarshal(body, &p); err != nil {
			p = Problem{Detail: "without problem details"}
		}
		p.Status = code
		if code == http.StatusNotFound && p.Cause == CauseEquipmentUnknown {
			return Unknown, nil
		}
		return 0, &p
	}
	var data struct {
		Status string `json:"status"`
	}
	if err := json.Unmarshal(body, &data); err != nil {
		return 0, fmt.Errorf("reading the answer of the 5G-EIR: %w", err)
	}
	switch data.Status {
	case "WHITELISTED":
		return Allowed, nil
	case "BLACKLISTED":
		return Prohibited, nil
	case "GREYLISTED":
		return Tracked, nil
	}
	return 0, fmt.Errorf("the 5G-EIR answered the status %q, which TS 29.511 does not have", data.Status)
}

// encode returns the query string.
func (q *Query) encode() string {
	pei := q.PEI
	switch {
	case pei != "":
	case q.SVN <= 99:
		pei = "imeisv-" + q.IMEI.WithSVN(q.SVN)
	default:
		pei = "imei-" + q.IMEI.WithCheck()
	}
	s := "pei=" + escape(pei)
	if q.IMSI != 0 {
		s += "&supi=imsi-" + q.IMSI.String()
	}
	if q.MSISDN != 0 {
		s += "&gpsi=msisdn-" + q.MSISDN.String()
	}
	return s
}

// escape escapes all that could be misread in a query, a plus sign too.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
