#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <memory>

#include "archive/safetensors_header.h"
#include "archive/safetensors_text.hpp"
#include "components/policy/policy_data.hpp"
#include "components/policy/scratch_folder.hpp"
#include "shared_variable/safetensors.h"

namespace
{

using Handle = std::unique_ptr<svar_safetensors_t, decltype(&svar_safetensors_close)>;

Handle
Open(const std::string &path)
{
  svar_safetensors_t *file = nullptr;
  EXPECT_EQ(svar_safetensors_open(path.c_str(), &file), SVAR_OK) << svar_error_message();
  return Handle(file, svar_safetensors_close);
}

// --- sound files -----------------------------------------------------------------------------------

struct GoldenTensor {
  const char *name;
  std::vector<int64_t> shape;
  size_t begin, end; // in the file of the G1 policy, counted from its first byte
};

TEST(SafetensorsRead, FindsTheTensorsOfARealPolicyAndTheirBytes)
{
  SVAR_SKIP_WITHOUT_ROBOTS();
  const size_t data = 8 + 912;
  const GoldenTensor golden[] = {
      {"memory.weight_ih_l0", {256, 47}, data, data + 48128},
      {"memory.weight_hh_l0", {256, 64}, data + 48128, data + 113664},
      {"memory.bias_ih_l0", {256}, data + 113664, data + 114688},
      {"memory.bias_hh_l0", {256}, data + 114688, data + 115712},
      {"actor.0.weight", {32, 64}, data + 115712, data + 123904},
      {"actor.0.bias", {32}, data + 123904, data + 124032},
      {"actor.2.weight", {12, 32}, data + 124032, data + 125568},
      {"actor.2.bias", {12}, data + 125568, data + 125616},
  };
  std::string path = PolicyFile("unitree_g1.safetensors"), bytes = ReadFile(path);
  ASSERT_EQ(bytes.size(), 126536u);
  Handle file = Open(path);
  ASSERT_TRUE(file);
  ASSERT_EQ(svar_safetensors_count(file.get()), std::size(golden));
  for (size_t i = 0; i < std::size(golden); i++) {
    SCOPED_TRACE(golden[i].name);
    const svar_safetensors_tensor_t *tensor = svar_safetensors_at(file.get(), i);
    EXPECT_STREQ(tensor->name, golden[i].name);
    EXPECT_TRUE(svar_dtype_equal(tensor->dtype, SVAR_FLOAT32));
    EXPECT_EQ(std::vector<int64_t>(tensor->shape, tensor->shape + tensor->ndim), golden[i].shape);
    ASSERT_EQ(tensor->size_bytes, golden[i].end - golden[i].begin);
    std::string read(tensor->size_bytes, '\0');
    ASSERT_EQ(svar_safetensors_read(file.get(), i, read.data()), SVAR_OK);
    EXPECT_EQ(read, bytes.substr(golden[i].begin, read.size()));
  }
  EXPECT_EQ(svar_safetensors_check_unchanged(file.get()), SVAR_OK);
  EXPECT_STREQ(svar_safetensors_metadata(file.get(), "gate_order"), "input,forget,cell,output");
  EXPECT_EQ(svar_safetensors_metadata(file.get(), "absent"), nullptr);
}

TEST(SafetensorsRead, OpensEveryRealFile)
{
  SVAR_SKIP_WITHOUT_ROBOTS();
  for (const char *name : {"unitree_g1.safetensors", "unitree_g1_reference.safetensors",
                           "unitree_h1.safetensors", "unitree_h1_reference.safetensors"}) {
    EXPECT_TRUE(Open(PolicyFile(name))) << name;
  }
}

TEST(SafetensorsRead, TakesPaddingEmptyTensorsScalarsAndMisalignedOnes)
{
  ScratchFolder folder;
  WriteOldFile(folder / "f", File(R"({"odd":)" + Tensor("U8", "[3]", "[0,3]") + R"(,"one":)" +
                                      Tensor("F64", "[]", "[3,11]") + R"(,"none":)" +
                                      Tensor("F32", "[0,1152921504606846976]", "[3,3]") + "}      ",
                                  11));
  Handle file = Open(folder / "f");
  ASSERT_TRUE(file);
  ASSERT_EQ(svar_safetensors_count(file.get()), 3u);
  EXPECT_STREQ(svar_safetensors_at(file.get(), 0)->name, "odd");
  EXPECT_STREQ(svar_safetensors_at(file.get(), 1)->name, "none");
  EXPECT_STREQ(svar_safetensors_at(file.get(), 2)->name, "one");
  EXPECT_EQ(svar_safetensors_at(file.get(), 3), nullptr);
  char bytes[8] = {};
  EXPECT_EQ(svar_safetensors_read(file.get(), 2, bytes), SVAR_OK);
  EXPECT_EQ(std::string(bytes, 8), std::string(8, '\1'));
  EXPECT_EQ(svar_safetensors_read(file.get(), 3, bytes), SVAR_ERR_INDEX);
}

TEST(SafetensorsRead, TakesAFileWithoutTensors)
{
  ScratchFolder folder;
  WriteOldFile(folder / "f", File("{}", 0));
  Handle file = Open(folder / "f");
  ASSERT_TRUE(file);
  EXPECT_EQ(svar_safetensors_count(file.get()), 0u);
}

TEST(SafetensorsRead, FindsATensorByNameOrNamesTheMissingOne)
{
  ScratchFolder folder;
  WriteOldFile(folder / "f", File(R"({"a":)" + Tensor("U8", "[1]", "[1,2]") + R"(,"b":)" +
                                      Tensor("U8", "[1]", "[0,1]") + "}",
                                  2));
  Handle file = Open(folder / "f");
  ASSERT_TRUE(file);
  size_t index = 9;
  EXPECT_EQ(svar_safetensors_find(file.get(), "a", &index), SVAR_OK);
  EXPECT_EQ(index, 1u);
  EXPECT_EQ(svar_safetensors_find(file.get(), "c", &index), SVAR_ERR_NOT_FOUND);
  EXPECT_NE(strstr(svar_error_message(), "no tensor 'c'"), nullptr) << svar_error_message();
}

// --- files that lie --------------------------------------------------------------------------------

struct BadFile {
  const char *what;
  std::string bytes;
  svar_ret_t code;
  const char *sentence; // part of it
};

std::string
One(const std::string &tensor, size_t data_bytes = 4)
{
  return File(R"({"x":)" + tensor + "}", data_bytes);
}

std::string
Two(const std::string &x_offsets, const std::string &y_offsets, size_t data_bytes)
{
  return File(R"({"x":)" + Tensor("U8", "[4]", x_offsets) + R"(,"y":)" +
                  Tensor("U8", "[4]", y_offsets) + "}",
              data_bytes);
}

std::vector<BadFile>
BadContainers()
{
  return {
      {"Empty", "", SVAR_ERR_CORRUPT, "has 0 bytes, too few"},
      {"SevenBytes", std::string(7, '\0'), SVAR_ERR_CORRUPT, "has 7 bytes, too few"},
      {"LengthOfAllOnes", Length(UINT64_MAX) + "{}", SVAR_ERR_CORRUPT,
       "claims a header of 18446744073709551615 bytes, more than the format's 100000000"},
      {"LengthAboveTheLimit", Length(100000001) + "{}", SVAR_ERR_CORRUPT, "more than the format's"},
      {"LengthBeyondTheFile", Length(3) + "{}", SVAR_ERR_CORRUPT,
       "claims a header of 3 bytes but has 10"},
      {"NoHeader", Length(0), SVAR_ERR_SYNTAX, "does not begin with '{'"},
      {"HeaderIsAList", File("[]", 0), SVAR_ERR_SYNTAX, "does not begin with '{'"},
      {"HeaderBeginsWithASpace", File(" {}", 0), SVAR_ERR_SYNTAX, "does not begin with '{'"},
      {"HeaderIsCut", File(R"({"x":)", 0), SVAR_ERR_SYNTAX, "not valid JSON"},
      {"HeaderGoesOnAfterItsEnd", File("{}{}", 0), SVAR_ERR_SYNTAX, "not valid JSON"},
      {"HeaderIsNotUtf8", File("{\"\xff\":1}", 0), SVAR_ERR_SYNTAX, "not valid JSON"},
      {"HeaderNestsTooDeep", File(R"({"x":)" + std::string(100000, '['), 0), SVAR_ERR_SYNTAX,
       "not valid JSON"},
      {"TensorTwice",
       File(R"({"x":)" + Tensor("U8", "[4]", "[0,4]") + R"(,"x":)" + Tensor("U8", "[4]", "[0,4]") +
                "}",
            4),
       SVAR_ERR_SYNTAX, "duplicate object key"},
      {"MetadataIsAList", File(R"({"__metadata__":[]})", 0), SVAR_ERR_SYNTAX,
       "__metadata__ is not a JSON object"},
      {"MetadataHoldsANumber", File(R"({"__metadata__":{"rate":50}})", 0), SVAR_ERR_SYNTAX,
       "key 'rate', which is not a text"},
  };
}

std::vector<BadFile>
BadNames()
{
  auto named = [](const std::string &name) {
    return File("{\"" + name + "\":" + Tensor("U8", "[4]", "[0,4]") + "}", 4);
  };
  return {
      {"NameIsEmpty", named(""), SVAR_ERR_SYNTAX, "has 0 bytes; 1 to 255 are allowed"},
      {"NameIsTooLong", named(std::string(256, 'n')), SVAR_ERR_SYNTAX, "has 256 bytes"},
      {"NameHasANul", named(R"(a\u0000b)"), SVAR_ERR_SYNTAX, "not valid JSON"},
      {"NameHasANewline", named(R"(a\nb)"), SVAR_ERR_SYNTAX,
       "the control character 0x0a at byte 1"},
      {"NameHasADelete", named("a\x7f"), SVAR_ERR_SYNTAX, "the control character 0x7f"},
  };
}

std::vector<BadFile>
BadTensors()
{
  return {
      {"TensorIsANumber", One("4"), SVAR_ERR_SYNTAX, "'x' is not described by a JSON object"},
      {"UnknownMember", One(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4],"scale":2})"),
       SVAR_ERR_SYNTAX, "unknown member 'scale'"},
      {"MemberTwice", One(R"({"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]})"),
       SVAR_ERR_SYNTAX, "duplicate object key"},
      {"NoDtype", One(R"({"shape":[4],"data_offsets":[0,4]})"), SVAR_ERR_SYNTAX, "\"dtype\""},
      {"DtypeIsANumber", One(R"({"dtype":32,"shape":[4],"data_offsets":[0,4]})"), SVAR_ERR_SYNTAX,
       "\"dtype\""},
      {"UnknownDtype", One(Tensor("F33", "[1]", "[0,4]")), SVAR_ERR_TYPE,
       "'x' has the unknown dtype 'F33'"},
      {"FourBitFloat", One(Tensor("F4", "[8]", "[0,4]")), SVAR_ERR_UNSUPPORTED,
       "dtype F4, which is not supported"},
      {"SixBitFloat", One(Tensor("F6_E2M3", "[4]", "[0,3]"), 3), SVAR_ERR_UNSUPPORTED,
       "dtype F6_E2M3, which is not supported"},
      {"NoShape", One(R"({"dtype":"U8","data_offsets":[0,4]})"), SVAR_ERR_SYNTAX, "\"shape\""},
      {"ShapeIsANumber", One(Tensor("U8", "4", "[0,4]")), SVAR_ERR_SYNTAX, "\"shape\""},
      {"NegativeExtent", One(Tensor("U8", "[-4]", "[0,4]")), SVAR_ERR_SYNTAX, "extent at axis 0"},
      {"FractionalExtent", One(Tensor("U8", "[2,2.0]", "[0,4]")), SVAR_ERR_SYNTAX,
       "extent at axis 1"},
      {"BooleanExtent", One(Tensor("U8", "[true]", "[0,1]"), 1), SVAR_ERR_SYNTAX,
       "extent at axis 0"},
      {"ExtentBeyond64Bits", One(Tensor("U8", "[18446744073709551620]", "[0,4]")), SVAR_ERR_SYNTAX,
       "not valid JSON"},
      {"SeventeenDimensions", One(Tensor("U8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,4]", "[0,4]")),
       SVAR_ERR_UNSUPPORTED, "'x' has 17 dimensions; at most 16"},
      {"ProductWrapsTo64Bits", One(Tensor("U8", "[4294967296,4294967296,4]", "[0,0]"), 0),
       SVAR_ERR_CORRUPT, "'x' has 0 bytes"},
      {"ProductTimesItemWraps", One(Tensor("F32", "[4611686018427387905]", "[0,4]")),
       SVAR_ERR_CORRUPT, "'x' has 4 bytes between its data_offsets, which is not what float32"},
      {"TooFewBytes", One(Tensor("F32", "[2]", "[0,4]")), SVAR_ERR_CORRUPT,
       "4 bytes between its data_offsets, which is not what float32 (2) takes"},
      {"TooManyBytes", One(Tensor("U8", "[3]", "[0,4]")), SVAR_ERR_CORRUPT, "4 bytes between"},
  };
}

std::vector<BadFile>
BadOffsets()
{
  return {
      {"NoOffsets", One(R"({"dtype":"U8","shape":[4]})"), SVAR_ERR_SYNTAX, "\"data_offsets\""},
      {"ThreeOffsets", One(Tensor("U8", "[4]", "[0,2,4]")), SVAR_ERR_SYNTAX, "no pair of integers"},
      {"TextOffsets", One(Tensor("U8", "[4]", R"(["0","4"])")), SVAR_ERR_SYNTAX,
       "no pair of integers"},
      {"NegativeOffset", One(Tensor("U8", "[4]", "[-4,0]")), SVAR_ERR_CORRUPT,
       "[-4, 0], which is no range"},
      {"EndBeforeBegin", One(Tensor("U8", "[4]", "[4,0]")), SVAR_ERR_CORRUPT,
       "[4, 0], which is no range"},
      {"EndBeyondTheFile", One(Tensor("U8", "[5]", "[0,5]")), SVAR_ERR_CORRUPT,
       "[0, 5], but only 4 bytes follow the header"},
      {"Overlap", Two("[0,4]", "[3,7]", 7), SVAR_ERR_CORRUPT,
       "tensors 'x' and 'y' overlap at byte 3"},
      {"SameBytes", Two("[0,4]", "[0,4]", 4), SVAR_ERR_CORRUPT, "overlap at byte 0"},
      {"HoleBetween", Two("[0,4]", "[5,9]", 9), SVAR_ERR_CORRUPT,
       "bytes 4 to 5, before tensor 'y', belong to no tensor"},
      {"HoleAtTheStart", Two("[5,9]", "[1,5]", 9), SVAR_ERR_CORRUPT,
       "bytes 0 to 1, before tensor 'y'"},
      {"BytesAtTheEnd", Two("[0,4]", "[4,8]", 9), SVAR_ERR_CORRUPT,
       "bytes 8 to 9, after the last tensor"},
  };
}

class SafetensorsRefuse : public testing::TestWithParam<BadFile>
{
};

TEST_P(SafetensorsRefuse, WithTheRightSentence)
{
  ScratchFolder folder;
  std::string path = folder / "bad.safetensors";
  WriteOldFile(path, GetParam().bytes);
  svar_safetensors_t *file = nullptr;
  EXPECT_EQ(svar_safetensors_open(path.c_str(), &file), GetParam().code);
  EXPECT_EQ(file, nullptr) << "outputs are written only on success";
  std::string sentence = svar_error_message();
  EXPECT_NE(sentence.find(GetParam().sentence), std::string::npos) << sentence;
  EXPECT_NE(sentence.find(path), std::string::npos) << sentence;
}

std::string
NameOf(const testing::TestParamInfo<BadFile> &info)
{
  return info.param.what;
}

INSTANTIATE_TEST_SUITE_P(Container, SafetensorsRefuse, testing::ValuesIn(BadContainers()), NameOf);
INSTANTIATE_TEST_SUITE_P(Name, SafetensorsRefuse, testing::ValuesIn(BadNames()), NameOf);
INSTANTIATE_TEST_SUITE_P(Tensor, SafetensorsRefuse, testing::ValuesIn(BadTensors()), NameOf);
INSTANTIATE_TEST_SUITE_P(Offsets, SafetensorsRefuse, testing::ValuesIn(BadOffsets()), NameOf);

TEST(SafetensorsRead, RefusesEveryBeginningOfASoundFile)
{
  ScratchFolder folder;
  std::string whole = Two("[0,4]", "[4,8]", 8);
  for (size_t length = 0; length < whole.size(); length++) {
    WriteOldFile(folder / "f", whole.substr(0, length));
    svar_safetensors_t *file = nullptr;
    EXPECT_NE(svar_safetensors_open((folder / "f").c_str(), &file), SVAR_OK) << length;
  }
}

TEST(SafetensorsRead, SurvivesEveryFlippedBitOfAHeader)
{
  const std::string header =
      R"({"__metadata__":{"a":"b"},"x":)" + Tensor("U8", "[2,2]", "[0,4]") + "}";
  int accepted = 0;
  for (size_t bit = 0; bit < header.size() * 8; bit++) {
    std::string flipped = header;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    svari_safetensors_header_t parsed = {};
    if (svari_safetensors_header_parse(flipped.data(), flipped.size(), 4, &parsed) == SVAR_OK) {
      accepted++; // a letter of a name or text changed, or the dtype to I8
      ASSERT_LE(parsed.count, 2u);
      svari_safetensors_header_fini(&parsed);
    } else {
      EXPECT_STRNE(svar_error_message(), "");
    }
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, static_cast<int>(header.size()) * 4);
}

// --- things that are no such file, and files that change -------------------------------------------

TEST(SafetensorsRead, NamesAMissingFile)
{
  svar_safetensors_t *file = nullptr;
  EXPECT_EQ(svar_safetensors_open("/nowhere/w.safetensors", &file), SVAR_ERR_NOT_FOUND);
  EXPECT_STREQ(svar_error_message(),
               "cannot open '/nowhere/w.safetensors': No such file or directory; check the path");
  svar_safetensors_stamp_t stamp;
  EXPECT_EQ(svar_safetensors_take_stamp("/nowhere/w.safetensors", &stamp), SVAR_ERR_NOT_FOUND);
}

TEST(SafetensorsRead, RefusesWhatIsNoRegularFileWithoutWaitingForIt)
{
  ScratchFolder folder;
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  for (const std::string &path : {folder.path(), folder / "fifo", std::string("/dev/zero")}) {
    svar_safetensors_t *file = nullptr;
    EXPECT_EQ(svar_safetensors_open(path.c_str(), &file), SVAR_ERR_CORRUPT);
    EXPECT_NE(strstr(svar_error_message(), "is not a regular file"), nullptr)
        << svar_error_message();
  }
}

TEST(SafetensorsRead, NoticesAFileThatIsCutWhileItIsRead)
{
  ScratchFolder folder;
  WriteOldFile(folder / "f", Two("[0,4]", "[4,8]", 8));
  Handle file = Open(folder / "f");
  ASSERT_TRUE(file);
  std::filesystem::resize_file(folder / "f", ReadFile(folder / "f").size() - 2);
  char bytes[4];
  EXPECT_EQ(svar_safetensors_read(file.get(), 0, bytes), SVAR_OK);
  EXPECT_EQ(svar_safetensors_read(file.get(), 1, bytes), SVAR_ERR_CORRUPT);
  EXPECT_NE(strstr(svar_error_message(), "was cut at byte"), nullptr) << svar_error_message();
}

TEST(SafetensorsRead, NoticesAWriteOfOneByteRightAfterItOpenedAFreshFile)
{
  ScratchFolder folder;
  std::string bytes = Two("[0,4]", "[4,8]", 8);
  WriteFile(folder / "f", bytes);
  Handle file = Open(folder / "f");
  ASSERT_TRUE(file);
  EXPECT_EQ(svar_safetensors_check_unchanged(file.get()), SVAR_OK);
  std::fstream(folder / "f", std::ios::in | std::ios::out).seekp(-1, std::ios::end).put('!');
  EXPECT_EQ(svar_safetensors_check_unchanged(file.get()), SVAR_ERR_STATE);
  EXPECT_NE(strstr(svar_error_message(), "was written while it was read"), nullptr);
}

TEST(SafetensorsRead, KeepsReadingTheFileItOpenedWhenAnotherTakesItsName)
{
  ScratchFolder folder;
  WriteOldFile(folder / "f", Two("[0,4]", "[4,8]", 8));
  Handle file = Open(folder / "f");
  ASSERT_TRUE(file);
  svar_safetensors_stamp_t opened = svar_safetensors_opened_stamp(file.get()), now;
  WriteOldFile(folder / "g", "something else");
  std::filesystem::rename(folder / "g", folder / "f");
  char bytes[4] = {};
  EXPECT_EQ(svar_safetensors_read(file.get(), 1, bytes), SVAR_OK);
  EXPECT_EQ(svar_safetensors_check_unchanged(file.get()), SVAR_OK);
  ASSERT_EQ(svar_safetensors_take_stamp((folder / "f").c_str(), &now), SVAR_OK);
  EXPECT_FALSE(svar_safetensors_stamp_equal(&opened, &now));
}

} // namespace
