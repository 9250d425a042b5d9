# Sourced by scripts/{start,test,bench}: installs what is missing, says what it does, fails with one clear line.
# shellcheck shell=bash
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
cd "$root"

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() { printf 'dhow: %s\n' "$*" >&2; exit 1; }

require_root() {
  [[ $(uname -s) == Linux ]] || fail "the engine runs on Linux only (this is $(uname -s)); the client works anywhere: see README.md"
  [[ $(id -u) == 0 ]] || fail "the engine makes namespaces, mounts and firewall rules, so it has to be root: run 'sudo npm $1'"
}

# ensure_packages PROGRAM-OR-FILE:PACKAGE …: installs by apt only those whose file is not there.
ensure_packages() {
  local missing=() pair
  for pair in "$@"; do
    if [[ ${pair%%:*} == /* ]]; then compgen -G "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
    else command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}"); fi
  done
  ((${#missing[@]})) || { say "Host packages: all there"; return; }
  command -v apt-get >/dev/null || fail "these programs are missing and there is no apt-get to install them: ${missing[*]}"
  say "Host packages: installing ${missing[*]}"
  local log; log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  # A package that starts a service on installation is kept from doing so: Dhow starts what it needs itself.
  { apt-get install -y --no-install-recommends "${missing[@]}" || { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; }; } >"$log" 2>&1 \
    || { tail -n 20 "$log" >&2; rm -f "$log"; fail "apt-get could not install: ${missing[*]}"; }
  rm -f "$log"
}

# libatomic is the carried Node's.
engine_packages=(/usr/lib/*/libatomic.so.1:libatomic1 crun:crun conmon:conmon /usr/lib/*/libnftables.so.1:libnftables1 /bin/busybox:busybox-static /usr/lib/*/libisal.so.2:libisal2 /usr/bin/tini-static:tini)

# The npm side: as the lock file says, without running anybody's install script.
ensure_node_modules() {
  if [[ node_modules/.package-lock.json -nt package-lock.json && node_modules/.package-lock.json -nt package.json ]] && scripts/with-node --version >/dev/null 2>&1; then
    say "npm packages: all there"
    return
  fi
  say "npm packages: installing"
  # Not `npm ci`: it insists on lock entries for the optional packages of every platform there is, and a registry need not have them all.
  npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error || fail "npm install failed: see the lines above (is the npm registry reachable?)"
  scripts/with-node --version >/dev/null
}

ensure_build() {
  if [[ -e dist/dhowd.js && -z $(find src package.json scripts/build.ts -newer dist/dhowd.js -print -quit) ]]; then
    say "Build: up to date"
    return
  fi
  say "Build: bundling"
  scripts/with-node scripts/build.ts || fail "the build failed: see the lines above"
}
