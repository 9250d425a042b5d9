#!/bin/sh
# The starter image's only program: says what a container sees of itself, then serves the same as a page on port 8080.
limit() { # NAME V2-FILE V1-FILE: the first that is there
  for file in "/sys/fs/cgroup/$2" "/sys/fs/cgroup/$3"; do
    [ -r "$file" ] && { printf '  %-10s %s\n' "$1" "$(cat "$file")"; return; }
  done
}
report() {
  echo "Ahoy from a container that Dhow started."
  echo
  echo "Process: I am pid $$, and these are all that I can see:"
  ps -o pid,user,args | sed 's/^/  /'
  echo
  echo "Host name: $(hostname)"
  echo
  echo "Network interfaces:"
  ip -o -4 addr show | awk '{ print "  " $2 "  " $4 }'
  ip route | sed 's/^/  route /'
  echo
  echo "Mounts:"
  awk '{ printf "  %-22s %s\n", $2, $3 }' /proc/mounts
  echo
  echo "Limits:"
  limit memory memory.max memory/memory.limit_in_bytes
  limit pids pids.max pids/pids.max
  limit cpu cpu.max cpu/cpu.cfs_quota_us
  grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status | awk '{ printf "  %-10s %s\n", $1, $2 }'
}
report >/www/report.txt
cat /www/report.txt
{
  echo '<!doctype html><html lang="en"><meta charset="utf-8"><title>Dhow says hello</title><link rel="stylesheet" href="style.css"><main><h1>Dhow is afloat</h1><pre>'
  sed 's/&/\&amp;/g; s/</\&lt;/g' /www/report.txt
  echo '</pre></main></html>'
} >/www/index.html
exec httpd -f -p 8080 -h /www
