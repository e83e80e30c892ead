package device

// Change is what a row of a list does to the list in force. A full file has additions only.
type Change uint8

// The changes.
const (
	Add    Change = iota // the row belongs to the list from now on
	Remove               // the row with this key does not belong to it any more
	Update               // as Add, of a key that was there
)

var changeNames = [...]string{"add", "remove", "update"}

// String returns the word of the layouts' column change_type.
func (c Change) String() string { return changeNames[c] }

// ParseChange reads the word of a column change_type.
func ParseChange(s string) (Change, bool) {
	for c, name := range changeNames {
		if s == name {
			return Change(c), true
		}
	}
	return 0, false
}

// PartsInForce returns the parts that make up the list in force, of the files of one kind in the order
// of their adoption: those of the last full file, and then those of every later delta file. The
// order matters: where two parts have the same key, the later one counts, and a key that it removes
// is not on the list. Withdrawn files must not be among the files; without a full file there is a
// list all the same, of what the delta files added.
func PartsInForce(files []File) []Part {
	first := 0
	for i := range files {
		if !files[i].Delta {
			first = i
		}
	}
	var parts []Part
	for i := first; i < len(files); i++ {
		parts = append(parts, files[i].Parts...)
	}
	return parts
}

// Imports are the kinds of files that people hand in, in the order in which they depend on one
// another.
func Imports() []FileKind {
	return []FileKind{FileTAC, FileOperator, FileStolen, FileRegistration, FilePairing, FileGolden, FileBarred, FileBarredTAC,
		FileMonitoring, FileSubscribers, FileAssociation}
}
