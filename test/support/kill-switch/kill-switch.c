/*
 * kill-switch PROGRAM ARGS...: runs a program that can be killed before its n-th system call that changes the world.
 *
 * The program runs in this very process, under a seccomp filter that hands such calls to a supervisor, a child of ours, before the
 * kernel performs them (seccomp_unotify(2)). The supervisor lets them go on, counts those of the program itself (its children inherit
 * the filter and are let go on), and at the n-th one sends SIGKILL instead: the call never happens, all before it have.
 *
 * Descriptor 3 gives orders, one a line: `arm N PATTERN` counts from now on and kills at the N-th whose `NAME WHAT` matches the extended
 * regular expression; N = 0 only counts; `off` stops counting.
 * Descriptor 4 tells: `ready`, `armed`, `off COUNT`, `call K NAME WHAT` for each that is counted, `killed K NAME WHAT`.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <regex.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum what { NOTHING, PATH1, PATH2, PATH1_AND_2, PATH2_AND_4, FD };
struct call { int nr; const char *name; enum what what; };

static const struct call calls[] = {
#define CALL(name, what) {__NR_##name, #name, what}
#ifdef __NR_mkdir
  CALL(mkdir, PATH1), CALL(mknod, PATH1), CALL(rename, PATH1_AND_2), CALL(unlink, PATH1), CALL(rmdir, PATH1), CALL(link, PATH1_AND_2),
  CALL(symlink, PATH1_AND_2), CALL(chmod, PATH1), CALL(chown, PATH1), CALL(lchown, PATH1), CALL(creat, PATH1), CALL(fork, NOTHING),
  CALL(vfork, NOTHING),
#endif
  CALL(mkdirat, PATH2), CALL(mknodat, PATH2), CALL(renameat, PATH2_AND_4), CALL(renameat2, PATH2_AND_4), CALL(unlinkat, PATH2),
  CALL(linkat, PATH2_AND_4), CALL(symlinkat, PATH1), CALL(fchmod, FD), CALL(fchmodat, PATH2), CALL(fchown, FD), CALL(fchownat, PATH2),
  CALL(truncate, PATH1), CALL(ftruncate, FD), CALL(fallocate, FD), CALL(fsync, FD), CALL(fdatasync, FD), CALL(syncfs, FD),
  CALL(write, FD), CALL(writev, FD), CALL(pwrite64, FD), CALL(pwritev, FD), CALL(sendto, FD), CALL(sendmsg, FD), CALL(sendmmsg, FD),
  CALL(copy_file_range, NOTHING), CALL(setxattr, PATH1), CALL(lsetxattr, PATH1), CALL(fsetxattr, FD), CALL(removexattr, PATH1),
  CALL(lremovexattr, PATH1), CALL(mount, PATH2), CALL(umount2, PATH1), CALL(move_mount, PATH2_AND_4), CALL(open_tree, PATH2),
  CALL(mount_setattr, PATH2), CALL(fsmount, FD), CALL(unshare, NOTHING), CALL(setns, NOTHING), CALL(clone, NOTHING), CALL(clone3, NOTHING),
  CALL(kill, NOTHING),
  CALL(pidfd_send_signal, NOTHING), CALL(openat, PATH2),
};
#define CALLS (sizeof calls / sizeof *calls)

static const struct call *find(int nr) {
  for (size_t i = 0; i < CALLS; i++) if (calls[i].nr == nr) return &calls[i];
  return NULL;
}

/* openat only where it may make or empty a file, clone only where it makes a process: the rest is let through without asking. */
static int install(void) {
  struct sock_filter code[2 * CALLS + 16];
  size_t n = 0;
#define LOAD(field) code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define SKIP_UNLESS(test, value, skipped) code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, value, 0, skipped)
#define ANSWER(action) code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action)
  LOAD(nr);
  SKIP_UNLESS(BPF_JEQ, __NR_openat, 4);
  LOAD(args[2]);
  SKIP_UNLESS(BPF_JSET, O_CREAT | O_TRUNC, 1);
  ANSWER(SECCOMP_RET_USER_NOTIF);
  ANSWER(SECCOMP_RET_ALLOW);
  SKIP_UNLESS(BPF_JEQ, __NR_clone, 4);
  LOAD(args[0]);
  SKIP_UNLESS(BPF_JSET, CLONE_THREAD, 1);
  ANSWER(SECCOMP_RET_ALLOW);
  ANSWER(SECCOMP_RET_USER_NOTIF);
  for (size_t i = 0; i < CALLS; i++) {
    SKIP_UNLESS(BPF_JEQ, calls[i].nr, 1);
    ANSWER(SECCOMP_RET_USER_NOTIF);
  }
  ANSWER(SECCOMP_RET_ALLOW);
  struct sock_fprog program = {n, code};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static void die(const char *what) {
  perror(what);
  _exit(70);
}

static void text_at(pid_t pid, unsigned long address, char *text, size_t size) {
  struct iovec own = {text, size - 1}, theirs = {(void *)address, size - 1};
  ssize_t got = process_vm_readv(pid, &own, 1, &theirs, 1, 0);
  if (got < 0) { /* It may end in the last page that is mapped. */
    theirs.iov_len = own.iov_len = 4096 - address % 4096 < size - 1 ? 4096 - address % 4096 : size - 1;
    got = process_vm_readv(pid, &own, 1, &theirs, 1, 0);
  }
  text[got < 0 ? 0 : got] = 0;
  for (char *c = text; *c; c++) if (*c == '\n') *c = ' ';
}

static void link_of(pid_t pid, int fd, char *text, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
  ssize_t got = readlink(path, text, size - 1);
  text[got < 0 ? 0 : got] = 0;
}

static void describe(const struct seccomp_notif *asked, enum what what, char *text, size_t size) {
  char first[512] = "", second[512] = "";
  const __u64 *args = asked->data.args;
  if (what == FD) link_of(asked->pid, args[0], first, sizeof first);
  if (what == PATH1 || what == PATH1_AND_2) text_at(asked->pid, args[0], first, sizeof first);
  if (what == PATH2 || what == PATH2_AND_4) text_at(asked->pid, args[1], first, sizeof first);
  if (what == PATH1_AND_2) text_at(asked->pid, args[1], second, sizeof second);
  if (what == PATH2_AND_4) text_at(asked->pid, args[3], second, sizeof second);
  snprintf(text, size, "%s%s%s", first, *second ? " " : "", second);
}

/* Of rtnetlink every fourth kind of message is a question; nftables has its own numbers. */
static int is_question(const struct seccomp_notif *asked) {
  struct { unsigned len; unsigned short type, flags; } head;
  struct iovec own = {&head, sizeof head}, theirs = {(void *)(unsigned long)asked->data.args[1], sizeof head};
  if (process_vm_readv(asked->pid, &own, 1, &theirs, 1, 0) != sizeof head) return 0;
  if (head.len < 16 || head.len > asked->data.args[2] || head.type < 16) return 0;
  unsigned kind = head.type & 0xff;
  if (head.type >> 8 == 10) return kind < 15 ? kind % 3 == 1 : kind == 16 || kind == 19 || kind == 21 || kind == 23;
  return head.type >> 8 == 0 && kind % 4 == 2;
}

static int makes_thread(const struct seccomp_notif *asked) {
  __u64 flags = 0;
  struct iovec own = {&flags, sizeof flags}, theirs = {(void *)(unsigned long)asked->data.args[0], sizeof flags};
  return process_vm_readv(asked->pid, &own, 1, &theirs, 1, 0) == sizeof flags && (flags & CLONE_THREAD);
}

/* Wake-ups between threads and lines of the daemon's own log change nothing that outlives it. */
static int counts(const struct seccomp_notif *asked, const struct call *call, const char *text) {
  if (call->nr == __NR_clone3 && makes_thread(asked)) return 0;
  if (call->what == FD && asked->data.args[0] <= 2) return 0;
  if (call->nr == __NR_sendto && is_question(asked)) return 0;
  if (call->nr == __NR_write || call->nr == __NR_writev) return !strncmp(text, "/", 1) || !strncmp(text, "socket:", 7) || !strncmp(text, "pipe:", 5);
  return 1;
}

static pid_t group_of(pid_t thread) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/status", thread);
  FILE *file = fopen(path, "re");
  pid_t group = 0;
  while (file && fgets(line, sizeof line, file)) if (sscanf(line, "Tgid: %d", &group) == 1) break;
  if (file) fclose(file);
  return group;
}

static long armed = -1, count, matched;
static regex_t pattern;

static void order(FILE *told) {
  char line[1024], wanted[1000];
  ssize_t got = read(3, line, sizeof line - 1);
  if (got <= 0) { armed = -1; return; }
  line[got] = 0;
  if (sscanf(line, "arm %ld %999[^\n]", &armed, wanted) == 2) {
    count = matched = 0;
    if (regcomp(&pattern, wanted, REG_EXTENDED | REG_NOSUB)) die("pattern");
    fprintf(told, "armed\n");
  }
  else { armed = -1; fprintf(told, "off %ld\n", count); }
}

static void answer(int listener, pid_t program, FILE *told) {
  struct seccomp_notif asked = {0};
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked)) return;
  if (armed >= 0 && group_of(asked.pid) == program) {
    const struct call *call = find(asked.data.nr);
    char text[1100];
    describe(&asked, call->what, text, sizeof text);
    if (counts(&asked, call, text)) {
      char title[1200];
      snprintf(title, sizeof title, "%s %s", call->name, text);
      count++;
      int last = !regexec(&pattern, title, 0, NULL, 0) && ++matched == armed;
      if (last) { kill(program, SIGKILL); armed = -1; }
      fprintf(told, "%s %ld %s %s\n", last ? "killed" : "call", count, call->name, text);
      if (last) return;
    }
  }
  struct seccomp_notif_resp let = {.id = asked.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &let);
}

/* Goes on after the program's end for as long as a child of it lives: without an answer their calls would fail. */
static void supervise(int listener, pid_t program) {
  FILE *told = fdopen(4, "w");
  setvbuf(told, NULL, _IOLBF, 0);
  fprintf(told, "ready\n");
  struct pollfd on[] = {{listener, POLLIN, 0}, {3, POLLIN, 0}};
  for (;;) {
    if (poll(on, 2, -1) < 0 && errno != EINTR) return;
    if (on[1].revents) {
      order(told);
      if (on[1].revents & (POLLHUP | POLLERR)) on[1].fd = -1;
    }
    if (on[0].revents & POLLIN) answer(listener, program, told);
    else if (on[0].revents & POLLHUP) return;
  }
}

int main(int argc, char **argv) {
  if (argc < 2) return 64;
  int taken[2], expected = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (expected < 0 || pipe2(taken, O_CLOEXEC)) die("pipe");
  close(expected); /* The listener gets this number. */
  pid_t program = getpid(), child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    setsid();
    signal(SIGPIPE, SIG_IGN);
    close(taken[0]);
    int handle = syscall(SYS_pidfd_open, program, 0), listener;
    while ((listener = syscall(SYS_pidfd_getfd, handle, expected, 0)) < 0) if (errno != EBADF) die("pidfd_getfd"); else usleep(200);
    close(handle);
    if (write(taken[1], "", 1) != 1) die("write");
    close(taken[1]);
    close(1);
    close(2);
    supervise(listener, program);
    _exit(0);
  }
  close(taken[1]);
  if (install() < 0) die("seccomp");
  char byte;
  if (read(taken[0], &byte, 1) != 1) _exit(70);
  syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
  execv(argv[1], argv + 1);
  die("exec");
}
