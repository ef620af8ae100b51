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
mkdir -p "$OUT"
# What belongs together is what the audit found by looking at the films; no file name is believed.
prepare() { # collection
  local at="$OUT/$1"
  [ -f "$at.parquet" ] || "$OSTEON" import "$DATA/$1" -o "$at.parquet"
  [ -f "$at-audit/audit.json" ] || "$OSTEON" audit "$at.parquet" -o "$at-audit"
  [ -f "$at-clean.parquet" ] || "$OSTEON" clean "$at.parquet" --audit "$at-audit" -o "$at-clean.parquet"
}
prepare multiregion
prepare fracatlas
[ -f "$OUT/published.parquet" ] || "$OSTEON" split "$OUT/multiregion-clean.parquet" \
  --keep-published -o "$OUT/published.parquet"
[ -f "$OUT/grouped.parquet" ] || "$OSTEON" split "$OUT/multiregion-clean.parquet" \
  --salt seeds -o "$OUT/grouped.parquet"
[ -f "$OUT/honest.parquet" ] || "$OSTEON" split "$OUT/fracatlas-clean.parquet" \
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
