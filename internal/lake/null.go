package lake

import (
	"reflect"
	"slices"
	"strings"
)

// optionals returns the places of the fields of a row that are null where they are zero.
func optionals[R any]() (places []int) {
	t := reflect.TypeFor[R]()
	for i := range t.NumField() {
		if slices.Contains(strings.Split(t.Field(i).Tag.Get("parquet"), ","), "optional") {
			places = append(places, i)
		}
	}
	return places
}

// together returns how many of the rows, from the first, the encoder may be given at once.
//
// It looks at a column 64 rows at a time. Where the last values among them begin after as many rows as
// they are themselves, it takes the nulls that follow for values too, and writes zeros
// (parquet-go v0.32.0, writeRowsFuncOfOptional): our reader knows no difference, others do. So the
// rows end there, and what follows is given to it by itself.
func together[R any](rows []R, optional []int) int {
	for from := 0; from < len(rows); from += 64 {
		word := rows[from:min(from+64, len(rows))]
		if n := fitting(word, optional); n < len(word) {
			return from + n
		}
	}
	return len(rows)
}

// fitting is together for at most 64 rows. It ends later than with the first of two rows, so that all
// rows are given sooner or later.
func fitting[R any](rows []R, optional []int) int {
	n := len(rows)
	for i := 0; i < len(optional); i++ {
		known := func(k int) bool { return !reflect.ValueOf(&rows[k]).Elem().Field(optional[i]).IsZero() }
		end := n
		for end > 0 && !known(end-1) {
			end--
		}
		if end == n {
			continue // no nulls follow
		}
		begin := end
		for begin > 0 && known(begin-1) {
			begin--
		}
		if begin > 0 && end == 2*begin {
			n, i = end, -1 // fewer rows: look at the other columns again
		}
	}
	return n
}
