// svar_shared(): which constructor takes what, and what the registry does with their answers.
#include <string>

#include "handle.hpp"

extern "C" {
#include "variable/constructors.h"
}

namespace
{

class Shared : public WithFakeContainers
{
};

void
expect_type(svar_variable_t *variable, const svar_type_t &expected)
{
  svar_type_t type = svar_variable_type(variable);
  char text[SVAR_TYPE_TEXT_BYTES];
  EXPECT_TRUE(svar_type_equal(&type, &expected)) << svar_type_text(&type, text, sizeof(text));
}

bool
message_has(const char *text)
{
  return std::string(svar_error_message()).find(text) != std::string::npos;
}

TEST_F(Shared, ANumberBecomesARankZeroVariableOfItsNaturalDtype)
{
  expect_type(Handle(svar_int(7)), type_of(SVAR_INT64, 0));
  expect_type(Handle(svar_float(7)), type_of(SVAR_FLOAT64, 0));
  expect_type(Handle(svar_complex(2, 1)), type_of(SVAR_COMPLEX128, 0));
  expect_type(Handle(svar_bool(true)), type_of(SVAR_BOOL, 0));
  expect_type(Handle(svar_uint(UINT64_C(1) << 63)), type_of(SVAR_UINT64, 0));
  expect_type(Handle(svar_uint(7)), type_of(SVAR_INT64, 0));
  bool yes = true;
  expect_type(Handle(svar_scalar(SVAR_BOOL, &yes)), type_of(SVAR_BOOL, 0));
  uint16_t half = 0x3c00;
  expect_type(Handle(svar_scalar(SVAR_FLOAT16, &half)), type_of(SVAR_FLOAT16, 0));
  Handle large(svar_uint(UINT64_C(1) << 63));
  EXPECT_EQ(*Read(large).data<uint64_t>(), UINT64_C(1) << 63);
}

TEST_F(Shared, SourcesWithoutNumbersFindNoConstructorAndNoTensorTakesThem)
{
  Handle tensor(svar_float(1));
  static const svar_object_class_t thing = {sizeof(thing), "thing", nullptr, nullptr};
  int some = 0;
  const svar_object_t held = {&some, &thing};
  svar_source_t object = svar_object_source(&held);
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(svar_shared(svar_none(), nullptr, &variable), SVAR_ERR_TYPE);
  const svar_random_state_t state = svar_random_seeded(1);
  const int32_t indptr[1] = {0};
  const svar_sparse_t matrix = {SVAR_SPARSE_CSR, SVAR_FLOAT64, SVAR_INT32, {0, 0}, {1, 1}, 0,
                                nullptr,         nullptr,      indptr};
  for (svar_source_t source : {object, svar_random_source(&state), svar_sparse_source(&matrix)}) {
    EXPECT_EQ(svar_set_value(tensor, source, SVAR_COPY), SVAR_ERR_TYPE);
    EXPECT_TRUE(message_has("made from numbers")) << svar_error_message();
  }
  for (svar_source_t source :
       {svar_random_source(nullptr), svar_sparse_source(nullptr), svar_object_source(nullptr)}) {
    EXPECT_EQ(svar_shared(source, nullptr, &variable), SVAR_ERR_ARGUMENT);
    EXPECT_EQ(svar_set_value(tensor, source, SVAR_COPY), SVAR_ERR_ARGUMENT);
  }
  EXPECT_EQ(svar_set_value(tensor, svar_managed(nullptr), SVAR_COPY), SVAR_ERR_ARGUMENT);
  double number = 1;
  const DLTensor shapeless = svar_tensor(SVAR_FLOAT64, &number, 1, nullptr);
  EXPECT_EQ(svar_set_value(tensor, svar_array(&shapeless), SVAR_COPY), SVAR_ERR_ARGUMENT);
  EXPECT_TRUE(message_has("whose shape is NULL")) << svar_error_message();
}

TEST_F(Shared, OptionsOfAnOlderBuildAreTaken)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.size_bytes = offsetof(svar_shared_options_t, sparse_format);
  options.sparse_format = static_cast<svar_sparse_format_t>(99); // not of that build
  options.target = static_cast<svar_target_t>(99);
  expect_type(Handle(svar_int(7), &options), type_of(SVAR_INT64, 0));
  options.size_bytes = offsetof(svar_shared_options_t, target);
  options.sparse_format = SVAR_SPARSE_NONE;
  expect_type(Handle(svar_int(7), &options), type_of(SVAR_INT64, 0));
}

TEST_F(Shared, FloatXDoesNotChooseTheDtype)
{
  ASSERT_EQ(svar_floatx_set(SVAR_FLOAT32), SVAR_OK);
  expect_type(Handle(svar_float(7)), type_of(SVAR_FLOAT64, 0));
  ASSERT_EQ(svar_floatx_set(SVAR_FLOAT64), SVAR_OK);
}

TEST_F(Shared, AnArrayKeepsDtypeRankAndBytes)
{
  for (svar_dtype_t dtype : theano_dtypes()) {
    Array x(dtype, {2});
    for (size_t i = 0; i < 2 * svar_dtype_bytes(dtype); i++) {
      x.as<uint8_t>()[i] = svar_dtype_equal(dtype, SVAR_BOOL) ? 1 : static_cast<uint8_t>(i + 1);
    }
    Handle s(x.source());
    expect_type(s, type_of(dtype, 1));
    EXPECT_EQ(std::memcmp(fake_container_cell(s), x.as<void>(), 2 * svar_dtype_bytes(dtype)), 0);
  }
  expect_type(Handle(Array(SVAR_INT32, {5, 5}).source()), type_of(SVAR_INT32, 2));
  expect_type(Handle(Array(SVAR_FLOAT64, {5, 1, 2}).source()), type_of(SVAR_FLOAT64, 3));
  expect_type(Handle(Array(SVAR_FLOAT64, {}).source()), type_of(SVAR_FLOAT64, 0));
  expect_type(Handle(Array(SVAR_FLOAT8_E4M3FN, {3}).source()), type_of(SVAR_FLOAT8_E4M3FN, 1));
}

TEST_F(Shared, BroadcastableFlagsBecomePartOfTheType)
{
  bool flags[2] = {true, false};
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.broadcastable = flags;
  options.broadcastable_count = 2;
  Handle row(Array(SVAR_FLOAT64, {1, 3}).source(), &options);
  expect_type(row, type_of(SVAR_FLOAT64, 2, 1u));
  EXPECT_EQ(svar_set_value(row, Array(SVAR_FLOAT64, {1, 7}).source(), SVAR_COPY), SVAR_OK);
  EXPECT_EQ(svar_set_value(row, Array(SVAR_FLOAT64, {2, 3}).source(), SVAR_COPY), SVAR_ERR_TYPE);
  EXPECT_EQ(Read(row)->shape[1], 7);

  svar_variable_t *none = nullptr;
  EXPECT_EQ(svar_shared(Array(SVAR_FLOAT64, {2, 3}).source(), &options, &none), SVAR_ERR_TYPE);
  EXPECT_TRUE(message_has("axis 0 is broadcastable")) << svar_error_message();
  EXPECT_EQ(svar_shared(Array(SVAR_FLOAT64, {3}).source(), &options, &none), SVAR_ERR_TYPE);
  EXPECT_TRUE(message_has("2 broadcastable flags for an array of rank 1")) << svar_error_message();
  EXPECT_EQ(none, nullptr);
}

TEST_F(Shared, OnlyArraysTakeBroadcastableEvenForNoAxis)
{
  bool none = false;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.broadcastable = &none;
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(svar_shared(svar_int(7), &options, &variable), SVAR_ERR_TYPE);
  expect_type(Handle(Array(SVAR_INT8, {}).source(), &options), type_of(SVAR_INT8, 0));
}

TEST_F(Shared, AListOfLiteralsIsRefusedWithEveryReason)
{
  int64_t two = 2;
  int64_t numbers[2] = {1, 2};
  svar_shared_options_t options = options_named("w");
  options.borrow = SVAR_BORROW;
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(svar_shared(svar_literals(SVAR_INT64, numbers, 1, &two), &options, &variable),
            SVAR_ERR_TYPE);
  EXPECT_STREQ(
      svar_error_message(),
      "no constructor accepts a list of literals, shape (2) with name='w' borrow (dtype and "
      "type are not options: the value brings them): "
      "[gpu tensor] there is no default GPU, and options.target names none "
      "[sparse] it takes sparse matrices (svar_sparse_source) "
      "[random] it takes random states (svar_random_source) "
      "[scalar] it takes single numbers "
      "[tensor] it takes typed arrays (svar_array), not a list of literals, shape (2) "
      "[object] it takes objects (svar_object_source)");
  EXPECT_EQ(variable, nullptr);
}

TEST_F(Shared, TheRefusalNamesValueAndOptions)
{
  bool flag = true;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.broadcastable = &flag;
  options.broadcastable_count = 1;
  options.strict = true;
  options.allow_downcast = SVAR_DOWNCAST_FALSE;
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(svar_shared(svar_int(7), &options, &variable), SVAR_ERR_TYPE);
  EXPECT_TRUE(message_has("the literal 7")) << svar_error_message();
  EXPECT_TRUE(message_has("strict allow_downcast=false broadcastable")) << svar_error_message();
}

TEST_F(Shared, AStrictNumberIsAcceptedAndThenTakesArraysOnly)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.strict = true;
  options.borrow = SVAR_BORROW; // a number is copied all the same
  Handle s(svar_int(7), &options);
  EXPECT_EQ(svar_set_value(s, svar_int(8), SVAR_COPY), SVAR_ERR_TYPE);
  Array eight(std::vector<int64_t>{8}, {});
  EXPECT_EQ(svar_set_value(s, eight.source(), SVAR_COPY), SVAR_OK);
  EXPECT_EQ(*Read(s).data<int64_t>(), 8);
}

TEST_F(Shared, UnknownDtypesAndDevicesAreDeclined)
{
  Array x(SVAR_FLOAT64, {2});
  x.tensor().dtype = {kDLFloat, 24, 1};
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(svar_shared(x.source(), nullptr, &variable), SVAR_ERR_TYPE);
  EXPECT_TRUE(message_has("24 bits")) << svar_error_message();
  Array device(SVAR_FLOAT64, {2});
  device.tensor().device.device_type = kDLCUDA;
  EXPECT_EQ(svar_shared(device.source(), nullptr, &variable), SVAR_ERR_TYPE);
  EXPECT_TRUE(message_has("host memory")) << svar_error_message();
}

TEST_F(Shared, BadOptionsAreArgumentErrors)
{
  svar_variable_t *variable = nullptr;
  auto refused = [&variable](const svar_shared_options_t &options) {
    return svar_shared(svar_int(7), &options, &variable) == SVAR_ERR_ARGUMENT;
  };
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  const size_t least = offsetof(svar_shared_options_t, sparse_format);
  for (size_t size : {size_t(0), least - 8, sizeof(options) + 8}) {
    options.size_bytes = size;
    EXPECT_TRUE(refused(options));
    EXPECT_TRUE(message_has(std::to_string(size).c_str()));
    EXPECT_TRUE(message_has(std::to_string(sizeof(options)).c_str()));
  }
  options = SVAR_SHARED_OPTIONS_INIT;
  options.store = reinterpret_cast<svar_store_t *>(&options); // never looked at
  EXPECT_TRUE(refused(options));
  EXPECT_TRUE(message_has("options.name"));
  options = SVAR_SHARED_OPTIONS_INIT;
  options.broadcastable_count = 1;
  EXPECT_TRUE(refused(options));
  options = SVAR_SHARED_OPTIONS_INIT;
  options.target = static_cast<svar_target_t>(3);
  EXPECT_TRUE(refused(options));
  options = SVAR_SHARED_OPTIONS_INIT;
  options.gpu = -2;
  EXPECT_TRUE(refused(options));
  EXPECT_TRUE(message_has("options.gpu"));
  options = SVAR_SHARED_OPTIONS_INIT;
  options.allow_downcast = static_cast<svar_downcast_t>(3);
  EXPECT_TRUE(refused(options));
  options = SVAR_SHARED_OPTIONS_INIT;
  options.borrow = static_cast<svar_borrow_t>(-1);
  EXPECT_TRUE(refused(options));
  EXPECT_EQ(svar_shared(svar_int(7), nullptr, nullptr), SVAR_ERR_ARGUMENT);
  Array broken(SVAR_FLOAT64, {2});
  broken.tensor().data = nullptr;
  EXPECT_EQ(svar_shared(broken.source(), nullptr, &variable), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(variable, nullptr);
}

TEST(SharedWithoutFactory, IsAStateError)
{
  fake_containers_none();
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(svar_shared(svar_int(7), nullptr, &variable), SVAR_ERR_STATE);
}

// A constructor that answers what its context says.
struct Answer {
  svar_ret_t ret;
  const char *sentence; // NULL: none
  int calls = 0;
};

svar_ret_t
answer(const svar_source_t *source, const svar_shared_options_t *options, void *context,
       svar_variable_t **out_variable)
{
  Answer *told = static_cast<Answer *>(context);
  told->calls++;
  if (told->ret == SVAR_OK) {
    return svari_construct_scalar(source, options, nullptr, out_variable);
  }
  return told->sentence == nullptr ? told->ret : svar_fail(told->ret, "%s", told->sentence);
}

svar_ret_t
succeed_with_nothing(const svar_source_t *, const svar_shared_options_t *, void *,
                     svar_variable_t **)
{
  return SVAR_OK;
}

// Registered for the length of a scope.
class Registered
{
public:
  Registered(const char *name, svar_constructor_t constructor, void *context)
      : constructor_(constructor), context_(context)
  {
    EXPECT_EQ(svar_constructor_register(name, constructor, context), SVAR_OK);
  }
  ~Registered()
  {
    EXPECT_EQ(svar_constructor_unregister(constructor_, context_), SVAR_OK);
  }

private:
  svar_constructor_t constructor_;
  void *context_;
};

TEST_F(Shared, TheLatestConstructorIsTriedFirst)
{
  Answer older = {SVAR_OK, nullptr};
  Answer newer = {SVAR_OK, nullptr};
  Registered first("older", answer, &older);
  {
    Registered second("newer", answer, &newer);
    Handle s(svar_int(1));
  }
  EXPECT_EQ(newer.calls, 1);
  EXPECT_EQ(older.calls, 0);
  Handle s(svar_int(1));
  EXPECT_EQ(older.calls, 1);
}

TEST_F(Shared, AnyErrorButATypeErrorEndsTheSearch)
{
  Answer older = {SVAR_OK, nullptr};
  Answer value = {SVAR_ERR_VALUE, "seven is unlucky"};
  Registered first("older", answer, &older);
  Registered second("value", answer, &value);
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(svar_shared(svar_int(7), nullptr, &variable), SVAR_ERR_VALUE);
  EXPECT_STREQ(svar_error_message(), "seven is unlucky");
  EXPECT_EQ(older.calls, 0);
  EXPECT_EQ(variable, nullptr);
}

TEST_F(Shared, ATypeErrorDeclinesAndTheNextOneIsTried)
{
  Answer declines = {SVAR_ERR_TYPE, "only on Sundays"};
  Registered registered("picky", answer, &declines);
  expect_type(Handle(svar_int(7)), type_of(SVAR_INT64, 0));
  EXPECT_EQ(declines.calls, 1);
  int64_t none = 0;
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(svar_shared(svar_literals(SVAR_INT64, nullptr, 1, &none), nullptr, &variable),
            SVAR_ERR_TYPE);
  EXPECT_TRUE(message_has("[picky] only on Sundays")) << svar_error_message();
}

TEST_F(Shared, ADeclineWithoutASentenceIsNotGivenAnotherOnes)
{
  Answer silent = {SVAR_ERR_TYPE, nullptr};
  Registered registered("silent", answer, &silent);
  (void)svar_fail(SVAR_ERR_VALUE, "an old story");
  int64_t none = 0;
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(svar_shared(svar_literals(SVAR_INT64, nullptr, 1, &none), nullptr, &variable),
            SVAR_ERR_TYPE);
  EXPECT_TRUE(message_has("[silent] no reason given")) << svar_error_message();
  EXPECT_FALSE(message_has("an old story"));
}

TEST_F(Shared, NoMemoryComesWithAHintToBorrow)
{
  Answer out_of_memory = {SVAR_ERR_NO_MEMORY, "no 8 bytes"};
  Registered registered("large", answer, &out_of_memory);
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(svar_shared(svar_int(7), nullptr, &variable), SVAR_ERR_NO_MEMORY);
  EXPECT_TRUE(message_has("no 8 bytes")) << svar_error_message();
  EXPECT_TRUE(message_has("SVAR_BORROW")) << svar_error_message();
  svar_shared_options_t borrowed = SVAR_SHARED_OPTIONS_INIT;
  borrowed.borrow = SVAR_BORROW;
  EXPECT_EQ(svar_shared(svar_int(7), &borrowed, &variable), SVAR_ERR_NO_MEMORY);
  EXPECT_FALSE(message_has("SVAR_BORROW")) << "that was done";
}

TEST_F(Shared, SuccessWithoutAVariableIsAnError)
{
  Registered registered("empty-handed", succeed_with_nothing, nullptr);
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(svar_shared(svar_int(7), nullptr, &variable), SVAR_ERR_STATE);
  EXPECT_TRUE(message_has("empty-handed")) << svar_error_message();
}

TEST(Registry, RemovingWhatIsNotThereIsAValueError)
{
  Answer told = {SVAR_OK, nullptr};
  Answer other = {SVAR_OK, nullptr};
  EXPECT_EQ(svar_constructor_unregister(answer, &told), SVAR_ERR_VALUE);
  Registered registered("one", answer, &told);
  EXPECT_EQ(svar_constructor_unregister(answer, &other), SVAR_ERR_VALUE);
  EXPECT_EQ(svar_constructor_unregister(nullptr, nullptr), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_constructor_register(nullptr, answer, nullptr), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_constructor_register("none", nullptr, nullptr), SVAR_ERR_ARGUMENT);
}

TEST(Registry, IsFullAfterSixtyFourAndUsableAgainAfterARemoval)
{
  Answer told = {SVAR_ERR_TYPE, nullptr};
  int added = 0;
  while (svar_constructor_register("filler", answer, &told) == SVAR_OK) {
    added++;
    ASSERT_LE(added, 64);
  }
  EXPECT_TRUE(message_has("64")) << svar_error_message();
  EXPECT_EQ(svar_constructor_register("filler", answer, &told), SVAR_ERR_NO_MEMORY);
  EXPECT_EQ(svar_constructor_unregister(answer, &told), SVAR_OK);
  EXPECT_EQ(svar_constructor_register("filler", answer, &told), SVAR_OK);
  for (int i = 0; i < added; i++) {
    EXPECT_EQ(svar_constructor_unregister(answer, &told), SVAR_OK);
  }
}

} // namespace
