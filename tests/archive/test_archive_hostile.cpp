// Archives whose metadata lie: refused with a sentence, and nothing is made.
#include "archive/archive_fixture.hpp"
#include "archive/safetensors_text.hpp"

namespace
{

struct Lie {
  const char *manifest; // of a file with the tensors of kTensors
  svar_ret_t code;
  const char *sentence;
};

class ArchiveHostile : public Archive, public testing::WithParamInterface<Lie>
{
};

// "x": float64 of shape (2); "m" and its parts: a matrix of no rows and indptr {0}, all bytes 0.
const char kTensors[] = R"("x":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},)"
                        R"("m":{"dtype":"I64","shape":[4],"data_offsets":[16,48]},)"
                        R"("m.data":{"dtype":"F64","shape":[0],"data_offsets":[48,48]},)"
                        R"("m.indices":{"dtype":"I32","shape":[0],"data_offsets":[48,48]},)"
                        R"("m.indptr":{"dtype":"I32","shape":[1],"data_offsets":[48,52]})";

std::string
Quoted(const std::string &text)
{
  std::string quoted = "\"";
  for (char c : text) {
    quoted += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  }
  return quoted + "\"";
}

std::string
Text(const std::string &manifest)
{
  std::string header =
      R"({"__metadata__":{"shared_variable":)" + Quoted(manifest) + "}," + kTensors + "}";
  return Length(header.size()) + header + std::string(52, '\0');
}

TEST_P(ArchiveHostile, IsRefused)
{
  WriteOldFile(path_, Text(GetParam().manifest));
  svar_archive_variables_t list = {};
  EXPECT_SVAR_FAILS(GetParam().code, GetParam().sentence,
                    svar_archive_load(path_.c_str(), nullptr, nullptr, &list));
  EXPECT_NE(std::string(svar_error_message()).find(path_), std::string::npos)
      << svar_error_message();
  EXPECT_EQ(list.variables, nullptr);
}

#define VARIABLES(list) R"({"format":3,"variables":[)" list "]}"
INSTANTIATE_TEST_SUITE_P(
    Metadata, ArchiveHostile,
    testing::Values(
        Lie{"", SVAR_ERR_SYNTAX, "not valid JSON"}, Lie{"[1", SVAR_ERR_SYNTAX, "not valid JSON"},
        Lie{"[]", SVAR_ERR_SYNTAX, "format"}, Lie{"{}", SVAR_ERR_SYNTAX, "format"},
        Lie{R"({"format":3,"variables":{}})", SVAR_ERR_SYNTAX, "variables"},
        Lie{R"({"format":1,"variables":[]})", SVAR_ERR_UNSUPPORTED, "format 1"},
        Lie{R"({"format":4,"variables":[]})", SVAR_ERR_UNSUPPORTED, "format 4"},
        Lie{VARIABLES("7"), SVAR_ERR_SYNTAX, "tensor"},
        Lie{VARIABLES("{}"), SVAR_ERR_SYNTAX, "tensor"},
        Lie{VARIABLES(R"({"tensor":"no"})"), SVAR_ERR_CORRUPT, "'no', which it has not"},
        Lie{VARIABLES(R"({"tensor":"x","color":1})"), SVAR_ERR_SYNTAX, "unknown member 'color'"},
        Lie{VARIABLES(R"({"tensor":"x","name":1})"), SVAR_ERR_SYNTAX, "name"},
        Lie{VARIABLES(R"({"tensor":"x","kind":"object"})"), SVAR_ERR_SYNTAX, "kind"},
        Lie{VARIABLES(R"({"tensor":"x","kind":"sparse"})"), SVAR_ERR_SYNTAX, "format"},
        Lie{VARIABLES(R"({"tensor":"x","format":"csr"})"), SVAR_ERR_SYNTAX, "format"},
        Lie{VARIABLES(R"({"tensor":"x","kind":"sparse","format":"coo"})"), SVAR_ERR_SYNTAX,
            "format"},
        Lie{VARIABLES(R"({"tensor":"x","kind":"sparse","format":"csr"})"), SVAR_ERR_CORRUPT,
            "'x.data'"},
        Lie{VARIABLES(R"({"tensor":"m","kind":"sparse","format":"bsr"})"), SVAR_ERR_CORRUPT,
            "contradict"},
        Lie{VARIABLES(R"({"tensor":"x","kind":"random"})"), SVAR_ERR_CORRUPT, "random state"},
        Lie{VARIABLES(R"({"tensor":"x","dtype":"float64"})"), SVAR_ERR_SYNTAX, "dtype"},
        Lie{VARIABLES(R"({"tensor":"m","dtype":"complex128"})"), SVAR_ERR_CORRUPT, "complex128"},
        Lie{VARIABLES(R"({"tensor":"m.data","dtype":"complex128"})"), SVAR_ERR_CORRUPT,
            "complex128"},
        Lie{VARIABLES(R"({"tensor":"x","broadcastable":0})"), SVAR_ERR_SYNTAX, "broadcastable"},
        Lie{VARIABLES(R"({"tensor":"x","broadcastable":[-1]})"), SVAR_ERR_SYNTAX, "axes"},
        Lie{VARIABLES(R"({"tensor":"x","broadcastable":[16]})"), SVAR_ERR_SYNTAX, "axes"},
        Lie{VARIABLES(R"({"tensor":"x","broadcastable":[0]})"), SVAR_ERR_CORRUPT, "extent 1"},
        Lie{VARIABLES(R"({"tensor":"x","broadcastable":[1]})"), SVAR_ERR_CORRUPT, "extent 1"},
        Lie{VARIABLES(R"({"tensor":"x","strict":1})"), SVAR_ERR_SYNTAX, "strict"},
        Lie{VARIABLES(R"({"tensor":"x","allow_downcast":null})"), SVAR_ERR_SYNTAX,
            "allow_downcast"},
        Lie{VARIABLES(R"({"tensor":"x","same":"0"})"), SVAR_ERR_SYNTAX, "same"},
        Lie{VARIABLES(R"({"tensor":"x","same":-1})"), SVAR_ERR_SYNTAX, "same"},
        Lie{VARIABLES(R"({"tensor":"x","same":0})"), SVAR_ERR_CORRUPT, "the same as number 0"},
        Lie{VARIABLES(R"({"tensor":"x"},{"tensor":"x","same":9223372036854775807})"),
            SVAR_ERR_CORRUPT, "the same as number 9223372036854775807"},
        Lie{VARIABLES(R"({"tensor":"x"},{"tensor":"m.data","same":0})"), SVAR_ERR_CORRUPT,
            "the same as number 0"},
        Lie{VARIABLES(R"({"tensor":"x","name":"a"},{"tensor":"x","name":"b","same":0})"),
            SVAR_ERR_CORRUPT, "the same as number 0"},
        Lie{VARIABLES(R"({"tensor":"x","name":"a"},{"tensor":"x","same":0})"), SVAR_ERR_CORRUPT,
            "the same as number 0"},
        Lie{VARIABLES(R"({"tensor":"x"},{"tensor":"x","strict":true})"), SVAR_ERR_CORRUPT,
            "in two ways"},
        Lie{VARIABLES(R"({"tensor":"x","allow_downcast":false},{"tensor":"x"})"), SVAR_ERR_CORRUPT,
            "in two ways"},
        Lie{VARIABLES(R"({"tensor":"x"},{"tensor":"x","dtype":"complex128"})"), SVAR_ERR_CORRUPT,
            "in two ways"},
        Lie{VARIABLES(R"({"tensor":"x"},{"tensor":"x","gpu":0})"), SVAR_ERR_CORRUPT, "in two ways"},
        Lie{VARIABLES(R"({"tensor":"x","gpu":"0"})"), SVAR_ERR_SYNTAX, "gpu"},
        Lie{VARIABLES(R"({"tensor":"x","gpu":-1})"), SVAR_ERR_SYNTAX, "gpu"},
        Lie{VARIABLES(R"({"tensor":"x","gpu":2147483648})"), SVAR_ERR_SYNTAX, "gpu"},
        Lie{VARIABLES(R"({"tensor":"m","kind":"sparse","format":"csr","gpu":0})"), SVAR_ERR_SYNTAX,
            "kind"}));

TEST_F(Archive, TensorsThatTheMetadataDoNotNameAreVariablesToo)
{
  WriteOldFile(path_, Text(VARIABLES(R"({"tensor":"m","kind":"sparse","format":"csr"})")));
  Loaded loaded(path_);
  ASSERT_EQ(loaded.count(), 2u);
  EXPECT_EQ(svar_variable_type(loaded[0]).kind, SVAR_KIND_SPARSE);
  EXPECT_STREQ(svar_variable_name(loaded[1]), "x");
}

} // namespace
