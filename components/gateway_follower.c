#include "gateway_follower.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "gateway_store.h"
#include "monotonic_clock.h"
#include "shared_variable/store.h"

// One name found in the directory.
typedef struct followed {
  char name[SVAR_STORE_NAME_BYTES];
  svari_gateway_store_t *store; // NULL: not open
  svar_ret_t reported; // the failure that was logged last; SVAR_OK: none since it went well
  bool is_listed;      // by the look at the directory under way
  bool is_ended;       // to be closed and forgotten
  struct followed *next;
} followed_t;

struct svari_gateway_follower {
  svari_gateway_follower_options_t options;
  int epoll_fd;
  int inotify_fd;  // -1: there is none, and only looks tell
  bool is_watched; // the directory, by inotify
  int64_t looked_ns;
  int64_t next_look_ns;
  size_t open_count;
  followed_t *first;
};

// Between two looks at a directory in which much happens, also to files that are no stores.
static const int64_t LOOK_PAUSE_NS = 10 * 1000 * 1000;

svar_ret_t
svari_gateway_follower_create(const svari_gateway_follower_options_t *options,
                              svari_gateway_follower_t **out_follower)
{
  svari_gateway_follower_t *follower = calloc(1, sizeof(*follower));
  if (follower == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to follow stores");
  }
  follower->options = *options;
  follower->inotify_fd = -1;
  follower->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (follower->epoll_fd < 0) {
    free(follower);
    return svar_fail(SVAR_ERR_SYSTEM, "no epoll descriptor to follow stores with: %s",
                     strerror(errno));
  }
  *out_follower = follower;
  return SVAR_OK;
}

static void
close_store(svari_gateway_follower_t *follower, followed_t *followed)
{
  if (followed->store != NULL) {
    // Not forgotten with the last of our descriptors: the holder has one of the same eventfd.
    epoll_ctl(follower->epoll_fd, EPOLL_CTL_DEL, svari_gateway_store_watch_fd(followed->store),
              NULL);
    svari_gateway_store_close(followed->store);
    followed->store = NULL;
    follower->open_count--;
  }
}

void
svari_gateway_follower_destroy(svari_gateway_follower_t *follower)
{
  if (follower == NULL) {
    return;
  }
  while (follower->first != NULL) {
    followed_t *followed = follower->first;
    follower->first = followed->next;
    close_store(follower, followed);
    free(followed);
  }
  if (follower->inotify_fd >= 0) {
    close(follower->inotify_fd);
  }
  close(follower->epoll_fd);
  free(follower);
}

// data: what the event is about; NULL: the directory.
static svar_ret_t
watch(const svari_gateway_follower_t *follower, int fd, followed_t *data)
{
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
  if (epoll_ctl(follower->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "a descriptor cannot be watched: %s", strerror(errno));
  }
  return SVAR_OK;
}

// Without inotify (its instances are limited for each user), or as long as there is no such directory, looks
// at intervals do.
static void
watch_directory(svari_gateway_follower_t *follower)
{
  const char *directory = getenv("SVAR_SEGMENT_DIR"); // as store.h has it
  if (follower->inotify_fd < 0) {
    follower->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (follower->inotify_fd >= 0 && watch(follower, follower->inotify_fd, NULL) != SVAR_OK) {
      close(follower->inotify_fd);
      follower->inotify_fd = -1;
    }
  }
  follower->is_watched =
      follower->inotify_fd >= 0 &&
      inotify_add_watch(follower->inotify_fd, directory != NULL ? directory : "/dev/shm",
                        IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF) >= 0;
}

static bool
is_wanted(const char *patterns, const char *name)
{
  char pattern[SVAR_STORE_NAME_BYTES];
  for (const char *at = patterns; *at != '\0';) {
    size_t length = strcspn(at, ",");
    snprintf(pattern, sizeof(pattern), "%.*s", (int)length, at);
    if (fnmatch(pattern, name, 0) == 0) {
      return true;
    }
    at += length + (at[length] == ',');
  }
  return false;
}

// What goes wrong again and again is told once.
static void
report(const svari_gateway_follower_t *follower, followed_t *followed, svar_ret_t ret)
{
  if (ret != followed->reported) {
    svari_gateway_news_add(follower->options.news, SVAR_LOG_WARN, "no events of %s now: %s",
                           followed->name, svar_error_message());
  }
  followed->reported = ret;
}

static svar_ret_t
open_store(svari_gateway_follower_t *follower, followed_t *followed)
{
  if (follower->open_count == follower->options.most) {
    return svar_fail(SVAR_ERR_NO_SPACE,
                     "%zu stores are followed, as many as the parameter max_stores allows: give a "
                     "larger one, or name the stores that matter with the parameter stores",
                     follower->open_count);
  }
  SVAR_TRY(svari_gateway_store_open(followed->name, follower->options.messages, &followed->store));
  follower->open_count++;
  svar_ret_t ret = watch(follower, svari_gateway_store_watch_fd(followed->store), followed);
  if (ret != SVAR_OK) {
    close_store(follower, followed);
  }
  return ret;
}

// Opens what is not open, tells what is new. Only what ends all messages is an error.
static svar_ret_t
attend(svari_gateway_follower_t *follower, followed_t *followed)
{
  bool was_open = followed->store != NULL;
  svar_ret_t ret =
      was_open ? svari_gateway_store_tell(followed->store) : open_store(follower, followed);
  switch (ret) {
  case SVAR_OK:
    if (!was_open || followed->reported != SVAR_OK) {
      svari_gateway_news_add(follower->options.news, SVAR_LOG_INFO, "following %s", followed->name);
    }
    followed->reported = SVAR_OK;
    return SVAR_OK;
  case SVAR_ERR_STALE: // a next one of that name is found by the next look
    followed->is_ended = true;
    follower->next_look_ns = 0;
    return SVAR_OK;
  case SVAR_ERR_NOT_FOUND: // gone since it was listed, or its creation was cut short
    return SVAR_OK;
  case SVAR_ERR_MESSAGES:
    return ret;
  default:
    report(follower, followed, ret);
    return SVAR_OK;
  }
}

static followed_t *
find(const svari_gateway_follower_t *follower, const char *name)
{
  followed_t *followed = follower->first;
  while (followed != NULL && strcmp(followed->name, name) != 0) {
    followed = followed->next;
  }
  return followed;
}

static bool
note_listed(const char *name, uid_t owner, void *context)
{
  svari_gateway_follower_t *follower = context;
  if (owner != geteuid() || !is_wanted(follower->options.patterns, name)) {
    return true;
  }
  followed_t *followed = find(follower, name);
  if (followed == NULL) {
    followed = calloc(1, sizeof(*followed));
    if (followed == NULL) {
      return false; // the next look tries again
    }
    snprintf(followed->name, sizeof(followed->name), "%s", name);
    followed->next = follower->first;
    follower->first = followed;
  }
  followed->is_listed = true;
  return true;
}

// Forgets the ended. Each is closed where no event of its descriptor is left to be dealt with.
static void
sweep(svari_gateway_follower_t *follower)
{
  for (followed_t **at = &follower->first; *at != NULL;) {
    followed_t *followed = *at;
    if (followed->is_ended) {
      *at = followed->next;
      if (followed->store != NULL) {
        svari_gateway_news_add(follower->options.news, SVAR_LOG_INFO, "%s is gone", followed->name);
      }
      close_store(follower, followed);
      free(followed);
    } else {
      at = &followed->next;
    }
  }
}

// What the directory lists no more has ended, also if nobody said so.
static void
end_unlisted(followed_t *followed)
{
  if (!followed->is_listed && !followed->is_ended) {
    followed->is_ended = true;
    if (followed->store != NULL) {
      (void)!svari_gateway_store_tell_removed(followed->store); // nothing is to be saved
    }
  }
}

static svar_ret_t
look(svari_gateway_follower_t *follower)
{
  if (!follower->is_watched) {
    watch_directory(follower);
  }
  follower->looked_ns = svari_now_ns();
  follower->next_look_ns = follower->looked_ns + follower->options.scan_ns;
  for (followed_t *at = follower->first; at != NULL; at = at->next) {
    at->is_listed = false;
  }
  if (svar_store_list(NULL, note_listed, follower) != SVAR_OK) {
    follower->is_watched = false; // there is no directory (yet): ask inotify again next time
    return SVAR_OK;
  }
  for (followed_t *at = follower->first; at != NULL; at = at->next) {
    end_unlisted(at);
    if (!at->is_ended) {
      SVAR_TRY(attend(follower, at));
    }
  }
  sweep(follower);
  return SVAR_OK;
}

// What happened does not matter: the next look tells. Not at once if the last one was just now.
static void
take_directory_events(svari_gateway_follower_t *follower)
{
  char events[4096] __attribute__((aligned(8)));
  ssize_t length;
  while ((length = read(follower->inotify_fd, events, sizeof(events))) > 0) {
    for (char *at = events; at < events + length;) {
      const struct inotify_event *event = (const struct inotify_event *)at;
      if ((event->mask & IN_IGNORED) != 0) {
        follower->is_watched = false; // the directory was removed
      }
      at += sizeof(*event) + event->len;
    }
  }
  int64_t soon_ns = follower->looked_ns + LOOK_PAUSE_NS;
  if (soon_ns < follower->next_look_ns) {
    follower->next_look_ns = soon_ns;
  }
}

static svar_ret_t
wait_for_events(svari_gateway_follower_t *follower, int longest_ms, struct epoll_event *events,
                int room, int *out_count)
{
  int64_t left_ns = follower->next_look_ns - svari_now_ns();
  int left_ms = left_ns <= 0                              ? 0
                : left_ns > INT64_C(1000000) * longest_ms ? longest_ms
                                                          : (int)((left_ns + 999999) / 1000000);
  int count = epoll_wait(follower->epoll_fd, events, room, left_ms);
  if (count < 0 && errno != EINTR) {
    return svar_fail(SVAR_ERR_SYSTEM, "waiting for stores: %s", strerror(errno));
  }
  *out_count = count < 0 ? 0 : count;
  return SVAR_OK;
}

svar_ret_t
svari_gateway_follower_turn(svari_gateway_follower_t *follower, int longest_ms)
{
  struct epoll_event events[32];
  int count = 0;
  SVAR_TRY(wait_for_events(follower, longest_ms, events, 32, &count));
  for (int i = 0; i < count; i++) {
    if (events[i].data.ptr == NULL) {
      take_directory_events(follower);
    } else {
      SVAR_TRY(attend(follower, events[i].data.ptr));
    }
  }
  sweep(follower);
  return svari_now_ns() >= follower->next_look_ns ? look(follower) : SVAR_OK;
}
