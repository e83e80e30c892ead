package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/openceir/openceir/diameter/s13"
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/n17"
	"github.com/openceir/openceir/subscriber"
)

// TestMain makes eir, which is this binary under another name, the program that scripts run. The
// scripts of cmd/ceir have those with a centre.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"eir": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Cmds: commands, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error { e.Values[runningKey{}] = map[string]*process{}; return nil }})
}

// commands are what scripts have beside the usual:
//
//	status N PROGRAM ARGS...        run a program, which must end with this exit status
//	start NAME PROGRAM ARGS...      run a program; what it says goes to NAME.log
//	end NAME, crash NAME            stop it as Ctrl-C does, which must succeed, or kill it
//	await FILE REGEXP [VAR]         wait until a file matches, and keep the first group
//	s13check ADDR IMEI IMSI         ask over Diameter, as an MME does
//	n17check ADDR IMEI IMSI         ask over HTTP/2, as an AMF does
//	garbage ADDR                    say over TCP what is neither
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"status": status, "start": start, "end": end, "crash": crash, "await": await, "s13check": s13check, "n17check": n17check, "garbage": garbage,
}

// want checks the number of arguments of a command that can not be negated.
func want(ts *testscript.TestScript, neg bool, ok bool) {
	if neg || !ok {
		ts.Fatalf("the command is not used like this: see the comment on commands in script_test.go")
	}
}

// patience is how long a script waits for something that happens elsewhere.
const patience = 30 * time.Second

// process is a program that a script has started.
type process struct {
	cmd  *exec.Cmd
	done chan error
}

type runningKey struct{}

func started(ts *testscript.TestScript) map[string]*process {
	return ts.Value(runningKey{}).(map[string]*process)
}

func status(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) >= 2)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("the exit status is %d, not %s", got, args[0])
	}
}

func start(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) >= 2)
	log, err := os.Create(ts.MkAbs(args[0] + ".log"))
	ts.Check(err)
	p := &process{exec.Command(args[1], args[2:]...), make(chan error, 1)}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = ts.MkAbs("."), log, log
	ts.Check(p.cmd.Start())
	go func() {
		p.done <- p.cmd.Wait()
		log.Close()
	}()
	started(ts)[args[0]] = p
	ts.Defer(func() {
		p.cmd.Process.Kill()
		text, _ := os.ReadFile(log.Name())
		ts.Logf("[%s.log]\n%s", args[0], text)
	})
}

func end(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 1)
	p := started(ts)[args[0]]
	ts.Check(p.cmd.Process.Signal(os.Interrupt))
	if err := <-p.done; err != nil {
		ts.Fatalf("%s ended with: %v", args[0], err)
	}
}

func crash(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 1)
	p := started(ts)[args[0]]
	ts.Check(p.cmd.Process.Kill())
	<-p.done
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 2 || len(args) == 3)
	look := regexp.MustCompile("(?m)" + args[1])
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	for {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if m := look.FindStringSubmatch(string(text)); err == nil && m != nil {
			if len(args) == 3 {
				ts.Setenv(args[2], m[1])
			}
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("waited %s in vain for %q in %s", patience, args[1], args[0])
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// identities reads an IMEI and an IMSI.
func identities(ts *testscript.TestScript, args []string) (imei.IMEI, subscriber.IMSI) {
	m, err := imei.ParseTyped(args[0])
	ts.Check(err)
	i, err := subscriber.ParseIMSI(args[1])
	ts.Check(err)
	return m.IMEI, i
}

func s13check(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 3)
	m, i := identities(ts, args[1:])
	c, err := s13.Dial(context.Background(), args[0], s13.ClientOptions{})
	ts.Check(err)
	a, err := c.Check(context.Background(), s13.Query{IMEI: m, IMSI: i})
	ts.Check(errors.Join(err, c.Close()))
	fmt.Fprintln(ts.Stdout(), a)
}

func n17check(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 3)
	m, i := identities(ts, args[1:])
	c := n17.NewClient("http://"+args[0], nil)
	defer c.Close()
	a, err := c.Check(context.Background(), n17.Query{IMEI: m, SVN: imei.NoSVN, IMSI: i})
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), a)
}

func garbage(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 1)
	c, err := net.Dial("tcp", args[0])
	ts.Check(err)
	_, err = fmt.Fprint(c, "\x00\xff garbage, and no request of any kind\r\n\r\n")
	ts.Check(errors.Join(err, c.Close()))
}
