package portal

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/stats"
	"github.com/openceir/openceir/subscriber"
)

// date is a day in JSON, null for none.
func date(d device.Day) any {
	if d == 0 {
		return nil
	}
	return d.String()
}

// condition is how an answer names one.
type condition struct {
	Name string `json:"condition_name"`
	Met  bool   `json:"condition_met"`
}

func split(k *Known) (blocking, informing []condition) {
	blocking, informing = []condition{}, []condition{}
	for _, c := range k.Conditions {
		if c.Blocking {
			blocking = append(blocking, condition{c.Name, c.Holds})
		} else {
			informing = append(informing, condition{c.Name, c.Holds})
		}
	}
	return blocking, informing
}

func asMap(all []condition) map[string]bool {
	out := map[string]bool{}
	for _, c := range all {
		out[c.Name] = c.Met
	}
	return out
}

type seenWith struct {
	IMSI   string `json:"imsi"`
	MSISDN string `json:"msisdn"`
}

// imei1 is the answer of version 1.
func (a *API) imei1(ctx context.Context, text string, q url.Values) (any, error) {
	withSeen, err := yes(q, "include_seen_with")
	if err != nil {
		return nil, err
	}
	withPaired, err := yes(q, "include_paired_with")
	if err != nil {
		return nil, err
	}
	norm, valid, k, err := a.known(ctx, text)
	if err != nil {
		return nil, err
	}
	blocking, informing := split(k)
	out := map[string]any{
		"imei_norm":            norm,
		"classification_state": map[string]any{"blocking_conditions": asMap(blocking), "informative_conditions": asMap(informing)},
		"realtime_checks": map[string]bool{"invalid_imei": !valid, "gsma_not_found": !k.ModelKnown,
			"in_registration_list": k.registered(), "ever_observed_on_network": k.First != 0},
		"is_paired": len(k.Pairings) > 0,
	}
	if withSeen {
		seen := []seenWith{}
		for _, u := range k.Seen {
			seen = append(seen, seenWith{u.IMSI.String(), u.MSISDN.String()})
		}
		slices.SortFunc(seen, func(a, b seenWith) int {
			return cmp.Or(strings.Compare(a.IMSI, b.IMSI), strings.Compare(a.MSISDN, b.MSISDN))
		})
		out["seen_with"] = slices.Compact(seen)
	}
	if withPaired {
		paired := []string{}
		for i := range k.Pairings {
			paired = append(paired, k.Pairings[i].IMSI.String())
		}
		slices.Sort(paired)
		out["paired_with"] = slices.Compact(paired)
	}
	return out, nil
}

func (k *Known) registered() bool { return k.Registration != nil && k.Registration.Registered() }

// imei2 is the answer of version 2.
func (a *API) imei2(ctx context.Context, text string, q url.Values) (any, error) {
	registration, err := yes(q, "include_registration_status")
	if err != nil {
		return nil, err
	}
	stolen, err := yes(q, "include_stolen_status")
	if err != nil {
		return nil, err
	}
	return a.device2(ctx, text, registration, stolen)
}

// listStatus is a device's place on a list; both are null if it is not on it or was not asked for.
type listStatus struct {
	Status      any `json:"status"`
	Provisional any `json:"provisional_only"`
}

func (a *API) device2(ctx context.Context, text string, registration, stolen bool) (any, error) {
	norm, valid, k, err := a.known(ctx, text)
	if err != nil {
		return nil, err
	}
	blocking, informing := split(k)
	var onRegistration, onStolen listStatus
	if registration && k.Registration != nil {
		onRegistration = listStatus{cmp.Or(k.Registration.Status, "whitelist"), !k.Registration.Registered()}
	}
	if stolen && k.Stolen != nil {
		onStolen = listStatus{cmp.Or(k.Stolen.Status, "blacklist"), !k.Stolen.Blocks()}
	}
	return map[string]any{
		"imei_norm":            norm,
		"block_date":           date(k.Block),
		"first_seen":           date(k.First),
		"classification_state": map[string]any{"blocking_conditions": blocking, "informative_conditions": informing},
		"realtime_checks": map[string]bool{"ever_observed_on_network": k.First != 0, "invalid_imei": !valid, "is_paired": len(k.Pairings) > 0,
			"is_exempted_device": false, "gsma_not_found": !k.ModelKnown, "in_registration_list": k.registered()},
		"registration_status": onRegistration,
		"stolen_status":       onStolen,
	}, nil
}

type subscriberRow struct {
	IMSI   string `json:"imsi"`
	MSISDN string `json:"msisdn"`
	Last   string `json:"last_seen"`
}

func (a *API) subscribers(ctx context.Context, text string, q url.Values) (any, error) {
	p, err := readPaging(q)
	if err != nil {
		return nil, err
	}
	norm, _, k, err := a.known(ctx, text)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(k.Seen, func(a, b Use) int {
		return cmp.Or(cmp.Compare(a.Last, b.Last), cmp.Compare(a.IMSI, b.IMSI), cmp.Compare(a.MSISDN, b.MSISDN))
	})
	rows := make([]subscriberRow, len(k.Seen))
	for i, u := range k.Seen {
		rows[i] = subscriberRow{u.IMSI.String(), u.MSISDN.String(), u.Last.String()}
	}
	shown, at := cut(rows, p)
	return map[string]any{"_keys": at, "imei_norm": norm, "subscribers": shown}, nil
}

type pairRow struct {
	IMSI string `json:"imsi"`
	Last any    `json:"last_seen"`
}

func (a *API) pairings(ctx context.Context, text string, q url.Values) (any, error) {
	p, err := readPaging(q)
	if err != nil {
		return nil, err
	}
	norm, _, k, err := a.known(ctx, text)
	if err != nil {
		return nil, err
	}
	last := map[subscriber.IMSI]device.Day{}
	for _, u := range k.Seen {
		last[u.IMSI] = max(last[u.IMSI], u.Last)
	}
	var rows []pairRow
	for i := range k.Pairings {
		if imsi := k.Pairings[i].IMSI; i == 0 || imsi != k.Pairings[i-1].IMSI {
			rows = append(rows, pairRow{imsi.String(), date(last[imsi])})
		}
	}
	shown, at := cut(rows, p)
	return map[string]any{"_keys": at, "imei_norm": norm, "pairs": shown}, nil
}

func (a *API) info(ctx context.Context, text string) (any, error) {
	norm, _, k, err := a.known(ctx, text)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"imei_norm": norm}
	r := k.Registration
	if r == nil {
		return out, nil
	}
	for name, v := range map[string]string{"status": cmp.Or(r.Status, "whitelist"), "make": r.Make, "model": r.Model, "model_number": r.ModelNumber,
		"brand_name": r.BrandName, "device_type": r.DeviceType, "radio_interface": r.RadioInterface} {
		out[name] = v
	}
	siblings := []string{}
	for _, s := range k.Siblings {
		siblings = append(siblings, s.String())
	}
	out["associated_imeis"] = siblings
	return out, nil
}

// tac is the directory's row, its further columns under names of lower-case words.
func (a *API) tac(ctx context.Context, text string) (any, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if len(text) != 8 || err != nil {
		return nil, problem.New(problem.Invalid, "a TAC is eight digits")
	}
	row, ok, err := a.Registry.Model(ctx, imei.TAC(n))
	if err != nil {
		return nil, err
	}
	if !ok {
		return map[string]any{"tac": text, "gsma": nil}, nil
	}
	gsma := map[string]any{}
	var other map[string]string
	if row.Other != "" && json.Unmarshal([]byte(row.Other), &other) == nil {
		for name, v := range other {
			gsma[strings.ToLower(strings.ReplaceAll(name, " ", "_"))] = v
		}
	}
	gsma["manufacturer"], gsma["model_name"], gsma["device_type"], gsma["bands"], gsma["allocation_date"] =
		row.Manufacturer, row.Model, row.DeviceType, row.Bands, date(row.Allocated)
	return map[string]any{"tac": text, "gsma": gsma}, nil
}

func (a *API) msisdn(ctx context.Context, text string, v1 bool) (any, error) {
	n, err := subscriber.ParseMSISDN(text)
	if err != nil {
		return nil, problem.New(problem.Invalid, "%w", err)
	}
	uses, err := a.Registry.Number(ctx, n)
	if err != nil {
		return nil, err
	}
	rows := []map[string]any{}
	for i := range uses {
		u := &uses[i]
		row := map[string]any{"imei_norm": u.IMEI.String(), "imsi": u.IMSI.String()}
		if v1 {
			row["gsma_manufacturer"], row["gsma_model_name"] = u.Model.Manufacturer, u.Model.Model
		} else {
			row["gsma"] = map[string]string{"manufacturer": u.Model.Manufacturer, "model_name": u.Model.Model}
			r := cmp.Or(u.Registration, new(device.Registration))
			row["registration"] = map[string]string{"make": r.Make, "model": r.Model, "brand_name": r.BrandName}
			row["last_seen"] = u.Last.String()
		}
		rows = append(rows, row)
	}
	if v1 {
		return rows, nil
	}
	return map[string]any{"results": rows}, nil
}

// job is a run as national systems tell of it. What OpenCEIR does not have is empty.
type job struct {
	Command     string         `json:"command"`
	Subcommand  string         `json:"subcommand"`
	CommandLine string         `json:"command_line"`
	User        string         `json:"db_user"`
	Start       string         `json:"start_time"`
	End         string         `json:"end_time"`
	Exception   string         `json:"exception_info"`
	ID          uint64         `json:"run_id"`
	Status      string         `json:"status"`
	Extra       map[string]any `json:"extra_metadata,omitempty"`
}

const importCommand = "dirbs-import"

func extra(f *device.File) map[string]any {
	return map[string]any{"sha256": f.Digest, "operator": f.Operator, "from": date(f.From), "to": date(f.To), "delta": f.Delta,
		"rows": f.Rows, "refused": f.Refused, "malformed": f.Malformed, "stats": f.Stats}
}

// jobs tells of the imports that are in force. One that failed changed nothing, and one that was
// taken back counts no more: neither is among them.
func (a *API) jobs(ctx context.Context, q url.Values, v1 bool) (any, error) {
	p, err := pagingOf(q, v1)
	if err != nil {
		return nil, err
	}
	details := true
	if q.Get("show_details") != "" {
		if details, err = yes(q, "show_details"); err != nil {
			return nil, err
		}
	}
	wanted := func(name, v string) bool {
		all := slices.Concat(q[name], q[name+"[]"])
		return len(all) == 0 || slices.Contains(all, v)
	}
	for _, id := range q["run_id"] {
		if n, err := strconv.ParseUint(id, 10, 64); err != nil || n == 0 {
			return nil, problem.New(problem.Invalid, "run_id is a number from 1")
		}
	}
	runs, err := a.Registry.Runs(ctx)
	if err != nil {
		return nil, err
	}
	rows := []job{}
	for i := range runs {
		r := &runs[i]
		j := job{Command: importCommand, Subcommand: string(r.File.Kind), Start: r.Time, End: r.Time, ID: r.ID, Status: "success"}
		if details {
			j.Extra = extra(&r.File)
		}
		if wanted("command", j.Command) && wanted("subcommand", j.Subcommand) && wanted("status", j.Status) && wanted("run_id", strconv.FormatUint(j.ID, 10)) {
			rows = append(rows, j)
		}
	}
	shown, at := cut(rows, p)
	if v1 {
		return shown, nil
	}
	return map[string]any{"_keys": at, "jobs": shown}, nil
}

// pagingOf reads version 1's max_results too, the newest first.
func pagingOf(q url.Values, v1 bool) (paging, error) {
	if !v1 {
		return readPaging(q)
	}
	own := url.Values{"order": {"DESC"}}
	if n := q.Get("max_results"); n != "" {
		own.Set("limit", n)
	}
	p, err := readPaging(own)
	if err != nil {
		err = problem.New(problem.Invalid, "max_results is a number from 1 to %d", pageMax)
	}
	return p, err
}

// catalogFile is a received file as national systems tell of it. The size and the MD5 of what was
// received are not kept: the digest is in extra_attributes.
type catalogFile struct {
	ID        uint64         `json:"file_id"`
	Name      string         `json:"filename"`
	Kind      string         `json:"file_type"`
	ValidZip  bool           `json:"is_valid_zip"`
	ValidForm bool           `json:"is_valid_format"`
	MD5       any            `json:"md5"`
	Extra     map[string]any `json:"extra_attributes"`
	First     any            `json:"first_seen"`
	Last      any            `json:"last_seen"`
	Records   int64          `json:"num_records"`
	Status    map[string]any `json:"import_status"`
}

func (a *API) catalog(ctx context.Context, q url.Values, v1 bool) (any, error) {
	p, err := pagingOf(q, v1)
	if err != nil {
		return nil, err
	}
	runs, err := a.Registry.Runs(ctx)
	if err != nil {
		return nil, err
	}
	rows := []catalogFile{}
	for i := range runs {
		f := &runs[i].File
		if kind := q.Get("file_type"); kind != "" && kind != string(f.Kind) {
			continue
		}
		rows = append(rows, catalogFile{ID: runs[i].ID, Name: f.Name, Kind: string(f.Kind), ValidZip: true, ValidForm: true, Extra: extra(f),
			First: date(f.Added), Last: date(f.Added), Records: f.Rows,
			Status: map[string]any{"success_count": 1}})
	}
	shown, at := cut(rows, p)
	if v1 {
		return map[string]any{"catalog": shown}, nil
	}
	return map[string]any{"_keys": at, "files": shown}, nil
}

func (a *API) version(v1 bool) any {
	out := map[string]any{"code_db_schema_version": nil, "db_schema_version": nil}
	if !v1 {
		out["source_code_version"], out["report_schema_version"] = a.Version, stats.SchemaVersion
	}
	return out
}
