// Copies that share nothing with what they are copies of.
#include "case.hpp"

#include "fakes/objects.hpp"
#include "fakes/sparse.hpp"

using conformance::Case;
using conformance::Variable;

namespace
{

// Where deep copies go: private memory, or a store of their own beside the case's.
class Target
{
public:
  explicit Target(Case &test)
  {
    if (test.is_ipc()) {
      (void)test.store(); // its directory
      store_ = svar_test::create_store("/copies");
    }
  }
  ~Target()
  {
    if (store_ != nullptr) {
      EXPECT_SVAR_OK(svar_store_remove(store_.get()));
    }
  }
  Target(const Target &) = delete;
  Target &operator=(const Target &) = delete;

  std::vector<Variable> copy(const std::vector<svar_variable_t *> &variables) const
  {
    std::vector<svar_variable_t *> copies(variables.size());
    EXPECT_SVAR_OK(
        svar_variables_deep_copy(variables.data(), variables.size(), store_.get(), copies.data()));
    return std::vector<Variable>(copies.begin(), copies.end());
  }

private:
  svar_test::Store store_;
};

std::vector<double>
numbers_of(const Variable &variable)
{
  return svar_test::get<double>(variable);
}

svar_ret_t
store_number(const Variable &variable, double number)
{
  return svar_set_value(variable.get(), vector_of<double>({number}).source(), SVAR_COPY);
}

} // namespace

SVAR_CASE_ON_HOST(136, ADeepCopyKeepsEverythingButTheCell)
{
  Target target(*this);
  svar_shared_options_t rules = options("w");
  rules.strict = true;
  rules.allow_downcast = SVAR_DOWNCAST_FALSE;
  Variable s = shared(vector_of<double>({1, 2}).source(), rules);
  svar_container_readonly_set(svar_variable_container(s.get()), true);
  std::vector<Variable> copies = target.copy({s.get()});
  const Variable &d = copies[0];
  svar_type_t type = svar_variable_type(s.get()), type_of_copy = svar_variable_type(d.get());
  EXPECT_TRUE(svar_type_equal(&type, &type_of_copy));
  EXPECT_EQ(svar_variable_backing(d.get()), svar_variable_backing(s.get()));
  EXPECT_STREQ(svar_variable_name(d.get()), "w");
  EXPECT_STREQ(svar_variable_auto_name(d.get()), svar_variable_auto_name(s.get()));
  svar_container_t *cell_of_copy = svar_variable_container(d.get());
  EXPECT_NE(cell_of_copy, svar_variable_container(s.get()));
  EXPECT_STREQ(svar_container_name(cell_of_copy), "w");
  EXPECT_TRUE(svar_container_is_strict(cell_of_copy));
  EXPECT_EQ(svar_container_allow_downcast(cell_of_copy), SVAR_DOWNCAST_FALSE);
  EXPECT_TRUE(svar_container_is_readonly(cell_of_copy));

  svar_container_readonly_set(cell_of_copy, false);
  EXPECT_NE(cell(d), cell(s));
  ASSERT_SVAR_OK(store_number(d, 9));
  EXPECT_EQ(numbers_of(s), (std::vector<double>{1, 2}));
  EXPECT_EQ(numbers_of(d), (std::vector<double>{9}));
}

SVAR_CASE_OF_NO_ARRAY(136, ASparseMatrixAndARandomStateAreCopiedWhole)
{
  Target target(*this);
  Sparse<double, int64_t> matrix(SVAR_SPARSE_CSC, 2, 3, {1, 2, 3}, {0, 1, 0}, {0, 1, 2, 3});
  svar_random_state_t state = svar_random_seeded(7);
  Variable m = shared(matrix.source(), options("m"));
  Variable r = shared(svar_random_source(&state), options("r"));
  std::vector<Variable> copies = target.copy({m.get(), r.get()});
  svar_sparse_value_t value = SVAR_SPARSE_VALUE_INIT;
  ASSERT_SVAR_OK(svar_sparse_get(copies[0].get(), SVAR_BORROW, &value));
  EXPECT_EQ(dense_of(value.matrix), dense_of(matrix.matrix()));
  EXPECT_EQ(value.matrix.format, SVAR_SPARSE_CSC);
  EXPECT_EQ(value.matrix.index_dtype.bits, 64);
  svar_sparse_value_release(&value);
  svar_random_state_t copy;
  ASSERT_SVAR_OK(svar_random_get(copies[1].get(), &copy));
  EXPECT_EQ(memcmp(&copy, &state, sizeof(state)), 0);
}

SVAR_CASE_ON(CPU, 136, AnObjectIsCopiedByItsClass)
{
  svar_test::Text text("a");
  Variable s = shared(text.source(), options("o"));
  text.release();
  std::vector<Variable> copies = Target(*this).copy({s.get()});
  svar_test::HeldText original(s.get(), SVAR_BORROW), copy(copies[0].get(), SVAR_BORROW);
  EXPECT_NE(copy.get(), original.get());
  EXPECT_EQ(*copy.get(), "a");
}

SVAR_CASE(137, ClonesThatAreCopiedTogetherAreClonesOfEachOther)
{
  Target target(*this);
  Variable a = shared(vector_of<double>({1}).source(), options("a"));
  svar_variable_t *clone = nullptr;
  ASSERT_SVAR_OK(svar_variable_clone(a.get(), "b", &clone));
  Variable b(clone);
  std::vector<Variable> copies = target.copy({a.get(), b.get(), a.get()});
  EXPECT_EQ(svar_variable_container(copies[0].get()), svar_variable_container(copies[1].get()));
  EXPECT_NE(copies[0].get(), copies[1].get());
  EXPECT_EQ(copies[0].get(), copies[2].get()) << "one variable, given twice";
  EXPECT_STREQ(svar_variable_name(copies[0].get()), "a");
  EXPECT_STREQ(svar_variable_name(copies[1].get()), "b");
  EXPECT_STREQ(svar_variable_auto_name(copies[1].get()), svar_variable_auto_name(b.get()));
  ASSERT_SVAR_OK(store_number(copies[1], 9));
  EXPECT_EQ(numbers_of(copies[0]), std::vector<double>{9});
  EXPECT_EQ(numbers_of(a), std::vector<double>{1});
}
