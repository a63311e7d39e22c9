// Files of policies: those of two real robots (weights, observations, float64 actions), and any other.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "shared_variable/safetensors.h"
#include "shared_variable/source.h"

// A file of a real robot's policy; see SVAR_SKIP_WITHOUT_ROBOTS().
inline std::string
PolicyFile(const std::string &name)
{
  const char *folder = std::getenv("SVAR_POLICY_DATA");
  return std::filesystem::path(folder != nullptr ? folder : SVAR_POLICY_DATA_DEFAULT) / name;
}

// Why the tests on real robots cannot run, or "".
inline std::string
MissingRobots()
{
  for (const char *name :
       {"unitree_g1", "unitree_g1_reference", "unitree_h1", "unitree_h1_reference"}) {
    std::string path = PolicyFile(std::string(name) + ".safetensors");
    if (!std::filesystem::exists(path)) {
      return "there is no '" + path + "': set SVAR_POLICY_DATA to the folder of the robots' files";
    }
  }
  return "";
}

// First in a test that reads the files of real robots, which are no part of the source tree.
#define SVAR_SKIP_WITHOUT_ROBOTS()                                                                 \
  if (std::string missing = MissingRobots(); !missing.empty())                                     \
  GTEST_SKIP() << missing

// A tensor as float64, whatever it was stored as.
struct Table {
  std::vector<int64_t> shape;
  std::vector<double> values;

  int64_t rows() const
  {
    return shape.at(0);
  }
  int64_t width() const
  {
    return shape.at(1);
  }
  std::vector<double> row(int64_t index) const
  {
    return {values.begin() + index * width(), values.begin() + (index + 1) * width()};
  }
};

using Tables = std::map<std::string, Table>;

template <typename Number>
std::vector<double>
AsDoubles(const std::vector<char> &bytes)
{
  std::vector<double> values(bytes.size() / sizeof(Number));
  for (size_t i = 0; i < values.size(); i++) {
    Number number;
    std::memcpy(&number, bytes.data() + i * sizeof(Number), sizeof(Number));
    values[i] = static_cast<double>(number);
  }
  return values;
}

inline void
Require(svar_ret_t ret)
{
  if (ret != SVAR_OK) {
    throw std::runtime_error(svar_error_message());
  }
}

inline Table
ReadTable(const svar_safetensors_t *file, size_t index)
{
  const svar_safetensors_tensor_t *tensor = svar_safetensors_at(file, index);
  std::vector<char> bytes(tensor->size_bytes);
  Require(svar_safetensors_read(file, index, bytes.data()));
  Table table;
  table.shape.assign(tensor->shape, tensor->shape + tensor->ndim);
  if (svar_dtype_equal(tensor->dtype, SVAR_FLOAT32)) {
    table.values = AsDoubles<float>(bytes);
  } else if (svar_dtype_equal(tensor->dtype, SVAR_FLOAT64)) {
    table.values = AsDoubles<double>(bytes);
  } else if (svar_dtype_equal(tensor->dtype, SVAR_UINT64)) {
    table.values = AsDoubles<uint64_t>(bytes);
  } else {
    throw std::runtime_error(std::string("unexpected dtype of ") + tensor->name);
  }
  return table;
}

inline Tables
ReadTables(const std::string &path)
{
  svar_safetensors_t *file = nullptr;
  Require(svar_safetensors_open(path.c_str(), &file));
  Tables tables;
  for (size_t i = 0; i < svar_safetensors_count(file); i++) {
    tables[svar_safetensors_at(file, i)->name] = ReadTable(file, i);
  }
  svar_safetensors_close(file);
  return tables;
}

// Writes tables as float32.
inline void
WriteTables(const std::string &path, const Tables &tables)
{
  std::vector<std::vector<float>> values;
  std::vector<svar_safetensors_item_t> items;
  values.reserve(tables.size());
  for (const auto &[name, table] : tables) {
    values.emplace_back(table.values.begin(), table.values.end());
    items.push_back(
        {name.c_str(), svar_tensor(SVAR_FLOAT32, values.back().data(),
                                   static_cast<int32_t>(table.shape.size()), table.shape.data())});
  }
  Require(svar_safetensors_write(path.c_str(), items.data(), items.size(), nullptr, 0));
}
