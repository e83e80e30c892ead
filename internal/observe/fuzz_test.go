package observe_test

import (
	"context"
	"os"
	"testing"

	"github.com/openceir/openceir/internal/device"
)

// FuzzFile takes in any bytes, as a dump, a zip or a list: it must answer, leave nothing behind on
// an error, and take the same file only once.
func FuzzFile(f *testing.F) {
	h := newHouse(f, f.TempDir())
	zipped, _ := os.ReadFile(h.zip(dumpName+".zip", dumpName+".csv", dumpHead+goodRow))
	named, _ := os.ReadFile(h.zip("list.zip", "list.csv", stolenRows(3)))
	for _, b := range [][]byte{[]byte(dumpHead + goodRow), []byte(tinyDump), zipped, named, []byte(stolenRows(3)), []byte(tacRows(3)), []byte(tinyTACs)} {
		for kind := range uint8(3) {
			f.Add(b, kind)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, kind uint8) {
		h := newHouse(t, t.TempDir())
		ctx := context.Background()
		path, k, op := h.file(dumpName+".csv", string(b)), device.FileOperator, device.Operator("alpha")
		switch kind % 3 {
		case 1:
			path, k, op = h.file("list.csv", string(b)), device.FileTAC, ""
		case 2:
			path, k, op = h.file("list.csv", string(b)), device.FileStolen, ""
		}
		rep, err := h.im.Import(ctx, path, k, op)
		if err != nil {
			if n := lakeFiles(h); n > 0 {
				t.Fatalf("%d files in the lake after: %v", n, err)
			}
			return
		}
		if rep.File.Rows+rep.File.Refused+rep.File.Malformed+rep.Skipped != rep.Lines {
			t.Errorf("rows do not add up: %+v", rep)
		}
		h.histories()
		if again := h.take(path, k, op); !again.Already {
			t.Error("taken in twice")
		}
	})
}
