package main

import (
	"math/rand"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func (m *memoryLog) check(t *testing.T, key, old, save string) error {
	t.Helper()
	server := httptest.NewServer(m)
	defer server.Close()
	return run(server.URL, key, old, save, 40, rand.New(rand.NewSource(7)))
}

func TestHonestLogs(t *testing.T) {
	for _, size := range []int{0, 1, 2, 255, 256, 257, 1000, 70_000} {
		m := newMemoryLog(size)
		if err := m.check(t, m.key, "", ""); err != nil {
			t.Errorf("%d entries: %v", size, err)
		}
	}
}

func TestPartialTilesMayBeGone(t *testing.T) {
	m := newMemoryLog(300)
	server := httptest.NewServer(m)
	defer server.Close()
	l, err := openLog(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	head, err := l.latest()
	if err != nil {
		t.Fatal(err)
	}
	m.grow(600)
	// Tile 1 of level 0 is full by now; the one of level 1 is partial still, and must be there.
	m.tamper = func(path string, body []byte) []byte {
		if strings.Contains(path, "001.p/") {
			return nil
		}
		return body
	}
	if _, err := l.checkEntries(head); err != nil {
		t.Fatal(err)
	}
}

func TestGrowthAndForks(t *testing.T) {
	saved := filepath.Join(t.TempDir(), "checkpoint")
	m := newMemoryLog(300)
	if err := m.check(t, "", "", saved); err != nil {
		t.Fatal(err)
	}
	m.grow(800)
	if err := m.check(t, "", saved, saved); err != nil {
		t.Fatal(err)
	}
	fork := &memoryLog{signer: m.signer, key: m.key}
	fork.grow(10)
	if err := fork.check(t, "", saved, ""); err == nil || !strings.Contains(err.Error(), "shrank") {
		t.Errorf("a shrunken log: %v", err)
	}
	// Another history under the same key, longer than the saved one.
	forged := []byte(strings.Replace(string(fork.data[9]), "record", "forged", 1))
	fork.data, fork.hashes = fork.data[:9], fork.hashes[:tlog.StoredHashCount(9)]
	fork.append(forged)
	fork.grow(900)
	if err := fork.check(t, "", "", ""); err != nil {
		t.Fatalf("the fork by itself is a good log: %v", err)
	}
	if err := fork.check(t, "", saved, ""); err == nil {
		t.Error("a fork was taken for growth")
	}
}

func TestDishonestLogs(t *testing.T) {
	flip := func(body []byte) []byte {
		changed := append([]byte(nil), body...)
		changed[len(changed)/2] ^= 1
		return changed
	}
	for name, part := range map[string]string{
		"a tile": "/log/tile/0/", "an upper tile": "/log/tile/1/", "an entry": "/log/tile/entries/",
		"the checkpoint": "/log/checkpoint", "the key": "/log/key",
		"an inclusion proof": "/log/proof/inclusion", "a consistency proof": "/log/proof/consistency",
	} {
		m := newMemoryLog(700)
		m.tamper = func(path string, body []byte) []byte {
			if strings.HasPrefix(path, part) {
				return flip(body)
			}
			return body
		}
		if err := m.check(t, "", "", ""); err == nil {
			t.Errorf("%s with one bit flipped was accepted", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
	m := newMemoryLog(10)
	if err := m.check(t, newMemoryLog(0).key, "", ""); err == nil {
		t.Error("another log's key was accepted")
	}
	// A chain that skips an entry, in a tree that is otherwise good.
	gap := &memoryLog{signer: m.signer, key: m.key}
	gap.append(m.data[0])
	gap.append(m.data[2])
	if err := gap.check(t, "", "", ""); err == nil || !strings.Contains(err.Error(), "seq_no") {
		t.Errorf("a gap in the numbers: %v", err)
	}
}
