#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "launch/roudi.h"
#include "tools/doctor.h"
#include "tools/quantity.h"

enum { LINE_BYTES = 1024 };

// --- the segment directory -------------------------------------------------------------------------

static bool
examine_access(svari_diagnosis_t *diagnosis, const char *directory)
{
  struct stat status;
  int error = stat(directory, &status) != 0 ? errno : S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
  if (error != 0) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_PROBLEM, directory,
                        "%s: make it, or set SVAR_SEGMENT_DIR to another directory",
                        strerror(error));
    return false;
  }
  if (access(directory, R_OK | W_OK | X_OK) != 0) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_PROBLEM, directory,
                        "this user may not make files here (mode %04o, owner %u): change its mode, "
                        "or set SVAR_SEGMENT_DIR to another directory",
                        (unsigned)status.st_mode & 07777, status.st_uid);
  }
  if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_PROBLEM, directory,
                        "every user may remove the files of every other (mode %04o): set the "
                        "sticky bit, chmod +t",
                        (unsigned)status.st_mode & 07777);
  }
  return true;
}

static void
examine_space(svari_diagnosis_t *diagnosis, const char *directory)
{
  const uint64_t least_bytes = UINT64_C(16) << 20;
  char left[SVARI_QUANTITY_TEXT_BYTES];
  char size[SVARI_QUANTITY_TEXT_BYTES];
  struct statfs system;
  if (statfs(directory, &system) != 0) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_PROBLEM, directory, "statfs: %s", strerror(errno));
    return;
  }
  uint64_t left_bytes = (uint64_t)system.f_bavail * (uint64_t)system.f_bsize;
  svari_bytes_text(left_bytes, left);
  svari_bytes_text((uint64_t)system.f_blocks * (uint64_t)system.f_bsize, size);
  if (system.f_type != TMPFS_MAGIC && system.f_type != RAMFS_MAGIC) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_PROBLEM, directory,
                        "is not on a tmpfs: values would be written to a disk; set "
                        "SVAR_SEGMENT_DIR to a directory on one, such as /dev/shm");
  }
  if (left_bytes < least_bytes && system.f_blocks > 0) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_PROBLEM, directory,
                        "has %s of %s left: free some (`svar clean`), or enlarge it (mount -o "
                        "remount,size=..., docker run --shm-size=...)",
                        left, size);
  } else {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_OK, directory, "has %s of %s left", left, size);
  }
}

// The `huge=` option of the file system that the directory is on: the last mount whose point is a head
// of the path.
static void
find_huge_option(const char *path, char *option, size_t option_bytes)
{
  char line[LINE_BYTES];
  size_t longest = 0;
  FILE *mounts = fopen("/proc/self/mounts", "re");
  while (mounts != NULL && fgets(line, sizeof(line), mounts) != NULL) {
    char point[LINE_BYTES];
    char options[LINE_BYTES];
    if (sscanf(line, "%*s %1023s %*s %1023s", point, options) != 2) {
      continue;
    }
    size_t length = strcmp(point, "/") == 0 ? 0 : strlen(point);
    if (strncmp(path, point, length) == 0 && (path[length] == '/' || path[length] == '\0') &&
        length >= longest) {
      const char *found = strstr(options, "huge=");
      longest = length;
      snprintf(option, option_bytes, "%.*s", found != NULL ? (int)strcspn(found + 5, ",") : 5,
               found != NULL ? found + 5 : "never");
    }
  }
  if (mounts != NULL) {
    fclose(mounts);
  }
}

static bool
read_line(const char *path, char *line, size_t line_bytes)
{
  FILE *file = fopen(path, "re");
  bool is_read = file != NULL && fgets(line, (int)line_bytes, file) != NULL;
  if (file != NULL) {
    fclose(file);
  }
  line[is_read ? strcspn(line, "\n") : 0] = '\0';
  return is_read;
}

static void
examine_huge_pages(svari_diagnosis_t *diagnosis, const char *directory)
{
  char option[32] = "never";
  char system_wide[LINE_BYTES];
  char *path = realpath(directory, NULL);
  find_huge_option(path != NULL ? path : directory, option, sizeof(option));
  free(path);
  if (!read_line("/sys/kernel/mm/transparent_hugepage/shmem_enabled", system_wide,
                 sizeof(system_wide))) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_NOTE, "huge pages",
                        "this kernel has none for shared memory: the option huge_pages changes "
                        "nothing");
  } else if (strstr(system_wide, "[deny]") != NULL) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_NOTE, "huge pages",
                        "shmem_enabled is 'deny': the option huge_pages changes nothing; write "
                        "'advise' to /sys/kernel/mm/transparent_hugepage/shmem_enabled for it");
  } else {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_OK, "huge pages",
                        "mounted with huge=%s, shmem_enabled: %s; stores made with huge_pages get "
                        "them, as far as memory is in such pieces",
                        option, system_wide);
  }
}

// --- logind ----------------------------------------------------------------------------------------

// Reads the last `RemoveIPC=` of a file into *is_on.
static void
read_remove_ipc(const char *path, bool *is_on)
{
  char line[LINE_BYTES];
  FILE *file = fopen(path, "re");
  while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
    char value[16];
    if (sscanf(line, " RemoveIPC = %15s", value) == 1) {
      *is_on = strchr("nNfF0", value[0]) == NULL && strncasecmp(value, "off", 3) != 0;
    }
  }
  if (file != NULL) {
    fclose(file);
  }
}

static void
read_remove_ipc_folder(const char *folder, bool *is_on)
{
  struct dirent **entries = NULL;
  int count = scandir(folder, &entries, NULL, alphasort);
  for (int i = 0; i < count; ++i) {
    char path[LINE_BYTES];
    size_t length = strlen(entries[i]->d_name);
    if (length > 5 && strcmp(entries[i]->d_name + length - 5, ".conf") == 0) {
      snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
      read_remove_ipc(path, is_on);
    }
    free(entries[i]);
  }
  free(entries);
}

// logind removes what an ordinary user has in /dev/shm when the user's last session ends.
static void
examine_logind(svari_diagnosis_t *diagnosis, const char *directory)
{
  enum { FIRST_ORDINARY_USER = 1000 };
  bool is_on = true; // its default
  read_remove_ipc("/usr/lib/systemd/logind.conf", &is_on);
  read_remove_ipc("/etc/systemd/logind.conf", &is_on);
  read_remove_ipc_folder("/usr/lib/systemd/logind.conf.d", &is_on);
  read_remove_ipc_folder("/etc/systemd/logind.conf.d", &is_on);
  bool runs = access("/run/systemd/seats", F_OK) == 0;
  bool concerns = strncmp(directory, "/dev/shm", strlen("/dev/shm")) == 0;
  if (!runs || !is_on || !concerns) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_OK, "RemoveIPC",
                        "%s: stores outlive their user's session",
                        !runs    ? "logind does not run"
                        : !is_on ? "logind has RemoveIPC=no"
                                 : "logind does not look at this directory");
  } else if (geteuid() < FIRST_ORDINARY_USER) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_NOTE, "RemoveIPC",
                        "logind removes the stores of ordinary users when their last session "
                        "ends, not those of this system user");
  } else {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_PROBLEM, "RemoveIPC",
                        "logind removes this user's stores when the last session ends: set "
                        "RemoveIPC=no in /etc/systemd/logind.conf, or run as a system user");
  }
}

// --- kernel and limits -----------------------------------------------------------------------------

static void
examine_kernel(svari_diagnosis_t *diagnosis)
{
  char cpus[LINE_BYTES];
  bool has_tickless = read_line("/sys/devices/system/cpu/nohz_full", cpus, sizeof(cpus)) &&
                      cpus[0] != '\0' && strcmp(cpus, "(null)") != 0;
  long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  if (commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL) != 0) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_OK, "membarrier",
                        "the kernel has the barrier that makes repeated reads cheap");
  } else {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_NOTE, "membarrier",
                        "the kernel has no membarrier GLOBAL%s%s: each read costs a fence, some "
                        "nanoseconds",
                        has_tickless ? ", because of nohz_full CPUs "
                                     : " (or a sandbox forbids it)",
                        has_tickless ? cpus : "");
  }
}

static const char *
limit_text(rlim_t limit, char *text)
{
  if (limit == RLIM_INFINITY) {
    return "no limit";
  }
  return svari_bytes_text(limit, text);
}

static void
examine_limits(svari_diagnosis_t *diagnosis)
{
  const rlim_t least_address_space = (rlim_t)4 << 30; // two mappings of the least default capacity
  char text[SVARI_QUANTITY_TEXT_BYTES];
  struct rlimit limit;
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_OK, "RLIMIT_MEMLOCK",
                        "%s: what this user's processes may lock (lock_memory), unless they have "
                        "CAP_IPC_LOCK",
                        limit_text(limit.rlim_cur, text));
  }
  if (getrlimit(RLIMIT_AS, &limit) == 0) {
    bool is_low = limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < least_address_space;
    svari_diagnosis_add(diagnosis, is_low ? SVARI_FINDING_PROBLEM : SVARI_FINDING_OK, "RLIMIT_AS",
                        is_low ? "%s of address space: too little to map a store of the default "
                                 "capacity; raise it (ulimit -v), or set capacity_bytes"
                               : "%s of address space",
                        limit_text(limit.rlim_cur, text));
  }
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_NOTE, "RLIMIT_FSIZE",
                        "%s: no store can grow beyond that; raise it with ulimit -f",
                        limit_text(limit.rlim_cur, text));
  }
}

static void
examine_roudi(svari_diagnosis_t *diagnosis)
{
  bool is_running = false;
  if (svari_roudi_probe(&is_running, NULL) != SVAR_OK) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_NOTE, "RouDi", "%s", svar_error_message());
  } else {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_OK, "RouDi",
                        is_running ? "runs"
                                   : "does not run; only programs that send messages "
                                     "need it, and `svar launch` starts it for them");
  }
}

void
svari_doctor_machine(svari_diagnosis_t *diagnosis, const char *directory)
{
  if (examine_access(diagnosis, directory)) {
    examine_space(diagnosis, directory);
    examine_huge_pages(diagnosis, directory);
    examine_logind(diagnosis, directory);
  }
  examine_kernel(diagnosis);
  examine_limits(diagnosis);
  examine_roudi(diagnosis);
}
