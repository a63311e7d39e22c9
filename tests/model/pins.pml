// Publish, borrow, reclaim, crash, resume: the protocol of store/layout.h.
//   spin -a -DREADERS=1 -DRECORDS=2 tests/model/pins.pml
// docs/design/0003-model.md tells what is modelled, what is not, and the mistakes it can be given.
#include "layout.pml"
#include "memory.pml"
#include "kernel.pml"
#include "properties.pml"
#include "reader.pml"
#include "holder.pml"

init {
  byte who;
  atomic {
    lay_out();
    for (who : 0 .. READERS - 1) {
      holds[who] = NONE;
#if STARTS_PARKED
      memory[PIN(who)] = PARKED_WORD(1);
      locked_by[who] = who;
#endif
      run reader(who)
    }
    for (who : 0 .. PROCESSORS - 1) {
      run processor(who)
    }
    run holder();
    run killer()
  }
}
