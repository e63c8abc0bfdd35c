# shellcheck shell=bash
# Sourced by localnet and run_tests: finds out what the machine lacks for the build, says it, and
# installs it when it may. Written for bash 3.2 and later.
#
# LOOPCHAIN_NO_INSTALL=1  only say what is missing and how to get it, install nothing
# PYO3_PYTHON=PATH        the Python to build against (default: the system's, /usr/bin/python3)
# CARGO, CC, CXX          other programs than cargo, cc, c++

RUST_MINOR_MIN=88
PYTHON_MINOR_MIN=9

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

# The Python that score-runner embeds and that runs these scripts: never a pyenv shim, whose
# library is not the one that the dynamic linker finds.
build_python() {
  if [ -n "${PYO3_PYTHON:-}" ]; then
    printf '%s\n' "$PYO3_PYTHON"
  elif [ "$(uname -s)" = Darwin ]; then
    command -v python3 || printf '%s\n' /usr/bin/python3
  else
    printf '%s\n' /usr/bin/python3
  fi
}

has_c_compiler() {
  printf '#include <stdio.h>\n' | "${CC:-cc}" -x c -fsyntax-only - >/dev/null 2>&1
}

has_cxx_compiler() {
  printf '#include <string>\n' | "${CXX:-c++}" -x c++ -fsyntax-only - >/dev/null 2>&1
}

# RocksDB's bindings are made at build time by libclang, which needs its own headers beside it.
has_libclang() {
  local folder file
  for folder in ${LIBCLANG_PATH:+"$LIBCLANG_PATH"} \
    /usr/lib/llvm*/lib /usr/lib/llvm*/lib64 /usr/lib/*-linux-gnu* /usr/lib64 /usr/lib \
    /usr/lib64/llvm*/lib /usr/local/lib /usr/local/llvm*/lib /opt/homebrew/opt/llvm/lib \
    /usr/local/opt/llvm/lib /Library/Developer/CommandLineTools/usr/lib; do
    for file in "$folder"/libclang.so* "$folder"/libclang-[0-9]*.so* "$folder"/libclang.dylib; do
      if [ -e "$file" ] && has_clang_headers "$folder"; then return 0; fi
    done
  done
  return 1
}

has_clang_headers() {
  local file
  [ "$(uname -s)" != Darwin ] || return 0
  for file in "$1"/clang/*/include/stddef.h /usr/lib/clang/*/include/stddef.h \
    /usr/lib64/clang/*/include/stddef.h /usr/lib/llvm*/lib/clang/*/include/stddef.h; do
    if [ -e "$file" ]; then return 0; fi
  done
  return 1
}

has_python() {
  "$(build_python)" -c "import sys, sqlite3; sys.exit(sys.version_info < (3, $PYTHON_MINOR_MIN))" \
    >/dev/null 2>&1
}

has_python_headers() {
  "$(build_python)" - >/dev/null 2>&1 <<'PYTHON'
import os, sys, sysconfig
header = os.path.join(sysconfig.get_paths()["include"], "Python.h")
folders = [sysconfig.get_config_var(name) or "" for name in ("LIBDIR", "LIBPL", "PYTHONFRAMEWORKPREFIX")]
multiarch = sysconfig.get_config_var("MULTIARCH") or ""
folders += [os.path.join(folder, multiarch) for folder in folders]
libraries = [sysconfig.get_config_var(name) or "" for name in ("LDLIBRARY", "INSTSONAME")]
found = any(os.path.isfile(os.path.join(f, l)) for f in folders for l in libraries if f and l)
sys.exit(not (os.path.isfile(header) and found))
PYTHON
}

has_rust() {
  local version minor
  command -v "${CARGO:-cargo}" >/dev/null 2>&1 || return 1
  version=$(rustc --version 2>/dev/null) || return 1
  version=${version#rustc }
  minor=${version#*.}
  minor=${minor%%.*}
  [ "${version%%.*}" -gt 1 ] 2>/dev/null || [ "$minor" -ge "$RUST_MINOR_MIN" ] 2>/dev/null
}

has_rust_components() {
  rustfmt --version >/dev/null 2>&1 && cargo-clippy --version >/dev/null 2>&1
}

has_git() { git --version >/dev/null 2>&1; }

has_downloader() { command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1; }

# What is missing, one word each.
missing_things() {
  has_c_compiler || printf 'c-compiler\n'
  has_cxx_compiler || printf 'cxx-compiler\n'
  has_libclang || printf 'libclang\n'
  if has_python; then
    has_python_headers || printf 'python-headers\n'
  else
    printf 'python\npython-headers\n'
  fi
  has_git || printf 'git\n'
  if ! has_rust; then
    printf 'rust\n'
    has_downloader || command -v rustup >/dev/null 2>&1 || printf 'curl\n'
  elif ! has_rust_components; then
    printf 'rust-components\n'
  fi
}

describe_thing() {
  case "$1" in
    c-compiler) say "a C compiler (cc) that finds the C library's headers" ;;
    cxx-compiler) say "a C++ compiler (c++) that finds the C++ library's headers" ;;
    libclang) say "libclang with its headers (RocksDB's bindings are generated with it)" ;;
    python) say "Python 3.$PYTHON_MINOR_MIN or later, with sqlite3, as $(build_python)" ;;
    python-headers) say "the headers and the shared library of $(build_python)" ;;
    git) say "git" ;;
    curl) say "curl (to fetch Rust)" ;;
    rust) say "Rust 1.$RUST_MINOR_MIN or later (cargo and rustc)" ;;
    rust-components) say "rustfmt and clippy for the installed Rust" ;;
  esac
}

package_manager() {
  local manager
  for manager in apt-get dnf pacman apk brew; do
    if command -v "$manager" >/dev/null 2>&1; then
      printf '%s\n' "$manager"
      return 0
    fi
  done
  return 1
}

# Package names of one thing in one package manager; nothing for what packages do not give.
packages_for() {
  case "$1 $2" in
    "apt-get c-compiler" | "apt-get cxx-compiler") say build-essential ;;
    "apt-get libclang") say libclang-dev ;;
    "apt-get python") say python3 ;;
    "apt-get python-headers") say python3-dev ;;
    "apt-get curl") say curl ca-certificates ;;
    "dnf c-compiler") say gcc ;;
    "dnf cxx-compiler") say gcc-c++ ;;
    "dnf libclang") say clang-devel ;;
    "dnf python") say python3 ;;
    "dnf python-headers") say python3-devel ;;
    "pacman c-compiler" | "pacman cxx-compiler") say base-devel ;;
    "pacman libclang") say clang ;;
    "pacman python" | "pacman python-headers") say python ;;
    "apk c-compiler" | "apk cxx-compiler") say build-base ;;
    "apk libclang") say clang-dev clang-libclang ;;
    "apk python") say python3 ;;
    "apk python-headers") say python3-dev ;;
    "brew libclang") say llvm ;;
    "brew python" | "brew python-headers") say python ;;
    *" git" | *" curl") say "$2" ;;
  esac
}

# The whole shell command that installs packages; $1 is the manager, $2 "sudo " or nothing.
install_command() {
  local manager=$1 sudo=$2
  shift 2
  case "$manager" in
    apt-get) say "${sudo}apt-get update; ${sudo}apt-get install -y --no-install-recommends $*" ;;
    dnf) say "${sudo}dnf install -y $*" ;;
    pacman) say "${sudo}pacman -S --needed --noconfirm $*" ;;
    apk) say "${sudo}apk add $*" ;;
    brew) say "brew install $*" ;;
  esac
}

# Says with what prefix this user may install with manager $1; fails when it may not.
install_prefix() {
  [ -z "${LOOPCHAIN_NO_INSTALL:-}" ] || return 1
  if [ "$1" = brew ]; then
    [ "$(id -u)" != 0 ]
  elif [ "$(id -u)" = 0 ]; then
    printf ''
  elif command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1; then
    printf 'sudo '
  else
    return 1
  fi
}

install_packages() {
  local manager prefix command packages="" thing
  if ! manager=$(package_manager); then
    complain "None of apt-get, dnf, pacman, apk and brew is here. Install the above by hand, then start again."
    return 1
  fi
  if [ "$manager" = brew ] && case " $* " in *-compiler*) true ;; *) false ;; esac; then
    complain "The compilers come with: xcode-select --install. Run it, then start again."
    return 1
  fi
  for thing in "$@"; do
    local package
    for package in $(packages_for "$manager" "$thing"); do
      case " $packages " in *" $package "*) ;; *) packages="$packages $package" ;; esac
    done
  done
  packages=${packages# }
  if ! prefix=$(install_prefix "$manager"); then
    complain "This user may not install packages. Ask an administrator of this machine to run:"
    # shellcheck disable=SC2086
    complain "    $(install_command "$manager" 'sudo ' $packages)"
    complain "then start again."
    return 1
  fi
  # shellcheck disable=SC2086
  command=$(install_command "$manager" "$prefix" $packages)
  say "Installing with $manager: $packages"
  say "    $command"
  if ! DEBIAN_FRONTEND=noninteractive bash -c "$command"; then
    complain "The command above failed: see its messages. Mend that, or install by hand, then start again."
    return 1
  fi
}

rust_install_command() {
  if command -v rustup >/dev/null 2>&1; then
    say "rustup toolchain install stable --profile minimal --component rustfmt --component clippy"
  elif command -v curl >/dev/null 2>&1; then
    say "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --component rustfmt --component clippy --no-modify-path"
  else
    say "wget -qO- https://sh.rustup.rs | sh -s -- -y --profile minimal --component rustfmt --component clippy --no-modify-path"
  fi
}

# Rust goes into the user's home, for which nobody needs to be asked.
install_rust() {
  local command
  command=$(rust_install_command)
  if [ -n "${LOOPCHAIN_NO_INSTALL:-}" ]; then
    complain "Get Rust for this user (no administrator is needed) with:"
    complain "    $command"
    complain "then start again."
    return 1
  fi
  say "Installing Rust for this user:"
  say "    $command"
  if ! bash -o pipefail -c "$command"; then
    complain "Installing Rust failed: see the messages above. Get it from https://rustup.rs, then start again."
    return 1
  fi
  find_cargo
  if ! has_rust && command -v rustup >/dev/null 2>&1; then
    # The user's default is older or something else; that choice is left alone.
    export RUSTUP_TOOLCHAIN=stable
  fi
}

find_cargo() {
  local folder=${CARGO_HOME:-${HOME:-}/.cargo}/bin
  if ! command -v cargo >/dev/null 2>&1 && [ -x "$folder/cargo" ]; then
    PATH=$folder:$PATH
    export PATH
  fi
}

# Returns 0 when everything the build needs is there, 1 after having said what is not.
prepare_machine() {
  local missing thing packaged="" rust="" still
  find_cargo
  PYO3_PYTHON=$(build_python)
  export PYO3_PYTHON
  missing=$(missing_things)
  [ -n "$missing" ] || return 0

  say "This machine lacks:"
  for thing in $missing; do
    say "  - $(describe_thing "$thing")"
    case "$thing" in
      rust | rust-components) rust=yes ;;
      *) packaged="$packaged $thing" ;;
    esac
  done
  if [ -n "$packaged" ]; then
    # shellcheck disable=SC2086
    install_packages $packaged || return 1
  fi
  if [ -n "$rust" ]; then
    install_rust || return 1
  fi

  still=$(missing_things)
  if [ -n "$still" ]; then
    complain "Still missing after installing:"
    for thing in $still; do complain "  - $(describe_thing "$thing")"; done
    complain "Install these by hand, then start again."
    return 1
  fi
  say "Everything that the build needs is there."
}
