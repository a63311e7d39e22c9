#include "ipc/service_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 64, MOST_FDS = 2, MOST_GROUPS = 256 };

static svar_ret_t
fail_socket(const char *what, const char *path, int error)
{
  svar_ret_t code = error == EACCES || error == EPERM ? SVAR_ERR_PERMISSION : SVAR_ERR_SYSTEM;
  return svar_fail(code, "%s the service socket '%s': %s", what, path, strerror(error));
}

// --- addresses -------------------------------------------------------------------------------------

// An address for path. One that is too long is reached through a descriptor of its directory, which the caller
// closes when it has used the address.
static int
make_address(const char *path, struct sockaddr_un *out_address, int *out_directory_fd)
{
  *out_address = (struct sockaddr_un){.sun_family = AF_UNIX};
  *out_directory_fd = SVARI_NO_FD;
  const size_t room = sizeof(out_address->sun_path);
  if (strlen(path) < room) {
    memcpy(out_address->sun_path, path, strlen(path) + 1);
    return 0;
  }
  char directory[PATH_MAX];
  const char *file_name = strrchr(path, '/');
  if (file_name == NULL || file_name == path) {
    return ENAMETOOLONG;
  }
  snprintf(directory, sizeof(directory), "%.*s", (int)(file_name - path), path);
  int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return errno;
  }
  int length = snprintf(out_address->sun_path, room, "/proc/self/fd/%d/%s", fd, file_name + 1);
  if (length < 0 || (size_t)length >= room) {
    close(fd);
    return ENAMETOOLONG;
  }
  *out_directory_fd = fd;
  return 0;
}

static void
close_fd(int fd)
{
  if (fd != SVARI_NO_FD) {
    close(fd);
  }
}

// Calls bind() or connect(). Returns 0 or an errno.
static int
use_address(int fd, const char *path, int (*call)(int, const struct sockaddr *, socklen_t))
{
  struct sockaddr_un address;
  int directory_fd;
  int error = make_address(path, &address, &directory_fd);
  if (error == 0 && call(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
    error = errno;
  }
  close_fd(directory_fd);
  return error;
}

// --- listening -------------------------------------------------------------------------------------

// bind() cuts the mode by the umask, and makes the file in the process's own group.
static int
set_access(const char *path, mode_t mode, gid_t group)
{
  struct stat status;
  if (lstat(path, &status) != 0) {
    return errno;
  }
  if (status.st_gid != group && lchown(path, (uid_t)-1, group) != 0) {
    return errno;
  }
  return chmod(path, mode) == 0 ? 0 : errno;
}

svar_ret_t
svari_socket_listen(const char *path, mode_t mode, gid_t group, int *out_fd)
{
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return fail_socket("making", path, errno);
  }
  unlink(path);
  int error =
      fchmod(fd, 0600) == 0 ? 0 : errno; // what bind() starts from: never more than asked for
  if (error == 0 && (error = use_address(fd, path, bind)) == 0) {
    error = set_access(path, mode, group);
    if (error == 0 && listen(fd, BACKLOG) != 0) {
      error = errno;
    }
    if (error != 0) {
      unlink(path);
    }
  }
  if (error != 0) {
    close(fd);
    return fail_socket("opening", path, error);
  }
  *out_fd = fd;
  return SVAR_OK;
}

// --- connecting ------------------------------------------------------------------------------------

static struct timeval
to_timeval(int64_t duration_ns)
{
  if (duration_ns < 0) {
    return (struct timeval){0, 0}; // no limit
  }
  duration_ns = duration_ns < 1000 ? 1000 : duration_ns;
  return (struct timeval){.tv_sec = duration_ns / 1000000000,
                          .tv_usec = duration_ns % 1000000000 / 1000};
}

void
svari_socket_set_timeout(int fd, int64_t timeout_ns)
{
  struct timeval timeout = to_timeval(timeout_ns);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
}

static svar_ret_t
connect_to(int fd, const char *path, uid_t owner, int64_t timeout_ns)
{
  svari_socket_set_timeout(fd, timeout_ns);
  int error = use_address(fd, path, connect);
  switch (error) {
  case 0:
    break;
  case ENOENT:
  case ECONNREFUSED:
    return SVAR_EMPTY;
  case EAGAIN:
    return SVAR_TIMEOUT;
  default:
    return fail_socket("connecting to", path, error);
  }
  svari_credentials_t credentials;
  if (!svari_socket_credentials(fd, &credentials) || credentials.uid != owner) {
    return svar_fail(SVAR_ERR_PERMISSION,
                     "'%s' is served by process %d of user %u, not by the store's owner %u", path,
                     credentials.pid, credentials.uid, owner);
  }
  return SVAR_OK;
}

svar_ret_t
svari_socket_connect(const char *path, uid_t owner, int64_t timeout_ns, int *out_fd)
{
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return fail_socket("making a socket for", path, errno);
  }
  svar_ret_t ret = connect_to(fd, path, owner, timeout_ns);
  if (ret != SVAR_OK) {
    close(fd);
    return ret;
  }
  *out_fd = fd;
  return SVAR_OK;
}

// --- who is there ----------------------------------------------------------------------------------

bool
svari_socket_credentials(int fd, svari_credentials_t *out_credentials)
{
  struct ucred credentials = {.uid = (uid_t)-1, .gid = (gid_t)-1};
  socklen_t size = sizeof(credentials);
  bool is_known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0;
  *out_credentials = (svari_credentials_t){credentials.pid, credentials.uid, credentials.gid};
  return is_known;
}

bool
svari_socket_is_in_group(int fd, const svari_credentials_t *credentials, gid_t group)
{
  if (credentials->gid == group) {
    return true;
  }
  gid_t groups[MOST_GROUPS]; // who is in more is judged by its own group alone
  socklen_t size = sizeof(groups);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0) {
    return false;
  }
  for (size_t i = 0; i < size / sizeof(groups[0]); i++) {
    if (groups[i] == group) {
      return true;
    }
  }
  return false;
}

// --- packets ---------------------------------------------------------------------------------------

// Room for one descriptor more than is wanted, as the kernel rounds it up anyway: what comes must be closed.
typedef union control {
  char bytes[CMSG_SPACE(MOST_FDS * sizeof(int))];
  struct cmsghdr align;
} control_t;

static void
attach_fd(struct msghdr *message, control_t *control, int fd)
{
  memset(control, 0, sizeof(*control));
  message->msg_control = control->bytes;
  message->msg_controllen = CMSG_SPACE(sizeof(int));
  struct cmsghdr *head = CMSG_FIRSTHDR(message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(head), &fd, sizeof(fd));
}

int
svari_packet_send(int socket, const void *head, size_t head_bytes, const void *tail,
                  size_t tail_bytes, int fd, int flags)
{
  struct iovec parts[] = {{(void *)(uintptr_t)head, head_bytes},
                          {(void *)(uintptr_t)tail, tail_bytes}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = tail_bytes > 0 ? 2 : 1};
  control_t control;
  if (fd != SVARI_NO_FD) {
    attach_fd(&message, &control, fd);
  }
  ssize_t sent;
  do {
    sent = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

// The first descriptor of the message; any other is closed and counted.
static int
detach_fds(struct msghdr *message, int *out_count)
{
  int first = SVARI_NO_FD;
  *out_count = 0;
  for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
       head = CMSG_NXTHDR(message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
      if ((*out_count)++ == 0) {
        first = fd;
      } else {
        close(fd);
      }
    }
  }
  return first;
}

int
svari_packet_receive(int socket, void *buffer, size_t room_bytes, int flags,
                     svari_packet_t *out_packet, bool *out_is_end)
{
  struct iovec part = {buffer, room_bytes};
  control_t control;
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof(control.bytes)};
  ssize_t received;
  *out_is_end = false;
  do {
    received = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  if (received < 0) {
    return errno;
  }
  int fd_count;
  int fd = detach_fds(&message, &fd_count);
  if (received == 0) { // the end; an empty packet has no more to say
    close_fd(fd);
    *out_is_end = true;
    return ECONNRESET;
  }
  *out_packet = (svari_packet_t){
      .size_bytes = (size_t)received,
      .fd = fd,
      .is_whole = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 && fd_count <= 1,
  };
  return 0;
}
