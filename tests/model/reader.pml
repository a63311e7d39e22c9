// A reader: pins the newest version, looks the value up, reads it, releases it. store/slot.c, store/view.h.
#ifndef READS
#define READS 2
#endif
#ifndef PARKING
#define PARKING 0 // svari_header.can_revoke
#endif
#ifndef STARTS_PARKED
#define STARTS_PARKED 0 // 1: each reader has read version 1 before, and left its pin parked
#endif

// svari_pin_fenced(), one try. The holder stores the horizon and then loads the pin, both seq_cst too: it
// finds this pin, or this reader finds its horizon.
inline pin_fenced(me)
{
  load(me, VERSION, version); // acquire: the records of this version are complete
#if PARKING
  if
  :: version == previous -> store(me, PIN(me), PIN_WORD(version) + KEEP)
  :: else -> store(me, PIN(me), PIN_WORD(version))
  fi;
#else
  store(me, PIN(me), PIN_WORD(version));
#endif
#ifndef NO_FENCE
  fence(me); // the store of the pin is seq_cst, and so is the load of the horizon
#endif
#ifndef NO_RECHECK
  load(me, HORIZON, horizon)
#endif
}

// svari_pin_resume(): a pin that this thread left parked on the newest version is active again without a fence. The holder that
// takes parked pins away has every processor execute a fence between its store of the horizon and its look
// at the pins: either this store is then in memory, or the load of the horizon comes after.
inline pin_resume(me)
{
  load(me, VERSION, version); // acquire
  load(me, PIN(me), word); // acquire: it may have been released by another thread
  if
  :: word == PARKED_WORD(version) ->
    store(me, PIN(me), word + ACTIVE); // relaxed; a compiler barrier
#ifndef PARK_WITHOUT_RECHECK
    load(me, HORIZON, horizon); // acquire
#endif
    if
    :: horizon <= version -> is_pinned = true
    :: else -> store(me, PIN(me), 0) // nothing was read under it
    fi
  :: else
  fi;
  word = 0
}

inline pin(me)
{
  is_pinned = false;
  horizon = 0;
#if PARKING
  pin_resume(me);
#endif
  do
  :: is_pinned -> break
  :: else ->
    horizon = 0;
    pin_fenced(me);
    is_pinned = (horizon <= version)
  od;
  horizon = 0
}

// svari_view_search(): the largest begin <= version.
inline search(me)
{
  found = NONE;
  found_begin = 0;
  for (index : 0 .. RECORDS - 1) {
    d_step {
      true ->
      load_now(me, BEGIN(index), begin); // acquire: the record and the value behind it are whole
      if
      :: begin <= version && begin >= found_begin -> found = index; found_begin = begin
      :: else
      fi;
      begin = 0
    }
  }
  index = 0
}

// svari_view_record()
inline look_up(me)
{
  load(me, NEWEST, found); // acquire
  d_step { true -> load_now(me, BEGIN(found), found_begin) } // acquire
  if
  :: found_begin <= version
  :: else -> search(me)
  fi;
}

inline read_value(me)
{
  look_up(me);
  MUST(found != NONE, value_missing);
  if
  :: found != NONE ->
    holds[me] = found;
    load(me, LOW_WORD(found), low);
    load(me, HIGH_WORD(found), high);
    MUST(low == high, torn);
    MUST(low == value_of[version], wrong_value)
  :: else
  fi;
  MUST(version >= previous, version_went_back);
  atomic {
    previous = version;
    found = 0; found_begin = 0; low = 0; high = 0
  }
}

// svari_unpin(): release, after the loads of the value; pairs with the acquire of the scan. A pin word that
// is active is nobody else's to change, so the load may be plain.
inline unpin(me)
{
  holds[me] = NONE;
#if PARKING
  load(me, PIN(me), word);
  if
  :: (word & KEEP) != 0 -> store(me, PIN(me), word - ACTIVE)
  :: else -> store(me, PIN(me), 0)
  fi;
  word = 0
#else
  store(me, PIN(me), 0)
#endif
}

// svari_process_attach(): the record's lock, and what the last owner left cleared under it.
inline attach(me)
{
  atomic { borrows[me] = true; was_quiet = false }
  do
  :: is_attached -> break
  :: else -> try_lock(me, me, is_attached)
  od;
  store(me, PIN(me), 0); // clear_process()
  fence(me);
  borrows[me] = false
}

inline forget_everything(me)
{
  version = 0; previous = 0; horizon = 0; word = 0; is_pinned = false;
  found = 0; found_begin = 0; begin = 0; index = 0;
  low = 0; high = 0; reads = 0;
  is_attached = false;
  holds[me] = NONE;
  borrows[me] = false
}

proctype reader(byte me)
{
  byte version, horizon, word;
  byte found, found_begin, begin, index;
  byte low, high, reads;
  bool is_pinned;
  byte previous = STARTS_PARKED; // the version of the last read; 0: none
  bool is_attached = STARTS_PARKED;

live:
  {
    if
    :: is_attached
    :: else -> attach(me)
    fi;
    do
    :: reads < READS ->
      borrows[me] = true;
      pin(me);
      read_value(me);
      unpin(me);
      d_step { borrows[me] = false; version = 0; reads++ }
    :: else -> break
    od;
    has_ended[me] = true // holding on to its process record, and to a parked pin
  } UNLESS_READER_KILLED
  if
  :: is_killed[me] ->
    atomic {
      die(me);
      forget_everything(me)
    }
    goto live // another process
  :: else
  fi
}
