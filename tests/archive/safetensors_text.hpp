// .safetensors files put together by hand, right or wrong.
#pragma once

#include <cstdint>
#include <string>

// 8 bytes, little-endian: the length of the header.
inline std::string
Length(uint64_t bytes)
{
  std::string text;
  for (int i = 0; i < 8; i++) {
    text += static_cast<char>(bytes >> (8 * i));
  }
  return text;
}

inline std::string
File(const std::string &header, size_t data_bytes)
{
  return Length(header.size()) + header + std::string(data_bytes, '\1');
}

inline std::string
Tensor(const std::string &dtype, const std::string &shape, const std::string &offsets)
{
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}
