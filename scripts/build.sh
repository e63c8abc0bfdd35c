# shellcheck shell=bash
# Sourced by localnet and run_tests after prepare.sh: the one way this workspace is built, so that
# both scripts, in every checkout, find each other's work in the shared target folder.
#
# CARGO_TARGET_DIR=PATH   where to build (default: ~/.cache/loopchain/target)

# Cargo takes some variables over the files of the checkout; each would build everything again.
use_target_folder() {
  unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
  CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/loopchain/target}
  export CARGO_TARGET_DIR
  if ! mkdir -p "$CARGO_TARGET_DIR/release" 2>/dev/null || [ ! -w "$CARGO_TARGET_DIR/release" ]; then
    complain "The build folder $CARGO_TARGET_DIR cannot be written."
    complain "Name another one: CARGO_TARGET_DIR=/a/folder/of/yours $0"
    return 1
  fi
}

# Cargo judges by modification times, and crates of the same name are the same to it in every
# checkout: sources that are older than another checkout's build would be taken for built.
claim_target_folder() {
  local root=$1 owner="$CARGO_TARGET_DIR/release/.checkout"
  if [ "$(cat "$owner" 2>/dev/null)" != "$root" ]; then
    touch_sources "$root" || return 1
    printf '%s\n' "$root" >"$owner"
  fi
}

touch_sources() {
  (
    cd "$1" || exit 1
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
      git ls-files -z --cached --others --exclude-standard | xargs -0 touch -c --
    else
      find . \( -name .git -o -name .localnet -o -name bin -o -name target \) -prune \
        -o -type f -exec touch -c -- {} +
    fi
  )
}

announce_build() {
  local free_kbytes
  say "Building in $CARGO_TARGET_DIR (kept between builds, shared by checkouts)."
  [ ! -e "$CARGO_TARGET_DIR/release/peer" ] || return 0
  say "This is the first build here: RocksDB and some 400 crates are compiled. Expect 25 to 40 minutes"
  say "on two cores; later builds take seconds to a few minutes."
  free_kbytes=$(df -Pk "$CARGO_TARGET_DIR" | awk 'NR == 2 { print $4 }')
  if [ "${free_kbytes:-0}" -lt 8000000 ]; then
    say "Note: only $((free_kbytes / 1000000)) GB are free there; a build takes about 6."
  fi
}

# Builds everything and puts the programs where they are started from. $1: the checkout.
build_workspace() {
  local root=$1
  use_target_folder || return 1
  announce_build
  (
    cd "$root" || exit 1
    if command -v flock >/dev/null 2>&1; then
      exec 9>"$CARGO_TARGET_DIR/release/.checkout.lock"
      if ! flock -n 9; then
        say "Another checkout is building there; waiting for it."
        flock 9
      fi
    fi
    claim_target_folder "$root" || exit 1
    if ! "${CARGO:-cargo}" build --release --workspace --all-targets --locked 9>&-; then
      complain "The build failed: see cargo's messages above."
      exit 1
    fi
    place_programs "$root"
  )
}

# Copies, not links: another checkout's build must not change programs under a running network.
place_programs() {
  local root=$1 release="$CARGO_TARGET_DIR/release" program package ending
  mkdir -p "$root/bin" || return 1
  for program in radiostation peer score-runner; do
    place_file "$release/$program" "$root/bin/$program" || return 1
  done
  case "$(uname -s)" in
    Darwin) ending=dylib ;;
    *) ending=so ;;
  esac
  for package in documents_native plain_native; do
    place_file "$release/lib$package.$ending" "$root/score/sample/$package/lib$package.$ending" ||
      return 1
  done
}

place_file() {
  if [ ! -f "$1" ]; then
    complain "The build ended well but did not make $1."
    return 1
  fi
  # Without RocksDB's debug lines, which are most of a program; the originals keep them.
  strip --strip-debug -o "$2.new" "$1" 2>/dev/null || cp "$1" "$2.new" || return 1
  if cmp -s "$2.new" "$2"; then
    rm -f "$2.new"
  else
    # A running program keeps the file it was started from.
    mv -f "$2.new" "$2"
  fi
}
