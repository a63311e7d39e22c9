// Handles of variables: their names, clones and copies, and variables of a given type.
#include <string>
#include <thread>

#include "handle.hpp"

namespace
{

class VariableHandle : public WithFakeContainers
{
};

bool
message_has(const char *text)
{
  return std::string(svar_error_message()).find(text) != std::string::npos;
}

TEST_F(VariableHandle, ANameOnceGivenOutStaysReadable)
{
  svar_shared_options_t named = options_named("first");
  Handle s(svar_int(1), &named);
  const char *first = svar_variable_name(s);
  ASSERT_EQ(svar_variable_rename(s, "second"), SVAR_OK);
  const char *second = svar_variable_name(s);
  ASSERT_EQ(svar_variable_rename(s, nullptr), SVAR_OK);
  EXPECT_EQ(svar_variable_name(s), nullptr);
  ASSERT_EQ(svar_variable_rename(s, second), SVAR_OK);
  EXPECT_STREQ(first, "first");
  EXPECT_STREQ(second, "second");
  EXPECT_STREQ(svar_variable_name(s), "second");
  EXPECT_STREQ(svar_container_name(svar_variable_container(s)), "first");
}

TEST_F(VariableHandle, IsRenamedAndReadByManyThreads)
{
  svar_shared_options_t named = options_named("start");
  Handle s(svar_int(1), &named);
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; i++) {
    threads.emplace_back([&s, i] {
      for (int round = 0; round < 200; round++) {
        EXPECT_EQ(svar_variable_rename(s, i == 0 ? "left" : "right"), SVAR_OK);
      }
    });
    threads.emplace_back([&s] {
      for (int round = 0; round < 2000; round++) {
        std::string name = svar_variable_name(s);
        EXPECT_TRUE(name == "start" || name == "left" || name == "right") << name;
      }
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
}

TEST_F(VariableHandle, ATextThatIsTooLongIsCut)
{
  svar_shared_options_t named = options_named("gain");
  Handle s(svar_int(1), &named);
  char text[4];
  EXPECT_STREQ(svar_variable_text(s, text, sizeof(text)), "gai");
  ASSERT_EQ(svar_variable_rename(s, nullptr), SVAR_OK);
  EXPECT_STREQ(svar_variable_text(s, text, sizeof(text)), "<Te");
}

TEST_F(VariableHandle, AContainerOutlivesItsVariables)
{
  svar_container_t *container = nullptr;
  {
    Handle s(vector_of<double>({1, 2}).source());
    container = svar_container_ref(svar_variable_container(s));
  }
  svar_variable_options_t options = SVAR_VARIABLE_OPTIONS_INIT;
  options.name = "again";
  options.container = container;
  Handle again;
  ASSERT_EQ(svar_variable_create(&options, again.out()), SVAR_OK) << svar_error_message();
  svar_container_unref(container);
  EXPECT_EQ(Read(again).all<double>(), (std::vector<double>{1, 2}));
  EXPECT_STREQ(svar_variable_name(again), "again");
}

TEST_F(VariableHandle, AContainerReadsAndWritesAsItsVariablesDo)
{
  svar_shared_options_t given = options_named("w");
  given.strict = true;
  given.allow_downcast = SVAR_DOWNCAST_FALSE;
  Handle s(vector_of<double>({1, 2}).source(), &given);
  svar_container_t *container = svar_variable_container(s);
  EXPECT_TRUE(svar_container_is_strict(container));
  EXPECT_EQ(svar_container_allow_downcast(container), SVAR_DOWNCAST_FALSE);
  EXPECT_EQ(svar_container_type(container).ndim, 1);
  EXPECT_EQ(svar_container_set_value(container, vector_of<float>({3}).source(), SVAR_COPY),
            SVAR_ERR_TYPE);
  ASSERT_EQ(svar_container_set_value(container, vector_of<double>({3}).source(), SVAR_COPY),
            SVAR_OK);
  svar_value_t copy = SVAR_VALUE_INIT;
  ASSERT_EQ(svar_container_get_value(container, SVAR_COPY, &copy), SVAR_OK);
  EXPECT_FALSE(copy.is_alias);
  EXPECT_EQ(*static_cast<double *>(copy.tensor.data), 3.0);
  svar_value_release(&copy);
  ASSERT_EQ(svar_container_get_value(container, SVAR_BORROW, &copy), SVAR_OK);
  EXPECT_TRUE(copy.is_alias);
  svar_value_release(&copy);
}

TEST_F(VariableHandle, AGivenTypeConvertsTheFirstValue)
{
  svar_type_t type = svar_tensor_type(SVAR_INT8, 1, 1u);
  int64_t number = 300;
  int64_t one = 1;
  svar_source_t value = svar_literals(SVAR_INT64, &number, 1, &one);
  svar_variable_options_t options = SVAR_VARIABLE_OPTIONS_INIT;
  options.type = &type;
  options.value = &value;
  svar_variable_t *none = nullptr;
  EXPECT_EQ(svar_variable_create(&options, &none), SVAR_ERR_TYPE);
  options.allow_downcast = SVAR_DOWNCAST_TRUE;
  Handle s;
  ASSERT_EQ(svar_variable_create(&options, s.out()), SVAR_OK) << svar_error_message();
  EXPECT_EQ(*Read(s).data<int8_t>(), 44);
  svar_type_t found = svar_variable_type(s);
  EXPECT_TRUE(svar_type_equal(&found, &type));
  number = 5;
  svar_source_t nothing = svar_none();
  options.value = &nothing;
  EXPECT_EQ(svar_variable_create(&options, &none), SVAR_ERR_TYPE);
  EXPECT_EQ(none, nullptr);
}

TEST_F(VariableHandle, OptionsThatMakeNoSenseAreArgumentErrors)
{
  svar_type_t type = svar_tensor_type(SVAR_INT64, 0, 0);
  svar_source_t value = svar_int(1);
  svar_variable_t *none = nullptr;
  svar_variable_options_t good = SVAR_VARIABLE_OPTIONS_INIT;
  good.type = &type;
  good.value = &value;
  svar_variable_options_t options = good;
  for (size_t size : {size_t(0), sizeof(options) - 8, sizeof(options) + 8}) {
    options.size_bytes = size;
    EXPECT_EQ(svar_variable_create(&options, &none), SVAR_ERR_ARGUMENT);
    EXPECT_TRUE(message_has(std::to_string(size).c_str())) << svar_error_message();
  }
  options = good;
  options.type = nullptr;
  EXPECT_EQ(svar_variable_create(&options, &none), SVAR_ERR_ARGUMENT);
  options = good;
  options.store = reinterpret_cast<svar_store_t *>(&options); // never looked at
  EXPECT_EQ(svar_variable_create(&options, &none), SVAR_ERR_ARGUMENT);
  EXPECT_TRUE(message_has("options.name"));
  options = good;
  for (svar_type_t bad : {svar_tensor_type(SVAR_INT64, -1, 0), svar_tensor_type(SVAR_INT64, 17, 0),
                          svar_tensor_type(SVAR_INT64, 0, 1u)}) {
    options.type = &bad;
    EXPECT_EQ(svar_variable_create(&options, &none), SVAR_ERR_ARGUMENT) << bad.ndim;
  }
  svar_type_t unknown = svar_tensor_type({kDLFloat, 24, 1}, 0, 0);
  options.type = &unknown;
  EXPECT_EQ(svar_variable_create(&options, &none), SVAR_ERR_TYPE);
  EXPECT_EQ(svar_variable_create(nullptr, &none), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_variable_create(&good, nullptr), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(none, nullptr);
}

TEST_F(VariableHandle, ClonesAndContainersCountFromAnyThread)
{
  Handle s(svar_int(1));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&s] {
      for (int round = 0; round < 200; round++) {
        svar_variable_t *clone = nullptr;
        EXPECT_EQ(svar_variable_clone(s, nullptr, &clone), SVAR_OK);
        svar_container_t *container = svar_container_ref(svar_variable_container(clone));
        svar_variable_unref(clone);
        svar_container_unref(container);
      }
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
  EXPECT_EQ(fake_container_references(s), 1u);
}

TEST_F(VariableHandle, NullIsAnArgumentErrorOrANoOp)
{
  Handle s(svar_int(1));
  svar_variable_t *other = nullptr;
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_EQ(svar_variable_clone(nullptr, nullptr, &other), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_variable_copy(s, nullptr), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_variable_rename(nullptr, "x"), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_variable_auto_name(nullptr), nullptr);
  EXPECT_EQ(svar_variable_container(nullptr), nullptr);
  EXPECT_EQ(svar_container_ref(nullptr), nullptr);
  svar_container_unref(nullptr);
  svar_container_readonly_set(nullptr, true);
  EXPECT_FALSE(svar_container_is_readonly(nullptr));
  EXPECT_EQ(svar_container_name(nullptr), nullptr);
  EXPECT_EQ(svar_container_get_value(nullptr, SVAR_COPY, &value), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_container_set_value(nullptr, svar_int(1), SVAR_COPY), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_container_set_value(svar_variable_container(s), svar_int(1),
                                     static_cast<svar_borrow_t>(5)),
            SVAR_ERR_ARGUMENT);
}

// Runs create, clone, copy and rename with one allocation failing; returns whether all went well.
bool
use_with_failing_heap(FailingHeap &heap)
{
  fake_containers_use(heap.allocator());
  svar_type_t type = svar_tensor_type(SVAR_FLOAT64, 0, 0);
  svar_source_t value = svar_float(1);
  svar_variable_options_t options = SVAR_VARIABLE_OPTIONS_INIT;
  options.name = "w";
  options.type = &type;
  options.value = &value;
  svar_variable_t *s = nullptr;
  svar_variable_t *clone = nullptr;
  svar_variable_t *copy = nullptr;
  svar_ret_t ret = svar_variable_create(&options, &s);
  ret = ret == SVAR_OK ? svar_variable_clone(s, "clone", &clone) : ret;
  ret = ret == SVAR_OK ? svar_variable_copy(s, &copy) : ret;
  ret = ret == SVAR_OK ? svar_variable_rename(copy, "other") : ret;
  EXPECT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NO_MEMORY) << svar_error_message();
  if (copy != nullptr && ret != SVAR_OK) {
    EXPECT_STREQ(svar_variable_name(copy), "w");
  }
  svar_variable_unref(clone);
  svar_variable_unref(copy);
  svar_variable_unref(s);
  return ret == SVAR_OK;
}

TEST(VariableHandleFault, EveryFailedAllocationIsReportedAndLeaksNothing)
{
  EXPECT_EQ(fail_each_allocation(use_with_failing_heap), 6)
      << "container, value, handle, clone, copy, name";
  fake_containers_none();
}

} // namespace
