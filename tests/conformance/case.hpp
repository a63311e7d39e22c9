// The conformance suite: every case of the catalogue in case_list.cpp, run over each backing.
//
// A file adds its cases like this, outside of any namespace, and itself to CMakeLists.txt:
//
//   SVAR_CASE(43, CopyAtConstructionDetachesTheSource)    runs as Case043.Copy...TheSource/cpu, /ipc and /gpu
//   {
//     Array x = vector_of<float>({1, 1});
//     Variable s = shared(x.source());                    private, in a store in a scratch directory, or on a GPU
//     x.as<float>()[0] = 2;
//     EXPECT_VALUE(s, vector_of<float>({1, 1}));          every way of reading agrees
//   }
//   SVAR_CASE_OF_NO_ARRAY(1, Name) {}                     not on a GPU, where only arrays are
//   SVAR_CASE_ON_HOST(47, Name) {}                        nor this one: another test or a reason is for GPUs
//   SVAR_CASE_IN_PROCESS(17, Name) {}                     variables without a store: on CPU and GPU
//   SVAR_CASE_ON(PROCESS, 34, Name) {}                    no variable: one run, of no backing
//   SVAR_NOT_ON(IPC, 65, "reason")                        this backing has no such thing
//   SVAR_NOT_APPLICABLE(42, "reason")                     nor has any
//
// A case may have several tests. Each number of the list needs, for CPU, IPC and GPU, a test or a reason why
// there is none (or a test on PROCESS, or one reason for all), and never both; those of variables on GPUs need
// a test there alone. Catalogue.* checks that over what is registered, whichever tests are selected to run.
//
// On a GPU `shared()` puts there whatever is an array; the stand-in driver is the GPU, and values are read as copies
// in host memory. `test_conformance --table FILE` writes
// the outcome as a table.
#ifndef TESTS_CONFORMANCE_CASE_HPP
#define TESTS_CONFORMANCE_CASE_HPP

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "fakes/arrays.hpp"
#include "fakes/scratch.hpp"
#include "shared_variable/shared_variable.h"

namespace conformance
{

using svar_test::Child;
using svar_test::Signal;
using svar_test::Store;
using svar_test::Variable;

/// Where a case runs. PROCESS: it needs no variable (names of dtypes, the registry).
enum Backing { CPU, IPC, GPU, PROCESS };
const char *backing_name(Backing backing);

/// What a read found: type, extents and bytes.
struct Contents {
  svar_type_t type = {};
  std::vector<int64_t> shape;
  std::vector<unsigned char> bytes;

  template <typename T> std::vector<T> as() const
  {
    const T *data = reinterpret_cast<const T *>(bytes.data());
    return std::vector<T>(data, data + bytes.size() / sizeof(T));
  }
  bool operator==(const Contents &other) const;
};
std::ostream &operator<<(std::ostream &stream, const Contents &contents);

/// The bytes of an array, as a variable of its dtype and rank would hold them.
Contents contents_of(const Array &array);

/// What each case inherits. On IPC there is one store for it, and a second handle that reads. On GPU each variable of
/// an array is on the stand-in driver's GPU, of a private store.
class Case : public ::testing::Test
{
public:
  void use(Backing backing)
  {
    backing_ = backing;
    puts_arrays_on_gpu_ = backing == GPU;
  }

  void SetUp() override;
  void TearDown() override;

  bool is_ipc() const
  {
    return backing_ == IPC;
  }
  /// The store of the case, made when first asked for; NULL on CPU: variables without a store.
  svar_store_t *store();
  /// The store as a reader has it; NULL on CPU.
  svar_store_t *reader();
  /// The defaults, for this backing. A store needs a name, so NULL becomes one ("v0", "v1", ...) there.
  svar_shared_options_t options(const char *name = nullptr);
  /// A variable, which must succeed.
  Variable shared(const svar_source_t &source);
  Variable shared(const svar_source_t &source, const svar_shared_options_t &options);
  /// A variable of zeros, of this dtype and shape.
  Variable zeros(svar_dtype_t dtype, std::vector<int64_t> shape,
                 svar_downcast_t allow_downcast = SVAR_DOWNCAST_UNSET, bool strict = false);
  /// svar_shared() must fail with this code.
  void expect_not_shared(svar_ret_t code, const svar_source_t &source,
                         const svar_shared_options_t &options);

  /// Where the current value is stored, be it on a GPU.
  static const void *cell(const Variable &variable);
  /// Reads by copy and by borrow, on IPC also through the reader, expects all to agree.
  Contents read(const Variable &variable);
  /// Sets by copy, then by borrow; both must succeed and give the same value.
  Contents set(const Variable &variable, const svar_source_t &source);
  /// Both ways of setting must fail with this code and leave value, type and version as they were.
  void expect_refused(svar_ret_t code, const Variable &variable, const svar_source_t &source);

protected:
  bool puts_arrays_on_gpu_ = false; // and fails if there was none

private:
  Contents read_as(svar_variable_t *variable, svar_borrow_t borrow);

  Backing backing_ = CPU;
  bool has_some_on_gpu_ = false;
  std::unique_ptr<svar_test::ScratchDirectory> directory_;
  Store store_;
  Store reader_;
  std::deque<std::string> names_;
};

#define EXPECT_VALUE(variable, array) EXPECT_EQ(read(variable), ::conformance::contents_of(array))
/// The last failure's sentence contains text.
#define EXPECT_MESSAGE(text)                                                                       \
  EXPECT_NE(std::string(svar_error_message()).find(text), std::string::npos) << svar_error_message()

// --- the catalogue ------------------------------------------------------------------------------

/// One number of the catalogue. levels: N normative, Q differs from Theano on purpose, I an accident of
/// Theano's implementation, D a difference of PyTensor, K not in Theano.
struct Number {
  int number;
  char area;
  const char *levels;
};
const std::vector<Number> &catalogue();
struct Area {
  char letter;
  const char *title;
};
const std::vector<Area> &areas();

/// One test of a number on a backing, or the reason why there is none.
struct Entry {
  int number;
  bool is_everywhere; ///< a reason that holds for all backings
  Backing backing;
  std::string name;   ///< of the test; "": there is none
  std::string reason; ///< why not
  std::string result; ///< "pass", "FAIL", "skipped", "not run", "no array", "not applicable"
};
std::vector<Entry> &entries();

bool add_case(int number, const char *name, std::vector<Backing> backings, const char *file,
              int line, Case *(*make)());
/// A test that has nothing to put on a GPU.
bool add_case_of_no_array(int number, const char *name);
bool add_reason(int number, bool is_everywhere, Backing backing, const char *reason);

#define SVAR_CASE_(base, number, name, ...)                                                        \
  namespace                                                                                        \
  {                                                                                                \
  class Case##number##name : public base                                                           \
  {                                                                                                \
    void TestBody() override;                                                                      \
  };                                                                                               \
  [[maybe_unused]] const bool added_##number##name =                                               \
      ::conformance::add_case(number, #name, __VA_ARGS__, __FILE__, __LINE__,                      \
                              []() -> ::conformance::Case * { return new Case##number##name; });   \
  }                                                                                                \
  void Case##number##name::TestBody()
#define SVAR_CASE(number, name)                                                                    \
  SVAR_CASE_(::conformance::Case, number, name,                                                    \
             {::conformance::CPU, ::conformance::IPC, ::conformance::GPU})
#define SVAR_CASE_ON_HOST(number, name)                                                            \
  SVAR_CASE_(::conformance::Case, number, name, {::conformance::CPU, ::conformance::IPC})
#define SVAR_CASE_OF_NO_ARRAY(number, name)                                                        \
  namespace                                                                                        \
  {                                                                                                \
  [[maybe_unused]] const bool no_array_##number##name =                                            \
      ::conformance::add_case_of_no_array(number, #name);                                          \
  }                                                                                                \
  SVAR_CASE_ON_HOST(number, name)
#define SVAR_CASE_IN_PROCESS(number, name)                                                         \
  SVAR_CASE_(::conformance::Case, number, name, {::conformance::CPU, ::conformance::GPU})
#define SVAR_CASE_ON(backing, number, name)                                                        \
  SVAR_CASE_(::conformance::Case, number, name, {::conformance::backing})

#define SVAR_REASON_(number, counter, ...)                                                         \
  namespace                                                                                        \
  {                                                                                                \
  [[maybe_unused]] const bool reason_##number##_##counter =                                        \
      ::conformance::add_reason(number, __VA_ARGS__);                                              \
  }
#define SVAR_NOT_ON(backing, number, reason)                                                       \
  SVAR_REASON_(number, backing, false, ::conformance::backing, reason)
#define SVAR_NOT_APPLICABLE(number, reason)                                                        \
  SVAR_REASON_(number, all, true, ::conformance::PROCESS, reason)

} // namespace conformance

#endif
