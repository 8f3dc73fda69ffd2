package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// memoryLog is a log with the interface that Colophon documents, made by Go's own library: what
// the clients in this folder are tried on before they judge a server. POST /grow?entries=N makes it
// longer.
type memoryLog struct {
	mutex  sync.Mutex
	signer note.Signer
	key    string
	hashes []tlog.Hash
	data   [][]byte
	tamper func(path string, body []byte) []byte
}

func newMemoryLog(size int) *memoryLog {
	private, public, err := note.GenerateKey(rand.Reader, "colophon.example/log")
	must(err)
	signer, err := note.NewSigner(private)
	must(err)
	m := &memoryLog{signer: signer, key: public}
	m.grow(size)
	return m
}

// must is for what only a fault in this program can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (m *memoryLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = m.hashes[index]
	}
	return hashes, nil
}

func (m *memoryLog) grow(size int) {
	previous := strings.Repeat("0", 64)
	if len(m.data) > 0 {
		last := sha256.Sum256(m.data[len(m.data)-1])
		previous = hex.EncodeToString(last[:])
	}
	for n := len(m.data); n < size; n++ {
		data, err := json.Marshal(entry{
			CertID: fmt.Sprint("rec_", n), Kind: "record", ManifestHash: strings.Repeat("a", 64),
			PrevHash: previous, SeqNo: int64(n) + 1, TS: "2026-11-22T02:31:42Z",
		})
		must(err)
		hash := sha256.Sum256(data)
		previous = hex.EncodeToString(hash[:])
		m.append(data)
	}
}

func (m *memoryLog) append(data []byte) {
	hashes, err := tlog.StoredHashes(int64(len(m.data)), data, m)
	must(err)
	m.hashes, m.data = append(m.hashes, hashes...), append(m.data, data)
}

func (m *memoryLog) head() string {
	root := emptyRoot
	if len(m.data) > 0 {
		var err error
		root, err = tlog.TreeHash(int64(len(m.data)), m)
		must(err)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", m.signer.Name(), len(m.data), root)
	signed, err := note.Sign(&note.Note{Text: text}, m.signer)
	must(err)
	return string(signed)
}

// get answers as the server does; nil is 404.
func (m *memoryLog) get(path string, query func(string) int64) []byte {
	switch path {
	case "/log/key":
		return []byte(m.key + "\n")
	case "/log/checkpoint":
		return []byte(m.head())
	case "/log/proof/inclusion":
		index, size := query("index"), query("size")
		proof, err := tlog.ProveRecord(size, index, m)
		if err != nil {
			return nil
		}
		body, _ := json.Marshal(map[string]interface{}{
			"index": index, "tree_size": size, "hashes": proof,
			"leaf_hash": tlog.RecordHash(m.data[index]), "checkpoint": m.head(),
		})
		return body
	case "/log/proof/consistency":
		from, to := query("from"), query("to")
		proof, err := tlog.ProveTree(to, from, m)
		if err != nil {
			return nil
		}
		body, _ := json.Marshal(map[string]interface{}{"from": from, "to": to, "hashes": proof})
		return body
	}
	// Parsed by hand: a second opinion on tilePath.
	parts := strings.Split(strings.TrimPrefix(path, "/log/tile/"), "/")
	tile := tlog.Tile{H: 8, W: 256}
	if tile.L = -1; parts[0] != "entries" {
		tile.L, _ = strconv.Atoi(parts[0])
	}
	for i, part := range parts[1:] {
		if strings.HasSuffix(part, ".p") {
			tile.W, _ = strconv.Atoi(parts[i+2])
			part = strings.TrimSuffix(part, ".p")
		} else if i > 0 && strings.HasSuffix(parts[i], ".p") {
			break
		}
		digits, _ := strconv.ParseInt(strings.TrimPrefix(part, "x"), 10, 64)
		tile.N = tile.N*1000 + digits
	}
	if tile.L >= 0 {
		available := int64(len(m.data)) >> (8 * uint(tile.L))
		if tile.N*256+int64(tile.W) > available {
			return nil
		}
		data, err := tlog.ReadTileData(tile, m)
		if err != nil {
			return nil
		}
		return data
	}
	if tile.N*256+int64(tile.W) > int64(len(m.data)) {
		return nil
	}
	var bundle []byte
	for _, data := range m.data[tile.N*256:][:tile.W] {
		bundle = append(bundle, byte(len(data)>>8), byte(len(data)))
		bundle = append(bundle, data...)
	}
	return bundle
}

func (m *memoryLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := func(name string) int64 {
		number, _ := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
		return number
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if r.Method == http.MethodPost && r.URL.Path == "/grow" {
		m.grow(len(m.data) + int(query("entries")))
		return
	}
	body := m.get(r.URL.Path, query)
	if m.tamper != nil && body != nil {
		body = m.tamper(r.URL.Path, body)
	}
	if body == nil {
		http.NotFound(w, r)
		return
	}
	w.Write(body)
}
