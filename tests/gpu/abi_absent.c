#include "tests/gpu/abi.h"

const abi_number_t abi_numbers[] = {{"", 0, 0}};
const size_t abi_number_count = 0;
const abi_number_t abi_calls[] = {{"", 0, 0}};
const size_t abi_call_count = 0;
