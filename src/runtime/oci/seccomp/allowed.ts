/**
 * System calls that every container may make, by what they are for. Names that an architecture does not have are dropped by the
 * runtime; the `32`, `64` and `time64` forms are what 32-bit programs call.
 */
export const allowed: Readonly<Record<string, readonly string[]>> = {
  reading: words(
    "read readv pread64 preadv preadv2 readahead lseek _llseek poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64",
  ),
  writing: words("write writev pwrite64 pwritev pwritev2 truncate truncate64 ftruncate ftruncate64 fallocate"),
  copying: words("sendfile sendfile64 copy_file_range splice tee vmsplice"),
  syncing: words("fsync fdatasync sync syncfs sync_file_range fadvise64 fadvise64_64"),
  descriptors: words(
    "close close_range dup dup2 dup3 fcntl fcntl64 ioctl flock pipe pipe2 eventfd eventfd2 signalfd signalfd4 memfd_create memfd_secret",
  ),
  opening: words("open openat openat2 creat name_to_handle_at"),
  folders: words("chdir fchdir getcwd getdents getdents64 mkdir mkdirat rmdir"),
  names: words("link linkat unlink unlinkat symlink symlinkat rename renameat renameat2 readlink readlinkat mknod mknodat"),
  status: words(
    "stat stat64 fstat fstat64 lstat lstat64 newfstatat fstatat64 statx statfs statfs64 fstatfs fstatfs64 access faccessat faccessat2 statmount listmount",
  ),
  modes: words("chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 fchownat lchown lchown32 umask"),
  times: words("utime utimes futimesat utimensat utimensat_time64"),
  attributes: words(
    "getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat",
  ),
  watching: words(
    "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark",
  ),
  asynchronous: words("io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64"),
  memory: words(
    "brk mmap mmap2 munmap mremap mprotect madvise mincore msync mlock mlock2 mlockall munlock munlockall mseal membarrier remap_file_pages pkey_alloc pkey_free pkey_mprotect map_shadow_stack process_mrelease",
  ),
  processes: words(
    "fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid getpgid getpgrp setpgid getsid setsid pidfd_open pidfd_send_signal prctl capget capset rseq set_tid_address restart_syscall uretprobe",
  ),
  threads: words(
    "futex futex_time64 futex_wait futex_waitv futex_wake futex_requeue get_robust_list set_robust_list get_thread_area set_thread_area getcpu",
  ),
  signals: words(
    "kill tkill tgkill pause alarm sigaltstack rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigprocmask sigreturn",
  ),
  users: words(
    "getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32 setresgid setresgid32 setgroups setgroups32 setfsuid setfsuid32 setfsgid setfsgid32",
  ),
  scheduling: words(
    "sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval sched_rr_get_interval_time64 getpriority setpriority ioprio_get ioprio_set",
  ),
  limits: words("getrlimit ugetrlimit setrlimit prlimit64 getrusage times sysinfo uname"),
  // Setting the clock still needs CAP_SYS_TIME; asking how it is adjusted does not.
  clocks: words(
    "time gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep clock_nanosleep_time64 nanosleep adjtimex clock_adjtime clock_adjtime64",
  ),
  timers: words(
    "getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64",
  ),
  sockets: words(
    "accept accept4 bind connect listen shutdown getsockname getpeername getsockopt setsockopt socketpair send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64 socketcall",
  ),
  ipc: words(
    "ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget mq_open mq_unlink mq_notify mq_getsetattr mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64",
  ),
  // What a program may do to itself to have fewer rights.
  confinement: words("seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self"),
  randomness: words("getrandom"),
  probing: words("riscv_hwprobe cachestat"),
};

/** Allowed on one architecture only, by OCI name of the architecture. */
export const allowedOn: Readonly<Record<string, readonly string[]>> = {
  amd64: words("arch_prctl modify_ldt"),
  arm64: words("arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls"),
  riscv64: words("riscv_flush_icache"),
  s390x: words("s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr"),
  ppc64le: words("sync_file_range2 swapcontext"),
};

/** Allowed to a container that holds the capability; the kernel then asks for it again. */
export const allowedWith: Readonly<Record<string, readonly string[]>> = {
  CAP_DAC_READ_SEARCH: words("open_by_handle_at"),
  CAP_SYS_ADMIN: words(
    "mount umount umount2 mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick unshare setns clone clone3 sethostname setdomainname bpf perf_event_open fanotify_init lookup_dcookie quotactl quotactl_fd syslog lsm_get_self_attr lsm_set_self_attr lsm_list_modules",
  ),
  CAP_SYS_BOOT: words("reboot"),
  CAP_SYS_CHROOT: words("chroot"),
  CAP_SYS_MODULE: words("init_module finit_module delete_module"),
  CAP_SYS_PACCT: words("acct"),
  CAP_SYS_PTRACE: words("kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"),
  CAP_SYS_RAWIO: words("iopl ioperm"),
  CAP_SYS_TIME: words("settimeofday stime clock_settime clock_settime64"),
  CAP_SYS_TTY_CONFIG: words("vhangup"),
  CAP_SYS_NICE: words("get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
  CAP_SYSLOG: words("syslog"),
  CAP_BPF: words("bpf"),
  CAP_PERFMON: words("perf_event_open"),
};

/** Since Linux 4.8 a tracer cannot change a call after seccomp has judged it, so that debuggers may be let in. */
export const allowedSince: { readonly kernel: readonly [number, number]; readonly names: readonly string[] } = {
  kernel: [4, 8],
  names: words("ptrace process_vm_readv process_vm_writev"),
};

function words(text: string): readonly string[] {
  return text.split(" ");
}
