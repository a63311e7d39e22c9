// The shared bytes, as store/layout.h lays them out, of a store with one variable of two words.
#ifndef READERS
#define READERS 1
#endif
#ifndef RECORDS
#define RECORDS 2 // SVARI_RING_RECORDS
#endif
#ifndef LAST_VERSION
#define LAST_VERSION 4 // version 1 is there when the model starts
#endif
#ifndef OTHERS
#define OTHERS 1 // 1: some transactions are of other variables of the store
#endif
#define BUFFER_STORES 4

// Where: locations of memory.pml.
#define VERSION 0 // svari_header.version
#define HORIZON 1 // svari_header.horizon
#define NEWEST 2  // svari_entry.newest
#define PIN(reader) (3 + reader)                            // svari_slot.pins[0]
#define BEGIN(record) (3 + READERS + record)                // svari_entry.begin
#define LOW_WORD(record) (3 + READERS + RECORDS + record)   // the value's first half
#define HIGH_WORD(record) (3 + READERS + 2 * RECORDS + record) // and its second
#define LOCATIONS (3 + READERS + 3 * RECORDS)

#define NONE 255 // SVARI_BEGIN_NONE, and no record

// A pin word: version << 2 | KEEP | ACTIVE. 0: free.
#define ACTIVE 1
#define KEEP 2
#define PIN_WORD(version) (version * 4 + ACTIVE)
#define PARKED_WORD(version) (version * 4 + KEEP)
#define PIN_VERSION(word) (word / 4)
#define IS_ACTIVE(word) (word % 2 == 1)

// Who: processes, each on a processor of its own. Readers come first.
#define HOLDER READERS
#define PROCESSORS (READERS + 1)


// Version 1 is committed, in record 0.
inline lay_out()
{
  d_step {
    memory[VERSION] = 1;
    for (scan : 0 .. RECORDS - 1) {
      memory[BEGIN(scan)] = NONE
    }
    scan = 0;
    memory[BEGIN(0)] = 1;
    memory[LOW_WORD(0)] = 1;
    memory[HIGH_WORD(0)] = 1;
    memory[NEWEST] = 0;
    value_of[1] = 1
  }
}
