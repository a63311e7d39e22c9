// A file that a case saves variables to.
#ifndef TESTS_CONFORMANCE_ARCHIVE_FILE_HPP
#define TESTS_CONFORMANCE_ARCHIVE_FILE_HPP

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "components/policy/scratch_folder.hpp"
#include "fakes/scratch.hpp"
#include "shared_variable/archive.h"

namespace conformance
{

// A file of the case's own, and what was loaded from it.
class File
{
public:
  ~File()
  {
    svar_archive_variables_release(&loaded_);
  }

  svar_ret_t save(const std::vector<svar_variable_t *> &variables, bool refuse_names = false)
  {
    svar_archive_save_options_t options = SVAR_ARCHIVE_SAVE_OPTIONS_INIT;
    options.refuse_repeated_names = options.refuse_unnamed = refuse_names;
    return svar_archive_save(path_.c_str(), variables.data(), variables.size(), &options);
  }
  svar_archive_variables_t &load(svar_store_t *store = nullptr)
  {
    EXPECT_SVAR_OK(load_to(SVAR_ARCHIVE_LOAD_OPTIONS_INIT, store));
    return loaded_;
  }
  svar_ret_t load_to(const svar_archive_load_options_t &options, svar_store_t *store = nullptr)
  {
    svar_archive_variables_release(&loaded_);
    return svar_archive_load(path_.c_str(), store, &options, &loaded_);
  }
  const svar_archive_variables_t &loaded() const
  {
    return loaded_;
  }
  /// Changes its text, which must have from in it, to one of the same length.
  void replace(const std::string &from, const std::string &to)
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    size_t at = text.str().find(from);
    ASSERT_NE(at, std::string::npos) << from;
    file.seekp(static_cast<std::streamoff>(at));
    file << to;
  }
  std::vector<std::string> tensors() const
  {
    svar_safetensors_t *file = nullptr;
    std::vector<std::string> names;
    EXPECT_SVAR_OK(svar_safetensors_open(path_.c_str(), &file));
    for (size_t i = 0; file != nullptr && i < svar_safetensors_count(file); i++) {
      names.push_back(svar_safetensors_at(file, i)->name);
    }
    svar_safetensors_close(file);
    return names;
  }

private:
  ScratchFolder folder_;
  std::string path_ = folder_ / "case.safetensors";
  svar_archive_variables_t loaded_ = {};
};

} // namespace conformance

#endif
