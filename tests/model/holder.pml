// The holder: commits, reclaims, and takes over from one that was killed. store/writer.c, store/room.c,
// store/resume.c. What it loads of its own words is read as it was stored: nobody else writes them.

// svari_record_state_t. A record without a buffer counts as FREE.
#define FREE 0
#define LIVE 1
#define RETIRED 2

// --- the scan --------------------------------------------------------------------------------------

// is_pinned(): a pin p keeps what lives in [begin, end), if begin <= p < end.
#define KEEPS(reader)                                                                                \
  (pinned[reader] != 0 && begin <= PIN_VERSION(pinned[reader]) && PIN_VERSION(pinned[reader]) < end[at])

inline raise_horizon()
{
  store(HOLDER, HORIZON, version);
  fence(HOLDER) // seq_cst
}

// scan_pins(): parked pins count as active ones do.
inline scan_pins()
{
#ifdef RECLAIM_IGNORES_OLD_PIN
  load(HOLDER, HORIZON, old_horizon);
#endif
#ifndef SCAN_BEFORE_HORIZON
  raise_horizon();
#endif
  for (at : 0 .. READERS - 1) {
    load(HOLDER, PIN(at), pinned[at]); // seq_cst, and acquire: what was read under a pin that ended
#ifdef RECLAIM_IGNORES_OLD_PIN
    if
    :: PIN_VERSION(pinned[at]) < old_horizon -> pinned[at] = 0 // "its reader will try again"
    :: else
    fi;
#endif
#ifdef SCAN_SKIPS_PARKED
    if
    :: !IS_ACTIVE(pinned[at]) -> pinned[at] = 0
    :: else
    fi
#endif
  }
  atomic { at = 0; old_horizon = 0 }
#ifdef SCAN_BEFORE_HORIZON
  raise_horizon()
#endif
}

// revoke_parked(): frees the parked pins of older versions.
inline revoke_parked()
{
  raise_horizon();
#ifndef PARK_WITHOUT_BARRIER
  global_barrier(HOLDER);
#endif
  for (at : 0 .. READERS - 1) {
    load(HOLDER, PIN(at), word);
    if
    :: word != 0 && !IS_ACTIVE(word) && PIN_VERSION(word) < version ->
#ifdef REVOKE_BY_STORE
      store(HOLDER, PIN(at), 0);
      fence(HOLDER);
#else
      swap(HOLDER, PIN(at), word, 0, has_swapped);
#endif
      has_swapped = false
    :: else
    fi
  }
  atomic { at = 0; word = 0 }
}

// svari_writer_reclaim(), what follows its scan.
inline free_unpinned()
{
  for (at : 0 .. RECORDS - 1) {
    load(HOLDER, BEGIN(at), begin);
    if
    :: state[at] == RETIRED && !ANY_READER(KEEPS) ->
      store(HOLDER, BEGIN(at), NONE); // free_record()
      d_step { state[at] = FREE; end[at] = 0 }
    :: else
    fi
  }
  atomic { at = 0; begin = 0 }
}

// svari_process_reap(): who gets the lock of a process record knows that its owner is dead.
inline reap()
{
  for (at : 0 .. READERS - 1) {
#if defined(REUSE_ON_PID_DEATH)
    has_lock = true; // no such pid: the reader is in another pid namespace
#elif defined(KEEP_ON_PID_REUSE)
    has_lock = false; // the pid is alive: another program has it by now
#else
    try_lock(HOLDER, at, has_lock);
#endif
    if
    :: has_lock ->
#ifdef REAP_AFTER_UNLOCK
      unlock(at);
#endif
      store(HOLDER, PIN(at), 0); // clear_process()
      fence(HOLDER);
#if !defined(REAP_AFTER_UNLOCK) && !defined(REUSE_ON_PID_DEATH)
      unlock(at);
#endif
      has_lock = false
    :: else
    fi
  }
  at = 0
}

// --- finding a buffer ------------------------------------------------------------------------------

inline find_free()
{
  d_step {
    record = NONE;
    for (at : 0 .. RECORDS - 1) {
      if
      :: record == NONE && state[at] == FREE -> record = at
      :: else
      fi
    }
    at = 0
  }
}

// What blocked the holder is different: the pin, or the life of its owner; or a parked pin can be revoked.
#define HAS_CHANGED(reader)                                                                          \
  (pinned[reader] != 0 && (memory[PIN(reader)] != pinned[reader] || locked_by[reader] != reader ||   \
                           !IS_ACTIVE(pinned[reader])))

// reap_and_reclaim(), then the parked pins, then SVAR_ERR_BUSY: the caller tries again some time, here when
// that can help.
inline find_room_hard()
{
  do
  :: record != NONE -> break
  :: else ->
    was_quiet = !ANY_READER(IS_BUSY);
    reap();
    scan_pins();
    free_unpinned();
    find_free();
#if PARKING && !defined(NO_REVOKE)
    if
    :: record == NONE ->
      revoke_parked();
      scan_pins();
      free_unpinned();
      find_free()
    :: else
    fi;
#endif
    if
    :: record == NONE ->
      MUST(!was_quiet, stuck_for_nobody);
      ANY_READER(HAS_CHANGED)
    :: else
    fi;
    was_quiet = false
  od
}

// find_room(), with a ring that is too short for a new buffer to be the way out.
inline find_room()
{
  find_free();
  if
  :: record == NONE ->
    scan_pins();
    free_unpinned();
    find_free();
    find_room_hard();
    for (at : 0 .. READERS - 1) {
      pinned[at] = 0
    }
    at = 0
  :: else
  fi
}

// --- commit ----------------------------------------------------------------------------------------

inline fill(value)
{
  MUST(!ANY_READER(HOLDS), pinned_buffer_written);
  store(HOLDER, LOW_WORD(record), value);
  store(HOLDER, HIGH_WORD(record), value)
}

// publish(), less the hint.
inline publish()
{
  store(HOLDER, BEGIN(record), version + 1); // release: the value and the record are whole
  d_step {
    state[newest] = RETIRED;
    end[newest] = version + 1;
    state[record] = LIVE;
    newest = record
  }
}

inline store_hint()
{
  store(HOLDER, NEWEST, newest) // release: after begin
}

// next_version(): the commit point. seq_cst, thus release.
inline next_version(value)
{
  d_step { value_of[version + 1] = value; version++ }
  store(HOLDER, VERSION, version);
  fence(HOLDER)
}

inline report()
{
  reported = version // the caller of svar_transaction_commit() may tell the world
}

inline commit_value()
{
  find_room();
#ifndef PUBLISH_BEFORE_FILL
  fill(version + 1);
#endif
  publish();
#ifdef HINT_AFTER_VERSION
  next_version(version + 1);
  store_hint();
#else
  store_hint();
  next_version(version + 1);
#endif
#ifdef PUBLISH_BEFORE_FILL
  fill(version);
#endif
  record = 0;
  report()
}

// A transaction of other variables: this one's value lives through it.
inline commit_others()
{
  next_version(value_of[version]);
  report()
}

// --- resume ----------------------------------------------------------------------------------------

// sort_records(): drops unfinished records, adopts committed ones, finds the newest.
inline sort_records()
{
  for (at : 0 .. RECORDS - 1) {
    load(HOLDER, BEGIN(at), begin);
#ifdef RESUME_KEEPS_UNFINISHED
    if
    :: begin == NONE -> state[at] = FREE
#else
    if
    :: begin > version -> store(HOLDER, BEGIN(at), NONE)
#endif
    :: else ->
      d_step {
        state[at] = LIVE;
        if
        :: begin > newest_begin -> newest = at; newest_begin = begin
        :: else
        fi
      }
    fi
  }
  at = 0
}

// A committed record that is not the newest: its life ends with the next begin.
inline retire_older()
{
  d_step {
    for (at : 0 .. RECORDS - 1) {
      if
      :: state[at] == LIVE && at != newest ->
#ifdef RESUME_FORGETS_PINS
        state[at] = FREE // "its readers were the dead holder's"
#else
        state[at] = RETIRED;
        end[at] = NONE;
        for (other : 0 .. RECORDS - 1) {
          if
          :: state[other] != FREE && memory[BEGIN(other)] > memory[BEGIN(at)] &&
             memory[BEGIN(other)] < end[at] -> end[at] = memory[BEGIN(other)]
          :: else
          fi
        }
#endif
      :: else
      fi
    }
    at = 0; other = 0; begin = 0; newest_begin = 0
  }
}

inline resume()
{
  load(HOLDER, VERSION, version);
  MUST(version >= reported, commit_lost);
  sort_records();
#ifdef RESUME_RECOUNTS
  version = newest_begin; // "the newest value tells the version"
  store(HOLDER, VERSION, version);
#endif
  MUST(newest_begin == value_of[version], commit_lost);
  store_hint();
  retire_older()
}

inline forget_everything_held()
{
  for (at : 0 .. RECORDS - 1) {
    state[at] = FREE;
    end[at] = 0
  }
  for (at : 0 .. READERS - 1) {
    pinned[at] = 0
  }
  at = 0; other = 0; version = 0; newest = 0; newest_begin = 0; begin = 0;
  record = 0; word = 0; old_horizon = 0; fenced = 0;
  has_lock = false; has_swapped = false; was_quiet = false
}

proctype holder()
{
  byte version, newest, newest_begin, begin;
  byte state[RECORDS], end[RECORDS]; // svari_writer_record_t
  byte pinned[READERS];              // pin words, as the scan found them
  byte record, at, other, fenced, word;
  byte old_horizon;                  // of a mistake
  bool has_lock, has_swapped;

take_over:
  {
    resume();
    do
    :: version < LAST_VERSION -> commit_value()
#if OTHERS
    :: version < LAST_VERSION -> commit_others()
#endif
    :: version == LAST_VERSION -> break
    od;
    has_ended[HOLDER] = true
  } UNLESS_HOLDER_KILLED
  if
  :: is_killed[HOLDER] ->
    atomic {
      die(HOLDER);
      forget_everything_held()
    }
    goto take_over // by another process
  :: else
  fi
}
