// Names for the places where dying leaves something else behind. The crash tests (tests/crash) compile
// the library once more with SVARI_CRASH_POINTS and kill processes at these places; everywhere else a
// point is no code at all.
#ifndef SVARI_STORE_CRASH_POINT_H
#define SVARI_STORE_CRASH_POINT_H

#ifdef SVARI_CRASH_POINTS

typedef struct svari_crash_point {
  const char *name;
} svari_crash_point_t;

// The linker gathers all points of a program in one array. Defined by the tests.
void svari_crash_reach(const svari_crash_point_t *point);

#define SVARI_CRASH_POINT(text)                                                                    \
  do {                                                                                             \
    static svari_crash_point_t svari_point                                                         \
        __attribute__((section("svari_crash_points"), used)) = {text};                             \
    svari_crash_reach(&svari_point);                                                               \
  } while (0)

#else
#define SVARI_CRASH_POINT(text) ((void)0)
#endif

#endif
