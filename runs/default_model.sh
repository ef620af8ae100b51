#!/usr/bin/env bash
# Builds the default model again, from FracAtlas to the release, and says of each number of the
# shipped release whether the new one's agrees. Killed at any moment, it goes on where it stood.
#
#   runs/default_model.sh                    two cores; hours (docs/experiments.md says how many)
#   FILMS=full runs/default_model.sh         from the whole of FracAtlas, as `osteon fetch` brings it
#   DATA=DIR WEIGHTS=FILE OUT=DIR RUN=DIR    films, ImageNet weights, where things go, a run to take
#   ACCELERATOR=cuda SET="key=value ..."     a GPU, and changes of the recipe (a larger tier)
#
# The films that the model was made of are listed in docs/data/osteon-1-films.csv. FILMS=audit (from
# here) audits, cleans and splits anew, and checks that the list comes out; FILMS=full takes the
# splits from the list, because 401 films more would make other groups and other splits.
set -euo pipefail
cd "$(dirname "$0")/.."

DATA=${DATA:-../shared/data/fracatlas}
WEIGHTS=${WEIGHTS:-../shared/weights/mobilenet_edgetpu_100.imagenet.safetensors}
FILMS=${FILMS:-audit}
OUT=${OUT:-runs/default}
RUN=${RUN:-$OUT/osteon-1}
ACCELERATOR=${ACCELERATOR:-auto}
SET=${SET:-}
OSTEON=${OSTEON:-.venv/bin/osteon}
PYTHON=${OSTEON%osteon}python
SHIPPED=${SHIPPED:-src/osteon/inference/data/osteon-1.osteon}
LIST=docs/data/osteon-1-films.csv
MADE=$OUT/osteon-1.osteon
mkdir -p "$OUT"

[ -f "$OUT/fracatlas.parquet" ] || "$OSTEON" import "$DATA" -o "$OUT/fracatlas.parquet"
if [ "$FILMS" = full ]; then
  [ -f "$OUT/split.parquet" ] ||
    "$PYTHON" benchmarks/films_used.py place "$OUT/fracatlas.parquet" "$LIST" "$OUT/split.parquet"
else
  [ -f "$OUT/audit/audit.json" ] || "$OSTEON" audit "$OUT/fracatlas.parquet" -o "$OUT/audit"
  [ -f "$OUT/clean.parquet" ] ||
    "$OSTEON" clean "$OUT/fracatlas.parquet" --audit "$OUT/audit" -o "$OUT/clean.parquet"
  [ -f "$OUT/split.parquet" ] ||
    "$OSTEON" split "$OUT/clean.parquet" --salt seeds -o "$OUT/split.parquet"
  "$PYTHON" benchmarks/films_used.py check "$OUT/split.parquet" "$LIST" ||
    echo "The audit placed films otherwise than the list: the numbers are of other films."
fi

if [ ! -f "$RUN/operating_point.json" ]; then
  changes=(--init-weights "$WEIGHTS" --accelerator "$ACCELERATOR")
  for change in $SET; do changes+=(--set "$change"); done
  [ ! -f "$RUN/checkpoints/last.ckpt" ] || changes+=(--resume)
  [ -f "$RUN/checkpoints/last.ckpt" ] || rm -rf "$RUN"
  "$OSTEON" train osteon-1 "$OUT/split.parquet" -o "$RUN" "${changes[@]}"
fi
# Also of a run that somebody else trained: nothing is certified before copies were looked for.
[ -f "$OUT/run-audit/audit.json" ] || "$OSTEON" audit "$RUN/manifest.parquet" -o "$OUT/run-audit"
[ -f "$MADE" ] || "$OSTEON" export "$RUN" --audit "$OUT/run-audit" -o "$MADE" --name osteon-1 \
  --licence "Apache-2.0; the licence of the films applies too" \
  --card "${SHIPPED%.osteon}.card.toml"
[ -f "$OUT/results/groups.json" ] ||
  "$OSTEON" evaluate "$MADE" "$OUT/split.parquet" --worst 24 -o "$OUT/results"
"$OSTEON" card "$MADE" "$OUT/results" -o "$OUT/model-card.md"
"$OSTEON" benchmark "$MADE" --collection "$OUT/split.parquet" -o "$OUT/benchmark"

if [ -f "$SHIPPED" ]; then
  "$PYTHON" benchmarks/agree.py "$SHIPPED" "$MADE"
else
  echo "There is no shipped release at $SHIPPED to compare with."
fi
