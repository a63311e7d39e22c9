// The catalogue is complete: every number has tests or a reason, and not both.
#include <set>

#include "case.hpp"

namespace conformance
{

namespace
{

TEST(Catalogue, EveryTestAndReasonIsOfANumberInTheList)
{
  std::set<int> numbers;
  for (const Number &number : catalogue()) {
    EXPECT_TRUE(numbers.insert(number.number).second) << number.number << " is there twice";
  }
  for (const Entry &entry : entries()) {
    EXPECT_EQ(numbers.count(entry.number), 1u) << "case " << entry.number << " is not in the list";
  }
}

int
count(int number, bool is_reason, const std::set<Backing> &backings)
{
  int found = 0;
  for (const Entry &entry : entries()) {
    bool is_there = entry.is_everywhere || backings.count(entry.backing) > 0;
    found += entry.number == number && entry.name.empty() == is_reason && is_there;
  }
  return found;
}

constexpr char kGpuArea = 'J'; // numbers that are of no other backing

TEST(Catalogue, EveryNumberHasTestsOrAReasonOnEachBackingAndNotBoth)
{
  for (const Number &number : catalogue()) {
    for (Backing backing : {CPU, IPC, GPU}) {
      if (number.area == kGpuArea && backing != GPU) {
        continue;
      }
      bool is_tested = count(number.number, false, {backing, PROCESS}) > 0;
      int reasons = count(number.number, true, {backing});
      EXPECT_EQ(is_tested ? 0 : 1, reasons)
          << "case " << number.number << " on " << backing_name(backing)
          << (is_tested ? " has a test and a reason why not" : " has no test, or not one reason");
    }
  }
}

} // namespace

} // namespace conformance
