package tidy

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/openceir/openceir/receipt"
)

// TestStranger lets a verifier that was written from docs/formats alone, in another language, judge
// the sample's receipt, snapshot and delta, whole and with one thing changed.
func TestStranger(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if testing.Short() {
			t.Skip("no python3")
		}
		t.Fatal("no python3: run make deps")
	}
	s := newSample(t)
	_, head := s.head(t, 6)
	r := &receipt.Receipt{IMEI: sampleDevice, Head: head, Bundle: s.bundle(t, 6, true, 0, 2, 3)}
	files := map[string][]byte{"key": []byte(s.logKey), "receipt": r.Bytes()}
	files["snapshot"], files["snapshot.note"], files["delta"], files["delta.note"], _ = s.files(t)
	judge := func(t *testing.T, files map[string][]byte) (string, bool) {
		dir := t.TempDir()
		for name, body := range files {
			if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out, err := exec.Command(python, "testdata/stranger.py", dir).CombinedOutput()
		return string(out), err == nil
	}
	want := "receipt: set listed 00101701000042 prohibited stolen\nsnapshot: 4 lines\ndelta: 1 operation, 3 lines are left\n"
	if out, ok := judge(t, files); !ok || out != want {
		t.Fatalf("the stranger says\n%swant\n%s", out, want)
	}
	if testing.Short() {
		return
	}
	for _, tt := range []struct{ name, file, old, new string }{
		{"another head", "receipt", "\n6\n", "\n7\n"},
		{"another body", "receipt", "prohibited stolen", "prohibited fraud!"},
		{"another ceiling", "receipt", "ceiling 300", "ceiling 900"},
		{"another time", "receipt", "10:00:03", "10:00:04"},
		{"another approver", "receipt", "approval police/bela", "approval police/abel"},
		{"another proof", "receipt", "proof 2\nMbWv", "proof 2\nNbWv"},
		{"another line in the snapshot", "snapshot", "prohibited duplicate\n", "allowed    duplicate\n"},
		{"another table", "snapshot.note", "size 5", "size 6"},
		{"another operation", "delta", "5 drop", "4 drop"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			broken := map[string][]byte{}
			for name, body := range files {
				broken[name] = body
			}
			broken[tt.file] = bytes.Replace(files[tt.file], []byte(tt.old), []byte(tt.new), 1)
			if bytes.Equal(broken[tt.file], files[tt.file]) {
				t.Fatalf("%q is not in the %s", tt.old, tt.file)
			}
			if out, ok := judge(t, broken); ok {
				t.Errorf("the stranger believes it:\n%s", out)
			}
		})
	}
}
