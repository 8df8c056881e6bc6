#!/usr/bin/env bash
# The whole pipeline on data it renders: builds, encodes, trains, evaluates, writes a submission.
# usage: scripts/demo.sh [FOLDER]     [demo]
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"
case "${1:-}" in
  -h | --help) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;;
  -*) fail "FOLDER = $1: expected a folder's name or --help" ;;
esac
OUT="${1:-demo}"
BUILD_START=$(date +%s)
MIEN_TARGET=mien "$ROOT/scripts/build.sh" release
BUILD_SECONDS=$(seconds_since "$BUILD_START")

MIEN="$ROOT/build/release/mien"
DATA="$OUT/data" BANK="$OUT/bank" RUN="$OUT/run" ENCODER="$OUT/efficientnet-lite0.pt"
ROOTS=(--images "$DATA/cropped_aligned" --images "$DATA/cropped_aligned_new_50_vids")
ANNOTATIONS="$DATA/6th_ABAW_Annotations"
RUN_START=$(date +%s)

say "1/6 rendering faces in Aff-Wild2's layout"
[ -f "$DATA/README.txt" ] || "$PYTHON" scripts/make_demo_data.py --out "$DATA"

say "2/6 exporting the pretrained encoder EfficientNet-Lite0"
[ -f "$ENCODER" ] || "$PYTHON" scripts/export_encoder.py efficientnet-lite0 --out "$ENCODER"

say "3/6 encoding: every 3rd training frame, every validation and test frame"
mkdir -p "$OUT"
ls "$ANNOTATIONS"/*/Train_Set | sed -n 's/\.txt$//p' | sort -u >"$OUT/training-videos.txt"
ls "$ANNOTATIONS"/*/Validation_Set | sed -n 's/\.txt$//p' | sort -u >"$OUT/other-videos.txt"
ls "$DATA/cropped_aligned_new_50_vids" >>"$OUT/other-videos.txt"
sort -u -o "$OUT/other-videos.txt" "$OUT/other-videos.txt"
"$MIEN" encode "${ROOTS[@]}" --encoder "$ENCODER" --bank "$BANK" --videos "$OUT/training-videos.txt" --every 3
"$MIEN" encode "${ROOTS[@]}" --encoder "$ENCODER" --bank "$BANK" --videos "$OUT/other-videos.txt"

say "4/6 training EXPR and AU heads"
"$MIEN" train configs/demo.yaml "bank=$BANK" "annotations=$ANNOTATIONS" --out "$RUN" --force

say "5/6 evaluating on people that training never saw"
"$MIEN" evaluate "$RUN" --bank "$BANK"

"$MIEN" report "$RUN" --bank "$BANK"

say "6/6 filling the challenge's templates"
for TASK in Expr AU; do
  TEMPLATE="$DATA/prediction_files_format/CVPR_6th_ABAW_${TASK}_test_set_sample.txt"
  SUBMISSION="$OUT/predictions-${TASK,,}.txt"
  "$MIEN" submit "$RUN" --bank "$BANK" --template "$TEMPLATE" --out "$SUBMISSION" --force
  "$MIEN" submit --check "$SUBMISSION" --template "$TEMPLATE"
done

say "built in $BUILD_SECONDS s, ran in $(seconds_since "$RUN_START") s"
say "These faces are drawn: the numbers say that the machinery works, not how good the method is."
printf 'report: %s\n' "$RUN/report.html"
printf 'submission: %s\n' "$OUT/predictions-expr.txt" "$OUT/predictions-au.txt"
