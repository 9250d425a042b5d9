# Sourced by the launchers beside it with $self, the launcher's real path. Sets $root, the package, and $node, the Node it carries.
# shellcheck shell=sh
root=$(cd "${self%/*}/.." && pwd -P) || exit 1

# npm installs the one Node that fits the machine: below this package or, when this is a dependency, beside it or further up.
node=
folder=$root
while :; do
  for candidate in "$folder"/node_modules/node-linux-*/bin/node; do
    if [ -x "$candidate" ]; then node=$candidate; break 2; fi
  done
  [ -n "$folder" ] || break
  folder=${folder%/*}
done

# What is built runs; in a checkout that is not built, or with DHOW_SOURCE set, the sources do.
if [ -z "${DHOW_SOURCE-}" ] && [ -f "$root/dist/$name.js" ]; then entry=$root/dist/$name.js; else entry=$root/src/bin/$name.ts; fi
if [ ! -f "$entry" ]; then
  echo "$name: $entry is missing: run 'npm run build' in $root" >&2
  exit 1
fi

# These are meant for other programs.
unset NODE_OPTIONS NODE_PATH NODE_COMPILE_CACHE NODE_DISABLE_COMPILE_CACHE

# What V8 made of the code lies beside the code, and is trusted like it. Only for who may write there.
case $entry in
  *.js) folder=$root/dist compiled=$root/dist/compiled ;;
  *) folder=$root/node_modules compiled=$root/node_modules/.cache/dhow ;;
esac
if [ -w "$folder" ]; then export NODE_COMPILE_CACHE="$compiled"; fi
