#!/usr/bin/env bash
# Installs what is missing, builds, runs every test. usage: scripts/test.sh [PRESET] [ctest options]
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"
PRESET="${1:-release}"
[ $# -gt 0 ] && shift
"$ROOT/scripts/build.sh" "$PRESET"
say "formatting"
git ls-files '*.cpp' '*.h' | xargs "$VENV/bin/clang-format" --dry-run --Werror
say "tests of the preset $PRESET"
ctest --preset "$PRESET" "$@"
