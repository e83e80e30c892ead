package portal

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

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

// The commands and states that clients ask for. Those that leave no record here have no jobs.
var (
	jobCommands = []string{"dirbs-catalog", "dirbs-classify", "dirbs-db", "dirbs-import", "dirbs-listgen", "dirbs-prune", "dirbs-report"}
	jobStates   = []string{"running", "success", "error"}
	fileKinds   = []string{"operator", "gsma_tac", "stolen_list", "registration_list", "pairing_list", "golden_list", "barred_list", "barred_tac_list",
		"monitoring_list", "subscribers_registration_list", "device_association_list"}
)

func jobOf(r *Run) job {
	at := r.Time.Format(time.RFC3339)
	j := job{ID: r.ID, Status: "success", Start: at, End: at}
	switch {
	case r.File != nil:
		j.Command, j.Subcommand, j.Extra = "dirbs-import", string(r.File.Kind), extra(r.File)
	case r.Lists != nil:
		j.Command, j.Extra = "dirbs-listgen", map[string]any{"day": date(r.Lists.Day), "shadow": r.Lists.Shadow, "base": r.Lists.Base, "files": len(r.Lists.Files)}
	default:
		j.Command, j.Extra = "dirbs-classify", map[string]any{"matched_imei_counts": r.Found}
	}
	return j
}

func extra(f *device.File) map[string]any {
	return map[string]any{"sha256": f.Digest, "operator": given(string(f.Operator)), "from": date(f.From), "to": date(f.To), "delta": f.Delta,
		"rows": f.Rows, "refused": f.Refused, "malformed": f.Malformed, "stats": f.Stats}
}

// oneOf reads a parameter that may be repeated, with its values.
func oneOf(q url.Values, name string, values []string) ([]string, error) {
	for _, v := range q[name] {
		if !slices.Contains(values, v) {
			return nil, problem.New(problem.Invalid, "%s is one of %s", name, strings.Join(values, ", "))
		}
	}
	return q[name], nil
}

// jobs tells of the imports that are in force, and of the runs of detection and of lists. One that
// failed changed nothing, and an import that was taken back counts no more: neither is among them.
func (a *API) jobs(ctx context.Context, q url.Values, v1 bool) (any, error) {
	p, err := pagingOf(q, v1, pageRows)
	if err != nil {
		return nil, err
	}
	details := true
	if q.Get("show_details") != "" {
		if details, err = yes(q, "show_details"); err != nil {
			return nil, err
		}
	}
	commands, err := oneOf(q, "command", jobCommands)
	if err != nil {
		return nil, err
	}
	states, err := oneOf(q, "status", jobStates)
	if err != nil {
		return nil, err
	}
	for _, id := range q["run_id"] {
		if n, err := strconv.ParseUint(id, 10, 64); err != nil || n == 0 || id != strconv.FormatUint(n, 10) {
			return nil, problem.New(problem.Invalid, "run_id is a number from 1")
		}
	}
	runs, err := a.Registry.Runs(ctx)
	if err != nil {
		return nil, err
	}
	wanted := func(all []string, v string) bool { return len(all) == 0 || slices.Contains(all, v) }
	rows := []job{}
	for i := range runs {
		j := jobOf(&runs[i])
		if !details {
			j.Extra = nil
		}
		if wanted(commands, j.Command) && wanted(q["subcommand"], j.Subcommand) && wanted(states, j.Status) && wanted(q["run_id"], strconv.FormatUint(j.ID, 10)) {
			rows = append(rows, j)
		}
	}
	shown, at := cut(rows, p)
	if v1 {
		return shown, nil
	}
	return map[string]any{"_keys": at, "jobs": shown}, nil
}

// pagingOf reads version 1's max_results too, the newest first; rows is how many if nobody says.
func pagingOf(q url.Values, v1 bool, rows int) (paging, error) {
	if !v1 {
		return readPaging(q)
	}
	p := paging{limit: rows, descending: true}
	if text := q.Get("max_results"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > pageMax {
			return p, problem.New(problem.Invalid, "max_results is a number from 1 to %d", pageMax)
		}
		p.limit = n
	}
	return p, nil
}

// catalogFile is a received file as national systems tell of it. Its sizes and its MD5 are not kept:
// the SHA-256 is in extra_attributes.
type catalogFile struct {
	ID           uint64         `json:"file_id"`
	Name         string         `json:"filename"`
	Kind         string         `json:"file_type"`
	Compressed   any            `json:"compressed_size_bytes"`
	Modified     any            `json:"modified_time"`
	ValidZip     bool           `json:"is_valid_zip"`
	ValidForm    bool           `json:"is_valid_format"`
	MD5          any            `json:"md5"`
	Extra        map[string]any `json:"extra_attributes"`
	First        string         `json:"first_seen"`
	Last         string         `json:"last_seen"`
	Uncompressed any            `json:"uncompressed_size_bytes"`
	Records      int64          `json:"num_records"`
	Status       importStatus   `json:"import_status"`
}

type importStatus struct {
	Ever   bool   `json:"ever_imported_successfully"`
	Recent string `json:"most_recent_import"`
}

// catalogFilter reads which files are asked for. A file is in the catalog from its import on, so the
// time of that stands for both of the times that clients ask for.
func catalogFilter(q url.Values) (keep func(*Run) bool, err error) {
	if _, err := oneOf(q, "file_type", fileKinds); err != nil {
		return nil, err
	}
	kind, since := device.FileKind(q.Get("file_type")), time.Time{}
	for _, name := range []string{"modified_since", "cataloged_since"} {
		if text := q.Get(name); text != "" {
			at, err := time.Parse("20060102", text)
			if err != nil {
				return nil, problem.New(problem.Invalid, "%s is a day, YYYYMMDD", name)
			}
			if at.After(since) {
				since = at
			}
		}
	}
	zip := true // what is not a good archive is never taken in
	if q.Get("is_valid_zip") != "" {
		if zip, err = yes(q, "is_valid_zip"); err != nil {
			return nil, err
		}
	}
	return func(r *Run) bool {
		return r.File != nil && zip && (kind == "" || kind == r.File.Kind) && !r.Time.Before(since)
	}, nil
}

func (a *API) catalog(ctx context.Context, q url.Values, v1 bool) (any, error) {
	p, err := pagingOf(q, v1, pageMax)
	if err != nil {
		return nil, err
	}
	keep, err := catalogFilter(q)
	if err != nil {
		return nil, err
	}
	runs, err := a.Registry.Runs(ctx)
	if err != nil {
		return nil, err
	}
	rows := []catalogFile{}
	for i := range runs {
		if r := &runs[i]; keep(r) {
			at := r.Time.Format(time.RFC3339)
			rows = append(rows, catalogFile{ID: r.ID, Name: r.File.Name, Kind: string(r.File.Kind), ValidZip: true, ValidForm: true,
				Extra: extra(r.File), First: at, Last: at, Records: r.File.Rows, Status: importStatus{true, "success"}})
		}
	}
	shown, at := cut(rows, p)
	if v1 {
		return map[string]any{"catalog": shown}, nil
	}
	return map[string]any{"_keys": at, "files": shown}, nil
}
