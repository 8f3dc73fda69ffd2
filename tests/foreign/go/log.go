package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// log is a server's log, read through its HTTP interface. It is a tlog.TileReader.
type log struct {
	url        string
	client     http.Client
	verifier   note.Verifier
	checkpoint []byte // as last read by latest
	tiles      map[tlog.Tile][]byte
}

var errNotFound = errors.New("not found")

// openLog takes the key to trust from the caller, or, if there is none, from the server.
func openLog(url, key string) (*log, error) {
	l := &log{
		url:    strings.TrimRight(url, "/"),
		client: http.Client{Timeout: 30 * time.Second},
		tiles:  map[tlog.Tile][]byte{},
	}
	served, err := l.get("/log/key")
	if err != nil {
		return nil, err
	}
	servedKey := strings.TrimSpace(string(served))
	if key == "" {
		key = servedKey
	}
	if servedKey != key {
		return nil, fmt.Errorf("the server names the key %q, not %q", servedKey, key)
	}
	l.verifier, err = note.NewVerifier(key)
	if err != nil {
		return nil, fmt.Errorf("key %q: %w", key, err)
	}
	return l, nil
}

// latest reads and verifies the current checkpoint.
func (l *log) latest() (tlog.Tree, error) {
	text, err := l.get("/log/checkpoint")
	if err != nil {
		return tlog.Tree{}, err
	}
	l.checkpoint = text
	return l.parseCheckpoint(text)
}

// parseCheckpoint verifies the signature of a checkpoint and reads its tree head
// (https://c2sp.org/tlog-checkpoint).
func (l *log) parseCheckpoint(text []byte) (tlog.Tree, error) {
	opened, err := note.Open(text, note.VerifierList(l.verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != l.verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("checkpoint is not one of %s: %q", l.verifier.Name(), opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("checkpoint: tree size %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: root hash %q: %w", lines[2], err)
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

// tilePath is where https://c2sp.org/tlog-tiles puts a tile: Go's own layout without the height,
// and with "entries" for "data".
func tilePath(t tlog.Tile) string {
	path := strings.TrimPrefix(t.Path(), "tile/8/")
	return "/log/tile/" + strings.Replace(path, "data/", "entries/", 1)
}

// readTile reads a tile. A log may drop a partial tile once the full one exists; then the full one
// is read and cut.
func (l *log) readTile(t tlog.Tile) ([]byte, error) {
	data, err := l.get(tilePath(t))
	if errors.Is(err, errNotFound) && t.W < 256 {
		full := t
		full.W = 256
		data, err = l.get(tilePath(full))
		if err == nil && t.L >= 0 && len(data) == 256*tlog.HashSize {
			data = data[:t.W*tlog.HashSize]
		}
	}
	return data, err
}

// Height implements tlog.TileReader.
func (l *log) Height() int { return 8 }

// ReadTiles implements tlog.TileReader.
func (l *log) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		data, known := l.tiles[t]
		if !known {
			var err error
			if data, err = l.readTile(t); err != nil {
				return nil, err
			}
			if len(data) != t.W*tlog.HashSize {
				return nil, fmt.Errorf("%s has %d bytes, not %d", tilePath(t), len(data), t.W*tlog.HashSize)
			}
		}
		out[i] = data
	}
	return out, nil
}

// SaveTiles implements tlog.TileReader: it is given tiles that are authentic.
func (l *log) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	for i, t := range tiles {
		l.tiles[t] = data[i]
	}
}

func (l *log) get(path string) ([]byte, error) {
	response, err := l.client.Get(l.url + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", path, err)
	}
	switch response.StatusCode {
	case http.StatusOK:
		return body, nil
	case http.StatusNotFound:
		return nil, fmt.Errorf("GET %s: %w", path, errNotFound)
	default:
		return nil, fmt.Errorf("GET %s: %s: %.200s", path, response.Status, body)
	}
}
