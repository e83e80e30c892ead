package store

import "iter"

// chunks cuts rows into pieces of at most so many for one statement each. The pieces' lengths are powers of two, so
// that there are few different texts and the prepared statements are found again.
func chunks(rows [][]any, most int) iter.Seq[[][]any] {
	return func(yield func([][]any) bool) {
		for len(rows) > 0 {
			n := fits(rows, most)
			if !yield(rows[:n]) {
				return
			}
			rows = rows[n:]
		}
	}
}

// fits returns the largest power of two of rows that one statement may hold, at least one.
func fits(rows [][]any, most int) int {
	most = min(len(rows), most)
	bytes, n := 0, 0
	for n < most {
		bytes += weight(rows[n])
		if bytes > statementBytes && n > 0 {
			break
		}
		n++
	}
	power := 1
	for power*2 <= n {
		power *= 2
	}
	return power
}

// weight is the size of a row's texts and bytes.
func weight(row []any) (n int) {
	for _, v := range row {
		switch v := v.(type) {
		case string:
			n += len(v)
		case []byte:
			n += len(v)
		}
	}
	return n
}
