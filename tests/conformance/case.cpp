#include "case.hpp"

#include <algorithm>
#include <cstdio>

namespace conformance
{

const char *
backing_name(Backing backing)
{
  switch (backing) {
  case CPU:
    return "cpu";
  case IPC:
    return "ipc";
  case GPU:
    return "gpu";
  case PROCESS:
    return "process";
  }
  return "?";
}

std::vector<Entry> &
entries()
{
  static std::vector<Entry> all;
  return all;
}

bool
add_case(int number, const char *name, std::vector<Backing> backings, const char *file, int line,
         Case *(*make)())
{
  char suite[16];
  snprintf(suite, sizeof(suite), "Case%03d", number);
  for (Backing backing : backings) {
    std::string test = std::string(name) + "/" + backing_name(backing);
    ::testing::RegisterTest(suite, test.c_str(), nullptr, nullptr, file, line,
                            [make, backing]() -> Case * {
                              Case *made = make();
                              made->use(backing);
                              return made;
                            });
    entries().push_back({number, false, backing, name, "", "not run"});
  }
  return true;
}

bool
add_case_of_no_array(int number, const char *name)
{
  entries().push_back({number, false, GPU, name, "", "no array"});
  return true;
}

bool
add_reason(int number, bool is_everywhere, Backing backing, const char *reason)
{
  entries().push_back({number, is_everywhere, backing, "", reason, "not applicable"});
  return true;
}

bool
Contents::operator==(const Contents &other) const
{
  return svar_type_equal(&type, &other.type) && shape == other.shape && bytes == other.bytes;
}

std::ostream &
operator<<(std::ostream &stream, const Contents &contents)
{
  char type[SVAR_TYPE_TEXT_BYTES];
  char shape[SVAR_TYPE_TEXT_BYTES];
  stream << svar_type_text(&contents.type, type, sizeof(type)) << " of shape "
         << svar_shape_text(static_cast<int32_t>(contents.shape.size()), contents.shape.data(),
                            shape, sizeof(shape))
         << ", bytes";
  char hex[4];
  for (size_t i = 0; i < std::min<size_t>(contents.bytes.size(), 64); i++) {
    snprintf(hex, sizeof(hex), " %02x", contents.bytes[i]);
    stream << hex;
  }
  return stream;
}

static Contents
contents_of_tensor(const svar_type_t &type, const DLTensor &tensor)
{
  Contents contents;
  contents.type = type;
  contents.shape.assign(tensor.shape, tensor.shape + tensor.ndim);
  uint64_t bytes = 0;
  EXPECT_SVAR_OK(svar_shape_bytes(tensor.dtype, tensor.ndim, tensor.shape, &bytes));
  const auto *data = static_cast<const unsigned char *>(tensor.data);
  contents.bytes.assign(data, data + bytes);
  return contents;
}

Contents
contents_of(const Array &array)
{
  DLTensor tensor = array.source().tensor;
  svar_type_t type = {};
  type.dtype = tensor.dtype;
  type.ndim = tensor.ndim;
  return contents_of_tensor(type, tensor);
}

const void *
Case::cell(const Variable &variable)
{
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_SVAR_OK(svar_variable_backing(variable.get()) == SVAR_BACKING_GPU
                     ? svar_get_device_view(variable.get(), &value)
                     : svar_get_value(variable.get(), SVAR_BORROW, &value));
  const void *data = value.tensor.data;
  svar_value_release(&value);
  return data;
}

void
Case::SetUp()
{
  setenv("SVAR_GPU_DRIVER", SVAR_STAND_IN_DRIVER, 1); // before the first use of a GPU
}

void
Case::TearDown()
{
  EXPECT_TRUE(!puts_arrays_on_gpu_ || has_some_on_gpu_)
      << "nothing was put on a GPU: this is a SVAR_CASE_OF_NO_ARRAY";
  reader_.reset();
  if (store_) {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }
  store_.reset();
}

svar_store_t *
Case::store()
{
  if (is_ipc() && !store_) {
    directory_ = std::make_unique<svar_test::ScratchDirectory>();
    store_ = svar_test::create_store("/conformance/case");
  }
  return store_.get();
}

svar_store_t *
Case::reader()
{
  if (store() != nullptr && !reader_) {
    reader_ = svar_test::open_store(svar_store_name(store()));
  }
  return reader_.get();
}

svar_shared_options_t
Case::options(const char *name)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = store();
  options.name = name;
  if (options.store != nullptr && name == nullptr) {
    names_.push_back("v" + std::to_string(names_.size()));
    options.name = names_.back().c_str();
  }
  return options;
}

Variable
Case::shared(const svar_source_t &source)
{
  return shared(source, options());
}

Variable
Case::shared(const svar_source_t &source, const svar_shared_options_t &options)
{
  svar_variable_t *variable = nullptr;
  svar_shared_options_t given = options;
  if (puts_arrays_on_gpu_ && given.target == SVAR_TARGET_DEFAULT &&
      source.kind == SVAR_SOURCE_ARRAY) {
    given.target = SVAR_TARGET_GPU;
  }
  EXPECT_SVAR_OK(svar_shared(source, &given, &variable));
  has_some_on_gpu_ |= variable != nullptr && svar_variable_backing(variable) == SVAR_BACKING_GPU;
  return Variable(variable);
}

Variable
Case::zeros(svar_dtype_t dtype, std::vector<int64_t> shape, svar_downcast_t allow_downcast,
            bool strict)
{
  Array array(dtype, std::move(shape));
  svar_shared_options_t given = options();
  given.allow_downcast = allow_downcast;
  given.strict = strict;
  return shared(array.source(), given);
}

void
Case::expect_not_shared(svar_ret_t code, const svar_source_t &source,
                        const svar_shared_options_t &options)
{
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(svar_shared(source, &options, &variable), code) << svar_error_message();
  EXPECT_EQ(variable, nullptr);
  svar_variable_unref(variable);
}

Contents
Case::read_as(svar_variable_t *variable, svar_borrow_t borrow)
{
  svar_value_t value = SVAR_VALUE_INIT;
  svar_ret_t ret = svar_get_value(variable, borrow, &value);
  EXPECT_EQ(ret, SVAR_OK) << svar_error_message();
  if (ret != SVAR_OK) {
    return Contents();
  }
  Contents contents = contents_of_tensor(svar_variable_type(variable), value.tensor);
  EXPECT_TRUE(svar_dtype_equal(value.tensor.dtype, contents.type.dtype));
  EXPECT_EQ(value.tensor.ndim, contents.type.ndim);
  svar_value_release(&value);
  return contents;
}

Contents
Case::read(const Variable &variable)
{
  if (!variable) {
    ADD_FAILURE() << "there is no variable to read";
    return Contents();
  }
  Contents copy = read_as(variable.get(), SVAR_COPY);
  EXPECT_EQ(read_as(variable.get(), SVAR_BORROW), copy);
  if (reader() != nullptr) {
    svar_variable_t *found = nullptr;
    EXPECT_SVAR_OK(svar_store_find(reader(), svar_variable_name(variable.get()), &found));
    Variable seen(found);
    if (seen) {
      EXPECT_EQ(read_as(seen.get(), SVAR_COPY), copy) << "as another handle reads it";
      EXPECT_EQ(read_as(seen.get(), SVAR_BORROW), copy) << "as another handle reads it";
    }
  }
  return copy;
}

Contents
Case::set(const Variable &variable, const svar_source_t &source)
{
  EXPECT_SVAR_OK(svar_set_value(variable.get(), source, SVAR_COPY));
  Contents copied = read(variable);
  EXPECT_SVAR_OK(svar_set_value(variable.get(), source, SVAR_BORROW));
  EXPECT_EQ(read(variable), copied) << "set by borrow";
  return copied;
}

void
Case::expect_refused(svar_ret_t code, const Variable &variable, const svar_source_t &source)
{
  svar_store_t *store = svar_variable_store(variable.get());
  Contents before = read(variable);
  uint64_t version = svar_store_version(store);
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
    EXPECT_EQ(svar_set_value(variable.get(), source, borrow), code) << svar_error_message();
    EXPECT_EQ(svar_store_version(store), version);
    EXPECT_EQ(read(variable), before);
  }
}

} // namespace conformance
