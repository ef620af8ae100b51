#!/usr/bin/env bash
# Takes a collection of rotated copies and FracAtlas through both seeds' recipes and MobileNetV2, and
# writes docs/results/seed-reproduction.md. Killed at any moment, it goes on where it stood.
#
#   runs/seed_reproduction.sh                       two cores: 96 pixels, 8 epochs
#   SIDE=224 EPOCHS=full runs/seed_reproduction.sh  a GPU: the recipes as they are
#   DATA=DIR WEIGHTS=FILE OUT=DIR                   films, ImageNet weights, and where runs go
set -euo pipefail
cd "$(dirname "$0")/.."

DATA=${DATA:-../shared/data}
WEIGHTS=${WEIGHTS:-../shared/weights/mobilenetv2_100.imagenet.safetensors}
SIDE=${SIDE:-96}
EPOCHS=${EPOCHS:-8}
OUT=${OUT:-runs/seeds-$SIDE}
OSTEON=${OSTEON:-.venv/bin/osteon}
# One class folder and number, one picture: 12-rotated1-rotated3 - Copy (1).jpg goes with 12.jpg.
SAME_PICTURE='([^/]+/\d+)(?:-rotated\d+.*| - Copy.*)?\.jpg$'

mkdir -p "$OUT"
import() { [ -f "$2" ] || "$OSTEON" import "$1" -o "$2"; }
import "$DATA/multiregion" "$OUT/multiregion.parquet"
import "$DATA/fracatlas" "$OUT/fracatlas.parquet"
[ -f "$OUT/published.parquet" ] || "$OSTEON" split "$OUT/multiregion.parquet" \
  --keep-published --same-picture "$SAME_PICTURE" -o "$OUT/published.parquet"
[ -f "$OUT/grouped.parquet" ] || "$OSTEON" split "$OUT/multiregion.parquet" \
  --same-picture "$SAME_PICTURE" --salt seeds -o "$OUT/grouped.parquet"
[ -f "$OUT/honest.parquet" ] || "$OSTEON" split "$OUT/fracatlas.parquet" \
  --salt seeds -o "$OUT/honest.parquet"

run() { # manifest recipe [options]
  local manifest=$1 recipe=$2 folder="$OUT/$1-$2"
  shift 2
  local changes=(--set "preparation.rows=$SIDE" --set "preparation.columns=$SIDE")
  [ "$EPOCHS" = full ] || changes+=(--set "schedule.epochs=$EPOCHS")
  if [ ! -f "$folder/operating_point.json" ]; then
    [ ! -f "$folder/checkpoints/last.ckpt" ] || changes+=(--resume)
    [ -f "$folder/checkpoints/last.ckpt" ] || rm -rf "$folder"
    "$OSTEON" train "$recipe" "$OUT/$manifest.parquet" -o "$folder" "${changes[@]}" "$@"
  fi
  [ -f "$folder/results/metrics.json" ] || "$OSTEON" evaluate "$folder"
}

for recipe in seed-cnn2 seed-cnn4 mobilenetv2; do
  weights=()
  [ "$recipe" != mobilenetv2 ] || weights=(--init-weights "$WEIGHTS")
  run published "$recipe" --allow-leak "${weights[@]}"
  run grouped "$recipe" "${weights[@]}"
  run honest "$recipe" "${weights[@]}"
done
"${OSTEON%osteon}python" benchmarks/seed_table.py "$OUT" >docs/results/seed-reproduction.md
