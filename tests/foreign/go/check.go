package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// emptyRoot is the root of a tree without leaves (RFC 6962 §2.1).
var emptyRoot = tlog.Hash(sha256.Sum256(nil))

// entry is a leaf of the log; its own members are exactly these.
type entry struct {
	CertID       string `json:"cert_id"`
	Kind         string `json:"kind"`
	ManifestHash string `json:"manifest_hash"`
	PrevHash     string `json:"prev_hash"`
	SeqNo        int64  `json:"seq_no"`
	TS           string `json:"ts"`
}

// checkEntries reads every entry and checks it against the authenticated tiles, the hash chain
// against itself, and the root against a tree built from nothing but the entries. It returns the
// record hashes.
func (l *log) checkEntries(head tlog.Tree) ([]tlog.Hash, error) {
	if head.N == 0 {
		if head.Hash != emptyRoot {
			return nil, fmt.Errorf("the root of the empty log is %s, not %s", head.Hash, emptyRoot)
		}
		return nil, nil
	}
	authentic := tlog.TileHashReader(head, l)
	records := make([]tlog.Hash, 0, head.N)
	var stored []tlog.Hash
	inMemory := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	previous := strings.Repeat("0", 64)
	for start := int64(0); start < head.N; start += 256 {
		entries, err := l.bundle(start/256, min(256, head.N-start))
		if err != nil {
			return nil, err
		}
		indexes := make([]int64, len(entries))
		for i := range entries {
			indexes[i] = tlog.StoredHashIndex(0, start+int64(i))
		}
		expected, err := authentic.ReadHashes(indexes)
		if err != nil {
			return nil, fmt.Errorf("tiles: %w", err)
		}
		for i, data := range entries {
			number := start + int64(i)
			record := tlog.RecordHash(data)
			if record != expected[i] {
				return nil, fmt.Errorf("entry %d hashes to %s, but the tree holds %s", number, record, expected[i])
			}
			if previous, err = checkChain(data, number+1, previous); err != nil {
				return nil, fmt.Errorf("entry %d: %w", number, err)
			}
			hashes, err := tlog.StoredHashesForRecordHash(number, record, inMemory)
			if err != nil {
				return nil, err
			}
			stored = append(stored, hashes...)
			records = append(records, record)
		}
	}
	root, err := tlog.TreeHash(head.N, inMemory)
	if err != nil {
		return nil, err
	}
	if root != head.Hash {
		return nil, fmt.Errorf("the entries have the root %s, the checkpoint says %s", root, head.Hash)
	}
	return records, nil
}

// bundle reads an entry bundle: each entry after its length in 16 bits, big-endian.
func (l *log) bundle(index, width int64) ([][]byte, error) {
	tile := tlog.Tile{H: 8, L: -1, N: index, W: int(width)}
	data, err := l.readTile(tile)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 {
			return nil, fmt.Errorf("%s is cut off", tilePath(tile))
		}
		length := int(data[0])<<8 | int(data[1])
		if len(data) < 2+length {
			return nil, fmt.Errorf("%s is cut off", tilePath(tile))
		}
		entries = append(entries, data[2:2+length])
		data = data[2+length:]
	}
	if int64(len(entries)) < width {
		return nil, fmt.Errorf("%s holds %d entries, not %d", tilePath(tile), len(entries), width)
	}
	return entries[:width], nil
}

// checkChain checks one entry's number and its link to the entry before, and returns its hash.
func checkChain(data []byte, seqNo int64, previous string) (string, error) {
	var e entry
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return "", err
	}
	if e.SeqNo != seqNo {
		return "", fmt.Errorf("seq_no is %d, not %d", e.SeqNo, seqNo)
	}
	if e.PrevHash != previous {
		return "", fmt.Errorf("prev_hash is %s, not %s", e.PrevHash, previous)
	}
	// RFC 8785 of these six ASCII members is what Go writes for the struct, whose fields are sorted.
	canonical, err := json.Marshal(e)
	if err != nil || !bytes.Equal(canonical, data) {
		return "", fmt.Errorf("not canonical: %s", data)
	}
	hash := sha256.Sum256(data)
	return hex.EncodeToString(hash[:]), nil
}

// checkInclusion asks for proofs of the first, the last and random entries, in trees of random
// sizes and of the head's.
func (l *log) checkInclusion(head tlog.Tree, records []tlog.Hash, count int, random *rand.Rand) error {
	authentic := tlog.TileHashReader(head, l)
	for i := 0; i < count; i++ {
		size, index := head.N, int64(0)
		switch {
		case i == 1:
			index = size - 1
		case i > 1 && i%2 == 0:
			index = random.Int63n(size)
		case i > 1:
			size = 1 + random.Int63n(head.N)
			index = random.Int63n(size)
		}
		path := fmt.Sprintf("/log/proof/inclusion?index=%d&size=%d", index, size)
		var answer struct {
			Index      int64
			TreeSize   int64 `json:"tree_size"`
			Hashes     tlog.RecordProof
			LeafHash   string `json:"leaf_hash"`
			Checkpoint string
		}
		if err := l.getJSON(path, &answer); err != nil {
			return err
		}
		if answer.Index != index || answer.TreeSize != size {
			return fmt.Errorf("GET %s answers for index %d, size %d", path, answer.Index, answer.TreeSize)
		}
		leaf, err := parseLeafHash(answer.LeafHash)
		if err != nil || leaf != records[index] {
			return fmt.Errorf("GET %s: leaf_hash is %q, not %s", path, answer.LeafHash, records[index])
		}
		root, err := tlog.TreeHash(size, authentic)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(answer.Hashes, size, root, index, leaf); err != nil {
			return fmt.Errorf("GET %s: %w", path, err)
		}
		if answer.Checkpoint != "" {
			if _, err := l.parseCheckpoint([]byte(answer.Checkpoint)); err != nil {
				return fmt.Errorf("GET %s: %w", path, err)
			}
		}
	}
	return nil
}

// parseLeafHash reads base64, like every hash of a proof, or hex, like every hash of an entry.
func parseLeafHash(text string) (tlog.Hash, error) {
	if raw, err := hex.DecodeString(text); err == nil && len(raw) == tlog.HashSize {
		var hash tlog.Hash
		copy(hash[:], raw)
		return hash, nil
	}
	return tlog.ParseHash(text)
}

// checkConsistency asks for proofs between random sizes.
func (l *log) checkConsistency(head tlog.Tree, count int, random *rand.Rand) error {
	authentic := tlog.TileHashReader(head, l)
	for i := 0; i < count; i++ {
		to := 1 + random.Int63n(head.N)
		if i%2 == 0 {
			to = head.N
		}
		from := 1 + random.Int63n(to)
		older, err := tlog.TreeHash(from, authentic)
		if err != nil {
			return err
		}
		newer, err := tlog.TreeHash(to, authentic)
		if err != nil {
			return err
		}
		if err := l.checkGrowth(tlog.Tree{N: from, Hash: older}, tlog.Tree{N: to, Hash: newer}); err != nil {
			return err
		}
	}
	return nil
}

// checkExtends checks that the head extends a checkpoint saved earlier.
func (l *log) checkExtends(file string, head tlog.Tree) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	older, err := l.parseCheckpoint(text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := l.checkGrowth(older, head); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	fmt.Printf("earlier checkpoint: %d entries, consistent\n", older.N)
	return nil
}

// checkGrowth checks, with the server's proof, that newer extends older.
func (l *log) checkGrowth(older, newer tlog.Tree) error {
	switch {
	case newer.N < older.N:
		return fmt.Errorf("the log shrank from %d entries to %d", older.N, newer.N)
	case newer.N == older.N && newer.Hash != older.Hash:
		return fmt.Errorf("two roots for %d entries: %s and %s", older.N, older.Hash, newer.Hash)
	case newer.N == older.N || older.N == 0:
		return nil
	}
	path := fmt.Sprintf("/log/proof/consistency?from=%d&to=%d", older.N, newer.N)
	var answer struct {
		From, To int64
		Hashes   tlog.TreeProof
	}
	if err := l.getJSON(path, &answer); err != nil {
		return err
	}
	if answer.From != older.N || answer.To != newer.N {
		return fmt.Errorf("GET %s answers from %d to %d", path, answer.From, answer.To)
	}
	if err := tlog.CheckTree(answer.Hashes, newer.N, newer.Hash, older.N, older.Hash); err != nil {
		return fmt.Errorf("GET %s: %w: %d entries with root %s, then %d with root %s",
			path, err, older.N, older.Hash, newer.N, newer.Hash)
	}
	return nil
}

func (l *log) getJSON(path string, answer interface{}) error {
	body, err := l.get(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return nil
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
