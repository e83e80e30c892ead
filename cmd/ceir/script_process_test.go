package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/openceir/openceir/diameter/s13"
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/n17"
	"github.com/openceir/openceir/subscriber"
)

// process is a program that a script has started.
type process struct {
	cmd  *exec.Cmd
	done chan error
}

// running are a script's processes, by name.
type running map[string]*process

type runningKey struct{}

func processes(ts *testscript.TestScript) running {
	r, _ := ts.Value(runningKey{}).(running)
	if r == nil {
		ts.Fatalf("the script was set up without a place for processes")
	}
	return r
}

// status runs a program that must end with an exit status.
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

// start runs a program in the background.
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
	processes(ts)[args[0]] = p
	ts.Defer(func() {
		p.cmd.Process.Kill()
		text, _ := os.ReadFile(log.Name())
		ts.Logf("[%s.log]\n%s", args[0], text)
	})
}

// end interrupts a program, which must put everything away and succeed.
func end(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 1)
	p := processes(ts)[args[0]]
	ts.Check(p.cmd.Process.Signal(os.Interrupt))
	if err := <-p.done; err != nil {
		ts.Fatalf("%s ended with: %v", args[0], err)
	}
}

// crash kills a program.
func crash(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 1)
	p := processes(ts)[args[0]]
	ts.Check(p.cmd.Process.Kill())
	<-p.done
}

// await waits until a file has what is looked for.
func await(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 2 || len(args) == 3)
	look := regexp.MustCompile("(?m)" + args[1])
	keep(ts, fmt.Sprintf("%q in %s", args[1], args[0]), func() bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		m := look.FindStringSubmatch(string(text))
		if err == nil && m != nil && len(args) == 3 {
			ts.Setenv(args[2], m[1])
		}
		return err == nil && m != nil
	})
}

// until runs a program until it says what is looked for.
func until(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) >= 2)
	look := regexp.MustCompile("(?m)" + args[0])
	keep(ts, fmt.Sprintf("%q from %s", args[0], strings.Join(args[1:], " ")), func() bool {
		switch args[1] {
		case "s13check":
			return look.MatchString(askS13(ts, args[2:]))
		case "n17check":
			return look.MatchString(askN17(ts, args[2:]))
		}
		return ts.Exec(args[1], args[2:]...) == nil && look.MatchString(ts.ReadFile("stdout"))
	})
}

// node writes the configuration of an operator's node.
func node(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 2)
	name := args[0]
	text := fmt.Sprintf("node: %s/eir\nkey: keys/%s-eir.key\ndata: %s\ncentre: %q\nlog: %s\nfounders: %s\nevery: 200ms\n"+
		"s13: {listen: '127.0.0.1:0'}\nn17: {listen: '127.0.0.1:0'}\n", name, name, name, args[1], ts.Getenv("LOG"), ts.Getenv("FOUNDERS"))
	ts.Check(os.WriteFile(ts.MkAbs(name+".yaml"), []byte(text), 0o600))
}

func s13check(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 3)
	fmt.Fprintln(ts.Stdout(), askS13(ts, args))
}

func n17check(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 3)
	fmt.Fprintln(ts.Stdout(), askN17(ts, args))
}

// identities reads an IMEI and an IMSI.
func identities(ts *testscript.TestScript, args []string) (imei.IMEI, subscriber.IMSI) {
	m, err := imei.ParseTyped(args[0])
	ts.Check(err)
	i, err := subscriber.ParseIMSI(args[1])
	ts.Check(err)
	return m.IMEI, i
}

func askS13(ts *testscript.TestScript, args []string) string {
	m, i := identities(ts, args[1:])
	c, err := s13.Dial(context.Background(), args[0], s13.ClientOptions{})
	ts.Check(err)
	a, err := c.Check(context.Background(), s13.Query{IMEI: m, IMSI: i})
	ts.Check(errors.Join(err, c.Close()))
	return a.String()
}

func askN17(ts *testscript.TestScript, args []string) string {
	m, i := identities(ts, args[1:])
	c := n17.NewClient("http://"+args[0], nil)
	defer c.Close()
	a, err := c.Check(context.Background(), n17.Query{IMEI: m, SVN: imei.NoSVN, IMSI: i})
	ts.Check(err)
	return a.String()
}
