package enforce

// Bounds, each with its reason.
const (
	maxSteps    = 1 << 18 // changes of lines that a fold can take back: 32 MB for each stream
	maxDeltas   = 256     // deltas that a node which begins fetches after its snapshot
	keptDeltas  = 1024    // delta files in a stream's directory: a week if something is decided every ten minutes
	keptSnaps   = 2       // snapshot files: whoever read the index just before the newest came still finds the other
	newFileMark = ".new-" // how the names of files begin that are not complete
)
