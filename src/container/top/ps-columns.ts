import type { HostProcess, HostView } from "./process-table.ts";

export interface Column {
  readonly title: string;
  readonly value: (process: HostProcess, host: HostView) => string;
}

const TICKS = 100;
const PAGE = 4096;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const user = (process: HostProcess, host: HostView): string => host.userNames.get(process.uid) ?? String(process.uid);
const group = (process: HostProcess, host: HostView): string => host.groupNames.get(process.gid) ?? String(process.gid);

/** Keywords of `ps -o`, with the titles of procps. */
export const columns: Readonly<Record<string, Column>> = {
  user: { title: "USER", value: user },
  uid: { title: "UID", value: ({ uid }) => String(uid) },
  uname: { title: "USER", value: user },
  gid: { title: "GID", value: ({ gid }) => String(gid) },
  group: { title: "GROUP", value: group },
  pid: { title: "PID", value: ({ pid }) => String(pid) },
  ppid: { title: "PPID", value: ({ ppid }) => String(ppid) },
  pgid: { title: "PGID", value: ({ pgrp }) => String(pgrp) },
  sid: { title: "SID", value: ({ session }) => String(session) },
  c: { title: "C", value: (process, host) => String(Math.min(99, Math.trunc(cpuShare(process, host)))) },
  pcpu: { title: "%CPU", value: (process, host) => cpuShare(process, host).toFixed(1) },
  pmem: { title: "%MEM", value: (process, host) => memoryShare(process, host).toFixed(1) },
  vsz: { title: "VSZ", value: ({ virtualBytes }) => String(Math.trunc(virtualBytes / 1024)) },
  rss: { title: "RSS", value: ({ residentPages }) => String((residentPages * PAGE) / 1024) },
  tty: { title: "TTY", value: terminal },
  tt: { title: "TT", value: terminal },
  s: { title: "S", value: ({ state }) => state },
  stat: { title: "STAT", value: statFlags },
  stime: { title: "STIME", value: (process, host) => startTime(startOf(process, host)) },
  start_time: { title: "START", value: (process, host) => startTime(startOf(process, host)) },
  lstart: { title: "STARTED", value: (process, host) => longStart(startOf(process, host)) },
  time: { title: "TIME", value: ({ cpuTicks }) => clock(cpuTicks / TICKS) },
  bsdtime: { title: "TIME", value: ({ cpuTicks }) => shortClock(cpuTicks / TICKS) },
  etime: { title: "ELAPSED", value: (process, host) => elapsedClock(elapsed(process, host)) },
  etimes: { title: "ELAPSED", value: (process, host) => String(Math.trunc(elapsed(process, host))) },
  cmd: { title: "CMD", value: ({ command }) => command },
  args: { title: "COMMAND", value: ({ command }) => command },
  comm: { title: "COMMAND", value: ({ comm }) => comm },
  ni: { title: "NI", value: ({ nice }) => String(nice) },
  pri: { title: "PRI", value: ({ priority }) => String(39 - priority) },
  nlwp: { title: "NLWP", value: ({ threads }) => String(threads) },
  psr: { title: "PSR", value: ({ processor }) => String(processor) },
};

/** Other spellings of the same. */
export const aliases: Readonly<Record<string, string>> = {
  euser: "user",
  euid: "uid",
  egid: "gid",
  egroup: "group",
  "%cpu": "pcpu",
  "%mem": "pmem",
  vsize: "vsz",
  rssize: "rss",
  rsz: "rss",
  tname: "tty",
  state: "s",
  start: "start_time",
  bsdstart: "start_time",
  cputime: "time",
  command: "args",
  ucmd: "comm",
  ucomm: "comm",
  nice: "ni",
  thcount: "nlwp",
  sess: "sid",
  session: "sid",
  pgrp: "pgid",
};

function elapsed({ startTicks }: HostProcess, { uptime }: HostView): number {
  return Math.max(0, uptime - startTicks / TICKS);
}

function cpuShare(process: HostProcess, host: HostView): number {
  const seconds = elapsed(process, host);
  return seconds === 0 ? 0 : (process.cpuTicks / TICKS / seconds) * 100;
}

function memoryShare({ residentPages }: HostProcess, { memoryBytes }: HostView): number {
  return memoryBytes === 0 ? 0 : Math.min(99.9, ((residentPages * PAGE) / memoryBytes) * 100);
}

/** Device numbers 136 to 143 are /dev/pts (devices.txt); the minor is split around the major (makedev(3)). */
function terminal({ ttyNumber }: HostProcess): string {
  if (ttyNumber === 0) return "?";
  const major = (ttyNumber >> 8) & 0xfff;
  const minor = (ttyNumber & 0xff) | ((ttyNumber >> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${minor + (major - 136) * 256}`;
  return major === 4 ? `tty${minor}` : "?";
}

function statFlags({ state, nice, session, pid, threads, pgrp, ttyGroup }: HostProcess): string {
  const flags = [
    nice < 0 ? "<" : "",
    nice > 0 ? "N" : "",
    session === pid ? "s" : "",
    threads > 1 ? "l" : "",
    pgrp === ttyGroup ? "+" : "",
  ];
  return state + flags.join("");
}

function startOf({ startTicks }: HostProcess, { bootTime }: HostView): Date {
  return new Date((bootTime + startTicks / TICKS) * 1000);
}

const two = (value: number): string => String(value).padStart(2, "0");

/** Today the time, this year the day, else the year. */
function startTime(start: Date, now = new Date()): string {
  if (start.toDateString() === now.toDateString()) return `${two(start.getHours())}:${two(start.getMinutes())}`;
  if (start.getFullYear() === now.getFullYear()) return `${MONTHS[start.getMonth()]}${two(start.getDate())}`;
  return String(start.getFullYear());
}

function longStart(start: Date): string {
  const day = String(start.getDate()).padStart(2);
  const time = [start.getHours(), start.getMinutes(), start.getSeconds()].map(two).join(":");
  return `${DAYS[start.getDay()]} ${MONTHS[start.getMonth()]} ${day} ${time} ${start.getFullYear()}`;
}

interface ClockParts {
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}

function partsOf(total: number): ClockParts {
  const whole = Math.trunc(total);
  return {
    days: Math.trunc(whole / 86_400),
    hours: Math.trunc(whole / 3600) % 24,
    minutes: Math.trunc(whole / 60) % 60,
    seconds: whole % 60,
  };
}

function clock(total: number): string {
  const { days, hours, minutes, seconds } = partsOf(total);
  return `${days > 0 ? `${days}-` : ""}${two(hours)}:${two(minutes)}:${two(seconds)}`;
}

function shortClock(total: number): string {
  return `${Math.trunc(total / 60)}:${two(Math.trunc(total) % 60)}`;
}

function elapsedClock(total: number): string {
  const { days, hours, minutes, seconds } = partsOf(total);
  return days > 0 || hours > 0 ? clock(total) : `${two(minutes)}:${two(seconds)}`;
}
