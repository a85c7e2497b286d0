// Verifies what a timeline served, with Go's own sumdb/note and sumdb/tlog and nothing of ours.
//
// Standard input is JSON; the one line on standard output says what was accepted, or an error ends the program with 1.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type served struct {
	Key        string
	Checkpoint string
	// By their addresses, as Go's tlog names them: tile/8/0/x001/234.
	Tiles     map[string]string
	Inclusion []struct {
		Index, Size int64
		Leaf        string // the bytes of the leaf, in base64
		Root        string
		Hashes      []string
	}
	Consistency []struct {
		From, To         int64
		FromRoot, ToRoot string
		Hashes           []string
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func hash(text string) tlog.Hash {
	found, err := tlog.ParseHash(text)
	fail(err)
	return found
}

func hashes(texts []string) []tlog.Hash {
	found := []tlog.Hash{}
	for _, text := range texts {
		found = append(found, hash(text))
	}
	return found
}

type tiles map[string]string

func (t tiles) Height() int                         { return 8 }
func (t tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := [][]byte{}
	for _, tile := range wanted {
		data, err := base64.StdEncoding.DecodeString(t[tile.Path()])
		if err != nil || len(data) == 0 {
			return nil, fmt.Errorf("no tile at %s", tile.Path())
		}
		found = append(found, data)
	}
	return found, nil
}

func main() {
	var in served
	fail(json.NewDecoder(os.Stdin).Decode(&in))

	verifier, err := note.NewVerifier(in.Key)
	fail(err)
	opened, err := note.Open([]byte(in.Checkpoint), note.VerifierList(verifier))
	fail(err)
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		fail(fmt.Errorf("the origin is not the name of the key"))
	}
	var size int64
	_, err = fmt.Sscan(lines[1], &size)
	fail(err)
	root := hash(lines[2])

	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles(in.Tiles))
	computed, err := tlog.TreeHash(size, reader)
	fail(err)
	if computed != root {
		fail(fmt.Errorf("the tiles have another root"))
	}

	for _, one := range in.Inclusion {
		leaf, err := base64.StdEncoding.DecodeString(one.Leaf)
		fail(err)
		fail(tlog.CheckRecord(hashes(one.Hashes), one.Size, hash(one.Root), one.Index, tlog.RecordHash(leaf)))
		if one.Size == size {
			own, err := tlog.ProveRecord(size, one.Index, reader)
			fail(err)
			if fmt.Sprint(own) != fmt.Sprint(tlog.RecordProof(hashes(one.Hashes))) {
				fail(fmt.Errorf("another proof of %d", one.Index))
			}
		}
	}
	for _, one := range in.Consistency {
		fail(tlog.CheckTree(hashes(one.Hashes), one.To, hash(one.ToRoot), one.From, hash(one.FromRoot)))
	}
	fmt.Printf("accepted %d events, %d inclusion and %d consistency proofs\n", size, len(in.Inclusion), len(in.Consistency))
}
