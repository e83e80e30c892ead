package centre

import (
	"context"

	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/portal"
	"github.com/openceir/openceir/receipt"
)

// metrics measures the register: what was taken in, what was found, what is in force, and how old
// each of them is.
func (t *Centre) metrics(ctx context.Context) (out []portal.Metric, err error) {
	active, err := t.Active(ctx)
	if err != nil {
		return nil, err
	}
	err = t.view(ctx, func(tx *Tx) error {
		st := t.state()
		out = []portal.Metric{
			{Name: "openceir_build_info", Help: "1, with the version of the program.", Type: "gauge", Samples: []portal.Sample{{Labels: []string{"version", version()}, Value: 1}}},
			one("openceir_ledger_records", "Records of the ledger.", float64(st.Head.Size)),
			one("openceir_active_pairs_signed", "Active pairs that people signed as the base of the guard.", float64(st.Guard.Active())),
		}
		if active != nil {
			out = append(out, one("openceir_active_pairs_counted", "Active pairs counted in the 30 days to the last complete day.", float64(active.Total())))
		}
		lines := portal.Metric{Name: "openceir_lines", Help: "Lines of the list in force, by status.", Type: "gauge"}
		for status, n := range st.Table.Count() {
			lines.Samples = append(lines.Samples, portal.Sample{Labels: []string{"status", status.String()}, Value: float64(n)})
		}
		open, err := openFindings(ctx, tx)
		if err != nil {
			return err
		}
		findings := portal.Metric{Name: "openceir_findings", Help: "Open findings, by rule.", Type: "gauge"}
		for rule, n := range open {
			findings.Samples = append(findings.Samples, portal.Sample{Labels: []string{"rule", rule}, Value: float64(n)})
		}
		nodes, err := tx.Nodes(ctx)
		if err != nil {
			return err
		}
		sizes := portal.Metric{Name: "openceir_node_list_size", Help: "Ledger size of the list in force at an operator's node.", Type: "gauge"}
		for _, n := range nodes {
			sizes.Samples = append(sizes.Samples, portal.Sample{Labels: []string{"node", n.Node}, Value: float64(n.Size)})
		}
		out = append(out, lines, findings, sizes)
		day, _, err := tx.LastDay(ctx)
		if err != nil {
			return err
		}
		if day != 0 {
			out = append(out, one("openceir_last_complete_day_timestamp_seconds", "Midnight UTC of the last complete day.", float64(day.Time().Unix())))
		}
		if err := t.measureFiles(ctx, tx, &out); err != nil {
			return err
		}
		return measureTimes(ctx, tx, &out)
	})
	return out, err
}

// openFindings counts the open findings of each rule in force, also of those that have none, and of
// rules that only findings know.
func openFindings(ctx context.Context, tx *Tx) (map[string]int, error) {
	open, err := tx.CountFindings(ctx)
	if err != nil {
		return nil, err
	}
	current, err := detect.Current(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, c := range current.All() {
		open[c.Name] += 0
	}
	return open, nil
}

func one(name, help string, v float64) portal.Metric {
	return portal.Metric{Name: name, Help: help, Type: "gauge", Samples: []portal.Sample{{Value: v}}}
}

// measureFiles measures the files in force, and tells the newest data of each operator: of those too
// that never delivered, with the time 0, so that they are the oldest of all.
func (t *Centre) measureFiles(ctx context.Context, tx *Tx, out *[]portal.Metric) error {
	files := portal.Metric{Name: "openceir_files_in_force", Help: "Files in force, by kind and operator.", Type: "gauge"}
	rows := portal.Metric{Name: "openceir_file_rows", Help: "Rows of the files in force, by kind, operator and what became of them.", Type: "gauge"}
	newest := portal.Metric{Name: "openceir_newest_data_timestamp_seconds", Help: "Midnight UTC of the last day that an operator's files cover, 0 if it never delivered.", Type: "gauge"}
	type key struct {
		kind device.FileKind
		op   device.Operator
	}
	type sum struct{ files, rows, refused, malformed float64 }
	sums, last := map[key]sum{}, map[device.Operator]device.Day{}
	for _, kind := range append([]device.FileKind{device.FileOperator}, listKinds...) {
		all, err := tx.Files(ctx, kind, "")
		if err != nil {
			return err
		}
		for i := range all {
			f := &all[i].File
			s := sums[key{kind, f.Operator}]
			sums[key{kind, f.Operator}] = sum{s.files + 1, s.rows + float64(f.Rows), s.refused + float64(f.Refused), s.malformed + float64(f.Malformed)}
			if kind == device.FileOperator {
				last[f.Operator] = max(last[f.Operator], f.To)
			}
		}
	}
	for k, s := range sums {
		labels := func(more ...string) []string {
			return append([]string{"kind", string(k.kind), "operator", string(k.op)}, more...)
		}
		files.Samples = append(files.Samples, portal.Sample{Labels: labels(), Value: s.files})
		for result, n := range map[string]float64{"taken": s.rows, "refused": s.refused, "malformed": s.malformed} {
			rows.Samples = append(rows.Samples, portal.Sample{Labels: labels("result", result), Value: n})
		}
	}
	for _, op := range t.operators() {
		last[op] = max(last[op], 0)
	}
	for op, day := range last {
		at := 0.0
		if day != 0 {
			at = float64(day.Time().Unix())
		}
		newest.Samples = append(newest.Samples, portal.Sample{Labels: []string{"operator", string(op)}, Value: at})
	}
	*out = append(*out, files, rows, newest)
	return nil
}

// measureTimes tells when each kind of work succeeded last.
func measureTimes(ctx context.Context, tx *Tx, out *[]portal.Metric) error {
	m := portal.Metric{Name: "openceir_last_success_timestamp_seconds", Help: "When work of a kind was recorded last.", Type: "gauge"}
	for _, w := range []struct {
		work string
		kind receipt.Kind
	}{{"import", ledger.KindFile}, {"day", ledger.KindDay}, {"detect", ledger.KindFindings}, {"conditions", ledger.KindConditions}, {"node", ledger.KindNode}} {
		leaf, ok, err := tx.LastOfKind(ctx, w.kind)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		record, err := receipt.ParseRecord(leaf.Text)
		if err != nil {
			return ledger.Fault{Table: "leaves", Row: w.work, Text: err.Error()}
		}
		m.Samples = append(m.Samples, portal.Sample{Labels: []string{"work", w.work}, Value: float64(record.Time.Unix())})
	}
	*out = append(*out, m)
	return nil
}
