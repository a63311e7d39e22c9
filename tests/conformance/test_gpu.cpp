// What is of variables on a GPU alone. Each test says itself what goes there.
#include "archive_file.hpp"
#include "fakes/managed.hpp"
#include "operations.hpp"

using namespace conformance;

namespace
{

using Floats = std::vector<float>;

class OnGpu : public Case
{
public:
  void SetUp() override
  {
    Case::SetUp();
    puts_arrays_on_gpu_ = false;
  }
  void TearDown() override
  {
    EXPECT_SVAR_OK(svar_gpu_default_set(-1));
    elsewhere_.reset();
    Case::TearDown();
  }

  static svar_shared_options_t on_gpu(svar_borrow_t borrow = SVAR_COPY)
  {
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.target = SVAR_TARGET_GPU;
    options.borrow = borrow;
    return options;
  }
  Variable make(const Floats &values)
  {
    return shared(floats(values).source(), on_gpu());
  }
  /// In a store of its own: no store adopts what lies in its own memory.
  Variable make_elsewhere(const Floats &values)
  {
    svar_store_t *store = nullptr;
    EXPECT_SVAR_OK(svar_store_create_private("/elsewhere", nullptr, &store));
    elsewhere_.reset(store);
    svar_shared_options_t options = on_gpu();
    options.store = store;
    options.name = "other";
    return shared(floats(values).source(), options);
  }
  static Array floats(const Floats &values)
  {
    return Array(values, {static_cast<int64_t>(values.size())});
  }
  void expect_refused(svar_ret_t code, const Variable &variable, const svar_source_t &source)
  {
    Floats before = host(variable);
    for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
      EXPECT_EQ(svar_set_value(variable.get(), source, borrow), code) << svar_error_message();
    }
    EXPECT_EQ(host(variable), before);
  }
  static bool is_on_gpu(const Variable &variable)
  {
    return svar_variable_backing(variable.get()) == SVAR_BACKING_GPU;
  }
  /// The numbers, as a copy in host memory shows them.
  template <typename T = float>
  static std::vector<T> host(const Variable &variable, svar_borrow_t borrow = SVAR_COPY)
  {
    svar_value_t value = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_get_value(variable.get(), borrow, &value));
    EXPECT_EQ(value.tensor.device.device_type, kDLCPU);
    EXPECT_FALSE(value.is_alias);
    std::vector<T> values = svar_test::contents<T>(value);
    svar_value_release(&value);
    return values;
  }
  static void set(const Variable &variable, const svar_source_t &source,
                  svar_borrow_t borrow = SVAR_COPY)
  {
    EXPECT_SVAR_OK(svar_set_value(variable.get(), source, borrow));
  }

private:
  Store elsewhere_;
};

/// The device's own array of a variable's current value: Theano's "internal" object.
class Internal
{
public:
  explicit Internal(const Variable &variable)
  {
    EXPECT_SVAR_OK(svar_get_device_view(variable.get(), &view_));
    managed_.dl_tensor = view_.tensor;
    managed_.manager_ctx = this;
  }
  ~Internal()
  {
    svar_value_release(&view_);
  }
  Internal(const Internal &) = delete;
  Internal &operator=(const Internal &) = delete;

  DLTensor &tensor()
  {
    return managed_.dl_tensor;
  }
  svar_source_t source() const
  {
    return svar_array(&managed_.dl_tensor);
  }
  /// To be adopted; it must live on.
  svar_source_t managed()
  {
    return svar_managed(&managed_);
  }
  const void *data() const
  {
    return view_.tensor.data;
  }
  int32_t device() const
  {
    return view_.tensor.device.device_type == kDLCUDA ? view_.tensor.device.device_id : -1;
  }

private:
  svar_value_t view_ = SVAR_VALUE_INIT;
  DLManagedTensor managed_ = {};
};

} // namespace

#define SVAR_GPU_CASE(number, name) SVAR_CASE_(OnGpu, number, name, {::conformance::GPU})

SVAR_GPU_CASE(222, ADefaultGpuGetsArraysOfRealNumbersAndNothingElse)
{
  ASSERT_SVAR_OK(svar_gpu_default_set(0));
  Variable on_default = shared(floats({1, 2, 3}).source());
  EXPECT_TRUE(is_on_gpu(on_default));
  svar_type_t type = svar_variable_type(on_default.get());
  svar_type_t expected = svar_tensor_type(SVAR_FLOAT32, 1, 0);
  EXPECT_TRUE(svar_type_equal(&type, &expected));
  svar_shared_options_t here = options();
  here.target = SVAR_TARGET_HOST;
  EXPECT_FALSE(is_on_gpu(shared(floats({1}).source(), here)));
  EXPECT_FALSE(is_on_gpu(shared(Array(Floats{1}, {}).source())));
  EXPECT_FALSE(is_on_gpu(shared(Array(SVAR_COMPLEX64, {2}).source())));
  EXPECT_FALSE(is_on_gpu(shared(svar_int(1))));
  expect_not_shared(SVAR_ERR_TYPE, Array(std::vector<double>{1}, {1}).literals(), options());
}

SVAR_GPU_CASE(223, IntegersAndBoolsGoToTheDefaultGpuToo)
{
  ASSERT_SVAR_OK(svar_gpu_default_set(0));
  EXPECT_TRUE(is_on_gpu(shared(Array(std::vector<int64_t>{1, 2}, {2}).source())));
  EXPECT_TRUE(is_on_gpu(shared(Array(SVAR_BOOL, {2}).source())));
}

SVAR_GPU_CASE(224, ATargetIsAnOrder)
{
  EXPECT_TRUE(is_on_gpu(shared(Array(Floats{1}, {}).source(), on_gpu())));
  svar_shared_options_t unknown = on_gpu();
  unknown.gpu = 9;
  expect_not_shared(SVAR_ERR_CONTEXT, floats({1}).source(), unknown);
  expect_not_shared(SVAR_ERR_TYPE, svar_int(1), on_gpu());
  svar_shared_options_t here = options();
  here.target = SVAR_TARGET_HOST;
  EXPECT_FALSE(is_on_gpu(shared(floats({1}).source(), here)));
}

SVAR_GPU_CASE(225, WithoutADefaultArraysStayOnTheHost)
{
  EXPECT_EQ(svar_gpu_default(), -1);
  EXPECT_FALSE(is_on_gpu(shared(floats({1}).source())));
}

SVAR_GPU_CASE(226, AHostArrayIsCopiedBorrowedOrNot)
{
  Array x = floats({1, 2});
  Variable s = shared(x.source(), on_gpu(SVAR_BORROW));
  x.as<float>()[0] = 9;
  EXPECT_EQ(host(s), Floats({1, 2}));
}

SVAR_GPU_CASE(227, ADeviceArrayIsCopiedOrAdopted)
{
  Variable other = make_elsewhere({1, 2});
  Internal x(other);
  Variable copy = shared(x.source(), on_gpu());
  EXPECT_NE(Internal(copy).data(), x.data());
  EXPECT_EQ(host(copy), Floats({1, 2}));
  Variable same = shared(x.managed(), on_gpu(SVAR_BORROW));
  EXPECT_EQ(Internal(same).data(), x.data());
  EXPECT_EQ(host(same), Floats({1, 2}));
  same.reset();
}

SVAR_GPU_CASE(228, GetValueIsAHostArrayOfTheCallers)
{
  Variable s = make({1, 2});
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
    svar_value_t value = SVAR_VALUE_INIT;
    ASSERT_SVAR_OK(svar_get_value(s.get(), borrow, &value));
    ASSERT_EQ(value.tensor.device.device_type, kDLCPU);
    static_cast<float *>(value.tensor.data)[0] = 9;
    svar_value_release(&value);
    EXPECT_EQ(host(s, borrow), Floats({1, 2}));
  }
}

SVAR_GPU_CASE(230, DeviceDataIsReadAsAHostArray)
{
  Variable other = make({1, 2});
  Internal x(other);
  EXPECT_EQ(host(shared(x.source(), on_gpu())), Floats({1, 2}));
}

SVAR_NOT_APPLICABLE(
    231, "a published version is never written again: an earlier device view keeps what it shows")

SVAR_GPU_CASE(232, AnotherShapeIsAnotherArray)
{
  Variable s = make({1, 2});
  Internal before(s);
  set(s, floats({3, 4, 5}).source());
  EXPECT_NE(Internal(s).data(), before.data());
  EXPECT_EQ(host(s), Floats({3, 4, 5}));
}

SVAR_GPU_CASE(233, EverySecondElementIsStoredCompactAndCanBeReplaced)
{
  Variable other = make({1, 2, 3, 4});
  Internal x(other);
  const int64_t shape = 2;
  const int64_t stride = 2;
  x.tensor().shape = const_cast<int64_t *>(&shape);
  x.tensor().strides = const_cast<int64_t *>(&stride);
  Variable s = shared(x.managed(), on_gpu(SVAR_BORROW));
  EXPECT_EQ(host(s), Floats({1, 3}));
  set(s, floats({5, 6}).source());
  EXPECT_EQ(host(s), Floats({5, 6}));
  EXPECT_EQ(host(other), Floats({1, 2, 3, 4}));
}

SVAR_GPU_CASE(234, ADeviceArrayIsSetAsACopyOrAdopted)
{
  Variable other = make_elsewhere({1, 2});
  Internal x(other);
  Variable s = make({0, 0});
  Internal before(s);
  Variable witness = shared(before.source(), on_gpu());
  set(s, x.source());
  EXPECT_NE(Internal(s).data(), x.data());
  EXPECT_EQ(host(s), Floats({1, 2}));
  set(s, x.managed(), SVAR_BORROW);
  EXPECT_EQ(Internal(s).data(), x.data());
  EXPECT_EQ(host(s), Floats({1, 2}));
  EXPECT_EQ(host(shared(before.source(), on_gpu())), Floats({0, 0})); // untouched
  s.reset();
}

SVAR_GPU_CASE(235, WhatPromotesIsConverted)
{
  Variable s = make({0, 0});
  set(s, Array(std::vector<int16_t>{-3, 4}, {2}).source());
  EXPECT_EQ(host(s), Floats({-3, 4}));
  Variable bytes = shared(Array(std::vector<int8_t>{5, -6}, {2}).source(), on_gpu());
  set(s, Internal(bytes).source());
  EXPECT_EQ(host(s), Floats({5, -6}));
}

SVAR_GPU_CASE(236, WhatDoesNotPromoteIsRefused)
{
  Variable s = make({1, 2});
  Array doubles(std::vector<double>{1, 2}, {2});
  expect_refused(SVAR_ERR_TYPE, s, doubles.source());
  Variable other = shared(doubles.source(), on_gpu());
  expect_refused(SVAR_ERR_TYPE, s, Internal(other).source());
}

SVAR_GPU_CASE(238, AnInexactListIsATypeError)
{
  Variable s = make({1, 2});
  expect_refused(SVAR_ERR_TYPE, s, Array(std::vector<double>{0.1, 2}, {2}).literals());
}

SVAR_GPU_CASE(239, StrictMeansThisDeviceAndThisDtype)
{
  svar_shared_options_t strict = on_gpu();
  strict.strict = true;
  Variable s = shared(floats({1, 2}).source(), strict);
  expect_refused(SVAR_ERR_TYPE, s, floats({3, 4}).source());
  Variable bytes = shared(Array(std::vector<int8_t>{3, 4}, {2}).source(), on_gpu());
  expect_refused(SVAR_ERR_TYPE, s, Internal(bytes).source());
  Variable same = make({3, 4});
  set(s, Internal(same).source());
  EXPECT_EQ(host(s), Floats({3, 4}));
}

SVAR_GPU_CASE(240, AnArrayOfAnotherGpuIsAValueError)
{
  Variable s = make({1, 2});
  Variable other = make({3, 4});
  Internal x(other);
  x.tensor().device.device_id = 1;
  expect_refused(SVAR_ERR_VALUE, s, x.source());
  expect_not_shared(SVAR_ERR_VALUE, x.source(), on_gpu());
}

SVAR_GPU_CASE(241, RankAndBroadcastableAxesAreChecked)
{
  const bool flags[] = {true, false};
  svar_shared_options_t row = on_gpu();
  row.broadcastable = flags;
  row.broadcastable_count = 2;
  Variable s = shared(Array(Floats{1, 2}, {1, 2}).source(), row);
  expect_refused(SVAR_ERR_TYPE, s, floats({1, 2}).source());
  Variable square = shared(Array(Floats{1, 2, 3, 4}, {2, 2}).source(), on_gpu());
  expect_refused(SVAR_ERR_TYPE, s, Array(Floats{1, 2, 3, 4}, {2, 2}).source());
  expect_refused(SVAR_ERR_TYPE, s, Internal(square).source());
}

SVAR_GPU_CASE(242, ZerosClonesAndDeepCopies)
{
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
    Variable s = make({1, 2});
    Internal before(s);
    ASSERT_SVAR_OK(svar_zero(s.get(), borrow));
    EXPECT_EQ(host(s), Floats({0, 0}));
    EXPECT_NE(Internal(s).data(), before.data());
    EXPECT_EQ(host(shared(before.source(), on_gpu())), Floats({1, 2}));
  }
  Variable s = make({1, 2});
  svar_variable_t *raw = nullptr;
  ASSERT_SVAR_OK(svar_variable_clone(s.get(), nullptr, &raw));
  Variable clone(raw);
  svar_variable_t *original = s.get();
  ASSERT_SVAR_OK(svar_variables_deep_copy(&original, 1, nullptr, &raw));
  Variable copy(raw);
  EXPECT_TRUE(is_on_gpu(copy));
  set(s, floats({3, 4}).source());
  EXPECT_EQ(host(clone), Floats({3, 4}));
  EXPECT_EQ(host(copy), Floats({1, 2}));
}

SVAR_GPU_CASE(243, ASavedVariableIsLoadedOntoTheGpuOfItsNumber)
{
  Variable s = make({1, 2});
  Variable on_host = shared(floats({3}).source());
  File file;
  ASSERT_SVAR_OK(file.save({s.get(), on_host.get()}));
  svar_archive_variables_t &loaded = file.load();
  ASSERT_EQ(loaded.count, 2u);
  Variable l(svar_variable_ref(loaded.variables[0])), h(svar_variable_ref(loaded.variables[1]));
  EXPECT_EQ(Internal(l).device(), 0);
  EXPECT_FALSE(is_on_gpu(h));
  EXPECT_EQ(host(l), Floats({1, 2}));
  set(l, floats({4, 5}).source());
  EXPECT_EQ(host(s), Floats({1, 2}));
}

SVAR_GPU_CASE(243, ASavedVariableIsLoadedOnTheHostIfThatIsAskedFor)
{
  Variable s = make({1, 2});
  File file;
  ASSERT_SVAR_OK(file.save({s.get()}));
  svar_archive_load_options_t on_host = SVAR_ARCHIVE_LOAD_OPTIONS_INIT;
  on_host.target = SVAR_TARGET_HOST;
  ASSERT_SVAR_OK(file.load_to(on_host));
  Variable l(svar_variable_ref(file.loaded().variables[0]));
  EXPECT_FALSE(is_on_gpu(l));
  EXPECT_VALUE(l, floats({1, 2}));
}

SVAR_GPU_CASE(243, AGpuThatIsNotThereIsAContextError)
{
  Variable s = make({1, 2});
  File file;
  ASSERT_SVAR_OK(file.save({s.get()}));
  file.replace(R"(\"gpu\":0)", R"(\"gpu\":9)"); // as on a machine with ten of them
  EXPECT_EQ(file.load_to(SVAR_ARCHIVE_LOAD_OPTIONS_INIT), SVAR_ERR_CONTEXT);
  EXPECT_MESSAGE("GPU 9");
  EXPECT_EQ(file.loaded().variables, nullptr);
}

SVAR_GPU_CASE(244, AnUpdateIsFinishedWhenItIsRead)
{
  Array first(std::vector<double>{1, 2}, {2});
  Variable s = shared(first.source(), on_gpu());
  Variable on_host = shared(Array(std::vector<double>{10, 20}, {2}).source());
  Function add =
      Parts().update(s, plus(of(s), of(on_host))).update(on_host, of(s)).out(of(s)).function();
  Results results = add();
  EXPECT_EQ(results.as<double>(), std::vector<double>({1, 2}));
  EXPECT_EQ(host<double>(s), std::vector<double>({11, 22}));
  EXPECT_VALUE(on_host, first);
}

SVAR_GPU_CASE(244, UpdatesSwapVariablesOfOneGpu)
{
  Variable a = make({1});
  Variable b = make({2});
  Function swap = Parts().update(a, of(b)).update(b, of(a)).function();
  swap();
  EXPECT_EQ(host(a), Floats({2}));
  EXPECT_EQ(host(b), Floats({1}));
}
