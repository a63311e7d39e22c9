// A store's variables take the values of a file, all in one commit or none.
#include "archive/archive_fixture.hpp"
#include "fakes/sparse.hpp"

namespace
{

using svar_test::create_store;
using svar_test::ScratchDirectory;

class ArchiveRestore : public Archive
{
protected:
  void TearDown() override
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }

  svar_ret_t Restore(bool ignore_missing = false, bool ignore_extra = false)
  {
    svar_archive_restore_options_t options = SVAR_ARCHIVE_RESTORE_OPTIONS_INIT;
    options.ignore_missing = ignore_missing;
    options.ignore_extra = ignore_extra;
    return svar_archive_restore(path_.c_str(), store_.get(), &options, nullptr);
  }

  ScratchDirectory directory_;
  Store store_ = create_store("/archive/restore");
};

TEST_F(ArchiveRestore, SetsEveryKindOfValueInOneCommit)
{
  svar_random_state_t state = svar_random_seeded(1), other_state = svar_random_seeded(2);
  Sparse<double> matrix(SVAR_SPARSE_CSR, 1, 2, {5}, {1}, {0, 1});
  Sparse<double> other_matrix(SVAR_SPARSE_CSR, 2, 2, {}, {}, {0, 0, 0});
  std::vector<Variable> variables;
  variables.push_back(Make(vector_of<float>({1, 2}).source(), "w", store_.get()));
  variables.push_back(Make(svar_random_source(&state), "rng", store_.get()));
  variables.push_back(Make(matrix.source(), "m", store_.get()));
  variables.push_back(
      Make(Array(std::vector<std::complex<double>>{{1, 2}}, {1}).source(), "z", store_.get()));
  ASSERT_SVAR_OK(Save(Pointers(variables)));
  Array longer = vector_of<float>({3, 4, 5});
  ASSERT_SVAR_OK(svar_set_value(variables[0].get(), longer.source(), SVAR_COPY));
  ASSERT_SVAR_OK(svar_set_value(variables[1].get(), svar_random_source(&other_state), SVAR_COPY));
  ASSERT_SVAR_OK(svar_set_value(variables[2].get(), other_matrix.source(), SVAR_COPY));
  uint64_t before = svar_store_version(store_.get()), version = 0;
  ASSERT_SVAR_OK(svar_archive_restore(path_.c_str(), store_.get(), nullptr, &version));
  EXPECT_EQ(version, before + 1);
  EXPECT_EQ(svar_store_version(store_.get()), before + 1);
  EXPECT_EQ(svar_test::get<float>(variables[0]), (std::vector<float>{1, 2}));
  svar_random_state_t found;
  ASSERT_SVAR_OK(svar_random_get(variables[1].get(), &found));
  EXPECT_TRUE(svar_random_state_equal(&found, &state));
  svar_sparse_value_t value = SVAR_SPARSE_VALUE_INIT;
  ASSERT_SVAR_OK(svar_sparse_get(variables[2].get(), SVAR_COPY, &value));
  EXPECT_EQ(dense_of(value.matrix), dense_of(matrix.matrix()));
  svar_sparse_value_release(&value);
  EXPECT_EQ(svar_test::get<double>(variables[3]), (std::vector<double>{1, 2}));
}

TEST_F(ArchiveRestore, PassesTheFilterOfALocalSet)
{
  Variable narrow = Make(vector_of<float>({1, 2}).source(), "w");
  ASSERT_SVAR_OK(Save({narrow.get()}));
  Variable wide = Make(vector_of<double>({0}).source(), "w", store_.get());
  ASSERT_SVAR_OK(Restore());
  EXPECT_EQ(svar_test::get<double>(wide), (std::vector<double>{1, 2}));
}

TEST_F(ArchiveRestore, WhatOneVariableRefusesChangesNone)
{
  Variable a = Make(svar_float(7), "a", store_.get());
  const bool flags[] = {true};
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = "b";
  options.store = store_.get();
  options.broadcastable = flags;
  options.broadcastable_count = 1;
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_shared(vector_of<float>({1}).source(), &options, &made));
  Variable b(made);
  Variable new_a = Make(svar_float(8), "a");
  Array wrong_dtype = vector_of<double>({1}), wrong_extent = vector_of<float>({1, 2});
  Array wrong_rank(SVAR_FLOAT32, {1, 1});
  for (const Array *wrong : {&wrong_dtype, &wrong_extent, &wrong_rank}) {
    Variable new_b = Make(wrong->source(), "b");
    ASSERT_SVAR_OK(Save({new_a.get(), new_b.get()}));
    uint64_t version = svar_store_version(store_.get());
    EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "'b'", Restore());
    EXPECT_EQ(svar_store_version(store_.get()), version);
  }
  EXPECT_EQ(svar_test::get<double>(a), std::vector<double>{7});
}

TEST_F(ArchiveRestore, NamesMustMatchUnlessTheOptionsSayOtherwise)
{
  Variable kept = Make(svar_float(1), "kept", store_.get());
  Variable both = Make(svar_float(2), "both", store_.get());
  Variable new_both = Make(svar_float(20), "both"), extra = Make(svar_float(30), "extra");
  ASSERT_SVAR_OK(Save({new_both.get(), extra.get()}));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "'extra', which store '/archive/restore' does not have",
                    Restore(true, false));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "lacks tensor 'kept'", Restore(false, true));
  EXPECT_EQ(svar_test::get<double>(both), std::vector<double>{2});
  ASSERT_SVAR_OK(Restore(true, true));
  EXPECT_EQ(svar_test::get<double>(both), std::vector<double>{20});
  EXPECT_EQ(svar_test::get<double>(kept), std::vector<double>{1});
}

TEST_F(ArchiveRestore, AnotherKindOfValueIsRefused)
{
  svar_random_state_t state = svar_random_seeded(1);
  Variable rng = Make(svar_random_source(&state), "x", store_.get());
  Variable words = Make(Array(SVAR_UINT64, {SVAR_RANDOM_WORDS}).source(), "x");
  ASSERT_SVAR_OK(Save({words.get()}));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "another kind: tensor", Restore());
}

TEST_F(ArchiveRestore, OnlyTheHolderRestores)
{
  Variable w = Make(svar_float(1), "w", store_.get());
  ASSERT_SVAR_OK(Save({w.get()}));
  Store reader = svar_test::open_store("/archive/restore");
  EXPECT_EQ(svar_archive_restore(path_.c_str(), reader.get(), nullptr, nullptr),
            SVAR_ERR_READ_ONLY);
  EXPECT_EQ(svar_archive_restore((folder_ / "none").c_str(), store_.get(), nullptr, nullptr),
            SVAR_ERR_NOT_FOUND);
  svar_archive_restore_options_t options = SVAR_ARCHIVE_RESTORE_OPTIONS_INIT;
  options.size_bytes = 1;
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "size_bytes",
                    svar_archive_restore(path_.c_str(), store_.get(), &options, nullptr));
}

// Rules are of a program's handles, values of the store: restoring sets values only.
TEST_F(ArchiveRestore, ClonesAreOneValueAndRulesStay)
{
  svar_shared_options_t strict = SVAR_SHARED_OPTIONS_INIT;
  strict.name = "w";
  strict.strict = true;
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_shared(vector_of<double>({7}).source(), &strict, &made));
  Variable saved(made);
  ASSERT_SVAR_OK(svar_variable_clone(saved.get(), "clone", &made));
  Variable clone(made);
  ASSERT_SVAR_OK(Save({saved.get(), clone.get()}));
  Variable w = Make(vector_of<double>({1}).source(), "w", store_.get());
  ASSERT_SVAR_OK(Restore());
  EXPECT_EQ(svar_test::get<double>(w), std::vector<double>{7});
  EXPECT_FALSE(svar_container_is_strict(svar_variable_container(w.get())));
}

} // namespace
