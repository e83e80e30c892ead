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

// given is a text in JSON, null where there is none.
func given(s string) any {
	if s == "" {
		return nil
	}
	return s
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
	id, k, err := a.known(ctx, text)
	if err != nil {
		return nil, err
	}
	blocking, informing := split(k)
	out := map[string]any{
		"imei_norm":            id.String(),
		"classification_state": map[string]any{"blocking_conditions": asMap(blocking), "informative_conditions": asMap(informing)},
		"realtime_checks": map[string]bool{"invalid_imei": id.Text != "", "gsma_not_found": !k.ModelKnown,
			"in_registration_list": k.registered(), "ever_observed_on_network": k.First != 0},
		"is_paired": len(k.Pairings) > 0,
	}
	if withSeen {
		slices.SortFunc(k.Seen, func(a, b Use) int { return cmp.Or(cmp.Compare(a.IMSI, b.IMSI), cmp.Compare(a.MSISDN, b.MSISDN)) })
		seen := []map[string]any{}
		for i, u := range k.Seen {
			if i == 0 || u.IMSI != k.Seen[i-1].IMSI || u.MSISDN != k.Seen[i-1].MSISDN {
				seen = append(seen, map[string]any{"imsi": given(u.IMSI.String()), "msisdn": given(u.MSISDN.String())})
			}
		}
		out["seen_with"] = seen
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

// registered reports whether nothing is missing at the registration list: the device is on it, or its
// type need not be.
func (k *Known) registered() bool {
	return k.Exempt || k.Registration != nil && k.Registration.Registered()
}

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
	id, k, err := a.known(ctx, text)
	if err != nil {
		return nil, err
	}
	return device2(id, k, registration, stolen), nil
}

// listStatus is a device's place on a list. Both are null if it is not on it; the status alone, if
// the row gives none.
type listStatus struct {
	Status      any `json:"status"`
	Provisional any `json:"provisional_only"`
}

func device2(id Identifier, k *Known, registration, stolen bool) any {
	blocking, informing := split(k)
	out := map[string]any{
		"imei_norm":            id.String(),
		"block_date":           date(k.Block),
		"first_seen":           date(k.First),
		"classification_state": map[string]any{"blocking_conditions": blocking, "informative_conditions": informing},
		"realtime_checks": map[string]bool{"ever_observed_on_network": k.First != 0, "invalid_imei": id.Text != "", "is_paired": len(k.Pairings) > 0,
			"is_exempted_device": k.Exempt, "gsma_not_found": !k.ModelKnown, "in_registration_list": k.registered()},
	}
	if registration {
		on := listStatus{}
		if k.Registration != nil {
			on = listStatus{given(k.Registration.Status), !k.Registration.Registered()}
		}
		out["registration_status"] = on
	}
	if stolen {
		on := listStatus{}
		if k.Stolen != nil {
			on = listStatus{given(k.Stolen.Status), !k.Stolen.Blocks()}
		}
		out["stolen_status"] = on
	}
	return out
}

type subscriberRow struct {
	IMSI   any    `json:"imsi"`
	MSISDN any    `json:"msisdn"`
	Last   string `json:"last_seen"`
}

func (a *API) subscribers(ctx context.Context, text string, q url.Values) (any, error) {
	p, err := readPaging(q)
	if err != nil {
		return nil, err
	}
	id, k, err := a.known(ctx, text)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(k.Seen, func(a, b Use) int {
		return cmp.Or(cmp.Compare(a.Last, b.Last), cmp.Compare(a.IMSI, b.IMSI), cmp.Compare(a.MSISDN, b.MSISDN))
	})
	rows := make([]subscriberRow, len(k.Seen))
	for i, u := range k.Seen {
		rows[i] = subscriberRow{given(u.IMSI.String()), given(u.MSISDN.String()), u.Last.String()}
	}
	shown, at := cut(rows, p)
	return map[string]any{"_keys": at, "imei_norm": id.String(), "subscribers": shown}, nil
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
	id, k, err := a.known(ctx, text)
	if err != nil {
		return nil, err
	}
	last := map[subscriber.IMSI]device.Day{}
	for _, u := range k.Seen {
		last[u.IMSI] = max(last[u.IMSI], u.Last)
	}
	var pairs []subscriber.IMSI
	for i := range k.Pairings {
		pairs = append(pairs, k.Pairings[i].IMSI)
	}
	slices.SortFunc(pairs, func(a, b subscriber.IMSI) int { // those never seen come last
		return cmp.Or(cmp.Compare(uint32(last[a]-1), uint32(last[b]-1)), cmp.Compare(a, b))
	})
	var rows []pairRow
	for _, imsi := range slices.Compact(pairs) {
		rows = append(rows, pairRow{imsi.String(), date(last[imsi])})
	}
	shown, at := cut(rows, p)
	return map[string]any{"_keys": at, "imei_norm": id.String(), "pairs": shown}, nil
}

// info is the device's row of the registration list, and {} if it has none.
func (a *API) info(ctx context.Context, text string) (any, error) {
	id, k, err := a.known(ctx, text)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	r := k.Registration
	if r == nil {
		return out, nil
	}
	for name, v := range map[string]string{"status": r.Status, "make": r.Make, "model": r.Model, "model_number": r.ModelNumber,
		"brand_name": r.BrandName, "device_type": r.DeviceType, "radio_interface": r.RadioInterface} {
		out[name] = given(v)
	}
	siblings := []string{}
	if r.DeviceID != "" {
		all, err := a.Registry.Siblings(ctx, r.DeviceID)
		if err != nil {
			return nil, err
		}
		for _, m := range all {
			if m != r.IMEI {
				siblings = append(siblings, m.String())
			}
		}
	}
	out["imei_norm"], out["associated_imeis"] = id.String(), siblings
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
	gsma := others(&row)
	for name, v := range map[string]string{"manufacturer": row.Manufacturer, "model_name": row.Model, "device_type": row.DeviceType, "bands": row.Bands} {
		gsma[name] = given(v)
	}
	gsma["allocation_date"] = date(row.Allocated)
	return map[string]any{"tac": text, "gsma": gsma}, nil
}

// others are the directory's further columns under names of lower-case words.
func others(row *device.TAC) map[string]any {
	out := map[string]any{}
	var other map[string]string
	if row.Other != "" && json.Unmarshal([]byte(row.Other), &other) == nil {
		for name, v := range other {
			out[strings.ToLower(strings.ReplaceAll(name, " ", "_"))] = given(v)
		}
	}
	return out
}

// msisdn is who uses a number. A model that the directory does not have is null, and so is a
// registration that is not there.
func (a *API) msisdn(ctx context.Context, text string, v1 bool) (any, error) {
	n, err := subscriber.ReadMSISDN(text)
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
		row := map[string]any{"imei_norm": u.IMEI.String(), "imsi": given(u.IMSI.String())}
		if v1 {
			row["gsma_manufacturer"], row["gsma_model_name"] = given(u.Model.Manufacturer), given(u.Model.Model)
		} else {
			row["gsma"], row["registration"], row["last_seen"] = nil, nil, u.Last.String()
			if u.Model.TAC != 0 {
				row["gsma"] = map[string]any{"manufacturer": given(u.Model.Manufacturer), "model_name": given(u.Model.Model), "brand_name": others(&u.Model)["brand_name"]}
			}
			if r := u.Registration; r != nil {
				row["registration"] = map[string]any{"make": given(r.Make), "model": given(r.Model), "brand_name": given(r.BrandName)}
			}
		}
		rows = append(rows, row)
	}
	if v1 {
		return rows, nil
	}
	return map[string]any{"results": rows}, nil
}

func (a *API) version(v1 bool) any {
	out := map[string]any{"code_db_schema_version": nil, "db_schema_version": nil}
	if !v1 {
		out["source_code_version"], out["report_schema_version"] = a.Version, stats.SchemaVersion
	}
	return out
}
