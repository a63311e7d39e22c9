// Setting variables of a store that another process holds.
#include <grp.h>

#include <numeric>
#include <thread>

#include "fakes/failing_heap.hpp"
#include "fakes/scratch.hpp"
#include "fakes/sparse.hpp"
#include "shared_variable/remote.h"

namespace
{

using namespace svar_test;
using svar_test::Array; // not that of fakes/arrays.hpp

struct RemoteCloser {
  void operator()(svar_remote_t *remote) const
  {
    svar_remote_close(remote);
  }
};
using Remote = std::unique_ptr<svar_remote_t, RemoteCloser>;

Remote
connect(const char *name, int64_t timeout_ns = 20000000000)
{
  svar_remote_options_t options = SVAR_REMOTE_OPTIONS_INIT;
  options.timeout_ns = timeout_ns;
  svar_remote_t *remote = nullptr;
  EXPECT_SVAR_OK(svar_remote_open(name, &options, &remote));
  return Remote(remote);
}

svar_store_options_t
allowing(const char *settable, const char *setters = nullptr)
{
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.settable = settable;
  options.setters = setters;
  return options;
}

// A store with a scalar, a vector and a matrix. Holder and client are one process here, and talk as two.
class RemoteSet : public testing::Test
{
protected:
  RemoteSet()
  {
    svar_store_options_t options = allowing("*");
    hold(&options);
  }
  ~RemoteSet() override
  {
    if (store_) {
      EXPECT_SVAR_OK(svar_store_remove(store_.get()));
    }
  }
  void hold(const svar_store_options_t *options)
  {
    store_.reset();
    store_ = create_store("/remote", options);
    if (svar_store_version(store_.get()) == 0) {
      share("gain", svar_scalar(SVAR_FLOAT64, &zero_));
      make_variable<float>(store_, "vector", {1, 2, 3});
      make_variable<double>(store_, "wide", {1});
      share("count", svar_int(1));
    }
  }
  void share(const char *name, svar_source_t source)
  {
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.name = name;
    options.store = store_.get();
    svar_variable_t *variable = nullptr;
    ASSERT_SVAR_OK(svar_shared(source, &options, &variable));
    svar_variable_unref(variable);
  }
  double number(const char *name)
  {
    svar_value_t value = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_get_value(find(store_, name).get(), SVAR_BORROW, &value));
    double found = *static_cast<const double *>(value.tensor.data);
    svar_value_release(&value);
    return found;
  }

  const double zero_ = 0;
  ScratchDirectory directory_;
  Store store_;
};

TEST_F(RemoteSet, ANumberBecomesTheNextVersion)
{
  Remote remote = connect("/remote");
  for (int i = 1; i < 20; i++) {
    uint64_t before = svar_store_version(store_.get());
    uint64_t version = 0;
    ASSERT_SVAR_OK(svar_remote_set(remote.get(), "gain", svar_float(i + 0.5), &version));
    EXPECT_EQ(version, before + 1);
    EXPECT_EQ(number("gain"), i + 0.5);
  }
}

TEST_F(RemoteSet, ArraysOfEverySizeArriveAsTheyAre)
{
  Remote remote = connect("/remote");
  for (size_t count : {0, 1, 900, 1000, 1024, 1100, 70000, 3000000}) {
    std::vector<float> values(count);
    std::iota(values.begin(), values.end(), 1.0f);
    Array<float> array(values);
    ASSERT_SVAR_OK(svar_remote_set(remote.get(), "vector", array.source(), nullptr)) << count;
    EXPECT_EQ(get<float>(find(store_, "vector")), values) << count;
  }
}

// Read in pieces, and converted: what arrives is what a local set makes of it.
TEST_F(RemoteSet, ArraysOfAnotherDtypeAreConverted)
{
  Remote remote = connect("/remote");
  for (size_t count : {5, 65536, 65537, 1000001}) {
    std::vector<float> values(count);
    std::iota(values.begin(), values.end(), 0.25f);
    Array<float> array(values);
    ASSERT_SVAR_OK(svar_remote_set(remote.get(), "wide", array.source(), nullptr)) << count;
    EXPECT_EQ(get<double>(find(store_, "wide")), std::vector<double>(values.begin(), values.end()));
  }
}

TEST_F(RemoteSet, AStridedArrayIsSentCompact)
{
  Remote remote = connect("/remote");
  for (int64_t count : {3, 100000}) {
    std::vector<float> all(static_cast<size_t>(2 * count));
    std::iota(all.begin(), all.end(), 0.0f);
    const int64_t stride = 2;
    DLTensor tensor = svar_tensor(SVAR_FLOAT32, all.data(), 1, &count);
    tensor.strides = const_cast<int64_t *>(&stride);
    ASSERT_SVAR_OK(svar_remote_set(remote.get(), "vector", svar_array(&tensor), nullptr));
    std::vector<float> found = get<float>(find(store_, "vector"));
    ASSERT_EQ(found.size(), static_cast<size_t>(count));
    EXPECT_EQ(found[0], 0);
    EXPECT_EQ(found.back(), static_cast<float>(2 * (count - 1)));
  }
}

// The sentence of the holder reaches the caller, and it is the one that a local set would have had.
TEST_F(RemoteSet, RefusesWhatALocalSetRefusesInTheSameWords)
{
  Remote remote = connect("/remote");
  Array<double> wrong_dtype({1, 2});
  std::vector<double> many(100000, 1.5);
  Array<double> large_wrong_dtype(many);
  const std::pair<const char *, svar_source_t> cases[] = {
      {"vector", wrong_dtype.source()}, {"vector", large_wrong_dtype.source()},
      {"vector", svar_float(1)},        {"gain", wrong_dtype.source()},
      {"count", svar_float(1.5)},       {"gain", svar_complex(1, 2)},
  };
  for (const auto &[name, source] : cases) {
    uint64_t before = svar_store_version(store_.get());
    svar_ret_t local = svar_set_value(find(store_, name).get(), source, SVAR_COPY);
    std::string sentence = svar_error_message();
    EXPECT_EQ(local, svar_remote_set(remote.get(), name, source, nullptr));
    EXPECT_NE(local, SVAR_OK);
    EXPECT_EQ(sentence, svar_error_message());
    EXPECT_EQ(svar_store_version(store_.get()), before);
  }
  EXPECT_SVAR_FAILS(SVAR_ERR_NOT_FOUND, "absent",
                    svar_remote_set(remote.get(), "absent", svar_float(1), nullptr));
  const svar_object_class_t kind = {sizeof(kind), "a test", nullptr, nullptr};
  svar_object_t object = {this, &kind};
  EXPECT_SVAR_FAILS(SVAR_ERR_NOT_IMPLEMENTED, "lives in its process",
                    svar_remote_set(remote.get(), "gain", svar_object_source(&object), nullptr));
}

// Numbers whose value decides, and more of them than the holder's buffer takes.
TEST_F(RemoteSet, ManyLiteralsAreLookedAtEach)
{
  Remote remote = connect("/remote");
  const int64_t count = 50000;
  std::vector<double> numbers(count, 0.5);
  EXPECT_SVAR_OK(svar_remote_set(remote.get(), "wide",
                                 svar_literals(SVAR_FLOAT64, numbers.data(), 1, &count), nullptr));
  EXPECT_EQ(get<double>(find(store_, "wide")), numbers);
  numbers.back() = 0.1;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "element 49999",
                    svar_remote_set(remote.get(), "vector",
                                    svar_literals(SVAR_FLOAT64, numbers.data(), 1, &count),
                                    nullptr));
  const int64_t too_many = (4 << 20) / 8 + 1;
  numbers.resize(too_many);
  EXPECT_SVAR_FAILS(SVAR_ERR_VALUE, "travel as an array",
                    svar_remote_set(remote.get(), "wide",
                                    svar_literals(SVAR_FLOAT64, numbers.data(), 1, &too_many),
                                    nullptr));
}

TEST_F(RemoteSet, TheUnsetStateIsSetAsLocally)
{
  Remote remote = connect("/remote");
  ASSERT_SVAR_OK(svar_remote_set(remote.get(), "vector", svar_none(), nullptr));
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_EQ(svar_get_value(find(store_, "vector").get(), SVAR_BORROW, &value), SVAR_ERR_UNSET);
  Array<float> array({7});
  ASSERT_SVAR_OK(svar_remote_set(remote.get(), "vector", array.source(), nullptr));
  EXPECT_EQ(get<float>(find(store_, "vector")), (std::vector<float>{7}));
}

TEST_F(RemoteSet, ARandomStateIsSetAsLocally)
{
  Remote remote = connect("/remote");
  svar_random_state_t state = svar_random_seeded(1);
  svar_random_state_t found;
  share("random", svar_random_source(&state));
  state = svar_random_seeded(2);
  ASSERT_SVAR_OK(svar_remote_set(remote.get(), "random", svar_random_source(&state), nullptr));
  ASSERT_SVAR_OK(svar_random_get(find(store_, "random").get(), &found));
  EXPECT_TRUE(svar_random_state_equal(&found, &state));
  state.position = 99;
  EXPECT_EQ(svar_set_value(find(store_, "random").get(), svar_random_source(&state), SVAR_COPY),
            svar_remote_set(remote.get(), "random", svar_random_source(&state), nullptr));
  EXPECT_NE(SVAR_OK, svar_remote_set(remote.get(), "random", svar_float(1), nullptr));
  EXPECT_NE(SVAR_OK, svar_remote_set(remote.get(), "gain", svar_random_source(&found), nullptr));
}

TEST_F(RemoteSet, ASparseMatrixIsSetAsLocally)
{
  Remote remote = connect("/remote");
  Sparse<double> first(SVAR_SPARSE_CSR, 2, 3, {1, 2}, {0, 2}, {0, 1, 2});
  share("w", first.source());
  auto expect_same = [&](const svar_sparse_t &matrix) {
    svar_sparse_value_t value = SVAR_SPARSE_VALUE_INIT;
    ASSERT_SVAR_OK(svar_sparse_get(find(store_, "w").get(), SVAR_COPY, &value));
    EXPECT_EQ(value.matrix.format, SVAR_SPARSE_CSR);
    EXPECT_EQ(dense_of(value.matrix), dense_of(matrix));
    svar_sparse_value_release(&value);
  };
  Sparse<double> second(SVAR_SPARSE_CSR, 3, 2, {3, 4, 5}, {1, 0, 1}, {0, 1, 1, 3});
  Sparse<double> blocks(SVAR_SPARSE_BSR, 2, 4, {1, 2, 3, 4}, {1}, {0, 1}, 2, 2);
  Sparse<double, int64_t> columns(SVAR_SPARSE_CSC, 2, 3, {1, 2}, {0, 1}, {0, 1, 1, 2});
  Sparse<double> none(SVAR_SPARSE_CSR, 4, 4, {}, {}, {0, 0, 0, 0, 0});
  for (const svar_sparse_t *matrix :
       {&second.matrix(), &blocks.matrix(), &columns.matrix(), &none.matrix()}) {
    ASSERT_SVAR_OK(svar_remote_set(remote.get(), "w", svar_sparse_source(matrix), nullptr));
    expect_same(*matrix);
  }
  const double numbers[] = {0, 1, 2, 0};
  const int64_t shape[] = {2, 2};
  DLTensor dense = svar_tensor(SVAR_FLOAT64, const_cast<double *>(numbers), 2, shape);
  EXPECT_SVAR_OK(svar_remote_set(remote.get(), "w", svar_array(&dense), nullptr)) << "converted";
  Sparse<float> other_dtype(SVAR_SPARSE_CSR, 1, 1, {1}, {0}, {0, 1});
  EXPECT_EQ(svar_remote_set(remote.get(), "w", other_dtype.source(), nullptr),
            SVAR_ERR_NOT_IMPLEMENTED);
  Sparse<double> beyond(SVAR_SPARSE_CSR, 1, 1, {1}, {5}, {0, 1});
  EXPECT_SVAR_FAILS(SVAR_ERR_VALUE, "indices[0] is 5",
                    svar_remote_set(remote.get(), "w", beyond.source(), nullptr));
  EXPECT_NE(SVAR_OK, svar_remote_set(remote.get(), "gain", second.source(), nullptr));
}

TEST_F(RemoteSet, LargeMatricesAreSetToo)
{
  Remote remote = connect("/remote");
  const int32_t rows = 100000; // more bytes than the holder's buffer
  std::vector<double> numbers(rows);
  std::vector<int32_t> indices(rows);
  std::vector<int32_t> indptr(rows + 1);
  std::iota(numbers.begin(), numbers.end(), 1.0);
  std::iota(indices.begin(), indices.end(), 0);
  std::iota(indptr.begin(), indptr.end(), 0);
  Sparse<double> first(SVAR_SPARSE_CSR, 1, 1, {1}, {0}, {0, 1});
  Sparse<double> large(SVAR_SPARSE_CSR, rows, rows, numbers, indices, indptr);
  share("w", first.source());
  ASSERT_SVAR_OK(svar_remote_set(remote.get(), "w", large.source(), nullptr));
  svar_sparse_value_t value = SVAR_SPARSE_VALUE_INIT;
  ASSERT_SVAR_OK(svar_sparse_get(find(store_, "w").get(), SVAR_BORROW, &value));
  EXPECT_EQ(value.matrix.count, rows);
  EXPECT_EQ(static_cast<const double *>(value.matrix.data)[rows - 1], rows);
  svar_sparse_value_release(&value);
  const int64_t shape[] = {400, 400};
  std::vector<double> dense(400 * 400, 0.0);
  dense.back() = 3;
  DLTensor tensor = svar_tensor(SVAR_FLOAT64, dense.data(), 2, shape);
  ASSERT_SVAR_OK(svar_remote_set(remote.get(), "w", svar_array(&tensor), nullptr));
  ASSERT_SVAR_OK(svar_sparse_get(find(store_, "w").get(), SVAR_BORROW, &value));
  EXPECT_EQ(value.matrix.count, 1);
  svar_sparse_value_release(&value);
}

// --- the rules of the holder's own variable ----------------------------------------------------------

class RemoteRules : public RemoteSet
{
protected:
  Variable make(const char *name, svar_source_t source, bool strict, svar_downcast_t downcast)
  {
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.name = name;
    options.store = store_.get();
    options.strict = strict;
    options.allow_downcast = downcast;
    svar_variable_t *variable = nullptr;
    EXPECT_SVAR_OK(svar_shared(source, &options, &variable));
    return Variable(variable);
  }
  Array<float> floats_{{1, 2}};
  Array<double> doubles_{{3, 4}};
  Remote remote_ = connect("/remote");
};

TEST_F(RemoteRules, StrictIsStrictForOthers)
{
  Variable own = make("own", floats_.source(), true, SVAR_DOWNCAST_UNSET);
  EXPECT_EQ(svar_set_value(own.get(), doubles_.source(), SVAR_COPY), SVAR_ERR_TYPE);
  std::string sentence = svar_error_message();
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "strict",
                    svar_remote_set(remote_.get(), "own", doubles_.source(), nullptr));
  EXPECT_EQ(sentence, svar_error_message());
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "strict",
                    svar_remote_set(remote_.get(), "own", svar_none(), nullptr));
  EXPECT_SVAR_OK(svar_remote_set(remote_.get(), "own", floats_.source(), nullptr));
}

TEST_F(RemoteRules, WhatMayBeCutMayBeCutByOthers)
{
  Variable cuts = make("cuts", floats_.source(), false, SVAR_DOWNCAST_TRUE);
  Variable keeps = make("keeps", floats_.source(), false, SVAR_DOWNCAST_FALSE);
  EXPECT_SVAR_OK(svar_remote_set(remote_.get(), "cuts", doubles_.source(), nullptr));
  std::vector<double> many(100000, 0.1); // read past the holder's buffer
  Array<double> large(many);
  EXPECT_SVAR_OK(svar_remote_set(remote_.get(), "cuts", large.source(), nullptr));
  EXPECT_EQ(get<float>(cuts)[99999], 0.1f);
  EXPECT_EQ(svar_remote_set(remote_.get(), "keeps", doubles_.source(), nullptr), SVAR_ERR_TYPE);
}

TEST_F(RemoteRules, WhatTheHolderMakesReadOnlyOthersDoNotSet)
{
  Variable own = make("own", floats_.source(), false, SVAR_DOWNCAST_UNSET);
  svar_container_readonly_set(svar_variable_container(own.get()), true);
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "read-only",
                    svar_remote_set(remote_.get(), "own", floats_.source(), nullptr));
  std::vector<float> many(100000, 0.5f);
  Array<float> large(many);
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "read-only",
                    svar_remote_set(remote_.get(), "own", large.source(), nullptr));
  svar_container_readonly_set(svar_variable_container(own.get()), false);
  EXPECT_SVAR_OK(svar_remote_set(remote_.get(), "own", floats_.source(), nullptr));
}

TEST_F(RemoteRules, TheyEndWithTheVariable)
{
  Variable own = make("own", floats_.source(), true, SVAR_DOWNCAST_UNSET);
  own.reset();
  EXPECT_SVAR_OK(svar_remote_set(remote_.get(), "own", svar_none(), nullptr));
}

TEST_F(RemoteRules, SparseVariablesHaveThemToo)
{
  Sparse<double> matrix(SVAR_SPARSE_CSR, 2, 2, {1}, {1}, {0, 1, 1});
  Sparse<double> other_format(SVAR_SPARSE_CSC, 2, 2, {1}, {1}, {0, 1, 1});
  Sparse<float> other_dtype(SVAR_SPARSE_CSR, 2, 2, {1}, {1}, {0, 1, 1});
  Variable strict = make("strict", matrix.source(), true, SVAR_DOWNCAST_UNSET);
  Variable cuts = make("cuts", matrix.source(), false, SVAR_DOWNCAST_TRUE);
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "strict",
                    svar_remote_set(remote_.get(), "strict", other_format.source(), nullptr));
  EXPECT_SVAR_OK(svar_remote_set(remote_.get(), "strict", matrix.source(), nullptr));
  EXPECT_SVAR_OK(svar_remote_set(remote_.get(), "cuts", other_dtype.source(), nullptr));
  svar_container_readonly_set(svar_variable_container(cuts.get()), true);
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "read-only",
                    svar_remote_set(remote_.get(), "cuts", matrix.source(), nullptr));
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "cuts",
                    svar_remote_set(remote_.get(), "cuts.data", doubles_.source(), nullptr));
  svar_container_readonly_set(svar_variable_container(cuts.get()), false);
  EXPECT_SVAR_OK(svar_remote_set(remote_.get(), "cuts", matrix.source(), nullptr));
}

// --- bodies -----------------------------------------------------------------------------------------

// Several changes at once each have memory of their own, whichever ends first.
TEST_F(RemoteSet, OpenChangesDoNotShareMemory)
{
  Remote remote = connect("/remote");
  const int64_t shape = 100000;
  svar_remote_change_t *changes[3];
  float *data[3];
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 3; i++) {
      void *room = nullptr;
      ASSERT_SVAR_OK(svar_remote_change_begin(remote.get(), &changes[i]));
      ASSERT_SVAR_OK(svar_remote_change_loan(changes[i], "vector", SVAR_FLOAT32, 1, &shape, &room));
      data[i] = static_cast<float *>(room);
      std::fill(data[i], data[i] + shape, static_cast<float>(i));
    }
    for (int i : {1, 0, 2}) {
      ASSERT_SVAR_OK(svar_remote_change_commit(changes[i], nullptr));
      EXPECT_EQ(get<float>(find(store_, "vector")), std::vector<float>(shape, i));
    }
  }
}

// A request that was not answered in time may be read later: what it sent must still be there then.
TEST_F(RemoteSet, ALateReadFindsWhatWasSent)
{
  const size_t count = 500000;
  Signal held;
  Child holder([&] {
    svar_store_options_t options = allowing("*");
    Store store = create_store("/still", &options);
    make_variable<float>(store, "first", {0});
    make_variable<float>(store, "second", {0});
    held.raise();
    pause();
    return 0;
  });
  held.wait();
  Remote remote = connect("/still", 50000000);
  Array<float> ones(std::vector<float>(count, 1));
  Array<float> twos(std::vector<float>(count, 2));
  svar_ret_t ret;
  do { // to be kept: where the machine is busy, that takes longer than this connection waits
    ret = svar_remote_set(remote.get(), "second", ones.source(), nullptr);
  } while (ret == SVAR_TIMEOUT);
  ASSERT_SVAR_OK(ret);
  holder.kill(SIGSTOP);
  int status = 0;
  ASSERT_EQ(waitpid(holder.pid(), &status, WUNTRACED), holder.pid()) << "until it has stopped";
  EXPECT_EQ(svar_remote_set(remote.get(), "first", ones.source(), nullptr), SVAR_TIMEOUT);
  EXPECT_EQ(svar_remote_set(remote.get(), "second", twos.source(), nullptr), SVAR_TIMEOUT);
  holder.kill(SIGCONT);
  Store reader = open_store("/still");
  uint64_t seen = 0;
  while (get<float>(find(reader, "first")).size() != count ||
         get<float>(find(reader, "second")).back() != 2) {
    ASSERT_SVAR_OK(svar_store_wait(reader.get(), seen, 20000000000, &seen));
  }
  EXPECT_EQ(get<float>(find(reader, "first")), ones.values());
  EXPECT_EQ(get<float>(find(reader, "second")), twos.values());
  reader.reset();
  holder.kill(SIGKILL);
  holder.wait();
  EXPECT_SVAR_OK(svar_store_clean("/still", nullptr, false, nullptr));
}

TEST_F(RemoteSet, ManyVariablesChangeInOneVersionOrNotAtAll)
{
  svar_store_options_t options = allowing("*");
  store_.reset();
  store_ = create_store("/remote", &options);
  for (int i = 0; i < 500; i++) {
    share(("many." + std::to_string(i)).c_str(), svar_scalar(SVAR_FLOAT64, &zero_));
  }
  Remote remote = connect("/remote");
  for (int round = 0; round < 3; round++) {
    uint64_t before = svar_store_version(store_.get());
    svar_remote_change_t *change = nullptr;
    ASSERT_SVAR_OK(svar_remote_change_begin(remote.get(), &change));
    for (int i = 0; i < 500; i++) {
      ASSERT_SVAR_OK(svar_remote_change_set(change, ("many." + std::to_string(i)).c_str(),
                                            svar_float(round + i)));
    }
    std::vector<float> big(100000, static_cast<float>(round));
    const int64_t shape = 100000;
    void *data = nullptr;
    ASSERT_SVAR_OK(svar_remote_change_loan(change, "vector", SVAR_FLOAT32, 1, &shape, &data));
    memcpy(data, big.data(), big.size() * sizeof(float));
    bool fails = round == 1;
    if (fails) {
      ASSERT_SVAR_OK(svar_remote_change_set(change, "absent", svar_float(1)));
    }
    uint64_t version = 0;
    EXPECT_EQ(fails ? SVAR_ERR_NOT_FOUND : SVAR_OK, svar_remote_change_commit(change, &version));
    EXPECT_EQ(svar_store_version(store_.get()), before + (fails ? 0 : 1));
    double expected = fails ? round - 1 : round;
    EXPECT_EQ(number("many.0"), expected);
    EXPECT_EQ(number("many.499"), expected + 499);
    EXPECT_EQ(get<float>(find(store_, "vector")).back(), static_cast<float>(expected));
  }
}

TEST_F(RemoteSet, AnAbandonedChangeLeavesNothing)
{
  Remote remote = connect("/remote");
  svar_remote_change_t *change = nullptr;
  ASSERT_SVAR_OK(svar_remote_change_begin(remote.get(), &change));
  const int64_t shape = 100000;
  void *data = nullptr;
  ASSERT_SVAR_OK(svar_remote_change_loan(change, "vector", SVAR_FLOAT32, 1, &shape, &data));
  svar_remote_change_abort(change);
  svar_remote_change_abort(nullptr);
  EXPECT_EQ(get<float>(find(store_, "vector")), (std::vector<float>{1, 2, 3}));
}

TEST_F(RemoteSet, NobodyMaySetAnythingUnlessTheHolderSaysSo)
{
  svar_store_options_t none = SVAR_STORE_OPTIONS_INIT;
  hold(&none);
  Remote remote = connect("/remote");
  EXPECT_SVAR_FAILS(SVAR_ERR_PERMISSION, "svar_store_options_t.settable",
                    svar_remote_set(remote.get(), "gain", svar_float(1), nullptr));
  EXPECT_EQ(number("gain"), 0);
  svar_store_info_t info;
  EXPECT_SVAR_OK(svar_remote_info(remote.get(), &info)) << "but it answers";
  EXPECT_EQ(info.holder_pid, getpid());
  EXPECT_EQ(info.version, svar_store_version(store_.get()));
}

TEST_F(RemoteSet, OnlyVariablesOfThePatternsAreSet)
{
  svar_store_options_t some = allowing(" gain, vec*,odd\\,name ");
  hold(&some);
  share("odd,name", svar_scalar(SVAR_FLOAT64, &zero_));
  Remote remote = connect("/remote");
  EXPECT_SVAR_OK(svar_remote_set(remote.get(), "gain", svar_float(1), nullptr));
  EXPECT_SVAR_OK(svar_remote_set(remote.get(), "odd,name", svar_float(1), nullptr));
  Array<float> array({4});
  EXPECT_SVAR_OK(svar_remote_set(remote.get(), "vector", array.source(), nullptr));
  EXPECT_SVAR_FAILS(SVAR_ERR_PERMISSION, "vec*",
                    svar_remote_set(remote.get(), "count", svar_int(2), nullptr));
}

TEST_F(RemoteSet, SettersAreUsersAndGroups)
{
  const gid_t group = 54321;
  const uid_t stranger = 65534;
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can become another user";
  }
  auto set_as = [&](const char *setters, std::vector<gid_t> groups) {
    svar_store_options_t options = allowing("*", setters);
    options.mode = 0644;
    store_.reset();
    options.start_empty = true;
    hold(&options);
    EXPECT_EQ(chmod(directory_.path().c_str(), 0755), 0);
    Child child([&] {
      if (setgroups(groups.size(), groups.data()) != 0 || setgid(stranger) != 0 ||
          setuid(stranger) != 0) {
        return 100;
      }
      svar_remote_options_t theirs = SVAR_REMOTE_OPTIONS_INIT;
      theirs.owner = 0;
      svar_remote_t *remote = nullptr;
      svar_ret_t ret = svar_remote_open("/remote", &theirs, &remote);
      if (ret == SVAR_OK) {
        ret = svar_remote_set(remote, "gain", svar_float(1), nullptr);
      }
      svar_remote_close(remote);
      return static_cast<int>(ret);
    });
    return child.wait();
  };
  EXPECT_EQ(set_as(nullptr, {}), SVAR_ERR_PERMISSION) << "the holder's own user";
  EXPECT_EQ(set_as("65534", {}), SVAR_OK);
  EXPECT_EQ(set_as("1, 2,@54321", {}), SVAR_ERR_PERMISSION);
  EXPECT_EQ(set_as("1, 2,@54321", {7, group}), SVAR_OK);
}

TEST_F(RemoteSet, ASetterThatDoesNotExistIsRefusedAtCreation)
{
  svar_store_options_t options = allowing("*", "no_such_user_here");
  svar_store_t *none = nullptr;
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "no_such_user_here",
                    svar_store_create("/other", &options, &none));
}

TEST_F(RemoteSet, WithoutAHolderThereIsASentence)
{
  svar_remote_t *none = nullptr;
  EXPECT_SVAR_FAILS(SVAR_ERR_NOT_FOUND, "/absent", svar_remote_open("/absent", nullptr, &none));
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "absent", svar_remote_open("absent", nullptr, &none));
  Remote remote = connect("/remote");
  store_.reset();
  EXPECT_SVAR_FAILS(SVAR_ERR_NOT_FOUND, "start its publisher",
                    svar_remote_set(remote.get(), "gain", svar_float(1), nullptr));
  svar_store_options_t options = allowing("*");
  hold(&options);
  EXPECT_SVAR_OK(svar_remote_set(remote.get(), "gain", svar_float(3), nullptr)) << "the next one";
  EXPECT_EQ(number("gain"), 3);
}

TEST_F(RemoteSet, AnotherUsersSocketIsNotTrusted)
{
  svar_remote_options_t options = SVAR_REMOTE_OPTIONS_INIT;
  options.owner = geteuid() + 1;
  svar_remote_t *none = nullptr;
  std::string own = directory_.path() + "/svar." + std::to_string(geteuid()) + ".remote.socket";
  std::string other =
      directory_.path() + "/svar." + std::to_string(geteuid() + 1) + ".remote.socket";
  ASSERT_EQ(link(own.c_str(), other.c_str()), 0);
  EXPECT_SVAR_FAILS(SVAR_ERR_PERMISSION, "not by the store's owner",
                    svar_remote_open("/remote", &options, &none));
  unlink(other.c_str());
}

TEST_F(RemoteSet, AHolderThatStandsStillIsATimeout)
{
  Signal held;
  Child holder([&] {
    svar_store_options_t options = allowing("*");
    Store store = create_store("/still", &options);
    make_variable<double>(store, "gain", {1});
    held.raise();
    pause();
    return 0;
  });
  held.wait();
  Remote remote = connect("/still", 50000000);
  holder.kill(SIGSTOP);
  int status = 0;
  ASSERT_EQ(waitpid(holder.pid(), &status, WUNTRACED), holder.pid()) << "until it has stopped";
  Array<double> array({2});
  svar_ret_t ret = svar_remote_set(remote.get(), "gain", array.source(), nullptr);
  EXPECT_EQ(ret, SVAR_TIMEOUT);
  holder.kill(SIGCONT);
  EXPECT_SVAR_OK(svar_remote_set(connect("/still").get(), "gain", array.source(), nullptr));
  holder.kill(SIGKILL);
  holder.wait();
  EXPECT_SVAR_OK(svar_store_clean("/still", nullptr, false, nullptr));
}

TEST_F(RemoteSet, AChildOfAForkOpensItsOwn)
{
  Remote remote = connect("/remote");
  Child child([&] {
    return svar_remote_set(remote.get(), "gain", svar_float(1), nullptr) == SVAR_ERR_FORKED &&
                   svar_remote_set(connect("/remote").get(), "gain", svar_float(2), nullptr) ==
                       SVAR_OK
               ? 0
               : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(number("gain"), 2);
  EXPECT_SVAR_OK(svar_remote_set(remote.get(), "gain", svar_float(3), nullptr));
}

// Holders are killed at any moment; each set is made once or not at all, and the connection works on.
TEST_F(RemoteSet, OutlivesHoldersThatAreKilled)
{
  store_.reset();
  Remote remote;
  for (int life = 0; life < 10; life++) {
    Signal held;
    Child holder([&] {
      svar_store_options_t options = allowing("*");
      Store store = create_store("/remote", &options);
      held.raise();
      pause();
      return 0;
    });
    held.wait();
    if (!remote) {
      remote = connect("/remote");
    }
    for (int i = 0; i < 20; i++) {
      ASSERT_SVAR_OK(svar_remote_set(remote.get(), "gain", svar_float(life * 20 + i), nullptr));
    }
    holder.kill(SIGKILL);
    holder.wait();
  }
  svar_store_options_t options = allowing("*");
  hold(&options);
  EXPECT_EQ(number("gain"), 199);
}

TEST_F(RemoteSet, ManyClientsSetWhileTheHolderCommitsAndNothingIsTorn)
{
  std::vector<std::unique_ptr<Child>> clients;
  for (int i = 0; i < 4; i++) {
    clients.push_back(std::make_unique<Child>([i] {
      Remote remote = connect("/remote");
      for (int round = 0; round < 50; round++) {
        std::vector<float> values(20000, static_cast<float>(i * 100 + round));
        Array<float> array(values);
        if (svar_remote_set(remote.get(), "vector", array.source(), nullptr) != SVAR_OK) {
          return 1;
        }
      }
      return 0;
    }));
  }
  Variable vector = find(store_, "vector");
  for (int i = 0; i < 500; i++) {
    std::vector<float> found = get<float>(vector);
    ASSERT_TRUE(found.size() == 3 || std::equal(found.begin() + 1, found.end(), found.begin()));
    ASSERT_SVAR_OK(svar_set_value(find(store_, "gain").get(), svar_float(i), SVAR_COPY));
  }
  for (auto &client : clients) {
    EXPECT_EQ(client->wait(), 0);
  }
}

svar_ret_t
change_with(FailingHeap &heap)
{
  svar_allocator_t allocator = heap.allocator();
  svar_remote_options_t options = SVAR_REMOTE_OPTIONS_INIT;
  options.allocator = &allocator;
  svar_remote_t *remote = nullptr;
  svar_remote_change_t *change = nullptr;
  svar_ret_t ret = svar_remote_open("/remote", &options, &remote);
  if (ret == SVAR_OK) {
    ret = svar_remote_change_begin(remote, &change);
  }
  for (int i = 0; i < 20 && ret == SVAR_OK; i++) {
    ret = svar_remote_change_set(change, "gain", svar_float(i));
  }
  const int64_t shape = 10000;
  void *data = nullptr;
  if (ret == SVAR_OK) {
    ret = svar_remote_change_loan(change, "vector", SVAR_FLOAT32, 1, &shape, &data);
  }
  if (ret == SVAR_OK) {
    ret = svar_remote_change_commit(change, nullptr);
  } else {
    svar_remote_change_abort(change);
  }
  svar_remote_close(remote);
  return ret;
}

TEST_F(RemoteSet, SurvivesEveryFailedAllocation)
{
  EXPECT_GT(fail_each_allocation([](FailingHeap &heap) {
              svar_ret_t ret = change_with(heap);
              EXPECT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NO_MEMORY) << svar_error_message();
              return ret != SVAR_ERR_NO_MEMORY;
            }),
            0);
  EXPECT_EQ(number("gain"), 19);
}

} // namespace
