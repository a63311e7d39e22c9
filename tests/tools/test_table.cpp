#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tools/quantity.h"
#include "tools/suggestion.h"
#include "tools/table.h"

namespace
{

const char *const kTitles[] = {"NAME", "SIZE"};

std::string
Written(const svari_table_t &table)
{
  char *text = nullptr;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  EXPECT_EQ(svari_table_write(&table, out), SVAR_OK);
  fclose(out);
  std::string result(text, length);
  free(text);
  return result;
}

std::string
TwoRows(bool for_person)
{
  svari_table_t table = svari_table_init(kTitles, 2, for_person);
  svari_table_add(&table, "/policy/weights");
  svari_table_add_bytes(&table, 3 << 20);
  svari_table_add(&table, "/gain");
  svari_table_add(&table, nullptr);
  std::string text = Written(table);
  svari_table_fini(&table);
  return text;
}

TEST(Table, ForAPersonHasAHeaderAndColumns)
{
  EXPECT_EQ(TwoRows(true), "NAME             SIZE\n"
                           "/policy/weights  3.0 MiB\n"
                           "/gain            -\n");
}

TEST(Table, ForAProgramHasTabsAndRawNumbers)
{
  EXPECT_EQ(TwoRows(false), "/policy/weights\t3145728\n/gain\t-\n");
}

TEST(Table, AControlCharacterCannotBreakARow)
{
  svari_table_t table = svari_table_init(kTitles, 2, false);
  svari_table_add(&table, "a\tb\n\x1b[2J\x7f");
  svari_table_add(&table, "\xc3\xa9");
  EXPECT_EQ(Written(table), "a\\x09b\\x0a\\x1b[2J\\x7f\t\xc3\xa9\n");
  svari_table_fini(&table);
}

TEST(Table, HoldsManyRows)
{
  svari_table_t table = svari_table_init(kTitles, 2, false);
  std::string expected;
  for (int row = 0; row < 1000; ++row) {
    svari_table_add_number(&table, static_cast<uint64_t>(row));
    svari_table_add_duration(&table, row);
    expected += std::to_string(row) + "\t" + std::to_string(row) + "\n";
  }
  EXPECT_EQ(Written(table), expected);
  svari_table_fini(&table);
}

std::string
Bytes(uint64_t bytes)
{
  char text[SVARI_QUANTITY_TEXT_BYTES];
  return svari_bytes_text(bytes, text);
}

std::string
Duration(int64_t duration_ns)
{
  char text[SVARI_QUANTITY_TEXT_BYTES];
  return svari_duration_text(duration_ns, text);
}

TEST(Quantity, BytesAreInTheLargestUnitThatTheyReach)
{
  EXPECT_EQ(Bytes(0), "0 B");
  EXPECT_EQ(Bytes(1023), "1023 B");
  EXPECT_EQ(Bytes(1024), "1.0 KiB");
  EXPECT_EQ(Bytes(1536), "1.5 KiB");
  EXPECT_EQ(Bytes(uint64_t{256} << 30), "256 GiB");
  EXPECT_EQ(Bytes(UINT64_MAX), "16384 PiB");
}

TEST(Quantity, DurationsAreInTheLargestUnitThatTheyReach)
{
  EXPECT_EQ(Duration(-5), "0 ns");
  EXPECT_EQ(Duration(999), "999 ns");
  EXPECT_EQ(Duration(3400000), "3.4 ms");
  EXPECT_EQ(Duration(90000000000), "1.5 min");
  EXPECT_EQ(Duration(86400000000000), "1.0 d");
}

std::string
Suggested(const char *wanted, std::initializer_list<const char *> known)
{
  svari_suggestion_t suggestion = svari_suggestion_begin(wanted);
  for (const char *name : known) {
    svari_suggestion_offer(&suggestion, name);
  }
  char text[1024];
  return svari_suggestion_text(&suggestion, text, sizeof(text));
}

TEST(Suggestion, NamesTheNearestFirst)
{
  EXPECT_EQ(Suggested("lsit", {"list", "info", "get"}), " (did you mean 'list'?)");
  EXPECT_EQ(Suggested("/policy", {"/camera", "/policy/weights", "/polcy", "/policies"}),
            " (did you mean '/polcy', '/policies' or '/policy/weights'?)");
}

TEST(Suggestion, KeepsTheThreeNearestOfMany)
{
  EXPECT_EQ(Suggested("aaaa", {"aabb", "aaab", "aaaa1", "bbaa", "aaaa"}),
            " (did you mean 'aaaa', 'aaab' or 'aaaa1'?)");
}

TEST(Suggestion, SaysNothingIfNothingIsNear)
{
  EXPECT_EQ(Suggested("camera", {"/policy/weights", "gain"}), "");
  EXPECT_EQ(Suggested("", {"a"}), "");
  EXPECT_EQ(Suggested("anything", {std::string(5000, 'a').c_str()}), "");
}

} // namespace
