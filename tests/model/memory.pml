// Shared memory as x86 has it (TSO): a store waits in its processor's buffer, first in first out, and
// reaches memory at any later moment; a load looks into the own buffer first, then into memory.
//
// What the C code writes for each step, and what gives the same on a machine that is weaker (ARM):
//   store()         a plain store, relaxed, or release. The buffer's order is what release promises:
//                   what was stored or loaded before it comes before it. Each place says which it needs.
//   load()          a plain load, relaxed, or acquire: loads here happen in program order, which is what
//                   acquire promises for what follows it.
//   store(); fence()  a store, memory_order_seq_cst: no later load happens before it is in memory.
//   swap()          an atomic read-modify-write: the buffer is empty before and after.

typedef store_buffer {
  byte count;
  byte location[BUFFER_STORES];
  byte value[BUFFER_STORES];
}

byte memory[LOCATIONS];
store_buffer buffer[PROCESSORS];
byte scan; // index of loops within one step; 0 between steps

// Waits for room in the buffer, as a processor does.
inline store(who, where, what)
{
  d_step {
    buffer[who].count < BUFFER_STORES ->
    buffer[who].location[buffer[who].count] = where;
    buffer[who].value[buffer[who].count] = what;
    buffer[who].count++
  }
}

// The youngest store of this processor to the place, if one waits; else memory. To be used in a d_step.
inline load_now(who, where, out)
{
  out = memory[where];
  scan = 0;
  do
  :: scan < buffer[who].count ->
    if
    :: buffer[who].location[scan] == where -> out = buffer[who].value[scan]
    :: else
    fi;
    scan++
  :: else -> break
  od;
  scan = 0
}

inline load(who, where, out)
{
  d_step { true -> load_now(who, where, out) }
}

// The processor goes on when its buffer has drained; drain() below makes that happen.
inline fence(who)
{
  buffer[who].count == 0
}

// Compare-and-swap. out: whether it swapped.
inline swap(who, where, old, new, out)
{
  d_step {
    buffer[who].count == 0 ->
    out = (memory[where] == old);
    if
    :: out -> memory[where] = new
    :: else
    fi
  }
}

// The oldest store reaches memory. To be used in a d_step.
inline drain_now(who)
{
  memory[buffer[who].location[0]] = buffer[who].value[0];
  buffer[who].count--;
  scan = 0;
  do
  :: scan < buffer[who].count ->
    buffer[who].location[scan] = buffer[who].location[scan + 1];
    buffer[who].value[scan] = buffer[who].value[scan + 1];
    scan++
  :: else -> break
  od;
  buffer[who].location[scan] = 0;
  buffer[who].value[scan] = 0;
  scan = 0
}

// A process is killed: some of the stores that wait reach memory, in order; the rest are lost. (Linux lets
// all of them arrive: losing some is as if the process had been killed earlier.)
inline lose_stores(who)
{
  do
  :: buffer[who].count > 0 -> drain_now(who)
  :: break
  od;
  do
  :: buffer[who].count > 0 ->
    buffer[who].count--;
    buffer[who].location[buffer[who].count] = 0;
    buffer[who].value[buffer[who].count] = 0
  :: else -> break
  od
}

// Each buffer drains when it likes.
proctype processor(byte who)
{
end:
  do
  :: d_step { buffer[who].count > 0 -> drain_now(who) }
  od
}
