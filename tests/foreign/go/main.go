// Command log-check verifies a running Colophon log with code that nobody here wrote: Go's
// golang.org/x/mod/sumdb packages note and tlog.
//
// It exits 0 if everything holds, 1 with the reason if not, 2 on wrong usage.
package main

import (
	"flag"
	"fmt"
	"math/rand"
	"net/http"
	"os"
)

func main() {
	url := flag.String("url", "", "base URL of the server, http://127.0.0.1:8080")
	key := flag.String("key", "", "the log's vkey; without it, the one that the server names is trusted")
	proofs := flag.Int("proofs", 50, "inclusion and consistency proofs to check, each")
	seed := flag.Int64("seed", 1, "which entries and sizes the proofs are for")
	old := flag.String("old", "", "file with an earlier checkpoint that the log must extend")
	save := flag.String("save", "", "file to save the verified checkpoint to")
	serve := flag.String("serve", "", "instead of checking: the address to serve a small log of our own at")
	flag.Parse()
	if *serve != "" {
		fmt.Fprintln(os.Stderr, "log-check:", http.ListenAndServe(*serve, newMemoryLog(700)))
		os.Exit(1)
	}
	if *url == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	err := run(*url, *key, *old, *save, *proofs, rand.New(rand.NewSource(*seed)))
	if err != nil {
		fmt.Fprintln(os.Stderr, "log-check:", err)
		os.Exit(1)
	}
}

func run(url, key, old, save string, proofs int, random *rand.Rand) error {
	log, err := openLog(url, key)
	if err != nil {
		return err
	}
	head, err := log.latest()
	if err != nil {
		return err
	}
	fmt.Printf("checkpoint of %s: %d entries, root %s\n", log.verifier.Name(), head.N, head.Hash)
	if old != "" {
		if err := log.checkExtends(old, head); err != nil {
			return err
		}
	}
	records, err := log.checkEntries(head)
	if err != nil {
		return err
	}
	fmt.Printf("entries: %d hashed, chained and in their place; the root recomputed from them agrees\n", len(records))
	if head.N > 0 {
		if err := log.checkInclusion(head, records, proofs, random); err != nil {
			return err
		}
		if err := log.checkConsistency(head, proofs, random); err != nil {
			return err
		}
		fmt.Printf("proofs: %d of inclusion, %d of consistency\n", proofs, proofs)
	}
	later, err := log.latest()
	if err != nil {
		return err
	}
	if err := log.checkGrowth(head, later); err != nil {
		return err
	}
	fmt.Printf("later checkpoint: %d entries, consistent\n", later.N)
	if save != "" {
		return os.WriteFile(save, log.checkpoint, 0o644)
	}
	return nil
}
