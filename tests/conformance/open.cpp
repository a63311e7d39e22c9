// The cases that no test shows yet, and what is missing. (What does not apply says so in the file of its area.)
#include "case.hpp"

namespace conformance
{

namespace
{

bool
add_all(const std::vector<int> &numbers, const char *what_is_missing)
{
  for (int number : numbers) {
    add_open(number, what_is_missing);
  }
  return true;
}

// Who writes the tests of one of these takes its number out of the list.

const bool gpu_later[] = {
    add_all({243}, "archives that put variables back on a GPU"),
};

} // namespace

} // namespace conformance
