package receipt

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// A reason is shown whole, whatever is between its words, on lines that a terminal has room for.
func TestWrap(t *testing.T) {
	long := strings.Repeat("é", 200)
	for _, text := range []string{"", "one", "one two\nthree", strings.Repeat("word and ", 60) + "end", long, "a " + long + " b  c", "trailing "} {
		got := wrap(text, "\n  ")
		if unwrapped := strings.ReplaceAll(strings.ReplaceAll(got, "\n  ", " "), "\n", " "); unwrapped != strings.ReplaceAll(text, "\n", " ") {
			t.Errorf("%q came out as %q", text, got)
		}
		for line := range strings.SplitSeq(got, "\n") {
			if n := utf8.RuneCountInString(strings.TrimPrefix(line, "  ")); n > wide && strings.Contains(strings.TrimPrefix(line, "  "), " ") {
				t.Errorf("a line of %d characters: %q", n, line)
			}
		}
	}
}
