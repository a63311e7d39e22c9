// What tests of archives share: variables of every kind, a file of the test's own, what was loaded.
#pragma once

#include <complex>

#include "components/policy/scratch_folder.hpp"
#include "fakes/arrays.hpp"
#include "fakes/scratch.hpp"
#include "shared_variable/archive.h"

using svar_test::Store;
using svar_test::Variable;

// A variable without a store, or in one.
inline Variable
Make(const svar_source_t &source, const char *name, svar_store_t *store = nullptr)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = name;
  options.store = store;
  svar_variable_t *variable = nullptr;
  EXPECT_SVAR_OK(svar_shared(source, &options, &variable));
  return Variable(variable);
}

// A value: type, extents and bytes.
struct Reading {
  svar_type_t type;
  std::vector<int64_t> shape;
  std::string bytes;

  explicit Reading(svar_variable_t *variable) : type(svar_variable_type(variable))
  {
    svar_value_t value = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_get_value(variable, SVAR_BORROW, &value));
    if (value.tensor.shape != nullptr) {
      shape.assign(value.shape, value.shape + value.tensor.ndim);
      bytes.assign(static_cast<const char *>(value.tensor.data), svar_value_bytes(&value));
    }
    svar_value_release(&value);
  }
  bool operator==(const Reading &other) const
  {
    return svar_type_equal(&type, &other.type) && shape == other.shape && bytes == other.bytes;
  }
};

// The variables of an archive, given back at the end of the scope.
class Loaded
{
public:
  explicit Loaded(const std::string &path, svar_store_t *store = nullptr,
                  const svar_archive_load_options_t *options = nullptr)
  {
    EXPECT_SVAR_OK(svar_archive_load(path.c_str(), store, options, &list_));
  }
  ~Loaded()
  {
    svar_archive_variables_release(&list_);
  }
  Loaded(const Loaded &) = delete;
  Loaded &operator=(const Loaded &) = delete;

  size_t count() const
  {
    return list_.count;
  }
  svar_variable_t *operator[](size_t index) const
  {
    EXPECT_LT(index, list_.count);
    return list_.variables[index];
  }

private:
  svar_archive_variables_t list_ = {};
};

class Archive : public testing::Test
{
protected:
  // Their pointers are the caller's.
  svar_ret_t Save(const std::vector<svar_variable_t *> &variables,
                  const svar_archive_save_options_t *options = nullptr)
  {
    return svar_archive_save(path_.c_str(), variables.data(), variables.size(), options);
  }

  // The names of the file's tensors, in its order.
  std::vector<std::string> TensorNames() const
  {
    svar_safetensors_t *file = nullptr;
    EXPECT_SVAR_OK(svar_safetensors_open(path_.c_str(), &file));
    std::vector<std::string> names;
    for (size_t i = 0; file != nullptr && i < svar_safetensors_count(file); i++) {
      names.push_back(svar_safetensors_at(file, i)->name);
    }
    svar_safetensors_close(file);
    return names;
  }

  ScratchFolder folder_;
  std::string path_ = folder_ / "a.safetensors";
};

inline std::vector<svar_variable_t *>
Pointers(const std::vector<Variable> &variables)
{
  std::vector<svar_variable_t *> pointers;
  for (const Variable &variable : variables) {
    pointers.push_back(variable.get());
  }
  return pointers;
}
