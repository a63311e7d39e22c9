// What the kernel does: kill, lock, and the barrier of membarrier(2).
#ifndef HOLDER_DEATHS
#define HOLDER_DEATHS 0
#endif
#ifndef READER_DEATHS
#define READER_DEATHS 0
#endif

bool is_killed[PROCESSORS]; // SIGKILL is on its way; no step comes after it
bool has_ended[PROCESSORS]; // of its own will
byte holder_deaths = HOLDER_DEATHS; // still to come, at most
byte reader_deaths = READER_DEATHS;

// SIGKILL at any moment: a process's proctype is `{ its steps } UNLESS_..._KILLED`. (Where nobody is
// killed, spin then sees which steps concern nobody else.)
#if HOLDER_DEATHS > 0
#define UNLESS_HOLDER_KILLED unless { is_killed[HOLDER] }
#else
#define UNLESS_HOLDER_KILLED
#endif
#if READER_DEATHS > 0
#define UNLESS_READER_KILLED unless { is_killed[me] }
#else
#define UNLESS_READER_KILLED
#endif

// Of two readers only the first is killed.
proctype killer()
{
end:
  do
  :: d_step {
      holder_deaths > 0 && !is_killed[HOLDER] && !has_ended[HOLDER] ->
      holder_deaths--;
      is_killed[HOLDER] = true
    }
  :: d_step {
      reader_deaths > 0 && !is_killed[0] && !has_ended[0] ->
      reader_deaths--;
      is_killed[0] = true
    }
  od
}

// The byte lock of each reader's process record (an open-file-description lock), of whom it is: the kernel
// frees it when that process has ended, after its last store.
byte locked_by[READERS] = NONE;

// region->ops->process_lock()
inline try_lock(who, reader, out)
{
  d_step {
    true ->
    out = (locked_by[reader] == NONE);
    if
    :: out -> locked_by[reader] = who
    :: else
    fi
  }
}

inline unlock(reader)
{
  locked_by[reader] = NONE
}

// The end of a process that was killed.
inline die(who)
{
  lose_stores(who);
  for (scan : 0 .. READERS - 1) {
    if
    :: locked_by[scan] == who -> unlock(scan)
    :: else
    fi
  }
  scan = 0;
  is_killed[who] = false
}

// membarrier(MEMBARRIER_CMD_GLOBAL): an RCU grace period. Each processor executes a full fence at some
// moment between the call and its return, not all at the same one.
inline global_barrier(who)
{
  fence(who);
  for (fenced : 0 .. PROCESSORS - 1) {
    fence(fenced)
  }
}
