#!/usr/bin/env bash
# Measures the task graph: CPU time (user + system) of whole processes, on graphs of 1,000, 10,000 and 100,000 tasks with
# as many links. Prints a Markdown table.   scripts/bench/graph.sh [SIZE…]    BN=PATH measures that program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

runs=40

# A graph in the format of `bn export`: 30 % done, the rest open, priorities spread evenly; every task but the first
# depends on an earlier one, so that a third of the links blocks nothing any more; a vocabulary of 2,000 words.
# With "blocked", the most urgent fifth of the graph all waits for one single task.
make_graph() {
  awk -v n="$1" -v kind="$2" '
    function word(i) { return substr("bacadafagahajakalamanaparasatavawaxaza", 1 + 2 * (i % 19), 2) \
      substr("belenorutimopisedugefihoju", 1 + 2 * (int(i / 19) % 13), 2) substr("sktrplmn", 1 + int(i / 247) % 8, 1) "o" }
    function words(count,   text, k) { text = ""
      for (k = 0; k < count; k++) text = text (k ? " " : "") word(int(2000 * rand() * rand()))
      return text }
    function id(i,   text, k) { text = ""
      for (k = 0; k < 5; k++) { text = substr("0123456789abcdefghijklmnopqrstuvwxyz", 1 + i % 36, 1) text; i = int(i / 36) }
      return "bn-" text }
    BEGIN { srand(7)
      print "{\"record\":\"graph\",\"version\":1,\"project\":\"bench\"}"
      for (i = 0; i < n; i++) {
        at = sprintf("2026-01-01T%02d:%02d:%02d.%06dZ", i / 36000 % 24, i / 600 % 60, i / 10 % 60, i % 10 * 100000)
        done = (i % 10 < 3 && !(kind == "blocked" && i % 5 == 0))
        printf "{\"record\":\"task\",\"id\":\"%s\",\"title\":\"%s\",\"description\":\"%s\",\"priority\":%d,\"status\":\"%s\",", \
          id(i), words(6), words(25), i % 5, done ? "done" : "open"
        printf "\"tags\":[\"t%d\"],\"created_by\":\"bench\",\"created_at\":\"%s\",\"updated_at\":\"%s\"", i % 50, at, at
        if (done) printf ",\"closed_by\":\"bench\",\"closed_at\":\"%s\",\"closed_reason\":\"%s\"", at, words(5)
        print "}"
        printf "{\"record\":\"event\",\"at\":\"%s\",\"actor\":\"bench\",\"session\":null,\"task\":\"%s\",\"other\":null,\"kind\":\"created\",\"data\":{}}\n", at, id(i)
      }
      for (i = 1; i < n; i++) {
        if (kind == "blocked" && i % 5 == 0) target = 1
        else if (kind == "blocked") continue
        else target = int(i * rand())
        printf "{\"record\":\"link\",\"source\":\"%s\",\"type\":\"depends_on\",\"target\":\"%s\"}\n", id(i), id(target)
      } }' /dev/null
}

# Runs one command of a measurement, which ends with it if it fails.
once() {
  "$@" >"$folder/said" 2>&1 || { printf '%s: ' "$*" >&3; cat "$folder/said" >&3; exit 1; }
}

# Milliseconds of CPU per run of a command, over many runs.
cpu() {
  local TIMEFORMAT='%U %S' spent
  spent=$( { time for ((run = 0; run < runs; run++)); do once "$@"; done; } 3>&2 2>&1 )
  awk -v runs="$runs" '{ printf "%.1f", ($1 + $2) * 1000 / runs }' <<<"$spent"
}

# The same for commands that differ from run to run: reads one set of arguments per line.
cpu_each() {
  local TIMEFORMAT='%U %S' spent lines
  mapfile -t lines
  spent=$( { time for line in "${lines[@]}"; do once "$bn" task claim "$line"; done; } 3>&2 2>&1 )
  awk -v runs="${#lines[@]}" '{ printf "%.1f", ($1 + $2) * 1000 / runs }' <<<"$spent"
}

# One cell of the table: what a command prints. An assignment, because the failure of one ends the script.
cell() {
  local value
  value=$("$@")
  printf '| %s ' "$value"
}

claims() { "$bn" ready --limit "$runs" --json | jq -r '.tasks[].id' | cpu_each; }

size_of_graph() { du -m "$XDG_DATA_HOME"/binnacle/*/graph.db | cut -f1; }

measure() {
  local some
  some=$("$bn" task list --sort created --limit 1 --json | jq -r '.tasks[0].id')
  printf '| %s ' "$1"
  cell cpu "$bn" ready
  cell cpu "$bn" task show "$some"
  cell cpu "$bn" task create "one more"
  cell claims
  cell cpu "$bn" ready --claim
  cell cpu "$bn" orient
  cell cpu "$bn" search babeso jabeto
  cell cpu "$bn" search babeso
  cell cpu "$bn" search zyzzyva
  cell cpu "$bn" blocked
  cell cpu "$bn" log
  cell size_of_graph
  echo '|'
}

bench_graph() {
  local size
  [[ -n ${BN:-} ]] || cargo build --quiet --release
  bn=${BN:-$PWD/target/x86_64-unknown-linux-gnu/release/bn}
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  export XDG_DATA_HOME=$folder/data HOME=$folder
  git init --quiet "$folder/repo"
  cd "$folder/repo"
  echo "Milliseconds of CPU (user + system) of the whole process, the mean of $runs runs; a process that does nothing (\`true\`) takes $(cpu /bin/true)."
  echo
  echo '| tasks and links | ready | task show | task create | task claim | ready --claim | orient | search, two words | search, a word of every eighth task | search, no such word | blocked | log | MiB |'
  echo "|---|---|---|---|---|---|---|---|---|---|---|---|---|"
  for size in "$@"; do
    rm -rf "$XDG_DATA_HOME"
    make_graph "$size" mixed | "$bn" import >/dev/null
    measure "$size"
  done
  rm -rf "$XDG_DATA_HOME"
  make_graph "$size" blocked | "$bn" import >/dev/null
  measure "$size, all urgent ones blocked"
}

if (($#)); then bench_graph "$@"; else bench_graph 1000 10000 100000; fi
