#!/usr/bin/env bash
# Measures this machine's GPU with what lies in this folder, and goes on where the last time stopped:
#   ./run.sh [MINUTES [OUT]]      at most MINUTES (default 9) of measuring; rows go to OUT/rows.jsonl (default ./rows)
# Needs a driver and nothing else; cublasLt, NCCL and CUPTI are used where they are found. No setting of the card is
# changed.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
minutes=${1:-9} out=${2:-rows}

die() { printf '%s\n' "run.sh: $*" >&2; exit 2; }
[[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || die "MINUTES must be a number, not $minutes"
seconds=$(awk "BEGIN { print int(60 * $minutes) }")
[ "$seconds" -gt 0 ] || die "MINUTES must be more than 0"

# The folders of Python's package nvidia, which PyTorch brings along.
python_libraries() {
    python3 -c 'import nvidia; print(":".join(nvidia.__path__))' 2>/dev/null || true
}

# Minutes that are left of this slice; fails when there are none.
left() { awk -v left=$((seconds - SECONDS)) 'BEGIN { printf "%.2f", left / 60; exit left <= 0 }'; }

# measure ARGS: a fault of the GPU ends the program once the row is marked; then the next run passes over it.
measure() {
    local rest code size
    while rest=$(left); do
        code=0 size=$(rows_size)
        "$here/isobath-calibrate" run --minutes "$rest" --out "$out/rows.jsonl" --quiet "$@" || code=$?
        if [ $code -ne 1 ] || [ "$(rows_size)" = "$size" ]; then return $code; fi
    done
}

rows_size() { stat -c %s "$out/rows.jsonl" 2>/dev/null || echo 0; }

libraries=$(python_libraries)
export ISOBATH_CUDA_LIBS=${ISOBATH_CUDA_LIBS:+$ISOBATH_CUDA_LIBS:}$libraries
mkdir -p "$out"
"$here/isobath-calibrate" list >"$out/list.txt"
measure
for shapes in "$here"/shapes/*.json; do
    if [ -e "$shapes" ]; then measure --shapes "$shapes"; fi
done
"$here/isobath-calibrate" summary "$out/rows.jsonl"
