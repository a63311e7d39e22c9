// Waiting for a commit: the flag in the reader table, and the futex. store/wait.c.
//   spin -a tests/model/wait.pml
// A wake-up is lost when a waiter sleeps and nothing but the end of its sleep's slice (one second) will
// ever wake it, although what it waits for is there.
#ifndef WAITERS
#define WAITERS 1
#endif
#ifndef COMMITTERS
#define COMMITTERS 1 // threads of the holder
#endif
#ifndef LAST_VERSION
#define LAST_VERSION 2 // all wait until it comes
#endif
#ifndef WAITER_DEATHS
#define WAITER_DEATHS 0
#endif
#ifndef HOLDER_DEATHS
#define HOLDER_DEATHS 0
#endif
#ifndef REMOVE
#define REMOVE 0 // 1: svar_store_remove() after the last commit
#endif

#define VERSION 0 // svari_header.version, which is the futex word
#define WAITING 1 // svari_readers.waiting
#define RETIRED 2 // svari_header.retired
#define LOCATIONS 3
#define BUFFER_STORES 2

// Who: waiters come first, then the holder's threads.
#define PROCESSORS (WAITERS + COMMITTERS)

#include "memory.pml"

bool wakeup_lost; // spin prints the name of the property that is violated

// --- the kernel ------------------------------------------------------------------------------------

bool is_asleep[WAITERS];
bool is_killed[WAITERS];
bool has_ended[WAITERS];
bool is_holder_killed;
byte waiter_deaths = WAITER_DEATHS;
byte holder_deaths = HOLDER_DEATHS;
byte committers_at_work = COMMITTERS;

proctype killer()
{
end:
  do
  :: d_step {
      waiter_deaths > 0 && !has_ended[0] ->
      waiter_deaths--;
      is_killed[0] = true
    }
  :: d_step {
      holder_deaths > 0 && committers_at_work > 0 ->
      holder_deaths--;
      is_holder_killed = true
    }
  od
}

// FUTEX_WAIT: compared and asleep in one step, as seen by FUTEX_WAKE.
inline futex_wait(me, expected)
{
  d_step {
    true ->
#ifdef NO_COMPARE
    is_asleep[me] = true
#else
    is_asleep[me] = (memory[VERSION] == expected)
#endif
  }
  do
  :: !is_asleep[me] -> break
  :: timeout -> // nobody else can do anything
#ifdef NO_SLICE
    wakeup_lost = true;
    assert(!wakeup_lost);
#endif
    is_asleep[me] = false // ETIMEDOUT: wait_once() looks again
  od
}

inline futex_wake_all()
{
  d_step {
    true ->
    for (scan : 0 .. WAITERS - 1) {
      is_asleep[scan] = false
    }
    scan = 0
  }
}

// --- the waiter ------------------------------------------------------------------------------------

inline set_flag(me)
{
  store(me, WAITING, 1);
#ifndef FLAG_WITHOUT_FENCE
  fence(me) // seq_cst, and the load that follows
#endif
}

// sleep_on()
inline sleep_on(me)
{
  set_flag(me);
  load(me, VERSION, now);
  load(me, RETIRED, is_retired);
  if
  :: now == version && !is_retired -> futex_wait(me, version)
  :: else
  fi;
  now = 0
}

// svar_store_wait(): for each version that comes, or for the store's removal.
proctype waiter(byte me)
{
  byte version, after, now;
  bool is_retired;
  {
    do
    :: after == LAST_VERSION && (!REMOVE || is_retired) -> break
    :: else ->
      load(me, VERSION, version);
      if
      :: version > after -> after = version
      :: else ->
        load(me, RETIRED, is_retired);
        if
        :: is_retired
        :: else -> sleep_on(me)
        fi
      fi
    od;
    has_ended[me] = true
  } unless {
    is_killed[me]
  }
  if
  :: is_killed[me] ->
    atomic { lose_stores(me); is_asleep[me] = false } // the flag stays
  :: else
  fi
}

// --- the holder ------------------------------------------------------------------------------------

bool is_locked; // svari_writer.lock, a mutex of the holder's threads

inline lock_writer()
{
  d_step { !is_locked -> is_locked = true }
}

// svari_wake_prepare()
inline wake_prepare(me)
{
#ifdef CLEAR_AFTER_COMMIT
  skip
#else
  load(me, WAITING, flag); // relaxed
  if
  :: flag -> swap(me, WAITING, 1, 0, has_waiters) // seq_cst
  :: else
  fi;
  flag = false
#endif
}

// svari_wake()
inline wake(me)
{
#ifdef CLEAR_AFTER_COMMIT
  swap(me, WAITING, 1, 0, has_waiters);
#elif !defined(NO_LOOK_AFTER_COMMIT)
  load(me, WAITING, flag); // seq_cst, after the seq_cst store of the version
#endif
  if
  :: has_waiters || flag -> futex_wake_all()
  :: else
  fi;
  d_step { has_waiters = false; flag = false }
}

inline change(me, where, value)
{
  store(me, where, value);
#ifndef COMMIT_WITHOUT_FENCE
  fence(me) // seq_cst
#endif
}

// svar_transaction_commit(); svar_store_remove() has the same frame. A call that is refused wakes too.
inline commit(me)
{
  wake_prepare(me);
  lock_writer();
  load(me, VERSION, version);
  if
  :: version < LAST_VERSION -> change(me, VERSION, version + 1)
  :: else
  fi;
  is_locked = false;
  wake(me);
  version = 0
}

inline remove(me)
{
  wake_prepare(me);
  lock_writer();
  change(me, RETIRED, 1);
  is_locked = false;
  wake(me)
}

// One thread of the holder. With HOLDER_DEATHS there is only one.
proctype committer(byte me)
{
  byte version;
  bool flag, has_waiters;

alive:
  {
    do
    :: memory[VERSION] < LAST_VERSION -> commit(me)
    :: memory[VERSION] == LAST_VERSION -> break
    od;
#if REMOVE
    remove(me);
#endif
    committers_at_work--
  } unless {
    is_holder_killed // perhaps after it cleared the flag, and before it woke anybody
  }
  if
  :: is_holder_killed ->
    atomic {
      lose_stores(me);
      version = 0; flag = false; has_waiters = false;
      is_locked = false;
      is_holder_killed = false
    }
    goto alive // another process
  :: else
  fi
}

init {
  byte who;
  atomic {
    for (who : 0 .. WAITERS - 1) {
      run waiter(who)
    }
    for (who : WAITERS .. PROCESSORS - 1) {
      run committer(who)
    }
    for (who : 0 .. PROCESSORS - 1) {
      run processor(who)
    }
    run killer()
  }
}
