// Which constructor takes what, and what becomes of their errors.
#include "case.hpp"

using conformance::Variable;

namespace
{

// A constructor that fails with what its context says.
struct Answer {
  svar_ret_t ret;
  int calls = 0;
};

svar_ret_t
answer(const svar_source_t *, const svar_shared_options_t *, void *context, svar_variable_t **)
{
  Answer *told = static_cast<Answer *>(context);
  told->calls++;
  return svar_fail(told->ret, "the constructor of this test says no");
}

// Knows every option but allow_downcast.
svar_ret_t
knows_no_downcast(const svar_source_t *source, const svar_shared_options_t *options, void *context,
                  svar_variable_t **out_variable)
{
  if (options->allow_downcast != SVAR_DOWNCAST_UNSET) {
    return svar_fail(SVAR_ERR_TYPE, "it does not take the option allow_downcast");
  }
  return answer(source, options, context, out_variable);
}

// Registered for the length of a scope.
class Registered
{
public:
  Registered(svar_constructor_t constructor, Answer *told) : constructor_(constructor), told_(told)
  {
    EXPECT_SVAR_OK(svar_constructor_register("test", constructor, told));
  }
  ~Registered()
  {
    EXPECT_SVAR_OK(svar_constructor_unregister(constructor_, told_));
  }

private:
  svar_constructor_t constructor_;
  Answer *told_;
};

} // namespace

SVAR_NOT_APPLICABLE(23, "a source cannot hold a variable or an expression: the compiler refuses")

SVAR_CASE_OF_NO_ARRAY(24, TheRefusalNamesTheValueAndEveryOptionGiven)
{
  bool flag = true;
  svar_shared_options_t given = options("w");
  given.broadcastable = &flag;
  given.broadcastable_count = 1;
  given.strict = true;
  given.allow_downcast = SVAR_DOWNCAST_FALSE;
  expect_not_shared(SVAR_ERR_TYPE, svar_int(7), given);
  EXPECT_MESSAGE("literal 7");
  EXPECT_MESSAGE("name='w'");
  EXPECT_MESSAGE("strict");
  EXPECT_MESSAGE("allow_downcast=false");
  EXPECT_MESSAGE("broadcastable");
}

SVAR_CASE_OF_NO_ARRAY(24, OptionsOfANewerLibraryAreRefused)
{
  struct {
    svar_shared_options_t known;
    char more[16];
  } given = {options("w"), ""};
  given.known.size_bytes = sizeof(given);
  expect_not_shared(SVAR_ERR_ARGUMENT, svar_int(7), given.known);
  EXPECT_MESSAGE(std::to_string(sizeof(given)).c_str());
}

SVAR_NOT_APPLICABLE(25, "there is no option dtype or type: the value brings them along")

SVAR_CASE_OF_NO_ARRAY(26, AListOfLiteralsHasNoDtypeAndIsRefused)
{
  Array numbers = vector_of<int64_t>({1, 2});
  svar_shared_options_t given = options("w");
  given.borrow = SVAR_BORROW;
  expect_not_shared(SVAR_ERR_TYPE, numbers.literals(), given);
  expect_not_shared(SVAR_ERR_TYPE, numbers.literals(), options("w"));
  EXPECT_MESSAGE("svar_array");
}

SVAR_CASE_OF_NO_ARRAY(27, BorrowHasNoMeaningForANumber)
{
  svar_shared_options_t given = options();
  given.borrow = SVAR_BORROW;
  Variable s = shared(svar_int(7), given);
  EXPECT_EQ(read(s).as<int64_t>(), std::vector<int64_t>{7});
}

SVAR_CASE_OF_NO_ARRAY(28, OnlyArraysTakeBroadcastableEvenForNoAxis)
{
  bool none = false;
  svar_shared_options_t given = options("w");
  given.broadcastable = &none;
  given.broadcastable_count = 0;
  expect_not_shared(SVAR_ERR_TYPE, svar_int(7), given);
  EXPECT_MESSAGE("broadcastable");
}

SVAR_CASE_OF_NO_ARRAY(30, AValueErrorOfAConstructorEndsTheSearch)
{
  Answer told = {SVAR_ERR_VALUE};
  Registered registered(answer, &told);
  expect_not_shared(SVAR_ERR_VALUE, svar_float(1.0), options("w"));
  EXPECT_STREQ(svar_error_message(), "the constructor of this test says no");
  EXPECT_EQ(told.calls, 1);
}

SVAR_CASE_OF_NO_ARRAY(31, ATypeErrorDeclinesAndTheBuiltInOnesAreTried)
{
  Answer told = {SVAR_ERR_TYPE};
  Registered registered(answer, &told);
  Variable s = shared(svar_float(1.0));
  EXPECT_EQ(told.calls, 1);
  EXPECT_EQ(read(s).as<double>(), std::vector<double>{1.0});
}

SVAR_CASE_OF_NO_ARRAY(31, TheRefusalOfAllTellsEachOnesReason)
{
  Answer told = {SVAR_ERR_TYPE};
  Registered registered(answer, &told);
  Array numbers = vector_of<int64_t>({1, 2});
  expect_not_shared(SVAR_ERR_TYPE, numbers.literals(), options("w"));
  EXPECT_MESSAGE("[test] the constructor of this test says no");
  EXPECT_MESSAGE("[scalar]");
  EXPECT_MESSAGE("[tensor]");
}

SVAR_CASE_OF_NO_ARRAY(32, NoMemoryComesWithAHintToBorrow)
{
  Answer told = {SVAR_ERR_NO_MEMORY};
  Registered registered(answer, &told);
  expect_not_shared(SVAR_ERR_NO_MEMORY, svar_float(1.0), options("w"));
  EXPECT_MESSAGE("the constructor of this test says no");
  EXPECT_MESSAGE("SVAR_BORROW");
}

SVAR_CASE_OF_NO_ARRAY(33, AConstructorDeclinesAnOptionThatItDoesNotKnow)
{
  Answer told = {SVAR_ERR_STATE}; // what it says when it is chosen
  Registered registered(knows_no_downcast, &told);
  svar_shared_options_t given = options("w");
  given.allow_downcast = SVAR_DOWNCAST_TRUE;
  EXPECT_TRUE(shared(svar_float(1.0), given));
  EXPECT_EQ(told.calls, 0);
  expect_not_shared(SVAR_ERR_STATE, svar_float(1.0), options("x"));
}

SVAR_CASE_ON(PROCESS, 34, RemovingAConstructorThatIsNotThereIsAValueError)
{
  Answer told = {SVAR_OK};
  EXPECT_EQ(svar_constructor_unregister(answer, &told), SVAR_ERR_VALUE);
  {
    Registered registered(answer, &told);
  }
  EXPECT_EQ(svar_constructor_unregister(answer, &told), SVAR_ERR_VALUE);
}
