package storetest

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// Server is a private PostgreSQL server from the system's package, in a temporary directory, on a
// Unix socket there, with fsync on. It goes with this process, however that ends: a small shell
// that waits on a pipe from here stops it and removes the directory.
type Server struct {
	bin, dir string
	who      *syscall.Credential // nil for ourselves
	watch    *os.File            // our end of the pipe
}

var shared struct {
	once   sync.Once
	server *Server
	err    error
	number atomic.Int64
}

// Postgres returns the URL of a new empty database on this process's PostgreSQL server, which it
// starts if need be. Under -short it skips the test; without PostgreSQL it fails it.
func Postgres(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("PostgreSQL is left out of the short run")
	}
	shared.once.Do(func() { shared.server, shared.err = startServer() })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server.Database(t)
}

// NewServer starts a server for one test alone, which may kill it.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s, err := startServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.watch.Close() })
	return s
}

// Database makes a new database and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("register_%d", shared.number.Add(1))
	if err := s.run("createdb", "-h", s.dir, "-U", "postgres", name); err != nil {
		t.Fatalf("making a database: %v", err)
	}
	return (&url.URL{Scheme: "postgres", Path: "/" + name, RawQuery: url.Values{"host": {s.dir}, "user": {"postgres"}}.Encode()}).String()
}

// Kill stops the server at once, in the middle of whatever it does: no checkpoint, no goodbye. It
// recovers from its log when it is started again.
func (s *Server) Kill() error {
	return s.run("pg_ctl", "stop", "-D", s.data(), "-m", "immediate", "-w", "-s")
}

// Start starts the server again.
func (s *Server) Start() error {
	options := fmt.Sprintf("-c listen_addresses='' -c unix_socket_directories='%s' -c fsync=on -c synchronous_commit=on -c shared_buffers=32MB -c max_connections=50", s.dir)
	if err := s.run("pg_ctl", "start", "-D", s.data(), "-l", filepath.Join(s.dir, "log"), "-w", "-s", "-o", options); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return fmt.Errorf("starting PostgreSQL: %w\n%s", err, log)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func startServer() (*Server, error) {
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(bins) == 0 {
		return nil, fmt.Errorf("PostgreSQL is not installed: run make deps, or go test -short for SQLite alone")
	}
	dir, err := os.MkdirTemp("", "ceir-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: filepath.Dir(slices.Max(bins)), dir: dir}
	if err := s.own(); err != nil {
		return nil, err
	}
	if err := s.run("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		return nil, err
	}
	if err := s.Start(); err != nil {
		return nil, err
	}
	return s, s.guard()
}

// own gives the directory to the user postgres where we are root: PostgreSQL refuses to run as root.
func (s *Server) own() error {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("looking for the user postgres: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return err
	}
	s.who = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, int(uid), int(gid))
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = s.dir
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.who, Setpgid: true}
	return c
}

// run runs a program of PostgreSQL's. Its output goes to a file, because the server would keep a
// pipe open.
func (s *Server) run(program string, args ...string) error {
	c := s.command(filepath.Join(s.bin, program), args...)
	out, err := os.CreateTemp("", "ceir-pg-output-")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	c.Stdout, c.Stderr = out, out
	if err := c.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("running %s: %w: %s", program, err, said)
	}
	return nil
}

// guard leaves a shell behind that ends the server once our end of the pipe is closed.
func (s *Server) guard() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	c := s.command("/bin/sh", "-c", `cat; "$0/pg_ctl" stop -D "$1/data" -m immediate -w -s; rm -rf "$1"`, s.bin, s.dir)
	c.Dir = "/"
	c.Stdin = r
	if err := c.Start(); err != nil {
		return fmt.Errorf("guarding PostgreSQL: %w", err)
	}
	r.Close()
	s.watch = w
	return nil
}
