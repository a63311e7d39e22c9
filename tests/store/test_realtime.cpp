// Counts what a control loop pays for: allocations, locks and system calls, in the steady state.
//
// The program's own malloc() and pthread_mutex_lock() come before the C library's, for the library under
// test as well. System calls end the process that makes one: a seccomp filter lets none through.
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "fakes/functions.hpp"

namespace
{

thread_local bool is_counting;
thread_local unsigned long allocations, locks;
thread_local const pthread_mutex_t *first_lock;
thread_local bool has_other_lock;

void
count_allocation()
{
  allocations += is_counting;
}

} // namespace

// Visible to the library, whose calls come here as well.
#pragma GCC visibility push(default)
extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

void *
malloc(size_t size)
{
  count_allocation();
  return __libc_malloc(size);
}
void *
calloc(size_t count, size_t size)
{
  count_allocation();
  return __libc_calloc(count, size);
}
void *
realloc(void *memory, size_t size)
{
  count_allocation();
  return __libc_realloc(memory, size);
}
void *
aligned_alloc(size_t alignment, size_t size)
{
  count_allocation();
  return __libc_memalign(alignment, size);
}
int
posix_memalign(void **out, size_t alignment, size_t size)
{
  count_allocation();
  *out = __libc_memalign(alignment, size);
  return *out != nullptr ? 0 : ENOMEM;
}
void
free(void *memory)
{
  allocations += is_counting && memory != nullptr;
  __libc_free(memory);
}

int
pthread_mutex_lock(pthread_mutex_t *mutex)
{
  using function = int (*)(pthread_mutex_t *);
  static const function original =
      reinterpret_cast<function>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  if (is_counting) {
    locks++;
    first_lock = first_lock == nullptr ? mutex : first_lock;
    has_other_lock |= first_lock != mutex;
  }
  return original(mutex);
}
}
#pragma GCC visibility pop

namespace
{

using namespace svar_test;

enum { HAS_FAILED = 1, HAS_ALLOCATED = 2, HAS_LOCKED = 4, HAS_TWO_LOCKS = 8, NO_FILTER = 16 };

// From here on any system call but those that end the process raises SIGSYS.
bool
forbid_system_calls()
{
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  sock_fprog filter = {sizeof(program) / sizeof(program[0]), program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// Runs body (false: something was refused) many times without system calls, and ends the process with what
// it did.
[[noreturn]] void
count(const std::function<bool(int)> &body)
{
  const int warm_up = 200, rounds = 10000;
  for (int i = 0; i < warm_up; i++) {
    if (!body(i)) {
      fprintf(stderr, "%s\n", svar_error_message());
      _exit(HAS_FAILED);
    }
  }
  if (!forbid_system_calls()) {
    _exit(NO_FILTER);
  }
  is_counting = true;
  bool is_right = true;
  for (int i = 0; i < rounds && is_right; i++) {
    is_right = body(warm_up + i);
  }
  is_counting = false;
  _exit((is_right ? 0 : HAS_FAILED) | (allocations > 0 ? HAS_ALLOCATED : 0) |
        (locks > 0 ? HAS_LOCKED : 0) | (has_other_lock ? HAS_TWO_LOCKS : 0));
}

class Realtime : public testing::Test
{
protected:
  Realtime()
      : store_(create_store("/realtime")),
        weight_(make_variable<float>(store_, "weight", std::vector<float>(1000, 1))),
        bias_(make_variable<float>(store_, "bias", {1, 2}))
  {
  }
  ~Realtime() override
  {
    if (store_) {
      EXPECT_SVAR_OK(svar_store_remove(store_.get()));
    }
  }
  // A reader in another process, for which the store's holder is just some process.
  int
  count_reader(const std::function<bool(const Store &, const Variable &, const Variable &)> &read)
  {
    Child reader([&]() -> int {
      Store store = open_store("/realtime");
      Variable weight = find(store, "weight");
      Variable bias = find(store, "bias");
      count([&](int) { return read(store, weight, bias); });
    });
    return reader.wait();
  }
  // A holder; this process lets go of the store for it.
  int count_holder(const std::function<bool(const Store &, const Variable &, int)> &write)
  {
    weight_.reset();
    bias_.reset();
    store_.reset();
    Child holder([&]() -> int {
      Store store = create_store("/realtime");
      Variable weight = find(store, "weight");
      count([&](int i) { return write(store, weight, i); });
    });
    int code = holder.wait();
    store_ = create_store("/realtime");
    return code;
  }
  ScratchDirectory directory_;
  Store store_;
  Variable weight_, bias_;
};

bool
loan_and_commit(const Store &store, const Variable &weight, float value)
{
  svar_transaction_t *transaction = nullptr;
  svar_value_t hole = SVAR_VALUE_INIT;
  if (svar_transaction_begin(store.get(), &transaction) != SVAR_OK ||
      svar_transaction_loan(transaction, weight.get(), nullptr, false, &hole) != SVAR_OK) {
    return false;
  }
  for (int64_t i = 0; i < hole.shape[0]; i++) {
    static_cast<float *>(hole.tensor.data)[i] = value;
  }
  return svar_transaction_commit(transaction, nullptr) == SVAR_OK;
}

bool
borrow_and_release(const Variable &weight)
{
  svar_value_t view = SVAR_VALUE_INIT;
  if (svar_get_value(weight.get(), SVAR_BORROW, &view) != SVAR_OK) {
    return false;
  }
  bool is_whole = static_cast<const float *>(view.tensor.data)[0] ==
                  static_cast<const float *>(view.tensor.data)[view.shape[0] - 1];
  svar_value_release(&view);
  return is_whole;
}

TEST_F(Realtime, ABorrowedReadAllocatesNothingLocksNothingAndCallsNoSystem)
{
  EXPECT_EQ(count_reader([](const Store &, const Variable &weight, const Variable &) {
              return borrow_and_release(weight);
            }),
            0);
}

TEST_F(Realtime, ASnapshotAllocatesNothingLocksNothingAndCallsNoSystem)
{
  EXPECT_EQ(count_reader([](const Store &store, const Variable &weight, const Variable &bias) {
              svar_snapshot_t now = SVAR_SNAPSHOT_INIT;
              svar_value_t one = SVAR_VALUE_INIT, two = SVAR_VALUE_INIT;
              bool is_read = svar_snapshot_begin(store.get(), &now) == SVAR_OK &&
                             svar_snapshot_get(&now, weight.get(), &one) == SVAR_OK &&
                             svar_snapshot_get(&now, bias.get(), &two) == SVAR_OK;
              svar_snapshot_end(&now);
              return is_read;
            }),
            0);
}

TEST_F(Realtime, ACopyIntoTheCallersTensorAllocatesNothingLocksNothingAndCallsNoSystem)
{
  static float values[1000];
  EXPECT_EQ(count_reader([](const Store &, const Variable &weight, const Variable &) {
              int64_t shape[] = {1000};
              DLTensor tensor = svar_tensor(SVAR_FLOAT32, values, 1, shape);
              return svar_get_value_into(weight.get(), &tensor, nullptr) == SVAR_OK;
            }),
            0);
}

TEST_F(Realtime, ALookAtTheVersionCallsNoSystem)
{
  EXPECT_EQ(count_reader([](const Store &store, const Variable &, const Variable &) {
              return svar_store_version(store.get()) == 2;
            }),
            0);
}

TEST_F(Realtime, ALoanedCommitTakesTheStoresOneLockAndNothingElse)
{
  int code = count_holder([](const Store &store, const Variable &weight, int i) {
    return loan_and_commit(store, weight, static_cast<float>(i));
  });
  EXPECT_EQ(code, HAS_LOCKED) << "2: allocates, 8: a second lock";
}

TEST_F(Realtime, ReadsOfEachNewCommitStayFreeAndCommitsUnderAPinToo)
{
  int code = count_holder([](const Store &store, const Variable &weight, int i) {
    svar_value_t view = SVAR_VALUE_INIT;
    bool is_done = svar_get_value(weight.get(), SVAR_BORROW, &view) == SVAR_OK &&
                   loan_and_commit(store, weight, static_cast<float>(i)) &&
                   loan_and_commit(store, weight, static_cast<float>(i) + 1) &&
                   borrow_and_release(weight) && borrow_and_release(weight);
    svar_value_release(&view);
    return is_done;
  });
  EXPECT_EQ(code, HAS_LOCKED);
}

// Each element plus the number that is the second operand.
svar_ret_t
compute_step(void *, const DLTensor *operands, size_t, svar_results_t *results)
{
  DLTensor room;
  SVAR_TRY(svar_results_room(results, 0, operands[0].shape, &room));
  const float more = static_cast<float>(*static_cast<int64_t *>(operands[1].data));
  for (int64_t i = 0; i < room.shape[0]; i++) {
    static_cast<float *>(room.data)[i] = static_cast<float *>(operands[0].data)[i] + more;
  }
  return SVAR_OK;
}

// Of weight, a counter that the function keeps, and an input.
struct Step {
  explicit Step(const Variable &weight, bool updates_weight)
  {
    const svar_source_t zero = svar_int(0);
    Expression old = of(weight), counter = number_input("counter"), x = number_input();
    Expression next_counter = sum(counter, x);
    svar_operation_t operation = sum_operation();
    operation.compute = compute_step;
    svar_expression_t *operands[] = {old.get(), next_counter.get()};
    const svar_type_t type = svar_tensor_type(SVAR_FLOAT32, 1, 0);
    svar_expression_t *made = nullptr;
    EXPECT_SVAR_OK(svar_expression_apply(&operation, operands, 2, &type, 1, &made));
    Expression next(made);
    Parts parts = Parts().in(x).in(counter, &zero, next_counter);
    parts.out(old, SVAR_BORROW).out(next, SVAR_BORROW).out(counter, SVAR_BORROW);
    function_ = updates_weight ? parts.update(weight, next).function() : parts.function();
  }
  bool call()
  {
    const svar_source_t one = svar_int(1);
    svar_value_t results[3] = {};
    if (svar_function_call(function_.get(), &one, 1, results, 3) != SVAR_OK) {
      return false;
    }
    return *static_cast<int64_t *>(results[2].tensor.data) == calls_++;
  }

private:
  Function function_;
  int64_t calls_ = 0;
};

TEST_F(Realtime, AFunctionThatReadsAStoreTakesThePrivateStoresOneLockForItsState)
{
  EXPECT_EQ(count_reader([](const Store &, const Variable &weight, const Variable &) {
              static Step step(weight, false);
              return step.call();
            }),
            HAS_LOCKED);
}

TEST_F(Realtime, AFunctionThatUpdatesTwoStoresTakesTheirLocksAndNothingElse)
{
  int code = count_holder([](const Store &, const Variable &weight, int) {
    static Step step(weight, true);
    return step.call();
  });
  EXPECT_EQ(code, HAS_LOCKED | HAS_TWO_LOCKS) << "2: allocates, 159: calls the system";
}

TEST_F(Realtime, TheCountersCanFail)
{
  EXPECT_EQ(count_reader([](const Store &, const Variable &, const Variable &bias) {
              svar_value_t copy = SVAR_VALUE_INIT;
              bool is_copied = svar_get_value(bias.get(), SVAR_COPY, &copy) == SVAR_OK;
              svar_value_release(&copy);
              return is_copied;
            }),
            HAS_ALLOCATED);
  EXPECT_EQ(count_reader([](const Store &store, const Variable &, const Variable &) {
              svar_variable_t *variable = nullptr; // allocates a handle, under the store's lock
              bool is_found = svar_store_find(store.get(), "bias", &variable) == SVAR_OK;
              svar_variable_unref(variable);
              return is_found;
            }) & HAS_LOCKED,
            HAS_LOCKED);
  EXPECT_EQ(
      count_reader([](const Store &, const Variable &, const Variable &) { return getppid() > 0; }),
      128 + SIGSYS);
}

} // namespace
