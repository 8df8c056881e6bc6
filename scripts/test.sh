#!/usr/bin/env bash
# Installs what is missing, builds, runs every test. usage: scripts/test.sh [PRESET] [ctest options]
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"
PRESET="${1:-release}"
[ $# -gt 0 ] && shift
MIEN_TESTS=1 "$ROOT/scripts/build.sh" "$PRESET"
say "formatting"
find src include tests \( -name '*.cpp' -o -name '*.h' \) -print0 |
  xargs -0 "$VENV/bin/clang-format" --dry-run --Werror
say "tests of the preset $PRESET"
ctest --preset "$PRESET" "$@"
