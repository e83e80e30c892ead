package centre_test

import (
	"net"
	"strings"
	"testing"
)

// A connection that never asked anything, such as a client opens ahead of need, does not turn the
// end of the centre into a failure: it is closed.
func TestServeEndsBesideSilentConnection(t *testing.T) {
	t.Parallel()
	var silent net.Conn
	t.Cleanup(func() { silent.Close() }) // after the centre's own, which checks that serving ended well
	c := newCountry(t, "")
	var err error
	if silent, err = net.Dial("tcp", strings.TrimPrefix(c.node.Centre, "http://")); err != nil {
		t.Fatal(err)
	}
	if err := c.withSilence(); err != nil {
		t.Fatal(err)
	}
}

// withSilence asks something else, so that the silent connection is surely accepted by then.
func (c *country) withSilence() error {
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.node.Centre, "http://"))
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /lists/ HTTP/1.0\r\n\r\n")); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}
