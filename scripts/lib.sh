# Shared by build.sh, test.sh and demo.sh; sourced, not run.
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="$ROOT/.deps/venv"
PYTHON="$VENV/bin/python"
TORCH_VERSION=2.13.0
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"

say() { printf '%s\n' "== $*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 2; }
seconds_since() { echo $(($(date +%s) - $1)); }
