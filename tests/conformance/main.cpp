// test_conformance [--table FILE] [GoogleTest's options]
#include <cstring>
#include <fstream>
#include <iostream>

#include "case.hpp"
#include "report.hpp"

int
main(int argc, char **argv)
{
  ::testing::InitGoogleTest(&argc, argv);
  const char *table_path = nullptr;
  if (argc == 3 && strcmp(argv[1], "--table") == 0) {
    table_path = argv[2];
  } else if (argc > 1) {
    std::cerr << "usage: test_conformance [--table FILE] [--gtest_...]\n";
    return 2;
  }
  conformance::listen();
  int failed = RUN_ALL_TESTS();
  if (table_path != nullptr) {
    std::ofstream(table_path) << conformance::table();
  } else {
    std::cout << conformance::table();
  }
  std::cout << conformance::summary() << "\n";
  return failed;
}
