package ledger

import (
	"fmt"
	"strings"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/receipt"
)

// KindLists says that a run of lists was made and kept; body: device.ListRun.
const KindLists receipt.Kind = "lists"

// foldLists names the parts of a run, so that nobody sweeps them. The digest of the act's content
// stands where a file's would: no file has it, so no withdrawal takes the run back.
func foldLists(e *receipt.Entry) ([]Change, error) {
	run, err := Decode[device.ListRun](e.Effect.Body)
	if err != nil {
		return nil, err
	}
	return partsOfRun(e.Record.Content.Digest().String(), &run)
}

// partsOfRun names the parts of a run.
func partsOfRun(of string, run *device.ListRun) (out []Change, err error) {
	for _, p := range run.Parts {
		if !strings.HasPrefix(p.Table, "list_") {
			return nil, fmt.Errorf("a part of the table %s is of no list", p.Table) // it would count as observed
		}
		out = append(out, put(PartRow{of, p}))
	}
	return out, nil
}
