/**
 * System calls that are refused with EPERM, by the reason. Whatever stands in no table gets ENOSYS instead: to a program a call
 * that is newer than the runtime's libseccomp then looks like an older kernel, and its C library falls back, where EPERM would make
 * it fail (fchmodat2 of glibc 2.39 under the libseccomp of Debian 12 is the case that everyone met).
 */
export const refused: Readonly<Record<string, readonly string[]>> = {
  // Each makes or enters a name space, or changes what is mounted where.
  "name spaces and mounts": words(
    "mount umount umount2 mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick pivot_root unshare setns chroot sethostname setdomainname",
  ),
  // One ring for all containers, and fileless storage that no cgroup counts.
  "the kernel's key rings": words("add_key request_key keyctl"),
  // Programs inside the kernel, and the classic way into its memory.
  "code in the kernel": words(
    "bpf init_module finit_module delete_module create_module query_module get_kernel_syms kexec_load kexec_file_load",
  ),
  "watching the kernel": words("perf_event_open lookup_dcookie syslog fanotify_init"),
  // Its requests are carried out past the filter: a socket that may not be opened here is opened there.
  "the other door to system calls": words("io_uring_setup io_uring_enter io_uring_register"),
  // It lets a thread stop the kernel in the middle of a copy, which turns small races into sure ones.
  "holding the kernel up": words("userfaultfd"),
  // A file handle opens by inode number, past every folder's mode and past the root (CVE-2014-9357's sibling, "shocker").
  "files without a path": words("open_by_handle_at"),
  "other processes": words("ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise move_pages migrate_pages"),
  "memory nodes": words("get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
  "the machine": words(
    "reboot swapon swapoff acct quotactl quotactl_fd iopl ioperm vhangup settimeofday stime clock_settime clock_settime64",
  ),
  // Kept by the kernel for programs of long ago, seldom called and seldom looked at.
  obsolete: words("_sysctl sysfs uselib ustat nfsservctl vm86 vm86old modify_ldt afs_syscall getpmsg putpmsg security tuxcall vserver"),
};

function words(text: string): readonly string[] {
  return text.split(" ");
}
