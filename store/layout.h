// The bytes that processes share: two files a store, laid out here and nowhere else.
//
// STATE FILE. Written by the holder alone; everyone else maps it PROT_READ.
//   offset 0                  header, one page
//   header.directory[k]       block k of the directory: DIRECTORY_BLOCK_ENTRIES << k entries
//   anywhere else             values, 64-byte aligned
// Offsets, never pointers. The file grows at its end as values need room; nothing in it moves, so an
// offset is an address in every process for as long as the store lives.
//
// READER TABLE. Mapped read-write by all, believed by nobody: a pin there can only keep versions
// alive, and a pin missing there can only harm the reads of the group that may write the table.
//
// THE PROTOCOL (all of store/ rests on this)
//   A variable is a ring of records, each {begin, where, shape}: the record with the largest
//   begin <= V is the variable's value in version V. Its life is [begin, end), end being the begin of
//   the next record.
//   commit   fill records with begin = V+1, then store header.version = V+1 (release). That one store
//            makes the whole transaction visible. A crash before it leaves records with
//            begin > version: readers skip them, resume drops them.
//   pin      load version (acquire); store it to a free pin word of the thread's slot (seq_cst); load
//            header.horizon (seq_cst); if horizon > version, again. No lock, no system call.
//   reclaim  store header.horizon = version (seq_cst); load every pin (seq_cst). In the one order of
//            these four, either the pin comes before its load, and the scan finds it, or the horizon
//            comes before its load, and the reader tries again with a version >= the horizon, whose
//            records the scan does not touch. A record of life [begin, end) is free when
//            end <= horizon and no pin p has begin <= p < end; an old pin keeps its own version only.
//            Records may name one buffer together: it is written again when all of them are free.
//   park     a thread that reads a version for the second time leaves its pin in the word when it is
//            done, marked as parked (variable/pin.h). To the holder that is a pin like any other.
//   resume   the thread finds its word parked on the version that it loaded: a plain store marks it as
//            in use again, a plain load looks at the horizon. No fence: the word pinned the version all
//            the while.
//   revoke   what a holder does that is out of room: store header.horizon = version; membarrier(2) in
//            its slow form, which returns when every CPU has executed a full fence; then parked pins of
//            versions below the horizon are freed. Either the fence comes after a resuming reader's
//            store, and the holder finds the word in use, or it comes before that reader's load, which
//            finds the horizon: the reader pins anew.
// docs/design/0001-state-plane.md tells why a pin is ordered like this.
#ifndef SVARI_STORE_LAYOUT_H
#define SVARI_STORE_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "shared_variable/store.h"
#include "shared_variable/type.h"
#include "variable/pin.h"

// Raised by every change of the layout; the hash below catches what a person forgets to raise.
#define SVARI_LAYOUT_NUMBER 6u
#define SVARI_STATE_MAGIC UINT64_C(0x3145544154535653)   // "SVSTATE1"
#define SVARI_READERS_MAGIC UINT64_C(0x3152444145525653) // "SVREADR1"

enum {
  SVARI_PAGE_BYTES = 4096,
  SVARI_ALIGNMENT = 64,    // of every value
  SVARI_RING_RECORDS = 16, // versions of one variable that can be alive at once
  SVARI_NAME_BYTES = 256,
  SVARI_DIRECTORY_BLOCKS = 16,
  SVARI_DIRECTORY_BLOCK_ENTRIES = 16, // in block 0; each next block has twice as many
  SVARI_SLOT_PINS = 7,
  SVARI_SLOTS = 4096,
  SVARI_PROCESSES = 512,
  SVARI_DEVICES = 16, // GPUs that a store can have variables on
  SVARI_UUID_BYTES = 16
};

#define SVARI_CAPACITY_MAX                                                                         \
  (UINT64_C(1) << 46) // half of what processes can address on most machines

#define SVARI_BEGIN_NONE UINT64_MAX // begin of a record that holds no version
// A version beyond this is no commit's: a thousand million commits a second take 73 years to get here.
#define SVARI_VERSION_MAX (UINT64_C(1) << 61)

// Offsets that are none, and so beyond every bound that readers check an offset against. UNSET: the
// variable has no value in this version. ADDRESS, with an address below it: bytes of the process that
// owns the (private) store, outside of its memory.
#define SVARI_OFFSET_UNSET UINT64_MAX
#define SVARI_OFFSET_ADDRESS (UINT64_C(1) << 63)

static inline bool
svari_offset_is_address(uint64_t offset)
{
  return offset >= SVARI_OFFSET_ADDRESS && offset != SVARI_OFFSET_UNSET;
}

// One version of one variable. Written while its begin is NONE; immutable until it is reclaimed.
typedef struct svari_record {
  uint64_t offset;     // of the bytes, in their space; several records may name the same
  uint64_t size_bytes; // of the value
  uint64_t room_bytes; // of the buffer at offset; the holder's business
  uint32_t
      region; // device memory that offset is in, as svari_device_entry_t numbers it; 0: this file
  uint32_t reserved;
  int64_t shape[SVAR_NDIM_MAX];
} svari_record_t;

// One variable. Everything above `newest` is written once, before header.variable_count covers it.
typedef struct svari_entry {
  uint64_t name_hash;
  svar_dtype_t dtype;
  int32_t ndim;
  uint32_t broadcastable;
  uint32_t flags; // of the type, and of the GPU: svari_entry_flags()
  // Index of the newest record: a hint that saves readers the search. Stored after the record's begin
  // and before header.version, so a reader of version V finds the hint at V's record or a later one;
  // a later one has begin > V, and the reader searches.
  _Atomic uint32_t newest;
  uint8_t pad[36];
  _Atomic uint64_t begin[SVARI_RING_RECORDS];
  svari_record_t records[SVARI_RING_RECORDS];
  char name[SVARI_NAME_BYTES];
} svari_entry_t;

// A GPU that variables lie on.
//
// A holder's memory there is a region, and its number is given once in the life of the store. So a record
// tells whether its value lies in memory that this process has, and a next holder's offsets, which are of
// other memory, are never looked up in the wrong one.
typedef struct svari_device_entry {
  uint8_t uuid[SVARI_UUID_BYTES]; // written once, before header.device_count covers it
  _Atomic uint32_t region;        // the holder's there; 0: none yet
  uint32_t reserved;
} svari_device_entry_t;

typedef struct svari_header {
  // Written before the file has a name, then constant.
  uint64_t magic;
  uint32_t layout_number;
  uint32_t header_bytes;
  uint64_t layout_hash;
  uint8_t generation[16]; // a UUID: tells a store from the next one under the same name
  uint64_t capacity_bytes;
  int64_t created_ns;
  char name[SVARI_NAME_BYTES];
  uint8_t pad0[4096 / 8 - 56 - SVARI_NAME_BYTES];
  // The holder's words. Each on lines of its own: readers poll version and horizon.
  _Alignas(128) _Atomic uint64_t version; // the commit point; its low half is the futex word
  _Atomic int64_t committed_ns;
  _Alignas(128) _Atomic uint64_t horizon; // no record that ended before this is safe to pin
  _Atomic uint32_t retired;               // 1: removed or replaced; no newer version will come
  _Atomic uint32_t can_revoke; // 1: the holder can take parked pins away: readers may park
  _Alignas(128) _Atomic uint64_t variable_count;
  _Atomic uint64_t end_bytes; // of the part of the file that is in use
  _Atomic int32_t holder_pid; // for people; the lock decides who holds
  int32_t reserved;
  _Atomic uint64_t directory[SVARI_DIRECTORY_BLOCKS]; // offsets of the blocks; 0: none yet
  uint32_t last_region;                               // that a number was given to
  _Atomic uint32_t device_count;
  svari_device_entry_t devices[SVARI_DEVICES]; // number n of an entry's flags is devices[n - 1]
  // For people: what the holder has of GPUs, from nothing when it begins.
  _Atomic uint64_t device_bytes;     // of their memory
  _Atomic uint64_t registered_bytes; // of this file that they know (store/registration.h)
  _Atomic uint64_t refused_bytes;    // that they refused to know
} svari_header_t;

// One handle of the store. Alive exactly as long as the byte lock of its index is held.
typedef struct svari_process {
  _Atomic int32_t pid; // for people
  uint32_t reserved;
  _Atomic int64_t attached_ns; // CLOCK_REALTIME
  char program[48];            // for people; cut
} svari_process_t;

// One thread's pins. Only the owner makes a pin active; any thread of the owner's process may end its
// use; the holder may free a parked one. Only pins[0] is ever parked.
typedef struct svari_slot {
  _Atomic uint64_t owner;            // 0: free; else process index + 1
  svari_pin_t pins[SVARI_SLOT_PINS]; // words of variable/pin.h
} svari_slot_t;

typedef struct svari_readers {
  uint64_t magic;
  uint32_t layout_number;
  uint32_t reserved;
  uint64_t layout_hash;
  uint8_t generation[16]; // of the state file that this table belongs to
  uint8_t pad0[128 - 40];
  // 1: somebody may sleep on the version. A waiter sets it before it sleeps; a committer that finds it
  // clears it and wakes all. A flag and not a count: a waiter that is killed costs one idle wake.
  _Alignas(128) _Atomic uint32_t waiting;
  // 1: somebody found the store's files without their names. The holder looks for itself, at the next
  // transaction, and clears it: so that it learns of it without asking the system at each.
  _Atomic uint32_t suspected;
  // Slots from this one on were never taken: bounds the holder's scan. Only grows.
  _Alignas(128) _Atomic uint32_t slots_used;
  _Alignas(128) svari_process_t processes[SVARI_PROCESSES];
  _Alignas(128) svari_slot_t slots[SVARI_SLOTS];
} svari_readers_t;

// Kind and format of a type, and the number of the GPU that the values lie on (0: in this file, or what private
// memory has instead), as an entry keeps them.
static inline uint32_t
svari_entry_flags(const svar_type_t *type, uint32_t device)
{
  return type->kind | (uint32_t)type->format << 8 | device << 16;
}

static inline uint32_t
svari_entry_device(uint32_t flags)
{
  return flags >> 16;
}

static_assert(sizeof(svari_record_t) == 160, "a record's layout is shared by processes");
static_assert(sizeof(svari_entry_t) == 64 + 128 + 16 * 160 + 256, "an entry's layout is shared");
static_assert(offsetof(svari_entry_t, begin) == 64, "the begins take whole cache lines");
static_assert(sizeof(svari_header_t) <= SVARI_PAGE_BYTES, "the header fits its page");
static_assert(offsetof(svari_header_t, version) % 128 == 0, "no line shared with constants");
static_assert(sizeof(svari_process_t) == 64, "one cache line per process");
static_assert(sizeof(svari_slot_t) == 64, "one cache line per thread");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock inside libatomic is not shared by processes");
static_assert(sizeof(_Atomic uint64_t) == 8, "atomics have the size of what they hold");

// A number that two builds share exactly when they agree on every offset and size above.
static inline uint64_t
svari_layout_hash(void)
{
  const uint64_t facts[] = {
      SVARI_LAYOUT_NUMBER,
      SVARI_RING_RECORDS,
      SVARI_DIRECTORY_BLOCKS,
      SVARI_DIRECTORY_BLOCK_ENTRIES,
      SVAR_NDIM_MAX,
      SVARI_PIN_SHIFT,
      sizeof(svari_record_t),
      offsetof(svari_record_t, shape),
      sizeof(svari_entry_t),
      offsetof(svari_entry_t, flags),
      offsetof(svari_entry_t, newest),
      offsetof(svari_entry_t, records),
      offsetof(svari_entry_t, name),
      sizeof(svari_header_t),
      offsetof(svari_header_t, version),
      offsetof(svari_header_t, horizon),
      offsetof(svari_header_t, can_revoke),
      offsetof(svari_header_t, variable_count),
      offsetof(svari_header_t, directory),
      SVARI_DEVICES,
      sizeof(svari_device_entry_t),
      offsetof(svari_header_t, devices),
      offsetof(svari_header_t, device_bytes),
      sizeof(svari_readers_t),
      offsetof(svari_readers_t, waiting),
      offsetof(svari_readers_t, suspected),
      offsetof(svari_readers_t, slots_used),
      offsetof(svari_readers_t, processes),
      offsetof(svari_readers_t, slots),
  };
  uint64_t hash = UINT64_C(0xcbf29ce484222325); // FNV-1a, over words
  for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
    hash = (hash ^ facts[i]) * UINT64_C(0x100000001b3);
  }
  return hash;
}

#endif
