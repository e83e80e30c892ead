package main

import (
	"slices"
	"testing"

	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/stats"
)

// TestKeys: what was published, and what is aimed at, stands beside a step that there is.
func TestKeys(t *testing.T) {
	steps := []string{"classify", "again", "lists", "second"}
	for _, kind := range device.Imports() {
		steps = append(steps, string(kind))
	}
	for _, name := range stats.Names() {
		steps = append(steps, "report "+name)
	}
	for rows := range peers {
		for key := range peers[rows] {
			if !slices.Contains(steps, key) {
				t.Errorf("%d rows: there is no step %q", rows, key)
			}
		}
	}
	for rows := range targets {
		for key := range targets[rows] {
			if !slices.Contains(steps, key) {
				t.Errorf("%d rows: there is no step %q to aim at", rows, key)
			}
		}
	}
}

// TestConditions: the program reads the ten conditions.
func TestConditions(t *testing.T) {
	text := "conditions:\n"
	for _, c := range conditions {
		text += c.rule()
	}
	if c, err := detect.Load([]byte(text)); err != nil || len(c.All()) != 10 {
		t.Errorf("%d conditions: %v", len(c.All()), err)
	}
}

func TestFigures(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{grouped(999), "999"}, {grouped(1000), "1,000"}, {grouped(12345678), "12,345,678"},
		{times(0), ""}, {times(9.96), "10.0"}, {times(82.4), "82"},
		{against(0, 5), ""}, {against(1, 1), "1, met"}, {against(1, 1.01), "1, **missed**"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
