// What must hold, and the ghosts that it is said with: no process of the model decides by them.

// Each property is named for its violation: spin prints the name.
bool torn;                     // a value whose words are of two versions
bool wrong_value;              // whole, but not the value of the pinned version
bool value_missing;            // the variable has a value, and the reader does not find it
bool version_went_back;        // a reader sees an older version than before
bool commit_lost;              // a commit was reported, and is not there after the holder's death
bool pinned_buffer_written;    // the holder writes what a living reader holds
bool stuck_for_nobody;         // the holder finds no room although no living reader is in its way

// A search looks for the violation of all of them, or of CHECK alone: so one sees what a mistake can do.
#ifdef CHECK
#define MUST(condition, otherwise)                                                                   \
  d_step { otherwise = !(condition); assert(!CHECK); otherwise = false }
#else
#define MUST(condition, otherwise) d_step { otherwise = !(condition); assert(!otherwise) }
#endif

byte value_of[LAST_VERSION + 1]; // what the variable is in each version
byte holds[READERS];             // the record whose bytes the reader may be reading; NONE: none
bool borrows[READERS];           // from before the look at the version until the value is released
byte reported;                   // the last version that the holder told its caller of

// The reader holds the record that the holder is about to fill. Of a living reader: it lets go when it dies.
#define HOLDS(reader) (holds[reader] == record)

// When the holder began to look for room the hard way, no living reader was in its way, nor has come to
// be: one that begins to borrow now can only want the newest version; one that attaches can be in its way,
// by the lock that it has while it clears what the record's last owner left.
bool was_quiet;

// The reader may want an older version.
#define IS_BUSY(reader) (borrows[reader] || buffer[reader].count > 0)

#if READERS == 1
#define ANY_READER(test) (test(0))
#else
#define ANY_READER(test) (test(0) || test(1))
#endif
