#!/usr/bin/env bash
# npm run test:vm: boots Debian's kernel in an emulated machine, with control groups of version 2 and AppArmor, and runs inside.ts in there.
# Needs no virtualization; some three minutes on two processors, and a few more the first time.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../scripts/setup.sh"
require_root "run test:vm"
ensure_packages qemu-system-x86_64:qemu-system-x86 mmdebstrap:mmdebstrap mke2fs:e2fsprogs /bin/busybox:busybox-static cpio:cpio
ensure_node_modules
ensure_build

cache=${XDG_CACHE_HOME:-$HOME/.cache}/dhow-tests/vm
system=$cache/root
packages=crun,runc,conmon,libnftables1,libatomic1,libisal2,busybox-static,tini,apparmor,e2fsprogs,xfsprogs,mount,iproute2,kmod,linux-image-amd64
if [[ ! -e $cache/packages || $(<"$cache/packages") != "$packages" ]]; then
  say "Machine: installing Debian below $cache"
  rm -rf "$cache" && mkdir -p "$cache"
  mmdebstrap --quiet --variant=minbase --include="$packages" bookworm "$system" || fail "the machine's system could not be made"
  echo "$packages" >"$cache/packages"
fi
kernel=$(basename "$(echo "$system"/lib/modules/*)")

say "Machine: packing"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/first/{bin,modules,proc,sys,dev,root}
cp /bin/busybox "$work/first/bin/"
number=100
for module in $(for name in virtio_pci virtio_blk crc32c_generic ext4; do chroot "$system" modprobe --set-version "$kernel" --show-depends $name; done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'); do
  cp "$system$module" "$work/first/modules/$number-$(basename "$module")"
  number=$((number + 1))
done
cat >"$work/first/init" <<'EOF'
#!/bin/busybox sh
alias b=/bin/busybox
b mount -t devtmpfs dev /dev
for module in /modules/*; do b insmod $module; done
until [ -b /dev/vda ]; do b sleep 0.1; done
b mount -t ext4 /dev/vda /root && exec /bin/busybox switch_root /root /opt/begin
EOF
chmod +x "$work/first/init"
(cd "$work/first" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/initrd"

cat >"$system/opt/begin" <<'EOF'
#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mountpoint -q /dev || mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm; mount -t devpts pts /dev/pts; mount -t tmpfs shm /dev/shm; mount -t tmpfs run /run
mount -t securityfs security /sys/kernel/security
mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup /sys/fs/cgroup
for module in overlay nf_tables nft_chain_nat veth bridge loop xfs quota_v2; do modprobe $module; done
ip link set lo up
cd /opt/dhow && scripts/with-node --test --test-reporter=spec test/vm/inside.ts
echo "inside.ts ended with $?"
sync; echo o >/proc/sysrq-trigger; sleep 60
EOF
chmod +x "$system/opt/begin"
rm -rf "$system/opt/dhow" && mkdir "$system/opt/dhow"
tar -C "$root" --exclude=./node_modules/.cache --exclude=./dist/compiled -c ./bin ./dist ./src ./scripts ./test ./package.json ./node_modules | tar -C "$system/opt/dhow" -x
truncate -s 6G "$work/disk"
mke2fs -q -t ext4 -d "$system" "$work/disk"

say "Machine: booting Linux $kernel"
timeout 1200 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 2500 -no-reboot -nic none -display none -monitor none -serial stdio \
  -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" -kernel "$system/boot/vmlinuz-$kernel" -initrd "$work/initrd" \
  -append "console=ttyS0 quiet panic=-1 apparmor=1 security=apparmor" | tee "$work/console"
grep -q "^inside.ts ended with 0" "$work/console" || fail "the tests in the machine failed, or did not come to an end"
