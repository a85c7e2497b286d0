// Verifies an evidence bundle with Go's own archive/zip, sumdb/note and sumdb/tlog, and nothing of ours.
//
//	bundle FILE.zip KEY
//
// It checks every file against the manifest, the manifest and the checkpoint against the list of positions, both notes against
// the key, every leaf against its receipt, and every text against its leaf. It does not fold: that is for those who know the rules.
package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func require(so bool, format string, of ...any) {
	if !so {
		fail(fmt.Errorf(format, of...))
	}
}

func sum(data []byte) string {
	hash := sha256.Sum256(data)
	return hex.EncodeToString(hash[:])
}

func unzip(name string) map[string][]byte {
	archive, err := zip.OpenReader(name)
	fail(err)
	defer archive.Close()
	files := map[string][]byte{}
	for _, one := range archive.File {
		stream, err := one.Open()
		fail(err)
		data, err := io.ReadAll(stream)
		fail(err)
		files[one.Name] = data
	}
	return files
}

// Every file but two is in the manifest, and no other is.
func checkManifest(files map[string][]byte) {
	listed := 2
	for _, line := range strings.Split(strings.TrimSuffix(string(files["MANIFEST"]), "\n"), "\n") {
		want, name, _ := strings.Cut(line, "  ")
		data, there := files[name]
		require(there && sum(data) == want, "%s is not the file of the manifest", name)
		listed++
	}
	require(listed == len(files), "there are files that are not in the manifest")
}

// The positions of the list: runs as first-last, in the lines after their count.
func positions(text string) map[int64]bool {
	_, after, _ := strings.Cut(text, "\npositions ")
	lines := strings.Split(strings.TrimSuffix(after, "\n"), "\n")
	found := map[int64]bool{}
	for _, line := range lines[1:] {
		first, last, run := strings.Cut(line, "-")
		if !run {
			last = first
		}
		from, err := strconv.ParseInt(first, 10, 64)
		fail(err)
		to, err := strconv.ParseInt(last, 10, 64)
		fail(err)
		for ; from <= to; from++ {
			found[from] = true
		}
	}
	require(strconv.Itoa(len(found)) == lines[0], "the list says how many positions it has, and has others")
	return found
}

func main() {
	files := unzip(os.Args[1])
	verifier, err := note.NewVerifier(os.Args[2])
	fail(err)
	known := note.VerifierList(verifier)
	list, err := note.Open(files["positions.note"], known)
	fail(err)
	signed, err := note.Open(files["checkpoint.txt"], known)
	fail(err)

	checkManifest(files)
	require(strings.Contains(list.Text, "\nmanifest "+sum(files["MANIFEST"])+"\n"), "another manifest was signed")
	lines := strings.Split(signed.Text, "\n")
	require(lines[0] == verifier.Name(), "the origin is not the name of the key")
	require(strings.Contains(list.Text, "\ncheckpoint "+lines[1]+" "+lines[2]+"\n"), "another checkpoint was signed with the list")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	fail(err)
	root, err := tlog.ParseHash(lines[2])
	fail(err)

	wanted, texts := positions(list.Text), 0
	for position := range wanted {
		folder := fmt.Sprintf("events/%012d/", position)
		leaf := files[folder+"leaf.json"]
		head, checkpoint, _ := strings.Cut(string(files[folder+"receipt.tlog-proof"]), "\n\n")
		require(checkpoint == string(files["checkpoint.txt"]), "%d: a receipt under another checkpoint", position)
		rows := strings.Split(head, "\n")
		require(rows[0] == "c2sp.org/tlog-proof@v1" && rows[1] == fmt.Sprintf("index %d", position-1), "%d: no receipt of it", position)
		proof := tlog.RecordProof{}
		for _, row := range rows[2:] {
			hash, err := tlog.ParseHash(row)
			fail(err)
			proof = append(proof, hash)
		}
		fail(tlog.CheckRecord(proof, size, root, position-1, tlog.RecordHash(leaf)))

		var said struct {
			Position  int64
			Structure struct {
				Sha256 *string `json:"text_sha256"`
			}
		}
		fail(json.Unmarshal(leaf, &said))
		require(said.Position == position, "%d: the leaf is of position %d", position, said.Position)
		if text, there := files[folder+"text.json"]; there {
			committed := sum(bytes.Join([][]byte{files[folder+"text.salt"], text}, nil))
			require(said.Structure.Sha256 != nil && *said.Structure.Sha256 == committed, "%d: another text", position)
			texts++
		}
	}
	for name := range files {
		if strings.HasPrefix(name, "events/") {
			position, err := strconv.ParseInt(strings.Split(name, "/")[1], 10, 64)
			fail(err)
			require(wanted[position], "%s is of no position of the list", name)
		}
	}
	root64 := base64.StdEncoding.EncodeToString(root[:])
	fmt.Printf("accepted %d events with %d texts under %d %s\n", len(wanted), texts, size, root64)
}
