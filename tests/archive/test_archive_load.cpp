// Variables that were saved come back as they were, and independent.
#include <sys/resource.h>

#include "archive/archive_fixture.hpp"
#include "archive/safetensors_text.hpp"
#include "components/policy/policy_data.hpp"
#include "fakes/objects.hpp"
#include "fakes/sparse.hpp"

namespace
{

using svar_test::Child;
using svar_test::create_store;
using svar_test::open_store;
using svar_test::ScratchDirectory;
using svar_test::Signal;

const std::vector<svar_dtype_t> kStorageDtypes = {SVAR_BFLOAT16,        SVAR_FLOAT8_E4M3FN,
                                                  SVAR_FLOAT8_E4M3FNUZ, SVAR_FLOAT8_E5M2,
                                                  SVAR_FLOAT8_E5M2FNUZ, SVAR_FLOAT8_E8M0FNU};

class ArchiveDtype : public Archive, public testing::WithParamInterface<svar_dtype_t>
{
};

TEST_P(ArchiveDtype, ComesBackInEveryRank)
{
  std::vector<Variable> variables;
  for (std::vector<int64_t> shape :
       {std::vector<int64_t>{}, {0}, {3}, {2, 1, 3}, {4, 0}, {1, 2, 1, 2, 1}}) {
    Array array(GetParam(), shape);
    uint64_t bytes = 0;
    ASSERT_SVAR_OK(svar_shape_bytes(GetParam(), array.tensor().ndim, shape.data(), &bytes));
    for (size_t i = 0; i < bytes; i++) {
      array.as<unsigned char>()[i] =
          static_cast<unsigned char>(GetParam().code == SVAR_DL_BOOL ? i % 2 : 37 * i + 11);
    }
    variables.push_back(Make(array.source(), nullptr));
  }
  ASSERT_SVAR_OK(Save(Pointers(variables)));
  Loaded loaded(path_);
  ASSERT_EQ(loaded.count(), variables.size());
  for (size_t i = 0; i < loaded.count(); i++) {
    EXPECT_TRUE(Reading(loaded[i]) == Reading(variables[i].get())) << "rank number " << i;
    EXPECT_EQ(svar_variable_name(loaded[i]), nullptr);
  }
}

INSTANTIATE_TEST_SUITE_P(Theano, ArchiveDtype, testing::ValuesIn(theano_dtypes()));
INSTANTIATE_TEST_SUITE_P(Storage, ArchiveDtype, testing::ValuesIn(kStorageDtypes));

TEST_F(Archive, KeepsNamesAndFlags)
{
  const bool flags[] = {true, false, true};
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = "bias";
  options.broadcastable = flags;
  options.broadcastable_count = 3;
  Array array(std::vector<std::complex<double>>{{1, 2}, {3, 4}}, {1, 2, 1});
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_shared(array.source(), &options, &made));
  Variable variable(made);
  ASSERT_SVAR_OK(Save({variable.get()}));
  Loaded loaded(path_);
  ASSERT_EQ(loaded.count(), 1u);
  EXPECT_STREQ(svar_variable_name(loaded[0]), "bias");
  EXPECT_EQ(svar_variable_type(loaded[0]).broadcastable, 5u);
  EXPECT_TRUE(Reading(loaded[0]) == Reading(variable.get()));
}

TEST_F(Archive, SharesNothingWithWhatWasSaved)
{
  Variable saved = Make(svar_float(1), "w");
  ASSERT_SVAR_OK(Save({saved.get()}));
  Loaded loaded(path_), again(path_);
  ASSERT_SVAR_OK(svar_set_value(loaded[0], svar_float(2), SVAR_COPY));
  EXPECT_EQ(svar_test::get<double>(saved), std::vector<double>{1});
  EXPECT_TRUE(Reading(again[0]) == Reading(saved.get()));
}

TEST_F(Archive, OneVariableThatIsGivenTwiceComesBackAsOne)
{
  Variable a = Make(svar_float(1), "a"), b = Make(svar_float(2), "b");
  ASSERT_SVAR_OK(Save({a.get(), b.get(), a.get()}));
  EXPECT_EQ(TensorNames(), (std::vector<std::string>{"a", "b"}));
  Loaded loaded(path_);
  ASSERT_EQ(loaded.count(), 3u);
  EXPECT_EQ(loaded[0], loaded[2]);
  EXPECT_NE(loaded[0], loaded[1]);
}

TEST_F(Archive, ClonesComeBackAsClonesOfEachOther)
{
  Sparse<double> matrix(SVAR_SPARSE_CSR, 1, 2, {5}, {1}, {0, 1});
  Variable a = Make(svar_float(1), "a"), m = Make(matrix.source(), "m");
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_variable_clone(a.get(), "b", &made));
  Variable b(made);
  ASSERT_SVAR_OK(svar_variable_clone(m.get(), nullptr, &made));
  Variable n(made);
  ASSERT_SVAR_OK(svar_variable_rename(n.get(), nullptr));
  std::vector<svar_variable_t *> all = {a.get(), n.get(), b.get(), m.get(), b.get()};
  ASSERT_SVAR_OK(Save(all));
  EXPECT_EQ(TensorNames().size(), 5u) << "one value, and the four tensors of a matrix";
  svar_test::ScratchDirectory directory;
  Store store = svar_test::create_store("/archive/clones");
  for (svar_store_t *target : {static_cast<svar_store_t *>(nullptr), store.get()}) {
    Loaded loaded(path_, target);
    ASSERT_EQ(loaded.count(), 5u);
    auto container = [&](size_t i) { return svar_variable_container(loaded[i]); };
    EXPECT_EQ(container(0), container(2));
    EXPECT_EQ(container(1), container(3));
    EXPECT_NE(loaded[0], loaded[2]);
    EXPECT_EQ(loaded[2], loaded[4]);
    EXPECT_STREQ(svar_variable_name(loaded[2]), "b");
    EXPECT_STREQ(svar_variable_name(loaded[3]), "m");
    EXPECT_STREQ(svar_variable_name(loaded[1]), target == nullptr ? nullptr : "array_0");
    ASSERT_SVAR_OK(svar_set_value(loaded[2], svar_float(2), SVAR_COPY));
    EXPECT_EQ(Reading(loaded[0]).bytes, Reading(loaded[2]).bytes);
  }
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST_F(Archive, WhatAStoreFoundTwiceIsOneValue)
{
  svar_test::ScratchDirectory directory;
  Store store = svar_test::create_store("/archive/twice");
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = "gain";
  options.store = store.get();
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_float(1), &options, &made));
  Variable first(made);
  ASSERT_SVAR_OK(svar_store_find(store.get(), "gain", &made));
  Variable second(made);
  ASSERT_NE(svar_variable_container(first.get()), svar_variable_container(second.get()));
  ASSERT_EQ(svar_container_cell(svar_variable_container(first.get())),
            svar_container_cell(svar_variable_container(second.get())));
  ASSERT_SVAR_OK(Save({first.get(), second.get()}));
  EXPECT_EQ(TensorNames().size(), 1u);
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST_F(Archive, RulesComeBack)
{
  Sparse<double> matrix(SVAR_SPARSE_CSR, 1, 2, {5}, {1}, {0, 1});
  svar_random_state_t state = svar_random_seeded(1);
  std::vector<Variable> variables;
  for (const svar_source_t &source : {svar_float(1), matrix.source(), svar_random_source(&state)}) {
    for (svar_downcast_t downcast :
         {SVAR_DOWNCAST_UNSET, SVAR_DOWNCAST_FALSE, SVAR_DOWNCAST_TRUE}) {
      svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
      options.name = "w";
      options.strict = downcast == SVAR_DOWNCAST_FALSE;
      options.allow_downcast = downcast;
      svar_variable_t *made = nullptr;
      ASSERT_SVAR_OK(svar_shared(source, &options, &made));
      variables.emplace_back(made);
    }
  }
  ASSERT_SVAR_OK(Save(Pointers(variables)));
  svar_test::ScratchDirectory directory;
  Store store = svar_test::create_store("/archive/rules");
  for (svar_store_t *target : {static_cast<svar_store_t *>(nullptr), store.get()}) {
    Loaded loaded(path_, target);
    for (size_t i = 0; i < variables.size(); i++) {
      SCOPED_TRACE(i);
      const svar_container_t *saved = svar_variable_container(variables[i].get());
      const svar_container_t *found = svar_variable_container(loaded[i]);
      EXPECT_EQ(svar_container_is_strict(found), svar_container_is_strict(saved));
      EXPECT_EQ(svar_container_allow_downcast(found), svar_container_allow_downcast(saved));
    }
  }
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST_F(Archive, NothingIsAnArchiveToo)
{
  ASSERT_SVAR_OK(svar_archive_save(path_.c_str(), nullptr, 0, nullptr));
  EXPECT_EQ(Loaded(path_).count(), 0u);
}

// --- names -----------------------------------------------------------------------------------------

TEST_F(Archive, RepeatedNamesGetSuffixesThatAreFree)
{
  std::vector<Variable> variables;
  for (const char *name : {"w", "w_2", "w", "w", "v", "w_2"}) {
    variables.push_back(Make(svar_float(0), name));
  }
  ASSERT_SVAR_OK(Save(Pointers(variables)));
  EXPECT_EQ(TensorNames(), (std::vector<std::string>{"w", "w_2", "w_3", "w_4", "v", "w_2_2"}));
  Loaded loaded(path_);
  for (size_t i = 0; i < variables.size(); i++) {
    EXPECT_STREQ(svar_variable_name(loaded[i]), svar_variable_name(variables[i].get()));
  }
}

TEST_F(Archive, UnnamedVariablesAreNumbered)
{
  Variable taken = Make(svar_float(0), "array_1");
  std::vector<Variable> unnamed;
  for (const char *name : {static_cast<const char *>(nullptr), "", "x"}) {
    unnamed.push_back(Make(svar_float(0), name));
  }
  ASSERT_SVAR_OK(Save({taken.get(), unnamed[0].get(), unnamed[1].get(), unnamed[2].get()}));
  EXPECT_EQ(TensorNames(), (std::vector<std::string>{"array_1", "array_0", "array_2", "x"}));
  Loaded loaded(path_);
  EXPECT_EQ(svar_variable_name(loaded[1]), nullptr);
  EXPECT_STREQ(svar_variable_name(loaded[2]), "");
}

TEST_F(Archive, NamesThatAnOptionOrTheFormatRefusesWriteNothing)
{
  svar_archive_save_options_t options = SVAR_ARCHIVE_SAVE_OPTIONS_INIT;
  options.refuse_repeated_names = options.refuse_unnamed = true;
  Variable w = Make(svar_float(0), "w"), other = Make(svar_float(0), "w");
  Variable unnamed = Make(svar_float(0), nullptr);
  EXPECT_SVAR_FAILS(SVAR_ERR_VALUE, "'w'", Save({w.get(), other.get()}, &options));
  EXPECT_SVAR_FAILS(SVAR_ERR_VALUE, "no name", Save({w.get(), unnamed.get()}, &options));
  EXPECT_SVAR_OK(Save({w.get(), w.get()}, &options)) << "one variable has one name";
  std::filesystem::remove(path_);
  const std::string long_name(256, 'x');
  for (const char *name : {"\xff", "__metadata__", "a\nb", long_name.c_str()}) {
    Variable named = Make(svar_float(0), name);
    EXPECT_EQ(Save({named.get()}), SVAR_ERR_VALUE) << name;
  }
  EXPECT_EQ(folder_.names(), std::vector<std::string>());
}

// --- other kinds -----------------------------------------------------------------------------------

TEST_F(Archive, RandomStatesGoOnWhereTheyStood)
{
  svar_random_state_t state = svar_random_seeded(7);
  double skipped[3];
  svar_random_float64(&state, 3, skipped);
  Variable saved = Make(svar_random_source(&state), "rng");
  ASSERT_SVAR_OK(Save({saved.get()}));
  Loaded loaded(path_);
  svar_random_state_t found;
  ASSERT_SVAR_OK(svar_random_get(loaded[0], &found));
  EXPECT_TRUE(svar_random_state_equal(&state, &found));
}

Dense
DenseOf(svar_variable_t *variable)
{
  svar_sparse_value_t value = SVAR_SPARSE_VALUE_INIT;
  EXPECT_SVAR_OK(svar_sparse_get(variable, SVAR_COPY, &value));
  EXPECT_SVAR_OK(svar_sparse_check(&value.matrix));
  Dense dense = dense_of(value.matrix);
  svar_sparse_value_release(&value);
  return dense;
}

TEST_F(Archive, SparseMatricesComeBackInTheirFormat)
{
  Sparse<double> csr(SVAR_SPARSE_CSR, 2, 3, {1, 2, 3}, {0, 2, 1}, {0, 2, 3});
  Sparse<double, int64_t> csc(SVAR_SPARSE_CSC, 2, 3, {1, 2, 3}, {0, 1, 1}, {0, 1, 2, 3});
  Sparse<double> bsr(SVAR_SPARSE_BSR, 4, 2, {1, 2, 3, 4}, {0}, {0, 0, 1}, 2, 2);
  Sparse<double> empty(SVAR_SPARSE_CSR, 0, 3, {}, {}, {0});
  std::vector<Variable> variables;
  for (svar_source_t source : {csr.source(), csc.source(), bsr.source(), empty.source()}) {
    variables.push_back(Make(source, "m"));
  }
  ASSERT_SVAR_OK(Save(Pointers(variables)));
  Loaded loaded(path_);
  ASSERT_EQ(loaded.count(), variables.size());
  for (size_t i = 0; i < loaded.count(); i++) {
    svar_type_t type = svar_variable_type(loaded[i]);
    svar_type_t expected = svar_variable_type(variables[i].get());
    EXPECT_TRUE(svar_type_equal(&type, &expected));
    EXPECT_EQ(DenseOf(loaded[i]), DenseOf(variables[i].get()));
  }
}

TEST_F(Archive, ASparseVariablesPartsDoNotTakeAnothersName)
{
  Sparse<double> matrix(SVAR_SPARSE_CSR, 1, 1, {5}, {0}, {0, 1});
  Variable data = Make(svar_float(1), "w.data"), sparse = Make(matrix.source(), "w");
  ASSERT_SVAR_OK(Save({data.get(), sparse.get()}));
  EXPECT_EQ(TensorNames(),
            (std::vector<std::string>{"w.data", "w_2", "w_2.data", "w_2.indices", "w_2.indptr"}));
  Loaded loaded(path_);
  ASSERT_EQ(loaded.count(), 2u);
  EXPECT_STREQ(svar_variable_name(loaded[1]), "w");
  EXPECT_EQ(DenseOf(loaded[1]), DenseOf(sparse.get()));
}

TEST_F(Archive, VariablesWithoutAValueAreRefusedOrSkipped)
{
  Variable set = Make(svar_float(1), "set"), unset = Make(svar_float(1), "unset");
  ASSERT_SVAR_OK(svar_set_value(unset.get(), svar_none(), SVAR_COPY));
  EXPECT_SVAR_FAILS(SVAR_ERR_UNSET, "'unset'", Save({set.get(), unset.get()}));
  svar_archive_save_options_t options = SVAR_ARCHIVE_SAVE_OPTIONS_INIT;
  options.skip_unset = true;
  ASSERT_SVAR_OK(Save({unset.get(), set.get(), unset.get()}, &options));
  Loaded loaded(path_);
  ASSERT_EQ(loaded.count(), 1u);
  EXPECT_STREQ(svar_variable_name(loaded[0]), "set");
}

TEST_F(Archive, ObjectsAndTrueNumbersStayOut)
{
  svar_test::Text text("settings");
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_shared(text.source(), nullptr, &made));
  text.release();
  Variable object(made);
  ASSERT_SVAR_OK(svar_number(svar_int(1), nullptr, &made));
  Variable number(made);
  Variable tensor = Make(svar_int(1), nullptr);
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "variable '<Object>' is Object",
                    Save({tensor.get(), object.get()}));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "is Number", Save({tensor.get(), number.get()}));
}

TEST_F(Archive, OptionsOfAnotherBuildAreRefused)
{
  svar_archive_save_options_t options = SVAR_ARCHIVE_SAVE_OPTIONS_INIT;
  options.size_bytes += 8;
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "size_bytes", Save({}, &options));
  EXPECT_EQ(Save({nullptr}), SVAR_ERR_ARGUMENT);
}

// --- stores ----------------------------------------------------------------------------------------

TEST_F(Archive, LoadsIntoAStoreInOneCommitUnderTheTensorsNames)
{
  ScratchDirectory directory;
  Store store = create_store("/archive/load");
  Sparse<double> matrix(SVAR_SPARSE_CSR, 1, 2, {5}, {1}, {0, 1});
  svar_random_state_t state = svar_random_seeded(1);
  std::vector<Variable> variables;
  variables.push_back(Make(vector_of<float>({1, 2}).source(), "w"));
  variables.push_back(Make(svar_float(3), "w"));
  variables.push_back(Make(matrix.source(), "m"));
  variables.push_back(Make(svar_random_source(&state), nullptr));
  ASSERT_SVAR_OK(Save(Pointers(variables)));
  Loaded loaded(path_, store.get());
  EXPECT_EQ(svar_store_version(store.get()), 1u);
  Store reader = open_store("/archive/load");
  EXPECT_TRUE(Reading(svar_test::find(reader, "w").get()) == Reading(variables[0].get()));
  EXPECT_TRUE(Reading(svar_test::find(reader, "w_2").get()) == Reading(variables[1].get()));
  EXPECT_EQ(DenseOf(svar_test::find(reader, "m").get()), DenseOf(variables[2].get()));
  EXPECT_TRUE(Reading(svar_test::find(reader, "array_0").get()) == Reading(variables[3].get()));
  ASSERT_SVAR_OK(svar_store_remove(store.get()));
}

// What a file says of GPUs where there is no driver.
TEST_F(Archive, AVariableOfAGpuNeedsADriverUnlessItIsLoadedOnTheHost)
{
  setenv("SVAR_GPU_DRIVER", "/nowhere/libcuda.so.1", 1);
  const std::string header = R"({"__metadata__":{"shared_variable":"{\"format\":3,\"variables\":[)"
                             R"({\"tensor\":\"w\",\"name\":\"w\",\"gpu\":0}]}"},)"
                             R"("w":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})";
  WriteOldFile(path_, Length(header.size()) + header + std::string("\1\2\3"));
  svar_archive_variables_t list = {};
  EXPECT_SVAR_FAILS(SVAR_ERR_UNSUPPORTED, "saved from GPU 0",
                    svar_archive_load(path_.c_str(), nullptr, nullptr, &list));
  EXPECT_NE(std::string(svar_error_message()).find("no NVIDIA driver"), std::string::npos)
      << svar_error_message();
  svar_archive_load_options_t options = SVAR_ARCHIVE_LOAD_OPTIONS_INIT;
  options.target = SVAR_TARGET_HOST;
  Loaded loaded(path_, nullptr, &options);
  EXPECT_EQ(svar_variable_backing(loaded[0]), SVAR_BACKING_CPU);
  EXPECT_EQ(Reading(loaded[0]).bytes, "\1\2\3");
  options.target = SVAR_TARGET_GPU;
  EXPECT_SVAR_FAILS(SVAR_ERR_UNSUPPORTED, "loading 'w'",
                    svar_archive_load(path_.c_str(), nullptr, &options, &list));
}

TEST_F(Archive, ALoadThatFailsLeavesTheStoreAsItWas)
{
  ScratchDirectory directory;
  Store store = create_store("/archive/load");
  Variable there = Make(svar_float(1), "b", store.get());
  Variable a = Make(svar_float(2), "a"), b = Make(svar_float(3), "b");
  ASSERT_SVAR_OK(Save({a.get(), b.get()}));
  svar_archive_variables_t list = {};
  EXPECT_SVAR_FAILS(SVAR_ERR_EXISTS, "'b'",
                    svar_archive_load(path_.c_str(), store.get(), nullptr, &list));
  EXPECT_EQ(list.variables, nullptr);
  EXPECT_EQ(svar_store_version(store.get()), 1u);
  svar_variable_t *found = nullptr;
  EXPECT_EQ(svar_store_find(store.get(), "a", &found), SVAR_ERR_NOT_FOUND);
  EXPECT_SVAR_OK(svar_set_value(there.get(), svar_float(4), SVAR_COPY));
  Store reader = open_store("/archive/load");
  EXPECT_SVAR_FAILS(SVAR_ERR_READ_ONLY, "/archive/load",
                    svar_archive_load(path_.c_str(), reader.get(), nullptr, &list));
  ASSERT_SVAR_OK(svar_store_remove(store.get()));
}

// A holder commits two variables that are always equal; a reader saves them again and again.
TEST_F(Archive, SavesOneVersionOfAStoreThatChanges)
{
  ScratchDirectory directory;
  Signal is_there, may_end;
  Child holder([&] {
    Store store = create_store("/archive/busy");
    Variable a = svar_test::make_variable<double>(store, "a", {0});
    Variable b = svar_test::make_variable<double>(store, "b", {0});
    is_there.raise();
    for (double i = 0; i < 20000; i++) {
      svar_test::Array<double> value({i});
      svar_transaction_t *change = nullptr;
      if (svar_transaction_begin(store.get(), &change) != SVAR_OK ||
          svar_transaction_set(change, a.get(), value.source()) != SVAR_OK ||
          svar_transaction_set(change, b.get(), value.source()) != SVAR_OK ||
          svar_transaction_commit(change, nullptr) != SVAR_OK) {
        return 1;
      }
    }
    may_end.wait();
    return svar_store_remove(store.get()) == SVAR_OK ? 0 : 1;
  });
  is_there.wait();
  Store reader = open_store("/archive/busy");
  Variable a = svar_test::find(reader, "a"), b = svar_test::find(reader, "b");
  for (int i = 0; i < 30; i++) {
    ASSERT_SVAR_OK(Save({a.get(), b.get()}));
    Loaded loaded(path_);
    ASSERT_EQ(Reading(loaded[0]).bytes, Reading(loaded[1]).bytes);
  }
  may_end.raise();
  EXPECT_EQ(holder.wait(), 0);
}

// --- files -----------------------------------------------------------------------------------------

TEST_F(Archive, AFullDiskLeavesTheOldFile)
{
  Variable old = Make(svar_float(1), "w");
  ASSERT_SVAR_OK(Save({old.get()}));
  std::string before = ReadFile(path_);
  Child writer([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    Array big(SVAR_FLOAT64, {100000});
    Variable variable = Make(big.source(), "w");
    return Save({variable.get()}) == SVAR_ERR_SYSTEM ? 0 : 1;
  });
  EXPECT_EQ(writer.wait(), 0);
  EXPECT_EQ(ReadFile(path_), before);
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.safetensors"});
}

TEST_F(Archive, ReadsTensorsThatSomebodyElseWrote)
{
  std::vector<float> numbers = {1, 2, 3, 4, 5, 6};
  const int64_t shape[] = {2, 3};
  svar_safetensors_item_t item = {"layer.weight",
                                  svar_tensor(SVAR_FLOAT32, numbers.data(), 2, shape)};
  svar_safetensors_pair_t metadata = {"format", "pt"};
  ASSERT_SVAR_OK(svar_safetensors_write(path_.c_str(), &item, 1, &metadata, 1));
  Loaded loaded(path_);
  ASSERT_EQ(loaded.count(), 1u);
  EXPECT_STREQ(svar_variable_name(loaded[0]), "layer.weight");
  EXPECT_EQ(Reading(loaded[0]).shape, (std::vector<int64_t>{2, 3}));
}

TEST_F(Archive, RealPoliciesComeBackTensorForTensor)
{
  SVAR_SKIP_WITHOUT_ROBOTS();
  for (const char *name : {"unitree_g1", "unitree_g1_reference", "unitree_h1"}) {
    SCOPED_TRACE(name);
    std::string original = PolicyFile(std::string(name) + ".safetensors");
    Loaded first(original);
    std::vector<svar_variable_t *> variables;
    for (size_t i = 0; i < first.count(); i++) {
      variables.push_back(first[i]);
    }
    ASSERT_GT(variables.size(), 0u);
    ASSERT_SVAR_OK(Save(variables));
    Tables before = ReadTables(original), after = ReadTables(path_);
    ASSERT_EQ(before.size(), after.size());
    for (const auto &[tensor, table] : before) {
      EXPECT_EQ(table.shape, after[tensor].shape) << tensor;
      EXPECT_EQ(table.values, after[tensor].values) << tensor;
    }
  }
}

} // namespace
