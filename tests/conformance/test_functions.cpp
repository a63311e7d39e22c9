// Functions over shared variables: what a call reads, takes and gives, and who shares memory with whom.
#include "operations.hpp"

using namespace conformance;

SVAR_CASE(126, OnlyABroadcastableAxisIsRepeated)
{
  Array row(std::vector<double>{1, 2, 3}, {1, 3});
  Array rows(std::vector<double>{0, 0, 0, 10, 10, 10, 20, 20, 20, 30, 30, 30}, {4, 3});
  Variable b = shared(rows.source());
  Variable plain = shared(row.source());
  Parts().out(plus(of(plain), of(b))).function().expect_failure(SVAR_ERR_VALUE);
  const bool flags[2] = {true, false};
  svar_shared_options_t given = options();
  given.broadcastable = flags;
  given.broadcastable_count = 2;
  Variable a = shared(row.source(), given);
  Results sum = Parts().out(plus(of(a), of(b))).function()();
  EXPECT_EQ(sum.shape(), (std::vector<int64_t>{4, 3}));
  EXPECT_EQ(sum.as<double>(), (std::vector<double>{1, 2, 3, 11, 12, 13, 21, 22, 23, 31, 32, 33}));
}

SVAR_CASE(127, AFunctionSeesTheExtentsOfEachCall)
{
  Variable s = zeros(SVAR_FLOAT64, {1, 1});
  Function f = Parts().out(shape_of(of(s))).function();
  for (const std::vector<int64_t> &shape : {std::vector<int64_t>{2, 2}, {5, 1}}) {
    set(s, Array(SVAR_FLOAT64, shape).source());
    EXPECT_EQ(f().as<int64_t>(), shape);
  }
}

SVAR_CASE(128, ASpecifiedShapeIsCheckedAtEachCall)
{
  Variable s = zeros(SVAR_FLOAT64, {2, 2});
  Function f = Parts().out(specify_shape(of(s), {2, 2})).function();
  EXPECT_EQ(f().shape(), (std::vector<int64_t>{2, 2}));
  set(s, Array(SVAR_FLOAT64, {3, 2}).source());
  f.expect_failure(SVAR_ERR_ASSERTION);
  EXPECT_MESSAGE("operation 'specify shape'");
}

// No call assigns to an item, and an index is no target of an update: the compiler sees to it.
SVAR_CASE(143, AnIndexIsAnExpression)
{
  Variable s = shared(vector_of<double>({1, 2, 3}).source());
  ASSERT_SVAR_OK(svar_set_value(s.get(), svar_none(), SVAR_COPY));
  Expression e = of(s);
  const int64_t indices[2] = {0, 0};
  svar_expression_t *part = nullptr;
  EXPECT_EQ(SVAR_ERR_INDEX, svar_expression_index(e.get(), indices, 2, &part));
  ASSERT_SVAR_OK(svar_expression_index(e.get(), indices, 1, &part)) << "no value is looked at";
  Function first = Parts().out(own(part)).function();
  first.expect_failure(SVAR_ERR_UNSET);
  set(s, vector_of<double>({4, 5, 6}).source());
  EXPECT_EQ(first().as<double>(), std::vector<double>{4});
  const int64_t back = -1;
  ASSERT_SVAR_OK(svar_expression_index(e.get(), &back, 1, &part));
  Function last = Parts().out(own(part)).function();
  EXPECT_EQ(last().as<double>(), std::vector<double>{6});
  set(s, Array(SVAR_FLOAT64, {0}).source());
  last.expect_failure(SVAR_ERR_INDEX);
}

SVAR_CASE_OF_NO_ARRAY(148, FunctionsShareTheirVariables)
{
  Variable b = shared(svar_int(1));
  Expression a = input();
  Expression sum = plus(a, of(b));
  Parts parts = Parts().in(a).valued(svar_int(44)).out(sum);
  Function f1 = parts.function();
  Function f2 = parts.update(b, plus(of(b), 1)).function();
  EXPECT_EQ(f1({svar_int(3)}).number(), 4);
  EXPECT_EQ(f2({svar_int(3)}).number(), 4);
  EXPECT_EQ(number(read(b)), 2);
  EXPECT_EQ(f1({svar_int(3)}).number(), 5);
  EXPECT_EQ(f1().number(), 46);
  set(b, svar_int(0));
  EXPECT_EQ(f1({svar_int(3)}).number(), 3);
}

SVAR_CASE_OF_NO_ARRAY(150, AnAccumulatorReturnsWhatItHeld)
{
  Variable s = shared(svar_int(0));
  Expression a = input();
  Function accumulate = Parts().in(a).out(of(s)).update(s, plus(of(s), a)).function();
  EXPECT_EQ(accumulate({svar_int(1)}).number(), 0);
  EXPECT_EQ(number(read(s)), 1);
  EXPECT_EQ(accumulate({svar_int(300)}).number(), 1);
  EXPECT_EQ(number(read(s)), 301);
  Function decrement = Parts().out(of(s)).update(s, plus(of(s), -2)).function();
  EXPECT_EQ(decrement().number(), 301);
  EXPECT_EQ(number(read(s)), 299);
}

SVAR_CASE_OF_NO_ARRAY(151, ASharedVariableIsNoExplicitInput)
{
  Variable s = shared(svar_int(0));
  Expression e = of(s);
  Parts().in(e).out(e).expect_refused(SVAR_ERR_TYPE);
  EXPECT_MESSAGE("implicit input");
  Function f = Parts().out(e).function(); // and gets no value from a call
  f.expect_failure(SVAR_ERR_TYPE, {svar_int(1)});
  EXPECT_EQ(f().number(), 0);
}

SVAR_CASE(166, ABorrowedResultIsNotTheVariables)
{
  Variable s = shared(vector_of<double>({1, 2}).source());
  Function f = Parts().out(of(s), SVAR_BORROW).function();
  Results result = f();
  EXPECT_NE(result.tensor().data, cell(s));
  static_cast<double *>(result.tensor().data)[0] = 9;
  EXPECT_VALUE(s, vector_of<double>({1, 2}));
  set(s, vector_of<double>({3, 4}).source());
  EXPECT_EQ(result.as<double>(), (std::vector<double>{9, 2})) << "good until the next call";
}

SVAR_CASE(166, AResultIsTheOldValueOfAnUpdatedVariable)
{
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
    Variable s = shared(vector_of<double>({1, 2}).source());
    Function f = Parts().out(of(s), borrow).update(s, plus(of(s), 1)).function();
    Results result = f();
    EXPECT_EQ(result.as<double>(), (std::vector<double>{1, 2}));
    EXPECT_NE(result.tensor().data, cell(s));
    EXPECT_VALUE(s, vector_of<double>({2, 3}));
  }
}

SVAR_CASE(166, AResultThatIsStoredTooIsNotTheVariables)
{
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
    Variable s = shared(vector_of<double>({1, 2}).source());
    Expression next = plus(of(s), 1);
    Function f = Parts().out(next, borrow).update(s, next).function();
    Results result = f();
    EXPECT_NE(result.tensor().data, cell(s));
    static_cast<double *>(result.tensor().data)[0] = 9;
    EXPECT_VALUE(s, vector_of<double>({2, 3}));
  }
}

SVAR_CASE_ON(PROCESS, 167, AResultIsNeverTheArgument)
{
  Expression x = input(svar_tensor_type(SVAR_FLOAT64, 1, 0));
  Function copying = Parts().in(x).out(x).function();
  Function borrowing = Parts().in(x).borrowed().out(x, SVAR_BORROW).function();
  for (const Function *identity : {&copying, &borrowing}) {
    Array argument = vector_of<double>({1, 2});
    Results result = (*identity)({argument.source()});
    EXPECT_FALSE(svar_may_share_memory(&result.tensor(), &argument.tensor()));
    argument.as<double>()[0] = 9;
    EXPECT_EQ(result.as<double>(), (std::vector<double>{1, 2}));
  }
}

SVAR_CASE_OF_NO_ARRAY(168, EqualOutputsAreDisjointUnlessAllAreBorrowed)
{
  Variable s = shared(svar_int(1));
  for (const Expression &e : {plus(of(s), 1), of(s)}) {
    for (svar_borrow_t first : {SVAR_COPY, SVAR_BORROW}) {
      Function f = Parts().out(e, first).out(e).function();
      Results results = f();
      EXPECT_FALSE(svar_may_share_memory(&results.tensor(0), &results.tensor(1)));
      EXPECT_EQ(results.number(0), results.number(1));
    }
  }
  Expression sum = plus(of(s), 1);
  Results both = Parts().out(sum, SVAR_BORROW).out(sum, SVAR_BORROW).function()();
  EXPECT_EQ(both.tensor(0).data, both.tensor(1).data);
}

SVAR_CASE_ON(PROCESS, 169, AConstantIsNotSpoiledByWhoeverHasTheResult)
{
  Expression pi = constant(vector_of<double>({3.14}).source());
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
    Function f = Parts().out(pi, borrow).function();
    Results result = f();
    static_cast<double *>(result.tensor().data)[0] = 3;
    EXPECT_EQ(f().as<double>(), std::vector<double>{3.14});
  }
}

SVAR_CASE_ON(PROCESS, 170, AnArgumentIsNeverWrittenWhateverIsPermitted)
{
  Expression x = input(svar_tensor_type(SVAR_FLOAT64, 1, 0));
  Expression twice = times(x, 2);
  Parts().in(x).overwritable().out(twice).expect_refused(SVAR_ERR_ASSERTION);
  EXPECT_MESSAGE("must be borrowed too");
  for (const Parts &parts :
       {Parts().in(x), Parts().in(x).borrowed(), Parts().in(x).borrowed().overwritable()}) {
    Array argument = vector_of<double>({1, 2});
    Function f = Parts(parts).out(twice, SVAR_BORROW).out(twice).function();
    EXPECT_EQ(f({argument.source()}).as<double>(), (std::vector<double>{2, 4}));
    EXPECT_EQ(argument.as<double>()[0], 1);
    EXPECT_EQ(argument.as<double>()[1], 2);
  }
}

SVAR_CASE(170, AnArgumentMayBeAViewOfAVariableThatIsUpdated)
{
  Variable s = shared(vector_of<double>({1, 2}).source());
  Expression x = input(svar_tensor_type(SVAR_FLOAT64, 1, 0));
  Parts parts = Parts().in(x).borrowed().overwritable().out(x, SVAR_BORROW);
  Function store = Parts(parts).update(s, x).function();
  Function change = Parts(parts).update(s, times(x, 2)).function();
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(s.get(), SVAR_BORROW, &view));
  for (const Function *function : {&store, &change}) {
    Results result = (*function)({svar_array(&view.tensor)});
    EXPECT_FALSE(svar_may_share_memory(&result.tensor(), &view.tensor));
    EXPECT_NE(cell(s), view.tensor.data);
    EXPECT_EQ(svar_test::contents<double>(view), (std::vector<double>{1, 2}));
  }
  svar_value_release(&view);
  EXPECT_VALUE(s, vector_of<double>({2, 4}));
}

SVAR_CASE_ON(PROCESS, 171, OneArrayMayBeTwoMutableArguments)
{
  Expression x = input(svar_tensor_type(SVAR_FLOAT64, 1, 0), "x");
  Expression y = input(svar_tensor_type(SVAR_FLOAT64, 1, 0), "y");
  Expression ones = constant(vector_of<double>({1, 1}).source());
  Parts parts = Parts().in(x).borrowed().overwritable().in(y).borrowed().overwritable();
  Function f = parts.out(plus(dot(times(x, 2), ones), dot(times(y, 3), ones))).function();
  Array both = vector_of<double>({1, 2});
  EXPECT_EQ(f({both.source(), both.source()}).as<double>(), std::vector<double>{15});
  EXPECT_EQ(f({both.source(), both.source()}).as<double>(), std::vector<double>{15});
}

SVAR_CASE_ON(PROCESS, 172, MutableArgumentsMayOverlap)
{
  Expression x = input(svar_tensor_type(SVAR_FLOAT64, 1, 0), "x");
  Expression y = input(svar_tensor_type(SVAR_FLOAT64, 1, 0), "y");
  Parts parts = Parts().in(x).borrowed().overwritable().in(y).borrowed().overwritable();
  Function f = parts.out(plus(times(x, 2), times(y, 3)), SVAR_BORROW).function();
  Array whole = vector_of<double>({1, 2, 3, 4});
  const int64_t three = 3;
  DLTensor front = svar_tensor(SVAR_FLOAT64, whole.as<double>(), 1, &three);
  DLTensor back = svar_tensor(SVAR_FLOAT64, whole.as<double>() + 1, 1, &three);
  for (int i = 0; i < 2; i++) {
    EXPECT_EQ(f({svar_array(&front), svar_array(&back)}).as<double>(),
              (std::vector<double>{8, 13, 18}));
  }
  EXPECT_EQ(f({svar_array(&back), svar_array(&front)}).as<double>(),
            (std::vector<double>{7, 12, 17}));
}

SVAR_CASE_OF_NO_ARRAY(178, ARefusedArgumentStoresNothing)
{
  Variable s = shared(svar_int(0));
  Expression a = input();
  Function f = Parts().in(a).update(s, plus(of(s), a)).function();
  Array vector(SVAR_INT64, {2});
  f.expect_failure(SVAR_ERR_TYPE, {svar_float(0.5)});
  f.expect_failure(SVAR_ERR_TYPE, {vector.source()});
  EXPECT_EQ(number(read(s)), 0);
}

SVAR_CASE_ON(PROCESS, 193, ArgumentsAreConvertedAsValuesAre)
{
  Expression x = input(svar_tensor_type(SVAR_FLOAT64, 1, 0));
  Expression small = input(svar_tensor_type(SVAR_INT8, 1, 0));
  Function wide = Parts().in(x).out(x).function();
  Function strict = Parts().in(x).strict().out(x).function();
  Function narrow = Parts().in(small).out(small).function();
  Function casting = Parts().in(small).casting().out(small).function();
  Array list = vector_of<int64_t>({1, 2});
  Array array = vector_of<int32_t>({1, 2});
  Array too_wide = vector_of<int16_t>({1, 2});
  Array too_large = vector_of<int64_t>({312});
  EXPECT_EQ(wide({list.literals()}).as<double>(), (std::vector<double>{1, 2}));
  EXPECT_EQ(wide({array.source()}).as<double>(), (std::vector<double>{1, 2}));
  strict.expect_failure(SVAR_ERR_TYPE, {list.literals()});
  strict.expect_failure(SVAR_ERR_TYPE, {array.source()});
  narrow.expect_failure(SVAR_ERR_TYPE, {too_wide.source()});
  EXPECT_MESSAGE("argument 0");
  narrow.expect_failure(SVAR_ERR_TYPE, {too_large.literals()});
  EXPECT_EQ(casting({too_large.literals()}).as<int8_t>(), std::vector<int8_t>{56});
}

SVAR_CASE_ON(PROCESS, 193, ArgumentsAndInputsAreCounted)
{
  Expression x = input();
  Function f = Parts().in(x).out(x).function();
  f.expect_failure(SVAR_ERR_TYPE);
  EXPECT_MESSAGE("so it needs an argument");
  f.expect_failure(SVAR_ERR_TYPE, {svar_int(1), svar_int(2)});
  Parts().in(x).in(x).out(x).expect_refused(SVAR_ERR_UNUSED);
  Parts().in(x).in(input()).out(x).expect_refused(SVAR_ERR_UNUSED);
}

SVAR_CASE_OF_NO_ARRAY(195, ACallForSomeOutputsAppliesAllUpdates)
{
  Variable s = shared(svar_int(1));
  Function f = Parts().out(of(s)).out(failing(of(s))).update(s, plus(of(s), 1)).function();
  const size_t first = 0;
  Results result(1);
  ASSERT_SVAR_OK(svar_function_call_some(f.get(), nullptr, 0, &first, result.values(), 1));
  EXPECT_EQ(result.number(), 1);
  EXPECT_EQ(number(read(s)), 2);
  const size_t third = 2;
  EXPECT_EQ(SVAR_ERR_INDEX,
            svar_function_call_some(f.get(), nullptr, 0, &third, result.values(), 1));
  EXPECT_EQ(number(read(s)), 2);
}

SVAR_CASE(198, AFunctionTakesTheValueOfEachCall)
{
  Variable w = zeros(SVAR_FLOAT64, {1, 1});
  Function sum = Parts().out(total(of(w))).function();
  for (const std::vector<int64_t> &shape : {std::vector<int64_t>{2, 3}, {5, 7}, {0, 3}}) {
    const int64_t count = shape[0] * shape[1];
    set(w, Array(std::vector<double>(static_cast<size_t>(count), 1), shape).source());
    EXPECT_EQ(sum().as<double>(), std::vector<double>{static_cast<double>(count)});
  }
}

SVAR_CASE_OF_NO_ARRAY(192, AnInputWithAnUpdateIsAStateOfTheFunction)
{
  Expression x = input();
  Parts parts = Parts().in(x).valued(svar_int(10), plus(x, 1)).out(x);
  Function f = parts.function();
  EXPECT_EQ(f().number(), 10);
  EXPECT_EQ(f().number(), 11);
  EXPECT_EQ(f({svar_int(5)}).number(), 5);
  EXPECT_EQ(f().number(), 6);
  EXPECT_EQ(parts.function()().number(), 10); // each function has its own
}

SVAR_CASE_OF_NO_ARRAY(192, AValueWithoutAnUpdateComesBack)
{
  Expression x = input();
  Function f = Parts().in(x).valued(svar_int(10)).out(times(x, 2)).function();
  EXPECT_EQ(f().number(), 20);
  EXPECT_EQ(f({svar_int(3)}).number(), 6);
  EXPECT_EQ(f().number(), 20);
  EXPECT_EQ(f({svar_none()}).number(), 20);
}
