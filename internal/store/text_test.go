package store

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// forbidden is what only one of the databases knows, or gives another answer than the other.
var forbidden = regexp.MustCompile(`(?i)\*|\bnow\(|\blike\b|\bilike\b|\bany\b|skip locked|greatest|least|json_each|advisory|offset|returning \*|random\(|current_|autoincrement|serial`)

var comment = regexp.MustCompile(`(?m)^--.*$`)

// Every question is asked somewhere, names its columns, keeps to what both databases know, and
// reads pages as long as the code thinks.
func TestTexts(t *testing.T) {
	var code strings.Builder
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil && !strings.HasSuffix(name, "_test.go") {
			code.Write(b)
		}
	}
	err = fs.WalkDir(texts, "sql", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, "sql/"), ".sql")
		text := text(name)
		if strings.Contains(name, "/") {
			return nil // of one dialect
		}
		if !strings.Contains(code.String(), `"`+name+`"`) {
			t.Errorf("%s is asked nowhere", path)
		}
		if bad := forbidden.FindString(strings.ReplaceAll(comment.ReplaceAllString(text, ""), "count(*)", "")); bad != "" {
			t.Errorf("%s: %q is not for both databases, or names no column", path, bad)
		}
		if l := regexp.MustCompile(`LIMIT (\d{3,})`).FindStringSubmatch(text); l != nil && l[1] != fmt.Sprint(pageRows) {
			t.Errorf("%s reads pages of %s rows, the code pages of %d", path, l[1], pageRows)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if last := fmt.Sprintf("$%d, $%d)", maxKinds-1, maxKinds); !strings.Contains(text("leaves_of_kinds_from"), last) {
		t.Errorf("the question has another number of places for kinds than %d", maxKinds)
	}
}

// The two dialects' migrations differ in the words for types alone.
func TestMigrationsAreTwins(t *testing.T) {
	lite, pg := numbered("sqlite"), numbered("postgres")
	if len(lite) != len(pg) {
		t.Fatalf("SQLite has %d versions, PostgreSQL %d", len(lite), len(pg))
	}
	same := strings.NewReplacer(" STRICT;", ";", "INTEGER", "bigint", "BLOB", "bytea", "TEXT", `text COLLATE "C"`)
	for i := range lite {
		_, a, _ := strings.Cut(same.Replace(lite[i]), "\n")
		_, b, _ := strings.Cut(pg[i], "\n")
		if a != b {
			t.Errorf("version %d is not the same for both", i+1)
		}
	}
}
