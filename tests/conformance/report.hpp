// What became of the cases.
#ifndef TESTS_CONFORMANCE_REPORT_HPP
#define TESTS_CONFORMANCE_REPORT_HPP

#include <string>

namespace conformance
{

/// Notes how each case ends. Call before the tests run.
void listen();
/// A line for each test and each reason, by number: a Markdown table.
std::string table();
/// How many cases there are of each kind of outcome, in one line.
std::string summary();

} // namespace conformance

#endif
