#!/usr/bin/env bash
# Installs what is missing and builds. usage: scripts/build.sh [PRESET]   (release, debug, asan)
#
#   MIEN_TORCH_DIR=DIR   use this PyTorch (a wheel's torch/ folder or an unpacked LibTorch archive)
#   MIEN_TORCH=cuda      install PyTorch's CUDA build instead of the CPU's
#   MIEN_JOBS=N          parallel compilations [the processors]
#
# System packages come from apt (only the missing ones), Python packages go into .deps/venv.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"
PRESET="${1:-release}"
case "$PRESET" in release | debug | asan) ;; *) fail "preset = $PRESET: expected release, debug or asan" ;; esac

PACKAGES=(g++ cmake ninja-build ccache git python3-venv
  libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev
  libopencv-objdetect-dev opencv-data nlohmann-json3-dev libcli11-dev libspdlog-dev
  libavformat-dev libavcodec-dev libavutil-dev libswscale-dev pkg-config
  libyaml-cpp-dev libtbb-dev libssl-dev libboost-dev libarchive-dev libjpeg-dev libheif-dev libgtest-dev)
# A test opens the report in a browser; Ubuntu's package is a snap, so there it is left to the user.
if [ -n "${MIEN_TESTS:-}" ] && grep -qs '^ID=debian' /etc/os-release; then PACKAGES+=(chromium); fi
if [ -n "${MIEN_TESTS:-}" ]; then PACKAGES+=(ffmpeg); fi

# What did not come from apt serves as well.
is_installed() {
  case "$1" in
    g++ | cmake | git | ccache) command -v "$1" >/dev/null && return ;;
    chromium) command -v chromium google-chrome google-chrome-stable >/dev/null && return ;;
    ninja-build) command -v ninja >/dev/null && return ;;
    python3-venv) python3 -c 'import venv, ensurepip' 2>/dev/null && return ;;
  esac
  dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'
}

install_system_packages() {
  command -v dpkg-query >/dev/null || { say "no apt here: expecting ${PACKAGES[*]}"; return; }
  local wanted=() package
  for package in "${PACKAGES[@]}"; do is_installed "$package" || wanted+=("$package"); done
  [ ${#wanted[@]} -eq 0 ] && return
  local line="apt-get install -y --no-install-recommends ${wanted[*]}"
  say "system packages to install: ${wanted[*]}"
  if [ "$(id -u)" -eq 0 ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive $line >/dev/null
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive $line >/dev/null
  elif [ "${wanted[*]}" = ccache ]; then
    say "no rights to install ccache: building without it"
  else
    fail "system packages = missing: no rights to install them; run: sudo apt-get update && sudo $line"
  fi
}

# Prints the torch folder of the active Python when it is new enough, else nothing.
active_torch() {
  python3 - <<'PY' 2>/dev/null || true
import importlib.util, os, pathlib, re
spec = importlib.util.find_spec("torch")
folder = pathlib.Path(spec.origin).parent
major, minor = map(int, re.findall(r"\d+", (folder / "version.py").read_text())[:2])
wanted = "libtorch_cuda.so" if os.environ.get("MIEN_TORCH") == "cuda" else "libtorch.so"
if (major, minor) >= (2, 13) and (folder / "lib" / wanted).exists():
    print(folder)
PY
}

# Whether the venv's own PyTorch is the pinned version and of the wanted kind.
has_wanted_torch() {
  "$PYTHON" - "$TORCH_VERSION" "${MIEN_TORCH:-cpu}" <<'PY' 2>/dev/null
import sys, torch
version, kind = sys.argv[1:]
same_kind = (torch.version.cuda is not None) == (kind == "cuda")
sys.exit(torch.__version__.split("+")[0] != version or not same_kind)
PY
}

install_torch() {
  "$VENV/bin/pip" uninstall -qy torch 2>/dev/null || true
  if [ "${MIEN_TORCH:-cpu}" = cuda ]; then
    say "installing torch==$TORCH_VERSION (CUDA build, several GB) into .deps/venv"
    "$VENV/bin/pip" install -q "torch==$TORCH_VERSION"
  else
    say "installing torch==$TORCH_VERSION (CPU build) into .deps/venv"
    "$VENV/bin/pip" install -q "torch==$TORCH_VERSION+cpu" 2>/dev/null ||
      "$VENV/bin/pip" install -q "torch==$TORCH_VERSION+cpu" --index-url https://download.pytorch.org/whl/cpu
  fi
}

# .deps/venv holds the pinned Python packages and, unless there is a PyTorch to reuse, PyTorch.
prepare_python() {
  local stamp="$VENV/.installed" wanted existing
  existing="${MIEN_TORCH_DIR:+$(realpath -m "$MIEN_TORCH_DIR")}"
  existing="${existing:-$(active_torch)}"
  wanted="$(cat scripts/requirements*.txt; echo "${MIEN_TORCH:-cpu} $TORCH_VERSION $existing")"
  if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
    [ -x "$PYTHON" ] || { say "making .deps/venv"; python3 -m venv "$VENV"; }
    rm -f "$VENV"/lib/python3*/site-packages/mien_torch.pth
    if [ -n "$existing" ]; then
      say "using the PyTorch in $existing"
      if [ -f "$existing/__init__.py" ]; then  # a wheel: let the scripts import it too
        dirname "$existing" >"$("$PYTHON" -c 'import site; print(site.getsitepackages()[0])')/mien_torch.pth"
      fi
    fi
    if [ -n "$existing" ]; then
      "$PYTHON" -c 'import torch' 2>/dev/null || install_torch  # the scripts' own, beside an archive
    else
      has_wanted_torch || install_torch
    fi
    say "installing into .deps/venv: $(cat scripts/requirements*.txt | grep -v '^#' | tr '\n' ' ')"
    "$VENV/bin/pip" install -q -r scripts/requirements.txt
    "$VENV/bin/pip" install -q --no-deps -r scripts/requirements-no-deps.txt
    printf '%s' "$wanted" >"$stamp"
  fi
  TORCH_DIR="${existing:-$("$PYTHON" -c 'import importlib.util, pathlib; print(pathlib.Path(importlib.util.find_spec("torch").origin).parent)')}"
}

install_system_packages
prepare_python
LAUNCHER=()
command -v ccache >/dev/null && LAUNCHER=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
say "building the preset $PRESET into build/$PRESET"
cmake --preset "$PRESET" "${LAUNCHER[@]}" "-DMIEN_TORCH_DIR=$TORCH_DIR" >"build-$PRESET.log" 2>&1 ||
  { cat "build-$PRESET.log" >&2; rm -f "build-$PRESET.log"; exit 1; }
rm -f "build-$PRESET.log"
cmake --build "build/$PRESET" ${MIEN_TARGET:+--target $MIEN_TARGET} --parallel "${MIEN_JOBS:-$(nproc)}"
say "done: build/$PRESET/mien"
